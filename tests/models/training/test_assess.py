from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from models.rules import Rule
from models.scorecard import Scorecard
from models.segment import Segment, Term
from models.training.assess import challenger_risk, evaluate, place
from models.training.dataset import Split
from models.training.export import FULL

if TYPE_CHECKING:
    from tests.models.training.conftest import Economy

TERM = Term(("payees",), ((1,),), (0, 100, -100))
STEPS = ((300, 8_000), (600, 1_000))
CARD = Scorecard(
    "test",
    ("payees", "loans_late"),
    (
        Rule("thin", "thin", (("loans_late", ">=", 2),)),
        Rule(FULL, "scored", (("loans_late", ">=", 1),)),
    ),
    {FULL: Segment(600, (TERM,), STEPS, (50,) * 10), "thin": Segment(600, (TERM,), STEPS, (50,) * 10, 599)},
)


def _split(economy: Economy) -> Split:
    bad = [True, False] * 30
    right, wrong = [int(b) for b in bad], [row % 3 for row in range(60)]
    train = economy.dataset({"loans_late": right, "payees": wrong}, bad)
    return Split(train, economy.dataset({"loans_late": wrong, "payees": right}, bad), 0)


def test_place__when_rules_differ__then_each_row_has_its_segment_points_cap_and_chance(
    economy: Economy,
) -> None:
    features = economy.dataset(
        {"payees": [0, 0, 1, None], "loans_late": [2, 1, 0, None]}, [True] * 4
    ).features
    found = place(CARD, features)
    assert found.segment.tolist() == ["thin", FULL, "insufficient", "insufficient"]
    assert found.total.tolist() == [700, 700, 500, 600]
    assert found.score.tolist() == [599, 700, 500, 600]
    assert found.chance.tolist() == [0.8, 0.1, 0.8, 0.1]


def test_evaluate__when_the_best_feature_of_the_test_differs__then_the_one_of_training_is_shown(
    economy: Economy,
) -> None:
    card = Scorecard("test", CARD.features, (), {FULL: CARD.segments[FULL]})
    found = evaluate(card, _split(economy), draws=20).all
    assert found.single is not None
    assert found.gain is not None
    assert (found.single.name, found.single.sign) == ("loans_late", 1)
    assert (found.auc.value, found.auc_clamped, found.gini.value, found.ks.value) == (1, 1, 1, 1)
    assert found.brier.value == pytest.approx((0.2**2 + 0.1**2) / 2)
    assert found.gain.value == pytest.approx(1 - found.single.auc.value)


def test_evaluate__when_rows_fall_in_segments__then_each_row_counts_in_one(economy: Economy) -> None:
    found = evaluate(CARD, _split(economy), draws=5, challenge=False)
    assert set(found.segments) == {"thin", FULL, "insufficient"}
    assert [one.rows for one in found.segments.values() if one] == [20, 20, 20]
    assert sum(month.rows for month in found.months) == 60
    assert sum(pile.good + pile.bad for pile in found.distribution) == 60
    assert sum(band.rows for band in found.bands) == 60
    assert found.challenger is None


def test_evaluate__when_no_returning_borrower_is_bad__then_no_figures_of_them(economy: Economy) -> None:
    split = _split(economy)
    split.test.returning[:] = ~split.test.bad
    assert evaluate(CARD, split, draws=5, challenge=False).returning is None


def test_evaluate__when_a_challenger_is_fitted__then_what_is_left_on_the_table_is_told(
    economy: Economy, split: Split
) -> None:
    names = tuple(map(str, split.test.features))
    card = Scorecard("test", names, (), {FULL: Segment(600, (), STEPS, (50,) * 10)})
    found = evaluate(card, split, draws=20)
    assert found.challenger is not None
    assert found.all.auc.value == 0.5
    assert found.challenger.auc.value == pytest.approx(0.5 + found.challenger.left_on_the_table.value)
    assert found.challenger.left_on_the_table.low > 0


def test_challenger__when_a_feature_is_never_known__then_it_learns_from_the_others(economy: Economy) -> None:
    split = _split(economy)
    for part in (split.train, split.test):
        part.features["nothing"] = pd.array([None] * 60, "Int64")
    assert len(challenger_risk(split)) == 60


def test_challenger__when_fitted_again__then_the_same_risks(split: Split) -> None:
    np.testing.assert_array_equal(challenger_risk(split), challenger_risk(split))
