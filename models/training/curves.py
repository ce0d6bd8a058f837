"""Tables behind the plots of an evaluation: calibration, error by band, lift, and where the scores lie.

Rules that hold here: bins are of equal count, cut by row and never inside a tie of the same score unless
the tie itself is larger; a share comes with its 95 % Wilson interval (E. B. Wilson, 1927), which treats
rows as independent and so is a little narrow where people have many rows; the bands of the score are the
ones that borrowers read. Rows count by their weights.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.scorecard import BANDS
from models.segment import BAND_POINTS, HIGHEST, LOWEST
from models.training.evaluate import BINS, DIGITS, Floats, Sample

NORMAL_95 = 1.959964


@dataclass(frozen=True)
class Calibrated:
    """Rows that were told about the same: the mean chance stated, the share that turned bad, its interval.

    `low_score` and `high_score` are the lowest and the highest score among them.
    """

    name: str
    low_score: float
    high_score: float
    rows: int
    stated: float
    observed: float
    low: float
    high: float


@dataclass(frozen=True)
class Lift:
    """The riskiest `share` of rows: the share of all bad ones that are among them, and that over `share`."""

    share: float
    captured: float
    lift: float


@dataclass(frozen=True)
class Pile:
    """How many good and bad rows have a score from `low` to `high`."""

    low: int
    high: int
    good: float
    bad: float


def calibration_curve(rows: Sample, bins: int = BINS) -> tuple[Calibrated, ...]:
    """Stated chance against what happened, in bins of about equal count in order of the stated chance."""
    order = np.argsort(rows.chance, kind="stable")
    firsts = np.unique([rows.chance[part[0]] for part in np.array_split(order, min(bins, len(rows)))])
    place = np.searchsorted(firsts, rows.chance, side="right") - 1
    return tuple(
        _calibrated(f"bin {number + 1}", rows.rows(place == number)) for number in range(len(firsts))
    )


def by_band(rows: Sample) -> tuple[Calibrated, ...]:
    """The same by the bands that borrowers read; a band without rows is left out."""
    edges = [edge for edge, _, _ in BANDS]
    place = np.searchsorted(edges, rows.score, side="right") - 1
    return tuple(
        _calibrated(name, rows.rows(place == number))
        for number, (_, name, _) in enumerate(BANDS)
        if (place == number).any()
    )


def lift_curve(rows: Sample, bins: int = BINS) -> tuple[Lift, ...]:
    """Share of the bad rows among the riskiest tenth, two tenths, … by total; ties share evenly."""
    _, code = np.unique(-rows.total, return_inverse=True)
    of_all = np.bincount(code, weights=rows.weights)[::-1]
    of_bad = np.bincount(code, weights=rows.weights * rows.bad)[::-1]
    up_to, caught = (np.concatenate([[0.0], np.cumsum(part) / part.sum()]) for part in (of_all, of_bad))
    shares = np.arange(1, bins + 1) / bins
    captured = np.interp(shares, up_to, caught)
    return tuple(
        Lift(_round(share), _round(found), _round(found / share))
        for share, found in zip(shares, captured, strict=True)
    )


def distribution(rows: Sample) -> tuple[Pile, ...]:
    """Good and bad rows in the ten bins of the score, from 300–354 to 795–850."""
    place = np.clip((rows.score.astype(np.int64) - LOWEST) // BAND_POINTS, 0, BINS - 1)
    counts = [
        np.bincount(place, weights=rows.weights * kind, minlength=BINS) for kind in (~rows.bad, rows.bad)
    ]
    lows = [LOWEST + BAND_POINTS * number for number in range(BINS)]
    highs = [*(low - 1 for low in lows[1:]), HIGHEST]
    return tuple(
        Pile(low, high, float(good), float(bad))
        for low, high, good, bad in zip(lows, highs, *counts, strict=True)
    )


def wilson(share: float, rows: float) -> tuple[float, float]:
    """Ends of the 95 % Wilson interval of a share seen in so many rows."""
    z = NORMAL_95**2 / rows
    middle = (share + z / 2) / (1 + z)
    half = np.sqrt(share * (1 - share) * z + z * z / 4) / (1 + z)
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


def _calibrated(name: str, rows: Sample) -> Calibrated:
    observed = float(np.average(rows.bad, weights=rows.weights))
    low, high = wilson(observed, _effective(rows.weights))
    return Calibrated(
        name=name,
        low_score=float(rows.score.min()),
        high_score=float(rows.score.max()),
        rows=len(rows),
        stated=_round(float(np.average(rows.chance, weights=rows.weights))),
        observed=_round(observed),
        low=_round(low),
        high=_round(high),
    )


def _effective(weights: Floats) -> float:
    """As many rows of equal weight would tell as much (L. Kish, Survey Sampling, 1965)."""
    return float(weights.sum() ** 2 / (weights**2).sum())


def _round(value: float | NDArray[np.float64]) -> float:
    return round(float(value), DIGITS)
