"""The service on real sockets: what strangers may take of it, accounts that are contracts, and the chain.

One server a test, in a thread; nothing here is faked but the borrowers' epoch, which the library wrote.
"""

import contextlib
import json
import random
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from starlette.datastructures import Headers

from ledger_reader.errors import Retry
from ledger_reader.rpc import Rpc
from oracle.api import edge, serve
from oracle.api.chain import Chain
from oracle.api.operator import Operator
from oracle.api.service import Service, open_service
from oracle.api.sessions import STATEMENT
from oracle.api.sight import Fate, Sight
from oracle.devchain.anvil import Anvil
from oracle.devchain.deploy import deploy
from oracle.devchain.stage import own
from oracle.epoch import Deployment
from oracle.mailbox import listen
from oracle.report import Mark
from tests.e2e.conftest import anvil_binary, running_anvil
from tests.e2e.test_proofs import COMMITTEE, MODEL, World, random_tree
from tests.oracle.api.conftest import OPEN
from tests.oracle.conftest import CHAIN, CONTRACT, Kept, kept

__all__ = ["kept"]

ACCOUNT = bytes.fromhex("1271" * 10)
APPROVES_AA = "60643560f81c60aa14601057600080fd5b631626ba7e60e01b60005260206000f3"
"""A contract account: ERC-1271's magic value for signatures that begin with 0xaa, else it reverts."""


@pytest.fixture(scope="module")
def chain() -> Iterator[str]:
    """A chain with the contract account on it."""
    with running_anvil() as url:
        with Rpc(url) as rpc:
            rpc.call("anvil_setCode", ["0x" + ACCOUNT.hex(), "0x" + APPROVES_AA])
        yield url


@dataclass(frozen=True)
class Served:
    """A running service and where it is."""

    service: Service
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)


@contextlib.contextmanager
def looked_at(url: str) -> Iterator[Chain]:
    with Rpc(url, timeout_s=5.0) as rpc, Chain(rpc, Deployment(CHAIN, CONTRACT)) as found:
        yield found


@contextlib.contextmanager
def served(kept: Kept, operator: Operator = OPEN, rpc: str | None = None) -> Iterator[Served]:
    with contextlib.ExitStack() as stack:
        chain = stack.enter_context(looked_at(rpc)) if rpc else None
        listening = stack.enter_context(listen("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        service = open_service(stack, kept.settings, operator, f"127.0.0.1:{port}", chain=chain)
        server = serve.server_of(service)
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            yield Served(service, port)
        finally:
            server.should_exit = server.force_exit = True
            thread.join(10)


def rest(connection: socket.socket) -> bytes:
    """Everything until the other side closes."""
    found = b""
    with contextlib.suppress(ConnectionResetError):
        while part := connection.recv(65_536):
            found += part
    return found


# ------------------------------------------------------------------------------------------ strangers


def test_connection__whose_headers_trickle__is_cut_off(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "HEADER_SECONDS", 0.3)
    with served(kept) as found, found.connect() as slow:
        begun = time.monotonic()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for letter in b"GET /v1/health HTTP/1.1\r\nx: " + b"y" * 1_000:
                slow.send(bytes([letter]))
                time.sleep(0.01)
        assert rest(slow) == b""
        assert time.monotonic() - begun < 5


def test_connection__that_says_nothing__is_cut_off(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "HEADER_SECONDS", 0.3)
    with served(kept) as found, found.connect() as silent:
        assert rest(silent) == b""


def test_connection__kept_open_with_a_second_request_that_trickles__is_cut_off(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "HEADER_SECONDS", 0.5)
    with served(kept) as found, found.connect() as slow:
        slow.send(b"GET /v1/operator HTTP/1.1\r\nhost: x\r\n\r\n")
        assert slow.recv(65_536).startswith(b"HTTP/1.1 200")
        time.sleep(0.7)  # idle in between is allowed
        slow.send(b"GET /v1/operator HTTP/1.1\r\n")
        assert rest(slow) == b""


def test_connection__with_headers_that_never_end__is_cut_off(kept: Kept) -> None:
    with served(kept) as found, found.connect() as flood:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            flood.send(b"GET /v1/health HTTP/1.1\r\n")
            for number in range(3_000):
                flood.send(f"x{number}: {'y' * 100}\r\n".encode())
        assert b"200 OK" not in rest(flood)


def test_connections__more_than_one_may_have__are_cut_off(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "MAX_CONNECTIONS_OF_ONE", 3)
    with served(kept) as found, contextlib.ExitStack() as stack:
        several = [stack.enter_context(found.connect()) for _ in range(3)]
        several[-1].send(b"GET /v1/health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        assert b"200 OK" in rest(several[-1])
        stack.enter_context(found.connect())
        assert rest(stack.enter_context(found.connect())) == b""


def test_body__of_ten_megabytes__is_refused_and_not_read(kept: Kept) -> None:
    with served(kept) as found, found.connect() as big:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            big.send(b"POST /v1/sessions HTTP/1.1\r\nhost: x\r\ncontent-length: 10000000\r\n\r\n")
            big.sendall(bytes(10_000_000))
        answer = httpx2.post(f"{found.url}/v1/sessions", content=bytes(100_000), trust_env=False)
        assert answer.status_code == 413
        assert httpx2.get(f"{found.url}/v1/health", trust_env=False).status_code == 200


def test_body__that_trickles__is_given_up(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge, "BODY_SECONDS", 0.3)
    with served(kept) as found, found.connect() as slow:
        head = b"POST /v1/sessions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        slow.send(head + b"content-length: 5000\r\n\r\n{")
        answer = rest(slow)
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"application/problem+json" in answer


@pytest.mark.parametrize(
    "request_",
    [
        b"\x00\x01\x02\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /v1/health HTTP/1.1\r\nhost: x\r\nhost\r\n\r\n",
    ],
)
def test_connection__that_speaks_no_http__is_refused(kept: Kept, request_: bytes) -> None:
    with served(kept) as found, found.connect() as odd:
        odd.send(request_)
        odd.shutdown(socket.SHUT_WR)
        head, body = rest(odd).split(b"\r\n\r\n")
    told = Headers(raw=[tuple(line.lower().split(b": ", 1)) for line in head.split(b"\r\n")[1:]])  # type: ignore[misc]
    assert head.startswith(b"HTTP/1.1 400 ")
    assert (told["content-type"], told["content-length"]) == ("application/problem+json", str(len(body)))
    assert (told["x-content-type-options"], len(told["x-request-id"])) == ("nosniff", 16)
    assert json.loads(body)["code"] == "no-request"


def test_proxy__not_the_operators_own__cannot_choose_its_address(kept: Kept) -> None:
    with served(kept, Operator(requests_a_second=0.001, burst=2)) as found:
        told = [
            httpx2.get(f"{found.url}/v1/health", headers={"x-forwarded-for": f"10.0.0.{n}"}, trust_env=False)
            for n in range(3)
        ]
    assert [each.status_code for each in told] == [200, 200, 429]


def test_proxy__the_operators_own__speaks_for_others(kept: Kept) -> None:
    operator = Operator(requests_a_second=0.001, burst=1, proxies=("127.0.0.1",))
    with served(kept, operator) as found:
        told = [
            httpx2.get(f"{found.url}/v1/health", headers={"x-forwarded-for": f"10.0.0.{n}"}, trust_env=False)
            for n in (1, 2, 2)
        ]
    assert [each.status_code for each in told] == [200, 200, 429]


def test_service__of_real_sockets__tells_borrowers_their_scores(kept: Kept) -> None:
    with served(kept) as found:
        assert own(found.url, "Mei", "/v1/me/score", CHAIN).json()["score"] == 740


# --------------------------------------------------------------------------- accounts that are contracts


def sign_in(found: Served, signature: str) -> Any:
    with httpx2.Client(base_url=found.url, trust_env=False) as client:
        offer, now = client.post("/v1/nonces").json(), datetime.now(UTC)
        text = (
            f"{offer['domain']} wants you to sign in with your Ethereum account:\n0x{ACCOUNT.hex()}\n\n"
            f"{STATEMENT}\n\nURI: {found.url}\nVersion: 1\nChain ID: {CHAIN}\nNonce: {offer['nonce']}\n"
            f"Issued At: {now:%Y-%m-%dT%H:%M:%SZ}\n"
            f"Expiration Time: {now + timedelta(minutes=5):%Y-%m-%dT%H:%M:%SZ}"
        )
        return client.post("/v1/sessions", json={"message": text, "signature": signature})


def test_sign_in__of_a_contract__is_what_the_contract_says(kept: Kept, chain: str) -> None:
    with served(kept, rpc=chain) as found:
        approved, refused = sign_in(found, "0xaa" + "01" * 200), sign_in(found, "0xab" + "01" * 200)
    assert approved.json()["account"] == "0x" + ACCOUNT.hex()
    assert refused.status_code == 401


def test_sign_in__of_a_contract_without_a_chain__is_refused(kept: Kept) -> None:
    with served(kept) as found:
        assert sign_in(found, "0xaa" + "01" * 200).status_code == 401


def test_approves__by_nobody_where_there_is_no_contract__is_no(chain: str) -> None:
    with looked_at(chain) as found:
        assert not found.approves(b"\x01" * 20, bytes(32), b"\xaa" * 65)
        assert found.approves(ACCOUNT, bytes(32), b"\xaa" * 65)


def test_approves__chain_away__is_tried_again_later() -> None:
    with looked_at("http://127.0.0.1:9") as found, pytest.raises(Retry):
        found.approves(ACCOUNT, bytes(32), b"\xaa" * 65)


# ------------------------------------------------------------------------------------------ the chain's word


def test_chain__of_a_published_epoch__says_from_when_it_counts_and_who_signs() -> None:
    anvil_binary()
    with Anvil() as anvil:
        world = World(anvil, deploy(anvil, COMMITTEE, MODEL))
        world.publish(1, random_tree(random.Random(1), 1, 3))
        where = Deployment(world.deployment.chain_id, world.deployment.oracle)
        with Chain(anvil.rpc, where) as found:
            told = until_known(found, 1)
            begins = world.oracle.read("rootOf", 1)[0][2]
            assert told.fates[1] == Fate(Mark.STANDING, begins, COMMITTEE)
            assert told.current == world.oracle.read("currentEpoch")[0]
            later = told.at + 1 + max(0, begins - told.block_time)
            assert (told.read_epoch(later), told.standing(1, later)) == (1, "read")
            assert told.limits == world.oracle.limits()
            unpublished = until_known(found, 2)
            assert unpublished.fates == {**told.fates, 2: Fate(None, None, COMMITTEE)}
            assert unpublished.standing(2, unpublished.at) == "unpublished"


def until_known(chain: Chain, epoch: int) -> Sight:
    """What is seen of an epoch, once the chain was looked at."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        told = chain.sight(epoch)
        if told is not None and epoch in told.fates:
            return told
        time.sleep(0.02)
    raise AssertionError("the chain was not looked at")
