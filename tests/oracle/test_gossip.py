import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger_reader.errors import Retry, Stop
from oracle import gossip, report
from oracle.committee import Attestation
from oracle.epoch import Deployment
from oracle.gossip import Envelope
from oracle.keys import NodeKeys

GOLDEN = Path(__file__).parents[1] / "golden" / "commitment.json"
HOME = Deployment(31337, b"\1" * 20)
KEYS, OTHER = NodeKeys(b"\5" * 32), NodeKeys(b"\6" * 32)
KNOWN = (KEYS.identity_key, OTHER.identity_key)


def sealed(body: bytes = b"body") -> Envelope:
    return gossip.seal(KEYS, gossip.ATTESTATION, HOME, 3, body)


def golden_attestation() -> Attestation:
    found = json.loads(GOLDEN.read_text())
    raw = [bytes.fromhex(found["signatures"][name][0][2:]) for name in ("r", "vs", "identity")]
    fields = {name: found["report"][name] for name, _ in report.TYPE}
    return Attestation(report.from_json(fields), raw[0] + raw[1], raw[2])


def changed(name: str, value: object) -> bytes:
    return json.dumps({**json.loads(gossip.encode(sealed())), name: value}).encode()


# ----------------------------------------------------------------------------------- envelopes


def test_decode__message_too_large__stops_before_parsing() -> None:
    with pytest.raises(Stop, match="more than 65536 bytes"):
        gossip.decode(b"{" * (gossip.MAX_BYTES + 1))


def test_encode__body_too_large__is_refused() -> None:
    with pytest.raises(ValueError, match="65536 are the most"):
        gossip.encode(sealed(bytes(gossip.MAX_BYTES)))


@pytest.mark.parametrize(
    "message", [b"", b"{}", b"[]", b"null", b"\xff\xfe", b"[" * 60_000, b'{"sender":', b"1" * 9_000]
)
def test_decode__message_of_another_form__stops(message: bytes) -> None:
    with pytest.raises(Stop, match=r"envelope|not an integer"):
        gossip.decode(message)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sender", "0x00"),
        ("sender", 5),
        ("kind", ""),
        ("kind", "k" * 33),
        ("kind", "é"),
        ("chainId", 0),
        ("chainId", 2**63),
        ("chainId", 1.0),
        ("contract", "0x" + "AB" * 20),
        ("epoch", -1),
        ("epoch", 2**63),
        ("epoch", "3"),
        ("body", "not base64!"),
        ("body", "Ym9keQ"),
        ("body", "Ym9k!eQ=="),
        ("signature", "0x" + "00" * 65),
        ("more", 1),
    ],
)
def test_decode__a_field_of_another_form__stops(name: str, value: object) -> None:
    with pytest.raises(Stop):
        gossip.decode(changed(name, value))


def test_decode__a_field_twice__stops() -> None:
    message = gossip.encode(sealed())
    with pytest.raises(Stop, match="twice"):
        gossip.decode(message[:-1] + b',"epoch":3}')


def test_open_message__unknown_sender__stops() -> None:
    with pytest.raises(Stop, match="is not known here"):
        gossip.open_message(gossip.encode(sealed()), (OTHER.identity_key,), HOME)


def test_open_message__for_another_deployment__stops() -> None:
    elsewhere = replace(HOME, chain_id=1)
    with pytest.raises(Stop, match="is for 0x0101010101010101010101010101010101010101 on chain 31337"):
        gossip.open_message(gossip.encode(sealed()), KNOWN, elsewhere)


@pytest.mark.parametrize(
    "changes",
    [
        {"sender": OTHER.identity_key},
        {"kind": "secret"},
        {"epoch": 4},
        {"body": b"bodz"},
        {"body": b""},
        {"signature": bytes(64)},
        {"signature": KEYS.sign(b"body")},
    ],
)
def test_open_message__anything_altered__stops(changes: dict[str, Any]) -> None:
    message = gossip.encode(replace(sealed(b"body"), **changes))
    with pytest.raises(Stop, match=r"not that of its sender|body must be"):
        gossip.open_message(message, KNOWN, HOME)


def test_open_message__signed_for_one_deployment_and_relabelled__stops() -> None:
    elsewhere = replace(HOME, chain_id=1)
    message = gossip.encode(replace(sealed(), deployment=elsewhere))
    with pytest.raises(Stop, match="not that of its sender"):
        gossip.open_message(message, KNOWN, elsewhere)


@given(
    st.text("abcdefghij", min_size=1, max_size=32),
    st.binary(min_size=1, max_size=200),
    st.integers(0, 2**63 - 1),
)
def test_message__sealed_and_sent__opens_the_same_however_often(kind: str, body: bytes, epoch: int) -> None:
    envelope = gossip.seal(KEYS, kind, HOME, epoch, body)
    for _ in range(2):
        assert gossip.open_message(gossip.encode(envelope), KNOWN, HOME) == envelope


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_decode__any_bytes__stops_and_never_crashes(message: bytes) -> None:
    with pytest.raises(Stop):
        gossip.decode(message)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=70),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=6,
    ),
    st.sampled_from(["report", "signature", "identitySignature"]),
)
def test_attestation_from_body__any_value_in_any_field__stops_and_never_crashes(
    value: Any, name: str
) -> None:
    plain = json.loads(gossip.attestation_body(golden_attestation()))
    with pytest.raises(Stop):
        gossip.attestation_from_body(json.dumps({**plain, name: value}).encode())


def test_attestation__through_its_body__comes_back_equal() -> None:
    body = gossip.attestation_body(golden_attestation())
    assert gossip.attestation_from_body(body) == golden_attestation()
    assert len(gossip.encode(sealed(body))) < 4096


# ------------------------------------------------------------------------------------- the inbox


def post(
    accept: Callable[[bytes], None], content: bytes | AsyncIterator[bytes], path: str = gossip.INBOX
) -> httpx2.Response:
    async def exchange() -> httpx2.Response:
        transport = httpx2.ASGITransport(app=gossip.inbox_app(accept))
        async with httpx2.AsyncClient(transport=transport, base_url="http://node") as client:
            return await client.post(path, content=content)

    return asyncio.run(exchange())


def never(message: bytes) -> None:
    raise AssertionError(message)


async def stream(parts: int) -> AsyncIterator[bytes]:
    for _ in range(parts):
        yield bytes(1024)


def test_inbox__message_too_large__is_refused_unread() -> None:
    assert post(never, bytes(gossip.MAX_BYTES + 1)).status_code == 413


def test_inbox__endless_message_without_a_length__is_refused_at_the_limit() -> None:
    assert post(never, stream(10_000)).status_code == 413


def test_inbox__message_that_never_ends__is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gossip, "READ_SECONDS", 0.01)
    app = gossip.inbox_app(never)
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if not sent:
            await asyncio.sleep(60)
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": gossip.INBOX, "headers": [], "query_string": b""}
    asyncio.run(app(scope, receive, send))
    assert sent[0]["status"] == 408


def test_inbox__sender_that_hangs_up__is_given_up() -> None:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": gossip.INBOX, "headers": [], "query_string": b""}
    asyncio.run(gossip.inbox_app(never)(scope, receive, send))
    assert sent[0]["status"] == 408


def test_inbox__unknown_sender__is_refused_with_the_sentence() -> None:
    def accept(message: bytes) -> None:
        gossip.open_message(message, (OTHER.identity_key,), HOME)

    answer = post(accept, gossip.encode(sealed()))
    assert answer.status_code == 400
    assert "is not known here" in answer.text


def test_inbox__node_that_cannot_take_it_now__answers_503() -> None:
    def accept(message: bytes) -> None:
        raise Retry("not now")

    answer = post(accept, gossip.encode(sealed()))
    assert (answer.status_code, answer.text) == (503, "not now")


@pytest.mark.parametrize("path", ["/", "/docs", "/openapi.json"])
def test_inbox__any_other_path__is_not_there(path: str) -> None:
    assert post(never, b"", path).status_code == 404


def test_inbox__same_message_three_times__is_handed_over_whole_each_time() -> None:
    taken: list[bytes] = []
    message = gossip.encode(sealed())
    assert [post(taken.append, message).status_code for _ in range(3)] == [202, 202, 202]
    assert taken == [message] * 3


# --------------------------------------------------------------------------------------- sending


def answering(monkeypatch: pytest.MonkeyPatch, answer: Callable[[httpx2.Request], httpx2.Response]) -> None:
    """Lets httpx2 speak to `answer` in place of a socket."""

    async def handle(_: object, request: httpx2.Request) -> httpx2.Response:
        await request.aread()
        return answer(request)

    monkeypatch.setattr(httpx2.AsyncHTTPTransport, "handle_async_request", handle)


@pytest.mark.parametrize("status", [200, 302, 400, 413, 500, 503])
def test_send__peer_does_not_take_it__asks_to_try_again(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    answer = httpx2.ByteStream(b"no\n" + b"x" * 9_000)
    answering(monkeypatch, lambda _: httpx2.Response(status, stream=answer))
    with pytest.raises(Retry, match=rf"http://peer answered {status}: b'no\\n") as caught:
        gossip.send("http://peer", sealed(), 1.0)
    assert len(str(caught.value)) < 300


def test_send__peer_out_of_reach__asks_to_try_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused")

    answering(monkeypatch, refuse)
    with pytest.raises(Retry, match=r"http://peer cannot be reached \(refused\)"):
        gossip.send("http://peer", sealed(), 1.0)


@pytest.mark.parametrize("url", ["peer", "ftp://peer", ""])
def test_send__address_that_is_none__asks_to_try_again(url: str) -> None:
    with pytest.raises(Retry, match="cannot be reached"):
        gossip.send(url, sealed(), 1.0)


def test_send__peer_takes_it__posts_the_message(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, bytes]] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append((str(request.url), request.read()))
        return httpx2.Response(202, stream=httpx2.ByteStream(b""))

    answering(monkeypatch, answer)
    gossip.send("http://peer:1/", sealed(), 1.0)
    assert seen == [("http://peer:1/inbox", gossip.encode(sealed()))]


@pytest.mark.parametrize("status", [202, 400, 404, 429, 503])
def test_ask__peer_does_not_answer__asks_to_try_again_with_a_line_of_why(
    monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    body = httpx2.ByteStream(b"no\n" + b"x" * 9_000)
    answering(monkeypatch, lambda _: httpx2.Response(status, stream=body))
    with pytest.raises(Retry, match=rf"http://peer answered {status}: b'no\\n") as caught:
        gossip.ask("http://peer", sealed(), 1.0)
    assert len(str(caught.value)) < 300


class Parts(httpx2.AsyncByteStream):
    """A body of many parts with a pause before each; `given` of them were read."""

    def __init__(self, size: int, count: int, pause: float = 0.0) -> None:
        self.size, self.count, self.pause, self.given = size, count, pause, 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(self.count):
            await asyncio.sleep(self.pause)
            self.given += 1
            yield bytes(self.size)


@pytest.mark.parametrize("post", [gossip.ask, gossip.send])
def test_exchange__an_endless_answer__is_given_up_at_the_limit(
    monkeypatch: pytest.MonkeyPatch, post: Callable[[str, Envelope, float], object]
) -> None:
    body = Parts(4096, 1_000)
    answering(monkeypatch, lambda _: httpx2.Response(200, stream=body))
    with pytest.raises(Retry, match=r"answered (more than|200)"):
        post("http://peer", sealed(), 5.0)
    assert body.given * body.size <= gossip.MAX_BYTES + 2 * body.size


@pytest.mark.parametrize("post", [gossip.ask, gossip.send])
def test_exchange__an_answer_that_trickles__is_given_up_in_time(
    monkeypatch: pytest.MonkeyPatch, post: Callable[[str, Envelope, float], object]
) -> None:
    answering(monkeypatch, lambda _: httpx2.Response(200, stream=Parts(1, 40, 0.02)))
    with pytest.raises(Retry, match=r"did not answer within 0\.2 s"):
        post("http://peer", sealed(), 0.2)


def test_ask__out_of_reach__asks_to_try_again() -> None:
    with pytest.raises(Retry, match="cannot be reached"):
        gossip.ask("nowhere", sealed(), 1.0)


def test_questions__answered__comes_back_whole_and_a_refusal_as_its_sentence() -> None:
    async def exchange(content: bytes, answer: Callable[[bytes], bytes] | None) -> httpx2.Response:
        transport = httpx2.ASGITransport(app=gossip.inbox_app(never, answer))
        async with httpx2.AsyncClient(transport=transport, base_url="http://node") as client:
            return await client.post(gossip.QUESTIONS, content=content)

    def refuse(_: bytes) -> bytes:
        raise Stop("not to you")

    answered = asyncio.run(exchange(b"what", lambda message: message + b" indeed"))
    assert (answered.status_code, answered.content) == (200, b"what indeed")
    refused = asyncio.run(exchange(b"what", refuse))
    assert (refused.status_code, refused.text) == (400, "not to you")
    assert asyncio.run(exchange(bytes(gossip.MAX_BYTES + 1), never_answered)).status_code == 413
    assert asyncio.run(exchange(b"what", None)).status_code == 404


def never_answered(message: bytes) -> bytes:
    raise AssertionError(message)


def test_import__of_gossip__loads_no_training_code() -> None:
    script = "import sys, oracle.gossip; print(*sys.modules)"
    root = Path(__file__).parents[2]
    loaded = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=root
    )
    modules = set(loaded.stdout.split())
    training = {"sklearn", "pandas", "interpret", "joblib", "matplotlib", "models.training"}
    assert "oracle.gossip" in modules
    assert not training & modules
