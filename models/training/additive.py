"""The float form that both recipes end in, and how it becomes a segment of integer tables.

Rules that hold here:
- An effect is a table of log-odds of bad over the cells of one integer column or two, cells as in
  models/segment.py (missing first). Effects of the same columns are added before anything is rounded.
- Points are round(−slope × log-odds × 40 / ln 2); slope and offset come from rows that were held out
  (Platt scaling), so 40 points double the calibrated odds of good to bad and 600 points mean 10 to 1,
  unless the mean score would leave 400 to 700: then all scores are moved, and Law.score with them.
- A cell of two columns, a special code or a level that no training row fell in is null.
- Directions bind the sum of a column's integer terms; `check_directions` looks at every cell of it.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ledger_reader.errors import Stop
from models.segment import HIGHEST, LOWEST, MAX_POINTS, MISSING, Columns, Row, Segment, Term, cells
from models.training.export import BANDS, LEAST_MEAN, MOST_MEAN, POINTS_A_LOG_ODDS, Scale, band_widths
from models.training.frame import Column
from models.training.tabular import Law

Floats = NDArray[np.float64]
Int64s = NDArray[np.int64]


@dataclass(frozen=True)
class Effect:
    """Log-odds of bad of every cell (`scores`, one axis a column) and the training weight in each."""

    columns: tuple[str, ...]
    cuts: tuple[tuple[int, ...], ...]
    scores: Floats
    weights: Floats

    def of_rows(self, columns: Columns) -> Floats:
        """The effect on each row (n)."""
        found: Floats = self.scores.ravel()[flat_cells(self.columns, self.cuts, columns)]
        return found

    def over(self, cuts: tuple[tuple[int, ...], ...]) -> Floats:
        """The scores over these cuts, which hold all of the effect's own."""
        index = [cells(own, representatives(axis)) for own, axis in zip(self.cuts, cuts, strict=True)]
        found: Floats = self.scores[np.ix_(*index)]
        return found


@dataclass(frozen=True)
class Additive:
    """A fitted recipe: log-odds of bad = intercept + effects.

    `held_out`: log-odds of each training row from machines that did not see it; `deviations`: standard
    deviation of each row's log-odds over what might as well have been the training rows (both n).
    """

    intercept: float
    effects: tuple[Effect, ...]
    held_out: Floats
    deviations: Floats

    def log_odds(self, columns: Columns) -> Floats:
        """Log-odds of bad of each row, unrounded and before calibration (n)."""
        total = np.full(columns.rows, self.intercept)
        for effect in self.effects:
            total += effect.of_rows(columns)
        return total


def flat_cells(names: Sequence[str], cuts: Sequence[tuple[int, ...]], columns: Columns) -> NDArray[np.intp]:
    """Position of each row in the row-major table over these columns."""
    flat = columns.cells(names[0], cuts[0])
    if len(names) == 2:
        flat = flat * (len(cuts[1]) + 2) + columns.cells(names[1], cuts[1])
    return flat


def weights_of(
    names: Sequence[str], cuts: Sequence[tuple[int, ...]], columns: Columns, weights: Floats
) -> Floats:
    """Training weight in every cell of the table over these columns."""
    shape = tuple(len(axis) + 2 for axis in cuts)
    found = np.bincount(flat_cells(names, cuts, columns), weights=weights, minlength=math.prod(shape))
    return np.asarray(found, dtype=np.float64).reshape(shape)


def representatives(cuts: tuple[int, ...]) -> Int64s:
    """One value of every cell of an axis, MISSING first."""
    low = cuts[0] - 1 if cuts else 0
    return np.array([MISSING, low, *cuts], dtype=np.int64)


def with_special(cuts: Sequence[int], special: Sequence[int]) -> tuple[int, ...]:
    """Cuts that also set each special code apart."""
    return tuple(sorted({*cuts, *special, *(code + 1 for code in special)}))


def to_segment(
    fitted: Additive, law: tuple[float, float], columns: Columns, weights: Floats, kinds: Mapping[str, Column]
) -> tuple[Segment, Law]:
    """The integer segment and what its totals mean; `law` is slope and offset of the calibration."""
    slope, offset = law
    terms = tuple(
        term for effect in fitted.effects if len(set((term := _term(effect, slope, kinds)).flat)) > 1
    )
    wanted = Scale()
    floats = wanted.score - POINTS_A_LOG_ODDS * (
        slope * fitted.log_odds(columns) + offset + math.log(wanted.odds)
    )
    bare = Segment(0, terms, ((LOWEST, 10_000),), (HIGHEST - LOWEST,) * BANDS)
    base = round(float(np.average(floats - bare.totals(columns), weights=weights)))
    mean = round(float(np.average(floats, weights=weights)))
    moved = min(max(mean, LEAST_MEAN), MOST_MEAN) - mean
    found = Law(score=wanted.score + moved, odds=wanted.odds)
    segment = Segment(base + moved, terms, found.steps(), bare.width)
    scores = np.clip(segment.totals(columns), LOWEST, HIGHEST)
    deviations = fitted.deviations * slope * POINTS_A_LOG_ODDS
    return Segment(segment.base, terms, segment.calibration, band_widths(scores, deviations)), found


def strongest(fitted: Additive, most: int) -> Additive:
    """The effects of the `most` columns whose effects spread most over the training rows (ties: the earlier).

    A scorecard names at most so many features; of a wider table it keeps those that tell rows apart.
    """
    spread: dict[str, float] = {}
    for effect in fitted.effects:
        mean = np.average(effect.scores, weights=effect.weights)
        deviation = float(np.sqrt(np.average((effect.scores - mean) ** 2, weights=effect.weights)))
        for name in effect.columns:
            spread[name] = spread.get(name, 0.0) + deviation
    kept = set(sorted(spread, key=lambda name: -spread[name])[:most])
    return replace(fitted, effects=tuple(one for one in fitted.effects if kept.issuperset(one.columns)))


def check_directions(segment: Segment, directions: Mapping[str, int], kinds: Mapping[str, Column]) -> None:
    """Stop unless each bound column's points rise (+1) or fall (−1) over all its values, whatever the others.

    Exhaustive: between neighbouring values the smallest change of every term over all cells of its other
    column is added; the others are free of each other. Special codes and missing are not ordered.
    """
    for name, direction in directions.items():
        terms = [term for term in segment.terms if name in term.features]
        if direction and terms and (worst := _worst_step(terms, name, direction, kinds[name].special)) < 0:
            raise Stop(
                f"the points of {name!r} run {-worst} against its direction {direction:+d} at one step: this "
                "is a bug in the recipe."
            )


def _worst_step(terms: Sequence[Term], name: str, direction: int, special: Sequence[int]) -> int:
    cuts = sorted({cut for term in terms for cut in term.cuts[term.features.index(name)]})
    values = [int(value) for value in representatives(tuple(cuts))[1:] if int(value) not in special]
    worst = 0
    for low, high in itertools.pairwise(values):
        step = sum(_least_change(term, name, low, high, direction) for term in terms)
        worst = min(worst, step)
    return worst


def _least_change(term: Term, name: str, low: int, high: int, direction: int) -> int:
    axis = term.features.index(name)
    table = np.moveaxis(term.table(), axis, 0).reshape(term.shape[axis], -1)
    at = np.searchsorted(np.array(term.cuts[axis], dtype=np.int64), (low, high), side="right") + 1
    return int((direction * (table[at[1]] - table[at[0]])).min())


def _term(effect: Effect, slope: float, kinds: Mapping[str, Column]) -> Term:
    points = np.rint(-effect.scores * slope * POINTS_A_LOG_ODDS)
    points = np.clip(points, -MAX_POINTS, MAX_POINTS).astype(np.int64)
    empty = (effect.weights <= 0) & _may_be_empty(effect, kinds)
    first = (0,) * points.ndim
    if effect.weights[first] <= 0:
        points[first] = 0  # never missing in training: nothing is known, nothing is gained or lost
    empty[first] = False
    if points.ndim == 2:
        return Term(
            effect.columns, effect.cuts, tuple(_row(p, e) for p, e in zip(points, empty, strict=True))
        )
    return _merged(effect, _row(points, empty))


def _may_be_empty(effect: Effect, kinds: Mapping[str, Column]) -> NDArray[np.bool_]:
    """Cells that say nothing without rows: every pair, levels and special codes; a number's interval
    without rows goes on from its neighbours.
    """
    if len(effect.columns) == 2:
        return np.ones(effect.scores.shape, dtype=np.bool_)
    column = kinds[effect.columns[0]]
    if column.levels is not None:
        return np.ones(effect.scores.shape, dtype=np.bool_)
    return np.isin(representatives(effect.cuts[0]), np.array(column.special, dtype=np.int64))


def _merged(effect: Effect, points: Row) -> Term:
    """The term of one column with equal neighbours made one cell."""
    cuts, cells = [], list(points[:2])
    for cut, value in zip(effect.cuts[0], points[2:], strict=True):
        if value != cells[-1]:
            cuts.append(cut)
            cells.append(value)
    return Term(effect.columns, (tuple(cuts),), tuple(cells))


def _row(points: Int64s, empty: NDArray[np.bool_]) -> Row:
    return tuple(None if none else int(value) for value, none in zip(points, empty, strict=True))
