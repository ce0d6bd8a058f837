"""Ledger → scorecard in one call: what `credit-oracle train`, the demo and the benchmarks run.

Rules that hold here: everything that is fitted, chosen or calibrated is so on training rows alone;
the test rows are looked at once, for the evaluation. A thin-file segment gets a table of its own when its
training rows hold enough good and bad ones; else it is left out, and the facts say so. The same events
and arguments give the same scorecard, byte for byte, on any machine that runs the pinned versions.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from ibis.expr.types import Table

from ledger_reader.errors import Stop
from models.features.catalogue import FEATURES
from models.features.feature import FIVE_YEARS, Feature
from models.rules import INSUFFICIENT
from models.scorecard import FeatureMatrix, Scorecard, score, scorecard_id
from models.stability import score_bins
from models.training import ebm, export, monitor
from models.training.assess import Evaluation, evaluate, place
from models.training.dataset import Dataset, Split, Wallets, among, observe, split_by_time, to_columns
from models.training.evaluate import DRAWS, Floats
from models.training.export import Fitted, ThinFile
from models.training.outcomes import Outcome

MIN_BAD, MIN_GOOD = 20, 20

INCOME = ("vouched_payers", "vouched_months", "vouched_inflow_cents")
SALES = ("vouched_buyers", "vouched_sales_cents")
MISDEEDS = (
    "bills_overdue", "bills_disputed_360d", "void_share_bps", "red_letter_share_bps", "self_invoices",
    "claims_pledged_twice",
)  # fmt: skip

PAYMENTS = ThinFile(
    name="payments",
    who=(("vouched_months", ">=", 3), ("days_since_bad", ">=", FIVE_YEARS)),
    learns=(("inflow_months", ">=", 1), ("borrows_total", "<=", 0)),
    told=INCOME,
)
"""People whom payers that vouch for them pay, without a bad loan: it learns from first loans."""

RECEIVABLES = ThinFile(
    name="receivables",
    who=(("vouched_buyers", ">=", 1), ("invoices_accepted", ">=", 3), ("days_since_bad", ">=", FIVE_YEARS)),
    learns=(("invoices_accepted", ">=", 1),),
    policy=Outcome(days_late=15, of="invoices"),
    told=(*INCOME, *SALES, *MISDEEDS),
)
"""Suppliers with buyers that vouch for them, without a bad loan: it learns from what became of their next
accepted invoice.
"""

THIN_FILES = (RECEIVABLES, PAYMENTS)
"""In the order of the rules."""


@dataclass(frozen=True)
class SegmentFacts:
    """What a segment learned from; `left_out` says why it was not made (None: it was)."""

    policy: Outcome
    rows: int
    bad: int
    cap: int
    setting: str | None
    inner_auc: dict[str, float]
    left_out: str | None


@dataclass(frozen=True)
class TrainingFacts:
    """What went into a scorecard: times in Unix seconds, counts of loans, the choice among settings.

    `wallets` says whether they were kept apart; `left_out` test loans fell to that.
    """

    cut: int
    end: int
    first_opened: int
    policy: Outcome
    train_rows: int
    train_bad: int
    test_rows: int
    test_bad: int
    censored: int
    wallets: Wallets
    people_on_both_sides: int
    left_out: int
    setting: str
    inner_auc: dict[str, float]
    segments: dict[str, SegmentFacts]


@dataclass(frozen=True)
class TrainingResult:
    """A scorecard, its training rows' scores in ten bins (`Manifest.reference`), figures and facts.

    `baseline` is the spread of the training rows, for drift; `machines` are the float models by segment.
    """

    scorecard: Scorecard
    reference: tuple[int, ...]
    evaluation: Evaluation
    facts: TrainingFacts
    baseline: monitor.Baseline
    machines: Mapping[str, Any]

    def to_plain(self) -> dict[str, Any]:
        """Plain values for JSON; the scorecard stands in it by its id, the machines are left out."""
        return {
            "scorecard": "0x" + scorecard_id(self.scorecard).hex(),
            "terms": len(self.scorecard.segments[export.FULL].terms),
            "reference": list(self.reference),
            "evaluation": self.evaluation.to_plain(),
            "facts": asdict(self.facts),
            "baseline": self.baseline.to_plain(),
        }


def train(
    events: Table,
    cut: int,
    end: int,
    name: str = "ebm",
    policy: Outcome = Outcome(),  # noqa: B008 (frozen)
    rules: export.Rules | None = None,
    scale: export.Scale = export.Scale(),  # noqa: B008 (frozen)
    features: tuple[Feature, ...] = FEATURES,
    wallets: Wallets = "apart",
    files: tuple[ThinFile, ...] = THIN_FILES,
    draws: int = DRAWS,
) -> TrainingResult:
    """Train on loans opened and known before `cut`, test on those opened from it on and known before `end`.

    Times are Unix seconds, exclusive. `rules` None: those of records with proved loans, or SECURED where no
    loan of the training rows can be proved. Stop when there are too few good or bad loans on either side,
    or a rule reads a feature that is not measured.
    """
    read = (rules or export.Rules()).features()
    read |= {name for file in files for name in (*file.told, *(at[0] for at in (*file.who, *file.learns)))}
    if unknown := sorted(read - {feature.name for feature in features}):
        raise Stop(f"the rules read the features {unknown}, which are not measured; change the rules.")
    split = split_by_time(events, policy, cut, end, features, wallets)
    _check(split.train)
    directions = {feature.name: int(feature.direction) for feature in features}
    proving = _proving(split.train)
    rules = rules or (export.Rules() if proving else export.SECURED)
    directions = export.learnable(directions, proving)
    rows = {file: _rows_of(file, events, split, cut, features, wallets) for file in files}
    borrower = export.fitted(split.train, directions)
    thin = {
        file: export.fitted(found, export.told_by(file, directions))
        for file, found in rows.items()
        if _enough(found) and _telling(file, found) >= MIN_GOOD
    }
    card = export.scorecard(name, borrower, thin, directions, rules, scale)
    machines = {export.FULL: borrower.machine, **{file.name: found.machine for file, found in thin.items()}}
    facts = _facts(cut, end, policy, split, wallets, borrower)
    return TrainingResult(
        scorecard=card,
        reference=reference(card, split.train),
        evaluation=evaluate(card, split, _float_risk(card, machines, split.test), draws),
        facts=replace(
            facts, segments={file.name: _segment_facts(file, policy, rows[file], thin) for file in files}
        ),
        baseline=_baseline(card, split.train),
        machines=machines,
    )


def _proving(rows: Dataset) -> bool:
    """Whether any borrower had proved a loan: never where all debt is secured and without due times."""
    return "loans_proved" in rows.features and bool((rows.features["loans_proved"] > 0).any())


def _rows_of(
    file: ThinFile, events: Table, split: Split, cut: int, features: tuple[Feature, ...], wallets: Wallets
) -> Dataset:
    """Training rows of a thin file's segment: of the loans, or by an outcome of its own."""
    rows = split.train
    if file.policy is not None:
        rows = observe(events, file.policy, 0, cut, features)
        rows = rows.rows(rows.known_at < cut)
        if wallets == "apart":
            rows = rows.rows(~among(rows.person, split.test.person))
    return rows.rows(export.meets(file.learns, rows.features))


def _float_risk(card: Scorecard, machines: Mapping[str, Any], rows: Dataset) -> Floats:
    """Log-odds of bad by the float machine of each row's segment, before anything is rounded (n)."""
    risk = ebm.predict(machines[export.FULL], rows.features)
    segment = place(card, rows.features).segment
    for name in machines:
        at = segment == name
        if at.any():
            risk[at] = ebm.predict(machines[name], rows.rows(at).features)
    return risk


def _facts(
    cut: int, end: int, policy: Outcome, split: Split, wallets: Wallets, borrower: Fitted
) -> TrainingFacts:
    return TrainingFacts(
        cut=cut,
        end=end,
        first_opened=int(split.train.opened.min()),
        policy=policy,
        train_rows=len(split.train),
        train_bad=int(split.train.bad.sum()),
        test_rows=len(split.test),
        test_bad=int(split.test.bad.sum()),
        censored=split.censored,
        wallets=wallets,
        people_on_both_sides=split.people_on_both_sides,
        left_out=split.left_out,
        setting=borrower.chosen.setting.name,
        inner_auc=borrower.chosen.inner_auc,
        segments={},
    )


def _segment_facts(
    file: ThinFile, policy: Outcome, rows: Dataset, thin: Mapping[ThinFile, Fitted]
) -> SegmentFacts:
    found = thin.get(file)
    bad = int(rows.bad.sum())
    why = f"{bad} bad and {len(rows) - bad} good rows, of each {MIN_BAD} and {MIN_GOOD} are needed"
    if _enough(rows):
        why = f"{_telling(file, rows)} rows have something of what it learns from, {MIN_GOOD} are needed"
    return SegmentFacts(
        policy=file.policy or policy,
        rows=len(rows),
        bad=bad,
        cap=file.cap,
        setting=None if found is None else found.chosen.setting.name,
        inner_auc={} if found is None else found.chosen.inner_auc,
        left_out=why if found is None else None,
    )


def _baseline(card: Scorecard, rows: Dataset) -> monitor.Baseline:
    return monitor.baseline(
        card.segments[export.FULL], to_columns(rows.features), place(card, rows.features).score
    )


def reference(card: Scorecard, rows: Dataset) -> tuple[int, ...]:
    """How many training rows with a score lie in each of ten bins."""
    columns = to_columns(rows.features)
    matrix = FeatureMatrix(
        addresses=np.frombuffer(b"".join(rows.wallet), dtype=np.uint8).reshape(-1, 20),
        names=tuple(columns),
        reasons=(0,) * len(columns),
        values=np.column_stack(list(columns.values())),
    )
    scores = score(card, matrix)
    return score_bins(scores.score[scores.status != INSUFFICIENT])


def _enough(rows: Dataset) -> bool:
    bad = int(rows.bad.sum())
    return bad >= MIN_BAD and len(rows) - bad >= MIN_GOOD


def _telling(file: ThinFile, rows: Dataset) -> int:
    """How many rows have anything in the features that the segment learns from."""
    told = rows.features[list(file.told)] if file.told else rows.features
    return int(told.fillna(0).ne(0).any(axis=1).sum())


def _check(rows: Dataset) -> None:
    if not _enough(rows):
        bad = int(rows.bad.sum())
        raise Stop(
            f"training needs at least {MIN_BAD} bad and {MIN_GOOD} good loans before the cut, got {bad} "
            f"and {len(rows) - bad}: move the cut, or read more history."
        )
