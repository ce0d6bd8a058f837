"""What a range of logs must withstand before it enters the ledger: `Receipts` or `Quorum`.

Rules that hold here: a check is part of the operation that reads the range, on the same address, so that a
provider which is caught is left for the next, and Retry names each and what it was caught at; nothing of a
range is stored before its check has passed; what is asked of a provider beyond the logs is bounded in
memory, whatever the range. verify.py says what is true; this file asks, and names who said otherwise.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol, TypeVar

from ledger_reader import verify
from ledger_reader.endpoint import Endpoint, Header, RpcError, Unusable
from ledger_reader.errors import Stop
from ledger_reader.keccak import keccak256
from ledger_reader.logs import RawLog
from ledger_reader.verify import RawReceipt, SealedHeader, Untrue, Wanted

HEADERS_AT_ONCE, BLOCKS_AT_ONCE = 100, 10
"""Headers, and blocks of receipts, that one request asks for."""

T = TypeVar("T")

_LOG = logging.getLogger("reader")


class Range(NamedTuple):
    """What a provider said of the blocks from `start` to `end`.

    `times`: of blocks by number, as far as they are used; `before`: the hash that must precede `start`.
    """

    start: int
    end: Header
    logs: Sequence[RawLog]
    times: Mapping[int, int]
    before: bytes | None = None


@dataclass(frozen=True)
class Checked:
    """How much was held against what: headers, receipts of how many, and who else vouches for the end.

    `receipts` of `transactions`: in the blocks that may hold our events, those proven and those there are.
    `witnesses`: other addresses that have the end of each range under the same hash (the fewest).
    """

    headers: int = 0
    receipts: int = 0
    transactions: int = 0
    witnesses: int = 0


class RangeCheck(Protocol):
    """Passes judgement on a range that `endpoint` gave; Unusable in words of what it was caught at."""

    async def check(self, endpoint: Endpoint, told: Range) -> Checked:
        """What was checked, when all is well."""


class Receipts:
    """Every header hashed and linked, blooms tested, receipts roots rebuilt, logs compared with receipts.

    The last header of a range is shown to all other addresses: who has another is named.
    """

    def __init__(self, endpoints: Sequence[Endpoint], chain_id: int, question: Wanted) -> None:
        verify.check_chain(chain_id)
        self._endpoints, self._chain_id, self._question = endpoints, chain_id, question
        self._silent = set[str]()

    async def check(self, endpoint: Endpoint, told: Range) -> Checked:
        """See `RangeCheck`."""
        try:
            found = await self._prove(endpoint, told)
        except Untrue as words:
            _LOG.warning("%s was caught: %s.", endpoint.name, words)
            raise Unusable(f"was caught: {words}") from None
        return replace(found, witnesses=await self._count_witnesses(endpoint, told.end))

    async def _prove(self, endpoint: Endpoint, told: Range) -> Checked:
        by_block = defaultdict[int, list[RawLog]](list)
        for log in told.logs:
            by_block[int(log.block_number, 16)].append(log)
        before, last, checked = told.before, None, Checked()
        for numbers in _parts(range(told.start, told.end.number + 1), HEADERS_AT_ONCE):
            raw = await _headers(endpoint, numbers)
            headers = [verify.sealed(each) for each in raw]
            _check_numbers(headers, numbers)
            verify.check_links(headers, before)
            last = headers[-1]
            before = last.hash
            _check_times(headers, told.times)
            held = [header for header in headers if verify.may_hold(header.bloom, self._question)]
            for header in headers:
                if header not in held:
                    verify.check_logs(header, by_block.pop(header.number, ()), ())
            checked = Checked(
                checked.headers + len(headers),
                checked.receipts + await self._prove_blocks(endpoint, held, by_block),
                checked.transactions + _transactions(raw, held),
            )
        if last is None or last[: len(told.end)] != told.end:
            raise Untrue(f"it gave two headers of block {told.end.number}")
        return checked

    async def _prove_blocks(
        self, endpoint: Endpoint, headers: Sequence[SealedHeader], by_block: dict[int, list[RawLog]]
    ) -> int:
        """How many receipts were proven, of all these blocks."""
        count = 0
        for some in _parts(headers, BLOCKS_AT_ONCE):
            for header, receipts in zip(some, await _receipts(endpoint, some), strict=True):
                verify.check_receipts(header, receipts, self._chain_id)
                proven = verify.logs_of(receipts, self._question)
                verify.check_logs(header, by_block.pop(header.number, ()), proven)
                count += len(receipts)
        return count

    async def _count_witnesses(self, endpoint: Endpoint, end: Header) -> int:
        """How many other addresses have the block under this hash; Unusable when one has another."""
        others = [
            other for other in self._endpoints if other is not endpoint and other.name not in self._silent
        ]
        told = await asyncio.gather(
            *(other.find_blocks([end.number]) for other in others), return_exceptions=True
        )
        witnesses = 0
        for other, answer in zip(others, told, strict=True):
            if isinstance(answer, Unusable | RpcError):
                self._silent.add(other.name)
                _LOG.warning("%s does not confirm blocks: it %s.", other.name, answer)
            elif isinstance(answer, BaseException):
                raise answer
            elif (header := answer[0]) is not None:
                if header.hash != end.hash:
                    raise Unusable(
                        f"has block {end.number} as 0x{end.hash.hex()}, and {other.name} has it as"
                        f" 0x{header.hash.hex()}"
                    )
                witnesses += 1
        return witnesses


class Quorum:
    """The logs and the last header of a range must be equal at `k` addresses; who differs is named."""

    def __init__(
        self, endpoints: Sequence[Endpoint], k: int, addresses: Sequence[bytes], topics: Sequence[str]
    ) -> None:
        if not 2 <= k <= len(endpoints):
            raise Stop(
                f"--verify quorum={k} needs at least 2 and {k} RPC addresses, and {len(endpoints)} are given:"
                " repeat --rpc, each of another operator."
            )
        self._endpoints, self._k, self._addresses, self._topics = endpoints, k, addresses, topics

    async def check(self, endpoint: Endpoint, told: Range) -> Checked:
        """See `RangeCheck`."""
        others = [other for other in self._endpoints if other is not endpoint]
        answers = await asyncio.gather(*(self._ask(other, told) for other in others), return_exceptions=True)
        agree, reasons = 1, []
        for other, answer in zip(others, answers, strict=True):
            if isinstance(answer, Unusable | RpcError):
                reasons.append(f"{other.name} {answer}")
            elif isinstance(answer, BaseException):
                raise answer
            elif words := _first_difference(told, answer):
                reasons.append(f"{other.name} differs: {words}")
            else:
                agree += 1
        if reasons:
            _LOG.warning(
                "Blocks %d to %d of %s: %s.", told.start, told.end.number, endpoint.name, "; ".join(reasons)
            )
        if agree < self._k:
            raise Unusable(f"agrees with {agree - 1} other(s), {self._k - 1} needed ({'; '.join(reasons)})")
        return Checked(headers=1, witnesses=agree - 1)

    async def _ask(self, endpoint: Endpoint, told: Range) -> Range:
        logs = await endpoint.logs(self._addresses, self._topics, told.start, told.end.number)
        end = (await endpoint.blocks([told.end.number]))[0]
        return Range(told.start, end, logs, {})


def _first_difference(mine: Range, other: Range) -> str:
    """What the other says that I do not, or the reverse; empty when the answers are equal."""
    if mine.end.hash != other.end.hash:
        return f"block {mine.end.number} is 0x{other.end.hash.hex()} there, not 0x{mine.end.hash.hex()}"
    ours, theirs = _by_place(mine.logs), _by_place(other.logs)
    for place in sorted(ours.keys() | theirs.keys()):
        where = f"log {place[1]} of block {place[0]}"
        if place not in theirs:
            return f"it does not have {where}"
        if place not in ours:
            return f"it also has {where}"
        if ours[place] != theirs[place]:
            return f"{where} is another one there"
    return ""


def _by_place(logs: Sequence[RawLog]) -> dict[tuple[int, int], bytes]:
    return {(int(log.block_number, 16), int(log.log_index, 16)): _digest(log) for log in logs}


def _digest(log: RawLog) -> bytes:
    words = (log.address, *log.topics, log.data, log.block_hash, log.transaction_hash)
    return keccak256("|".join(words).lower().encode())


def _parts(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _transactions(raw: Sequence[Mapping[str, Any]], held: Sequence[SealedHeader]) -> int:
    """How many transactions the blocks `held` say that they have."""
    numbers = {header.number for header in held}
    return sum(len(each.get("transactions", ())) for each in raw if int(each["number"], 16) in numbers)


def _check_times(headers: Sequence[SealedHeader], times: Mapping[int, int]) -> None:
    for header in headers:
        if times.get(header.number, header.time) != header.time:
            raise Untrue(
                f"it gave {times[header.number]} as the time of block {header.number}, not {header.time}"
            )


def _check_numbers(headers: Sequence[SealedHeader], asked: Sequence[int]) -> None:
    for header, number in zip(headers, asked, strict=True):
        if header.number != number:
            raise Untrue(f"asked for block {number}, it gave block {header.number}")


async def _headers(endpoint: Endpoint, numbers: Sequence[int]) -> list[dict[str, Any]]:
    calls = [("eth_getBlockByNumber", (hex(number), False)) for number in numbers]
    found = await endpoint.ask(calls, dict[str, Any] | None)
    for number, header in zip(numbers, found, strict=True):
        if header is None:
            raise Unusable(f"does not have block {number} yet")
    return found


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
