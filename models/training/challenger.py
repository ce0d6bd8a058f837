"""The challenger: gradient boosting beside each fit, to show what a scorecard leaves on the table."""

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import StratifiedKFold

from models.segment import MISSING
from models.training.evaluate import auc
from models.training.rows import Rows

FOLDS = 5
SEED_LIMIT = 2**31
MOST_LABELS = 255

Floats = NDArray[np.float64]


def inner_auc(rows: Rows, seed: int, n_jobs: int | None) -> float | None:
    """Pooled cross-validated AUC on the training rows; None with only one row of a kind."""
    folds = min(FOLDS, int(rows.bad.sum()), int((~rows.bad).sum()))
    if folds < 2:
        return None
    split = StratifiedKFold(folds, shuffle=True, random_state=seed % SEED_LIMIT)
    parts = list(split.split(rows.bad, rows.bad))
    found = Parallel(n_jobs=n_jobs)(delayed(_held_out)(rows, fitted, held, seed) for fitted, held in parts)
    chance = np.zeros(len(rows))
    for (_, held), part in zip(parts, found, strict=True):
        chance[held] = part
    return round(auc(rows.bad, chance, rows.weights), 4)


def matrix_of(rows: Rows) -> Floats:
    """The integer columns as floats, NaN = missing (rows, columns)."""
    columns = [np.where(column == MISSING, np.nan, column) for column in rows.columns.values.values()]
    return np.column_stack(columns).astype(np.float64)


def known_only(fitted: Floats, *others: Floats) -> tuple[Floats, ...]:
    """The matrices with 0 in each column of which `fitted` knows no value: on those the machine fails."""
    unknown = np.isnan(fitted).all(axis=0)
    return tuple(np.where(unknown, 0.0, matrix) for matrix in (fitted, *others))


def _held_out(rows: Rows, fitted: NDArray[np.intp], held: NDArray[np.intp], seed: int) -> Floats:
    labels = [column.levels is not None for column in rows.kinds.values()]
    machine = HistGradientBoostingClassifier(
        learning_rate=0.05,
        max_leaf_nodes=15,
        l2_regularization=1.0,
        early_stopping=True,
        categorical_features=np.array(labels),
        random_state=seed % SEED_LIMIT,
    )
    matrix = matrix_of(rows)
    learned, judged = known_only(matrix[fitted], matrix[held])
    machine.fit(learned, rows.bad[fitted], sample_weight=rows.weights[fitted])
    chance: Floats = machine.predict_proba(judged)[:, 1]
    return chance
