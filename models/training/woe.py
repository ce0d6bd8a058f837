"""The recipe `woe`: optimal binning and logistic regression, in float form.

Rules that hold here:
- Bins are optbinning's: trends are found ("auto") or given by the column's direction; each special code
  and the missing values have a bin of their own; levels are grouped by optbinning.
- Weight of evidence of a bin: ln of its odds of bad over the common odds, half a row of each kind added
  (in the common proportion); a bin without rows has 0. A bound column's follow its direction exactly.
- A bound column whose coefficient turns against its direction is left out and the rest refitted.
- Held-out log-odds come from refitting without each fold: all of it below SMALL rows; above, the borders
  of the bins stay those of all rows, whose own leak is then far below the noise, and solving is slow.
Source: R. Anderson, The Credit Scoring Toolkit (2007), ch. 16; G. Navas-Palencia, Optimal binning:
mathematical programming formulation (2020).
"""

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from optbinning import OptimalBinning
from sklearn.linear_model import LogisticRegression

from models.segment import MISSING, Columns
from models.training.additive import (
    Additive,
    Effect,
    flat_cells,
    representatives,
    weights_of,
    with_special,
)
from models.training.boost import SMALL, bags_of
from models.training.frame import Column
from models.training.rows import Rows

PREBINS = 25
ROWS_A_PREBIN = 50
LEAST_SHARE, MOST_SHARE = 0.03, 0.05
"""A bin holds at least ROWS_A_PREBIN rows, within these shares of the rows."""

PRIOR_ROWS = 0.5
SOFTNESS = 1.0
"""Inverse strength of the ridge on the coefficients."""

SEED_LIMIT = 2**31
TIME_LIMIT = 1_000

Floats = NDArray[np.float64]
Int64s = NDArray[np.int64]
Borders = tuple[tuple[int, ...], NDArray[np.intp]]


@dataclass(frozen=True)
class _Fit:
    """Intercept and effects of one fit."""

    intercept: float
    effects: tuple[Effect, ...]

    def log_odds(self, columns: Columns) -> Floats:
        return np.full(columns.rows, self.intercept) + sum(
            (effect.of_rows(columns) for effect in self.effects), np.zeros(columns.rows)
        )


def fit(rows: Rows, directions: Mapping[str, int], seed: int, n_jobs: int | None) -> Additive:
    """The fitted recipe in float form; `rows` has both kinds and a column with two values."""
    borders = {column.name: _borders(column, rows, directions) for column in rows.kinds.values()}
    whole = _fit(rows, directions, borders)
    bags = bags_of(rows.bad, 1, seed)
    if not (bags < 0).any():
        here = whole.log_odds(rows.columns)
        return Additive(whole.intercept, whole.effects, here, np.zeros(len(rows)))
    parts = Parallel(n_jobs=n_jobs)(
        delayed(_log_odds_of)(
            rows, directions, borders if len(rows) >= SMALL else None, np.flatnonzero(bag > 0)
        )
        for bag in bags.T
    )
    by_fold = np.column_stack(parts)
    return Additive(
        intercept=whole.intercept,
        effects=whole.effects,
        held_out=by_fold[bags < 0],  # one fold a row, in order of rows
        deviations=by_fold.std(axis=1) * math.sqrt(bags.shape[1] - 1),
    )


def _log_odds_of(
    rows: Rows, directions: Mapping[str, int], borders: Mapping[str, Borders] | None, fitted: NDArray[np.intp]
) -> Floats:
    """Log-odds of all rows by a fit on some."""
    some = rows.take(fitted)
    if borders is None:
        borders = {column.name: _borders(column, some, directions) for column in rows.kinds.values()}
    return _fit(some, directions, borders).log_odds(rows.columns)


def _fit(rows: Rows, directions: Mapping[str, int], borders: Mapping[str, Borders]) -> _Fit:
    every = [
        _effect(column, *borders[name], rows, directions.get(name, 0)) for name, column in rows.kinds.items()
    ]
    evidence = [effect for effect in every if np.ptp(effect.scores) > 0]
    while True:
        intercept, slopes = _regression(evidence, rows)
        against = [
            bool(directions.get(effect.columns[0], 0)) and slope < 0
            for effect, slope in zip(evidence, slopes, strict=True)
        ]
        if not any(against):
            break
        evidence = [effect for effect, wrong in zip(evidence, against, strict=True) if not wrong]
    return _Fit(
        intercept,
        tuple(
            Effect(one.columns, one.cuts, one.scores * slope, one.weights)
            for one, slope in zip(evidence, slopes, strict=True)
        ),
    )


def _regression(evidence: list[Effect], rows: Rows) -> tuple[float, list[float]]:
    if not evidence:
        share = float(np.average(rows.bad, weights=rows.weights))
        return math.log(share / (1 - share)), []
    matrix = np.column_stack([effect.of_rows(rows.columns) for effect in evidence])
    machine = LogisticRegression(C=SOFTNESS, max_iter=1_000)
    machine.fit(matrix, rows.bad, sample_weight=rows.weights)
    return float(machine.intercept_[0]), machine.coef_[0].tolist()


def _borders(column: Column, rows: Rows, directions: Mapping[str, int]) -> Borders:
    """Cuts of the column's axis, and the bin of each of its cells."""
    integers = rows.columns.values[column.name]
    regular = (integers != MISSING) & ~np.isin(integers, np.array(column.special, dtype=np.int64))
    if column.levels is None:
        splits = _splits(column, integers, regular, rows, directions.get(column.name, 0))
        cuts = with_special(splits, column.special)
        return cuts, np.arange(len(cuts) + 2)
    return tuple(range(1, len(column.levels) + 1)), _level_groups(column, integers, regular, rows)


def _effect(
    column: Column, cuts: tuple[int, ...], groups: NDArray[np.intp], rows: Rows, direction: int
) -> Effect:
    """Weight of evidence of every cell of an axis; `groups`: the bin of each."""
    group = groups[flat_cells((column.name,), (cuts,), rows.columns)]
    weight = np.bincount(group, weights=rows.weights, minlength=groups.max() + 1)
    bad = np.bincount(group, weights=rows.weights * rows.bad, minlength=groups.max() + 1)
    share = float(np.average(rows.bad, weights=rows.weights))
    smooth_bad, smooth_good = bad + PRIOR_ROWS * share, weight - bad + PRIOR_ROWS * (1 - share)
    scores = (np.log(smooth_bad / smooth_good) - math.log(share / (1 - share)))[groups]
    weights = weights_of((column.name,), (cuts,), rows.columns, rows.weights)
    ordered = ~np.isin(representatives(cuts), np.array((MISSING, *column.special), dtype=np.int64))
    if column.levels is None:
        scores[ordered] = _continued(scores[ordered], weights[ordered], direction)
    return Effect((column.name,), (cuts,), scores, weights)


def _continued(scores: Floats, weights: Floats, direction: int) -> Floats:
    """Cells of a number in order: one without rows goes on from its neighbour, a bound column never turns."""
    known = np.flatnonzero(weights > 0)
    if not len(known):
        return np.zeros_like(scores)
    before = np.maximum(np.searchsorted(known, np.arange(len(scores)), side="right") - 1, 0)
    filled: Floats = scores[known[before]]
    return filled if not direction else -direction * np.maximum.accumulate(-direction * filled)


def _splits(
    column: Column, integers: Int64s, regular: NDArray[np.bool_], rows: Rows, direction: int
) -> list[int]:
    trend = {0: "auto", 1: "descending", -1: "ascending"}[direction]  # of the share of bad
    machine = _binned(column, integers, regular, rows, "numerical", trend)
    return [] if machine is None else sorted({math.ceil(split) for split in machine.splits})


def _level_groups(
    column: Column, integers: Int64s, regular: NDArray[np.bool_], rows: Rows
) -> NDArray[np.intp]:
    """Bin 0 for missing; then of each level, and of the others."""
    cells = len(column.levels or ()) + 2
    groups = np.arange(cells)
    machine = _binned(column, integers, regular, rows, "categorical", "auto")
    for bin_, levels in enumerate(() if machine is None else machine.splits):
        groups[1 + np.asarray(levels, dtype=np.intp)] = cells + bin_
    return np.unique(groups, return_inverse=True)[1]


def _binned(
    column: Column, integers: Int64s, regular: NDArray[np.bool_], rows: Rows, kind: str, trend: str
) -> OptimalBinning | None:
    """The solved binning; None where a column has one value or one kind of rows, so nothing to divide."""
    values, bad = integers[regular], rows.bad[regular]
    if not len(values) or (values == values[0]).all() or bad.all() or not bad.any():
        return None
    share = min(max(ROWS_A_PREBIN / len(values), LEAST_SHARE), MOST_SHARE)
    machine = OptimalBinning(
        column.name,
        dtype=kind,
        monotonic_trend=trend if kind == "numerical" else "auto",
        max_n_prebins=PREBINS,
        min_prebin_size=share,
        time_limit=TIME_LIMIT,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own dependencies' deprecations
        machine.fit(
            values.astype(np.float64) if kind == "numerical" else values,
            bad.astype(np.int64),
            sample_weight=rows.weights[regular],
        )
    return machine
