"""Raw logs → rows of the ledger; pure.

Rules that hold here: a log becomes rows only when its contract is listed, its first topic is an
event of that contract's protocol, it is within the source's block span, and it has the
event's shape (see protocols/protocol.py); everything else is skipped, and nothing raises on any
log that is hex. Rows keep the order of the logs, then of the legs. No ABI codec: words are slices
of the hex text, columns are plain lists, which is the fastest way measured.
Adding a protocol = adding its file to protocols/ (docs/adding-a-protocol.md).
"""

import gc
from binascii import unhexlify
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from ledger_reader import protocols as files
from ledger_reader.errors import Stop
from ledger_reader.ledger import EVENTS
from ledger_reader.logs import RawLog
from ledger_reader.protocols.protocol import Market, Protocol, Row, RowsOf, Words, market, worths
from ledger_reader.sources import MAX_INT, ChainSources, Source

PROTOCOLS: dict[str, Protocol] = {
    name: import_module(f"{files.__name__}.{name}").PROTOCOL
    for _, name, _ in iter_modules(files.__path__)
    if name != "protocol"
}
"""By name: what each file of protocols/ exports."""

_LAST_ADDRESS = "0x" + "0" * 24 + "f" * 40
"""Words of hex are in order of their text: whatever comes later has dirt above an address."""

_FLUSH = 256
"""Rows that wait to be turned into columns: so few that their memory is used again at once."""


class _Reading(NamedTuple):
    """How to read one event of one source."""

    protocol: str
    market: Market
    start_block: int
    end_block: int
    topics: int
    address_topics: tuple[int, ...]
    data_length: int
    rows: RowsOf


_Plan = Mapping[str, Mapping[str, _Reading]]


def topics(chain: ChainSources) -> list[str]:
    """All first topics (0x hex, sorted) that the chain's sources can emit; Stop for an unknown protocol."""
    return sorted({topic0 for readings in _plan(chain).values() for topic0 in readings})


def decode(logs: Sequence[RawLog], times: Mapping[int, int], chain: ChainSources) -> pa.Table:
    """The rows of the logs in the shape of EVENTS; `times` gives the Unix time of each log's block.

    Hot: half a million rows a second. What is of the log is made by column, and repeated for its rows.
    """
    with _no_collection():
        return _decode(logs, times, chain)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Decoding makes many objects and no cycle: looking for some would take a tenth of its time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _decode(logs: Sequence[RawLog], times: Mapping[int, int], chain: ChainSources) -> pa.Table:
    plan = _plan(chain)
    numbers = {text: int(text, 16) for text in {log.block_number for log in logs}}
    kept: list[RawLog] = []
    protocols: list[str] = []
    legs: list[int] = []
    waiting: list[Row] = []
    columns: list[list[Any]] = [[] for _ in Row._fields]
    for log in _joined(logs, chain):
        reading = _reading(plan, log.address, log.topics, log.data)
        if reading is None:
            continue
        if not reading.start_block <= numbers[log.block_number] <= reading.end_block:
            continue
        rows = reading.rows(log.topics, log.data, reading.market)
        if rows:
            kept.append(log)
            protocols.append(reading.protocol)
            legs.append(len(rows))
            waiting += rows
        if len(waiting) >= _FLUSH:
            _flush(waiting, columns)
    _flush(waiting, columns)
    own = _of_logs(kept, numbers, times, protocols).take(pa.array(np.repeat(np.arange(len(kept)), legs)))
    of_rows = dict(zip(Row._fields, columns, strict=True))
    arrays = [
        own[field.name] if field.name in own.column_names else _array(of_rows[field.name], field.type)
        for field in list(EVENTS)[1:]
    ]
    chain_ids = pa.array(np.full(own.num_rows, chain.chain_id, np.int64))
    return pa.Table.from_arrays([chain_ids, *arrays], schema=EVENTS)


def _reading(plan: _Plan, address: str, topics: Words, data: str) -> _Reading | None:
    """How to read a log; None when it is no event of the plan, or has not that event's shape.

    Hex in lower case, as nearly all nodes write it, is looked up as it is.
    """
    readings = plan.get(address) or plan.get(address.lower())
    if not readings or not topics:
        return None
    found = readings.get(topics[0]) or readings.get(topics[0].lower())
    if found is None or len(topics) != found.topics or len(data) < found.data_length:
        return None
    for index in found.address_topics:
        if topics[index] > _LAST_ADDRESS:
            return None
    return found


def _joined(logs: Sequence[RawLog], chain: ChainSources) -> Sequence[RawLog]:
    """The logs after each protocol has joined those of its own that only mean something together."""
    for name in sorted({source.protocol for source in chain.sources}):
        join = PROTOCOLS[name].joined
        logs = logs if join is None else join(logs)
    return logs


def _flush(rows: list[Row], columns: list[list[Any]]) -> None:
    for column, values in zip(columns, zip(*rows, strict=True), strict=False):
        column.extend(values)
    rows.clear()


def _of_logs(
    logs: Sequence[RawLog], numbers: Mapping[str, int], times: Mapping[int, int], protocols: Sequence[str]
) -> pa.Table:
    """The columns that all rows of a log share, one row a log."""
    block_numbers = [numbers[log.block_number] for log in logs]
    return pa.table(
        {
            "block_number": pa.array(block_numbers, pa.int64()),
            "log_index": pa.array([int(log.log_index, 16) for log in logs], pa.int32()),
            "block_time": pa.array([times[number] for number in block_numbers], pa.int64()),
            "tx_hash": _hashes([log.transaction_hash for log in logs]),
            "protocol": pa.array(protocols, pa.string()),
        }
    )


def _hashes(words: Sequence[str]) -> pa.Array:
    """0x hex of 32 bytes each → binary, all at once."""
    digits = np.frombuffer("".join(words).encode("ascii"), np.uint8).reshape(-1, 66)[:, 2:]
    ends = np.arange(0, 32 * len(words) + 1, 32, dtype=np.int32)
    content = pa.py_buffer(unhexlify(digits.tobytes()))
    return pa.Array.from_buffers(pa.binary(), len(words), [None, pa.py_buffer(ends), content])


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if not pa.types.is_decimal(kind):
        return pa.array(values, kind)
    # Decimals by their bytes: Arrow's own way from Python integers takes ten times as long.
    numbers = b"".join([(value or 0).to_bytes(16, "little") for value in values])
    known = pa.array([value is not None for value in values], pa.bool_())
    return pa.Array.from_buffers(kind, len(values), [known.buffers()[1], pa.py_buffer(numbers)])


@lru_cache(maxsize=16)
def _plan(chain: ChainSources) -> _Plan:
    """By contract (lower-case 0x hex), by first topic: how to read it."""
    listed = worths(chain.assets)
    return {
        f"0x{source.address.hex()}": _readings(source, market(source, listed)) for source in chain.sources
    }


def _readings(source: Source, seen: Market) -> dict[str, _Reading]:
    protocol = PROTOCOLS.get(source.protocol)
    if protocol is None:
        known = ", ".join(PROTOCOLS)
        raise Stop(f"The protocol {source.protocol!r} is not known: use one of {known}.")
    return {
        event.topic0: _Reading(
            protocol=protocol.name,
            market=seen,
            start_block=source.start_block,
            end_block=MAX_INT if source.end_block is None else source.end_block,
            topics=1 + len(event.indexed_types),
            address_topics=tuple(i for i, t in enumerate(event.indexed_types, 1) if t == "address"),
            data_length=2 + 64 * event.data_words,
            rows=event.rows,
        )
        for event in protocol.events
    }
