"""What the service counts, for Prometheus, and how it says so.

Rules that hold here: names begin with `credit_oracle_api_`; a route is told by its pattern and a method by a
fixed list, so no stranger can make this grow; nothing tells of one borrower or reader. One process's values:
with several replicas Prometheus adds them up.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

PREFIX = "credit_oracle_api"
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "DELETE", "PUT", "PATCH")
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5)


class Figures:
    """The figures of one application."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            f"{PREFIX}_requests", "Requests", ("method", "route", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            f"{PREFIX}_seconds", "Time to answer", registry=self._registry, buckets=SECONDS
        )
        self._reads = Counter(f"{PREFIX}_reads", "Readers' requests", ("result",), registry=self._registry)
        self.epoch = Gauge(f"{PREFIX}_epoch", "Epoch answered from", registry=self._registry)
        self._known: dict[tuple[str, str, int], Counter] = {}
        for result in ("shown", "refused"):
            self._reads.labels(result)

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """One request is answered."""
        key = (method if method in METHODS else "other", route, status)
        child = self._known.get(key)
        if child is None:  # finding a child by its labels costs as much as all the rest
            child = self._known[key] = self._requests.labels(*key)
        child.inc()
        self._seconds.observe(seconds)

    def read(self, result: str) -> None:
        """A reader's request was `shown` or `refused`."""
        self._reads.labels(result).inc()

    def page(self) -> bytes:
        """All values in Prometheus' text format."""
        return generate_latest(self._registry)
