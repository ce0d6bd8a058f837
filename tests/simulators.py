"""Fakes of our seams: each keeps its protocol's promises, and can be looked into."""

import time
from typing import ClassVar

from oracle.api.sight import Fate, Sight
from oracle.committee import Committee
from oracle.report import Limits, Mark


class FakeClock:
    """Time that passes only when somebody sleeps; `luck` gives the same draw each time.

    `slept`: every wait that was not of zero seconds.
    """

    def __init__(self, luck: float = 0.5) -> None:
        self.time, self.slept = 1000.0, list[float]()
        self._luck = luck

    def now(self) -> float:
        """The fake seconds."""
        return self.time

    async def sleep(self, seconds: float) -> None:
        """Time passes at once."""
        if seconds > 0:
            self.slept.append(seconds)
            self.time += seconds

    def luck(self) -> float:
        """The draw that was set."""
        return self._luck


class FakeChain:
    """A chain of which one thing is known: what became of epochs; nobody has a contract account.

    `fates`: an epoch's, by its number: "standing", "stale", "upcoming", "held", "vetoed", or "unpublished".
    """

    TIME, MAX_AGE = 2_000, 1_000
    _KEYS = tuple(bytes([i]) * 32 for i in range(1, 5))
    COMMITTEE = Committee(tuple(bytes([i]) * 20 for i in range(1, 5)), _KEYS, 3, b"\x03" * 32)
    LIMITS = Limits(1, 300, 850, 2_000, 2_500)
    MARKS: ClassVar = {"held": Mark.HELD, "vetoed": Mark.VETOED, "unpublished": None}

    def __init__(self) -> None:
        self.fates: dict[int, str] = {}
        self.seen_at: float | None = None

    def sight(self, latest: int) -> Sight | None:
        """What is seen at `seen_at`, now by default; all epochs are as old as one another."""
        if not self.fates:
            return None
        return Sight(
            fates={epoch: self._fate(name) for epoch, name in self.fates.items() if epoch <= latest},
            current=max(
                (epoch for epoch, name in self.fates.items() if name in ("standing", "stale")), default=0
            ),
            limits=self.LIMITS,
            max_age=self.MAX_AGE,
            block_time=self.TIME + (self.MAX_AGE if "stale" in self.fates.values() else 0),
            at=time.time() if self.seen_at is None else self.seen_at,
        )

    def _fate(self, name: str) -> Fate:
        mark = self.MARKS.get(name, Mark.STANDING)
        begins = self.TIME + 3_600 if name in ("upcoming", "vetoed") else self.TIME - 100
        return Fate(mark, None if mark is None else begins, self.COMMITTEE)

    def approves(self, account: bytes, digest: bytes, signature: bytes) -> bool:  # noqa: ARG002
        """No contract signs here."""
        return False
