import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.stability import moved_bps, psi_bps, score_bins

COUNTS = st.lists(st.integers(0, 10**7), min_size=10, max_size=10)


def psi_float(expected: list[int], actual: list[int]) -> float:
    e, a = ([(2 * c + 1) / sum(2 * c + 1 for c in counts) for c in counts] for counts in (expected, actual))
    return sum((y - x) * math.log(y / x) for x, y in zip(e, a, strict=True))


@pytest.mark.parametrize(("expected", "actual"), [([], []), ([1], [1, 2]), ([1, -1], [1, 1])])
def test_psi__of_counts_that_are_none__is_refused(expected: list[int], actual: list[int]) -> None:
    with pytest.raises(ValueError, match="equally long lists of counts"):
        psi_bps(expected, actual)


@given(COUNTS, COUNTS)
def test_psi__of_any_counts__is_within_one_bp_of_floats_and_symmetric(a: list[int], b: list[int]) -> None:
    assert abs(psi_bps(a, b) - 10_000 * psi_float(a, b)) <= 1
    assert psi_bps(a, b) == psi_bps(b, a) >= 0


@given(COUNTS)
def test_psi__of_equal_counts__is_zero(counts: list[int]) -> None:
    assert psi_bps(counts, counts) == 0


def test_psi__of_opposite_and_empty_bins__is_large_and_defined() -> None:
    assert psi_bps([10**6, 0], [0, 10**6]) > 250_000
    assert psi_bps([0] * 10, [0] * 10) == 0


def test_moved__by_exactly_fifty__did_not_move() -> None:
    before = np.array([300, 600, 600, 850], dtype=np.uint16)
    after = np.array([350, 651, 549, 850], dtype=np.uint16)
    assert moved_bps(before, after) == 5_000
    assert moved_bps(before[:0], after[:0]) == 0


def test_score_bins__at_the_edges__hold_fifty_five_points_each() -> None:
    scores = np.array([300, 354, 355, 794, 795, 849, 850], dtype=np.uint16)
    assert score_bins(scores) == (2, 1, 0, 0, 0, 0, 0, 0, 1, 3)
