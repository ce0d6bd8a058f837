from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score, roc_curve

from ledger_reader.errors import Stop
from models.training import evaluate as ev

ROWS = st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=2, max_size=40).filter(
    lambda rows: len({bad for bad, _ in rows}) == 2
)


@given(ROWS)
def test_auc__when_compared_with_counting_pairs__then_equal(rows: list[tuple[bool, int]]) -> None:
    bad, risk = np.array([b for b, _ in rows]), np.array([float(r) for _, r in rows])
    pairs = [(x > y) + (x == y) / 2 for x in risk[bad] for y in risk[~bad]]
    assert ev.auc(bad, risk) == pytest.approx(np.mean(pairs))


@given(ROWS, st.data())
def test_auc__when_rows_have_weights__then_as_if_repeated(
    rows: list[tuple[bool, int]], data: st.DataObject
) -> None:
    times = np.array(data.draw(st.lists(st.integers(1, 4), min_size=len(rows), max_size=len(rows))))
    bad, risk = np.array([b for b, _ in rows]), np.array([float(r) for _, r in rows])
    assert ev.auc(bad, risk, times.astype(float)) == pytest.approx(
        ev.auc(np.repeat(bad, times), np.repeat(risk, times))
    )


def test_kolmogorov_smirnov__when_fully_apart_or_equal__then_one_or_zero() -> None:
    bad = np.array([True, True, False, False])
    assert ev.kolmogorov_smirnov(bad, np.array([4.0, 3.0, 2.0, 1.0])) == 1
    assert ev.kolmogorov_smirnov(bad, np.ones(4)) == 0


def test_calibration_error__when_chances_are_off_by_a_tenth__then_a_tenth() -> None:
    bad = np.arange(1000) % 10 < 3
    assert ev.calibration_error(bad, np.full(1000, 0.3)) == pytest.approx(0)
    assert ev.calibration_error(bad, np.full(1000, 0.4)) == pytest.approx(0.1)


def test_best_single__when_a_feature_is_missing_or_constant__then_another_with_its_sign() -> None:
    bad = np.array([True, True, False, False, False])
    features = pd.DataFrame(
        {
            "nothing": pd.array([None] * 5, "Int64"),
            "constant": pd.array([1] * 5, "Int64"),
            "safe": pd.array([1, 2, 3, 4, None], "Int64"),
        }
    )
    assert ev.best_single(features, bad) == ("safe", -1, 2.5)


def _rows(rows: int = 400, people: int = 400, seed: int = 5) -> dict[str, Any]:
    """Arrays of a score that tells something, with weights."""
    random = np.random.default_rng(seed)
    total = random.normal(600, 80, rows).round()
    chance = 1 / (1 + np.exp((total - 500) / 57.7))
    return {
        "bad": random.random(rows) < chance,
        "total": total,
        "chance": chance,
        "score": np.clip(total, 300, 850),
        "person": np.array([bytes([n % people % 256, n % people // 256]) for n in range(rows)], dtype=object),
        "weights": random.integers(1, 4, rows).astype(float),
    }


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"total": [1.0]}, r"the totals have the shape \(1,\) beside 400 outcomes"),
        ({"chance": np.full(400, np.nan)}, "the chances hold a value that is not a number, at row 0"),
        ({"total": np.full(400, np.inf)}, "the totals hold a value that is not a number"),
        ({"bad": np.arange(400)}, "an outcome is neither 0"),
        ({"chance": np.full(400, 1.5)}, "lies outside 0 to 1"),
        ({"weights": np.zeros(400)}, "not all 0"),
        ({"weights": np.full(400, -1.0)}, "must be 0 or more"),
        ({"person": np.array([b"a"], dtype=object)}, "give one a row"),
    ],
)
def test_sample__when_an_array_is_wrong__then_stop_names_it(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Stop, match=sentence):
        ev.sample(**(_rows() | change))


def test_sample__when_there_are_no_rows__then_stop() -> None:
    with pytest.raises(Stop, match="no rows to evaluate"):
        ev.sample([], [], [])


def test_figures__when_all_are_good__then_stop() -> None:
    with pytest.raises(Stop, match="of 400 rows 0 are bad"):
        ev.figures(ev.sample(**(_rows() | {"bad": np.zeros(400)})))


def test_figures__when_rows_have_weights__then_as_scikit_learn_has_them() -> None:
    given_ = _rows()
    bad, total, chance, weights = (given_[name] for name in ("bad", "total", "chance", "weights"))
    found = ev.figures(ev.sample(**given_), draws=20)
    area = roc_auc_score(bad, -total, sample_weight=weights)
    false, true, _ = roc_curve(bad, -total, sample_weight=weights, drop_intermediate=False)
    assert found.auc.value == pytest.approx(area, abs=1e-4)
    assert found.gini.value == pytest.approx(2 * area - 1, abs=1e-4)
    assert found.ks.value == pytest.approx((true - false).max(), abs=1e-4)
    assert found.brier.value == pytest.approx(brier_score_loss(bad, chance, sample_weight=weights), abs=1e-4)
    assert found.log_loss.value == pytest.approx(log_loss(bad, chance, sample_weight=weights), abs=1e-4)


def test_figures__when_rows_weigh_nothing__then_intervals_do_not_see_them() -> None:
    given_ = _rows()
    half = np.arange(400) < 200
    weightless = given_ | {"weights": np.where(half, 1.0, 0.0), "bad": np.where(half, given_["bad"], True)}
    weightless["total"] = np.where(half, given_["total"], 849.0)  # bad rows with the best of scores
    found = ev.figures(ev.sample(**weightless), draws=50).auc
    assert found.low < found.value < found.high


def test_log_loss__when_a_sure_chance_fails__then_large_and_finite() -> None:
    found = ev.log_loss(np.array([True, False]), np.array([0.0, 0.0]))
    assert found == pytest.approx(-np.log(0.000_05) / 2, abs=1e-3)


def test_figures__when_one_person_holds_all_bad_rows__then_every_draw_still_has_both_kinds() -> None:
    bad = np.array([True] * 3 + [False] * 6)
    person = np.array([b"a"] * 3 + [bytes([n]) for n in range(6)], dtype=object)
    rows = ev.sample(bad, np.arange(9.0), np.full(9, 0.5), person=person)
    found = ev.figures(rows, ev.Rival("flat", 1, np.zeros(9)), draws=50)
    assert found.single is not None
    assert found.gain is not None
    assert (found.auc.value, found.single.auc.value, found.gain.value) == (1, 0.5, 0.5)
    assert (found.gain.low, found.gain.high) == (0.5, 0.5)
    assert found.people == 7


def test_figures__when_drawn_again__then_the_same_intervals_around_the_values() -> None:
    rows = ev.sample(**_rows())
    rival = ev.Rival("noise", 1, np.random.default_rng(1).random(400))
    first = ev.figures(rows, rival, -rows.total, draws=100)
    assert first == ev.figures(rows, rival, -rows.total, draws=100)
    for one in (first.auc, first.gini, first.brier, first.log_loss):
        assert one.low < one.value < one.high
    assert first.gain is not None
    assert first.gain.low > 0
    assert first.minus_float == ev.Estimate(0, 0, 0)


def test_figures__when_people_have_many_rows__then_the_interval_is_wider_than_over_rows() -> None:
    given_ = _rows(40, 40)
    tenfold = {name: np.tile(column, 10) for name, column in given_.items()}
    alone = tenfold | {"person": np.array([n.to_bytes(2, "big") for n in range(400)], dtype=object)}
    together, apart = (ev.figures(ev.sample(**rows), draws=300).auc for rows in (tenfold, alone))
    assert together.value == apart.value
    assert together.high - together.low > 2 * (apart.high - apart.low)


def test_best_rival__when_the_best_of_the_test_differs__then_the_one_of_training_is_taken() -> None:
    bad = np.array([True, False] * 30)
    right, wrong = pd.array(bad.astype(int), "Int64"), pd.array([row % 3 for row in range(60)], "Int64")
    train, test = pd.DataFrame({"a": right, "b": wrong}), pd.DataFrame({"a": wrong, "b": right})
    rival = ev.best_rival(train, bad, test)
    assert (rival.name, rival.sign) == ("a", 1)
    assert rival.risk.tolist() == [float(value) for value in wrong]
