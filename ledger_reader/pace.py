"""How fast a provider may be asked, and how long to wait for one that fails; pure.

Rules that hold here: time, waiting and chance come in by a `Clock`, so that nothing here sleeps in a
test; waits grow exponentially and are drawn evenly from zero to their limit ("full jitter": many readers
that failed together do not come back together); nothing of this reaches a number of the ledger.
"""

import asyncio
import random
import time
from dataclasses import dataclass
from typing import Protocol


class Clock(Protocol):
    """Seconds that only grow, a wait, and a draw from [0, 1)."""

    def now(self) -> float:
        """Seconds since some moment."""

    async def sleep(self, seconds: float) -> None:
        """Wait so long."""

    def luck(self) -> float:
        """A number from 0 to less than 1."""


class SystemClock:
    """The machine's clock and chance."""

    def now(self) -> float:
        """Monotonic seconds."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait so long."""
        await asyncio.sleep(seconds)

    def luck(self) -> float:
        """An even draw."""
        return random.random()


@dataclass(frozen=True)
class Patience:
    """How often all providers are tried before giving up, and how long to wait in between (seconds)."""

    tries: int = 1
    base_s: float = 0.5
    cap_s: float = 30.0

    def pause(self, failures: int, luck: float) -> float:
        """The wait after so many failures in a row (1, 2, …): even in [0, base · 2^(failures − 1))."""
        return luck * min(self.cap_s, self.base_s * 2.0 ** min(failures - 1, 32))


IMPATIENT = Patience()
PATIENT = Patience(tries=7)
"""Half a minute on average, a minute at most."""


class Bucket:
    """A token bucket: `rate` calls a second, saved up for one second at most; None: no limit."""

    def __init__(self, rate: float | None) -> None:
        self._rate = rate
        self._free_at = float("-inf")
        """When all that was taken so far is paid for."""

    def take(self, calls: int, now: float) -> float:
        """Take so many calls now; how many seconds to wait before making them."""
        if self._rate is None:
            return 0.0
        self._free_at = max(self._free_at, now - 1.0) + calls / self._rate
        return max(0.0, self._free_at - now)
