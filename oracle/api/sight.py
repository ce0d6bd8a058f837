"""What was seen of the chain at one moment, and what follows from it; pure.

Rules that hold here: a sight that is older than TRUST_SECONDS says nothing any more: unknown (None), which
is neither yes nor no. Contracts judge by the time of their blocks, so this machine's clock only says how long
ago the latest block was seen.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from oracle.committee import Committee
from oracle.report import Limits, Mark

TRUST_SECONDS = 120.0

Standing = Literal["read", "waiting", "usable", "held", "vetoed", "unpublished"]
"""What became of an epoch's root: contracts `read` it now; it is `waiting` until its time; `usable`: its time
has come, and a later one is read in its place."""


@dataclass(frozen=True)
class Fate:
    """One epoch on chain: its root's mark and time (None: not published, or out of the ring), who signs."""

    mark: Mark | None
    active_from: int | None
    committee: Committee


@dataclass(frozen=True)
class Sight:
    """What the contract said of the epochs in its ring, up to the latest here; `current` is read (0: none).

    `block_time` was the latest block's when this machine's clock was `at`; `max_age`: of a snapshot.
    """

    fates: Mapping[int, Fate]
    current: int
    limits: Limits
    max_age: int
    block_time: int
    at: float

    def is_old(self, now: float) -> bool:
        """Whether it says nothing any more."""
        return now - self.at > TRUST_SECONDS

    def chain_time(self, now: float) -> float:
        """What the time of a block made now would be."""
        return self.block_time + now - self.at

    def flags(self, epoch: int, snapshot_time: int, now: float) -> dict[str, bool] | None:
        """Whether an epoch is held, stale, upcoming, or vetoed (so never upcoming); None: unknown."""
        fate = self.fates.get(epoch)
        if fate is None:
            return None
        has_begun = fate.active_from is not None and fate.active_from <= self.chain_time(now)
        return {
            "held": fate.mark == Mark.HELD,
            "stale": self.chain_time(now) - snapshot_time > self.max_age,
            "upcoming": fate.mark != Mark.VETOED and not has_begun,
            "vetoed": fate.mark == Mark.VETOED,
        }

    def read_epoch(self, now: float) -> int:
        """The epoch that contracts read: the one that was read, or a later one whose time has come since."""
        return max([self.current, *(epoch for epoch in self.fates if self._is_usable(epoch, now))])

    def standing(self, epoch: int, now: float) -> Standing | None:
        """What became of an epoch; None where that is unknown."""
        fate = self.fates.get(epoch)
        if fate is None:
            return None
        if fate.mark is None or fate.active_from is None:
            return "unpublished"
        if fate.mark != Mark.STANDING:
            return "held" if fate.mark == Mark.HELD else "vetoed"
        if fate.active_from > self.chain_time(now):
            return "waiting"
        return "read" if epoch == self.read_epoch(now) else "usable"

    def _is_usable(self, epoch: int, now: float) -> bool:
        fate = self.fates[epoch]
        has_begun = fate.active_from is not None and fate.active_from <= self.chain_time(now)
        return fate.mark == Mark.STANDING and has_begun
