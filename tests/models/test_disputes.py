from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
import pytest
from eth_abi.abi import encode

from ledger_reader.keccak import keccak256
from models.disputes import stands
from models.facts import event_fact, fact_of, loan_fact
from models.features.catalogue import named
from models.persons import LATEST
from models.rules import SCORED, Rule
from models.scorecard import DISPUTED, Scorecard
from models.scoring import WITHOUT, disputed_wallets, score_population, scores_without
from models.segment import Segment, Term

if TYPE_CHECKING:
    from tests.models.conftest import Bench

Row = dict[str, Any]
LOAN = b"\x07".rjust(32, b"\0")
FACT = loan_fact(1, "term_loans", LOAN)
SHOWN = named(("loans_defaulted", "borrows_total", "loans_repaid", "inflow_360d_cents", "seasoned_payers"))
UPHELD, NOT_UPHELD, UNCONFIRMED, WITHDRAWN = 1, 2, 3, 4


def said(bench: Bench, day: float, outcome: int | None = None, fact: bytes = FACT, **given: Any) -> Row:
    kind = "disputed" if outcome is None else "dispute_decided"
    row = bench.event(kind, day, loan_id=fact, amount=outcome, asset=None, counterparty=None)
    return row | {"protocol": "disputes"} | given


def defaulted(bench: Bench) -> list[Row]:
    """A loan of `me` that ended badly, a payment received, and a payment made to `other`."""
    return [
        bench.event("transfer_in", 1, value_cents=7_000, protocol="erc20", loan_id=None),
        bench.event("transfer_out", 1, value_cents=700, protocol="erc20", loan_id=None),
        bench.event("borrow", 10, amount=5, value_cents=5, due=40, loan_id=LOAN),
        bench.event("default", 50, amount=5, loan_id=LOAN),
        bench.event(
            "transfer_in", 300, account=bench.other, counterparty=bench.me, value_cents=700, loan_id=None
        ),
    ]


def test_loan_fact__of_a_loan__is_the_hash_that_a_contract_makes() -> None:
    told = encode(
        ["string", "uint256", "bytes32", "bytes32"], ["loan", 31_337, keccak256(b"receivables"), LOAN]
    )
    assert loan_fact(31_337, "receivables", LOAN) == keccak256(told)
    told = encode(["string", "uint256", "uint256", "uint256"], ["event", 1, 2**40, 7])
    assert event_fact(1, 2**40, 7) == keccak256(told)


def test_fact_of__by_kind__names_debts_and_invoices_by_id_and_all_else_by_place(bench: Bench) -> None:
    place = {"block_number": 4, "log_index": 2}
    for kind in ("borrow", "default", "recovery", "invoice_paid"):
        assert fact_of(bench.event(kind, 1, loan_id=LOAN, **place)) == FACT
    for kind in ("deposit", "transfer_in", "purpose"):
        assert fact_of(bench.event(kind, 1, loan_id=LOAN, **place)) == event_fact(1, 4, 2)
    assert fact_of(bench.event("repay", 1, loan_id=None, **place)) == event_fact(1, 4, 2)


@pytest.mark.parametrize(
    ("outcomes", "state"),
    [
        ([None], "open"),
        ([None, UPHELD], "upheld"),
        ([None, NOT_UPHELD], "settled"),
        ([None, UNCONFIRMED], "open"),
        ([None, WITHDRAWN], "settled"),
        ([None, NOT_UPHELD, None], "open"),
        ([None, UPHELD, None, NOT_UPHELD], "settled"),
        ([None, 0], "open"),
        ([None, 77], "open"),
    ],
)
def test_stands__after_these_rows__are(bench: Bench, outcomes: list[int | None], state: str) -> None:
    rows = [said(bench, day, outcome) for day, outcome in enumerate(outcomes)]
    latest = stands(rows[::-1])[-1]
    assert latest.state == state
    assert latest.before == LATEST
    assert not latest.holds(latest.since)
    assert latest.holds(latest.since + 1)


def test_measured__of_an_upheld_dispute__leaves_out_the_loan_of_that_account_from_then_on(
    bench: Bench,
) -> None:
    asked = [said(bench, 60), said(bench, 90, UPHELD)]
    foreign = [said(bench, 60, account=bench.other), said(bench, 61, UPHELD, account=bench.other)]
    points = [(bench.me, bench.start + day * bench.day) for day in (80, 90, 100)]
    told = bench.measured([*defaulted(bench), *foreign, *asked], points, SHOWN)
    assert [row["loans_defaulted"] for row in told] == [1, 1, 0]
    assert [row["borrows_total"] for row in told] == [1, 1, 0]
    assert {row["inflow_360d_cents"] for row in told} == {7_000}


def test_measured__of_an_upheld_payment__takes_it_from_one_side_and_from_nobody_else(bench: Bench) -> None:
    """The payer's own first day, which makes it seasoned to others, stays as it is."""
    rows = defaulted(bench)
    keyed = bench.table(rows).to_pylist()
    fact = event_fact(1, keyed[0]["block_number"], 0)
    spent = event_fact(1, keyed[1]["block_number"], 0)
    rows += [said(bench, 310 + n, UPHELD, known) for n, known in enumerate((fact, spent))]
    points = [(wallet, bench.start + 400 * bench.day) for wallet in (bench.me, bench.other)]
    mine, others = bench.measured(rows, points, SHOWN)
    assert (mine["inflow_360d_cents"], mine["loans_defaulted"]) == (0, 1)
    assert (others["inflow_360d_cents"], others["seasoned_payers"]) == (700, 1)


def test_measured__of_a_cancelled_loan__is_as_if_never_borrowed_once_it_is_cancelled(bench: Bench) -> None:
    rows = [
        bench.event("borrow", 10, amount=5, value_cents=5, due=40, loan_id=LOAN),
        bench.event("loan_cancelled", 11, amount=5, loan_id=LOAN),
        bench.event("borrow", 12, amount=5, value_cents=5, due=40, loan_id=b"\x08"),
    ]
    points = [(bench.me, bench.start + day * bench.day) for day in (11, 13)]
    before, after = bench.measured(rows, points, named(("borrows_total", "loans_open")))
    assert (before["borrows_total"], before["loans_open"]) == (1, 1)
    assert (after["borrows_total"], after["loans_open"]) == (1, 1)
    alone = bench.measured(rows[:2], points[1:], named(("borrows_total", "loans_open")))
    assert (alone[0]["borrows_total"], alone[0]["loans_open"]) == (0, 0)


def card() -> Scorecard:
    term = Term(("loans_defaulted",), ((1,),), (0, 0, -200))
    segment = Segment(base=700, terms=(term,), calibration=((300, 100),), width=(10,) * 10)
    return Scorecard("small", ("loans_defaulted",), (Rule("all", "scored", ()),), {"all": segment})


class Everybody:
    """As much of a manifest as scoring reads."""

    population = "all"


def test_score_population__with_open_disputes__marks_the_person_and_tells_what_is_at_stake(
    bench: Bench,
) -> None:
    missing = event_fact(1, 999, 9)
    links = [
        bench.event("linked", 2, account=wallet, loan_id=b"\x51" * 32, asset=None)
        for wallet in (bench.me, bench.other)
    ]
    third = b"\x03" * 20
    borrows = [bench.event("borrow", 3, account=w, amount=1, loan_id=b"\x09") for w in (bench.other, third)]
    rows = [*defaulted(bench), *links, *borrows, said(bench, 60), said(bench, 61, fact=missing)]
    until = bench.start + 100 * bench.day
    bench.measured(rows, [(bench.me, until)], named(("loans_open",)))  # fills the table
    events = bench.connection.table("events")
    assert disputed_wallets(events, bench.start + 60 * bench.day) == set()
    assert disputed_wallets(events, until) == {bench.me, bench.other}
    scores = score_population(events, Everybody(), card(), until)  # type: ignore[arg-type]
    assert [row.tobytes() for row in scores.addresses] == [bench.me, bench.other, third]
    assert scores.status.tolist() == [SCORED + DISPUTED, SCORED + DISPUTED, SCORED]
    assert scores.score.tolist() == [500, 500, 700]
    assert scores.status.dtype == np.uint8
    told = scores_without(events, card(), until, {bench.me, bench.other})
    assert told.schema == WITHOUT
    expected = sorted([(FACT, 700), (missing, 500)])
    assert [(row["fact_id"], row["score_without"]) for row in told.to_pylist()] == expected
    assert {row["account"] for row in told.to_pylist()} == {bench.me}
    assert ibis.memtable(told).count().to_pyarrow().as_py() == 2
