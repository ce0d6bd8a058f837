"""What a node counts and measures, for Prometheus: every name, unit and label in one place.

Rules that hold here: names begin with `credit_oracle_`, times are Unix seconds, money is in the chain's own
coin; labels are few and bounded (a chain of the settings, an address by its number in them, a member by its
place in the committee, a phase of PHASES), so that no stranger can make this grow; nothing here is read by
the node itself. One process is one node, so the values are the process's.
"""

from collections.abc import Iterable, Mapping
from importlib import metadata

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from ledger_reader.audit import Held
from ledger_reader.rpc import Rpc

PREFIX = "credit_oracle"
PHASES = ("starting", "waiting", "snapshot", "sync", "score", "agree")
OUTCOMES = ("agreed", "disagreed", "unpublished", "retried")

registry = CollectorRegistry()


def _gauge(name: str, meaning: str, *labels: str) -> Gauge:
    return Gauge(f"{PREFIX}_{name}", meaning, labels, registry=registry)


def _counter(name: str, meaning: str, *labels: str) -> Counter:
    return Counter(f"{PREFIX}_{name}", meaning, labels, registry=registry)


# ---------------------------------------------------------------------------------------------- the round

phase = _gauge("phase", "1 for the phase that the node is in, 0 for the others", "phase")
round_seconds = _gauge("round_seconds", "How long each part of the last round took", "part")
rounds = _counter("rounds", "Rounds by how they ended", "outcome")
epoch_computed = _gauge("epoch_computed", "Latest epoch whose root this node computed")
signatures = _gauge("signatures", "Signatures equal to mine in the last round")
signatures_needed = _gauge("signatures_needed", "The quorum of the last round")
borrowers = _gauge("borrowers", "Borrowers scored in the last round")
dissent_epoch = _gauge("dissent_epoch", "Latest epoch of which a member signed another report", "member")
equivocation_epoch = _gauge("equivocation_epoch", "Latest epoch of which a member signed two", "member")
gas_used = _counter("gas_used", "Gas of this node's own publications")
fee_bumps = _counter("fee_bumps", "Transactions replaced at a higher fee")
facts_failures = _counter(
    "facts_failures", "Epochs whose facts, which nothing committed needs, were not made"
)
ledger_events = _gauge("ledger_events", "Events in the ledger", "chain")

# ---------------------------------------------------------------------------------------------- the world

info = _gauge("info", "1, with what runs", "version", "contract")
watched_time_seconds = _gauge("watched_time_seconds", "When the contract was last read for these figures")
member = _gauge("member", "1 when this node's key is a member's in the running epoch")
signs = _gauge("signs", "1 when the node has a key to sign with, 0 in a dry run")
epoch_ended = _gauge("epoch_ended", "Latest epoch that has ended by final blocks")
epoch_published = _gauge("epoch_published", "Latest epoch with a root on chain")
epoch_current = _gauge("epoch_current", "The epoch that consumers read, 0 when there is none")
epoch_end_time_seconds = _gauge("epoch_end_time_seconds", "When the latest ended epoch ended")
report_life_seconds = _gauge("report_life_seconds", "How long after its end an epoch can be published")
published_snapshot_time_seconds = _gauge("published_snapshot_time_seconds", "Data time of the latest root")
held = _gauge("held", "1 while the latest root is held back by the population limits")
vetoed = _gauge("vetoed", "1 while the latest root is vetoed")
paused_until_time_seconds = _gauge("paused_until_time_seconds", "Until when publishing is paused")
balance_coins = _gauge("balance_coins", "What the signing address has")
publications_affordable = _gauge("publications_affordable", "How many publications that pays, at today's fee")
finalized_block = _gauge("finalized_block", "Latest final block", "chain")
finalized_time_seconds = _gauge("finalized_time_seconds", "Time of the latest final block", "chain")
disk_free_bytes = _gauge("disk_free_bytes", "Free space where the node's folder is")
sits_out = _gauge("sits_out", "1 while the node signs nothing because its folder was restored")


class RpcTally(Collector):
    """Calls and failures of each RPC address, by chain and number, as its client counted them."""

    def __init__(self, rpcs: Mapping[int, Rpc]) -> None:
        self._rpcs = rpcs

    def collect(self) -> Iterable[CounterMetricFamily]:
        """Both counters, read at the moment they are asked for."""
        labels = ("chain", "endpoint")
        calls = CounterMetricFamily(f"{PREFIX}_rpc_calls", "JSON-RPC calls", labels=labels)
        errors = CounterMetricFamily(f"{PREFIX}_rpc_errors", "Requests that an address failed", labels=labels)
        for chain, rpc in sorted(self._rpcs.items()):
            for number, endpoint in enumerate(rpc.endpoints, 1):
                calls.add_metric((str(chain), str(number)), endpoint.calls)
                errors.add_metric((str(chain), str(number)), endpoint.failures)
        return (calls, errors)


def enter(name: str) -> None:
    """The node is in this phase now; whatever is none of PHASES is `agree`."""
    current = name if name in PHASES else "agree"
    for each in PHASES:
        phase.labels(each).set(each == current)


def count_signatures(equal: int, needed: int) -> None:
    """How many signatures of my report there are, of how many that make a quorum."""
    signatures.set(equal)
    signatures_needed.set(needed)


def count_events(held: Iterable[Held]) -> None:
    """How much the ledger holds of each chain."""
    for each in held:
        ledger_events.labels(each.chain_id).set(each.events)


def finish(epoch: int, scored: int, seconds: Mapping[str, float]) -> None:
    """A round is over: over how many borrowers it was, how long its parts took."""
    epoch_computed.set(epoch)
    borrowers.set(scored)
    for part, value in seconds.items():
        round_seconds.labels(part).set(value)


def describe(contract: str, has_key: bool) -> None:
    """Say once what runs, and begin every counter and phase at zero so that alerts see the first rise."""
    info.labels(metadata.version("credit-oracle"), contract).set(1)
    signs.set(has_key)
    for outcome in OUTCOMES:
        rounds.labels(outcome)
    enter("starting")


def page() -> bytes:
    """All values in Prometheus' text format."""
    return generate_latest(registry)
