"""The thread that serves the mailbox: real sockets of this machine, nothing left open behind it."""

import contextlib
import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from ledger_reader.errors import Retry, Stop
from oracle import gossip, guard
from oracle.epoch import Deployment
from oracle.keys import NodeKeys
from oracle.mailbox import Mailbox, Server
from tests.e2e.conftest import free_port

HOME = Deployment(31337, b"\1" * 20)
KEYS, STRANGER = NodeKeys(b"\5" * 32), NodeKeys(b"\6" * 32)


def gossip_threads() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == "gossip"]


def health() -> Starlette:
    return Starlette(routes=[Route("/health", lambda _: JSONResponse({"phase": "waiting"}))])


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


# ------------------------------------------------------------------------------ strangers at the port


def served(mailbox: Mailbox, port: int) -> Server:
    return Server(gossip.inbox_app(mailbox.accept), "127.0.0.1", port)


def ended(connection: socket.socket) -> bool:
    """Whether the other end hangs up within ten seconds."""
    connection.settimeout(10)
    with contextlib.suppress(ConnectionResetError):
        while connection.recv(4096):
            pass
    return True


def test_server__headers_that_never_end__are_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "HEADER_SECONDS", 0.3)
    port = free_port()
    with served(Mailbox(HOME), port), socket.create_connection(("127.0.0.1", port)) as slow:
        slow.sendall(b"POST /inbox HTTP/1.1\r\nhost: x\r\n")
        assert ended(slow)


def test_server__a_connection_that_says_nothing__is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "HEADER_SECONDS", 0.3)
    port = free_port()
    with served(Mailbox(HOME), port), socket.create_connection(("127.0.0.1", port)) as silent:
        assert ended(silent)


def test_server__second_request_that_trickles__is_cut_off_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(guard, "LIFE_SECONDS", 0.8)
    port = free_port()
    with Server(health(), "127.0.0.1", port), socket.create_connection(("127.0.0.1", port)) as slow:
        slow.sendall(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n")
        assert slow.recv(4096).startswith(b"HTTP/1.1 200")
        slow.sendall(b"GET /health HTTP/1.1\r\nx: ")
        assert ended(slow)


def test_server__headers_too_large__are_refused() -> None:
    port = free_port()
    with served(Mailbox(HOME), port), socket.create_connection(("127.0.0.1", port)) as stranger:
        stranger.settimeout(10)
        stranger.sendall(b"GET / HTTP/1.1\r\nhost: x\r\nlong: " + b"x" * (2 * guard.MAX_HEADER_BYTES))
        assert stranger.recv(4096).startswith(b"HTTP/1.1 400")


def test_server__a_stranger_that_holds_all_it_can__leaves_room_and_gets_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(guard, "MAX_CONNECTIONS_OF_ONE", 5)
    port = free_port()
    with contextlib.ExitStack() as stack:
        stack.enter_context(served(Mailbox(HOME), port))
        held = [stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(5)]
        with socket.create_connection(("127.0.0.1", port)) as sixth:
            assert ended(sixth)
        held[0].close()
        envelope = gossip.seal(STRANGER, gossip.ATTESTATION, HOME, 3, b"body")
        with pytest.raises(Retry, match="answered 400"):
            until_taken(f"http://127.0.0.1:{port}", envelope)


def until_taken(url: str, envelope: gossip.Envelope) -> None:
    """Sends until the server has noticed that a connection was closed."""
    for _ in range(50):
        try:
            gossip.send(url, envelope, 5.0)
        except Retry as reason:
            if "answered" in str(reason):
                raise
            time.sleep(0.05)


def junk() -> list[bytes]:
    """Messages of every wrong sort: one of each."""
    good = gossip.seal(KEYS, gossip.ATTESTATION, HOME, 3, b"body")
    plain = json.loads(gossip.encode(good))
    return [
        b"",
        b"\xff" * 1000,
        b"[" * 60_000,
        b'{"a":' * 12_000,
        b"9" * 60_000,
        '{"sender":"\u202e\U0001f4a9\\ud800"}'.encode(),
        json.dumps({**plain, "kind": "ａｔｔｅｓｔａｔｉｏｎ"}).encode(),
        json.dumps({**plain, "sender": "0x" + "٣" * 64}).encode(),
        json.dumps({**plain, "body": "é"}).encode(),
        gossip.encode(gossip.seal(STRANGER, gossip.ATTESTATION, HOME, 3, b"body")),
        gossip.encode(gossip.seal(KEYS, gossip.ATTESTATION, replace(HOME, chain_id=1), 3, b"body")),
        gossip.encode(gossip.seal(KEYS, gossip.ATTESTATION, HOME, 2, b"body")),
        gossip.encode(gossip.seal(KEYS, gossip.ATTESTATION, HOME, 2**62, b"body")),
        gossip.encode(replace(good, body=b"other")),
    ]


def test_server__a_flood_of_junk__changes_nothing_and_a_member_is_heard_beside_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(guard, "BURST", 10_000.0)
    mailbox, port = Mailbox(HOME), free_port()
    mailbox.open_for(3, (KEYS.identity_key,))
    good = gossip.seal(KEYS, gossip.ATTESTATION, HOME, 3, b"body")
    url = f"http://127.0.0.1:{port}"

    def flood(message: bytes) -> set[int]:
        with httpx2.Client(trust_env=False, timeout=10) as client:
            return {client.post(f"{url}/inbox", content=message).status_code for _ in range(20)}

    with served(mailbox, port), ThreadPoolExecutor(8) as pool:
        answers = pool.map(flood, junk())
        for _ in range(5):
            gossip.send(url, good, 5.0)
        assert set().union(*answers) == {400}
    assert mailbox.take(3) == [good]
    assert mailbox.take(2) == mailbox.take(2**62) == []


def test_server__one_address_asks_too_often__is_told_so_before_it_is_heard() -> None:
    heard: list[bytes] = []
    port = free_port()
    app = guard.Guard(gossip.inbox_app(heard.append), guard.Allowance(0.0, 3))
    with Server(app, "127.0.0.1", port), httpx2.Client(trust_env=False, timeout=5) as client:
        answers = [
            client.post(f"http://127.0.0.1:{port}/inbox", content=b"junk").status_code for _ in range(6)
        ]
    assert answers == [202] * 3 + [429] * 3
    assert len(heard) == 3


def test_send__a_peer_whose_headers_trickle__holds_nobody_up() -> None:
    ended, listening = threading.Event(), socket.create_server(("127.0.0.1", 0))

    def trickle() -> None:
        with listening, contextlib.suppress(OSError):
            connection, _ = listening.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 202 Accepted\r\nx: ")
                while not ended.wait(0.1):
                    connection.sendall(b"x")

    thread = threading.Thread(target=trickle, daemon=True)
    thread.start()
    envelope = gossip.seal(KEYS, gossip.ATTESTATION, HOME, 3, b"body")
    with pytest.raises(Retry, match=r"did not answer within 0\.5 s"):
        gossip.send(f"http://127.0.0.1:{listening.getsockname()[1]}", envelope, 0.5)
    ended.set()
    thread.join(timeout=10)
