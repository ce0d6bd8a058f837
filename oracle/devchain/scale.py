"""A rich economy of any size, without a chain: straight into a ledger, and from there into Parquet.

Rules that hold here: the same seed, borrowers and days give the same rows, however many processes work;
the rows are those of rehearsal.py (a test plays an economy on a chain and compares), but for their places on
the chain: a block has the number that its time gives at BLOCK_SECONDS each. A large economy is many towns of
TOWN borrowers, each an economy of a seed of its own with contracts of its own and one coin for all; the
towns' clocks differ by a block, so that no two share one. In memory are the towns being worked on and
the days being merged, never all; town by town waits on disk, in the ledger's folder, for its turn.
"""

import multiprocessing
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ledger_reader.errors import Stop
from ledger_reader.keccak import keccak256
from ledger_reader.ledger import BLOCKS, EVENTS, ChainBlock
from ledger_reader.store import LedgerStore
from oracle.devchain.anvil import CHAIN_ID, GENESIS_TIME
from oracle.devchain.deploy import DAY
from oracle.devchain.economy import MAX_DAYS, plan
from oracle.devchain.people import MIN_BORROWERS, address
from oracle.devchain.rehearsal import addresses, rehearse

MAX_BORROWERS = 1_000_000
TOWN = 500
BLOCK_SECONDS = 12
MERGED_BORROWER_DAYS = 700_000
"""So many days of one borrower are merged at a time: about a million rows."""

MEMORY = "500MB"
"""Of DuckDB, while it holds the ledger; it puts the rest on disk."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Town:
    """One of the economies that a large one is made of: its number, its seed, and of how many borrowers."""

    number: int
    seed: int
    borrowers: int


def towns(seed: int, borrowers: int) -> tuple[Town, ...]:
    """The towns of an economy, of TOWN borrowers at most; the first has the seed itself."""
    if not MIN_BORROWERS <= borrowers <= MAX_BORROWERS:
        raise Stop(f"A rehearsal has from {MIN_BORROWERS} to {MAX_BORROWERS} borrowers, not {borrowers}.")
    count = -(-borrowers // TOWN)
    sizes = [borrowers // count + (number < borrowers % count) for number in range(count)]
    return tuple(Town(number, _seed(seed, number), size) for number, size in enumerate(sizes))


def town_rows(town: Town, coin: bytes, days: int) -> pa.Table:
    """All events of one town in order, in the shape of EVENTS; only the first has the cast."""
    start = GENESIS_TIME + town.number * BLOCK_SECONDS
    economy = plan(town.seed, town.borrowers, days, start, rich=True, has_cast=town.number == 0)
    rows = rehearse(economy, addresses(town.seed) | {"coin": coin})
    numbers = [number_at(time) for time in rows["block_time"].to_pylist()]
    place = EVENTS.get_field_index("block_number")
    return rows.set_column(place, EVENTS.field("block_number"), pa.array(numbers, pa.int64()))


def number_at(time: int) -> int:
    """The number of the block at a time."""
    return (time - GENESIS_TIME) // BLOCK_SECONDS + 1


def rehearse_into_ledger(
    path: Path,
    seed: int,
    borrowers: int,
    days: int = 365,
    workers: int = 2,
    on_progress: Progress | None = None,
) -> ChainBlock:
    """Write an economy's events into a new ledger file at `path`; its head, at the end of the last day.

    Stop out of range (borrowers up to MAX_BORROWERS), or when the ledger has a chain already.
    `on_progress(done, all)` counts towns. A year of a borrower is about 440 rows.
    """
    if not 1 <= days <= MAX_DAYS:
        raise Stop(f"An economy's days must be from 1 to {MAX_DAYS}, not {days}.")
    all_towns, waiting = towns(seed, borrowers), path.with_name(f"{path.name}.towns")
    waiting.mkdir(parents=True)
    try:
        span = max(1, min(30, MERGED_BORROWER_DAYS // borrowers))
        _write_towns(waiting, all_towns, address(seed, "coin of all towns"), days, span, workers, on_progress)
        with LedgerStore(path, memory_limit=MEMORY) as store:
            return _merge(store, sorted(waiting.iterdir()), seed, days, span)
    finally:
        shutil.rmtree(waiting)


def rehearse_to_parquet(
    folder: Path,
    seed: int,
    borrowers: int,
    days: int = 365,
    workers: int = 2,
    on_progress: Progress | None = None,
) -> ChainBlock:
    """As `rehearse_into_ledger`, but an exported ledger of Parquet files (see parquet.py) in a new folder."""
    path = folder.with_name(f"{folder.name}.duckdb")
    try:
        head = rehearse_into_ledger(path, seed, borrowers, days, workers, on_progress)
        with LedgerStore(path, memory_limit=MEMORY) as store:
            store.export(folder)
    finally:
        path.unlink(missing_ok=True)
    return head


def _seed(seed: int, number: int) -> int:
    return seed if number == 0 else int.from_bytes(keccak256(f"{seed} town {number}".encode())[:7], "big")


def _write_towns(
    folder: Path,
    all_towns: tuple[Town, ...],
    coin: bytes,
    days: int,
    span: int,
    workers: int,
    on_progress: Progress | None,
) -> None:
    """A file for each town, of a row group for each span of days."""
    work = partial(_write_town, folder, coin=coin, days=days, span=span)
    told = on_progress or (lambda _done, _all: None)
    if workers == 1:
        for done, _ in enumerate(map(work, all_towns), 1):
            told(done, len(all_towns))
        return
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        for done, _ in enumerate(pool.map(work, all_towns), 1):
            told(done, len(all_towns))


def _write_town(folder: Path, town: Town, coin: bytes, days: int, span: int) -> None:
    rows = town_rows(town, coin, days)
    numbers = rows["block_number"].to_numpy()
    with pq.ParquetWriter(folder / f"{town.number:06}.parquet", EVENTS, compression="zstd") as writer:
        for last in _span_ends(days, span):
            upto = int(numbers.searchsorted(last, "right"))
            writer.write_table(rows.slice(0, upto), row_group_size=max(1, upto))
            rows, numbers = rows.slice(upto), numbers[upto:]


def _span_ends(days: int, span: int) -> Iterator[int]:
    """The last block of each span of days; that of the last day is the head."""
    for day in range(span, days + span, span):
        yield number_at(GENESIS_TIME + min(day, days) * DAY + 1)


def _merge(store: LedgerStore, files: list[Path], seed: int, days: int, span: int) -> ChainBlock:
    """Span by span, the rows of all towns."""
    for place, last in enumerate(_span_ends(days, span)):
        rows = pa.concat_tables([_row_group(file, place) for file in files])
        time = GENESIS_TIME + (last - 1) * BLOCK_SECONDS
        head = ChainBlock(CHAIN_ID, last, _hash(seed, last), time)
        store.append(rows, _blocks(rows, head, seed), head)
    return head


def _row_group(file: Path, place: int) -> pa.Table:
    with pq.ParquetFile(file) as opened:
        return opened.read_row_group(place)


def _blocks(rows: pa.Table, head: ChainBlock, seed: int) -> pa.Table:
    times = dict(zip(rows["block_number"].to_pylist(), rows["block_time"].to_pylist(), strict=True))
    times[head.number] = head.time
    numbers = sorted(times)
    columns = {
        "chain_id": [CHAIN_ID] * len(numbers),
        "number": numbers,
        "hash": [_hash(seed, number) for number in numbers],
        "parent_hash": [None] * len(numbers),
        "time": [times[number] for number in numbers],
    }
    return pa.table(columns, schema=BLOCKS)


def _hash(seed: int, number: int) -> bytes:
    return keccak256(f"{seed} block {number}".encode())
