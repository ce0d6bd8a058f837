from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger_reader.errors import Stop
from models.segment import MISSING
from models.training import frame


def test_learn__when_a_name_stands_twice_or_is_too_long__then_stop() -> None:
    twice = pd.DataFrame([[1, 2]], columns=["age", "age"])
    with pytest.raises(Stop, match="has the column 'age' twice; rename one"):
        frame.learn(twice)
    with pytest.raises(Stop, match="must have 1 to 100 characters; rename it"):
        frame.learn(pd.DataFrame({"x" * 101: [1, 2]}))


def test_learn__when_a_cell_is_no_number_and_no_text__then_stop() -> None:
    with pytest.raises(Stop, match=r"column 'age', row 1 holds \[3\] \(list\)"):
        frame.learn(pd.DataFrame({"age": [1, [3], 2]}))


def test_learn__when_special_codes_are_not_finite__then_stop() -> None:
    with pytest.raises(Stop, match="special codes of 'age' must be finite"):
        frame.learn(pd.DataFrame({"age": [1, 2]}), special_codes=[np.nan])


@pytest.mark.parametrize(
    ("values", "decimals"),
    [
        ([1, 2, 3], 0),
        ([0.1, 0.25, 3.0], 2),
        ([np.nan, np.nan], 0),
        ([0.0, 0.0], 0),
        ([1e20, 2e20, 3e20], -16),
        ([True, False], 0),
        ([0.766127, 0.5], 6),
    ],
)
def test_decimals__when_values_have_them__then_as_many(values: list[float], decimals: int) -> None:
    assert frame.decimals_of(np.array(values, dtype=float)) == decimals


@given(st.lists(st.floats(-1e6, 1e6, allow_subnormal=False), min_size=2, max_size=50, unique=True))
def test_scaled__when_values_are_ordered__then_integers_are_too(values: list[float]) -> None:
    floats = np.sort(np.array(values))
    integers = frame.scaled(floats, frame.decimals_of(floats))
    assert (np.diff(integers) >= 0).all()
    assert np.abs(integers).max() <= frame.EXACT


@given(st.lists(st.one_of(st.none(), st.integers(-(10**6), 10**6)), min_size=1, max_size=30))
def test_integers__when_whole_numbers_come_in_any_type__then_equal(values: list[int | None]) -> None:
    wanted = [MISSING if value is None else value for value in values]
    for dtype in ("Int64", "float64", "object"):
        column = pd.Series(values, dtype=dtype)
        learned = frame.Column("age", 0, (), None)
        assert learned.integers(column).tolist() == wanted


def test_integers__when_levels_are_rare_unseen_or_missing__then_their_cells() -> None:
    table = pd.DataFrame({"trade": ["farm"] * 6 + ["shop"] * 5 + ["rare"] + [None]})
    learned = frame.learn(table)
    assert learned.columns[0].levels == ("farm", "shop")
    asked = pd.DataFrame({"trade": ["shop", "farm", "rare", "never", None]})
    assert learned.integers(asked)["trade"].tolist() == [1, 0, 2, 2, MISSING]


def test_integers__when_labels_are_numbers__then_the_same_in_any_type() -> None:
    table = pd.DataFrame({"code": [1.0, 2.0] * 6})
    learned = frame.learn(table, categorical=["code"])
    assert learned.columns[0].levels == ("1", "2")
    for asked in (pd.Series([1, 2, 3]), pd.Series(["1", "2", "3"]), pd.Series([1.0, 2.0, 3.0])):
        assert learned.integers(asked.to_frame("code"))["code"].tolist() == [0, 1, 2]


def test_integers__when_given_an_array__then_by_position() -> None:
    learned = frame.learn(np.array([[1.5, 2.0], [2.5, 3.0]]))
    assert {name: column.tolist() for name, column in learned.integers(np.array([[3.5, 9.0]])).items()} == {
        "x0": [35],
        "x1": [9],
    }
    with pytest.raises(Stop, match="the array has 3 columns; 2 were learned"):
        learned.integers(np.zeros((1, 3)))
