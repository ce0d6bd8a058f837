"""Fakes of our seams: each keeps its protocol's promises, and can be looked into."""

from typing import Any


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
    """A chain of which one thing is known: what became of each epoch; nobody has a contract account.

    `fates`: what `flags` tells of an epoch, by its number; of the others it knows nothing.
    """

    committee: dict[str, object] | None = None

    def __init__(self) -> None:
        self.fates: dict[int, str] = {}

    def flags(self, epoch: int, snapshot_time: int) -> dict[str, Any]:  # noqa: ARG002
        """As the service tells it: one of `held`, `stale`, `upcoming`, or none of them ("standing")."""
        fate = self.fates.get(epoch)
        known = {name: None if fate is None else name == fate for name in ("held", "stale", "upcoming")}
        return {"activeFrom": None, "flags": known}

    def approves(self, account: bytes, digest: bytes, signature: bytes) -> bool:  # noqa: ARG002
        """No contract signs here."""
        return False
