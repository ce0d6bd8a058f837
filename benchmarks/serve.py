"""How fast the service answers: python benchmarks/serve.py [--json] [--quick].

`credit-oracle api` itself runs as one process with one worker, its rate limit lifted, over an epoch of a
million borrowers whose files the library writes (scores as in commit.py, a scorecard of three terms). PEOPLE
of them are signed in by rows in its database. The load is a small asyncio client over raw sockets in a
process of its own on the same machine, with connections kept open, half of the requests for the own score,
half for an at-least proof.

`requests_per_s`: CONNECTIONS connections, each asks as soon as it was answered; every borrower's statement
was made once before, as it is for whoever looks twice in an epoch. `p99_ms_at_500`: 500 requests a second
at even distances, each timed from when it was due, so that waiting counts. `start_s`: from the start of the
process to the first answer (health). `peak_mb`: the process's own memory; what it maps of the files stands in
the notes. `page_kb`: the
built page, compressed. In the notes: when the first own score came, with the epoch's files checked;
first_reads_per_s, of statements that nobody asked for before; processor time a request, which another
program's load changes least; refusal_ratio, medians of a refused read's time for borrowers who are known over
those who are not. `--quick`: 100,000 borrowers.
"""

import argparse
import asyncio
import gzip
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.commit import addresses
from ledger_reader.sources import Asset, ChainSources, Source
from models import manifest as manifests
from models import scorecard as scorecards
from models.features.catalogue import FEATURES, REASON_CODES, feature_set_version
from models.manifest import Manifest
from models.rules import Rule
from models.schedule import Schedule
from models.scorecard import FeatureMatrix, Scorecard, score
from models.segment import Segment, Term
from oracle import folder
from oracle.api.page import DIST
from oracle.api.sessions import Sessions
from oracle.api.signatures import Signatures
from oracle.api.store import Store
from oracle.consent import PURPOSES, ReadRequest, request_digest
from oracle.devchain.anvil import free_port
from oracle.epoch import Deployment
from oracle.keys import KeySigner
from oracle.report import EpochReport, scores_hash
from oracle.settings import address_text, write_settings
from oracle.tree import EpochTree

ROWS, QUICK_ROWS = 1_000_000, 100_000
PEOPLE, CONNECTIONS = 1_000, 16
SECONDS, RATE = 10.0, 500
MOST_CONNECTIONS = 64
REFUSALS = 300
CHAIN, CONTRACT = 31_337, b"\x0c" * 20


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_ROWS:,} borrowers")
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line")
    parser.add_argument("--load", choices=("full", "steady", "refused"), help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.load:
        given = json.load(sys.stdin)
        print(json.dumps(asyncio.run(LOADS[options.load](options.port, given))))
        return 0
    figures, notes = measure(QUICK_ROWS if options.quick else ROWS)
    for name, figure in figures.items():
        print(f"{name:<16} {'-' if figure is None else f'{figure:12,.2f}'}")
    for name, note in notes.items():
        print(f"{name:<16} {note}")
    if options.json:
        print(json.dumps({**figures, "notes": notes}))
    return 0


def measure(rows: int) -> tuple[dict[str, Any], dict[str, str]]:
    """All figures, and notes on what stands behind them."""
    with tempfile.TemporaryDirectory() as path:
        home = Path(path)
        people = make_home(home, rows)
        tokens = sign_in(home, people)
        port = free_port(0)
        begun = time.perf_counter()
        command = [sys.executable, "-m", "oracle.cli", "api", "--home", str(home), "--port", str(port)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as service:
            memory = OwnMemory(service.pid)
            try:
                start = asyncio.run(first_answer(port, b"/v1/health", "", begun))
                ready = asyncio.run(first_answer(port, b"/v1/me/score", tokens[0], begun))
                cold = load("full", port, {"tokens": tokens, "paths": PATHS[:1], "requests": len(tokens)})
                spent = cpu_s(service.pid)
                hot = load("full", port, {"tokens": tokens, "paths": PATHS, "seconds": SECONDS})
                each_us = (cpu_s(service.pid) - spent) / hot["requests"] * 1e6
                steady = load("steady", port, {"tokens": tokens, "paths": PATHS, "seconds": SECONDS})
                refused = load("refused", port, {"known": [a.hex() for a in people], "requests": REFUSALS})
                own, resident = memory.stop(), peak_mb(service.pid)
            finally:
                service.terminate()
    page = page_kb()
    figures = {
        "requests_per_s": hot["per_s"],
        "p99_ms_at_500": steady["p99_ms"],
        "start_s": start,
        "peak_mb": own,
        "page_kb": page,
    }
    notes = {
        "load": f"{rows:,} borrowers, {len(people):,} signed in, {os.cpu_count()} processors for service and "
        f"client; {hot['requests']:,} requests, {hot['failed'] + steady['failed'] + cold['failed']} failed",
        "first": f"first own score after {ready:.2f} s; first_reads_per_s {cold['per_s']:,.0f}",
        "processor": f"{each_us:.0f} µs of the service's processor time a request, so at most "
        f"{1e6 / each_us:,.0f} a second on one quiet core",
        "steady": f"{steady['requests']:,} requests, median {steady['median_ms']:.2f} ms, p99.9 "
        f"{steady['p999_ms']:.2f} ms; the client was late by {steady['late_ms']:.2f} ms at p99",
        "memory": f"{resident:.0f} MB with the pages of the epoch's files that are mapped: the kernel's own "
        "cache, which replicas share",
        "refusal": f"refusal_ratio {refused['ratio']:.3f} (known {refused['known_ms']:.2f} ms, unknown "
        f"{refused['unknown_ms']:.2f} ms, {REFUSALS} each, in turns)",
    }
    if page is None:
        notes["page_kb"] = "no page is built in oracle/web/dist"
    return figures, notes


POST = "POST /v1/reads HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
PATHS = ["/v1/me/score", "/v1/me/proof?at_least=350"]


# ------------------------------------------------------------------------------------------ the node's folder


def make_home(home: Path, rows: int) -> list[bytes]:
    """A node's folder with one epoch; some borrowers that have a score of 350 or more."""
    dice = np.random.default_rng(20_261_129)
    names = tuple(feature.name for feature in FEATURES)
    values = dice.integers(0, 400, (rows, len(names)), dtype=np.int64)
    matrix = FeatureMatrix(addresses(dice, rows), names, tuple(REASON_CODES[name] for name in names), values)
    card = three_terms(names)
    scores = score(card, matrix)
    sources = ChainSources(CHAIN, (Source("credit_oracle", CONTRACT, 1),), (Asset(CONTRACT, "DEV", 6, 100),))
    schedule = Schedule(CHAIN, CONTRACT, 1_000, 100)
    identity = scorecards.save(card, home)
    manifest = Manifest(identity, feature_set_version(), (sources,), "enrolled", schedule, (1,) * 10)
    tree = EpochTree.build(1, scores, bytes(range(32)))
    write_settings(home, settings())
    folder.write_epoch(home / "epochs", tree, report_of(tree, manifests.save(manifest, home)))
    lifted = {"requests_a_second": 1e9, "burst": 1e9, "contract_wallets": False}
    (home / "operator.json").write_text(json.dumps(lifted))
    able = np.flatnonzero(scores.score >= 350)
    chosen = dice.choice(able, PEOPLE, replace=False)
    return [scores.addresses[index].tobytes() for index in chosen.tolist()]


def three_terms(names: tuple[str, ...]) -> Scorecard:
    terms = (
        Term(("loans_repaid",), ((1, 10, 100),), (0, -40, 0, 60, 90)),
        Term(("loans_late",), ((1, 200),), (0, 20, -40, -90)),
        Term(("record_days",), ((90, 365),), (0, -30, 0, 30)),
    )
    segment = Segment(600, terms, ((300, 3_000), (600, 400), (700, 100)), (20,) * 10)
    return Scorecard("three terms", names, (Rule("borrower", "scored", ()),), {"borrower": segment})


def report_of(tree: EpochTree, model: bytes) -> EpochReport:
    nothing = bytes(32)
    return EpochReport(
        epoch=1, config=nothing, model_id=model, snapshot_block=1, snapshot_time=1_099, home_hash=nothing,
        snapshot_hash=nothing, root=tree.root, scores_hash=scores_hash(tree.scores), previous_epoch=0,
        borrowers=len(tree.scores.score), mean_score=0, moved_bps=0, psi_bps=0,
    )  # fmt: skip


def settings() -> dict[str, Any]:
    return {
        "chain_id": CHAIN,
        "contract": address_text(CONTRACT),
        "rpc": {str(CHAIN): ["http://127.0.0.1:9"]},
        "listen": "127.0.0.1:0",
        "peers": {},
    }


def sign_in(home: Path, people: list[bytes]) -> list[str]:
    """Session tokens, by rows in the service's database."""
    with Store(f"sqlite:///{home / 'service.sqlite'}") as store:
        sessions = Sessions(store, Signatures(), "127.0.0.1", CHAIN)
        return [sessions.begin(account)[0] for account in people]


# -------------------------------------------------------------------------------- the load


def load(kind: str, port: int, given: dict[str, Any]) -> dict[str, Any]:
    """A load from a process of its own."""
    command = [sys.executable, __file__, "--load", kind, "--port", str(port)]
    done = subprocess.run(command, input=json.dumps(given), stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


async def first_answer(port: int, path: bytes, token: str, begun: float) -> float:
    """Seconds from `begun` until the path is answered with 200."""
    while True:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.01)
            continue
        status = await ask(reader, writer, get(path.decode(), token))
        writer.close()
        assert status == 200, status
        return time.perf_counter() - begun


def get(path: str, token: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n".encode()


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> int:
    """Sends one request; the status of its answer, read whole."""
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    at = head.lower().index(b"content-length:") + 15
    await reader.readexactly(int(head[at : head.index(b"\r", at)]))
    return int(head[9:12])


async def full(port: int, given: dict[str, Any]) -> dict[str, Any]:
    """As fast as CONNECTIONS connections can ask, for `seconds` or `requests`."""
    dice, failed, answered = random.Random(1), 0, 0
    every = [get(path, token) for token in given["tokens"] for path in given["paths"]]
    if "seconds" in given:
        dice.shuffle(every)
    wanted = given.get("requests", 10**9)
    end = time.perf_counter() + given.get("seconds", 600)
    begun, turn = time.perf_counter(), 0

    async def go_on() -> None:
        nonlocal failed, answered, turn
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.perf_counter() < end and turn < wanted:
            request, turn = every[turn % len(every)], turn + 1
            failed += await ask(reader, writer, request) != 200
            answered += 1
        writer.close()

    await asyncio.gather(*(go_on() for _ in range(CONNECTIONS)))
    return {"requests": answered, "failed": failed, "per_s": answered / (time.perf_counter() - begun)}


async def steady(port: int, given: dict[str, Any]) -> dict[str, Any]:
    """RATE requests a second, sent when they are due whatever became of the others."""
    every = [get(path, token) for token in given["tokens"] for path in given["paths"]]
    random.Random(2).shuffle(every)
    # In turns: the service closes a connection that nobody uses.
    idle = deque([await asyncio.open_connection("127.0.0.1", port) for _ in range(MOST_CONNECTIONS)])
    free = asyncio.Semaphore(MOST_CONNECTIONS)
    times: list[float] = []
    late: list[float] = []
    failed = 0

    async def one(request: bytes, due: float) -> None:
        nonlocal failed
        late.append(time.perf_counter() - due)
        async with free:
            reader, writer = idle.popleft()
            failed += await ask(reader, writer, request) != 200
            times.append(time.perf_counter() - due)
            idle.append((reader, writer))

    begun, tasks = time.perf_counter(), []
    for number in range(int(given["seconds"] * RATE)):
        due = begun + number / RATE
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        tasks.append(asyncio.create_task(one(every[number % len(every)], due)))
    await asyncio.gather(*tasks)
    cuts = statistics.quantiles(times, n=1_000)
    return {
        "requests": len(times),
        "failed": failed,
        "median_ms": cuts[499] * 1e3,
        "p99_ms": cuts[989] * 1e3,
        "p999_ms": cuts[998] * 1e3,
        "late_ms": statistics.quantiles(late, n=100)[98] * 1e3,
    }


async def refused(port: int, given: dict[str, Any]) -> dict[str, Any]:
    """Reads without consent, of known and of unknown borrowers in turns: medians and their ratio."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    dice, times = random.Random(3), {"known": list[float](), "unknown": list[float]()}
    for number in range(2 * given["requests"]):
        kind = ("known", "unknown")[number % 2]
        borrower = bytes.fromhex(dice.choice(given["known"])) if kind == "known" else dice.randbytes(20)
        key = KeySigner(dice.randbytes(32))  # each reader asks once, so none asks too often
        body = signed_read(key, borrower, number)
        request = f"{POST}content-length: {len(body)}\r\n\r\n"
        begun = time.perf_counter()
        status = await ask(reader, writer, request.encode() + body)
        times[kind].append(time.perf_counter() - begun)
        assert status == 403, status
    known, unknown = (statistics.median(times[kind]) * 1e3 for kind in ("known", "unknown"))
    return {"known_ms": known, "unknown_ms": unknown, "ratio": known / unknown}


def signed_read(key: KeySigner, borrower: bytes, number: int) -> bytes:
    asked = ReadRequest(borrower, key.address, "band", PURPOSES[0], 0, int(time.time()), number)
    signature = key.sign_digest(request_digest(asked, Deployment(CHAIN, CONTRACT)))
    body = {
        "borrower": address_text(borrower),
        "reader": address_text(key.address),
        "what": asked.what,
        "purpose": asked.purpose,
        "time": asked.time,
        "nonce": str(number),
        "signature": "0x" + signature.hex(),
    }
    return json.dumps(body).encode()


LOADS = {"full": full, "steady": steady, "refused": refused}


# -------------------------------------------------------------------------------- what it took


class OwnMemory(threading.Thread):
    """The peak of another process's own memory, without mapped files: looked at every 20 ms."""

    def __init__(self, process: int) -> None:
        super().__init__(daemon=True)
        self._process, self._over, self._peak = process, threading.Event(), 0.0
        self.start()

    def run(self) -> None:
        """Until stopped."""
        while not self._over.wait(0.02):
            self._peak = max(self._peak, status_mb(self._process, "RssAnon"))

    def stop(self) -> float:
        """The peak so far."""
        self._over.set()
        return self._peak


def peak_mb(process: int) -> float:
    """Peak resident memory of another process, mapped files included."""
    return status_mb(process, "VmHWM")


def status_mb(process: int, name: str) -> float:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024


def cpu_s(process: int) -> float:
    """Processor time of another process so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def page_kb() -> float | None:
    """The built page's files, each compressed, in kilobytes; None without a page."""
    files = [path for path in DIST.rglob("*") if path.is_file()]
    return sum(len(gzip.compress(path.read_bytes())) for path in files) / 1024 if files else None


if __name__ == "__main__":
    sys.exit(main())
