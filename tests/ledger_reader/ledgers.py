"""Small ledgers for tests: rows of events and blocks, and a store filled with them."""

from typing import Any

import pyarrow as pa

from ledger_reader.ledger import BLOCKS, EVENTS, ChainBlock, Snapshot
from ledger_reader.store import LedgerStore

ALICE = b"\xa1" * 20


def block_hash(number: int) -> bytes:
    return number.to_bytes(32)


def event(number: int, chain_id: int = 1, index: int = 0, **changes: Any) -> dict[str, Any]:
    row = dict.fromkeys(EVENTS.names) | {
        "chain_id": chain_id,
        "block_number": number,
        "log_index": index,
        "leg": 0,
        "block_time": number * 12,
        "tx_hash": bytes(32),
        "protocol": "erc20",
        "kind": "transfer_in",
        "account": ALICE,
    }
    return row | changes


def head(number: int, chain_id: int = 1) -> ChainBlock:
    return ChainBlock(chain_id, number, block_hash(number), number * 12)


def append(
    store: LedgerStore, numbers: list[int], end: int, chain_id: int = 1, after: int | None = None
) -> None:
    """One event in each of the blocks, read up to block `end`."""
    append_rows(store, [event(number, chain_id) for number in numbers], end, chain_id, after)


def append_rows(
    store: LedgerStore, rows: list[dict[str, Any]], end: int, chain_id: int = 1, after: int | None = None
) -> None:
    """The events, read up to block `end`, with their blocks and that one."""
    times = {end: end * 12} | {row["block_number"]: row["block_time"] for row in rows}
    known = [block(number, chain_id, time=time) for number, time in sorted(times.items())]
    last = ChainBlock(chain_id, end, block_hash(end), times[end])
    store.append(pa.Table.from_pylist(rows, EVENTS), pa.Table.from_pylist(known, BLOCKS), last, after)


def block(number: int, chain_id: int = 1, **changes: Any) -> dict[str, Any]:
    row = {
        "chain_id": chain_id,
        "number": number,
        "hash": block_hash(number),
        "parent_hash": block_hash(number - 1) if number else bytes(32),
        "time": number * 12,
    }
    return row | changes


def fill(store: LedgerStore, ranges: int, chain_id: int = 1, width: int = 2_000) -> None:
    """So many ranges of `width` blocks after the head, each with an event in every block."""
    found = store.head(chain_id)
    first = 0 if found is None else found.number + 1
    for start in range(first, first + ranges * width, width):
        append(store, list(range(start, start + width)), start + width - 1, chain_id)


def numbers_in(store: LedgerStore, *blocks: ChainBlock) -> list[int]:
    return sorted(store.events(Snapshot(blocks)).to_pyarrow()["block_number"].to_pylist())
