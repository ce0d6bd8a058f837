"""A scorecard put through the later loans of a ledger: the figures that are reported, out of time.

Rules that hold here: every row is scored as the scorecard's rules would, by the segment they give it;
a row without enough history for any segment counts by the borrowers' points and is also told apart
(`insufficient`), for its outcome is known all the same. The single feature is chosen on training rows. A
challenger, gradient boosting free of all bounds, is fitted on the same training rows, to show what is
left on the table. Months are spans of 30 days from the first test loan on.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from models.rules import decide
from models.scorecard import Scorecard
from models.segment import Columns
from models.training.challenger import known_only
from models.training.curves import (
    Calibrated,
    Lift,
    Pile,
    by_band,
    calibration_curve,
    distribution,
    lift_curve,
)
from models.training.dataset import Dataset, Split, to_columns, to_floats
from models.training.evaluate import (
    DIGITS,
    DRAWS,
    SEED,
    Estimate,
    Figures,
    Floats,
    Sample,
    auc,
    best_rival,
    bootstrap,
    figures,
    sample,
)
from models.training.export import FULL
from models.training.monitor import MONTH

INSUFFICIENT = "insufficient"
"""Where rows stand that no rule takes."""


@dataclass(frozen=True)
class Placed:
    """Rows as a scorecard sees them: segment's name, unclamped total, score, chance of bad."""

    segment: NDArray[np.object_]
    total: NDArray[np.int64]
    score: NDArray[np.int64]
    chance: Floats


@dataclass(frozen=True)
class MonthFigures:
    """The loans opened in one month: when it starts (Unix seconds); AUC if there are both kinds."""

    start: int
    rows: int
    bad: int
    stated: float
    auc: float | None


@dataclass(frozen=True)
class Challenger:
    """Gradient boosting on the same rows: its AUC, and that less the scorecard's (paired)."""

    name: str
    auc: Estimate
    left_on_the_table: Estimate


@dataclass(frozen=True)
class Evaluation:
    """Test figures of everybody, of returning borrowers, and by segment (None: lacks good or bad loans)."""

    all: Figures
    returning: Figures | None
    segments: Mapping[str, Figures | None]
    challenger: Challenger | None
    bands: tuple[Calibrated, ...]
    curve: tuple[Calibrated, ...]
    lift: tuple[Lift, ...]
    distribution: tuple[Pile, ...]
    months: tuple[MonthFigures, ...]

    def to_plain(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def place(card: Scorecard, features: pd.DataFrame) -> Placed:
    """Every row by the segment whose number counts."""
    columns, rows = Columns(to_columns(features), len(features)), len(features)
    names = np.array([*(rule.segment for rule in card.rules), INSUFFICIENT], dtype=object)
    segment = names[decide(card.rules, card.segments, columns)[0]]  # -1, no rule, is the last of them
    total, score, chance = np.zeros(rows, np.int64), np.zeros(rows, np.int64), np.zeros(rows)
    for name in sorted(set(segment.tolist())):
        at = np.flatnonzero(segment == name)
        table = card.segments[FULL if name == INSUFFICIENT else name]
        total[at] = table.totals(columns.take(at))
        score[at] = table.clamped(total[at])
        chance[at] = [table.bad_bps(one) / 10_000 for one in score[at].tolist()]
    return Placed(segment, total, score, chance)


def sample_of(placed: Placed, rows: Dataset) -> Sample:
    """Scored rows beside their outcomes."""
    return sample(rows.bad, placed.total, placed.chance, placed.score, rows.person)


def evaluate(
    card: Scorecard,
    split: Split,
    float_risk: Floats | None = None,
    draws: int = DRAWS,
    challenge: bool = True,
) -> Evaluation:
    """Figures of a card on the test rows of a split; `float_risk` of those by the machine before rounding."""
    train, test = split.train, split.test
    placed = place(card, test.features)
    scored = sample_of(placed, test)
    masks = {name: placed.segment == name for name in _segment_names(card)}

    def measured(of_train: NDArray[np.bool_], of_test: NDArray[np.bool_]) -> Figures | None:
        learned = train.rows(of_train)
        if not scored.rows(of_test).has_both or learned.bad.all() or not learned.bad.any():
            return None
        rival = best_rival(learned.features, learned.bad, test.rows(of_test).features)
        risk = None if float_risk is None else float_risk[of_test]
        return figures(scored.rows(of_test), rival, risk, draws)

    everyone = figures(scored, best_rival(train.features, train.bad, test.features), float_risk, draws)
    all_of_train = np.ones(len(train), dtype=np.bool_)
    return Evaluation(
        all=everyone,
        returning=measured(train.returning, test.returning),
        segments={name: measured(all_of_train, mask) for name, mask in masks.items() if mask.any()},
        challenger=_challenger(split, scored, draws) if challenge else None,
        bands=by_band(scored),
        curve=calibration_curve(scored),
        lift=lift_curve(scored),
        distribution=distribution(scored),
        months=_months(scored, test.opened),
    )


def challenger_risk(split: Split) -> Floats:
    """Risk of the test rows by gradient boosting fitted on the training rows (n)."""
    machine = HistGradientBoostingClassifier(
        learning_rate=0.05, max_iter=150, max_leaf_nodes=8, min_samples_leaf=20, l2_regularization=5.0,
        early_stopping=False, random_state=SEED % 2**32,
    )  # fmt: skip
    learned, tested = known_only(to_floats(split.train.features), to_floats(split.test.features))
    with threadpool_limits(1):  # on tables of this size more threads only wait for each other
        machine.fit(learned, split.train.bad)
        risk: Floats = machine.predict_proba(tested)[:, 1]
    return risk


def _challenger(split: Split, scored: Sample, draws: int) -> Challenger:
    risk = challenger_risk(split)

    def measured(weights: Floats) -> list[float]:
        theirs = auc(scored.bad, risk, weights)
        return [theirs, theirs - auc(scored.bad, -scored.total, weights)]

    return Challenger("HistGradientBoosting", *bootstrap(scored, draws, measured))


def _segment_names(card: Scorecard) -> list[str]:
    return [*dict.fromkeys(rule.segment for rule in card.rules), INSUFFICIENT]


def _months(scored: Sample, opened: NDArray[np.int64]) -> tuple[MonthFigures, ...]:
    first = int(opened.min())
    month = (opened - first) // MONTH
    found = []
    for number in sorted(set(month.tolist())):
        rows = scored.rows(month == number)
        found.append(
            MonthFigures(
                start=first + number * MONTH,
                rows=len(rows),
                bad=int(rows.bad.sum()),
                stated=round(float(rows.chance.mean()), DIGITS),
                auc=round(auc(rows.bad, -rows.total), DIGITS) if rows.has_both else None,
            )
        )
    return tuple(found)
