"""Raw logs → rows of the ledger; pure.

Rules that hold here: a log becomes rows only when its contract is listed, its first topic is an
event of that contract's protocol, it is within the source's block span, and it has the
event's shape (see protocols/protocol.py); everything else is skipped, and nothing raises. Rows keep
the order of the logs, then of the legs. No ABI codec and no work log by log: logs of one contract,
event and size become columns together (see log_text.py and columns.py).
Adding a protocol = adding its file to protocols/ (docs/adding-a-protocol.md).
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import import_module
from pkgutil import iter_modules
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from ledger_reader import log_text
from ledger_reader import protocols as files
from ledger_reader.columns import Rows, array, binary, joined, read, texts
from ledger_reader.errors import Stop
from ledger_reader.ledger import EVENTS, NO_EVENTS
from ledger_reader.logs import ADDRESS, WORD, LogGroup, LogTable, Places
from ledger_reader.protocols.protocol import Event, Market, Protocol, market, worths
from ledger_reader.sources import MAX_INT, ChainSources, Source

PROTOCOLS: dict[str, Protocol] = {
    name: import_module(f"{files.__name__}.{name}").PROTOCOL
    for _, name, _ in iter_modules(files.__path__)
    if name != "protocol"
}
"""By name: what each file of protocols/ exports."""


class _Reading(NamedTuple):
    """How to read one event of one source."""

    protocol: str
    market: Market
    start_block: int
    end_block: int
    event: Event


_Plan = Mapping[bytes, Mapping[bytes, _Reading]]
"""By contract, by first topic."""


def topics(chain: ChainSources) -> list[str]:
    """All first topics (0x hex, sorted) that the chain's sources can emit; Stop for an unknown protocol."""
    return sorted({f"0x{topic0.hex()}" for readings in _plan(chain).values() for topic0 in readings})


def decode(table: LogTable, times: Mapping[int, int], chain: ChainSources) -> pa.Table:
    """The rows of the logs in the shape of EVENTS; `times` gives the Unix time of each log's block."""
    plan, table = _plan(chain), _joined(table, chain)
    parts = [
        _Part(reading.protocol, rows)
        for group in table.groups
        if (reading := _reading(plan, group)) is not None
        for rows in _rows(reading, group, table.block_numbers)
        if len(rows.at)
    ]
    return _events(parts, table, times, chain.chain_id)


def _reading(plan: _Plan, group: LogGroup) -> _Reading | None:
    """How to read logs; None when they are no event of the plan, or have not that event's shape."""
    found = plan.get(group.address, {}).get(group.topic0)
    if found is None or group.topics != 1 + len(found.event.indexed_types):
        return None
    return found if group.size >= WORD * found.event.data_words else None


def _rows(reading: _Reading, group: LogGroup, blocks: Places) -> Sequence[Rows]:
    """The rows of the logs, all of the reading's shape."""
    event, numbers = reading.event, blocks[group.at]
    found = read(group, event.names)
    found = found.where((numbers >= reading.start_block) & (numbers <= reading.end_block))
    for place, kind in enumerate(event.indexed_types):
        if kind == "address":
            dirt = found.word(place)[:, : WORD - ADDRESS] != 0
            if dirt.any():
                found = found.where(np.logical_not(dirt.any(axis=1)))
    return event.rows(found, reading.market) if len(found) else ()


def _joined(table: LogTable, chain: ChainSources) -> LogTable:
    """The logs after each protocol has joined those of its own that only mean something together."""
    for name in sorted({source.protocol for source in chain.sources}):
        join = PROTOCOLS[name].joined
        table = table if join is None else log_text.of(join(table.raw()))
    return table


class _Part(NamedTuple):
    """Rows of one protocol."""

    protocol: str
    rows: Rows


def _events(parts: Sequence[_Part], table: LogTable, times: Mapping[int, int], chain_id: int) -> pa.Table:
    """The parts' rows in order of log, then of leg."""
    if not parts:
        return NO_EVENTS
    counts = [len(part.rows.at) for part in parts]
    at = np.concatenate([part.rows.at for part in parts])
    legs = np.concatenate([np.full(n, p.rows.leg, np.int8) for p, n in zip(parts, counts, strict=True)])
    order = np.argsort(at << 8 | legs, kind="stable")
    at = at[order]
    blocks = table.block_numbers[at]
    arrays = {
        "chain_id": array(np.full(len(at), chain_id, np.int64)),
        "block_number": array(blocks),
        "log_index": array(table.log_indexes[at].astype(np.int32)),
        "leg": array(legs[order]),
        "block_time": array(_looked_up(times, blocks)),
        "tx_hash": binary(table.transaction_hashes.take(at, axis=0)),
        "protocol": _texts([part.protocol for part in parts], counts, order),
        "kind": _texts([part.rows.kind for part in parts], counts, order),
    }
    for field in list(EVENTS)[len(arrays) :]:
        arrays[field.name] = joined(
            [getattr(part.rows, field.name) for part in parts], counts, order, field.type
        )
    return pa.table(arrays, schema=EVENTS)


def _looked_up(times: Mapping[int, int], blocks: Places) -> Places:
    """The time of each block."""
    numbers = np.array(sorted(times), np.int64)
    known = np.array([times[number] for number in numbers.tolist()], np.int64)
    return known[np.searchsorted(numbers, blocks)]


def _texts(names: Sequence[str], counts: Sequence[int], order: Places) -> pa.Array:
    """One name a part, as a column of all rows."""
    codes = np.repeat(np.arange(len(names), dtype=np.int32), counts)[order]
    return texts(codes, names)


@lru_cache(maxsize=16)
def _plan(chain: ChainSources) -> _Plan:
    """By contract (lower-case 0x hex), by first topic: how to read it."""
    listed = worths(chain.assets)
    return {source.address: _readings(source, market(source, listed)) for source in chain.sources}


def _readings(source: Source, seen: Market) -> dict[bytes, _Reading]:
    protocol = PROTOCOLS.get(source.protocol)
    if protocol is None:
        known = ", ".join(PROTOCOLS)
        raise Stop(f"The protocol {source.protocol!r} is not known: use one of {known}.")
    return {
        bytes.fromhex(event.topic0[2:]): _Reading(
            protocol=protocol.name,
            market=seen,
            start_block=source.start_block,
            end_block=MAX_INT if source.end_block is None else source.end_block,
            event=event,
        )
        for event in protocol.events
    }
