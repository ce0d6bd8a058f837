from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.segment import Segment, Term
from models.training import evaluate as ev
from models.training.dataset import Split

if TYPE_CHECKING:
    from tests.models.training.conftest import Economy

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


def test_compared__when_one_person_holds_all_bad_rows__then_every_draw_still_has_both_kinds() -> None:
    bad = np.array([True] * 3 + [False] * 6)
    person = np.array([b"a"] * 3 + [bytes([n]) for n in range(6)], dtype=object)
    ours, theirs, gain = ev.compared(bad, -np.arange(9.0), np.zeros(9), person, draws=50)
    assert (ours.value, theirs.value, gain.value) == (1, 0.5, 0.5)
    assert (gain.low, gain.high) == (0.5, 0.5)


def test_compared__when_drawn_again__then_the_same_interval() -> None:
    random = np.random.default_rng(5)
    bad, person = random.random(200) < 0.3, np.array([bytes([n % 50]) for n in range(200)], dtype=object)
    one, other = random.random(200) + bad / 2, random.random(200)
    first = ev.compared(bad, one, other, person, draws=100)
    assert first == ev.compared(bad, one, other, person, draws=100)
    assert first[0].low < first[0].value < first[0].high
    assert first[2].low > 0


def test_evaluate__when_the_best_feature_of_the_test_differs__then_the_one_of_training_is_shown(
    economy: Economy,
) -> None:
    bad = [True, False] * 30
    right, wrong = [int(b) for b in bad], [row % 3 for row in range(60)]
    train = economy.dataset({"loans_late": right, "payees": wrong}, bad)
    test = economy.dataset({"loans_late": wrong, "payees": right}, bad)
    term = Term(("payees",), ((1,),), (0, 100, -100))
    segment = Segment(600, (term,), ((300, 8_000), (600, 1_000)), (50,) * 10)
    found = ev.evaluate(segment, Split(train, test, 0), draws=20).all
    assert (found.single.name, found.single.sign) == ("loans_late", 1)
    assert (found.auc.value, found.auc_clamped, found.gini, found.ks) == (1, 1, 1, 1)
    assert found.brier == pytest.approx((0.2**2 + 0.1**2) / 2)
    assert found.gain.value == pytest.approx(1 - found.single.auc.value)


def test_evaluate__when_no_returning_borrower_is_bad__then_no_figures_of_them(economy: Economy) -> None:
    rows = economy.dataset({"payees": [1, 2] * 10}, [True, False] * 10)
    first = economy.dataset({"payees": [1, 2] * 10}, [True, False] * 10)
    first.returning[:] = ~first.bad
    segment = Segment(600, (), ((300, 1_000),), (50,) * 10)
    assert ev.evaluate(segment, Split(first, rows, 0), draws=5).returning is None
