"""Raw logs → rows of the ledger; pure.

Rules that hold here: a log becomes rows only when its contract is listed, its first topic is an
event of that contract's protocol, it is within the source's block span, and it has the
event's shape (see protocols/protocol.py); everything else is skipped, and nothing raises on any
log that is hex. Rows keep the order of the logs, then of the legs. No ABI codec: words are slices
of the hex text, columns are plain lists, which is the fastest way measured.
Adding a protocol: add its file to protocols/ and its name to PROTOCOLS.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import pyarrow as pa

from ledger_reader.errors import Stop
from ledger_reader.ledger import EVENTS
from ledger_reader.logs import RawLog
from ledger_reader.protocols import credit_oracle, erc20, llamalend, term_loans
from ledger_reader.protocols.protocol import Market, RowsOf, Words, market
from ledger_reader.sources import MAX_INT, ChainSources, Source

PROTOCOLS = {
    protocol.name: protocol
    for protocol in (credit_oracle.PROTOCOL, erc20.PROTOCOL, llamalend.PROTOCOL, term_loans.PROTOCOL)
}

_CLEAN = "0x" + "0" * 24

_FLUSH = 256
"""Rows that wait to be turned into columns: many living tuples would keep the garbage collector busy."""


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


def topics(chain: ChainSources) -> list[str]:
    """All first topics (0x hex, sorted) that the chain's sources can emit; Stop for an unknown protocol."""
    return sorted({topic0 for readings in _plan(chain).values() for topic0 in readings})


def decode(logs: Sequence[RawLog], times: Mapping[int, int], chain: ChainSources) -> pa.Table:
    """The rows of the logs in the shape of EVENTS; `times` gives the Unix time of each log's block."""
    plan = _plan(chain)
    columns: list[list[Any]] = [[] for _ in EVENTS]
    rows: list[tuple[Any, ...]] = []
    for log in logs:
        readings = plan.get(log.address.lower())
        reading = readings.get(log.topics[0].lower()) if readings and log.topics else None
        if reading is None or not _has_shape(log.topics, log.data, reading):
            continue
        number = int(log.block_number, 16)
        if not reading.start_block <= number <= reading.end_block:
            continue
        for row in reading.rows(log.topics, log.data, reading.market):
            rows.append(
                (
                    number,
                    int(log.log_index, 16),
                    row[0],
                    times[number],
                    bytes.fromhex(log.transaction_hash[2:]),
                    reading.protocol,
                    *row[1:],
                )
            )
        if len(rows) >= _FLUSH:
            _flush(rows, columns)
    _flush(rows, columns)
    columns[0] = [chain.chain_id] * len(columns[1])
    arrays = [_array(values, field.type) for values, field in zip(columns, EVENTS, strict=True)]
    return pa.Table.from_arrays(arrays, schema=EVENTS)


def _flush(rows: list[tuple[Any, ...]], columns: list[list[Any]]) -> None:
    """Move the rows into the columns after the first (the chain id)."""
    for column, values in zip(columns[1:], zip(*rows, strict=True), strict=False):
        column.extend(values)
    rows.clear()


def _has_shape(topics: Words, data: str, reading: _Reading) -> bool:
    if len(topics) != reading.topics or len(data) < reading.data_length:
        return False
    dirty = [index for index in reading.address_topics if topics[index][:26] != _CLEAN]
    return not dirty


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if not pa.types.is_decimal(kind):
        return pa.array(values, kind)
    # Decimals by their bytes: Arrow's own way from Python integers takes ten times as long.
    numbers = b"".join([(value or 0).to_bytes(16, "little") for value in values])
    known = pa.array([value is not None for value in values], pa.bool_())
    return pa.Array.from_buffers(kind, len(values), [known.buffers()[1], pa.py_buffer(numbers)])


@lru_cache(maxsize=16)
def _plan(chain: ChainSources) -> dict[str, dict[str, _Reading]]:
    """By contract (lower-case 0x hex), by first topic: how to read it."""
    return {
        f"0x{source.address.hex()}": _readings(source, market(source, chain.assets))
        for source in chain.sources
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
