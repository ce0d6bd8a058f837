from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.calibration import calibration_curve

from models.training import curves
from models.training.evaluate import Sample, auc, sample


def _rows(rows: int = 500, seed: int = 3) -> Sample:
    random = np.random.default_rng(seed)
    total = random.normal(620, 120, rows).round()
    chance = 1 / (1 + np.exp((total - 560) / 57.7))
    return sample(random.random(rows) < chance, total, chance, np.clip(total, 300, 850))


@given(st.integers(1, 400), st.floats(0, 1))
def test_wilson__when_compared_with_scipy__then_equal(rows: int, share: float) -> None:
    bad = round(share * rows)
    wanted = binomtest(bad, rows).proportion_ci(method="wilson")
    assert curves.wilson(bad / rows, rows) == pytest.approx((wanted.low, wanted.high), abs=1e-6)


def test_calibration_curve__when_compared_with_scikit_learn__then_the_same_points() -> None:
    rows = _rows()
    found = curves.calibration_curve(rows)
    observed, stated = calibration_curve(rows.bad, rows.chance, n_bins=10, strategy="quantile")
    assert all(46 <= point.rows <= 54 for point in found)
    assert sum(point.rows for point in found) == 500
    assert [point.observed for point in found] == pytest.approx(observed.tolist(), abs=0.03)
    assert [point.stated for point in found] == pytest.approx(stated.tolist(), abs=0.01)
    assert all(point.low <= point.observed <= point.high for point in found)


def test_calibration_curve__when_a_tie_is_larger_than_a_bin__then_it_stays_together() -> None:
    rows = sample([1, 0] * 50, np.zeros(100), np.full(100, 0.4))
    (point,) = curves.calibration_curve(rows)
    assert (point.rows, point.stated, point.observed) == (100, 0.4, 0.5)


def test_by_band__when_a_band_is_empty__then_it_is_left_out() -> None:
    score = np.array([300, 499, 500, 599, 750, 850])
    found = curves.by_band(sample([1, 1, 0, 1, 0, 0], score, np.full(6, 0.5), score))
    assert [(band.name, band.rows, band.observed) for band in found] == [
        ("needs work", 2, 1.0),
        ("building", 2, 0.5),
        ("very strong", 2, 0.0),
    ]


def test_by_band__when_rows_have_weights__then_shares_follow_them() -> None:
    score = np.array([700, 700])
    found = curves.by_band(sample([1, 0], score, [0.2, 0.4], score, weights=[3, 1]))
    assert (found[0].observed, found[0].stated) == (0.75, 0.25)


def test_lift_curve__when_the_score_is_perfect__then_the_riskiest_tenth_holds_its_share_of_bad() -> None:
    bad = np.arange(100) < 20
    found = curves.lift_curve(sample(bad, np.arange(100.0), np.full(100, 0.2)))
    assert [(point.share, point.captured, point.lift) for point in found[:3]] == [
        (0.1, 0.5, 5.0),
        (0.2, 1.0, 5.0),
        (0.3, 1.0, 3.3333),
    ]


def test_lift_curve__when_the_score_says_nothing__then_no_lift() -> None:
    found = curves.lift_curve(sample([1, 0] * 20, np.zeros(40), np.full(40, 0.5)))
    assert {point.lift for point in found} == {1.0}


def test_lift_curve__when_fine__then_its_area_is_that_of_the_auc() -> None:
    rows = _rows()
    found = curves.lift_curve(rows, bins=500)
    area = np.trapezoid([0, *(p.captured for p in found)], [0, *(p.share for p in found)])
    share = rows.bad.mean()
    assert auc(rows.bad, -rows.total) == pytest.approx((area - share / 2) / (1 - share), abs=2e-3)


def test_distribution__when_counted__then_every_row_is_in_its_bin() -> None:
    rows = _rows()
    found = curves.distribution(rows)
    assert (found[0].low, found[0].high, found[-1].low, found[-1].high) == (300, 354, 795, 850)
    for pile in found:
        inside = (rows.score >= pile.low) & (rows.score <= pile.high)
        assert (pile.good, pile.bad) == ((inside & ~rows.bad).sum(), (inside & rows.bad).sum())
