"""One segment of a scorecard: additive integer terms, their cells, and points lost by feature.

A value falls in cell 1 + (number of cuts ≤ value); cell 0 is for a missing value. A term covers
one feature (a list of points) or two (a table). A null in the points is a cell that the training
data did not support: it scores as the all-missing cell, and it is never held up to a person as
what could have been. Everything is a table look-up on integers, so any contract can redo it.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ledger_reader.errors import Stop

MISSING = -(2**63)
"""A missing feature in an int64 column, here and in the signed leaf."""

LOWEST, HIGHEST = 300, 850
"""Ends of the score's scale; higher is safer."""

MAX_CUT = 2**62
MAX_POINTS = 100_000
MAX_CELLS = 1_024
BAND_POINTS = 55
"""Width of one of the ten bands in which the interval's half-width is given."""

_NEVER = -(2**40)  # below any sum of points: keeps unsupported cells from being anyone's best

Row = tuple[int | None, ...]
Int64s = NDArray[np.int64]


class Columns:
    """Feature columns (int64, MISSING for null) of some rows; remembers the cells found in them."""

    def __init__(self, values: Mapping[str, Int64s], rows: int) -> None:
        self.values, self.rows = values, rows
        self._cells: dict[tuple[str, tuple[int, ...]], NDArray[np.intp]] = {}

    def cells(self, feature: str, cuts: tuple[int, ...]) -> NDArray[np.intp]:
        """The cell of each row's value: 0 when missing, else 1 + number of cuts ≤ value."""
        if (feature, cuts) not in self._cells:
            self._cells[feature, cuts] = cells(cuts, self.values[feature])
        return self._cells[feature, cuts]

    def take(self, rows: NDArray[np.intp]) -> "Columns":
        """The rows at these places."""
        return Columns({name: column[rows] for name, column in self.values.items()}, len(rows))


@dataclass(frozen=True)
class Term:
    """Points of one feature (`points` a row) or of two (`points` a row of rows, first feature first).

    `cuts` has one strictly increasing tuple a feature; an axis has 2 + len(cuts) cells: missing first.
    """

    features: tuple[str, ...]
    cuts: tuple[tuple[int, ...], ...]
    points: Row | tuple[Row, ...]

    def __post_init__(self) -> None:
        if len(self.features) not in (1, 2) or len(set(self.features)) != len(self.features):
            raise Stop(f"a term needs one feature or two different ones, got {list(self.features)}.")
        if len(self.cuts) != len(self.features):
            raise Stop(f"the term of {self.name} has {len(self.cuts)} lists of cuts; it needs one a feature.")
        for feature, cuts in zip(self.features, self.cuts, strict=True):
            self._check_cuts(feature, cuts)
        self._check_points()

    @property
    def name(self) -> str:
        """The features' names, joined: how messages call this term."""
        return " × ".join(self.features)

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of cells along each feature."""
        return tuple(len(cuts) + 2 for cuts in self.cuts)

    def _check_cuts(self, feature: str, cuts: tuple[int, ...]) -> None:
        for low, high in itertools.pairwise(cuts):
            if low >= high:
                raise Stop(
                    f"the term of {self.name} has overlapping cuts of {feature}: {low} stands before {high}; "
                    "cuts must rise strictly."
                )
        if cuts and not -MAX_CUT <= cuts[0] <= cuts[-1] <= MAX_CUT:
            raise Stop(f"a cut of {feature} lies outside ±2^62, which no feature reaches.")
        if len(cuts) + 2 > MAX_CELLS:
            raise Stop(f"{feature} has {len(cuts)} cuts in one term; at most {MAX_CELLS - 2} are allowed.")

    def _check_points(self) -> None:
        found: tuple[int, ...] = (len(self.points),)
        if len(self.features) == 2:
            lengths = {len(row) if isinstance(row, tuple) else -1 for row in self.points}
            found = (*found, lengths.pop()) if len(lengths) == 1 else (*found, -1)
        if found != self.shape:
            raise Stop(
                f"the points of {self.name} have the shape {found}; "
                f"its cuts need {self.shape} (missing first)."
            )
        if self.flat[0] is None:
            raise Stop(f"the cell for missing values of {self.name} has no points; give it some, or 0.")
        if any(points is not None and abs(points) > MAX_POINTS for points in self.flat):
            raise Stop(f"a cell of {self.name} has more than ±{MAX_POINTS} points.")

    @property
    def flat(self) -> Row:
        """All cells' points in row-major order, None where unsupported."""
        cells: list[int | None] = []
        for cell in self.points:
            cells.extend(cell if isinstance(cell, tuple) else (cell,))
        return tuple(cells)

    def table(self) -> Int64s:
        """Points used in scoring: an unsupported cell has those of the all-missing cell."""
        flat = self.flat
        return np.array([flat[0] if p is None else p for p in flat], dtype=np.int64).reshape(self.shape)

    def candidates(self, sign: int) -> Int64s:
        """Points times `sign` (±1); unsupported cells lie below any sum: they are no one's best or worst."""
        flat = [_NEVER if p is None else sign * p for p in self.flat]
        return np.array(flat, dtype=np.int64).reshape(self.shape)


@dataclass(frozen=True)
class Segment:
    """Terms with a base, the calibration (least score, bad probability in bps) and ten half-widths.

    `cap` is the highest score that a record of this segment can get, 850 for no cap. Calibration and
    width are read at the capped score.
    """

    base: int
    terms: tuple[Term, ...]
    calibration: tuple[tuple[int, int], ...]
    width: tuple[int, ...]
    cap: int = HIGHEST

    def __post_init__(self) -> None:
        seen = [frozenset(term.features) for term in self.terms]
        if len(set(seen)) != len(seen):
            raise Stop("two terms of one segment cover the same features; add their points into one.")
        if len(self.width) != 10 or not all(0 <= half <= HIGHEST - LOWEST for half in self.width):
            raise Stop(f"width needs ten half-widths from 0 to 550, got {list(self.width)}.")
        if not LOWEST <= self.cap <= HIGHEST:
            raise Stop(f"a segment's cap must lie from 300 to 850 (850 for none), got {self.cap}.")
        scores = [score for score, _ in self.calibration]
        chances = [bad for _, bad in self.calibration]
        if not scores or scores[0] != LOWEST or scores != sorted(set(scores)) or scores[-1] > HIGHEST:
            raise Stop(f"calibration must rise strictly from score 300 to at most 850, got {scores[:12]}.")
        if chances != sorted(chances, reverse=True) or not 0 <= chances[-1] <= chances[0] <= 10_000:
            raise Stop("calibration must fall from at most 10000 to at least 0 bps as scores rise.")

    def totals(self, columns: Columns) -> Int64s:
        """Base plus the points of all terms, unclamped, int64 (rows)."""
        total = np.full(columns.rows, self.base, dtype=np.int64)
        for term in self.terms:
            total += term_points(term, columns)
        return total

    def lost(self, feature: str, columns: Columns) -> Int64s:
        """Points lost by `feature` in each row: its best total with the others held, less the present one.

        Best is over the feature's non-missing cells where every term of it is supported; at least 0.
        """
        return self._distance(feature, columns, 1)

    def gained(self, feature: str, columns: Columns) -> Int64s:
        """Points gained by `feature` in each row: the present total less its worst, found as in `lost`."""
        return self._distance(feature, columns, -1)

    def _distance(self, feature: str, columns: Columns, sign: int) -> Int64s:
        terms = [term for term in self.terms if feature in term.features]
        present = np.zeros(columns.rows, dtype=np.int64)
        alone, paired = np.zeros(len(_representatives(terms, feature)), dtype=np.int64), []
        for term in terms:
            present += term_points(term, columns)
            points, partner = (
                _points_along(term, feature, terms, sign),
                _partner_cells(term, feature, columns),
            )
            if partner is None:
                alone += points
            else:
                paired.append((points, partner))
        distance: Int64s = np.maximum(_best(alone, paired) - sign * present, 0)
        return distance

    def clamped(self, totals: Int64s) -> Int64s:
        """The scores of unclamped totals: from 300 up to the segment's cap."""
        return np.clip(totals, LOWEST, self.cap)

    def half_widths(self, scores: Int64s) -> Int64s:
        """Half-width of the 90 % interval at each score."""
        bands = np.minimum((scores - LOWEST) // BAND_POINTS, len(self.width) - 1)
        return np.array(self.width, dtype=np.int64)[bands]

    def bad_bps(self, score: int) -> int:
        """Calibrated probability, in basis points, that a record of this score turns bad."""
        return next(bad for least, bad in reversed(self.calibration) if score >= least)


def cells(cuts: tuple[int, ...], values: Int64s) -> NDArray[np.intp]:
    """The cell of each value: 0 when missing, else 1 + number of cuts ≤ value."""
    edges = np.array((MISSING + 1, *cuts), dtype=np.int64)
    return np.searchsorted(edges, values, side="right")


def term_points(term: Term, columns: Columns) -> Int64s:
    """Points of one term for every row."""
    flat = columns.cells(term.features[0], term.cuts[0])
    if len(term.features) == 2:
        flat = flat * term.shape[1] + columns.cells(term.features[1], term.cuts[1])
    return np.take(term.table(), flat)


def _partner_cells(term: Term, feature: str, columns: Columns) -> NDArray[np.intp] | None:
    for other, cuts in zip(term.features, term.cuts, strict=True):
        if other != feature:
            return columns.cells(other, cuts)
    return None


def _representatives(terms: list[Term], feature: str) -> Int64s:
    """One value of every interval between the feature's cuts, over all its terms."""
    cuts = sorted({cut for term in terms for cut in term.cuts[term.features.index(feature)]})
    return np.array([cuts[0] - 1, *cuts] if cuts else [0], dtype=np.int64)


def _points_along(term: Term, feature: str, terms: list[Term], sign: int) -> Int64s:
    """The term's candidate points at every representative of the feature, by cell of its partner if any."""
    axis = term.features.index(feature)
    at = cells(term.cuts[axis], _representatives(terms, feature))
    return np.take(np.moveaxis(term.candidates(sign), axis, 0), at, axis=0)


def _best(alone: Int64s, paired: list[tuple[Int64s, NDArray[np.intp]]]) -> Int64s:
    """Per row, the best sum over the representatives; `paired` holds (points, cell of the partner)."""
    if not paired:
        return np.array([alone.max()], dtype=np.int64)
    if len(paired) == 1:
        points, partner = paired[0]
        return np.take((alone[:, None] + points).max(axis=0), partner)
    best = np.full(len(paired[0][1]), 2 * _NEVER * len(paired), dtype=np.int64)
    for index, base in enumerate(alone):
        here = base + sum(np.take(points[index], partner) for points, partner in paired)
        np.maximum(best, here, out=best)
    return best
