"""Ledger → scorecard in one call: what `credit-oracle train`, the demo and the benchmarks run.

Rules that hold here: everything that is fitted, chosen or calibrated is so on training rows alone;
the test rows are looked at once, for the evaluation. The same events and arguments give the same
scorecard, byte for byte, on any machine that runs the pinned versions.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from ibis.expr.types import Table

from ledger_reader.errors import Stop
from models.features.catalogue import FEATURES
from models.features.feature import Feature
from models.scorecard import INSUFFICIENT, FeatureMatrix, Scorecard, score, scorecard_id
from models.stability import score_bins
from models.training import ebm, export
from models.training.dataset import Dataset, Split, split_by_time, to_columns
from models.training.evaluate import DRAWS, Evaluation, evaluate
from models.training.outcomes import Outcome

MIN_BAD, MIN_GOOD = 20, 20


@dataclass(frozen=True)
class TrainingFacts:
    """What went into a scorecard: times in Unix seconds, counts of loans, the choice among settings."""

    cut: int
    end: int
    train_rows: int
    train_bad: int
    test_rows: int
    test_bad: int
    censored: int
    setting: str
    inner_auc: dict[str, float]


@dataclass(frozen=True)
class TrainingResult:
    """A scorecard, its training rows' scores in ten bins (`Manifest.reference`), figures and facts."""

    scorecard: Scorecard
    reference: tuple[int, ...]
    evaluation: Evaluation
    facts: TrainingFacts

    def to_plain(self) -> dict[str, Any]:
        """Plain values for JSON; the scorecard stands in it by its id."""
        return {
            "scorecard": "0x" + scorecard_id(self.scorecard).hex(),
            "terms": len(self.scorecard.segments[export.FULL].terms),
            "reference": list(self.reference),
            "evaluation": self.evaluation.to_plain(),
            "facts": asdict(self.facts),
        }


def train(
    events: Table,
    cut: int,
    end: int,
    name: str = "ebm",
    policy: Outcome = Outcome(),  # noqa: B008 (frozen)
    rules: export.Rules = export.Rules(),  # noqa: B008 (frozen)
    scale: export.Scale = export.Scale(),  # noqa: B008 (frozen)
    features: tuple[Feature, ...] = FEATURES,
    draws: int = DRAWS,
) -> TrainingResult:
    """Train on loans opened and known before `cut`, test on those opened from it on and known before `end`.

    Times are Unix seconds, exclusive. Stop when there are too few good or bad loans on either side, or
    a rule reads a feature that is not measured.
    """
    if unknown := sorted(rules.features() - {feature.name for feature in features}):
        raise Stop(f"the rules read the features {unknown}, which are not measured; change the rules.")
    split = split_by_time(events, policy, cut, end, features)
    return train_on(split, cut, end, name, rules, scale, features, draws)


def train_on(
    split: Split,
    cut: int,
    end: int,
    name: str,
    rules: export.Rules,
    scale: export.Scale,
    features: tuple[Feature, ...],
    draws: int = DRAWS,
) -> TrainingResult:
    """The second half of `train`: from a split that is already measured."""
    rows = split.train
    _check(rows)
    directions = {feature.name: int(feature.direction) for feature in features}
    chosen = ebm.choose(rows, directions)
    machine = ebm.fit(rows, directions, chosen.setting)
    card = export.scorecard(name, machine, rows, directions, chosen.setting, rules, scale)
    return TrainingResult(
        scorecard=card,
        reference=reference(card, rows),
        evaluation=evaluate(card.segments[export.FULL], split, draws),
        facts=TrainingFacts(
            cut=cut,
            end=end,
            train_rows=len(rows),
            train_bad=int(rows.bad.sum()),
            test_rows=len(split.test),
            test_bad=int(split.test.bad.sum()),
            censored=split.censored,
            setting=chosen.setting.name,
            inner_auc=chosen.inner_auc,
        ),
    )


def reference(card: Scorecard, rows: Dataset) -> tuple[int, ...]:
    """How many training rows with a score lie in each of ten bins."""
    columns = to_columns(rows.features)
    matrix = FeatureMatrix(
        addresses=np.frombuffer(b"".join(rows.person), dtype=np.uint8).reshape(-1, 20),
        names=tuple(columns),
        reasons=(0,) * len(columns),
        values=np.column_stack(list(columns.values())),
    )
    scores = score(card, matrix)
    return score_bins(scores.score[scores.status != INSUFFICIENT])


def _check(rows: Dataset) -> None:
    bad, good = int(rows.bad.sum()), int((~rows.bad).sum())
    if bad < MIN_BAD or good < MIN_GOOD:
        raise Stop(
            f"training needs at least {MIN_BAD} bad and {MIN_GOOD} good loans before the cut, got {bad} "
            f"and {good}: move the cut, or read more history."
        )
