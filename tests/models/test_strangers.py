"""No stranger can lower a score: what others append moves every feature to its safer side, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.features.catalogue import BY_NAME, FEATURES
from models.measure import to_matrix
from models.rules import Rule
from models.scorecard import Scorecard, score
from models.segment import Segment, Term

if TYPE_CHECKING:
    from tests.models.conftest import Bench

Row = dict[str, Any]
DEBT = ("borrow", "repay", "liquidation", "default")
MANY = settings().max_examples * 3 // 10
"""30, or as many more as the profile asks for."""

PAIRS = 4
"""Ledgers told in one run: compiling the query takes longer than running it."""


def is_worse(name: str, before: Row, after: Row) -> bool:
    old, new = before[name], after[name]
    if old is None or new is None or BY_NAME[name].direction == 0:
        return bool(old != new)
    return bool((new - old) * BY_NAME[name].direction < 0)


def worse(before: Row, after: Row) -> dict[str, tuple[Any, Any]]:
    return {name: (before[name], after[name]) for name in BY_NAME if is_worse(name, before, after)}


def before_and_after(bench: Bench, data: st.DataObject) -> list[tuple[Row, Row]]:
    ledgers = []
    for _ in range(PAIRS):
        rows = data.draw(bench.hostile(accounts=(bench.me,)))
        for row in rows:
            if row["kind"] in DEBT:
                row["due_time"] = None  # due times belong to loans with ids of their own, borrowed once
        ledgers += [(rows, 2_000.0), (rows + data.draw(bench.strangers()), 2_000.0)]
    told = bench.told(ledgers)
    return list(zip(told[::2], told[1::2], strict=True))


@settings(max_examples=MANY, deadline=None)
@given(data=st.data())
def test_measure__with_more_events_by_others__never_gets_worse(bench: Bench, data: st.DataObject) -> None:
    for before, after in before_and_after(bench, data):
        assert not worse(before, after)


@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_measure__of_term_loans_repaid_by_others__never_gets_worse(bench: Bench, data: st.DataObject) -> None:
    rows, others = [], []
    for number in range(data.draw(st.integers(1, 4))):
        cents = data.draw(st.sampled_from((100, 5_000)))  # the larger ones can prove something
        day, loan = data.draw(st.integers(0, 900)), {"loan_id": bytes([number]), "value_cents": cents}
        rows.append(bench.event("borrow", day, amount=100, due=day + 30, **loan))
        for paid in data.draw(st.lists(st.integers(1, 100), max_size=3)):
            later = day + data.draw(st.integers(0, 90))
            rows.append(bench.event("repay", later, amount=paid, counterparty=bench.me, **loan))
        if data.draw(st.booleans()):
            rows.append(bench.event("default", day + 60, amount=1, **loan))
        later = day + data.draw(st.integers(0, 90))
        others.append(bench.event("repay", later, amount=data.draw(st.integers(1, 200)), **loan))
    before, after = bench.told([(rows, 1_000), (rows + others, 1_000)])
    assert not worse(before, after)


@settings(max_examples=MANY // 2, deadline=None)
@given(data=st.data())
def test_score__by_any_monotone_scorecard_with_more_events_by_others__never_falls(
    bench: Bench, data: st.DataObject
) -> None:
    card = data.draw(monotone_cards())
    for before, after in before_and_after(bench, data):
        table = pa.Table.from_pylist([before, after], schema=schema())
        old, new = score(card, to_matrix(table)).score.tolist()
        assert new >= old


def schema() -> pa.Schema:
    return pa.schema([("person", pa.binary()), *((feature.name, pa.int64()) for feature in FEATURES)])


@st.composite
def monotone_cards(draw: st.DrawFn) -> Scorecard:
    """A term for every feature: points rise, fall, or are free, as its direction says."""
    terms = []
    for feature in FEATURES:
        cuts = sorted(draw(st.sets(st.sampled_from((0, 1, 2, 3, 100, 5_000, 9_999, 10_000)), min_size=1)))
        points = [draw(st.integers(-20, 20)) for _ in range(len(cuts) + 2)]
        known = sorted(points[1:])[:: feature.direction] if feature.direction else points[1:]
        terms.append(Term((feature.name,), (tuple(cuts),), (points[0], *known)))
    segment = Segment(base=600, terms=tuple(terms), calibration=((300, 100),), width=(10,) * 10)
    names = tuple(feature.name for feature in FEATURES)
    return Scorecard("any", names, (Rule("all", "scored", ()),), {"all": segment})


@pytest.mark.parametrize(
    ("kind", "given", "feature"),
    [
        ("transfer_out", {"value_cents": 5_000}, "net_inflow_360d_cents"),
        ("transfer_out", {"value_cents": 5_000}, "outflow_90d_cents"),
        ("borrow", {"amount": 5, "value_cents": 5}, "loans_open"),
        ("invoice_disputed", {"leg": 1}, "bills_disputed_360d"),
    ],
)
def test_measure__with_acts_of_its_own__does_move(
    bench: Bench, kind: str, given: dict[str, Any], feature: str
) -> None:
    """The property above would hold of features that never move."""
    rows = [bench.event("transfer_in", 60, value_cents=9_000)]
    before, after = bench.told([(rows, 100), ([*rows, bench.event(kind, 70, **given)], 100)])
    assert before[feature] != after[feature]


def test_measure__sender_paid_back__does_not_count_as_inflow_kept(bench: Bench) -> None:
    rows = [
        bench.event("transfer_in", 60, value_cents=9_000),
        bench.event("transfer_in", 60, value_cents=1_000, counterparty=b"\x03" * 20),
        bench.event("transfer_out", 70, value_cents=8_500),
    ]
    found = bench.one(rows, 100)
    names = ("inflow_360d_cents", "net_inflow_360d_cents", "payers", "one_way_payers")
    assert [found[name] for name in names] == [10_000, 1_500, 2, 1]
