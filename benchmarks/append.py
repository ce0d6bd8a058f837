"""Appending to a long ledger against appending to an empty one, with prices and memory bounded.

append_20m_ratio is seconds per million events appended at 20 million ÷ the same when empty: medians of
runs in which the two take turns, range by range, so that a busy machine disturbs both alike. `--quick`
fills to 2 million only.
"""

import argparse
import json
import resource
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ledger_reader.ledger import BLOCKS, EVENTS, ChainBlock
from ledger_reader.sources import Asset, ChainSources, Source
from ledger_reader.store import LedgerStore

RANGE = 20_000
"""Events of one append: a sixth of the reader's transaction in a long sync, which is the harder case."""

BLOCK_EVENTS = 100
COIN, FEED = b"\x0c" * 20, b"\x0f" * 20
SOURCES = ChainSources(
    1, (Source("price_feed", FEED, 0, COIN, decimals=8), Source("erc20", COIN, 0)), (Asset(COIN, "COIN", 18),)
)
MEMORY = "200MB"

Range = tuple[pa.Table, pa.Table, ChainBlock]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fill to 2 million events only")
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line")
    parser.add_argument("--folder", type=Path, help="where to put the ledgers (default: a temporary folder)")
    arguments = parser.parse_args()
    millions = 2 if arguments.quick else 20
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        found = append_ratio(Path(folder), millions)
    for name, value in found.items():
        print(f"{name:<28} {value}")
    if arguments.json:
        print(json.dumps(found))


def append_ratio(folder: Path, millions: int, runs: int = 3) -> dict[str, Any]:
    """Seconds per million events appended to an empty ledger and to one of `millions`, and their ratio."""
    ranges = [one_range(index * RANGE // BLOCK_EVENTS) for index in range(1_000_000 // RANGE)]
    with LedgerStore(folder / "full", memory_limit=MEMORY) as store:
        store.bind(SOURCES)
        began = time.perf_counter()
        for million in range(millions):
            for part in ranges:
                store.append(*moved_on(part, million))
        filling = (time.perf_counter() - began) / millions
        pairs = [compare(store, folder / f"empty{run}", ranges, millions + run) for run in range(runs)]
        looking = head_seconds(store)
        rolling = roll_back_seconds(store)
    full, empty = (statistics.median(seconds) for seconds in zip(*pairs, strict=True))
    return {
        "append_20m_ratio": round(full / empty, 3),
        "events": millions * 1_000_000,
        "append_empty_s_per_million": round(empty, 2),
        "append_full_s_per_million": round(full, 2),
        "fill_s_per_million": round(filling, 2),
        "head_ms": round(looking * 1000, 2),
        "roll_back_ms": round(rolling * 1000, 1),
        "append_peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def compare(full: LedgerStore, path: Path, ranges: list[Range], million: int) -> tuple[float, float]:
    """Seconds to append a million events to the full ledger and to a new one, range by range in turn."""
    told = [0.0, 0.0]
    with LedgerStore(path, memory_limit=MEMORY) as empty:
        empty.bind(SOURCES)
        for part in ranges:
            for index, (store, moved) in enumerate(((full, moved_on(part, million)), (empty, part))):
                began = time.perf_counter()
                store.append(*moved)
                told[index] += time.perf_counter() - began
    return told[0], told[1]


def moved_on(part: Range, million: int) -> Range:
    """The same events so many millions of events later."""
    events, blocks, head = part
    by = million * 1_000_000 // BLOCK_EVENTS
    for name, step in (("block_number", by), ("block_time", by * 12)):
        place = EVENTS.get_field_index(name)
        events = events.set_column(place, EVENTS.field(name), pc.add(events[name], step))
    for name, step in (("number", by), ("time", by * 12)):
        place = BLOCKS.get_field_index(name)
        blocks = blocks.set_column(place, BLOCKS.field(name), pc.add(blocks[name], step))
    return events, blocks, ChainBlock(1, head.number + by, head.hash, head.time + by * 12)


def head_seconds(store: LedgerStore) -> float:
    began = time.perf_counter()
    for _ in range(100):
        store.head(1)
    return (time.perf_counter() - began) / 100


def roll_back_seconds(store: LedgerStore) -> float:
    head = store.head(1)
    assert head is not None
    began = time.perf_counter()
    store.roll_back(1, head.number - 64)
    return time.perf_counter() - began


def one_range(first_block: int) -> Range:
    """RANGE events of which one in a hundred is a price, with their blocks and the last of them."""
    index = np.arange(RANGE)
    numbers = first_block + index // BLOCK_EVENTS
    is_price = index % BLOCK_EVENTS == 0
    noise = np.random.default_rng(first_block).integers(0, 2**63, (RANGE, 5))
    words = noise.tobytes()
    accounts = pa.array([words[i * 40 : i * 40 + 20] for i in range(RANGE)], pa.binary())
    accounts = pa.array(np.where(is_price, FEED, accounts.to_numpy(zero_copy_only=False)), pa.binary())
    columns = {
        "chain_id": np.ones(RANGE, np.int64),
        "block_number": numbers,
        "log_index": (index % BLOCK_EVENTS).astype(np.int32),
        "leg": np.zeros(RANGE, np.int8),
        "block_time": numbers * 12,
        "tx_hash": pa.array([words[i * 40 : i * 40 + 32] for i in range(RANGE)], pa.binary()),
        "protocol": np.where(is_price, "price_feed", "erc20"),
        "kind": np.where(is_price, "price", "transfer_in"),
        "account": accounts,
        "counterparty": accounts,
        "asset": [COIN] * RANGE,
        "amount": [int(n) for n in noise[:, 0]],
        "value_cents": [None] * RANGE,
        "loan_id": [None] * RANGE,
        "due_time": [None] * RANGE,
    }
    events = pa.Table.from_pydict(columns, EVENTS)
    known = [
        {"chain_id": 1, "number": n, "hash": n.to_bytes(32), "parent_hash": None, "time": n * 12}
        for n in range(first_block, int(numbers[-1]) + 1)
    ]
    last = known[-1]
    head = ChainBlock(1, last["number"], last["hash"], last["time"])  # type: ignore[arg-type]
    return events, pa.Table.from_pylist(known, BLOCKS), head


if __name__ == "__main__":
    main()
