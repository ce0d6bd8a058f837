"""Does the score treat known groups alike? Separation at a cut-off, and calibration within each group.

Rules that hold here: groups are given by whoever knows them and are never features; refused means a
score below the cut-off. Separation compares, among people of the same outcome, the share refused: of
those who repaid (false positive rate) and of those who did not (true positive rate). Calibration within
groups compares what was stated with what happened. Both cannot hold exactly when base rates differ
(A. Chouldechova, 2017; J. Kleinberg, S. Mullainathan, M. Raghavan, 2017), so both are shown and neither is
hidden in one number. Gaps have bootstrap intervals over people; a group of fewer than LEAST_ROWS rows, or
without both outcomes, is named and left out of the gaps.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ledger_reader.errors import Stop
from models.training.curves import wilson
from models.training.evaluate import DIGITS, DRAWS, Estimate, Floats, Sample, auc, bootstrap

LEAST_ROWS = 30
CUT_OFF = 650


@dataclass(frozen=True)
class Group:
    """One group. `counted`: large enough for the gaps. Shares are None where no row could show them."""

    name: str
    rows: int
    bad: int
    counted: bool
    mean_score: float
    auc: float | None
    refused: float
    refused_good: float | None
    refused_bad: float | None
    stated: float
    observed: float
    observed_low: float
    observed_high: float


@dataclass(frozen=True)
class Fairness:
    """All groups of one kind (`by`), and the largest gaps between those that count (None: fewer than two).

    `gap_refused_good` and `gap_refused_bad` are of separation; `gap_calibration` is the largest
    difference between groups of stated less observed.
    """

    by: str
    cut_off: int
    groups: tuple[Group, ...]
    gap_refused_good: Estimate | None
    gap_refused_bad: Estimate | None
    gap_calibration: Estimate | None


def fairness(
    rows: Sample, by: str, labels: NDArray[Any], cut_off: int = CUT_OFF, draws: int = DRAWS
) -> Fairness:
    """The rows by their label; Stop when there is not one label a row."""
    if labels.shape != rows.bad.shape:
        raise Stop(f"{by} has {labels.shape} labels for {len(rows)} rows; give one a row.")
    names = sorted(set(labels.tolist()))
    groups = tuple(_group(str(name), rows.rows(labels == name), cut_off) for name in names)
    counted = [labels == name for name, group in zip(names, groups, strict=True) if group.counted]
    gaps: list[Estimate | None] = [None, None, None]
    if len(counted) >= 2:
        gaps = [*bootstrap(rows, draws, _gaps(rows, counted, cut_off))]
    return Fairness(by, cut_off, groups, *gaps)


def _gaps(rows: Sample, groups: list[NDArray[np.bool_]], cut_off: int) -> Callable[[Floats], list[float]]:
    refused, apart = rows.score < cut_off, rows.chance - rows.bad

    def measured(weights: Floats) -> list[float]:
        shares = np.array(
            [
                (
                    _mean(refused, weights * (group & ~rows.bad)),
                    _mean(refused, weights * (group & rows.bad)),
                    _mean(apart, weights * group),
                )
                for group in groups
            ]
        )
        widest: list[float] = (np.nanmax(shares, axis=0) - np.nanmin(shares, axis=0)).tolist()
        return widest

    return measured


def _mean(values: NDArray[Any], weights: Floats) -> float:
    total = float(weights.sum())
    return float((values * weights).sum()) / total if total > 0 else float("nan")


def _group(name: str, rows: Sample, cut_off: int) -> Group:
    refused, good = rows.score < cut_off, rows.weights * ~rows.bad
    observed = _mean(rows.bad, rows.weights)
    low, high = wilson(observed, float(rows.weights.sum() ** 2 / (rows.weights**2).sum()))
    return Group(
        name=name,
        rows=len(rows),
        bad=int(rows.bad.sum()),
        counted=len(rows) >= LEAST_ROWS and rows.has_both,
        mean_score=round(_mean(rows.score, rows.weights), 1),
        auc=_round(auc(rows.bad, -rows.total, rows.weights)) if rows.has_both else None,
        refused=round(_mean(refused, rows.weights), DIGITS),
        refused_good=_round(_mean(refused, good)),
        refused_bad=_round(_mean(refused, rows.weights * rows.bad)),
        stated=round(_mean(rows.chance, rows.weights), DIGITS),
        observed=round(observed, DIGITS),
        observed_low=round(low, DIGITS),
        observed_high=round(high, DIGITS),
    )


def _round(value: float) -> float | None:
    return None if np.isnan(value) else round(value, DIGITS)
