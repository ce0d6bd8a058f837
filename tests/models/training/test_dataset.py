from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from ibis.expr.types import Table

from ledger_reader.errors import Stop
from models.features.feature import Feature
from models.measure import measure
from models.segment import MISSING
from models.training.dataset import Split, observe, split_by_time, to_columns, to_floats
from models.training.outcomes import Outcome

if TYPE_CHECKING:
    from tests.models.training.conftest import Economy


def test_split__when_the_cut_is_not_before_the_end__then_stop(economy: Economy) -> None:
    with pytest.raises(Stop, match="must lie before the end"):
        split_by_time(economy.year(wallets=3), Outcome(), economy.end, economy.end)


def test_split__when_no_loan_was_bad__then_stop_with_the_counts(economy: Economy) -> None:
    rows = [(day, "borrow", day, 999, day, None) for day in range(1, 9)]
    rows += [(day + 20, "repay", day, day, day, None) for day in range(1, 9)]
    with pytest.raises(Stop, match=r"of 8 loans opened and known before the cut .*, 0 are bad"):
        split_by_time(economy.ledger(rows), Outcome(), economy.cut, economy.end)


def test_to_floats__when_a_value_is_not_exact_as_a_float__then_stop() -> None:
    with pytest.raises(Stop, match=r"\['b'\] exceed"):
        to_floats(pd.DataFrame({"a": pd.array([1], "Int64"), "b": pd.array([2**53], "Int64")}))


def test_to_columns__when_a_value_is_null__then_missing() -> None:
    columns = to_columns(pd.DataFrame({"a": pd.array([3, None], "Int64")}))
    assert columns["a"].tolist() == [3, MISSING]


def test_split__when_cut__then_no_label_or_loan_crosses_it(economy: Economy, split: Split) -> None:
    assert (split.train.opened < economy.cut).all()
    assert (split.train.known_at < economy.cut).all()
    assert (split.test.opened >= economy.cut).all()
    assert (split.test.known_at < economy.end).all()
    assert split.censored > 0


def _two_futures(economy: Economy) -> tuple[Table, Table]:
    """Two ledgers that are equal until the second loan opens on day 20, and differ from then on."""
    rows = [(0, "borrow", 1, 999, 1, None), (10, "repay", 1, 1, 1, None), (20, "borrow", 1, 999, 2, None)]
    good = [*rows, (30, "repay", 1, 1, 2, None)]
    bad = [*rows, (20, "liquidation", 1, 999, 2, None), (21, "borrow", 1, 999, 3, None)]
    return economy.ledger(good), economy.ledger(bad)


def test_observe__when_the_future_is_rewritten__then_only_the_label_changes(economy: Economy) -> None:
    good, bad = (observe(events, Outcome(), economy.end) for events in _two_futures(economy))
    assert good.bad.tolist() == [False, False]
    assert bad.bad.tolist() == [False, True]
    pd.testing.assert_frame_equal(good.features, bad.features)


def test_observe__when_a_leak_is_planted__then_rewriting_the_future_shows_it(
    economy: Economy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def a_day_late(events: Table, points: Table, features: tuple[Feature, ...]) -> Table:
        found = measure(events, points.mutate(until=points.until + economy.day), features)
        return found.mutate(until=found.until - economy.day)

    monkeypatch.setattr("models.training.dataset.measure", a_day_late)
    good, bad = (observe(events, Outcome(), economy.end) for events in _two_futures(economy))
    with pytest.raises(AssertionError):
        pd.testing.assert_frame_equal(good.features, bad.features)


def test_observe__when_two_loans_open_at_once__then_each_has_a_row_with_equal_features(
    economy: Economy,
) -> None:
    rows = [(0, "borrow", 1, 999, 1, None), (0, "borrow", 1, 999, 2, None)]
    rows += [(5, "repay", 1, 1, 1, None), (6, "liquidation", 1, 999, 2, None)]
    found = observe(economy.ledger(rows), Outcome(), economy.end)
    assert len(found) == 2
    assert sorted(found.bad.tolist()) == [False, True]
    assert not found.returning.any()
    assert found.features.iloc[0].equals(found.features.iloc[1])


def test_rows__when_chosen_by_mask_or_position__then_the_same(split: Split) -> None:
    mask = split.test.bad
    one, other = split.test.rows(mask), split.test.rows(np.flatnonzero(mask))
    assert len(one) == mask.sum()
    assert one.bad.all()
    pd.testing.assert_frame_equal(one.features, other.features)
