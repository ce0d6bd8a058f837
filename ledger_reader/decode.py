"""Raw logs → rows of the ledger; pure.

Rules that hold here: a log becomes rows only when its contract is listed, its first topic is an
event of that contract's protocol, it is within the source's block span, and it has the
event's shape (see protocols/protocol.py); everything else is skipped, and nothing raises on any
log that is hex. Rows keep the order of the logs, then of the legs. No ABI codec and no work log by
log: logs of one contract, event and size become columns together (see columns.py).
Adding a protocol = adding its file to protocols/ (docs/adding-a-protocol.md).
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import import_module
from pkgutil import iter_modules
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from ledger_reader import protocols as files
from ledger_reader.columns import Numbers, Places, Rows, binary, hashes, joined, read
from ledger_reader.errors import Stop
from ledger_reader.ledger import EVENTS
from ledger_reader.logs import Columns, RawLog, columns
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


_Shape = tuple[str, str, int, int]
"""(contract, first topic, number of topics, digits of data): what the logs of one `Logs` share."""

_Plan = Mapping[str, Mapping[str, _Reading]]


def topics(chain: ChainSources) -> list[str]:
    """All first topics (0x hex, sorted) that the chain's sources can emit; Stop for an unknown protocol."""
    return sorted({topic0 for readings in _plan(chain).values() for topic0 in readings})


def decode(logs: Sequence[RawLog], times: Mapping[int, int], chain: ChainSources) -> pa.Table:
    """The rows of the logs in the shape of EVENTS; `times` gives the Unix time of each log's block."""
    plan, told = _plan(chain), columns(_joined(logs, chain))
    numbers = {text: int(text, 16) for text in set(told.block_number)}
    blocks = np.array([numbers[text] for text in told.block_number], np.int64)
    parts = [
        _Part(reading.protocol, rows)
        for shape, at in _by_shape(told).items()
        if (reading := _reading(plan, shape)) is not None
        for rows in _rows(reading, told, at, blocks)
        if len(rows.at)
    ]
    return _table(parts, told, blocks, times, chain.chain_id)


def _by_shape(told: Columns) -> dict[_Shape, Places]:
    """Which logs have each shape."""
    codes: dict[_Shape, int] = {}
    fields = zip(told.address, told.topics, told.data, strict=True)
    code_of = np.array(
        [
            codes.setdefault((address, topics[0] if topics else "", len(topics), len(data)), len(codes))
            for address, topics, data in fields
        ],
        np.int32,
    )
    return {shape: np.flatnonzero(code_of == code) for shape, code in codes.items()}


def _reading(plan: _Plan, shape: _Shape) -> _Reading | None:
    """How to read logs; None when they are no event of the plan, or have not that event's shape."""
    address, topic0, topics, digits = shape
    found = plan.get(address.lower(), {}).get(topic0.lower())
    if found is None or topics != 1 + len(found.event.indexed_types):
        return None
    return found if digits >= 2 + 64 * found.event.data_words else None


def _rows(reading: _Reading, told: Columns, at: Places, blocks: Numbers) -> Sequence[Rows]:
    """The rows of the logs at these places, all of the reading's shape."""
    at = at[(blocks[at] >= reading.start_block) & (blocks[at] <= reading.end_block)]
    if not len(at):
        return ()
    event = reading.event
    found = read(told, at, event.names)
    for place, kind in enumerate(event.indexed_types):
        if kind == "address":
            dirt = found.word(place)[:, :12] != 0
            if dirt.any():
                found = found.where(np.logical_not(dirt.any(axis=1)))
    return event.rows(found, reading.market)


def _joined(logs: Sequence[RawLog], chain: ChainSources) -> Sequence[RawLog]:
    """The logs after each protocol has joined those of its own that only mean something together."""
    for name in sorted({source.protocol for source in chain.sources}):
        join = PROTOCOLS[name].joined
        logs = logs if join is None else join(logs)
    return logs


class _Part(NamedTuple):
    """Rows of one protocol."""

    protocol: str
    rows: Rows


def _table(
    parts: Sequence[_Part], told: Columns, blocks: Numbers, times: Mapping[int, int], chain_id: int
) -> pa.Table:
    """The parts' rows in order of log, then of leg."""
    if not parts:
        return EVENTS.empty_table()
    counts = [len(part.rows.at) for part in parts]
    at = np.concatenate([part.rows.at for part in parts])
    legs = np.concatenate([np.full(n, p.rows.leg, np.int8) for p, n in zip(parts, counts, strict=True)])
    order = np.argsort(at << 8 | legs, kind="stable")
    at = at[order]
    arrays = {
        "chain_id": pa.array(np.full(len(at), chain_id, np.int64)),
        "block_number": pa.array(blocks[at]),
        "log_index": pa.array(np.array([int(text, 16) for text in told.log_index], np.int32)[at]),
        "leg": pa.array(legs[order]),
        "block_time": pa.array(np.array([times[number] for number in blocks.tolist()], np.int64)[at]),
        "tx_hash": binary(hashes(told.transaction_hash).take(at, axis=0)),
        "protocol": _texts([part.protocol for part in parts], counts, order),
        "kind": _texts([part.rows.kind for part in parts], counts, order),
    }
    for field in list(EVENTS)[len(arrays) :]:
        arrays[field.name] = joined(
            [getattr(part.rows, field.name) for part in parts], counts, order, field.type
        )
    return pa.table(arrays, schema=EVENTS)


def _texts(texts: Sequence[str], counts: Sequence[int], order: Places) -> pa.Array:
    """One text a part, as a column of all rows."""
    codes = np.repeat(np.arange(len(texts), dtype=np.int32), counts)[order]
    return pa.DictionaryArray.from_arrays(codes, pa.array(texts)).dictionary_decode()


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
            event=event,
        )
        for event in protocol.events
    }
