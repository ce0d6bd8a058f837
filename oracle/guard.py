"""What strangers may take of a node's port: connections, time, requests; nothing of it is kept.

Rules that hold here: the port is open to the world, and whoever it is gets no more than a share. A
connection that has not sent a whole request's headers in HEADER_SECONDS is cut off, and every one after
LIFE_SECONDS, however slowly it trickles; an address has at most so many at once and so many requests a
second; what is remembered of addresses is bounded. Refusing costs less than asking: nothing of a refused
request's body is read. An IPv6 address counts by its /64.
"""

import asyncio
import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

HEADER_SECONDS = 5.0
LIFE_SECONDS = 30.0

MAX_HEADER_BYTES = 8 * 1024
MAX_CONNECTIONS = 256
MAX_CONNECTIONS_OF_ONE = 64
"""As many as a committee on one machine needs: 32 members, each with two."""

REQUESTS_A_SECOND, BURST = 200.0, 600.0
"""Of one address. A committee of 32 on one machine sends 31 to each of its own, each poll."""

MAX_REMEMBERED = 4096


class Allowance:
    """A bucket of tokens for each of those who ask: `burst` at once, `rate` a second; thread-safe enough.

    Only the last MAX_REMEMBERED are remembered: who is forgotten starts afresh. (Two threads may at worst
    take one token twice.)
    """

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._left: OrderedDict[str | bytes, tuple[float, float]] = OrderedDict()

    def take(self, who: str | bytes) -> bool:
        """Whether `who` may have one more now."""
        now = self._clock()
        left, since = self._left.pop(who, (self._burst, now))
        left = min(self._burst, left + (now - since) * self._rate)
        granted = left >= 1
        self._left[who] = (left - granted, now)
        while len(self._left) > MAX_REMEMBERED:
            self._left.popitem(last=False)
        return granted


class Guard:
    """ASGI middleware: 429 to an address that asks too often, before anything of its request is read."""

    def __init__(self, app: ASGIApp, allowance: Allowance | None = None) -> None:
        self._app = app
        self._allowance = allowance or Allowance(REQUESTS_A_SECOND, BURST)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, or answers it."""
        if scope["type"] == "http" and not self._allowance.take(origin(scope.get("client"))):
            refusal = Response("too many requests", 429, {"connection": "close"})
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)


class GuardedProtocol(H11Protocol):
    """One connection of uvicorn's, cut off when it is one too many, too slow, or too old."""

    origin = ""
    _clocks: tuple[asyncio.TimerHandle, ...] = ()

    def connection_made(self, transport: Any) -> None:
        """Counts the connections of the same origin, and starts both clocks."""
        super().connection_made(transport)
        self.origin = origin(self.client)
        of_one = sum(getattr(each, "origin", None) == self.origin for each in self.connections)
        if of_one > MAX_CONNECTIONS_OF_ONE or len(self.connections) > MAX_CONNECTIONS:
            transport.abort()
            return
        self._clocks = (
            self.loop.call_later(HEADER_SECONDS, self._cut_off_if_nothing_came),
            self.loop.call_later(LIFE_SECONDS, transport.abort),
        )

    def connection_lost(self, exc: Exception | None) -> None:
        """Stops the clocks."""
        for clock in self._clocks:
            clock.cancel()
        super().connection_lost(exc)

    def _cut_off_if_nothing_came(self) -> None:
        if self.cycle is None:
            self.transport.abort()


def origin(client: tuple[str, int] | None) -> str:
    """Whom a connection counts for: its IPv4 address, its IPv6 network of 64 bits, or nobody known."""
    if client is None:
        return ""
    try:
        found = ipaddress.ip_address(client[0])
    except ValueError:
        return client[0]
    if isinstance(found, ipaddress.IPv6Address):
        mapped = found.ipv4_mapped
        return str(mapped) if mapped else str(ipaddress.ip_network((int(found) >> 64 << 64, 64)))
    return str(found)
