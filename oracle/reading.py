"""The `read` verb: a sync that people watch and interrupt.

Rules that hold here: progress goes to standard error, as a bar on a terminal and otherwise as a line now
and then; a transaction is whole or absent, so that Ctrl-C loses nothing, and one sentence says where the
same command goes on; rates and times left are of the last seconds, not of the whole run.
"""

import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TextColumn
from rich.progress import Progress as Bar

from ledger_reader import checks
from ledger_reader import sources as source_lists
from ledger_reader.errors import Interrupted, Stop
from ledger_reader.ledger import ChainBlock, Snapshot
from ledger_reader.pace import PATIENT
from ledger_reader.reader import Progress, sync
from ledger_reader.rpc import Rpc
from ledger_reader.sources import ChainSources
from ledger_reader.store import LedgerStore
from models import plain

MEMORY_LIMIT, THREADS = "128MB", 1
"""What DuckDB may use while it takes rows in: less makes it write and read again what a transaction holds."""

WINDOW_S = 10.0
LINE_EVERY_S = 5.0


def read_chain(
    urls: Sequence[str],
    chain: ChainSources,
    ledger: Path,
    until_block: int | None = None,
    verify: str | None = None,
    confirmations: int | None = None,
    rate: float | None = None,
) -> dict[str, Any]:
    """Sync a ledger and tell of it on standard error; Interrupted on Ctrl-C.

    `verify`: "receipts", "quorum=k", or None; `rate`: calls a second to each address.
    """
    with (
        Rpc(tuple(urls), chain_id=chain.chain_id, rate=rate, patience=PATIENT) as rpc,
        LedgerStore(ledger, memory_limit=MEMORY_LIMIT, threads=THREADS) as store,
    ):
        check = checks.named(verify, rpc, chain)
        before = store.head(chain.chain_id)
        try:
            with _watching(Meter(time.monotonic(), before.number if before else -1)) as watch:
                head = sync(rpc, store, chain, until_block, watch.see, confirmations, check)
        except KeyboardInterrupt:
            raise Interrupted(_where(ledger, chain.chain_id, store.head(chain.chain_id))) from None
        total = int(store.events(Snapshot((head,))).count().to_pyarrow().as_py())
    told = {
        "chainId": head.chain_id,
        "block": head.number,
        "blockHash": "0x" + head.hash.hex(),
        "blockTime": head.time,
        "newEvents": watch.events,
        "events": total,
    }
    return told if check is None else told | {"verified": verify, **_checked(check.checked)}


def chain_of(sources: Path, content: bytes) -> ChainSources:
    """The one chain that a sources file names; Stop when it is none, or several."""
    chains = source_lists.from_json(plain.read(content, str(sources)))
    if len(chains) != 1:
        raise Stop(f"{sources} names {len(chains)} chains; `read` takes the sources of one chain at a time.")
    return chains[0]


def _checked(found: checks.Checked) -> dict[str, int]:
    return {
        "headersChecked": found.headers,
        "receiptsChecked": found.receipts,
        "receipts": found.transactions,
        "witnesses": found.witnesses,
    }


def _where(ledger: Path, chain_id: int, head: ChainBlock | None) -> str:
    if head is None:
        return f"stopped before anything of chain {chain_id} was stored in {ledger}; the same command begins."
    return (
        f"stopped: {ledger} holds chain {chain_id} up to block {head.number:,}, whole; the same command goes"
        f" on at block {head.number + 1:,}."
    )


# ------------------------------------------------------------------ what is seen


class Seen(NamedTuple):
    """A moment of a sync: events a second, and seconds left (None: nobody knows)."""

    events_per_s: float
    seconds_left: float | None


class Meter:
    """How fast a sync goes, over the last WINDOW_S seconds; pure."""

    def __init__(self, now: float, block: int) -> None:
        self._points = deque([(now, block, 0)])

    def see(self, now: float, progress: Progress) -> Seen:
        """The pace when `progress` is made at the second `now`."""
        if progress.rolled_back_to is not None:  # blocks are counted anew
            self._points = deque([(self._points[-1][0], progress.rolled_back_to, 0)])
        self._points.append((now, progress.block, progress.events))
        while len(self._points) > 2 and self._points[1][0] <= now - WINDOW_S:
            self._points.popleft()
        then, block, events = self._points[0]
        spent = max(now - then, 1e-3)
        blocks_per_s = (progress.block - block) / spent
        left = (progress.goal - progress.block) / blocks_per_s if blocks_per_s > 0 else None
        return Seen((progress.events - events) / spent, left)


def words(progress: Progress, seen: Seen) -> str:
    """One line for people."""
    told = [f"block {progress.block:,} of {progress.goal:,}", f"{progress.events:,} events"]
    told.append(f"{seen.events_per_s:,.0f} events/s")
    if progress.block < progress.goal and seen.seconds_left is not None:
        told.append(f"{duration(seen.seconds_left)} left")
    return ", ".join(told)


def duration(seconds: float) -> str:
    """In the largest unit that fits: 42 s, 3 min, 2 h 5 min, 4 d 1 h."""
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{seconds:.0f} s"
    if minutes < 90:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes // 1440} d {minutes % 1440 // 60} h"


class _Face(Protocol):
    """Where progress is shown."""

    def show(self, progress: Progress, line: str) -> None:
        """The latest state."""


class Watch:
    """Shows a sync's progress on a face; `events`: rows added so far."""

    def __init__(self, meter: Meter, face: _Face) -> None:
        self._meter, self._face, self.events = meter, face, 0

    def see(self, progress: Progress) -> None:
        """To be called after each transaction."""
        self.events = progress.events
        seen = self._meter.see(time.monotonic(), progress)
        if progress.rolled_back_to is not None:
            print(_rolled_back(progress), file=sys.stderr)  # noqa: T201
        self._face.show(progress, words(progress, seen))


def _rolled_back(progress: Progress) -> str:
    return (
        f"The chain was reorganised: what the ledger held of chain {progress.chain_id} after block"
        f" {progress.rolled_back_to:,} is undone and read anew."
    )


@contextmanager
def _watching(meter: Meter) -> Iterator[Watch]:
    if not sys.stderr.isatty():
        yield Watch(meter, _Lines())
        return
    columns = (SpinnerColumn(), BarColumn(), TextColumn("{task.description}"))
    with Bar(*columns, console=Console(stderr=True)) as bar:
        yield Watch(meter, _OnTerminal(bar))


class _Lines:
    """For logs and pipes: a line every few seconds, and one at the end."""

    def __init__(self) -> None:
        self._next = time.monotonic() + LINE_EVERY_S

    def show(self, progress: Progress, line: str) -> None:
        if progress.block < progress.goal and time.monotonic() < self._next:
            return
        self._next = time.monotonic() + LINE_EVERY_S
        print(line, file=sys.stderr, flush=True)  # noqa: T201


class _OnTerminal:
    """A bar that moves."""

    def __init__(self, bar: Bar) -> None:
        self._bar = bar
        self._task = bar.add_task("asking for the latest final block", total=None)

    def show(self, progress: Progress, line: str) -> None:
        self._bar.update(self._task, total=progress.goal, completed=progress.block, description=line)
