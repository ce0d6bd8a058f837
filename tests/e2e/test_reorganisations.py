"""Reorganisations of depth 1 to 64 while events are being written: the ledger ends as the final chain.

Under HYPOTHESIS_PROFILE=fuzz every depth is tried, otherwise a few.
"""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from ledger_reader import reader
from ledger_reader.checks import named
from ledger_reader.errors import Retry
from ledger_reader.ledger import ChainBlock
from ledger_reader.reader import Progress, sync
from ledger_reader.rpc import Rpc, RpcError
from ledger_reader.store import LedgerStore
from tests.e2e.test_faults import furnish, mine, rows
from tests.e2e.test_reader import CHAIN, CHAIN_ID

CONFIRMATIONS = 3
BEFORE = 80
"""Blocks before the first reorganisation."""

IS_FUZZ = os.environ.get("HYPOTHESIS_PROFILE") == "fuzz"
DEPTHS = random.Random(8).sample(range(1, 65), 64) if IS_FUZZ else [1, 3, 4, 17, 64, 2, 40, 9]
DEEP = 25
"""From this depth on a reorganisation surely reaches what the ledger holds."""


@pytest.fixture
def chain(anvil: str) -> Iterator[Rpc]:
    with Rpc(anvil) as rpc:
        furnish(rpc)
        mine(rpc, BEFORE, random.Random(1))
        yield rpc


@contextmanager
def load(url: str) -> Iterator[threading.Lock]:
    """Blocks with events, one after another, from a thread of its own; none while the lock is taken."""
    ended, mining = threading.Event(), threading.Lock()

    def write() -> None:
        chance = random.Random(2)
        with Rpc(url) as rpc:
            while not ended.is_set():
                with mining, suppress(RpcError):  # a nonce of the branch that has just gone
                    mine(rpc, 1, chance)
                time.sleep(0.02)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield mining
    finally:
        ended.set()
        thread.join()


def reorganise(chain: Rpc, depth: int, mining: threading.Lock) -> None:
    """A node that mines and reorganises at a time may be left without a block, for good."""
    with mining:
        chain.call("anvil_reorg", (depth, []))


def read(url: str, store: LedgerStore, verify: str | None, told: list[Progress]) -> ChainBlock:
    """A sync, tried again while the chain moves under it."""
    deadline = time.monotonic() + 60
    while True:
        try:
            with Rpc([url, url], CHAIN_ID) as rpc:
                check = named(verify, rpc, CHAIN)
                return sync(rpc, store, CHAIN, None, told.append, confirmations=CONFIRMATIONS, check=check)
        except Retry:
            if time.monotonic() > deadline:
                raise


@pytest.mark.parametrize("verify", [None, "receipts", "quorum=2"])
def test_sync__reorganised_again_and_again_under_load__ends_as_the_final_chain(
    verify: str | None, chain: Rpc, anvil: str, tmp_path: Path
) -> None:
    told: list[Progress] = []
    with LedgerStore(tmp_path / "ledger") as store, LedgerStore(tmp_path / "fresh") as fresh:
        with load(anvil) as mining:
            for depth in DEPTHS:
                read(anvil, store, verify, told)
                reorganise(chain, depth, mining)
                read(anvil, store, verify, told)
        head = read(anvil, store, verify, told)
        assert head == read(anvil, fresh, None, [])
        assert head == chain.settled(CONFIRMATIONS).of(CHAIN_ID)
        assert rows(store) == rows(fresh) != []
    reported = [progress.rolled_back_to for progress in told if progress.rolled_back_to is not None]
    assert len(reported) >= sum(depth >= DEEP for depth in DEPTHS)
    assert min(reported) < max(progress.block for progress in told)


def test_sync__reorganised__old_branch_ends_and_new_one_begins_in_one_transaction(
    chain: Rpc, anvil: str, tmp_path: Path
) -> None:
    """At every moment that anybody hears of, the ledger is that of one chain."""
    with LedgerStore(tmp_path / "ledger") as store:
        seen: list[tuple[Progress, list[dict[str, Any]]]] = []
        old = read(anvil, store, None, [])
        before = rows(store)
        chain.call("anvil_reorg", (30, []))
        mine(chain, 10, random.Random(4))

        def look(progress: Progress) -> None:
            seen.append((progress, rows(store)))

        sync(chain, store, CHAIN, on_progress=look, confirmations=CONFIRMATIONS)
        first, then = seen[0]
        assert first.rolled_back_to is not None
        assert first.rolled_back_to <= old.number - 30 + CONFIRMATIONS
        assert first.block > first.rolled_back_to
        kept = [row for row in before if row["block_number"] <= first.rolled_back_to]
        assert then[: len(kept)] == kept
        hashes = {block.number: block.hash for block in chain.blocks(range(first.block + 1))}
        for number in store.block_numbers(CHAIN_ID):
            known = store.block(CHAIN_ID, number)
            assert known is not None
            assert known.hash == hashes.get(number, known.hash)
        assert all(progress.rolled_back_to is None for progress, _ in seen[1:])


@pytest.mark.parametrize("verify", [None, "receipts"])
def test_sync__reorganised_between_two_ranges_of_one_sync__both_branches_never_mix(
    verify: str | None, chain: Rpc, anvil: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "FIRST_SPAN", 8)
    monkeypatch.setattr(reader, "MAX_SPAN", 8)
    monkeypatch.setattr(reader, "BATCH_RANGES", 1)
    monkeypatch.setattr(reader, "AHEAD", 1)
    waiting, told = [60, 45, 30], list[Progress]()

    def reorganise(progress: Progress) -> None:
        told.append(progress)
        if waiting and progress.block > 40 - len(waiting):
            chain.call("anvil_reorg", (waiting.pop(), []))
            mine(chain, 5, random.Random(7))

    with LedgerStore(tmp_path / "ledger") as store, LedgerStore(tmp_path / "fresh") as fresh:
        check = named(verify, chain, CHAIN)
        head = sync(chain, store, CHAIN, None, reorganise, CONFIRMATIONS, check)
        assert waiting == []
        assert any(progress.rolled_back_to is not None for progress in told)
        read(anvil, fresh, None, [])
        assert rows(store) == [row for row in rows(fresh) if row["block_number"] <= head.number] != []


KILLED = """
import os, signal, sys, threading
from pathlib import Path
from tests.e2e.test_reorganisations import read
from ledger_reader.store import LedgerStore
with LedgerStore(sys.argv[2]) as ledger:
    read(sys.argv[1], ledger, "receipts", [])
    Path(sys.argv[2] + ".read").touch()
    threading.Timer(float(sys.argv[3]), os.kill, (os.getpid(), signal.SIGKILL)).start()
    while True:
        read(sys.argv[1], ledger, "receipts", [])
"""


def test_sync__killed_in_the_middle_of_reorganisations__ends_as_the_final_chain(
    chain: Rpc, anvil: str, tmp_path: Path
) -> None:
    path, marker, chance = tmp_path / "killed", tmp_path / "killed.read", random.Random(6)
    with load(anvil) as mining:
        for depth in (5, 30, 12):
            marker.unlink(missing_ok=True)
            command = [sys.executable, "-c", KILLED, anvil, str(path), f"{0.2 + chance.random() / 2:.3f}"]
            with subprocess.Popen(command, cwd=Path(__file__).parents[2]) as process:
                while not marker.exists():
                    assert process.poll() is None
                    time.sleep(0.01)
                time.sleep(0.1)
                reorganise(chain, depth, mining)
                assert process.wait() == -signal.SIGKILL
    with LedgerStore(path) as store, LedgerStore(tmp_path / "fresh") as fresh:
        assert store.head(CHAIN_ID) is not None
        assert read(anvil, store, "receipts", []) == read(anvil, fresh, None, [])
        assert rows(store) == rows(fresh) != []
