"""The recipe `ebm`: an explainable boosting machine on integer features, bound by their directions.

Rules that hold here:
- One term a feature. A missing value stays missing, with a cell of its own. The directions of the
  features are monotone constraints; interpret-core gives no pairs to bound features, so none are fitted.
- The base rate of each opening period enters as an offset that the scorecard then leaves out: a
  feature must tell good from bad loans of the same time, and cannot earn points by telling the date.
  The same offset takes up that of loans opened shortly before the cut only the fast ones are known.
- Small samples: a stiff setting first drops features that do not bear out their direction within the
  periods, by van Elteren's stratified rank test; the stiffest keeps only those that bear it out best,
  for tens of bad rows cannot weigh dozens of features that say nearly the same (docs/decisions/0006).
  One of five settings is chosen by an inner
  cross-validation on the training rows alone, in time: fit on what was opened and known before a
  moment, judge by AUC on what was opened from then on; the stiffer one on a tie.
- All seeds are fixed and nothing runs in parallel: equal rows give equal tables on any number of cores.
"""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from interpret.glassbox import ExplainableBoostingClassifier
from numpy.typing import NDArray
from scipy.stats import rankdata

from ledger_reader.errors import Stop
from models.training.dataset import Dataset, to_floats
from models.training.evaluate import auc

SEED = 20_261_123
OUTER_BAGS = 16
INNER_BAGS = 4
VALIDATION = 0.15
"""Share of the rows that each bag holds back, to stop early and to tell how far bags differ."""

MAX_BINS = 64
LEARNING_RATE = 0.08
MIN_BAD, MIN_GOOD = 10, 10
MIN_FOLD = 5

PERIODS = 12
ROWS_A_PERIOD = 50
PRIOR_ROWS = 10
"""A period's base rate is drawn towards the common one as if so many rows of it had been added."""

RIDGE = 5.0
"""Added to the second derivative of every leaf: one without a single bad row must not run off to infinity."""

INNER_CUTS = (0.6, 0.7, 0.8, 0.9)
"""Shares of the training rows, in order of opening, before which an inner fold is fitted."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Setting:
    """How freely the machine may fit.

    `least_z`: features whose rank statistic in their own direction is below it are dropped (None: no
    screen; a feature without a direction counts by its absolute value less one); `most` keeps at most
    so many of the others, the strongest. `rounds` are at most so many passes over all terms, fewer when a
    bag's held-back rows stop gaining for `patience` passes (0: never stop early).
    """

    name: str
    least_z: float | None
    min_samples_leaf: int
    rounds: int
    patience: int
    most: int | None = None


SETTINGS = (
    Setting("few", 1.0, 5, 80, 0, most=12),
    Setting("screened hard", 1.0, 5, 80, 0),
    Setting("screened", 0.0, 5, 80, 15),
    Setting("large leaves", None, 25, 80, 15),
    Setting("free", None, 5, 160, 15),
)
"""From the stiffest to the freest."""


@dataclass(frozen=True)
class Chosen:
    """The setting taken, and the mean inner AUC of each by name (empty: no fold could judge)."""

    setting: Setting
    inner_auc: dict[str, float]


def choose(rows: Dataset, directions: Mapping[str, int]) -> Chosen:
    """The stiffest setting whose inner AUC is within one standard error of the best.

    Source: L. Breiman, J. Friedman, C. Stone, R. Olshen, Classification and Regression Trees (1984), 3.4.3.
    """
    folds = [fold for fold in _inner_folds(rows) if _varying(fold[0], directions)]
    if not folds:
        return Chosen(SETTINGS[0], {})
    found = {setting.name: _inner_aucs(folds, directions, setting) for setting in SETTINGS}
    means = {name: round(float(aucs.mean()), 4) for name, aucs in found.items()}
    best = found[max(means, key=lambda name: means[name])]
    least = best.mean() - best.std() / np.sqrt(len(best))
    chosen = next(setting for setting in SETTINGS if found[setting.name].mean() >= least)
    return Chosen(chosen, means)


def fit(
    rows: Dataset, directions: Mapping[str, int], setting: Setting, outer_bags: int = OUTER_BAGS
) -> ExplainableBoostingClassifier:
    """A fitted machine; `feature_names_in_` are those kept, its scores log-odds of bad without the offset.

    Stop when there are too few good or bad rows, or when no feature has two values.
    """
    names = screened(rows, directions, setting.least_z, setting.most)
    machine = ExplainableBoostingClassifier(
        feature_names=names,
        feature_types=["continuous"] * len(names),
        monotone_constraints=[-directions[name] for name in names],
        interactions=0,
        max_bins=MAX_BINS,
        outer_bags=outer_bags,
        validation_size=VALIDATION,
        learning_rate=LEARNING_RATE,
        greedy_ratio=0.0,
        smoothing_rounds=0,
        max_rounds=setting.rounds,
        early_stopping_rounds=setting.patience,
        min_samples_leaf=setting.min_samples_leaf,
        reg_lambda=RIDGE,
        missing="gain",
        random_state=SEED,
        n_jobs=1,
    )
    offset = period_log_odds(rows.opened, rows.bad)
    with warnings.catch_warnings():
        # interpret-core warns that its own plots show no missing values; the scorecard has a cell for them.
        warnings.filterwarnings("ignore", message="Missing values detected", category=UserWarning)
        machine.fit(to_floats(rows.features[names]), rows.bad.astype(np.int64), init_score=offset)
    return machine


def predict(machine: ExplainableBoostingClassifier, features: pd.DataFrame) -> Floats:
    """Log-odds of bad of each row (n)."""
    log_odds: Floats = machine.decision_function(to_floats(features[list(machine.feature_names_in_)]))
    return log_odds


def screened(
    rows: Dataset, directions: Mapping[str, int], least_z: float | None, most: int | None = None
) -> list[str]:
    """Names of the features to fit: of those with a direction (or 0) the ones that are never constant and
    through the screen, at most `most` (None: all); at least the best one.
    """
    _check(rows)
    names = _varying(rows, directions)
    if not names:
        raise Stop("no feature takes two values in the training rows: read more history, or move the cut.")
    if least_z is None:
        return names
    period = periods(rows.opened)
    values = to_floats(rows.features[names])
    found = [stratified_z(column, rows.bad, period) for column in values.T]
    support = [
        -directions[name] * z if directions[name] else abs(z) - 1.0
        for name, z in zip(names, found, strict=True)
    ]
    strongest = np.argsort(-np.array(support), kind="stable")[:most].tolist()
    kept = [names[index] for index in sorted(strongest) if support[index] >= least_z]
    return kept or [names[strongest[0]]]


def _varying(rows: Dataset, directions: Mapping[str, int]) -> list[str]:
    told = [str(name) for name in rows.features if name in directions]
    return [name for name in told if rows.features[name].nunique(dropna=False) > 1]


def stratified_z(values: Floats, bad: NDArray[np.bool_], period: NDArray[np.intp]) -> float:
    """Van Elteren's rank test of `values` (NaN left out) between bad and good rows within periods.

    Standard normal when they do not differ; above 0 when bad rows have the larger values.
    Source: P. H. van Elteren, On the combination of independent two-sample tests of Wilcoxon (1960).
    """
    excess, variance = 0.0, 0.0
    for one in np.unique(period):
        here = (period == one) & ~np.isnan(values)
        n, m = int(here.sum()), int(bad[here].sum())
        if 0 < m < n:
            ranks = rankdata(values[here])
            excess += (ranks[bad[here]].sum() - m * (n + 1) / 2) / (n + 1)
            variance += m * (n - m) / n * ranks.var(ddof=1) / (n + 1) ** 2
    return float(excess / np.sqrt(variance)) if variance > 0 else 0.0


def periods(opened: NDArray[np.int64]) -> NDArray[np.intp]:
    """The opening period of each row, from 0: equally many rows each, at least ROWS_A_PERIOD.

    Loans opened at the same time share a period.
    """
    count = max(1, min(PERIODS, len(opened) // ROWS_A_PERIOD))
    return np.searchsorted(np.quantile(opened, np.arange(1, count) / count), opened, side="right")


def period_log_odds(opened: NDArray[np.int64], bad: NDArray[np.bool_]) -> Floats:
    """Log-odds of bad in the opening period of each row, less those over all rows (n)."""
    period = periods(opened)
    mean, rows = bad.mean(), np.bincount(period)
    rate = (np.bincount(period, weights=bad) + PRIOR_ROWS * mean) / (rows + PRIOR_ROWS)
    offset: Floats = (np.log(rate / (1 - rate)) - np.log(mean / (1 - mean)))[period]
    return offset


def _inner_folds(rows: Dataset) -> list[tuple[Dataset, Dataset]]:
    """Pairs (fitted on, judged on) in time that have enough rows of both kinds."""
    folds = []
    for share in INNER_CUTS:
        cut = np.quantile(rows.opened, share)
        fitted = rows.rows((rows.opened < cut) & (rows.known_at < cut))
        judged = rows.rows(rows.opened >= cut)
        if _enough(fitted, MIN_BAD, MIN_GOOD) and _enough(judged, MIN_FOLD, MIN_FOLD):
            folds.append((fitted, judged))
    return folds


def _inner_aucs(
    folds: list[tuple[Dataset, Dataset]], directions: Mapping[str, int], setting: Setting
) -> Floats:
    found = []
    for fitted, judged in folds:
        machine = fit(fitted, directions, setting, INNER_BAGS)
        found.append(auc(judged.bad, predict(machine, judged.features)))
    return np.array(found)


def _enough(rows: Dataset, least_bad: int, least_good: int) -> bool:
    bad = int(rows.bad.sum())
    return bad >= least_bad and len(rows) - bad >= least_good


def is_enough(rows: Dataset) -> bool:
    """Whether there are enough good and bad rows to fit a machine."""
    return _enough(rows, MIN_BAD, MIN_GOOD)


def _check(rows: Dataset) -> None:
    if not is_enough(rows):
        bad = int(rows.bad.sum())
        raise Stop(
            f"training needs at least {MIN_BAD} bad and {MIN_GOOD} good loans, got {bad} and "
            f"{len(rows) - bad}: read more history, or move the cut."
        )
