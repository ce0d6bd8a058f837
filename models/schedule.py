"""The epoch clock of a home contract: pure arithmetic on chain time, the same for everyone.

Rules that hold here: epochs count from 1; epoch e ends at T_e = genesis + e × length, as the contract
reckons; a fact counts for e when its block's time is ≤ T_e, that is < T_e + 1.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Schedule:
    """Epochs of the contract (20 bytes) on a chain: from `genesis` (Unix time) on, `length` seconds each."""

    chain_id: int
    contract: bytes
    genesis: int
    length: int

    def __post_init__(self) -> None:
        if self.length < 1 or self.genesis < 0:
            raise ValueError(f"epochs of {self.length} s from {self.genesis} on")

    def end_of(self, epoch: int) -> int:
        """T_e, the last second whose blocks count for the epoch."""
        if epoch < 1:
            raise ValueError(f"epochs count from 1, got {epoch}")
        return self.genesis + epoch * self.length

    def until(self, epoch: int) -> int:
        """T_e + 1: a fact counts when its block's time is earlier than this."""
        return self.end_of(epoch) + 1

    def epoch_ended_by(self, time: int) -> int:
        """The latest epoch whose end is earlier than `time`, 0 when none is.

        Earlier, not equal: another block may carry the very second of the end, so an epoch is
        over only once a block of a later second is final.
        """
        return max(0, (time - 1 - self.genesis) // self.length)
