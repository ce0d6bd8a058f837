"""The recipe `ebm`: the boosting machine (boost.py), on few rows together with the evidence machine (woe.py).

Rules that hold here:
- Both machines are sums of effects in log-odds, so a weighted mean of them is one too: an effect of each
  column, over the cuts of both; held-out log-odds are weighted alike, row by row.
- The evidence machine's weight is the one of WEIGHTS with the least calibrated loss of the held-out
  log-odds, the smallest on a tie; at 0 the boosting machine stands untouched.
- From MANY rows of the rarer kind on the boosting machine stands alone, for nothing is gained then; and
  below FEW, for so few rows cannot weigh two machines.
- Both follow the directions, hence so does their mean. Deviations are weighted likewise, as if both
  machines always erred together, which errs towards caution.
Source: L. Breiman, Stacked regressions (1996).
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from models.training import boost, woe
from models.training.additive import Additive, Effect, weights_of
from models.training.boost import FEW, MANY
from models.training.calibrate import losses
from models.training.rows import Rows

WEIGHTS = tuple(tenths / 10 for tenths in range(11))

Floats = NDArray[np.float64]


def fit(
    rows: Rows, directions: Mapping[str, int], interactions: int, seed: int, n_jobs: int | None
) -> Additive:
    """The fitted recipe in float form; `rows` has both kinds and a column with two values."""
    boosted = boost.fit(rows, directions, interactions, seed, n_jobs)
    if not FEW <= rows.rarer < MANY:
        return boosted
    evidence = woe.fit(rows, directions, seed, n_jobs)
    weight = best_weight(boosted.held_out, evidence.held_out, rows)
    return mixed(boosted, evidence, weight, rows) if weight else boosted


def best_weight(first: Floats, second: Floats, rows: Rows) -> float:
    """The second's weight at which the held-out log-odds lose least."""

    def loss(weight: float) -> float:
        held_out = _between(first, second, weight)
        return float(np.average(losses(held_out, rows.bad, rows.weights), weights=rows.weights))

    return min(WEIGHTS, key=loss)


def mixed(first: Additive, second: Additive, weight: float, rows: Rows) -> Additive:
    """The machine whose log-odds are (1 − weight) × the first's + weight × the second's."""
    alike: dict[tuple[str, ...], list[tuple[float, Effect]]] = {}
    for share, machine in ((1 - weight, first), (weight, second)):
        for effect in machine.effects:
            alike.setdefault(effect.columns, []).append((share, effect))
    return Additive(
        intercept=(1 - weight) * first.intercept + weight * second.intercept,
        effects=tuple(_sum(names, parts, rows) for names, parts in alike.items()),
        held_out=_between(first.held_out, second.held_out, weight),
        deviations=_between(first.deviations, second.deviations, weight),
    )


def _between(first: Floats, second: Floats, weight: float) -> Floats:
    return (1 - weight) * first + weight * second


def _sum(names: tuple[str, ...], parts: list[tuple[float, Effect]], rows: Rows) -> Effect:
    """Effects of the same columns, each times its share, added over the cuts of all."""
    cuts = tuple(
        tuple(sorted({cut for _, effect in parts for cut in effect.cuts[axis]})) for axis in range(len(names))
    )
    scores = np.zeros([len(axis) + 2 for axis in cuts])
    for share, effect in parts:
        scores += share * effect.over(cuts)
    return Effect(names, cuts, scores, weights_of(names, cuts, rows.columns, rows.weights))
