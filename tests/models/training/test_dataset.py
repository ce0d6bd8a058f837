from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from ibis.expr.types import Table

from ledger_reader.errors import Stop
from models.features.catalogue import named
from models.features.feature import Feature
from models.measure import measure
from models.segment import MISSING
from models.training.dataset import (
    Dataset,
    Split,
    among,
    measure_at,
    observe,
    split_by_time,
    to_columns,
    to_floats,
)  # fmt: skip
from models.training.outcomes import Outcome

FEW = named(("loans_repaid", "loans_late"))

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


def test_split__when_wallets_are_kept_apart__then_none_is_on_both_sides_and_the_rest_is_counted(
    economy: Economy,
) -> None:
    events = economy.year(newcomers=40)
    apart, shared = (
        split_by_time(events, Outcome(), economy.cut, economy.end, FEW, wallets)
        for wallets in ("apart", "shared")
    )
    assert apart.people_on_both_sides == 0
    assert shared.people_on_both_sides > 100
    assert shared.left_out == 0
    assert len(apart.test) + apart.left_out == len(shared.test)
    pd.testing.assert_frame_equal(apart.train.features, shared.train.features)


def test_split__when_addresses_end_in_zeros__then_they_are_still_told_apart(economy: Economy) -> None:
    ends_in_zero, also, other = 1 << 8, 1 << 16, 2 << 16
    rows = [
        (5 * wallet_number + loan, kind, wallet, 999, 10 * wallet_number + loan, None)
        for wallet_number, wallet in enumerate((ends_in_zero, also, other))
        for loan in range(2)
        for kind in ("borrow",)
    ]
    rows += [
        (day + 3, "liquidation" if loan % 2 else "repay", who, who, loan, None)
        for day, _, who, _, loan, _ in rows
    ]
    late = [
        (100, "borrow", ends_in_zero, 999, 90, None),
        (101, "borrow", 7, 999, 91, None),
        (101, "borrow", 8, 999, 92, None),
    ]
    late += [
        (103, "repay", ends_in_zero, 1, 90, None),
        (104, "repay", 7, 7, 91, None),
        (105, "liquidation", 8, 1, 92, None),
    ]
    cut = economy.start + 50 * economy.day
    split = split_by_time(economy.ledger([*rows, *late]), Outcome(), cut, economy.end, FEW)
    assert split.people_on_both_sides == 0
    assert (len(split.test), split.left_out) == (2, 1)


def test_among__when_bytes_differ_only_by_trailing_zeros__then_different() -> None:
    assert among([b"a", b"a\0", b"b"], [b"a\0"]).tolist() == [False, True, False]


def test_split__when_every_bad_loan_is_of_a_known_wallet__then_stop_says_so(economy: Economy) -> None:
    rows = [(day, "borrow", 1 + day % 2, 999, day, None) for day in range(4)]
    rows += [(day + 9, "liquidation" if day % 2 else "repay", 1 + day % 2, 5, day, None) for day in range(4)]
    rows += [(60, "borrow", 1, 999, 60, None), (61, "liquidation", 1, 5, 60, None)]
    rows += [(60, "borrow", 9, 999, 61, None), (61, "repay", 9, 9, 61, None)]
    with pytest.raises(Stop, match=r"0 are bad \(1 more are of people that training has seen\)"):
        split_by_time(economy.ledger(rows), Outcome(), economy.start + 50 * economy.day, economy.end, FEW)


def test_split__when_a_label_is_leaked_into_a_feature__then_rewriting_outcomes_after_the_moment_shows_it(
    economy: Economy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A feature that reads how the very loan ended would rank perfectly; it must not depend on the label."""

    def leaky(events: Table, points: Table, features: tuple[Feature, ...]) -> Table:
        whole = points.mutate(until=points.until * 0 + economy.end)
        found = measure(events, whole, features).drop("until")
        return points.join(found, "person")

    honest = [_seen(economy, events) for events in _two_futures(economy)]
    pd.testing.assert_frame_equal(honest[0].features, honest[1].features)
    monkeypatch.setattr("models.training.dataset.measured", leaky)
    leaked = [_seen(economy, events) for events in _two_futures(economy)]
    assert not leaked[0].features.equals(leaked[1].features)


def test_observe__when_outcomes_are_not_known_yet__then_the_loans_are_there_all_the_same(
    economy: Economy,
) -> None:
    rows = [(0, "borrow", 1, 999, 1, None), (400, "borrow", 2, 999, 2, None)]
    found = observe(economy.ledger(rows), Outcome(), economy.start + economy.day, economy.end, FEW)
    assert found.person.tolist() == [economy.address(2)]
    assert (found.known_at >= economy.end).all()


def _two_futures(economy: Economy) -> tuple[Table, Table]:
    """Two ledgers that are equal until the second loan opens on day 20, and differ from then on."""
    rows = [(0, "borrow", 1, 999, 1, None), (10, "repay", 1, 1, 1, None), (20, "borrow", 1, 999, 2, None)]
    good = [*rows, (30, "repay", 1, 1, 2, None)]
    bad = [*rows, (20, "liquidation", 1, 999, 2, None), (21, "borrow", 1, 999, 3, None)]
    return economy.ledger(good), economy.ledger(bad)


def _seen(economy: Economy, events: Table) -> Dataset:
    """The loans whose outcome is known by the end."""
    rows = observe(events, Outcome(), 0, economy.end)
    return rows.rows(rows.known_at < economy.end)


def test_observe__when_the_future_is_rewritten__then_only_the_label_changes(economy: Economy) -> None:
    good, bad = (_seen(economy, events) for events in _two_futures(economy))
    assert good.bad.tolist() == [False, False]
    assert bad.bad.tolist() == [False, True]
    pd.testing.assert_frame_equal(good.features, bad.features)


def test_observe__when_a_leak_is_planted__then_rewriting_the_future_shows_it(
    economy: Economy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def a_day_late(events: Table, points: Table, features: tuple[Feature, ...]) -> Table:
        found = measure(events, points.mutate(until=points.until + economy.day), features)
        return found.mutate(until=found.until - economy.day)

    monkeypatch.setattr("models.training.dataset.measured", a_day_late)
    good, bad = (_seen(economy, events) for events in _two_futures(economy))
    with pytest.raises(AssertionError):
        pd.testing.assert_frame_equal(good.features, bad.features)


def test_observe__when_two_loans_open_at_once__then_each_has_a_row_with_equal_features(
    economy: Economy,
) -> None:
    rows = [(0, "borrow", 1, 999, 1, None), (0, "borrow", 1, 999, 2, None)]
    rows += [(5, "repay", 1, 1, 1, None), (6, "liquidation", 1, 999, 2, None)]
    found = _seen(economy, economy.ledger(rows))
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


def test_measure_at__of_addresses_that_end_in_zero__keeps_their_order(economy: Economy) -> None:
    people = [economy.address(number << 8) for number in (3, 1, 2)]
    rows = [(day, "borrow", number << 8, economy.lender, number, 90) for day, number in enumerate((1, 2, 3))]
    found = measure_at(
        economy.ledger(rows), people, economy.start + 10 * economy.day, named(("record_days",))
    )
    assert found["record_days"].tolist() == [8, 10, 9]


def test_split__when_wallets_were_ever_one_person__then_they_are_on_one_side(economy: Economy) -> None:
    """Wallets 2 and 3 parted before anyone borrowed; 1 and 4 are linked later than they borrowed."""
    rows = [(day, "borrow", wallet, 999, wallet, None) for day, wallet in ((50, 1), (50, 2), (60, 5))]
    rows += [
        (day, "borrow", wallet, 999, wallet, None) for day, wallet in ((100, 3), (100, 4), (100, 6), (100, 7))
    ]
    rows += [
        (day + 5, "liquidation" if wallet % 2 else "repay", wallet, wallet, loan, None)
        for day, _, wallet, _, loan, _ in rows
    ]
    pairs = [(1, "linked", 2, 0, 23, None), (1, "linked", 3, 0, 23, None), (2, "unlinked", 3, 0, 23, 2)]
    pairs += [(200, "linked", 1, 0, 14, None), (200, "linked", 4, 0, 14, None)]
    cut, end = (economy.start + day * economy.day for day in (90, 300))
    apart = split_by_time(economy.ledger([*rows, *pairs]), Outcome(), cut, end, FEW)
    assert [int.from_bytes(wallet) for wallet in apart.test.wallet] == [6, 7]
    assert (apart.people_on_both_sides, apart.left_out) == (0, 2)
    shared = split_by_time(economy.ledger([*rows, *pairs]), Outcome(), cut, end, FEW, "shared")
    assert [int.from_bytes(person) for person in shared.test.person] == [2, 1, 6, 7]
    assert shared.people_on_both_sides == 2
    unknown_yet = split_by_time(economy.ledger([*rows, *pairs]), Outcome(), cut, end - 100 * economy.day, FEW)
    assert [int.from_bytes(wallet) for wallet in unknown_yet.test.wallet] == [4, 6, 7]


def test_observe__of_a_wallet_of_one_who_borrowed_before__says_returning_from_the_link_on(
    economy: Economy,
) -> None:
    rows = [(10, "borrow", 1, 999, 1, None), (20, "borrow", 2, 999, 2, None), (40, "borrow", 2, 999, 3, None)]
    rows += [(41, "borrow", 3, 999, 4, None), (50, "borrow", 3, 999, 5, None)]
    pairs, later = (
        [(day + delay, "linked", wallet, 0, 12, None) for day, wallet in ((15, 1), (15, 2), (45, 3))]
        for delay in (0, 10)
    )
    found = observe(economy.ledger([*rows, *pairs]), Outcome(), 0, economy.end, FEW)
    assert found.returning.tolist() == [False, True, True, False, True]
    found = observe(economy.ledger([*rows, *later]), Outcome(), 0, economy.end, FEW)
    assert found.returning.tolist() == [False, False, True, False, True]
