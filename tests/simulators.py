"""Fakes of our seams: each keeps its protocol's promises, and can be looked into."""


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
