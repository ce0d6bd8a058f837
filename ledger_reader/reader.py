"""Bring a chain's ledger up to a settled block: which ranges, in which order, until where.

Rules that hold here: only finalized blocks are read, or, where asked for, blocks with so many others on
top; a range comes from one provider, is asked for while the one before is decoded, and decoded while those
before are stored (a few ahead, no more); several ranges go in by one transaction with the block that ends
them as the new head, so that a run killed at any moment goes on where the last transaction ended. All logs
of a block must agree on its hash and time, the blocks that begin and end a range with their headers, and
the first block of a range must be the child of the last block before it. Where the ledger's head is no
longer of the chain, the new branch goes in by the transaction that deletes the old one, and the caller
hears of it.
"""

import asyncio
import gc
from bisect import bisect_left
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, Protocol

import numpy as np
import pyarrow as pa

from ledger_reader.columns import array, binary, differ, maybe
from ledger_reader.decode import decode, topics
from ledger_reader.errors import Retry, Stop
from ledger_reader.ledger import BLOCKS, MAX_TIME, ChainBlock
from ledger_reader.logs import UNTOLD, WORD, LogTable
from ledger_reader.pace import IMPATIENT
from ledger_reader.rpc import Endpoint, Header, Operation, Rpc, Unusable
from ledger_reader.sources import ChainSources
from ledger_reader.store import LedgerStore

FIRST_SPAN = 10
MAX_SPAN = 10_000
"""Blocks of one range: at first, and at most."""

TARGET_LOGS = 6_000
"""Logs that a range should hold: spans grow and shrink towards it, which bounds memory."""

AT_ONCE = 4
"""Ranges asked for at a time: the node works on the next ones while one is decoded."""

AHEAD = 12
"""Ranges decoded before they are stored: reading goes on while a transaction goes in."""

BATCH_ROWS, BATCH_RANGES = 184_320, 64
"""A transaction takes so many rows (1.5 of DuckDB's row groups: 1.0 costs half as much again), or ranges."""

BATCH_GROWTH = 8
"""The first transaction takes one range, each next one so many times as many: people soon see it go."""

GARBAGE = 100_000
"""So many new containers before Python looks for garbage: a range makes a tenth of them, and no cycles."""

MAX_FORKS = 5
"""So often a sync starts again when the chain is reorganised under it."""


@dataclass(frozen=True)
class Progress:
    """Where a sync stands: `block` of `goal` is stored, `events` rows were added so far.

    `rolled_back_to`: set once, when what the ledger held after that block was undone by a reorganisation.
    """

    chain_id: int
    block: int
    goal: int
    events: int
    rolled_back_to: int | None = None


@dataclass(frozen=True)
class Fetched:
    """What one fetch brought: all logs from block `start` to the block `end`, as the node told them.

    `before`: hash of the block before `start`, as the node says; `times`: of the blocks of all logs;
    `blocks`: rows of BLOCKS.
    """

    start: int
    before: bytes
    end: Header
    logs: LogTable
    times: dict[int, int]
    blocks: pa.Table


class RangeCheck(Protocol):
    """A look at each range, and at whatever else it asks of the provider, before the range is stored."""

    async def check(self, endpoint: Endpoint, fetched: Fetched) -> None:
        """Unusable: fetch the range from another provider; Retry or Stop, naming the provider: end."""


def sync(
    rpc: Rpc,
    store: LedgerStore,
    chain: ChainSources,
    until_block: int | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    confirmations: int | None = None,
    check: RangeCheck | None = None,
) -> ChainBlock:
    """Read the chain's sources into the store up to `until_block` (default: the latest settled block).

    A block is settled when it is finalized, or, if given, when it has so many `confirmations`. Returns the
    head of the ledger, which may be later. Retry when the node is unreachable or behind, or the block is
    not settled; Stop for another chain, other sources than the ledger was begun with, no finality.
    """
    tell = on_progress or (lambda _: None)
    _check_chain(rpc, chain.chain_id)
    reading = _Reading(rpc, store, chain, topics(chain), check)
    store.bind(chain)
    settled = rpc.settled(confirmations)
    goal = _goal(rpc, settled, until_block)
    for _ in range(MAX_FORKS):
        try:
            with _thrifty():
                _advance(reading, settled, goal, tell)
            break
        except _Fork as fork:
            name, block = fork.args
    else:
        raise Retry(f"{name} reorganised its chain at block {block} again and again: wait until it is calm.")
    reached = store.head(chain.chain_id)
    assert reached is not None  # noqa: S101 (a goal is at least block 0, so something was appended)
    return reached


def block_at_or_before(rpc: Rpc, chain_id: int, time: int, finalized: ChainBlock) -> ChainBlock:
    """The highest block whose time is ≤ `time` (Unix seconds), so that all honest nodes choose the same.

    Retry while no block later than `time` is finalized; Stop when the chain began later.
    """
    if finalized.time <= time:
        raise Retry(
            f"Chain {chain_id} is finalized up to time {finalized.time} (block {finalized.number}), and a"
            f" block later than {time} is needed: wait."
        )
    low = rpc.block(0)
    if low.time > time:
        raise Stop(f"Chain {chain_id} began at {low.time}, after {time}: choose a later time.")
    high = finalized.number
    while high - low.number > 1:
        middle = rpc.block((low.number + high) // 2)
        if middle.time <= time:
            low = middle
        else:
            high = middle.number
    return low.of(chain_id)


@contextmanager
def _thrifty() -> Iterator[None]:
    """Without what Arrow's own pool keeps, and without looking through the whole heap for garbage."""
    pool = pa.default_memory_pool()
    pa.set_memory_pool(pa.system_memory_pool())
    thresholds = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(GARBAGE, *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()
        pa.set_memory_pool(pool)


def _check_chain(rpc: Rpc, chain_id: int) -> None:
    stated = rpc.chain_id()
    if stated != chain_id:
        raise Stop(f"{rpc.name} is a node of chain {stated}, not of chain {chain_id}: use another one.")


def _goal(rpc: Rpc, settled: Header, until_block: int | None) -> int:
    if until_block is None:
        return settled.number
    if until_block > settled.number:
        raise Retry(
            f"Block {until_block} is not final at {rpc.name}, whose latest settled block is"
            f" {settled.number}: wait."
        )
    return until_block


class _Fork(Exception):
    """The chain is no longer the one that we were reading (provider's name, block): find the common block."""


class _Reading(NamedTuple):
    """What stays the same during a sync."""

    rpc: Rpc
    store: LedgerStore
    chain: ChainSources
    topics: Sequence[str]
    check: RangeCheck | None


class _Tip(NamedTuple):
    """The block after which to go on: number -1 when nothing was read."""

    number: int
    hash: bytes | None


def _advance(reading: _Reading, settled: Header, goal: int, tell: Callable[[Progress], None]) -> None:
    """Read on from the ledger's head, or from where its chain and the node's parted, up to `goal`."""
    store, chain = reading.store, reading.chain
    tip, is_forked = _common_tip(reading, settled)
    after, added = (tip.number, 0) if is_forked else (None, 0)
    if after is not None and after >= goal:  # there is no new branch to write
        store.roll_back(chain.chain_id, after)
        tell(Progress(chain.chain_id, after, goal, 0, rolled_back_to=after))
    for batch in _batches(reading.rpc.ahead(_ranges(reading, tip, goal), AHEAD)):
        store.append(batch.events, batch.blocks, batch.end.of(chain.chain_id), after=after)
        added += batch.events.num_rows
        tell(Progress(chain.chain_id, batch.end.number, goal, added, rolled_back_to=after))
        after = None


class _Batch(NamedTuple):
    """What goes in by one transaction."""

    events: pa.Table
    blocks: pa.Table
    end: Header


def _batches(parts: Iterator["_Range"]) -> Iterator[_Batch]:
    """As many ranges together as a transaction takes, few at first."""
    waiting: list[_Range] = []
    wanted = 1
    for part in parts:
        waiting.append(part)
        if len(waiting) >= wanted or sum(each.events.num_rows for each in waiting) >= BATCH_ROWS:
            batch, waiting, wanted = _together(waiting), [], min(BATCH_GROWTH * wanted, BATCH_RANGES)
            yield batch
    if waiting:
        yield _together(waiting)


def _together(parts: Sequence["_Range"]) -> _Batch:
    return _Batch(
        pa.concat_tables([part.events for part in parts]),
        pa.concat_tables([part.blocks for part in parts]),
        parts[-1].end,
    )


def _common_tip(reading: _Reading, settled: Header) -> tuple[_Tip, bool]:
    """The last block of the ledger that is on the node's chain, and whether the ledger holds later ones."""
    rpc, store, chain_id = reading.rpc, reading.store, reading.chain.chain_id
    head = store.head(chain_id)
    if head is None:
        return _Tip(-1, None), False
    if _is_on_chain(rpc, head):
        return _Tip(head.number, head.hash), False
    known = [n for n in store.block_numbers(chain_id) if n <= settled.number]
    common = bisect_left(known, True, key=lambda n: not _is_on_chain(rpc, store.block(chain_id, n)))
    if head.number > settled.number and common == len(known):
        raise Retry(
            f"{rpc.name} is settled up to block {settled.number} and the ledger holds chain {chain_id}"
            f" up to block {head.number}: wait until it has synced, or name a new ledger file if"
            " this is a new chain."
        )
    if common == 0:
        raise Stop(
            f"No block of the ledger {store.path} is on the chain of {rpc.name}, although both are of chain"
            f" {chain_id}: name another node, or a new ledger file."
        )
    block = store.block(chain_id, known[common - 1])
    assert block is not None  # noqa: S101 (it was listed a moment ago)
    return _Tip(block.number, block.hash), True


def _is_on_chain(rpc: Rpc, block: ChainBlock | None) -> bool:
    header = None if block is None else rpc.find_blocks([block.number])[0]
    return header is not None and block is not None and header.hash == block.hash


class _Range(NamedTuple):
    """One range, decoded: which provider told it, and of how many logs."""

    told_by: str
    start: int
    before: bytes
    end: Header
    logs: int
    events: pa.Table
    blocks: pa.Table


async def _ranges(reading: _Reading, tip: _Tip, goal: int) -> AsyncGenerator[_Range, None]:
    """All blocks after `tip` to `goal`, each range the child of the one before; the next is on its way."""
    first = min((source.start_block for source in reading.chain.sources), default=goal)
    if tip.number < goal and first > tip.number + 1:  # nothing to read before it: the head alone moves
        tip = _Tip(min(first, goal) - 1, None)
    asked, span, waiting = tip.number, FIRST_SPAN, deque[_Asked]()
    try:
        while tip.number < goal:
            while asked < goal and len(waiting) < AT_ONCE:
                is_early, (fetch, end) = asked > tip.number, _fetching(reading, asked, span, goal)
                one = reading.rpc.first(fetch, IMPATIENT if is_early else None)
                waiting.append(_Asked(asyncio.create_task(one), is_early))
                asked = end
            task, is_early = waiting.popleft()
            try:
                part = await task
            except Retry:
                if not is_early:
                    raise
                await _drop(waiting)  # again, alone, now that all before it is there
                fetch, asked = _fetching(reading, tip.number, span, goal)
                part = await reading.rpc.first(fetch)
            if tip.hash is not None and part.before != tip.hash:
                raise _Fork(part.told_by, tip.number)
            tip = _Tip(part.end.number, part.end.hash)
            span = _next_span(part.end.number - part.start + 1, part.logs)
            yield part
    finally:
        await _drop(waiting)


class _Asked(NamedTuple):
    """A range on its way; `is_early`: what is before it was not there yet."""

    task: asyncio.Task["_Range"]
    is_early: bool


def _fetching(reading: _Reading, after: int, span: int, goal: int) -> tuple[Operation["_Range"], int]:
    """How the next range is read, and its last block."""
    end = min(after + span, goal)
    return partial(_fetch, reading=reading, start=after + 1, end=end), end


async def _drop(waiting: deque[_Asked]) -> None:
    tasks = [one.task for one in waiting]
    waiting.clear()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _next_span(span: int, logs: int) -> int:
    """At most twice and at least half the span, towards TARGET_LOGS a range."""
    wished = span * TARGET_LOGS // max(logs, 1)
    return max(1, min(wished, 2 * span, MAX_SPAN), min(span // 2, MAX_SPAN))


async def _fetch(endpoint: Endpoint, reading: _Reading, start: int, end: int) -> _Range:
    """Everything of the blocks from `start` to `end` from one provider, checked and decoded."""
    chain = reading.chain
    addresses = [source.address for source in chain.sources if source.start_block <= end]
    logs = await endpoint.log_table(addresses, reading.topics, start, end)
    told = _told(logs)
    untimed = [number for number, block in told.items() if block.time is None]
    headers = {h.number: h for h in await endpoint.blocks(sorted({start, end, *untimed}))}
    for number, header in headers.items():
        if number in told and told[number].hash != header.hash:
            raise Unusable(f"changed its mind about block {number} while it was read")
    blocks = told | {
        number: _Block(h.hash, h.parent_hash, h.time)
        for number, h in headers.items()
        if number in told or number == end
    }
    times = {number: block.time for number, block in blocks.items() if block.time is not None}
    table = _blocks_table(chain.chain_id, blocks)
    fetched = Fetched(start, headers[start].parent_hash, headers[end], logs, times, table)
    if reading.check is not None:
        await reading.check.check(endpoint, fetched)
    events = decode(logs, times, chain)
    return _Range(endpoint.name, start, fetched.before, fetched.end, len(logs), events, table)


class _Block(NamedTuple):
    """What is known of a block so far."""

    hash: bytes
    parent_hash: bytes | None
    time: int | None


def _told(logs: LogTable) -> dict[int, _Block]:
    """By number, the blocks as their logs tell of them; Unusable when two logs of a block disagree."""
    numbers, times = logs.block_numbers, logs.times
    if times.max(initial=0) > MAX_TIME:
        raise Unusable(f"gave {times.max()} as the time of a block")
    is_same = numbers[1:] == numbers[:-1]
    differs = differ(logs.block_hashes[1:], logs.block_hashes[:-1]) | (times[1:] != times[:-1])
    twice = np.flatnonzero(is_same & differs)
    if len(twice):
        raise Unusable(f"gave two versions of block {numbers[twice[0]]}")
    return {
        int(numbers[at]): _Block(
            logs.block_hashes[at].tobytes(), None, None if times[at] == UNTOLD else int(times[at])
        )
        for at in np.flatnonzero(np.concatenate(([True], ~is_same)))[: len(logs)].tolist()
    }


def _blocks_table(chain_id: int, blocks: Mapping[int, _Block]) -> pa.Table:
    numbers = np.array(sorted(blocks), np.int64)
    found = [blocks[number] for number in numbers.tolist()]
    columns = [
        array(np.full(len(found), chain_id, np.int64)),
        array(numbers),
        binary(*maybe([block.hash for block in found], WORD)),
        binary(*maybe([block.parent_hash for block in found], WORD)),
        array(np.array([block.time for block in found], np.int64)),
    ]
    return pa.table(columns, schema=BLOCKS)
