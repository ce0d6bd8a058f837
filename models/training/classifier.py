"""ScorecardClassifier: any table → a scorecard of integers, as a scikit-learn estimator.

Rules that hold here:
- `predict_proba` comes from the integer tables and the calibration law, `decision_function` is the
  integer total, counted from even odds towards classes_[1]; nothing else of the fit is used.
- Recipe `ebm`: an explainable boosting machine with pairs, on few rows mixed with the other (blend.py).
  Recipe `woe`: optimal binning and logistic regression (woe.py). Both are rounded once, in additive.py.
- The bad outcome is classes_[1] unless `bad` names the other. Directions: +1 more is safer, −1 riskier.
- Whatever is chosen or calibrated is so on training rows that the machine in question did not see.
- Rows of weight 0 are as good as absent. The same table gives the same scorecard, byte for byte.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import (
    _check_sample_weight,
    check_array,
    check_consistent_length,
    check_is_fitted,
    column_or_1d,
    validate_data,
)

from models.rules import Rule
from models.scorecard import MAX_FEATURES, Scorecard
from models.segment import Columns
from models.training import blend, challenger, tabular, woe
from models.training.additive import Additive, check_directions, strongest, to_segment
from models.training.calibrate import platt
from models.training.evaluate import auc
from models.training.frame import Frame, Refused, learn
from models.training.rows import Rows
from models.training.tabular import SEGMENT, TabularScorecard

SEED = 20_261_124
RECIPES = ("ebm", "woe")

Floats = NDArray[np.float64]


class ScorecardClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A scorecard of integer points learned from a table.

    Parameters
    ----------
    recipe : "ebm" (as accurate as gradient boosting) or "woe" (the regulator's classic).
    directions : {column: +1 more is safer | −1 more is riskier}; bound on every cell.
    special_codes : numbers that are codes, a list for all number columns or {column: list}.
    categorical : names of number columns that are labels.
    interactions : how many pairs `ebm` may take; none below 1,000 rows of the rarer class.
    bad : the label of the bad outcome; None is classes_[1].
    challenger : also cross-validate a HistGradientBoosting on the same folds (`challenger_auc_`).
    name : the scorecard's name.
    n_jobs : processes for cross-validation and bags; the result does not depend on it.
    random_state : seed.

    Attributes
    ----------
    classes_, n_features_in_, feature_names_in_ : as in scikit-learn.
    scorecard_ : models.scorecard.Scorecard, one segment, every row scored.
    tabular_ : TabularScorecard: scorecard_, how a table is read and what totals mean; to_json writes it.
    floats_ : the same effects before rounding (additive.Additive).
    inner_auc_ : AUC of held-out log-odds on the training rows; challenger_auc_ : the challenger's, or None.
    """

    def __init__(
        self,
        recipe: str = "ebm",
        *,
        directions: Mapping[str, int] | None = None,
        special_codes: Mapping[str, Sequence[float]] | Sequence[float] | None = None,
        categorical: Sequence[str] | None = None,
        interactions: int = 10,
        bad: Any = None,
        challenger: bool = False,
        name: str = "scorecard",
        n_jobs: int | None = None,
        random_state: int = SEED,
    ) -> None:
        self.recipe = recipe
        self.directions = directions
        self.special_codes = special_codes
        self.categorical = categorical
        self.interactions = interactions
        self.bad = bad
        self.challenger = challenger
        self.name = name
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "ScorecardClassifier":  # noqa: N803
        """Learn a scorecard; Refused (a Stop and a ValueError) says what a table or label lacks."""
        self._check_parameters()
        X = self._checked(X, reset=True)  # noqa: N806
        bad = self._bad_of(X, y)
        weights = _check_sample_weight(sample_weight, bad, dtype=np.float64, ensure_non_negative=True)
        X, bad, weights = _positive(X, bad, weights)  # noqa: N806
        frame = learn(X, self.special_codes, self.categorical)
        rows = _rows(frame, X, bad, weights)
        directions = _directions(self.directions, frame)
        fitted = self._fit_recipe(rows, directions)
        self.tabular_ = _tabular(self.name, frame, fitted, rows, directions)
        self.floats_ = fitted
        self.scorecard_ = self.tabular_.scorecard
        self.inner_auc_ = round(auc(bad, fitted.held_out, weights), 4)
        self.challenger_auc_ = (
            challenger.inner_auc(rows, self.random_state, self.n_jobs) if self.challenger else None
        )
        return self

    def decision_function(self, X: Any) -> NDArray[np.int64]:  # noqa: N803
        """Integer points towards classes_[1]; above 0 where `predict` gives it (n)."""
        totals = self.totals(X)
        points = self.tabular_.law.even() + 1 - totals
        return points if self._bad_is_second else 1 - points

    def predict_proba(self, X: Any) -> Floats:  # noqa: N803
        """Chances of classes_ (n, 2)."""
        totals = self.totals(X)
        chance = self.tabular_.law.chance(totals)
        both = (1 - chance, chance) if self._bad_is_second else (chance, 1 - chance)
        return np.column_stack(both)

    def predict(self, X: Any) -> NDArray[Any]:  # noqa: N803
        """The likelier class of each row (n)."""
        second = self.decision_function(X) > 0
        classes: NDArray[Any] = self.classes_
        return classes[second.astype(np.intp)]

    def totals(self, X: Any) -> NDArray[np.int64]:  # noqa: N803
        """Base plus points of each row, unclamped; higher is safer (n)."""
        check_is_fitted(self)
        return self.tabular_.totals(self._checked(X, reset=False))

    def scores(self, X: Any) -> NDArray[np.int64]:  # noqa: N803
        """Scores from 300 to 850 (n)."""
        check_is_fitted(self)
        return self.tabular_.scores(self._checked(X, reset=False))

    def __sklearn_tags__(self) -> Tags:
        tags: Tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.classifier_tags.multi_class = False
        return tags

    @property
    def _bad_is_second(self) -> bool:
        return self.bad is None or bool(self.bad == self.classes_[1])

    def _check_parameters(self) -> None:
        if self.recipe not in RECIPES:
            raise Refused(f"recipe must be one of {list(RECIPES)}, got {self.recipe!r}.")
        if not isinstance(self.interactions, (int, np.integer)) or self.interactions < 0:
            raise Refused(f"interactions must be a number of pairs from 0, got {self.interactions!r}.")

    def _checked(self, X: Any, reset: bool) -> Any:  # noqa: N803
        """The table as it is read; scikit-learn's own checks of names and numbers of columns."""
        if not isinstance(X, pd.DataFrame):
            X = check_array(X, dtype=None, ensure_all_finite=False, estimator=self)  # noqa: N806
        elif len(X) == 0 or X.shape[1] == 0:
            raise Refused(f"Found array with {len(X)} sample(s) and {X.shape[1]} feature(s); 1 is needed.")
        validate_data(self, X, skip_check_array=True, reset=reset)
        if isinstance(X, pd.DataFrame) and not hasattr(self, "feature_names_in_"):
            return X.set_axis([f"x{index}" for index in range(X.shape[1])], axis=1)
        if not isinstance(X, pd.DataFrame) and hasattr(self, "feature_names_in_"):
            return pd.DataFrame(X, columns=list(self.feature_names_in_))
        return X

    def _bad_of(self, X: Any, y: Any) -> NDArray[np.bool_]:  # noqa: N803
        if y is None:
            raise Refused("requires y to be passed, but the target y is None: give the labels.")
        labels = column_or_1d(y, warn=True)
        check_consistent_length(X, labels)
        if pd.isna(labels).any():
            row = int(pd.isna(labels).argmax())
            raise Refused(f"Input y contains NaN: row {row} has no label; leave such rows out.")
        check_classification_targets(labels)
        self.classes_, code = np.unique(labels, return_inverse=True)
        if len(self.classes_) == 1:
            raise Refused(
                f"y holds one class only, {self.classes_[0]!r} in all {len(labels)} rows; rows of two "
                "classes are needed."
            )
        if len(self.classes_) > 2:
            raise Refused(
                "Only binary classification is supported. The type of the target is "
                f"{type_of_target(labels)}: name one class bad and join the others."
            )
        if self.bad is not None and self.bad not in self.classes_.tolist():
            raise Refused(f"bad is {self.bad!r}, which y does not hold; it holds {self.classes_.tolist()}.")
        bad: NDArray[np.bool_] = code == int(self._bad_is_second)
        return bad

    def _fit_recipe(self, rows: Rows, directions: Mapping[str, int]) -> Additive:
        if self.recipe == "ebm":
            return blend.fit(rows, directions, self.interactions, self.random_state, self.n_jobs)
        return woe.fit(rows, directions, self.random_state, self.n_jobs)


def _positive(table: Any, bad: NDArray[np.bool_], weights: Floats) -> tuple[Any, NDArray[np.bool_], Floats]:
    """The rows of positive weight, weights scaled to a mean of 1."""
    kept = np.flatnonzero(weights > 0)
    table = table.iloc[kept] if isinstance(table, pd.DataFrame) else table[kept]
    bad, weights = bad[kept], weights[kept]
    if bad.all() or not bad.any():
        raise Refused("the rows of positive weight hold one class only; rows of two are needed.")
    return table, bad, weights / weights.mean()


def _rows(frame: Frame, table: Any, bad: NDArray[np.bool_], weights: Floats) -> Rows:
    columns = frame.integers(table)
    if all((column == column[0]).all() for column in columns.values()):
        raise Refused(
            f"none of the {len(columns)} columns takes two values (n_samples = {len(bad)}), so nothing can "
            "be learned; add columns or rows that differ."
        )
    kinds = {column.name: column for column in frame.columns}
    return Rows(Columns(columns, len(bad)), kinds, bad, weights)


def _directions(given: Mapping[str, int] | None, frame: Frame) -> dict[str, int]:
    kinds = {column.name: column for column in frame.columns}
    for name, direction in (given or {}).items():
        if name not in kinds:
            raise Refused(f"directions name the column {name!r}, which the table lacks.")
        if direction not in (-1, 0, 1):
            raise Refused(f"the direction of {name!r} must be −1, 0 or +1, got {direction!r}.")
        if direction and kinds[name].levels is not None:
            raise Refused(
                f"column {name!r} has a direction but holds labels; give it numbers, or no direction."
            )
    return {str(name): int(direction) for name, direction in (given or {}).items() if direction}


def _tabular(
    name: str, frame: Frame, fitted: Additive, rows: Rows, directions: Mapping[str, int]
) -> TabularScorecard:
    fitted = strongest(fitted, MAX_FEATURES)
    law = platt(fitted.held_out, rows.bad, rows.weights)
    segment, meaning = to_segment(fitted, law, rows.columns, rows.weights, rows.kinds)
    check_directions(segment, directions, rows.kinds)
    used = {column for term in segment.terms for column in term.features}
    names = tuple(column.name for column in frame.columns if column.name in used)
    card = Scorecard(
        name=name,
        features=names or (frame.columns[0].name,),
        rules=(Rule(SEGMENT, "scored", ()),),
        segments={SEGMENT: segment},
    )
    return TabularScorecard(frame, card, meaning)


def to_json(classifier: ScorecardClassifier) -> bytes:
    """Canonical JSON of a fitted classifier's tables; `tabular.from_json` reads it without scikit-learn."""
    check_is_fitted(classifier)
    return tabular.to_json(classifier.tabular_)
