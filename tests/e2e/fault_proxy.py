"""A provider that fails and lies: a process of its own that passes JSON-RPC on to a node, faults injected.

Rules that hold here: chance is seeded; a fault is counted only when it struck (an answer without logs
cannot lack one); a fault that is told `times` heals after so many strikes. `Provider` starts the process
and talks to it over the same port, under /control. Faults of whole requests come first, then those of
answers, then those of the wire.
"""

import contextlib
import gzip
import http.client
import json
import random
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from ledger_reader import verify
from oracle.devchain.anvil import die_with_parent

Json = dict[str, Any]
HANG_S, DRIP_S = 30.0, 0.2
BOMB_BYTES = 64 * 2**20
MALLORY = "0x" + "00" * 12 + "66" * 20
BACK = 7
"""Blocks by which an old head goes back."""


class Provider:
    """The proxy as the tests hold it; a context manager. `url` is what the reader is given."""

    def __init__(self, node: str) -> None:
        command = [sys.executable, "-m", "tests.e2e.fault_proxy", node]
        self._process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
            preexec_fn=die_with_parent(),  # noqa: PLW1509  one prctl call, no lock is taken
        )
        assert self._process.stdout is not None
        port = self._process.stdout.readline().decode().strip()
        assert port, "the fault proxy did not start"
        self.url = f"http://127.0.0.1:{port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def inject(self, *faults: str, times: int = 10**9, rate: float = 1.0, seed: int = 0) -> None:
        """From now on these faults, and no others, each at most `times` times, at a chance of `rate`.

        Counting and chance begin anew.
        """
        self._control({"faults": list(faults), "times": times, "rate": rate, "seed": seed})

    def strikes(self) -> Counter[str]:
        """How often each fault has struck since the last `inject`."""
        return Counter(self._control({}))

    def _control(self, order: Json) -> Json:
        request = urllib.request.Request(f"{self.url}/control", json.dumps(order).encode())
        with urllib.request.urlopen(request, timeout=10) as response:
            found: Json = json.loads(response.read())
            return found


# ------------------------------------------------------------------ faults of answers
# Each gets the call, its answer and the node, alters the answer, and says whether there was anything to do.


def missing_log(call: Json, answer: Json, node: "_Node") -> bool:
    logs = _logs(call, answer)
    if not logs:
        return False
    del logs[node.chance.randrange(len(logs))]
    return True


def altered_log(call: Json, answer: Json, node: "_Node") -> bool:
    logs = _logs(call, answer)
    if not logs:
        return False
    log = node.chance.choice(logs)
    if log["data"] == "0x":
        log["topics"][-1] = MALLORY
    else:
        log["data"] = log["data"][:-1] + ("1" if log["data"][-1] != "1" else "2")
    return True


def added_log(call: Json, answer: Json, node: "_Node") -> bool:
    logs = _logs(call, answer)
    if not logs:
        return False
    log = dict(node.chance.choice(logs))
    places = [int(other["logIndex"], 16) for other in logs if other["blockNumber"] == log["blockNumber"]]
    logs.append(log | {"logIndex": hex(max(places) + 1)})
    return True


def altered_with_bloom(call: Json, answer: Json, node: "_Node") -> bool:
    """The same lie in eth_getLogs and in the receipts, whose blooms are made to fit."""
    struck = False
    if call["method"] == "eth_getLogs":
        for log in answer["result"]:
            struck |= _redirect(log)
    if call["method"] == "eth_getBlockReceipts":
        struck = _redirect_receipts(answer["result"])
    return struck


def missing_receipt(call: Json, answer: Json, node: "_Node") -> bool:
    """A transaction and its logs left out of both answers' receipts."""
    if call["method"] != "eth_getBlockReceipts" or not answer["result"]:
        return False
    del answer["result"][node.chance.randrange(len(answer["result"]))]
    return True


def altered_header(call: Json, answer: Json, node: "_Node") -> bool:
    """Another receipts root or time, under the hash of the true header."""
    header = _header(call, answer)
    if header is None:
        return False
    name = node.chance.choice(["receiptsRoot", "stateRoot", "extraData", "gasUsed"])
    header[name] = "0x" + "5" * (len(header[name]) - 2 or 2)
    return True


def forged_header(call: Json, answer: Json, node: "_Node") -> bool:
    """An empty bloom and a hash that fits it: the header hides its logs and contradicts its child."""
    header = _header(call, answer)
    if header is None or not int(header["logsBloom"], 16):
        return False
    header["logsBloom"] = f"0x{0:0512x}"
    header["hash"] = f"0x{verify.header_hash(header).hex()}"
    return True


def forged_chain(call: Json, answer: Json, node: "_Node") -> bool:
    """A whole chain without a contradiction in it: only another operator knows better."""
    if call["method"] == "eth_getBlockByNumber":
        answer["result"] = node.forged(int(answer["result"]["number"], 16))
        return True
    if not altered_with_bloom(call, answer, node):
        return False
    for log in answer["result"] if call["method"] == "eth_getLogs" else ():
        log["blockHash"] = node.forged(int(log["blockNumber"], 16))["hash"]
    return True


def wrong_chain(call: Json, answer: Json, node: "_Node") -> bool:
    if call["method"] != "eth_chainId":
        return False
    answer["result"] = "0x5"
    return True


def _logs(call: Json, answer: Json) -> list[Json] | None:
    return answer.get("result") if call["method"] == "eth_getLogs" else None


def _header(call: Json, answer: Json) -> Json | None:
    return answer.get("result") if call["method"] == "eth_getBlockByNumber" else None


def _redirect_receipts(receipts: list[Json]) -> bool:
    """`_redirect` for all logs of a block, and blooms to fit."""
    struck = False
    for receipt in receipts:
        if any([_redirect(log) for log in receipt["logs"]]):  # noqa: C419  all of them, not the first
            struck = True
            logs = msgspec.convert(receipt["logs"], list[verify.ReceiptLog])
            receipt["logsBloom"] = f"0x{verify.bloom_of(logs):0512x}"
    return struck


def _redirect(log: Json) -> bool:
    """Every third transfer goes to Mallory."""
    if len(log["topics"]) != 3 or (int(log["blockNumber"], 16) + int(log["logIndex"], 16)) % 3:
        return False
    log["topics"][2] = MALLORY
    return True


# ------------------------------------------------------------------ faults of the wire
# Each gets the handler, its state, the answers and whether they are a batch, and sends something.


def truncated(handler: "_Handler", answers: list[Json], is_batch: bool) -> bool:
    body = _encoded(answers, is_batch)
    handler.reply(body[: len(body) // 2])
    return True


def cut_off(handler: "_Handler", answers: list[Json], is_batch: bool) -> bool:
    """The connection breaks in the middle of the answer."""
    body = _encoded(answers, is_batch)
    handler.head(200, len(body))
    handler.wfile.write(body[: len(body) // 2])
    handler.close_connection = True
    return True


def wrong_ids(handler: "_Handler", answers: list[Json], is_batch: bool) -> bool:
    handler.reply(_encoded([answer | {"id": answer["id"] + 10**6} for answer in answers], is_batch))
    return True


def reordered(handler: "_Handler", answers: list[Json], is_batch: bool) -> bool:
    """Allowed by JSON-RPC 2.0, so the reader must not mind."""
    if len(answers) < 2:
        return False
    handler.reply(_encoded(answers[1:] + answers[:1], is_batch))
    return True


def gzip_bomb(handler: "_Handler", answers: list[Json], is_batch: bool) -> bool:
    handler.reply(_bomb(), ("content-encoding", "gzip"))
    return True


def slow_drip(handler: "_Handler", answers: list[Json], is_batch: bool) -> bool:
    """A byte now and then: no single wait is long, the whole never ends."""
    body = _encoded(answers, is_batch)
    handler.head(200, len(body))
    for byte in body:
        handler.wfile.write(bytes([byte]))
        handler.wfile.flush()
        time.sleep(DRIP_S)
    return True


def time_out(handler: "_Handler", answers: list[Json], is_batch: bool) -> bool:
    time.sleep(HANG_S)
    handler.close_connection = True
    return True


def too_many(handler: "_Handler", answers: list[Json], is_batch: bool) -> bool:
    handler.reply(b'{"error":"slow down"}', status=429)
    return True


def too_many_for_a_while(handler: "_Handler", answers: list[Json], is_batch: bool) -> bool:
    handler.reply(b"slow down", ("retry-after", "1"), status=429)
    return True


OF_ANSWERS: dict[str, Callable[[Json, Json, "_Node"], bool]] = {
    each.__name__: each
    for each in (
        missing_log,
        altered_log,
        added_log,
        altered_with_bloom,
        missing_receipt,
        altered_header,
        forged_header,
        forged_chain,
        wrong_chain,
    )
}
OF_WIRE: dict[str, Callable[["_Handler", list[Json], bool], bool]] = {
    each.__name__: each
    for each in (
        truncated,
        cut_off,
        wrong_ids,
        reordered,
        gzip_bomb,
        slow_drip,
        time_out,
        too_many,
        too_many_for_a_while,
    )
}
OF_HEADS = ("old_head", "stalled_head")


def _encoded(answers: list[Json], is_batch: bool) -> bytes:
    return json.dumps(answers if is_batch else answers[0]).encode()


@cache
def _bomb() -> bytes:
    return gzip.compress(b'{"jsonrpc":"2.0","id":1,"result":"' + b"0" * BOMB_BYTES + b'"}', 1)


# ------------------------------------------------------------------ the process


class _Node:
    """The node behind, which faults are on, and what struck."""

    def __init__(self, node: str) -> None:
        self.host, self.lock, self.chance = node.removeprefix("http://"), threading.Lock(), random.Random(0)
        self.faults, self.left, self.rate = list[str](), Counter[str](), 0.0
        self.strikes, self.stalled = Counter[str](), dict[str, str]()
        self.forgery = list[Json]()

    def obey(self, order: Json) -> None:
        with self.lock:
            if "faults" in order:
                self.faults, self.rate, self.stalled, self.forgery = order["faults"], order["rate"], {}, []
                self.chance = random.Random(order["seed"])
                self.left, self.strikes = Counter(dict.fromkeys(self.faults, order["times"])), Counter()

    def draw(self, names: Any) -> list[str]:
        """The faults among `names` that are on and whose chance has come."""
        with self.lock:
            return [
                name
                for name in self.faults
                if name in names and self.left[name] > 0 and self.chance.random() < self.rate
            ]

    def struck(self, name: str) -> None:
        with self.lock:
            self.strikes[name] += 1
            self.left[name] -= 1

    def forged(self, number: int) -> Json:
        """The header of a block of the forged chain."""
        with self.lock:
            for each in range(len(self.forgery), number + 1):
                self.forgery.append(self._forge(each, self.forgery[-1]["hash"] if each else None))
            return dict(self.forgery[number])

    def _forge(self, number: int, parent: str | None) -> Json:
        header: Json = self.call("eth_getBlockByNumber", hex(number), False)
        receipts: list[Json] = self.call("eth_getBlockReceipts", hex(number))
        _redirect_receipts(receipts)
        typed = msgspec.convert(receipts, list[verify.RawReceipt])
        bloom = verify.bloom_of([log for receipt in typed for log in receipt.logs])
        root = verify.receipts_root(typed, 1)
        header |= {"receiptsRoot": f"0x{root.hex()}", "logsBloom": f"0x{bloom:0512x}"}
        header |= {} if parent is None else {"parentHash": parent}
        return header | {"hash": f"0x{verify.header_hash(header).hex()}"}

    def call(self, method: str, *params: Any) -> Any:
        call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        return self.ask(json.dumps(call).encode())["result"]

    def ask(self, body: bytes) -> Any:
        connection = http.client.HTTPConnection(self.host, timeout=60)
        connection.request("POST", "/", body, {"content-type": "application/json"})
        answer = json.loads(connection.getresponse().read())
        connection.close()
        return answer

    def height(self, tag: str) -> int:
        return int(self.call("eth_getBlockByNumber", tag, False)["number"], 16)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    state: _Node

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        with contextlib.suppress(ConnectionError):
            if self.path == "/control":
                self.state.obey(json.loads(body))
                self.reply(json.dumps(self.state.strikes).encode())
            else:
                self._pass_on(json.loads(body))

    def _pass_on(self, request: Any) -> None:
        is_batch = isinstance(request, list)
        calls = request if is_batch else [request]
        for call in calls:
            self._move_head(call)
        answers = self.state.ask(json.dumps(calls).encode())
        order = {call["id"]: call for call in calls}
        for name in self.state.draw(OF_ANSWERS):
            hit = [
                OF_ANSWERS[name](order[answer["id"]], answer, self.state)
                for answer in answers
                if answer.get("result")
            ]
            if any(hit):
                self.state.struck(name)
        for name in self.state.draw(OF_WIRE):
            if name == "reordered" and len(answers) < 2:
                continue
            self.state.struck(name)  # before it is sent: the reader may be gone when it has been
            OF_WIRE[name](self, answers, is_batch)
            return
        self.reply(_encoded(answers, is_batch))

    def _move_head(self, call: Json) -> None:
        """An old head: the tag becomes a block further back, or the one it was at first."""
        if call["method"] != "eth_getBlockByNumber" or call["params"][0] not in ("latest", "finalized"):
            return
        for name in self.state.draw(OF_HEADS):
            tag = call["params"][0]
            now = self.state.height(tag)
            if name == "old_head":
                call["params"][0] = hex(max(now - BACK, 0))
                self.state.struck(name)
            else:
                call["params"][0] = self.state.stalled.setdefault(tag, hex(now))
                if call["params"][0] != hex(now):
                    self.state.struck(name)

    def reply(self, body: bytes, header: tuple[str, str] | None = None, status: int = 200) -> None:
        self.head(status, len(body), header)
        self.wfile.write(body)

    def head(self, status: int, length: int, header: tuple[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("content-length", str(length))
        if header is not None:
            self.send_header(*header)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that dies in the middle of a call is no news; anything else is printed."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def main() -> None:
    _Handler.state = _Node(sys.argv[1])
    server = _Server(("127.0.0.1", 0), _Handler)
    print(server.server_address[1], flush=True)  # noqa: T201  the port, for whoever started us
    server.serve_forever()


if __name__ == "__main__":
    main()
