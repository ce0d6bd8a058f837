"""JSON-RPC against real servers on this machine that fail, lie, stall and refuse."""

import gzip
import json
import re
import subprocess
import sys
import threading
import tracemalloc
import zlib
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ledger_reader.endpoint import Endpoint, Unusable
from ledger_reader.errors import Retry, Stop
from ledger_reader.pace import Patience
from ledger_reader.rpc import MAX_LAG, Rpc, RpcError
from tests.e2e.test_reader import POOL, SIGNATURES, TOKEN, raw_log, scripted, serving, words
from tests.simulators import FakeClock


def logs_of(rpc: Rpc, start: int = 1, end: int = 100) -> list[int]:
    found = rpc.logs([TOKEN], [SIGNATURES["Transfer"].topic0], start, end)
    return [int(log.block_number, 16) for log in found]


# ------------------------------------------------------------------ rpc: unhappy paths


def test_rpc__nobody_listens__retry_names_the_host_and_no_key() -> None:
    url = "http://user:secret1@127.0.0.1:9/v3/secret2?key=secret3"
    with Rpc(url) as rpc, pytest.raises(Retry) as caught:
        rpc.call("eth_chainId")
    assert "http://127.0.0.1:9 cannot be reached" in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:8545", "ftp://127.0.0.1/secret", "http://", "http://[::1/secret"]
)
def test_rpc__address_is_not_http__stop_without_repeating_it(url: str) -> None:
    with pytest.raises(Stop, match="not of the form") as caught:
        Rpc(url)
    assert "secret" not in str(caught.value)


def test_rpc__making_ahead_fails__parts_made_before_come_first() -> None:
    async def parts() -> AsyncGenerator[int, None]:
        yield 1
        yield 2
        raise Retry("The third part cannot be made: wait.")

    with Rpc("http://127.0.0.1:9") as rpc:
        coming = rpc.ahead(parts(), 5)
        assert [next(coming), next(coming)] == [1, 2]
        with pytest.raises(Retry, match="third part"):
            next(coming)


def test_rpc__caller_stops__making_ahead_is_ended() -> None:
    ended = threading.Event()

    async def parts() -> AsyncGenerator[int, None]:
        try:
            while True:
                yield 1
        finally:
            ended.set()

    with Rpc("http://127.0.0.1:9") as rpc:
        coming = rpc.ahead(parts(), 2)
        next(coming)
        del coming
        assert ended.wait(10)


def test_rpc__parts_are_made_ahead__no_more_than_asked() -> None:
    made: list[int] = []
    full = threading.Event()

    async def parts() -> AsyncGenerator[int, None]:
        for number in range(10):
            made.append(number)
            if number == 3:
                full.set()
            yield number

    with Rpc("http://127.0.0.1:9") as rpc:
        coming = rpc.ahead(parts(), 3)
        assert next(coming) == 0
        assert full.wait(10)
        rpc.use(_nothing)
        assert made == [0, 1, 2, 3]  # one was taken, three wait
        assert list(coming) == list(range(1, 10))


async def _nothing(_: Endpoint) -> None:
    """Comes back when the event loop has done what was due before."""


def test_rpc__never_closed__ends_with_the_program_without_a_word(anvil: str) -> None:
    script = "import sys; from ledger_reader.rpc import Rpc; rpc = Rpc(sys.argv[1]); print(rpc.chain_id())"
    command = [sys.executable, "-X", "dev", "-c", script, anvil]
    ended = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True)
    assert (ended.stdout, ended.stderr) == ("31337\n", "")


def test_rpc__node_of_another_chain__stop_names_both(anvil: str) -> None:
    with Rpc(anvil, chain_id=1) as rpc, pytest.raises(Stop, match="chain 31337, not of chain 1:"):
        rpc.block("latest")


@pytest.mark.parametrize(
    ("status", "body", "words_of_reason"),
    [
        (200, b'{"jsonrpc":"2.0","id":1,"resu', "something else than was asked for"),
        (200, b'{"jsonrpc":"2.0","id":7,"result":"0x1"}', "under the id that was sent"),
        (200, b'{"jsonrpc":"2.0","id":1}', "neither result nor error"),
        (200, b'{"jsonrpc":"2.0","id":[1],"result":"0x1"}', "something else than was asked for"),
        (200, b'{"id":1,"result":' + b"[" * 100_000, "something else than was asked for"),
        (200, b'{"id":1,"result":"\xff\xfe"}', "something else than was asked for"),
        (200, b"[]", "something else than was asked for"),
        (200, b"<html>", "instead of JSON"),
        (200, b"", "instead of JSON"),
        (429, b'{"error":"slow down"}', "HTTP status 429"),
        (503, b"busy", "HTTP status 503"),
        (200, b'{"id":null,"error":{"code":-32700,"message":"parse error"}}', "parse error"),
        (200, b'{"id":1,"error":{"code":-32005,"message":"daily request count exceeded"}}', "slow down"),
    ],
)
def test_rpc__hostile_answer__retry_says_what(status: int, body: bytes, words_of_reason: str) -> None:
    with (
        serving(lambda _: (status, body)) as url,
        Rpc(url) as rpc,
        pytest.raises(Retry, match=words_of_reason),
    ):
        rpc.call("eth_chainId")


def test_rpc__answer_beyond_the_limit__retry_or_narrower_range() -> None:
    def node(request: dict[str, Any]) -> Any:
        query = request["params"][0]
        start, end = int(query["fromBlock"], 16), int(query["toBlock"], 16)
        return {"result": [raw_log(block) for block in range(start, end + 1)]}

    with serving(scripted(node)) as url, Rpc(url, max_response_bytes=10_000) as rpc:
        assert logs_of(rpc) == list(range(1, 101))
    with (
        serving(scripted(node)) as url,
        Rpc(url, max_response_bytes=100) as rpc,
        pytest.raises(Retry, match="gave more than 100 bytes for block 1 alone"),
    ):
        logs_of(rpc)


def test_rpc__node_refuses__rpc_error_with_code_and_data() -> None:
    refusal = {"error": {"code": 3, "message": "execution reverted", "data": "0x1234"}}
    with serving(scripted(lambda _: refusal)) as url, Rpc(url) as rpc:
        with pytest.raises(RpcError, match="refused eth_call: execution reverted") as caught:
            rpc.call("eth_call", ({}, "latest"))
        assert (caught.value.code, caught.value.data) == (3, "0x1234")


def test_rpc__batch_answered_in_another_order__sorted_by_id() -> None:
    with serving(scripted(lambda request: {"result": request["params"][0]})) as url, Rpc(url) as rpc:
        assert rpc.batch([("echo", [n]) for n in range(250)]) == list(range(250))
        assert rpc.batch([]) == []


def test_rpc__first_address_is_down__second_answers() -> None:
    with serving(scripted(lambda _: {"result": "0x5"})) as url, Rpc(["http://127.0.0.1:9", url], 5) as rpc:
        assert rpc.chain_id() == 5


@pytest.mark.parametrize(
    "text",
    ["query returned more than 10000 results", "block range is too large", "Log response size exceeded"],
)
def test_logs__node_allows_seven_blocks__range_is_split_and_nothing_lost(text: str) -> None:
    asked: list[int] = []

    def node(request: dict[str, Any]) -> Any:
        query = request["params"][0]
        start, end = int(query["fromBlock"], 16), int(query["toBlock"], 16)
        asked.append(end - start + 1)
        if end - start + 1 > 7:
            return {"error": {"code": -32005, "message": text}}
        return {"result": [raw_log(block) for block in range(start, end + 1)]}

    with serving(scripted(node)) as url, Rpc(url) as rpc:
        assert logs_of(rpc) == list(range(1, 101))
    assert sum(span > 7 for span in asked) < len(asked) / 2


@pytest.mark.parametrize(
    ("log", "words_of_reason"),
    [
        (raw_log(101), "outside 1 to 100"),
        (raw_log(5, address=f"0x{POOL.hex()}"), "not asked for"),
        (raw_log(5, removed=True), "marked as removed"),
        (raw_log(5, data="0x123"), "a malformed log"),
        (raw_log(5, transactionHash="0x12"), "of length >= 66"),
        (raw_log(5, data="1234"), "a malformed log: .* data that is not 0x hex"),
        (raw_log(5, data="0xzz"), "a malformed log: .* data that is not 0x hex"),
        (raw_log(5, data="0x12_4"), "a malformed log: .* data that is not 0x hex"),
        (raw_log(5, data="1x24"), "a malformed log: .* data that is not 0x hex"),
        (raw_log(5, data="0x12 34 "), "a malformed log: .* data that is not 0x hex"),
        (raw_log(5, topics=["0x12"]), "of length >= 66"),
        (raw_log(5, topics=["0x" + "1" * 65]), "of length <= 66"),
        (raw_log(5, logIndex="-0x1"), "a malformed log"),
        (raw_log(5, logIndex="0xffffffffff"), "the number 1099511627775"),
        (raw_log(5, logIndex=3), "something else"),
        (raw_log(5, blockHash="0x" + "g" * 64), "not 0x hex"),
        (raw_log(5, blockHash="ab" * 33), "not 0x hex"),
        (raw_log(5, blockHash="é" * 66), "not 0x hex"),
        (raw_log(5, blockNumber="seven"), "number .* that is not 0x hex"),
        (raw_log(5, blockHash=None), "something else"),
    ],
)
def test_logs__one_log_is_not_what_was_asked_for__retry(log: dict[str, Any], words_of_reason: str) -> None:
    node = scripted(lambda _: {"result": [log]})
    with serving(node) as url, Rpc(url) as rpc, pytest.raises(Retry, match=words_of_reason):
        logs_of(rpc)


def test_logs__unsorted__sorted__and_twice_the_same__retry() -> None:
    with serving(scripted(lambda _: {"result": [raw_log(9), raw_log(4)]})) as url, Rpc(url) as rpc:
        assert logs_of(rpc) == [4, 9]
    doubled = scripted(lambda _: {"result": [raw_log(9), raw_log(9)]})
    with serving(doubled) as url, Rpc(url) as rpc, pytest.raises(Retry, match="twice"):
        logs_of(rpc)


def test_finalized__node_does_not_know_the_tag__stop_says_so() -> None:
    node = scripted(lambda _: {"error": {"code": -32602, "message": "invalid block tag"}})
    with serving(node) as url, Rpc(url) as rpc, pytest.raises(Stop, match="know the block tag `finalized`"):
        rpc.finalized()


# ------------------------------------------------------------------ several addresses


class Node:
    """What a test's node does: `answer(request)`, or an HTTP status with headers; counts its requests."""

    def __init__(self, answer: Callable[[dict[str, Any]], Any]) -> None:
        self.answer, self.asked = answer, 0
        self.status, self.headers, self.pack = 200, dict[str, str](), False

    def __call__(self, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        self.asked += 1
        if self.status != 200:
            return self.status, self.headers, b"{}"
        content = scripted(self.answer)(body)[1]
        return 200, self.headers, gzip.compress(content) if self.pack else content


@contextmanager
def running(node: Callable[[bytes], tuple[int, Mapping[str, str], bytes]]) -> Iterator[str]:
    """As `serving`, with headers of the node's own."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def do_POST(self) -> None:
            status, headers, body = node(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def header(number: int) -> dict[str, Any]:
    return {
        "number": hex(number),
        "hash": f"0x{words(number + 10**6)}",
        "parentHash": f"0x{words(number - 1 + 10**6)}",
        "timestamp": hex(1_700_000_000 + number),
    }


def at_height(height: int) -> Callable[[dict[str, Any]], Any]:
    """A node whose latest and finalized block is `height`, and which answers echo by its height."""

    def answer(request: dict[str, Any]) -> Any:
        if request["method"] != "eth_getBlockByNumber":
            return {"result": height}
        tag = request["params"][0]
        number = height if tag in ("latest", "finalized") else int(tag, 16)
        return {"result": header(number) if number <= height else None}

    return answer


def test_first__all_fail__waits_grow_with_full_jitter_and_retry_names_each() -> None:
    clock = FakeClock(luck=0.5)
    urls = ["http://127.0.0.1:9", "http://127.0.0.1:10"]
    with (
        Rpc(urls, patience=Patience(tries=5, base_s=1, cap_s=3), clock=clock) as rpc,
        pytest.raises(Retry, match=r"No answer to echo: .*:9 cannot be reached; .*:10 cannot be") as caught,
    ):
        rpc.call("echo")
    assert clock.slept == [0.5, 1.0, 1.5, 1.5]
    assert "\n" not in str(caught.value)


def test_first__the_preferred_one_fails__rests_while_another_serves_and_comes_back() -> None:
    clock, bad, good = FakeClock(), Node(at_height(1)), Node(at_height(2))
    bad.status = 503
    with running(bad) as one, running(good) as two, Rpc([one, two], clock=clock) as rpc:
        assert [rpc.call("echo") for _ in range(5)] == [2] * 5
        assert bad.asked == 1
        bad.status = 200
        clock.time += 60
        assert rpc.call("echo") == 1


def test_first__fails_in_the_middle_of_a_range__range_is_read_anew_by_the_next() -> None:
    def breaking(request: dict[str, Any]) -> Any:
        if request["method"] == "eth_getLogs":
            return {"result": [raw_log(3)]}
        return {"result": None}

    def whole(request: dict[str, Any]) -> Any:
        return {"result": [raw_log(4)] if request["method"] == "eth_getLogs" else header(9)}

    async def both(endpoint: Endpoint) -> tuple[str, int, int]:
        logs = await endpoint.logs([TOKEN], [SIGNATURES["Transfer"].topic0], 1, 9)
        return endpoint.name, int(logs[0].block_number, 16), (await endpoint.blocks([9]))[0].number

    with running(Node(breaking)) as one, running(Node(whole)) as two, Rpc([one, two]) as rpc:
        assert rpc.use(both) == (two, 4, 9)


def test_first__asked_to_slow_down__left_alone_for_that_long() -> None:
    clock, node = FakeClock(luck=0), Node(at_height(7))
    node.status, node.headers = 429, {"retry-after": "17"}
    with running(node) as url, Rpc(url, clock=clock) as rpc:
        with pytest.raises(Retry, match="asks us to slow down"):
            rpc.call("echo")
        node.status = 200
        with pytest.raises(Retry, match="asks to be left alone for 17 s more"):
            rpc.call("echo")
        assert node.asked == 1
        clock.time += 17
        assert rpc.call("echo") == 7


@pytest.mark.parametrize(
    ("words_of_header", "waits"), [("17", 17.0), ("1e9", 0.0), ("999999999", 300.0), ("soon", 0.0)]
)
def test_first__patient_and_asked_to_slow_down__waits_that_long_and_no_longer(
    words_of_header: str, waits: float
) -> None:
    clock, node = FakeClock(luck=0), Node(at_height(7))
    node.status, node.headers = 429, {"retry-after": words_of_header}
    with (
        running(node) as url,
        Rpc(url, clock=clock, patience=Patience(tries=2)) as rpc,
        pytest.raises(Retry, match="slow down"),
    ):
        rpc.call("echo")
    assert sum(clock.slept) == waits
    assert node.asked == 2


def test_rate__twenty_calls_at_ten_a_second__wait_for_their_turn() -> None:
    clock = FakeClock()
    with running(Node(at_height(7))) as url, Rpc(url, rate=10, clock=clock) as rpc:
        rpc.batch([("echo", [])] * 20)
        rpc.call("echo")
    assert sum(clock.slept) == pytest.approx(1.1)


def test_settled__a_provider_stands_still__is_left_for_one_that_moves() -> None:
    still, moving = Node(at_height(500)), Node(at_height(500 + MAX_LAG))
    with running(still) as one, running(moving) as two, Rpc([one, two]) as rpc:
        assert rpc.settled().number == 500
        moving.answer = at_height(501 + MAX_LAG)
        assert rpc.settled().number == 501 + MAX_LAG
        assert rpc.call("echo") == 501 + MAX_LAG


def test_settled__a_provider_goes_back__is_left_for_the_next() -> None:
    back, other = Node(at_height(500)), Node(at_height(499))
    with running(back) as one, running(other) as two, Rpc([one, two]) as rpc:
        assert rpc.settled().number == 500
        back.answer = at_height(498)
        assert rpc.settled().number == 499


def test_settled__with_confirmations__counts_back_from_the_latest() -> None:
    with running(Node(at_height(20))) as url, Rpc(url) as rpc:
        assert rpc.settled(confirmations=12).number == 8
        assert rpc.settled(confirmations=20).number == 0
        with pytest.raises(Retry, match="has 20 blocks and none with 21 confirmations yet"):
            rpc.settled(confirmations=21)


def test_blocks__one_provider_lacks_it__the_next_is_asked() -> None:
    with running(Node(at_height(5))) as one, running(Node(at_height(9))) as two:
        with Rpc([one, two]) as rpc:
            assert rpc.block(7).number == 7
        with (
            Rpc([one, two]) as rpc,
            pytest.raises(Retry, match=r"does not have block 12 yet.*not have block 12"),
        ):
            rpc.block(12)


def test_ask__history_was_deleted__another_provider_is_asked() -> None:
    pruned = Node(lambda _: {"error": {"code": 4444, "message": "pruned history unavailable"}})
    with running(pruned) as one, running(Node(at_height(9))) as two, Rpc([one, two]) as rpc:
        assert rpc.call("echo") == 9


# ------------------------------------------------------------------ packed answers


def test_gzip__offered__is_unpacked() -> None:
    node = Node(lambda _: {"result": "x" * 100_000})
    node.pack, node.headers = True, {"content-encoding": "gzip"}
    with running(node) as url, Rpc(url) as rpc:
        assert rpc.call("echo") == "x" * 100_000


def test_gzip__bomb__is_refused_before_it_is_unpacked() -> None:
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(b" " * 2**20) for _ in range(512)) + packer.flush()
    assert len(bomb) < 2**20
    tracemalloc.start()
    try:
        with (
            running(lambda _: (200, {"content-encoding": "gzip"}, bomb)) as url,
            Rpc(url, max_response_bytes=10_000) as rpc,
            pytest.raises(Retry, match="more than 10000 bytes"),
        ):
            rpc.call("echo")
        assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    finally:
        tracemalloc.stop()


ENVELOPES = {
    "as nodes write it": '{"jsonrpc":"2.0","id":1,"result":[LOGS]}',
    "the result first": '{"result":[LOGS],"id":1}',
    "spaces": ' { "id" : 1 , "result" : [ LOGS ] } ',
    "a list before it": '{"notes":[[1],{"a":[]}],"id":1,"result":[LOGS]}',
    "a list behind it": '{"id":1,"result":[LOGS],"notes":[1]}',
    "an empty list before it": '{"notes":[],"id":1,"result":[LOGS]}',
    "brackets in a text": '{"note":"][","id":1,"result":[LOGS]}',
}


@pytest.mark.parametrize("envelope", ENVELOPES.values(), ids=ENVELOPES)
def test_logs__whatever_stands_around_them__are_found(envelope: str) -> None:
    logs = ",".join(json.dumps(raw_log(number), separators=(",", ":")) for number in (4, 9))
    with serving(lambda _: (200, envelope.replace("LOGS", logs).encode())) as url, Rpc(url) as rpc:
        assert logs_of(rpc) == [4, 9]
    with serving(lambda _: (200, envelope.replace("LOGS", "").encode())) as url, Rpc(url) as rpc:
        assert logs_of(rpc) == []


@pytest.mark.parametrize(
    "body",
    [
        '{"id":1,"result":[LOG}',
        '{"id":1,"result":LOG]}',
        '{"id":1,"result":[LOG]',
        '{"id":1,"result":[LOG,]}',
        '{"id":1,"result":[LOG]}]',
        '{"id":1,"result":[[LOG]]}',
        '{"id":1,"result":[LOG],"result":null}',
        '{"id":1,"result":null}',
        '{"id":1,"result":"[]"}',
        '{"id":1}[]',
    ],
)
def test_logs__an_answer_that_is_no_list_of_logs__is_refused(body: str) -> None:
    log = json.dumps(raw_log(4), separators=(",", ":"))
    with (
        serving(lambda _: (200, body.replace("LOG", log).encode())) as url,
        Rpc(url) as rpc,
        pytest.raises(Retry, match=r"No answer to eth_getLogs: .* answered with something else"),
    ):
        logs_of(rpc)


@pytest.mark.parametrize("body", ['{"id":1,"notes":[]}', '{"id":1,"logs":[LOG]}'])
def test_logs__a_list_that_is_not_the_result__is_refused(body: str) -> None:
    log = json.dumps(raw_log(4), separators=(",", ":"))
    with (
        serving(lambda _: (200, body.replace("LOG", log).encode())) as url,
        Rpc(url) as rpc,
        pytest.raises(Retry, match="neither result nor error to eth_getLogs"),
    ):
        logs_of(rpc)


def test_rpc__sent_elsewhere__does_not_go() -> None:
    with (
        serving(lambda _: (200, b'{"id":1,"result":"0x1"}')) as other,
        running(lambda _: (307, {"location": other}, b"")) as url,
        Rpc(url) as rpc,
        pytest.raises(Retry, match="HTTP status 307 instead of JSON"),
    ):
        rpc.call("eth_chainId")


def test_logs__a_refusal_in_brackets__is_told_whole() -> None:
    body = b'{"id":1,"error":{"code":-32602,"message":"no such topic [7], nor [8]"}}'
    with (
        serving(lambda _: (200, body)) as url,
        Rpc(url) as rpc,
        pytest.raises(RpcError, match=re.escape("no such topic [7], nor [8]")),
    ):
        logs_of(rpc)


_PACKED = gzip.compress(b'{"id":1,"result":5}', mtime=0)  # a time would differ between workers


@pytest.mark.parametrize(
    ("packing", "body", "reason"),
    [
        ("gzip", _PACKED[:-9], "its gzip does not end"),
        ("gzip", b'{"id":1,"result":5}', "broke off the answer"),
        (
            "gzip, gzip",
            gzip.compress(_PACKED, mtime=0),
            "packs its answer as 'gzip, gzip'",
        ),
        ("br", b"\x0b\x02\x80{}\x03", "packs its answer as 'br'"),
    ],
)
def test_gzip__broken_nested_or_of_another_kind__is_refused(packing: str, body: bytes, reason: str) -> None:
    with (
        running(lambda _: (200, {"content-encoding": packing}, body)) as url,
        Rpc(url) as rpc,
        pytest.raises(Retry, match=reason),
    ):
        rpc.call("echo")


def test_post__answer_trickles_for_ever__is_given_up() -> None:
    class Trickle(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.end_headers()
            with_pause = threading.Event()
            try:
                while not with_pause.wait(0.02):
                    self.wfile.write(b" ")
            except OSError:
                pass

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Trickle)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        with (
            Rpc(f"http://127.0.0.1:{server.server_address[1]}", timeout_s=0.1) as rpc,
            pytest.raises(Retry, match="did not answer in time"),
        ):
            rpc.call("echo")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


# ------------------------------------------------------------------ ranges


@pytest.mark.parametrize("limit", [1, 2, 7, 30, 99])
@pytest.mark.parametrize("says", ["block range is too wide", "exceed maximum block range: {limit}"])
def test_logs__limit_on_blocks__found_and_not_passed_again(limit: int, says: str) -> None:
    refused: list[int] = []

    def node(request: dict[str, Any]) -> Any:
        query = request["params"][0]
        start, end = int(query["fromBlock"], 16), int(query["toBlock"], 16)
        if end - start + 1 > limit:
            refused.append(end - start + 1)
            return {"error": {"code": -32005, "message": says.format(limit=limit)}}
        return {"result": [raw_log(block) for block in range(start, end + 1)]}

    with running(Node(node)) as url, Rpc(url) as rpc:
        assert logs_of(rpc, 1, 400) == list(range(1, 401))
        learnt = len(refused)
        assert learnt == 1 if "limit" in says else learnt < 14
        assert logs_of(rpc, 401, 800) == list(range(401, 801))
    assert len(refused) - learnt < 4


def test_logs__provider_proposes_a_range__it_is_asked_for_next() -> None:
    asked: list[tuple[int, int]] = []

    def node(request: dict[str, Any]) -> Any:
        query = request["params"][0]
        start, end = int(query["fromBlock"], 16), int(query["toBlock"], 16)
        asked.append((start, end))
        if end - start + 1 > 20:
            range_ = f"[{start:#x}, {start + 12:#x}]"
            words_ = f"query returned more than 10000 results. Try with this block range {range_}."
            return {"error": {"code": -32005, "message": words_}}
        return {"result": []}

    with running(Node(node)) as url, Rpc(url) as rpc:
        logs_of(rpc, 1, 30)
    assert asked[:2] == [(1, 30), (1, 13)]


def test_logs__refused_for_another_reason__is_no_matter_of_ranges() -> None:
    node = Node(lambda _: {"error": {"code": -32601, "message": "the method eth_getLogs does not exist"}})
    with running(node) as url, Rpc(url) as rpc, pytest.raises(RpcError, match="does not exist"):
        logs_of(rpc)
    assert node.asked == 1


def test_unusable__of_an_operation__is_told_by_name() -> None:
    async def refuse(endpoint: Endpoint) -> None:
        raise Unusable("left out a log of block 7")

    with (
        Rpc("http://127.0.0.1:9") as rpc,
        pytest.raises(Retry, match=r"127.0.0.1:9 left out a log of block 7"),
    ):
        rpc.use(refuse)
