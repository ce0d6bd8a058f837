"""An epoch rebuilt from the chain alone, and compared with what was published. No secret is needed.

Rules that hold here: what the report says is recomputed, never looked up: the committee and the model from
the contract, the snapshot from the epoch's end, the scores from the chain's events and the manifest, the
figures from these and the previous report's scores, made again too; the signatures are recovered from the
publishing transaction. Only the root needs the epoch's secret. Differences come in order of cause: the
first one is where to look. That the RPC addresses tell the truth is theirs to answer for: name several, or
have what is read proved (`verify`).
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from ledger_reader.errors import Stop
from ledger_reader.ledger import Snapshot
from ledger_reader.rpc import Rpc
from ledger_reader.store import LedgerStore
from models import manifest as manifests
from models import scorecard as scorecards
from models.manifest import Manifest
from models.schedule import Schedule
from models.scorecard import Scores
from models.scoring import score_population
from oracle import reading
from oracle import report as reports
from oracle.auditing import publication
from oracle.contract import CreditOracle, Published
from oracle.epoch import Deployment, snapshot_hash
from oracle.publishing import start_block
from oracle.report import EpochReport, digest, population_figures, scores_hash
from oracle.snapshots import take_snapshot
from oracle.terms import frozen_at
from oracle.tree import EpochTree

ORDER = (
    "config", "modelId", "snapshotBlock", "snapshotTime", "homeHash", "snapshotHash", "scoresHash",
    "previousEpoch", "borrowers", "meanScore", "movedBps", "psiBps", "root",
)  # fmt: skip
"""The report's fields from causes to consequences."""


@dataclass(frozen=True)
class Check:
    """One thing compared: as published, and as it is by our reckoning."""

    what: str
    published: int | str
    ours: int | str

    @property
    def differs(self) -> bool:
        """Whether the two are not the same."""
        return self.published != self.ours

    def __str__(self) -> str:
        return f"{self.what} is {self.published} as published, {self.ours} by our reckoning"


@dataclass(frozen=True)
class Subject:
    """What is audited: one published report of a contract, and the manifest it must have been made with."""

    oracle: CreditOracle
    published: Published
    manifest: Manifest
    home: Path

    @property
    def report(self) -> EpochReport:
        """The report as it stands on chain."""
        return self.published.report


@dataclass(frozen=True)
class Audit:
    """All checks, in order of cause, and the scores they rest on."""

    checks: tuple[Check, ...]
    scores: Scores

    @property
    def first(self) -> Check | None:
        """The first difference; None when there is none."""
        return next((check for check in self.checks if check.differs), None)


@contextmanager
def opened(urls: tuple[str, ...]) -> Iterator[dict[int, Rpc]]:
    """The addresses by the chain each one is of."""
    of_chain: dict[int, list[str]] = {}
    for url in urls:
        with Rpc(url) as one:
            of_chain.setdefault(one.chain_id(), []).append(url)
    with ExitStack() as stack:
        yield {
            chain: stack.enter_context(Rpc(tuple(found), chain_id=chain)) for chain, found in of_chain.items()
        }


def find(rpcs: Mapping[int, Rpc], contract: bytes, epoch: int, manifest: Manifest, home: Path) -> Subject:
    """The published report of an epoch; Stop when there is none, or it was made with another manifest.

    `home` is the folder that holds the manifest, its scorecard and those of earlier models.
    """
    schedule = manifest.schedule
    if schedule.contract != contract or schedule.chain_id not in rpcs:
        raise Stop(
            f"the manifest 0x{manifests.model_id(manifest).hex()} is for 0x{schedule.contract.hex()} on "
            f"chain {schedule.chain_id}: name that contract, and an RPC address of that chain."
        )
    oracle = CreditOracle(rpcs[schedule.chain_id], contract)
    clock = oracle.clock()
    if Schedule(schedule.chain_id, contract, clock.genesis, clock.length) != schedule:
        raise Stop(f"the manifest's epochs are {schedule}, the contract's begin at {clock.genesis}.")
    reports_on_chain = oracle.published(start_block(manifest))
    if epoch not in reports_on_chain:
        latest = max(reports_on_chain, default=0)
        raise Stop(f"epoch {epoch} was never published; the latest that was is {latest}.")
    found = reports_on_chain[epoch]
    if found.report.model_id != manifests.model_id(manifest):
        raise Stop(
            f"epoch {epoch} was scored with the model 0x{found.report.model_id.hex()}, the manifest named is "
            f"0x{manifests.model_id(manifest).hex()}: name that model's manifest."
        )
    return Subject(oracle, found, manifest, home)


def audit(
    subject: Subject,
    rpcs: Mapping[int, Rpc],
    ledger: Path,
    secret: bytes | None = None,
    verify: str | None = None,
) -> Audit:
    """Rebuild the epoch and compare; the ledger is read on as far as is needed.

    `secret` is S_e; `verify` as in `reading.read_chain`.
    """
    epoch, manifest = subject.report.epoch, subject.manifest
    snapshot = _snapshot(subject, rpcs, manifest, epoch)
    for chain in manifest.sources:
        until = snapshot.of(chain.chain_id).number
        reading.read_chain(rpcs[chain.chain_id].urls, chain, ledger, until, verify)
    with LedgerStore(ledger) as store:
        scores = scores_at(store, subject.home, manifest, snapshot, epoch)
        previous = _previous(subject, rpcs, store, snapshot)
    root = EpochTree.build(epoch, scores, secret).root if secret else subject.report.root
    ours = _reckoned(subject, snapshot, scores, root, previous)
    checks = (*_of_publication(subject), *_of_previous(previous), *compared(subject.report, ours))
    return Audit(checks, scores)


def scores_at(store: LedgerStore, home: Path, manifest: Manifest, snapshot: Snapshot, epoch: int) -> Scores:
    """All scores of an epoch, from the ledger at its snapshot."""
    card = scorecards.load(home, manifest.scorecard)
    return score_population(store.events(snapshot), manifest, card, manifest.schedule.until(epoch))


def compared(published: EpochReport, ours: EpochReport) -> tuple[Check, ...]:
    """One check for each field of two reports of an epoch."""
    left, right = reports.to_json(published), reports.to_json(ours)
    return tuple(Check(name, left[name], right[name]) for name in ORDER)


def _of_publication(subject: Subject) -> tuple[Check, ...]:
    """Whether the transaction carries this report, and a quorum of this epoch's committee signed it."""
    oracle, report = subject.oracle, subject.report
    found = publication.read_publication(oracle, subject.published.transaction)
    deployment = Deployment.of(subject.manifest.schedule)
    signed = digest(report, deployment)
    wrong = publication.faults(found, oracle.committee_at(report.epoch), signed)
    return (
        Check("the report's digest", "0x" + signed.hex(), "0x" + digest(found.report, deployment).hex()),
        Check("the member mask", subject.published.member_mask, found.mask),
        Check("the signatures' state", "sound", wrong[0] if wrong else "sound"),
    )


def _reckoned(
    subject: Subject, snapshot: Snapshot, scores: Scores, root: bytes, previous: "_Previous | None"
) -> EpochReport:
    """The report as it should be."""
    epoch, manifest = subject.report.epoch, subject.manifest
    home = snapshot.of(manifest.schedule.chain_id)
    figures = population_figures(scores, previous.scores if previous else None, manifest.reference)
    return EpochReport(
        epoch=epoch,
        config=subject.oracle.committee_at(epoch).config_digest,
        model_id=subject.oracle.model_at(epoch),
        snapshot_block=home.number,
        snapshot_time=home.time,
        home_hash=home.hash,
        snapshot_hash=snapshot_hash(snapshot),
        root=root,
        scores_hash=scores_hash(scores),
        previous_epoch=previous.report.epoch if previous else 0,
        borrowers=figures.borrowers,
        mean_score=figures.mean_score,
        moved_bps=figures.moved_bps,
        psi_bps=figures.psi_bps,
    )


@dataclass(frozen=True)
class _Previous:
    """The report that the audited one is compared with, and its scores, made again."""

    report: EpochReport
    scores: Scores


def _previous(
    subject: Subject, rpcs: Mapping[int, Rpc], store: LedgerStore, snapshot: Snapshot
) -> _Previous | None:
    home = snapshot.of(subject.manifest.schedule.chain_id)
    earlier = subject.oracle.standing(start_block(subject.manifest), home.number)
    if not earlier:
        return None
    before = earlier[max(earlier)].report
    manifest = manifests.load(subject.home, before.model_id)
    at = _snapshot(subject, rpcs, manifest, before.epoch)
    return _Previous(before, scores_at(store, subject.home, manifest, at, before.epoch))


def _snapshot(subject: Subject, rpcs: Mapping[int, Rpc], manifest: Manifest, epoch: int) -> Snapshot:
    frozen = frozen_at(subject.oracle, epoch, "latest")
    return take_snapshot(rpcs, frozen, manifest.schedule, epoch, recorded=lambda _chain, _number: None)


def _of_previous(previous: _Previous | None) -> tuple[Check, ...]:
    if previous is None:
        return ()
    what = f"scoresHash of the previous epoch {previous.report.epoch}"
    found = "0x" + scores_hash(previous.scores).hex()
    return (Check(what, "0x" + previous.report.scores_hash.hex(), found),)
