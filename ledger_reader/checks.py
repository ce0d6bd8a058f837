"""What a range of logs must withstand before it enters the ledger: `Receipts` or `Quorum`.

Rules that hold here: a check is part of the operation that reads the range, on the same address, so that a
provider which is caught is left for the next, and where none is left Retry names each and what it was
caught at; nothing of a range is stored before its check has passed; what is asked of a provider beyond the
logs is bounded in memory, whatever the range. verify.py says what is true; this file asks, and names who
said otherwise.
"""

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import (
    AsyncGenerator,
    Awaitable,
    Callable,
    Coroutine,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from ledger_reader import verify
from ledger_reader.decode import topics
from ledger_reader.endpoint import Endpoint, Header, RpcError, Unusable
from ledger_reader.errors import Stop
from ledger_reader.keccak import keccak256
from ledger_reader.logs import RawLog
from ledger_reader.reader import Fetched
from ledger_reader.rpc import Rpc
from ledger_reader.sources import ChainSources
from ledger_reader.verify import RawReceipt, SealedHeader, Untrue, Wanted

HEADERS_AT_ONCE, BLOCKS_AT_ONCE = 100, 10
"""Headers, and blocks of receipts, that one request asks for."""

LATEST_RANGES = 8
"""So many ranges may still be read again: after a reorganisation, or from another provider."""

T = TypeVar("T")
R = TypeVar("R")

_LOG = logging.getLogger("reader")


@dataclass(frozen=True)
class Checked:
    """How much was held against what.

    `headers`: blocks whose hash was recomputed; `receipts` of `transactions`: in the blocks that may hold
    our events, those proven and those there are; `witnesses`: how many other addresses have the end of
    each range under the same hash (the fewest of all ranges; 0 when there was none).
    """

    headers: int = 0
    receipts: int = 0
    transactions: int = 0
    witnesses: int = 0


class Receipts:
    """Every header hashed and linked, blooms tested, receipts roots rebuilt, logs compared with receipts.

    The last header of a range is shown to all other addresses: one that has another is named.
    """

    def __init__(self, rpc: Rpc, chain: ChainSources) -> None:
        verify.check_chain(chain.chain_id)
        self._endpoints, self._chain, self._topics = rpc.endpoints, chain, topics(chain)
        self._silent = set[Endpoint]()
        self._tally = Tally()

    @property
    def checked(self) -> Checked:
        """What was checked so far, each range once, however often it was read."""
        return self._tally.total()

    async def check(self, endpoint: Endpoint, fetched: Fetched) -> None:
        """Unusable, in words of what the endpoint was caught at."""
        try:
            found = await self._prove(endpoint, fetched)
        except Untrue as words:
            _LOG.warning("%s was caught: %s.", endpoint.name, words)
            raise Unusable(f"was caught: {words}") from None
        witnesses = await self._count_witnesses(endpoint, fetched.end)
        self._tally.add(fetched.start, Checked(*found, witnesses))

    async def _prove(self, endpoint: Endpoint, fetched: Fetched) -> tuple[int, int, int]:
        """How many headers, receipts and transactions; Untrue when the endpoint contradicts itself."""
        question = self._question(fetched.end.number)
        logs = _by_block(fetched.logs.raw())
        before, last, counts = fetched.before, None, (0, 0, 0)
        for numbers in _parts(range(fetched.start, fetched.end.number + 1), HEADERS_AT_ONCE):
            headers, sizes = await _headers(endpoint, numbers)
            verify.check_links(headers, before)
            last = headers[-1]
            before = last.hash
            _check_times(headers, fetched.times)
            held = [header for header in headers if verify.may_hold(header.bloom, question)]
            receipts = await self._prove_blocks(endpoint, held, question, logs)
            for header in headers:  # only those are left whose bloom denies all logs
                verify.check_logs(header, logs.pop(header.number, ()), ())
            transactions = sum(sizes[header.number] for header in held)
            counts = (counts[0] + len(headers), counts[1] + receipts, counts[2] + transactions)
        if last is None or last[: len(fetched.end)] != fetched.end:
            raise Untrue(f"it gave two headers of block {fetched.end.number}")
        return counts

    async def _prove_blocks(
        self,
        endpoint: Endpoint,
        headers: Sequence[SealedHeader],
        question: Wanted,
        logs: dict[int, list[RawLog]],
    ) -> int:
        """How many receipts these blocks have, all proven; takes the blocks' logs out of `logs`."""
        count = 0
        parts = list(_parts(headers, BLOCKS_AT_ONCE))
        async with aclosing(_ahead(parts, lambda part: _receipts(endpoint, part))) as answers:
            async for some, answer in answers:
                for header, receipts in zip(some, answer, strict=True):
                    verify.check_receipts(header, receipts, self._chain.chain_id)
                    proven = verify.logs_of(receipts, question)
                    verify.check_logs(header, logs.pop(header.number, ()), proven)
                    count += len(receipts)
        return count

    async def _count_witnesses(self, endpoint: Endpoint, end: Header) -> int:
        """How many other addresses have the block under this hash; Unusable unless more have it than not."""
        others = [each for each in self._endpoints if each is not endpoint and each not in self._silent]
        witnesses, against = 0, []
        for other, answer in await _of_all(others, lambda one: one.find_blocks([end.number])):
            if isinstance(answer, Unusable | RpcError):
                self._silent.add(other)  # not asked again: each time could cost a time-out
                _LOG.warning("%s confirms no blocks: it %s.", other.name, answer)
            elif (header := answer[0]) is not None and header.hash == end.hash:
                witnesses += 1
            elif header is not None:
                against.append(f"{other.name} has it as 0x{header.hash.hex()}")
        if against:
            words = f"has block {end.number} as 0x{end.hash.hex()}, and {', and '.join(against)}"
            _LOG.warning("%s %s.", endpoint.name, words)
            if len(against) > witnesses:
                raise Unusable(words)
        return witnesses

    def _question(self, end: int) -> Wanted:
        """What the reader asks for in a range that ends at this block."""
        addresses = [source.address for source in self._chain.sources if source.start_block <= end]
        return verify.wanted(addresses, self._topics)


class Quorum:
    """The logs and the last header of a range must be equal at `k` addresses; who differs is named."""

    def __init__(self, rpc: Rpc, chain: ChainSources, k: int) -> None:
        if not 2 <= k <= len(rpc.endpoints):
            raise Stop(
                f"A quorum of {k} needs 2 or more, and as many RPC addresses; {len(rpc.endpoints)} given:"
                " repeat --rpc, each of another operator."
            )
        self._endpoints, self._chain, self._topics, self._k = rpc.endpoints, chain, topics(chain), k
        self._tally = Tally()

    @property
    def checked(self) -> Checked:
        """What was checked so far: ends of ranges, and who else has them."""
        return self._tally.total()

    async def check(self, endpoint: Endpoint, fetched: Fetched) -> None:
        """Unusable, in words of who agrees and who does not."""
        others = [other for other in self._endpoints if other is not endpoint]
        agree, reasons = 1, []
        for other, answer in await _of_all(others, lambda one: self._ask(one, fetched)):
            if isinstance(answer, Unusable | RpcError):
                reasons.append(f"{other.name} {answer}")
            elif words := _first_difference(fetched, answer):
                reasons.append(f"{other.name} {words}")
            else:
                agree += 1
        blocks = f"blocks {fetched.start} to {fetched.end.number}"
        if reasons:
            _LOG.warning("Not all agree with %s on %s: %s.", endpoint.name, blocks, "; ".join(reasons))
        if agree < self._k:
            raise Unusable(f"has {agree} of {self._k} voices for its {blocks} ({'; '.join(reasons)})")
        self._tally.add(fetched.start, Checked(headers=1, witnesses=agree - 1))

    async def _ask(self, endpoint: Endpoint, fetched: Fetched) -> "_Answer":
        start, end = fetched.start, fetched.end.number
        addresses = [source.address for source in self._chain.sources if source.start_block <= end]
        logs = await endpoint.logs(addresses, self._topics, start, end)
        return _Answer((await endpoint.blocks([end]))[0], logs)


def named(text: str | None, rpc: Rpc, chain: ChainSources) -> Receipts | Quorum | None:
    """The check that `--verify` names: "receipts" or "quorum=k"; None for none."""
    if text is None:
        return None
    if text == "receipts":
        return Receipts(rpc, chain)
    word, _, number = text.partition("=")
    if word != "quorum" or not number.isdecimal():
        raise Stop(f"--verify takes receipts or quorum=2 (3, …), not {text[:40]!r}.")
    return Quorum(rpc, chain, int(number))


class _Answer(NamedTuple):
    """What another address said of a range."""

    end: Header
    logs: list[RawLog]


def _first_difference(mine: Fetched, other: _Answer) -> str:
    """What the other says that is not said here, or the reverse; empty when the answers are equal."""
    if mine.end.hash != other.end.hash:
        return f"has block {mine.end.number} as 0x{other.end.hash.hex()}, not 0x{mine.end.hash.hex()}"
    ours, theirs = _digests(mine.logs.raw()), _digests(other.logs)
    for place in sorted(ours.keys() | theirs.keys()):
        where = f"log {place[1]} of block {place[0]}"
        if place not in theirs:
            return f"does not have {where}"
        if place not in ours:
            return f"also has {where}"
        if ours[place] != theirs[place]:
            return f"has another {where}"
    return ""


def _digests(logs: Sequence[RawLog]) -> dict[tuple[int, int], bytes]:
    """By block and place, what stands for all that a log says."""
    return {(int(log.block_number, 16), int(log.log_index, 16)): _digest(log) for log in logs}


def _digest(log: RawLog) -> bytes:
    words = (log.address, *log.topics, log.data, log.block_hash, log.transaction_hash)
    return keccak256("|".join(words).lower().encode())


def _by_block(logs: Sequence[RawLog]) -> dict[int, list[RawLog]]:
    found = defaultdict[int, list[RawLog]](list)
    for log in logs:
        found[int(log.block_number, 16)].append(log)
    return found


class Tally:
    """What was checked of all ranges. A range that is read again counts once: only the latest ever are."""

    def __init__(self) -> None:
        self._older: list[Checked] = []
        self._latest: dict[int, Checked] = {}

    def add(self, start: int, checked: Checked) -> None:
        """Of the range that begins at `start`."""
        self._latest[start] = checked
        if len(self._latest) > LATEST_RANGES:
            oldest = self._latest.pop(next(iter(self._latest)))
            self._older = [_sum([*self._older, oldest])]

    def total(self) -> Checked:
        """Of all ranges."""
        return _sum([*self._older, *self._latest.values()])


def _sum(parts: Sequence[Checked]) -> Checked:
    return Checked(
        sum(each.headers for each in parts),
        sum(each.receipts for each in parts),
        sum(each.transactions for each in parts),
        min((each.witnesses for each in parts), default=0),
    )


def _parts(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))


async def _ahead(
    parts: Sequence[T], fetch: Callable[[T], Coroutine[Any, Any, R]]
) -> AsyncGenerator[tuple[T, R], None]:
    """Each part and what `fetch` gives for it, in order, the next being on its way while one is used."""
    tasks = deque[asyncio.Task[R]]()
    try:
        for place, part in enumerate(parts):
            tasks += [asyncio.create_task(fetch(each)) for each in parts[place + len(tasks) : place + 2]]
            yield part, await tasks.popleft()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _check_times(headers: Sequence[SealedHeader], times: Mapping[int, int]) -> None:
    for header in headers:
        told = times.get(header.number, header.time)
        if told != header.time:
            raise Untrue(f"it gave {told} as the time of block {header.number}, not {header.time}")


async def _of_all(
    endpoints: Sequence[Endpoint], operation: Callable[[Endpoint], Awaitable[T]]
) -> list[tuple[Endpoint, T | Unusable | RpcError]]:
    """What each endpoint answers to the operation, or why it does not."""
    answers = await asyncio.gather(*(operation(each) for each in endpoints), return_exceptions=True)
    found: list[tuple[Endpoint, T | Unusable | RpcError]] = []
    for endpoint, answer in zip(endpoints, answers, strict=True):
        if isinstance(answer, BaseException) and not isinstance(answer, Unusable | RpcError):
            raise answer
        found.append((endpoint, answer))
    return found


async def _headers(endpoint: Endpoint, numbers: Sequence[int]) -> tuple[list[SealedHeader], dict[int, int]]:
    """The blocks' headers, each what its hash says, and how many transactions each says that it has."""
    calls = [("eth_getBlockByNumber", (hex(number), False)) for number in numbers]
    headers, sizes = [], {}
    for number, raw in zip(numbers, await endpoint.ask(calls, dict[str, Any] | None), strict=True):
        if raw is None:
            raise Unusable(f"does not have block {number} yet")
        headers.append(verify.sealed(raw))
        transactions = raw.get("transactions")
        sizes[number] = len(transactions) if isinstance(transactions, list) else 0
        if headers[-1].number != number:
            raise Untrue(f"asked for block {number}, it gave block {headers[-1].number}")
    return headers, sizes


async def _receipts(endpoint: Endpoint, headers: Sequence[SealedHeader]) -> list[list[RawReceipt]]:
    calls = [("eth_getBlockReceipts", (hex(header.number),)) for header in headers]
    try:
        found = await endpoint.ask(calls, list[RawReceipt] | None)
    except RpcError as error:
        raise Unusable(f"does not give all receipts of a block ({error.text[:100]})") from error
    for header, receipts in zip(headers, found, strict=True):
        if receipts is None:
            raise Unusable(f"has no receipts of block {header.number}")
    return found
