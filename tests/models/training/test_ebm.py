from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from ledger_reader.errors import Stop
from models.training import ebm
from models.training.dataset import Split, to_floats
from models.training.evaluate import auc

if TYPE_CHECKING:
    from tests.models.training.conftest import Economy


def test_fit__when_too_few_are_bad__then_stop(economy: Economy) -> None:
    rows = economy.dataset({"loans_open": list(range(40))}, [True] * 9 + [False] * 31)
    with pytest.raises(Stop, match="at least 10 bad and 10 good loans, got 9 and 31"):
        ebm.fit(rows, economy.directions, ebm.SETTINGS[0])


def test_screened__when_every_feature_is_constant__then_stop(economy: Economy) -> None:
    rows = economy.dataset({"loans_open": [1] * 40}, [True] * 20 + [False] * 20)
    with pytest.raises(Stop, match="no feature takes two values"):
        ebm.screened(rows, economy.directions, None)


def test_screened__when_a_feature_is_constant__then_it_is_dropped(economy: Economy) -> None:
    rows = economy.dataset({"loans_open": [1] * 40, "payees": [*range(39), None]}, [True, False] * 20)
    assert ebm.screened(rows, economy.directions, None) == ["payees"]


def test_screened__when_data_contradict_the_direction__then_it_is_dropped(economy: Economy) -> None:
    bad = [row < 20 for row in range(40)]
    with_direction = {
        "loans_bad_365d": [1 if row else 0 for row in bad],
        "loans_repaid": [5 * row for row in bad],
    }
    rows = economy.dataset(with_direction, bad)
    assert ebm.screened(rows, economy.directions, 1.0) == ["loans_bad_365d"]


def test_screened__when_at_most_two__then_the_two_that_bear_out_their_direction_best(
    economy: Economy,
) -> None:
    bad = [row < 20 for row in range(40)]
    noise = [row % 7 for row in range(40)]
    columns = {
        "loans_repaid": noise,
        "loans_bad_365d": [10 if row else 0 for row in bad],
        "loans_open": [5 * row + other for row, other in zip(bad, noise, strict=True)],
    }
    rows = economy.dataset(columns, bad)
    assert ebm.screened(rows, economy.directions, -9.0, most=2) == ["loans_bad_365d", "loans_open"]
    assert ebm.screened(rows, economy.directions, -9.0) == list(columns)


def test_screened__when_nothing_passes__then_the_best_one_stays(economy: Economy) -> None:
    rows = economy.dataset({"loans_open": [0, 0, 1, 1] * 10, "payees": [0, 1, 0, 1] * 10}, [True, False] * 20)
    assert len(ebm.screened(rows, economy.directions, 50.0)) == 1


def test_stratified_z__when_only_the_period_differs__then_nothing_is_found() -> None:
    period = np.repeat([0, 1], 50)
    bad = np.array([row % 10 < (8 if row < 50 else 2) for row in range(100)])
    values = np.where(period == 0, 5.0, 1.0) + np.tile([0.0, 0.1], 50)
    assert abs(ebm.stratified_z(values, bad, period)) < 1.0
    assert auc(bad, values) > 0.7


def test_stratified_z__when_bad_rows_have_larger_values__then_positive_and_missing_left_out() -> None:
    bad = np.array([True, False] * 20)
    values = np.where(bad, 2.0, 1.0)
    values[:4] = np.nan
    period = np.zeros(40, dtype=np.intp)
    assert ebm.stratified_z(values, bad, period) > 4
    assert ebm.stratified_z(-values, bad, period) < -4


def test_period_log_odds__when_base_rates_differ__then_the_offset_follows_them() -> None:
    opened = np.arange(200)
    bad = np.arange(200) % 10 < np.where(opened < 100, 6, 1)
    offset = ebm.period_log_odds(opened, bad)
    assert offset[0] > 0.5
    assert offset[-1] < -0.5


def test_choose__when_no_fold_has_enough_bad_loans__then_the_stiffest(economy: Economy) -> None:
    rows = economy.dataset({"loans_open": [0, 1] * 20}, [True] * 12 + [False] * 28)
    assert ebm.choose(rows, economy.directions) == ebm.Chosen(ebm.SETTINGS[0], {})


def test_choose__when_one_feature_tells_all__then_every_setting_finds_it(economy: Economy) -> None:
    random = np.random.default_rng(3)
    bad = random.random(200) < 0.4
    values = [int(value) for value in np.where(bad, 3, 0) + random.integers(0, 2, 200)]
    found = ebm.choose(economy.dataset({"loans_late": values}, bad.tolist()), economy.directions)
    assert set(found.inner_auc) == {setting.name for setting in ebm.SETTINGS}
    assert min(found.inner_auc.values()) > 0.95


def test_fit__when_features_have_directions__then_every_term_follows_its_own(
    economy: Economy, split: Split, machine: Any
) -> None:
    values = to_floats(split.test.features[list(machine.feature_names_in_)])
    assert np.isfinite(machine.decision_function(values)).all()
    for name, scores in zip(machine.feature_names_in_, machine.term_scores_, strict=True):
        steps = np.diff(scores[1:-1]) * economy.directions[name]
        assert economy.directions[name] == 0 or (steps <= 1e-12).all(), name


def test_predict__when_a_value_sits_on_a_cut__then_it_counts_above_it(economy: Economy) -> None:
    bad = [row % 4 < (3 if row % 20 < 10 else 1) for row in range(400)]
    rows = economy.dataset({"payees": [row % 20 for row in range(400)]}, bad)
    machine = ebm.fit(rows, economy.directions, ebm.SETTINGS[4], outer_bags=2)
    cuts, scores = machine.bins_[0][0], machine.term_scores_[0]
    at_cut = machine.decision_function(cuts[:, None]) - machine.intercept_[0]
    np.testing.assert_allclose(at_cut, scores[2:-1], rtol=0, atol=1e-12)
