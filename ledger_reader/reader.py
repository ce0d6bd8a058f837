"""Bring a chain's ledger up to a finalized block: which ranges, in which order, until where.

Rules that hold here: only finalized blocks are read; a range is fetched while the one before is
decoded and stored (one thread ahead, no more); each range goes in by one transaction with the
block that ends it as the new head, so that a run killed at any moment goes on where the last
range ended; before anything is added, the head must still be a block of the chain, else the ledger
is rolled back to the last block that is, and the caller hears of it; all logs of a block must
agree on its hash and time, and the block that ends a range with its header.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import pyarrow as pa

from ledger_reader.decode import decode, topics
from ledger_reader.errors import Retry, Stop
from ledger_reader.ledger import BLOCKS, MAX_TIME, ChainBlock
from ledger_reader.logs import RawLog
from ledger_reader.rpc import Header, Rpc
from ledger_reader.sources import ChainSources
from ledger_reader.store import LedgerStore

FIRST_SPAN = 10
MAX_SPAN = 10_000
"""Blocks asked for at once: at first, and at most."""

TARGET_LOGS = 20_000
"""Logs that a range should hold: spans grow and shrink towards it, which bounds memory."""


@dataclass(frozen=True)
class Progress:
    """Where a sync stands: `block` of `goal` is stored, `events` rows were added so far.

    `rolled_back_to`: set once, when a reorganisation of finalized blocks was undone to that block.
    """

    chain_id: int
    block: int
    goal: int
    events: int
    rolled_back_to: int | None = None


@dataclass(frozen=True)
class _Range:
    """What one fetch brought: all logs up to the block `end`, the times of their blocks, rows of BLOCKS."""

    end: Header
    logs: list[RawLog]
    times: dict[int, int]
    blocks: pa.Table


def sync(
    rpc: Rpc,
    store: LedgerStore,
    chain: ChainSources,
    until_block: int | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> ChainBlock:
    """Read the chain's sources into the store up to `until_block` (default: the latest finalized block).

    Returns the head of the ledger, which may be later. Retry when the node is unreachable or behind, or the
    block is not final; Stop for another chain, other sources than the ledger was begun with, no finality.
    """
    tell = on_progress or (lambda _: None)
    _check_chain(rpc, chain.chain_id)
    wanted = topics(chain)
    store.bind(chain)
    finalized = rpc.finalized()
    goal = _goal(rpc, finalized, until_block)
    head = _agreed_head(rpc, store, chain.chain_id, finalized)
    if head.is_rolled_back:
        tell(Progress(chain.chain_id, head.number, goal, 0, rolled_back_to=head.number))
    added = 0
    for part in _fetched(rpc, chain, wanted, head.number + 1, goal):
        events = decode(part.logs, part.times, chain)
        store.append(events, part.blocks, part.end.of(chain.chain_id))
        added += events.num_rows
        tell(Progress(chain.chain_id, part.end.number, goal, added))
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


def _check_chain(rpc: Rpc, chain_id: int) -> None:
    stated = rpc.chain_id()
    if stated != chain_id:
        raise Stop(f"{rpc.name} is a node of chain {stated}, not of chain {chain_id}: use another one.")


def _goal(rpc: Rpc, finalized: Header, until_block: int | None) -> int:
    if until_block is None:
        return finalized.number
    if until_block > finalized.number:
        raise Retry(
            f"Block {until_block} is not final at {rpc.name}, whose latest finalized block is"
            f" {finalized.number}: wait."
        )
    return until_block


class _Head(NamedTuple):
    """The block after which to go on: -1 when the ledger is empty."""

    number: int
    is_rolled_back: bool = False


def _agreed_head(rpc: Rpc, store: LedgerStore, chain_id: int, finalized: Header) -> _Head:
    """The head of the ledger once it is a block of the node's chain, rolled back when it was not."""
    head = store.head(chain_id)
    if head is None:
        return _Head(-1)
    if _is_on_chain(rpc, head):
        return _Head(head.number)
    known = [n for n in store.block_numbers(chain_id) if n <= finalized.number]
    common = bisect_left(known, True, key=lambda n: not _is_on_chain(rpc, store.block(chain_id, n)))
    if head.number > finalized.number and common == len(known):
        raise Retry(
            f"{rpc.name} is finalized up to block {finalized.number} and the ledger holds chain {chain_id}"
            f" up to block {head.number}: wait until it has synced, or name a new ledger file if"
            " this is a new chain."
        )
    if common == 0:
        raise Stop(
            f"No block of the ledger {store.path} is on the chain of {rpc.name}, although both are of chain"
            f" {chain_id}: name a new ledger file, or the right node."
        )
    return _Head(store.roll_back(chain_id, known[common - 1]).number, is_rolled_back=True)


def _is_on_chain(rpc: Rpc, block: ChainBlock | None) -> bool:
    header = None if block is None else rpc.find_blocks([block.number])[0]
    return header is not None and block is not None and header.hash == block.hash


def _fetched(rpc: Rpc, chain: ChainSources, wanted: Sequence[str], start: int, goal: int) -> Iterator[_Range]:
    """All ranges from `start` to `goal`, the next being fetched by a thread while one is used."""
    if start > goal:
        return
    first = min((source.start_block for source in chain.sources), default=goal + 1)
    start, span = min(max(start, first), goal + 1), FIRST_SPAN
    with ThreadPoolExecutor(1, thread_name_prefix="prefetch") as thread:
        end = min(start + span - 1, goal)
        coming = thread.submit(_fetch, rpc, chain, wanted, start, end)
        while True:
            part = coming.result()
            if part.end.number < goal:
                span = _next_span(span, len(part.logs))
                start, end = end + 1, min(end + span, goal)
                coming = thread.submit(_fetch, rpc, chain, wanted, start, end)
            yield part
            if part.end.number == goal:
                return


def _next_span(span: int, logs: int) -> int:
    """At most twice and at least half the span, towards TARGET_LOGS a range."""
    wished = span * TARGET_LOGS // max(logs, 1)
    return max(1, min(wished, 2 * span, MAX_SPAN), min(span // 2, MAX_SPAN))


def _fetch(rpc: Rpc, chain: ChainSources, wanted: Sequence[str], start: int, end: int) -> _Range:
    """Everything of the blocks from `start` to `end`; of block `end` alone when `start` is after it."""
    addresses = [source.address for source in chain.sources if source.start_block <= end]
    logs = rpc.logs(addresses, wanted, start, end) if addresses and start <= end else []
    told = _told(rpc, logs)
    untimed = [number for number, block in told.items() if block.time is None and number != end]
    headers = {header.number: header for header in rpc.blocks([*untimed, end])}
    for number, header in headers.items():
        if number in told and told[number].hash != header.hash:
            raise Retry(f"{rpc.name} changed its mind about block {number} while it was read: try again.")
    blocks = told | {number: _Block(h.hash, h.parent_hash, h.time) for number, h in headers.items()}
    times = {number: block.time for number, block in blocks.items() if block.time is not None}
    return _Range(headers[end], logs, times, _blocks_table(chain.chain_id, blocks))


class _Block(NamedTuple):
    """What is known of a block so far."""

    hash: bytes
    parent_hash: bytes | None
    time: int | None


def _told(rpc: Rpc, logs: Sequence[RawLog]) -> dict[int, _Block]:
    """By number, the blocks as their logs tell of them; Retry when two logs of a block disagree."""
    words: dict[str, tuple[str, str | None]] = {}
    for log in logs:
        word = (log.block_hash, log.block_timestamp)
        if words.setdefault(log.block_number, word) != word:
            raise Retry(f"{rpc.name} gave two versions of block {int(log.block_number, 16)}: try again.")
    return {
        int(number, 16): _Block(bytes.fromhex(block_hash[2:]), None, _time(rpc, time))
        for number, (block_hash, time) in words.items()
    }


def _time(rpc: Rpc, text: str | None) -> int | None:
    if text is None:
        return None
    try:
        time = int(text, 16)
    except ValueError:
        time = -1
    if not 0 <= time <= MAX_TIME:
        raise Retry(f"{rpc.name} gave {text[:40]!r} as the time of a block: use another node.")
    return time


def _blocks_table(chain_id: int, blocks: Mapping[int, _Block]) -> pa.Table:
    rows = [{"chain_id": chain_id, "number": n, **blocks[n]._asdict()} for n in sorted(blocks)]
    return pa.Table.from_pylist(rows, schema=BLOCKS)
