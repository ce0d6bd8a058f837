import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.logarithm import ln_fixed, log2_fixed

ONE = 1 << 48


def test_log2_fixed__of_zero__is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1, got 0"):
        log2_fixed(0)


@given(st.integers(1, 2**200))
def test_log2_fixed__of_any_integer__is_just_below_the_true_logarithm(value: int) -> None:
    found = log2_fixed(value)
    assert math.isclose(found / ONE, math.log2(value), rel_tol=1e-13, abs_tol=1e-13)
    assert (found == value.bit_length() - 1 << 48) if value & (value - 1) == 0 else found % ONE >= 0


@given(st.integers(1, 2**200))
def test_ln_fixed__of_any_integer__is_the_natural_logarithm(value: int) -> None:
    assert math.isclose(ln_fixed(value) / ONE, math.log(value), rel_tol=1e-12, abs_tol=1e-12)


def test_log2_fixed__of_consecutive_integers__rises() -> None:
    logs = [log2_fixed(value) for value in range(1, 2_000)]
    assert logs == sorted(set(logs))
