"""A chain's node behind one or several addresses: failover, patience, and a blocking face.

Rules that hold here: the protocol is endpoint.py's and asynchronous; what must be consistent (a range of
logs and its headers) is one operation on one address, and done again as a whole on the next when that one
is unusable; an address that failed rests, longer each time, while others serve, and one that asks to be
left alone is; a provider whose head stays behind the others' or goes back is left for the next. One event
loop on a thread of its own serves all blocking calls, so that some ranges can come in while another is
decoded.
"""

import asyncio
import atexit
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Iterator, Sequence
from concurrent.futures import Future
from contextlib import aclosing
from functools import cache
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Self, TypeVar

from ledger_reader.endpoint import Call, Endpoint, Header, RpcError, Unusable
from ledger_reader.errors import Retry, Stop
from ledger_reader.logs import RawLog
from ledger_reader.pace import IMPATIENT, Clock, Patience, SystemClock

__all__ = ["Call", "Endpoint", "Header", "Rpc", "RpcError", "Unusable"]

MAX_RESPONSE_BYTES = 256 * 2**20
MAX_LAG = 100
"""Blocks that a provider's settled head may be behind another's before it is left for that one."""

_OPEN: set[Endpoint] = set()
"""Those that nobody has closed: they are with the program."""

T = TypeVar("T")
Operation = Callable[[Endpoint], Awaitable[T]]


class Rpc:
    """A chain's node(s) at `urls`; Stop when one is of another chain than `chain_id` (if given).

    `timeout_s` bounds each wait for bytes, `max_response_bytes` each answer, `rate` the calls a second to
    each address, `max_lag` the blocks that one may be behind another. Methods without `async` block and may
    be called from any thread.
    """

    def __init__(
        self,
        urls: Sequence[str] | str,
        chain_id: int | None = None,
        timeout_s: float = 30.0,
        max_response_bytes: int = MAX_RESPONSE_BYTES,
        rate: float | None = None,
        patience: Patience = IMPATIENT,
        clock: Clock | None = None,
        max_lag: int = MAX_LAG,
    ) -> None:
        self.urls = (urls,) if isinstance(urls, str) else tuple(urls)
        if not self.urls:
            raise Stop("No RPC address is given: name at least one.")
        self._patience, self._clock, self._max_lag = patience, clock or SystemClock(), max_lag
        self.endpoints = tuple(
            Endpoint(url, self._clock, chain_id, timeout_s, max_response_bytes, rate) for url in self.urls
        )
        """In order of preference."""
        _OPEN.update(self.endpoints)
        self._rests = {endpoint: _Rest() for endpoint in self.endpoints}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        _blocking(asyncio.run_coroutine_threadsafe(_close(self.endpoints), _loop()))

    @property
    def name(self) -> str:
        """The addresses by scheme and host, fit to be shown."""
        return ", ".join(endpoint.name for endpoint in self.endpoints)

    # ------------------------------------------------------------------ operations

    async def first(self, operation: Operation[T], patience: Patience | None = None) -> T:
        """What the operation gives on the first address that can serve it; Retry when none can.

        `patience`: another than this object's.
        """
        patience, failures = patience or self._patience, 0
        while True:
            reasons = []
            for endpoint in self._in_order():
                try:
                    return await self._try(endpoint, operation)
                except Unusable as reason:
                    reasons.append((endpoint.name, reason))
            failures += 1
            if failures >= patience.tries:
                told = "; ".join(f"{name} {reason}" for name, reason in reasons)
                raise Retry(
                    f"No answer to {reasons[0][1].method}: {told}. Check the address, or try again later."
                )
            pause = patience.pause(failures, self._clock.luck())
            await self._clock.sleep(max(pause, self._until_one_is_open()))

    def _start(self, operation: Operation[T]) -> "Future[T]":
        return asyncio.run_coroutine_threadsafe(self.first(operation), _loop())

    def use(self, operation: Operation[T]) -> T:
        """`first`, blocking."""
        return _blocking(self._start(operation))

    def ahead(self, parts: AsyncGenerator[T, None], count: int) -> Iterator[T]:
        """The parts in order, made in the background: at most `count` are made before they are asked for.

        What ends them early is raised after the last part that was made; what is left is dropped when the
        caller stops.
        """
        made: SimpleQueue[T | None] = SimpleQueue()
        room = asyncio.Semaphore(count)
        task = asyncio.run_coroutine_threadsafe(_make(parts, made, room), _loop())
        try:
            while (part := made.get()) is not None:
                _loop().call_soon_threadsafe(room.release)
                yield part
            task.result()
        finally:
            task.cancel()

    async def _try(self, endpoint: Endpoint, operation: Operation[T]) -> T:
        rest = self._rests[endpoint]
        closed_s = rest.closed_until - self._clock.now()
        if closed_s > 0:
            raise Unusable(f"asks to be left alone for {closed_s:.0f} s more")
        try:
            found = await operation(endpoint)
        except Unusable as reason:
            self._let_rest(endpoint, reason.rest_s)
            raise
        rest.failures = 0
        return found

    def _let_rest(self, endpoint: Endpoint, asked_s: float | None = None) -> None:
        """Others come first for a while; nobody asks it before `asked_s` are over."""
        rest, now = self._rests[endpoint], self._clock.now()
        rest.failures += 1
        rest.until = now + Patience().pause(rest.failures, 1.0)
        if asked_s is not None:
            rest.closed_until = rest.until = now + asked_s

    def _in_order(self) -> list[Endpoint]:
        now = self._clock.now()
        return sorted(self.endpoints, key=lambda endpoint: self._rests[endpoint].until > now)

    def _until_one_is_open(self) -> float:
        return min(rest.closed_until for rest in self._rests.values()) - self._clock.now()

    # ------------------------------------------------------------------ blocking calls

    def ask(self, calls: Sequence[Call], kind: Any) -> list[Any]:
        """Answers to many calls in their order, each decoded as `kind`, a msgspec type."""
        return self.use(lambda endpoint: endpoint.ask(calls, kind))

    def call(self, method: str, params: Sequence[Any] = ()) -> Any:
        """The node's plain JSON answer to one call; RpcError when it refuses, Retry when none answers."""
        return self.ask([(method, params)], Any)[0]

    def batch(self, calls: Sequence[Call]) -> list[Any]:
        """Answers to many calls in the order of `calls`; RpcError names the first that was refused."""
        return self.ask(calls, Any)

    def chain_id(self) -> int:
        """The chain id that the node states."""
        return self.use(lambda endpoint: endpoint.chain_id())

    def block(self, number: int | str) -> Header:
        """The header of a block by number or tag; Retry when the node does not have it (yet)."""
        return self.blocks([number])[0]

    def blocks(self, numbers: Sequence[int | str]) -> list[Header]:
        """The headers of many blocks, in the order of `numbers`; Retry when the node lacks one."""
        return self.use(lambda endpoint: endpoint.blocks(numbers))

    def find_blocks(self, numbers: Sequence[int | str]) -> list[Header | None]:
        """As `blocks`, with None for a block that the node does not have."""
        return self.use(lambda endpoint: endpoint.find_blocks(numbers))

    def logs(
        self, addresses: Sequence[bytes], topics: Sequence[str], from_block: int, to_block: int
    ) -> list[RawLog]:
        """All logs of the contracts with one of `topics` (0x hex) first, limits inclusive, in order."""
        return self.use(lambda endpoint: endpoint.logs(addresses, topics, from_block, to_block))

    def finalized(self) -> Header:
        """The latest finalized block; Stop when the node does not know the tag."""
        return self.settled()

    def settled(self, confirmations: int | None = None) -> Header:
        """The latest finalized block, or the latest with so many blocks on top of it.

        With several addresses all are asked, and one that stands far behind another, or behind what it
        said before, is left for the next.
        """
        if len(self.endpoints) > 1:
            _blocking(asyncio.run_coroutine_threadsafe(self._compare_heads(confirmations), _loop()))
        return self.use(lambda endpoint: endpoint.settled(confirmations))

    async def _compare_heads(self, confirmations: int | None) -> None:
        heads = await asyncio.gather(*(self._height(endpoint, confirmations) for endpoint in self.endpoints))
        highest = max(height for height in heads)
        for endpoint, height in zip(self.endpoints, heads, strict=True):
            rest = self._rests[endpoint]
            if height >= 0 and (height < rest.height or height < highest - self._max_lag):
                self._let_rest(endpoint)
            rest.height = max(rest.height, height)

    async def _height(self, endpoint: Endpoint, confirmations: int | None) -> int:
        """The endpoint's settled height; -1 when it cannot say."""
        try:
            return (await self._try(endpoint, lambda one: one.settled(confirmations))).number
        except (Unusable, RpcError):
            return -1


async def _make(
    parts: AsyncGenerator[T, None], made: "SimpleQueue[T | None]", room: asyncio.Semaphore
) -> None:
    """Put the parts into `made` while there is room, and None when there are no more."""
    try:
        async with aclosing(parts):
            await room.acquire()
            async for part in parts:
                made.put(part)
                await room.acquire()
    finally:
        made.put(None)


class _Rest:
    """When an address is to be used again, and the highest settled block that it spoke of."""

    def __init__(self) -> None:
        self.failures, self.height = 0, -1
        self.until = self.closed_until = float("-inf")


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """The event loop of all blocking calls, on its own thread; ended with the program."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="json-rpc", daemon=True)
    thread.start()

    def end() -> None:
        asyncio.run_coroutine_threadsafe(_end_all(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

    atexit.register(end)
    return loop


async def _close(endpoints: Collection[Endpoint]) -> None:
    _OPEN.difference_update(endpoints)
    await asyncio.gather(*(endpoint.close() for endpoint in endpoints))


async def _end_all() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await _close(list(_OPEN))


def _blocking(future: "Future[T]") -> T:
    try:
        return future.result()
    except BaseException:
        future.cancel()
        raise
