from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger_reader.errors import Stop
from ledger_reader.ledger import EVENTS
from models.features.catalogue import FEATURES, named
from models.measure import measure, population, to_matrix
from models.segment import MISSING

if TYPE_CHECKING:
    from tests.models.conftest import Bench

Row = dict[str, Any]
FEATURE_NAMES = [feature.name for feature in FEATURES]
DAYS = st.integers(0, 2_600)


@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_measure__of_any_ledger__gives_int64_for_each_point(bench: Bench, data: st.DataObject) -> None:
    rows = data.draw(bench.hostile())
    days = data.draw(st.lists(DAYS, min_size=1, max_size=3, unique=True))
    points = [(account, bench.start + day * bench.day) for account in (bench.me, bench.other) for day in days]
    found = bench.measure(rows, points)
    values = [row[name] for row in found for name in FEATURE_NAMES]
    assert len(found) == len(points)
    assert all(value is None or (isinstance(value, int) and abs(value) <= 2**62) for value in values)


@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_measure__with_events_at_or_after_until__changes_nothing(bench: Bench, data: st.DataObject) -> None:
    rows, day = data.draw(bench.hostile()), data.draw(DAYS)
    until = bench.start + day * bench.day
    known = [row for row in rows if row["block_time"] < until]
    with_later, without = bench.told([(rows, day), (known, day)])
    assert with_later == without


@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_measure__of_many_points_together__equals_each_alone(bench: Bench, data: st.DataObject) -> None:
    rows = data.draw(bench.hostile())
    days = data.draw(st.lists(DAYS, min_size=1, max_size=2, unique=True))
    points = [(account, bench.start + day * bench.day) for account in (bench.me, bench.other) for day in days]
    alone = bench.told([(rows, day) for day in days])
    assert bench.measure(rows, points)[: len(days)] == alone


def test_measure__without_any_event__gives_empty_values_for_the_point(bench: Bench) -> None:
    found = bench.one([], 100)
    missing = {name for name in FEATURE_NAMES if found[name] is None}
    assert missing == {
        "on_time_share_bps", "days_since_first_borrow", "typical_days_to_repay", "days_since_last_borrow",
        "days_since_own_act", "outflow_volatility_bps", "outflow_busiest_quarter_bps",
        "largest_payee_share_bps", "sales_trend_bps", "sales_margin_bps", "void_share_bps",
        "red_letter_share_bps",
    }  # fmt: skip
    assert found["days_since_bad"] == 1_825
    assert found["loans_repaid"] == 0


def test_measure__same_point_twice__gives_one_row(bench: Bench) -> None:
    connection = ibis.duckdb.connect()
    events = connection.create_table("events", ibis.memtable(EVENTS.empty_table()))
    twice = pa.table({"person": pa.array([bench.me] * 2, pa.binary()), "until": pa.array([5, 5], pa.int64())})
    assert len(measure(events, ibis.memtable(twice), named(("loans_open",))).to_pyarrow()) == 1


def test_measure__of_a_feature_over_others__measures_what_it_needs_and_shows_only_itself(
    bench: Bench,
) -> None:
    connection = ibis.duckdb.connect()
    events = connection.create_table("events", ibis.memtable(EVENTS.empty_table()))
    points = ibis.memtable(pa.table({"person": pa.array([bench.me], pa.binary()), "until": pa.array([5])}))
    found = measure(events, points, named(("debt_to_inflow_bps",))).to_pyarrow()
    assert found.column_names == ["person", "until", "debt_to_inflow_bps"]
    assert found["debt_to_inflow_bps"].to_pylist() == [0]


def test_measure__of_a_loan_story__tells_it_at_each_moment(bench: Bench) -> None:
    one, two = {"loan_id": b"\x01", "value_cents": 10_000}, {"loan_id": b"\x02", "value_cents": 10_000}
    rows = [
        bench.event("transfer_in", 5, value_cents=120_000),
        bench.event("borrow", 10, amount=100, due=40, **one),
        bench.event("repay", 35, amount=100, counterparty=bench.me, **one),
        bench.event("borrow", 50, amount=100, due=80, **two),
    ]
    open_now, overdue = bench.one(rows, 60), bench.one(rows, 90)
    assert pick(open_now, "loans_repaid loans_open loans_overdue owed_cents") == [1, 1, 0, 10_000]
    assert pick(open_now, "on_time_share_bps largest_repaid_cents debt_to_inflow_bps") == [
        10_000,
        10_000,
        10_000,
    ]
    assert pick(open_now, "borrows_30d borrows_90d days_since_last_borrow days_since_first_borrow") == [
        1,
        2,
        10,
        50,
    ]
    assert pick(overdue, "loans_repaid loans_late loans_overdue overdue_cents") == [1, 1, 1, 10_000]
    assert pick(overdue, "longest_late_days days_since_late on_time_share_bps") == [10, 0, 5_000]
    assert pick(overdue, "typical_days_to_repay record_days payers") == [25, 85, 1]


def test_measure__loan_due_exactly_at_until__is_not_overdue(bench: Bench) -> None:
    rows = [bench.event("borrow", 0, amount=1, due=30)]
    assert bench.one(rows, 30)["loans_overdue"] == 0
    assert bench.one(rows, 30 + 1 / 86_400)["loans_overdue"] == 1


def test_measure__adverse_events_after_five_years__no_longer_count(bench: Bench) -> None:
    rows = [bench.event("borrow", 0, amount=1), bench.event("liquidation", 10), bench.event("repay", 11)]
    adverse = "liquidations loans_bad_365d days_since_bad on_time_share_bps"
    assert pick(bench.one(rows, 10 + 1_825), adverse) == [1, 0, 1_825, 0]
    assert pick(bench.one(rows, 10 + 1_826), adverse) == [0, 0, 1_825, 10_000]


def test_measure__of_unknown_amounts__is_missing_not_zero(bench: Bench) -> None:
    rows = [bench.event("borrow", 0), bench.event("repay", 5), bench.event("borrow", 6)]
    valued = "owed_cents overdue_cents largest_repaid_cents debt_to_inflow_bps"
    assert pick(bench.one(rows, 10), valued) == [None] * 4
    assert pick(bench.one(rows, 10), "loans_repaid loans_open") == [1, 1]


def test_measure__money_from_oneself_or_minted__is_no_income(bench: Bench) -> None:
    rows = [
        bench.event("transfer_in", 1, value_cents=5_000, counterparty=of)
        for of in (bench.me, bytes(20), None)
    ]
    assert pick(bench.one(rows, 10), "inflow_90d_cents inflow_months payers") == [0, 0, 0]


def test_measure__regular_payer__needs_three_months(bench: Bench) -> None:
    rows = [bench.event("transfer_in", day, value_cents=5_000) for day in (1, 31, 61)]
    rows += [
        bench.event("transfer_in", day, value_cents=99, counterparty=b"\x03" * 20) for day in (1, 31, 61)
    ]
    assert pick(bench.one(rows, 62), "payers regular_payers inflow_months inflow_90d_cents") == [
        1,
        1,
        3,
        15_297,
    ]


def pick(row: Row, names: str) -> list[int | None]:
    return [row[name] for name in names.split()]


def test_population__of_an_unknown_rule__stops(bench: Bench) -> None:
    events = ibis.memtable(EVENTS.empty_table())
    with pytest.raises(Stop, match="population rule must be"):
        population(events, "everyone", 5)  # type: ignore[arg-type]


def test_population__enrolled__follows_the_last_choice_before_until(bench: Bench) -> None:
    rows = [
        bench.event("enrolled", 1, log_index=0),
        bench.event("withdrawn", 2, log_index=1),
        bench.event("enrolled", 3, log_index=2),
        bench.event("enrolled", 3, account=bench.other, log_index=3),
        bench.event("withdrawn", 3, account=bench.other, log_index=4),
        bench.event("withdrawn", 9, log_index=5),
    ]
    assert people(bench, rows, "enrolled", 5) == [bench.me]
    assert people(bench, rows, "enrolled", 3) == []
    assert people(bench, rows, "enrolled", 10) == []


def test_population__all__has_whoever_borrowed(bench: Bench) -> None:
    rows = [
        bench.event("borrow", 1),
        bench.event("borrow", 2),
        bench.event("transfer_in", 1, account=bench.other),
    ]
    assert people(bench, rows, "all", 5) == [bench.me]
    assert people(bench, rows, "all", 1) == []


def people(bench: Bench, rows: list[Row], rule: Any, day: int) -> list[bytes]:
    events = ibis.memtable(pa.Table.from_pylist(rows, schema=EVENTS))
    found: list[bytes] = (
        population(events, rule, bench.start + day * bench.day).to_pyarrow()["person"].to_pylist()
    )
    return sorted(found)


def test_to_matrix__of_nulls__has_missing_and_the_reason_codes(bench: Bench) -> None:
    features = named(("loans_open", "owed_cents"))
    table = pa.table(
        {
            "person": pa.array([bench.other, bench.me], pa.binary()),
            "loans_open": pa.array([1, 2], pa.int64()),
            "owed_cents": pa.array([None, 9007199254740993], pa.int64()),
        }
    )
    found = to_matrix(table, features)
    assert found.names == ("loans_open", "owed_cents")
    assert found.reasons == (5, 5)
    assert found.values.tolist() == [[1, MISSING], [2, 9007199254740993]]
    assert found.addresses.tolist() == [list(bench.other), list(bench.me)]
    assert found.values.dtype == np.int64
