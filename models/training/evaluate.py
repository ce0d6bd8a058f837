"""How well a score tells bad loans from good ones, always beside the best single feature.

Rules that hold here: `risk` rises with the chance of bad. The single feature and its sign are chosen
on training rows of the same subset, never on the rows that are reported; missing counts as the
training median. AUC is that of the unclamped integer sum; the clamped score's stands beside it.
Intervals are 95 % percentile bootstrap intervals over people (all rows of one person are drawn
together), with a fixed seed; the difference to the single feature is paired within each draw.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.segment import HIGHEST, LOWEST, Columns, Segment
from models.training.dataset import Dataset, Split, to_columns, to_floats

SEED = 20_261_123
DRAWS = 1_000
BINS = 10
DIGITS = 4

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Estimate:
    """A figure with the ends of its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class SingleFeature:
    """The feature that alone ranked best in training: `sign` +1 when higher values are riskier."""

    name: str
    sign: int
    auc: Estimate


@dataclass(frozen=True)
class Figures:
    """One subset of the test rows. `gain` is the score's AUC less the single feature's (paired)."""

    rows: int
    bad: int
    auc: Estimate
    auc_clamped: float
    gini: float
    ks: float
    brier: float
    calibration_error: float
    single: SingleFeature
    gain: Estimate


@dataclass(frozen=True)
class Evaluation:
    """Test figures of all borrowers and of returning ones (None where a subset lacks good or bad loans)."""

    all: Figures
    returning: Figures | None

    def to_plain(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def evaluate(segment: Segment, split: Split, draws: int = DRAWS) -> Evaluation:
    """Figures of a segment's integer table on the test rows of a split by time.

    Every row counts, with or without the history that the scorecard's rules ask for.
    """
    everyone = figures(segment, split.train, split.test, draws)
    train, test = (part.rows(part.returning) for part in (split.train, split.test))
    if any(part.bad.all() or not part.bad.any() for part in (train, test)):
        return Evaluation(everyone, None)
    return Evaluation(everyone, figures(segment, train, test, draws))


def figures(segment: Segment, train: Dataset, test: Dataset, draws: int = DRAWS) -> Figures:
    """Figures on `test`, with the single feature chosen on `train`; both need good and bad rows."""
    total = unclamped(segment, test.features)
    score = np.clip(total, LOWEST, HIGHEST)
    chance = np.array([segment.bad_bps(int(value)) for value in score]) / 10_000
    name, sign, filler = best_single(train.features, train.bad)
    single = sign * to_floats(test.features[[name]].astype("Float64").fillna(filler))[:, 0]
    ours, theirs, gain = compared(test.bad, -total.astype(np.float64), single, test.person, draws)
    return Figures(
        rows=len(test),
        bad=int(test.bad.sum()),
        auc=ours,
        auc_clamped=_round(auc(test.bad, -score.astype(np.float64))),
        gini=_round(2 * ours.value - 1),
        ks=_round(kolmogorov_smirnov(test.bad, -total.astype(np.float64))),
        brier=_round(float(np.mean((chance - test.bad) ** 2))),
        calibration_error=_round(calibration_error(test.bad, chance)),
        single=SingleFeature(name, sign, theirs),
        gain=gain,
    )


def unclamped(segment: Segment, features: pd.DataFrame) -> NDArray[np.int64]:
    """Base plus points of each row, before clamping and whatever the rules say (n)."""
    return segment.totals(Columns(to_columns(features), len(features)))


def auc(bad: Bools, risk: Floats, weights: Floats | None = None) -> float:
    """Chance that a bad row has more risk than a good one, ties counting half; rows may have weights."""
    _, code = np.unique(risk, return_inverse=True)
    return _auc_of_codes(bad, code, np.ones(len(bad)) if weights is None else weights)


def kolmogorov_smirnov(bad: Bools, risk: Floats) -> float:
    """Largest distance between the distributions of risk of bad and of good rows."""
    _, code = np.unique(risk, return_inverse=True)
    of_bad = np.bincount(code, weights=bad) / bad.sum()
    of_good = np.bincount(code, weights=~bad) / (~bad).sum()
    return float(np.abs(np.cumsum(of_bad - of_good)).max())


def calibration_error(bad: Bools, chance: Floats, bins: int = BINS) -> float:
    """Mean distance of stated chance and share of bad over bins of equal count in order of chance."""
    order = np.argsort(chance, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    return float(sum(abs(chance[part].sum() - bad[part].sum()) for part in parts) / len(bad))


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


def compared(
    bad: Bools, ours: Floats, theirs: Floats, person: NDArray[np.object_], draws: int = DRAWS
) -> tuple[Estimate, Estimate, Estimate]:
    """AUC of two risks on the same rows and their paired difference, with bootstrap intervals."""
    codes = [np.unique(risk, return_inverse=True)[1] for risk in (ours, theirs)]
    first, second = (_auc_of_codes(bad, code, np.ones(len(bad))) for code in codes)
    drawn = np.array(list(_draws(bad, person, draws, lambda w: [_auc_of_codes(bad, c, w) for c in codes])))
    return (
        _estimate(first, drawn[:, 0]),
        _estimate(second, drawn[:, 1]),
        _estimate(first - second, drawn[:, 0] - drawn[:, 1]),
    )


def _draws(
    bad: Bools, person: NDArray[np.object_], draws: int, figure: Callable[[Floats], list[float]]
) -> list[list[float]]:
    """`figure` of the row weights of each draw of people with replacement that has good and bad rows."""
    codes, people = pd.factorize(person)
    random = np.random.default_rng(SEED)
    found: list[list[float]] = []
    while len(found) < draws:
        times = np.bincount(random.integers(0, len(people), len(people)), minlength=len(people))
        weights = times[codes].astype(np.float64)
        if weights[bad].any() and weights[~bad].any():
            found.append(figure(weights))
    return found


def _auc_of_codes(bad: Bools, code: NDArray[np.intp], weights: Floats) -> float:
    of_bad = np.bincount(code, weights=weights * bad)
    of_good = np.bincount(code, weights=weights * ~bad)
    below = np.cumsum(of_good) - of_good / 2
    return float((of_bad * below).sum() / (of_bad.sum() * of_good.sum()))


def _estimate(value: float, drawn: Floats) -> Estimate:
    low, high = np.quantile(drawn, (0.025, 0.975))
    return Estimate(_round(value), _round(float(low)), _round(float(high)))


def _round(value: float) -> float:
    return round(value, DIGITS)
