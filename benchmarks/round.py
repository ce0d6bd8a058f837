"""A whole round: from the moment the snapshot is final to the root on chain, by four nodes on this machine.

A development chain holds so many events of so many enrolled borrowers: everybody drew and repaid two loans,
and paid another again and again. The logs are put there under the contracts' own addresses by code that is
swapped for the contracts' for a while, a hundred logs a transaction. Then four nodes, each a process with
its own folder and an empty ledger, wait for the epoch to end; the clock starts when blocks on top of the
snapshot make it final. Phases are of the slowest node: `sync_s` reads all events anew (a node that reads
along has next to nothing left), `measure_s` all features, `score_s` the scorecard (timed apart, on the same
ledger), `commit_s` tree and files, `agree_s` until a quorum's signatures are there, `publish_s` until the
contract holds the root. Two processors do the work of four nodes and of the chain. `--quick`: a fiftieth.
"""

import argparse
import contextlib
import json
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from read_fill import Log, calldata

from ledger_reader.keccak import keccak256
from ledger_reader.store import LedgerStore
from models import manifest as manifests
from models import scorecard as scorecards
from models.features.catalogue import FEATURES, feature_set_version
from models.manifest import Manifest
from models.rules import Rule
from models.scorecard import Scorecard, score
from models.scoring import measure_population
from models.segment import Segment, Term
from oracle.contract import load_abi
from oracle.devchain.anvil import GENESIS_TIME, Transaction
from oracle.devchain.deploy import DAY
from oracle.devchain.stage import EPOCH, LENGTH, Stage, open_stage, outcome
from oracle.verbs.ledgers import head_of

BORROWERS, EVENTS = 10_000, 500_000
END = GENESIS_TIME + EPOCH * LENGTH + 30 * DAY
FIRST = END - 4 * DAY
"""When the history begins: nothing of an earlier epoch is due any more."""

LOANS = 2
BLOCK_LOGS, TRANSACTION_LOGS = 1_000, 100
SENDER = keccak256(b"credit-oracle benchmark")[12:]
ENROLLED = keccak256(b"Enrolled(address)")
TRANSFER = keccak256(b"Transfer(address,address,uint256)")
DRAWN = keccak256(b"LoanDrawn(uint256,address,uint128,uint128,uint64,bool)")
REPAID = keccak256(b"LoanRepaid(uint256,address,address,uint128,uint128)")
_WHEN = "%Y-%m-%d %H:%M:%S,%f"

Placed = tuple[bytes, Log]
"""A log, and the address that emits it."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{BORROWERS // 50} borrowers")
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line")
    options = parser.parse_args()
    share = 50 if options.quick else 1
    with contextlib.ExitStack() as stack:
        path = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stage = world(stack, path, BORROWERS // share, EVENTS // share)
        figures = measure(stage)
    for name, figure in figures.items():
        print(f"{name:<12} {figure:12,.2f}")
    notes = {"phases": "of the slowest of four nodes on two processors; total_s is by a clock on the wall"}
    if options.json:
        print(json.dumps({**figures, "notes": notes}))
    return 0


def world(stack: contextlib.ExitStack, path: Path, borrowers: int, events: int) -> Stage:
    """Contracts, a model, and the events, a minute before the epoch's end."""
    stage = open_stage(stack, path, END - EPOCH * LENGTH, END)
    card = a_card()
    manifest = Manifest(
        scorecard=scorecards.save(card, path / "model"),
        feature_set=feature_set_version(),
        sources=(stage.sources,),
        population="enrolled",
        schedule=stage.deployment.schedule,
        reference=(1,) * 10,
    )
    identity = manifests.save(manifest, path / "model")
    stage.propose("0x" + identity.hex())
    stage.anvil.advance_to(FIRST)
    with emitting(stage):
        stage.anvil.mine_blocks(blocks(list(history(stage, borrowers, events))))
    stage.anvil.advance_to(END - 60)
    stage.furnish(path / "model" / "manifests" / f"{identity.hex()}.json")
    return stage


def measure(stage: Stage) -> dict[str, float]:
    """One round of four nodes that were waiting; seconds of each phase."""
    with contextlib.ExitStack() as stack:
        running = [
            stack.enter_context(stage.process(home, {}, "node", "--once", "--json")) for home in stage.homes
        ]
        until(lambda: all("waiting" in log_of(home) for home in stage.homes))
        start = time.perf_counter()
        stage.anvil.advance_to(END + 60)
        stage.anvil.automine(True)
        until(lambda: stage.oracle.latest_epoch() == EPOCH)
        total = time.perf_counter() - start
        rounds = [outcome(process, home) for process, home in zip(running, stage.homes, strict=True)]
    if len({each["root"] for each in rounds}) != 1 or not all(each["agrees"] for each in rounds):
        raise SystemExit("the nodes do not agree")
    slowest = {name: max(each["seconds"][name] for each in rounds) for name in rounds[0]["seconds"]}
    found, events = scoring(stage)
    publishing = min(filter(None, (publish_seconds(home) for home in stage.homes)), default=0.0)
    return {
        "borrowers": rounds[0]["leaves"],
        "events": events,
        "sync_s": slowest["sync_s"],
        "measure_s": slowest["score_s"] - found,
        "score_s": found,
        "commit_s": slowest["commit_s"],
        "agree_s": max(0.0, min(each["seconds"]["agree_s"] for each in rounds) - publishing),
        "publish_s": publishing,
        "total_s": total,
    }


def scoring(stage: Stage) -> tuple[float, int]:
    """Seconds of the scorecard alone over what a node measured, and how many events its ledger holds."""
    with LedgerStore(stage.homes[0] / "ledger.duckdb") as store:
        events = store.events(head_of(store, [stage.deployment.chain_id]))
        count = int(events.count().to_pyarrow().as_py())
        matrix = measure_population(events, "enrolled", stage.deployment.schedule.until(EPOCH))
    start = time.perf_counter()
    score(a_card(), matrix)
    return time.perf_counter() - start, count


def publish_seconds(home: Path) -> float | None:
    """From a quorum to the mined transaction, as the log of the node that sent it has it; None elsewhere."""
    moments: dict[str, datetime] = {}
    for line in log_of(home).splitlines():
        if re.search(r" [34] signatures, 3 needed", line):
            moments.setdefault("quorum", datetime.strptime(line[:23], _WHEN))  # noqa: DTZ007
        if "published in" in line:
            moments["done"] = datetime.strptime(line[:23], _WHEN)  # noqa: DTZ007
    return (moments["done"] - moments["quorum"]).total_seconds() if len(moments) == 2 else None


def log_of(home: Path) -> str:
    path = home / "log.txt"
    return path.read_text() if path.exists() else ""


def until(condition: Any, seconds: float = 900) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit("it did not come to that in time")
        time.sleep(0.1)


@contextlib.contextmanager
def emitting(stage: Stage) -> Iterator[None]:
    """The contracts emit whatever they are told, until the block ends; their state stays."""
    rpc, deployment = stage.anvil.rpc, stage.deployment
    contracts = (deployment.oracle, deployment.coin, deployment.loans)
    kept = {each: rpc.call("eth_getCode", ["0x" + each.hex(), "latest"]) for each in contracts}
    for each in contracts:
        stage.anvil.set_code(each, load_abi("LogReplayer").runtime)
    yield
    for each, code in kept.items():
        stage.anvil.set_code(each, bytes.fromhex(code[2:]))


def history(stage: Stage, borrowers: int, events: int) -> Iterator[Placed]:
    """Enrolments, loans drawn and repaid, and transfers (of two events each) up to `events`."""
    deployment, people = stage.deployment, [account(index) for index in range(borrowers)]
    for who in people:
        yield deployment.oracle, ((ENROLLED, who), b"")
    for loan in range(LOANS * borrowers):
        who, owed = people[loan % borrowers], word(50_000_000 + loan)
        drawn = word(50_000_000) + owed + word(FIRST + 30 * DAY) + word(0)
        yield deployment.loans, ((DRAWN, word(loan), who), drawn)
        yield deployment.loans, ((REPAID, word(loan), who, who), owed + word(0))
    for index in range((events - borrowers - 2 * LOANS * borrowers) // 2):
        pair = people[index % borrowers], people[(7 * index + 1) % borrowers]
        yield deployment.coin, ((TRANSFER, *pair), word(2_000_000 + index))


def blocks(logs: list[Placed]) -> Iterator[tuple[list[Transaction], int]]:
    """A thousand logs a block, a hundred a transaction, each transaction of one contract."""
    for number, start in enumerate(range(0, len(logs), BLOCK_LOGS)):
        sent = []
        for at in range(start, min(start + BLOCK_LOGS, len(logs)), TRANSACTION_LOGS):
            part = logs[at : at + TRANSACTION_LOGS]
            for contract in dict.fromkeys(to for to, _ in part):
                call = calldata([log for to, log in part if to == contract])
                sent.append(Transaction(SENDER, contract, call, gas=2_000_000))
        yield sent, FIRST + 60 * (number + 1)


def a_card() -> Scorecard:
    """Two terms: loans repaid, and loans late."""
    terms = (
        Term(("loans_repaid",), ((1, 10),), (0, -40, 0, 120)),
        Term(("loans_late",), ((1,),), (0, 20, -90)),
    )
    rules = (Rule("borrower", "scored", (("borrows_total", ">=", 1),)),)
    segment = Segment(600, terms, ((300, 3_000), (600, 400), (700, 100)), (20,) * 10)
    return Scorecard("benchmark", tuple(each.name for each in FEATURES), rules, {"borrower": segment})


def account(index: int) -> bytes:
    return keccak256(b"%d" % index)[12:].rjust(32, b"\0")


def word(value: int) -> bytes:
    return value.to_bytes(32, "big")


if __name__ == "__main__":
    sys.exit(main())
