"""The boosting machine of recipe `ebm` for tables: interpret-core's, with pairs, in float form.

Rules that hold here:
- The machine sees the integers that the scorecard will see. A special code is missing to it and has a
  level in a companion effect of the same column, so a bound column's codes stay free.
- Each bag holds back one fold of a repeated stratified split, to stop early; a row's held-out log-odds
  are the mean over the bags that held it back, so calibration costs no further fit. (A bag alone is
  rougher than their mean, which errs towards caution.)
- Directions are monotone constraints; interpret-core gives no pairs to bound columns and none are added:
  what that costs is measured in benchmarks/accuracy.py.
- Widths: a delete-a-group jackknife over the folds (J. Shao, C. F. J. Wu, A general theory for
  jackknife variance estimation, 1989).
- All seeds are fixed: equal rows give equal tables, whatever `n_jobs`.
Sources: Y. Lou, R. Caruana, J. Gehrke, G. Hooker, Accurate intelligible models with pairwise
interactions (2013).
"""

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from interpret.glassbox import ExplainableBoostingClassifier
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold

from models.segment import MISSING
from models.training.additive import Additive, Effect, representatives, weights_of, with_special
from models.training.calibrate import losses
from models.training.frame import Column
from models.training.rows import Rows

FOLDS = 5
SEED_LIMIT = 2**31
MAX_BINS = 256
LEARNING_RATE = 0.04
PATIENCE = 100
REPEATS = 2
SMALL = 20_000
"""Training rows below which pairs must earn their place."""

ROWS_A_PAIR_CELL = 50
LEAST_PAIR_BINS, MOST_PAIR_BINS = 4, 32
"""A pair's table is as fine as the rows support on average: a cell without rows says nothing."""

LEAST_ROUNDS, MOST_ROUNDS = 100, 4_000
"""At most as many passes as there are rows, within these: few rows that part cleanly would never stop."""

MANY = 500
"""With fewer rows of the rarer kind there are no pairs: they are picked on all rows, the held-back ones
too, so on few rows a pair earns its place there by chance (measured in decisions/0012)."""

FEW = 50
FEW_RIDGE = 5.0
"""With fewer rows of the rarer kind a held-back fold cannot say when to stop: LEAST_ROUNDS, stiff leaves."""

Floats = NDArray[np.float64]
Int64s = NDArray[np.int64]


@dataclass(frozen=True)
class Setting:
    """How freely the machine may fit; pair_bins at most so many bins of each column of a pair."""

    interactions: int
    pair_bins: int


def fit(
    rows: Rows, directions: Mapping[str, int], interactions: int, seed: int, n_jobs: int | None
) -> Additive:
    """The fitted machine in float form; `rows` has both kinds and a column with two values.

    Below SMALL rows pairs must earn their place: see `_pairs_earn`; below MANY of a kind there are none.
    """
    if rows.rarer < MANY:
        interactions = 0
    bins = min(max(math.isqrt(len(rows) // ROWS_A_PAIR_CELL), LEAST_PAIR_BINS), MOST_PAIR_BINS)
    found = _fit(rows, directions, Setting(interactions, bins), seed, n_jobs)
    if len(rows) >= SMALL or not any(len(effect.columns) == 2 for effect in found.effects):
        return found
    without = _fit(rows, directions, Setting(0, bins), seed, n_jobs)
    return found if _pairs_earn(found, without, rows) else without


def _pairs_earn(found: Additive, without: Additive, rows: Rows) -> bool:
    """Whether pairs improve the held-out log loss by more than one standard error of the difference."""
    gain = losses(without.held_out, rows.bad, rows.weights) - losses(found.held_out, rows.bad, rows.weights)
    mean = float(np.average(gain, weights=rows.weights))
    return bool(mean > np.sqrt(np.average((gain - mean) ** 2, weights=rows.weights) / len(rows)))


def _fit(
    rows: Rows, directions: Mapping[str, int], setting: Setting, seed: int, n_jobs: int | None
) -> Additive:
    inputs = [one for column in rows.kinds.values() for one in _inputs(column, rows)]
    bags = bags_of(rows.bad, REPEATS, seed)
    machine = _machine(inputs, directions, setting, bags, rows.rarer >= FEW, seed, n_jobs)
    matrix = np.column_stack([one.values(rows.columns.values[one.column.name]) for one in inputs])
    with warnings.catch_warnings():
        # interpret-core warns that its own plots show no missing values; the scorecard has a cell for them.
        warnings.filterwarnings("ignore", message="Missing values detected", category=UserWarning)
        machine.fit(matrix, rows.bad.astype(np.int64), sample_weight=rows.weights, bags=bags)
    by_bag = _by_bag(machine, inputs, matrix)
    return Additive(
        intercept=float(machine.intercept_[0]),
        effects=_effects(machine, inputs, rows),
        held_out=_held_out(by_bag, bags),
        deviations=by_bag.std(axis=1) * math.sqrt(FOLDS - 1),
    )


def bags_of(bad: NDArray[np.bool_], repeats: int, seed: int) -> NDArray[np.int8]:
    """Which rows each bag learns from (1) and holds back (−1): rows × bags.

    Folds are as many as the rarer kind allows, at most FOLDS; with one such row nothing is held back.
    """
    folds = min(FOLDS, int(bad.sum()), int((~bad).sum()))
    if folds < 2:
        return np.ones((len(bad), 1), dtype=np.int8)
    bags = np.ones((len(bad), folds * repeats), dtype=np.int8)
    for repeat in range(repeats):
        parts = StratifiedKFold(folds, shuffle=True, random_state=(seed + repeat) % SEED_LIMIT)
        for fold, (_, held_back) in enumerate(parts.split(bad, bad)):
            bags[held_back, repeat * folds + fold] = -1
    return bags


@dataclass(frozen=True)
class _Input:
    """One column as the machine sees it: its values, or (`companion`) which of its codes a row has."""

    column: Column
    companion: bool

    @property
    def nominal(self) -> bool:
        return self.companion or self.column.levels is not None

    def values(self, integers: Int64s) -> Floats:
        """Floats for the machine, NaN = missing (n)."""
        special = np.array(self.column.special, dtype=np.int64)
        coded = np.isin(integers, special)
        missing = integers == MISSING
        if self.companion:
            code = np.searchsorted(special, integers) + 1
            return np.where(coded, code, np.where(missing, len(special) + 1, 0)).astype(np.float64)
        return np.where(coded | missing, np.nan, integers.astype(np.float64))


def _inputs(column: Column, rows: Rows) -> list[_Input]:
    """None for a constant column; a companion where more than one kind of missing occurs."""
    found = rows.columns.values[column.name]
    if (found == found[0]).all():
        return []
    odd = [code for code in (MISSING, *column.special) if (found == code).any()]
    return [_Input(column, False)] + [_Input(column, True)] * (len(odd) > 1)


def _machine(
    inputs: Sequence[_Input],
    directions: Mapping[str, int],
    setting: Setting,
    bags: NDArray[np.int8],
    stops: bool,
    seed: int,
    n_jobs: int | None,
) -> ExplainableBoostingClassifier:
    bound = [0 if one.nominal else -directions.get(one.column.name, 0) for one in inputs]
    alone = [at for at, one in enumerate(inputs) if one.companion or bound[at]]
    exclude = [(at, other) for at in alone for other in range(len(inputs)) if other != at]
    return ExplainableBoostingClassifier(
        feature_names=[f"{at}" for at in range(len(inputs))],
        feature_types=["nominal" if one.nominal else "continuous" for one in inputs],
        monotone_constraints=bound if any(bound) else None,
        interactions=setting.interactions if len(inputs) - len(alone) > 1 else 0,
        exclude=exclude or None,
        max_bins=MAX_BINS,
        max_interaction_bins=setting.pair_bins,
        outer_bags=bags.shape[1],
        learning_rate=LEARNING_RATE,
        max_rounds=min(max(len(bags), LEAST_ROUNDS), MOST_ROUNDS) if stops else LEAST_ROUNDS,
        early_stopping_rounds=PATIENCE if stops else 0,
        reg_lambda=0.0 if stops else FEW_RIDGE,
        random_state=seed % SEED_LIMIT,
        n_jobs=n_jobs or 1,
    )


def _bins(machine: Any, at: int, terms: int) -> Any:
    """The binning of input `at` in a term of so many inputs."""
    found = machine.bins_[at]
    return found[min(len(found), terms) - 1]


def _bin_index(one: _Input, bins: Any, values: Floats) -> NDArray[np.intp]:
    """The machine's bin of each value: 0 missing, then its bins; the last (−1) is for unknown levels."""
    missing = np.isnan(values)
    if one.nominal:
        known = {float(level): index for level, index in bins.items()}
        distinct, code = np.unique(np.where(missing, -1.0, values), return_inverse=True)
        index = np.array([known.get(value, -1) for value in distinct.tolist()], dtype=np.intp)[code]
    else:
        index = np.searchsorted(bins, values, side="right") + 1
    return np.where(missing, 0, index)


def _by_bag(machine: Any, inputs: Sequence[_Input], matrix: Floats) -> Floats:
    """Log-odds of bad of each training row by each bag (rows × bags)."""
    found = np.tile(np.asarray(machine.bagged_intercept_, dtype=np.float64).ravel(), (len(matrix), 1))
    for members, scores in zip(machine.term_features_, machine.bagged_scores_, strict=True):
        index = tuple(
            _bin_index(inputs[at], _bins(machine, at, len(members)), matrix[:, at]) for at in members
        )
        for bag in range(found.shape[1]):
            found[:, bag] += scores[bag][index]
    return found


def _held_out(by_bag: Floats, bags: NDArray[np.int8]) -> Floats:
    """Mean log-odds of each row over the bags that held it back; over all where none did."""
    held = np.where((bags < 0).any(axis=1, keepdims=True), bags < 0, True)
    out: Floats = (by_bag * held).sum(axis=1) / held.sum(axis=1)
    return out


def _effects(machine: Any, inputs: Sequence[_Input], rows: Rows) -> tuple[Effect, ...]:
    """One effect for each column and pair, companions added to their columns."""
    tables: dict[tuple[str, ...], list[tuple[tuple[int, ...], Any]]] = {}
    for members, scores in zip(machine.term_features_, machine.term_scores_, strict=True):
        names = tuple(inputs[at].column.name for at in members)
        tables.setdefault(names, []).append((members, scores))
    return tuple(_effect(machine, inputs, rows, names, parts) for names, parts in tables.items())


def _effect(
    machine: Any,
    inputs: Sequence[_Input],
    rows: Rows,
    names: tuple[str, ...],
    parts: Sequence[tuple[tuple[int, ...], Any]],
) -> Effect:
    main = parts[0][0]
    cuts = tuple(_cuts(inputs[at], _bins(machine, at, len(main))) for at in main)
    scores = np.zeros([len(axis) + 2 for axis in cuts])
    for members, table in parts:
        index = [
            _bin_index(inputs[at], _bins(machine, at, len(members)), inputs[at].values(representatives(axis)))
            for at, axis in zip(members, cuts, strict=True)
        ]
        scores += table[np.ix_(*index)]
    return Effect(names, cuts, scores, weights_of(names, cuts, rows.columns, rows.weights))


def _cuts(one: _Input, bins: Any) -> tuple[int, ...]:
    """Integer cuts of an axis: a level each, or the machine's cuts rounded up (they divide alike)."""
    if one.column.levels is not None:
        return tuple(range(1, len(one.column.levels) + 1))
    return with_special([math.ceil(cut) for cut in bins], one.column.special)
