"""How well a score tells bad rows from good ones: figures of plain arrays, each with its interval.

Rules that hold here: `risk` rises with the chance of bad, `total` and `score` fall with it. AUC, Gini and
KS are those of the unclamped sum; the clamped score's AUC stands beside them. Every figure takes row
weights, which is also how its interval is made: 95 % percentile bootstrap over people (all rows of one
person are drawn together) with a fixed seed; differences are paired within each draw. The best single
feature and its sign are chosen on training rows, never on the rows that are reported; missing counts as
the training median. Nothing here knows of a ledger: models/training/assess.py puts its loans through.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from ledger_reader.errors import Stop
from models.segment import Columns, Segment
from models.training.dataset import to_columns, to_floats

SEED = 20_261_123
DRAWS = 1_000
BINS = 10
DIGITS = 4

LEAST_CHANCE = 0.000_05
"""A stated chance counts as at least this (half a basis point) in the log loss, so that 0 is not infinite."""

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Estimate:
    """A figure with the ends of its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Sample:
    """n scored rows whose outcome is known; made and checked by `sample`.

    bad; total: unclamped points; score: as told; chance: of bad as stated, 0 to 1; person: a number for
    each person (rows of one person are drawn together); weights.
    """

    bad: Bools
    total: Floats
    score: Floats
    chance: Floats
    person: NDArray[np.intp]
    weights: Floats

    def __len__(self) -> int:
        return len(self.bad)

    def rows(self, chosen: Bools) -> "Sample":
        """The rows of a mask."""
        return Sample(
            self.bad[chosen],
            self.total[chosen],
            self.score[chosen],
            self.chance[chosen],
            self.person[chosen],
            self.weights[chosen],
        )

    @property
    def has_both(self) -> bool:
        """Whether there are good and bad rows, without which nothing can be measured."""
        return bool(self.bad.any() and not self.bad.all())


@dataclass(frozen=True)
class Rival:
    """The feature that alone ranked best in training: `sign` +1 when higher is riskier; its risk by row."""

    name: str
    sign: int
    risk: Floats


@dataclass(frozen=True)
class SingleFeature:
    """A rival's figures on the rows that are reported."""

    name: str
    sign: int
    auc: Estimate


@dataclass(frozen=True)
class Figures:
    """Figures of some rows. `gain` is the score's AUC less the single feature's, `minus_float` less that
    of the float model before it was rounded (both paired; None where there is nothing to compare with).
    """

    rows: int
    bad: int
    people: int
    auc: Estimate
    auc_clamped: float
    gini: Estimate
    ks: Estimate
    brier: Estimate
    log_loss: Estimate
    calibration_error: float
    single: SingleFeature | None
    gain: Estimate | None
    minus_float: Estimate | None


def sample(
    bad: ArrayLike,
    total: ArrayLike,
    chance: ArrayLike,
    score: ArrayLike | None = None,
    person: NDArray[np.object_] | None = None,
    weights: ArrayLike | None = None,
) -> Sample:
    """Rows from arrays of one length; without `score` the total is told, without `person` every row is one.

    Stop names the array that is wrong: lengths, values that are not finite, outcomes other than 0 and 1,
    chances outside 0 to 1, weights that are negative or all 0.
    """
    outcome = np.asarray(bad)
    rows = len(outcome)
    columns = {
        "outcomes": outcome.astype(np.float64),
        "totals": np.asarray(total, dtype=np.float64),
        "scores": np.asarray(total if score is None else score, dtype=np.float64),
        "chances": np.asarray(chance, dtype=np.float64),
        "weights": np.ones(rows) if weights is None else np.asarray(weights, dtype=np.float64),
    }
    people = np.arange(rows) if person is None else pd.factorize(person)[0]
    _check(columns, rows, len(people))
    return Sample(
        bad=columns["outcomes"] == 1,
        total=columns["totals"],
        score=columns["scores"],
        chance=columns["chances"],
        person=people.astype(np.intp),
        weights=columns["weights"],
    )


def figures(
    rows: Sample, rival: Rival | None = None, float_risk: Floats | None = None, draws: int = DRAWS
) -> Figures:
    """Figures of rows of both kinds, beside a rival's and those of the float model's risk; Stop otherwise."""
    if not rows.has_both:
        raise Stop(f"of {len(rows)} rows {int(rows.bad.sum())} are bad; figures need both kinds.")
    risks = [-rows.total]
    risks += [] if rival is None else [rival.risk]
    risks += [] if float_risk is None else [float_risk]
    codes = [_codes(risk) for risk in risks]
    losses = ((rows.chance - rows.bad) ** 2, surprise(rows.bad, rows.chance))

    def measured(weights: Floats) -> list[float]:
        aucs = [_auc_of_codes(rows.bad, code, weights) for code in codes]
        means = [float(np.average(loss, weights=weights)) for loss in losses]
        return [_ks_of_codes(rows.bad, codes[0], weights), *means, *aucs]

    value = np.array(measured(rows.weights))
    drawn = np.array(_draws(rows, draws, measured))
    ks, brier, loss, ours, *others = (_estimate(v, column) for v, column in zip(value, drawn.T, strict=True))
    gains = [
        _estimate(value[3] - v, drawn[:, 3] - column)
        for v, column in zip(value[4:], drawn.T[4:], strict=True)
    ]
    float_gain = gains.pop() if float_risk is not None else None
    return Figures(
        rows=len(rows),
        bad=int(rows.bad.sum()),
        people=len(np.unique(rows.person)),
        auc=ours,
        auc_clamped=_round(auc(rows.bad, -rows.score, rows.weights)),
        gini=Estimate(
            *(_round(2 * end - 1) for end in (value[3], *np.quantile(drawn[:, 3], (0.025, 0.975))))
        ),
        ks=ks,
        brier=brier,
        log_loss=loss,
        calibration_error=_round(calibration_error(rows.bad, rows.chance, weights=rows.weights)),
        single=None if rival is None else SingleFeature(rival.name, rival.sign, others[0]),
        gain=gains[0] if rival is not None else None,
        minus_float=float_gain,
    )


def auc(bad: Bools, risk: Floats, weights: Floats | None = None) -> float:
    """Chance that a bad row has more risk than a good one, ties counting half; rows may have weights."""
    return _auc_of_codes(bad, _codes(risk), np.ones(len(bad)) if weights is None else weights)


def kolmogorov_smirnov(bad: Bools, risk: Floats, weights: Floats | None = None) -> float:
    """Largest distance between the distributions of risk of bad and of good rows."""
    return _ks_of_codes(bad, _codes(risk), np.ones(len(bad)) if weights is None else weights)


def log_loss(bad: Bools, chance: Floats, weights: Floats | None = None) -> float:
    """Mean of −log of the chance that was stated for what happened."""
    return float(np.average(surprise(bad, chance), weights=weights))


def surprise(bad: Bools, chance: Floats) -> Floats:
    """−log of the chance that was stated for what happened, of each row (n)."""
    held = np.clip(chance, LEAST_CHANCE, 1 - LEAST_CHANCE)
    found: Floats = -np.log(np.where(bad, held, 1 - held))
    return found


def calibration_error(bad: Bools, chance: Floats, bins: int = BINS, weights: Floats | None = None) -> float:
    """Mean distance of stated chance and share of bad over bins of equal count in order of chance."""
    weights = np.ones(len(bad)) if weights is None else weights
    order = np.argsort(chance, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    apart = [abs(float((weights[part] * (chance[part] - bad[part])).sum())) for part in parts]
    return float(sum(apart) / weights.sum())


def unclamped(segment: Segment, features: pd.DataFrame) -> NDArray[np.int64]:
    """Base plus points of each row, before clamping and whatever the rules say (n)."""
    return segment.totals(Columns(to_columns(features), len(features)))


def best_single(features: pd.DataFrame, bad: Bools) -> tuple[str, int, float]:
    """Name, sign (+1: higher is riskier) and training median of the feature whose AUC is farthest from 0.5.

    Ties go to the earlier feature.
    """
    values = to_floats(features)
    known = ~np.isnan(values).all(axis=0)
    medians = np.zeros(values.shape[1])
    medians[known] = np.nanmedian(values[:, known], axis=0)
    filled = np.where(np.isnan(values), medians, values)
    found = np.array([auc(bad, column) for column in filled.T])
    best = int(np.argmax(np.round(np.abs(found - 0.5), 12)))
    return str(features.columns[best]), 1 if found[best] >= 0.5 else -1, float(medians[best])


def best_rival(train: pd.DataFrame, bad: Bools, test: pd.DataFrame) -> Rival:
    """The best single feature of the training rows, as a risk of the test rows."""
    name, sign, filler = best_single(train, bad)
    return Rival(name, sign, sign * to_floats(test[[name]].astype("Float64").fillna(filler))[:, 0])


def bootstrap(rows: Sample, draws: int, figure: Callable[[Floats], list[float]]) -> list[Estimate]:
    """`figure` of the row weights, with intervals over draws of people."""
    drawn = np.array(_draws(rows, draws, figure))
    return [_estimate(v, column) for v, column in zip(figure(rows.weights), drawn.T, strict=True)]


def _draws(rows: Sample, draws: int, figure: Callable[[Floats], list[float]]) -> list[list[float]]:
    """`figure` of the row weights of each draw of people with replacement that has good and bad rows."""
    people = int(rows.person.max()) + 1
    present = np.unique(rows.person)
    random = np.random.default_rng(SEED)
    found: list[list[float]] = []
    while len(found) < draws:
        times = np.bincount(present[random.integers(0, len(present), len(present))], minlength=people)
        weights = times[rows.person] * rows.weights
        if weights[rows.bad].any() and weights[~rows.bad].any():
            found.append(figure(weights))
    return found


def _check(columns: dict[str, Floats], rows: int, people: int) -> None:
    if rows == 0:
        raise Stop("there are no rows to evaluate; name a window that has some.")
    for name, column in columns.items():
        if column.shape != (rows,) or people != rows:
            raise Stop(f"the {name} have the shape {column.shape} beside {rows} outcomes; give one a row.")
        if not np.isfinite(column).all():
            raise Stop(
                f"the {name} hold a value that is not a number, at row {int(np.argmin(np.isfinite(column)))}."
            )
    if not np.isin(columns["outcomes"], (0, 1)).all():
        raise Stop("an outcome is neither 0 (good) nor 1 (bad); code it so.")
    if columns["chances"].min() < 0 or columns["chances"].max() > 1:
        raise Stop("a stated chance lies outside 0 to 1; divide basis points by 10000.")
    if columns["weights"].min() < 0 or not columns["weights"].any():
        raise Stop("the weights must be 0 or more, and not all 0.")


def _codes(risk: Floats) -> NDArray[np.intp]:
    return np.unique(risk, return_inverse=True)[1]


def _auc_of_codes(bad: Bools, code: NDArray[np.intp], weights: Floats) -> float:
    of_bad = np.bincount(code, weights=weights * bad)
    of_good = np.bincount(code, weights=weights * ~bad)
    below = np.cumsum(of_good) - of_good / 2
    return float((of_bad * below).sum() / (of_bad.sum() * of_good.sum()))


def _ks_of_codes(bad: Bools, code: NDArray[np.intp], weights: Floats) -> float:
    of_bad = np.bincount(code, weights=weights * bad)
    of_good = np.bincount(code, weights=weights * ~bad)
    return float(np.abs(np.cumsum(of_bad / of_bad.sum() - of_good / of_good.sum())).max())


def _estimate(value: float, drawn: Floats) -> Estimate:
    low, high = np.quantile(drawn, (0.025, 0.975))
    return Estimate(_round(float(value)), _round(float(low)), _round(float(high)))


def _round(value: float) -> float:
    return round(float(value), DIGITS)
