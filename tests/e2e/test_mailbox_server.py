"""The thread that serves the mailbox: real sockets of this machine, nothing left open behind it."""

import socket
import threading

import httpx2
import pytest
from fastapi import FastAPI

from ledger_reader.errors import Retry, Stop
from oracle import gossip
from oracle.epoch import Deployment
from oracle.keys import NodeKeys
from oracle.mailbox import Mailbox, Server
from tests.e2e.conftest import free_port

HOME = Deployment(31337, b"\1" * 20)
KEYS, STRANGER = NodeKeys(b"\5" * 32), NodeKeys(b"\6" * 32)


def gossip_threads() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == "gossip"]


def health() -> FastAPI:
    app = FastAPI(openapi_url=None)
    app.get("/health")(lambda: {"phase": "waiting"})
    return app


def get(port: int, path: str) -> httpx2.Response:
    with httpx2.Client(trust_env=False, timeout=5) as client:
        return client.get(f"http://127.0.0.1:{port}{path}")


def test_server__port_in_use__is_one_sentence_and_leaves_no_thread() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        server = Server(health(), "127.0.0.1", port)
        with pytest.raises(
            Stop, match=rf"127\.0\.0\.1:{port} cannot be listened on.*in use.*choose another address"
        ):
            server.__enter__()
    assert not gossip_threads()


def test_server__address_of_another_machine__says_why() -> None:
    server = Server(health(), "192.0.2.1", 9_101)
    with pytest.raises(Stop, match=r"192\.0\.2\.1:9101 cannot be listened on .*assign requested address"):
        server.__enter__()
    assert not gossip_threads()


def test_server__left_by_an_error__is_shut_all_the_same() -> None:
    port = free_port()
    with pytest.raises(KeyError), Server(health(), "127.0.0.1", port):
        raise KeyError("a bug elsewhere")
    assert not gossip_threads()
    with pytest.raises(httpx2.ConnectError):
        get(port, "/health")


def test_server__unknown_sender_over_http__is_refused_and_nothing_kept() -> None:
    mailbox, port = Mailbox(HOME), free_port()
    mailbox.open_for(3, (KEYS.identity_key,))
    envelope = gossip.seal(STRANGER, gossip.ATTESTATION, HOME, 3, b"body")
    with (
        Server(gossip.inbox_app(mailbox.accept), "127.0.0.1", port),
        pytest.raises(Retry, match=r"answered 400: b'the sender .* is not known here"),
    ):
        gossip.send(f"http://127.0.0.1:{port}", envelope, 5.0)
    assert mailbox.take(3) == []


def test_server__message_of_a_member_over_http__is_in_the_box() -> None:
    mailbox, port = Mailbox(HOME), free_port()
    mailbox.open_for(3, (KEYS.identity_key,))
    envelope = gossip.seal(KEYS, gossip.ATTESTATION, HOME, 3, b"body")
    with Server(gossip.inbox_app(mailbox.accept), "127.0.0.1", port):
        for _ in range(3):
            gossip.send(f"http://127.0.0.1:{port}", envelope, 5.0)
    assert mailbox.take(3) == [envelope]


def test_server__left_and_opened_again__takes_the_same_port() -> None:
    port = free_port()
    for _ in range(2):
        with Server(health(), "127.0.0.1", port):
            assert get(port, "/health").json() == {"phase": "waiting"}
        assert not gossip_threads()


def test_server__on_an_ipv6_address__serves() -> None:
    with Server(health(), "::1", 0):
        assert len(gossip_threads()) == 1
    assert not gossip_threads()
