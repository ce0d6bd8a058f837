"""What the newer families measure, told as stories."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.models.conftest import Bench

Row = dict[str, Any]
THIRD, FOURTH = b"\x03" * 20, b"\x04" * 20


def pick(row: Row, names: str) -> list[int | None]:
    return [row[name] for name in names.split()]


def test_receivables__of_unknown_amount_never_paid__count_nothing_good(bench: Bench) -> None:
    found = bench.one([bench.event("invoice_issued", 1, due=20)], 30)
    assert pick(found, "invoices_issued_360d invoices_due invoices_paid_on_time sales_360d_cents") == [
        1,
        1,
        0,
        0,
    ]
    assert found["sales_trend_bps"] is found["sales_margin_bps"] is None


def test_receivables__paid_in_two_parts__are_on_time_when_the_last_part_is(bench: Bench) -> None:
    issued = bench.event("invoice_issued", 1, amount=100, value_cents=1_000, due=20)
    early = bench.event("invoice_paid", 10, amount=60, value_cents=600)
    late, in_time = (bench.event("invoice_paid", day, amount=40, value_cents=400) for day in (25, 20))
    assert bench.one([issued, early, late], 30)["invoices_paid_on_time"] == 0
    found = bench.one([issued, early, in_time], 30)
    assert pick(found, "invoices_paid_on_time paying_buyers paid_beyond_largest_buyer_cents") == [1, 1, 0]


def test_receivables__issued_twice_under_one_number__are_one_invoice_of_the_larger_amount(
    bench: Bench,
) -> None:
    issued = [bench.event("invoice_issued", day, amount=50 * day, due=20) for day in (1, 2)]
    paid = bench.event("invoice_paid", 5, amount=50)
    found = bench.one([*issued, paid], 30)
    assert pick(found, "invoices_issued_360d invoices_due invoices_paid_on_time") == [2, 1, 0]


def test_receivables__of_several_buyers__tell_acceptance_and_what_the_smaller_ones_paid(bench: Bench) -> None:
    rows = []
    for number, (buyer, cents) in enumerate([(bench.other, 700), (THIRD, 200), (FOURTH, 100)]):
        bill = {"loan_id": bytes([number]), "counterparty": buyer, "amount": cents, "value_cents": cents}
        rows += [bench.event(f"invoice_{kind}", 1 + day, due=40, **bill)
                 for day, kind in enumerate(("issued", "accepted", "paid"))]  # fmt: skip
    found = bench.one(rows, 50)
    assert pick(found, "invoices_accepted accepting_buyers invoices_paid_on_time paying_buyers") == [
        3,
        3,
        3,
        3,
    ]
    assert pick(found, "paid_beyond_largest_buyer_cents sales_360d_cents sales_margin_bps") == [
        300,
        1_000,
        10_000,
    ]


def test_receivables__voided_and_credited__lower_sales_and_show_as_shares(bench: Bench) -> None:
    rows = [
        bench.event("invoice_issued", 200 + day, loan_id=bytes([day]), value_cents=500) for day in range(4)
    ]
    rows += [
        bench.event("invoice_voided", 210, loan_id=b"\x00"),
        bench.event("invoice_credited", 211, loan_id=b"\x01", value_cents=500),
        bench.event("invoice_credited", 212, loan_id=b"\x02", value_cents=500),
        bench.event("invoice_issued", 1, loan_id=b"\x09", value_cents=500),
        bench.event("invoice_accepted", 220, loan_id=b"\x08", leg=1, value_cents=300),
    ]
    found = bench.one(rows, 230)
    assert pick(found, "void_share_bps red_letter_share_bps purchases_360d_cents") == [2_000, 4_000, 300]
    assert pick(found, "sales_360d_cents sales_180d_cents sales_trend_bps sales_margin_bps") == [
        1_500, 1_000, 20_000, 8_000,
    ]  # fmt: skip


def test_bills__accepted__are_overdue_until_paid_or_disputed(bench: Bench) -> None:
    bill = {"leg": 1, "amount": 100, "loan_id": b"\x07"}
    accepted = bench.event("invoice_accepted", 1, due=20, **bill)
    names = "bills_overdue bills_paid_on_time bills_disputed_360d"
    assert pick(bench.one([accepted], 20), names) == [0, 0, 0]
    assert pick(bench.one([accepted], 21), names) == [1, 0, 0]
    assert pick(bench.one([accepted, bench.event("invoice_paid", 15, **bill)], 21), names) == [0, 1, 0]
    assert pick(bench.one([accepted, bench.event("invoice_disputed", 15, **bill)], 21), names) == [0, 0, 1]
    assert pick(bench.one([accepted], 20 + 1_826), names) == [0, 0, 0]


def test_bills__credited_by_the_supplier__are_owed_no_longer_and_paid_on_time_only_with_a_payment(
    bench: Bench,
) -> None:
    bill = {"leg": 1, "loan_id": b"\x07"}
    accepted = bench.event("invoice_accepted", 1, due=20, amount=100, **bill)
    credited = [bench.event("invoice_credited", 25, amount=amount, **bill) for amount in (99, 100)]
    rest = bench.event("invoice_paid", 15, amount=1, **bill)
    names = "bills_overdue bills_paid_on_time"
    assert pick(bench.one([accepted, credited[0]], 30), names) == [1, 0]
    assert pick(bench.one([accepted, credited[1]], 30), names) == [0, 0]
    assert pick(bench.one([accepted, credited[0], rest], 30), names) == [0, 1]


def test_receivables__paid_by_the_supplier_itself_or_credited__are_nothing_good(bench: Bench) -> None:
    issued = bench.event("invoice_issued", 1, amount=100, due=20)
    credited = bench.event("invoice_credited", 10, amount=100)
    names = "invoices_paid_on_time paying_buyers"
    for payer, counts in ((bench.me, 0), (THIRD, 1)):
        paid = bench.event("invoice_paid", 10, amount=100, counterparty=payer)
        assert pick(bench.one([issued, paid], 30), names) == [counts, counts]
    assert pick(bench.one([issued, credited], 30), names) == [0, 0]


def test_integrity__one_claim_financed_twice__counts_once_and_five_years_long(bench: Bench) -> None:
    claim = {"amount": 100, "due": 40}
    rows = [bench.event("invoice_issued", 1, loan_id=bytes([number]), **claim) for number in (1, 2)]
    rows += [bench.event("invoice_financed", 2, loan_id=bytes([1]), counterparty=THIRD)]
    assert bench.one(rows, 50)["claims_pledged_twice"] == 0
    rows += [bench.event("invoice_financed", 3, loan_id=bytes([2]), counterparty=FOURTH)]
    assert bench.one(rows, 50)["claims_pledged_twice"] == 1
    assert bench.one(rows, 41 + 1_825)["claims_pledged_twice"] == 0


def test_integrity__bills_to_oneself__count_as_own_acts(bench: Bench) -> None:
    rows = [bench.event("invoice_issued", 1, counterparty=bench.me), bench.event("invoice_issued", 1)]
    assert bench.one(rows, 5)["self_invoices"] == 1


@pytest.mark.parametrize(("hours", "quick"), [(23, 1), (25, 0)])
def test_integrity__repaid_within_a_day__is_quick_unless_another_paid(
    bench: Bench, hours: int, quick: int
) -> None:
    borrowed = bench.event("borrow", 1, amount=5)
    own = bench.event("repay", 1 + hours / 24, amount=5, counterparty=bench.me)
    assert bench.one([borrowed, own], 9)["quick_repayments"] == quick
    assert bench.one([borrowed, own | {"counterparty": bench.other}], 9)["quick_repayments"] == 0
    assert bench.one([borrowed, own | {"counterparty": None}], 9)["quick_repayments"] == 0


def test_integrity__repaid_out_of_a_new_loan__is_rolled_over(bench: Bench) -> None:
    rows = [
        bench.event("borrow", 1, amount=5),
        bench.event("borrow", 9, amount=5, loan_id=b"\x02"),
        bench.event("repay", 9.5, amount=5, counterparty=bench.me),
    ]
    assert pick(bench.one(rows, 20), "quick_repayments rolled_repayments") == [0, 1]


def test_integrity__payer_seen_long_before__is_seasoned(bench: Bench) -> None:
    rows = [
        bench.event("transfer_in", 300, value_cents=5_000, counterparty=of) for of in (bench.other, THIRD)
    ]
    rows += [bench.event("deposit", 120, account=bench.other)]
    found = bench.one(rows, 301)
    assert pick(found, "payers seasoned_payers seasoned_inflow_cents") == [2, 1, 5_000]
    assert bench.one(rows[:2], 301)["seasoned_payers"] == 0


def test_remittances__from_one_sender_each_month__are_regular_from_the_sixth(bench: Bench) -> None:
    rows = [bench.event("transfer_in", 30 * month + 1, value_cents=20_000) for month in range(6)]
    rows += [bench.event("transfer_in", 3, value_cents=90_000, counterparty=THIRD)]
    names = "remittance_senders longest_remittance_months remitted_cents"
    assert pick(bench.one(rows, 180), names) == [1, 6, 120_000]
    assert pick(bench.one(rows[1:], 180), names) == [0, 5, 0]


def test_cash_flow__of_a_steady_half_year__tells_streak_smallest_and_typical_month(bench: Bench) -> None:
    rows = [bench.event("transfer_in", 30 * m + 1, value_cents=1_000 * (m + 1)) for m in range(8)]
    found = bench.one(rows, 240)
    names = "inflow_streak_months smallest_inflow_month_180d_cents typical_inflow_month_cents"
    assert pick(found, names) == [8, 3_000, 2_000]
    assert pick(found, "earning_quarters covered_months inflow_30d_cents inflow_180d_cents") == [
        3,
        8,
        8_000,
        33_000,
    ]
    assert bench.one(rows, 275)["inflow_streak_months"] == 0


def test_cash_flow__spent_in_one_month_only__is_as_volatile_as_can_be(bench: Bench) -> None:
    once = [bench.event("transfer_out", 1, value_cents=120_000)]
    evenly = [bench.event("transfer_out", 30 * month + 1, value_cents=10_000) for month in range(12)]
    names = "outflow_volatility_bps outflow_busiest_quarter_bps largest_payee_share_bps"
    assert pick(bench.one(once, 10), names) == [10_000, 10_000, 10_000]
    assert pick(bench.one(evenly, 360), names) == [0, 2_500, 10_000]


def test_cash_flow__balance_before_anything_happened__is_zero(bench: Bench) -> None:
    rows = [
        bench.event("transfer_in", 10, value_cents=50_000),
        bench.event("transfer_out", 50, value_cents=20_000),
        bench.event("transfer_out", 100, value_cents=40_000),
        bench.event("transfer_in", 110, value_cents=90_000),
    ]
    assert bench.one(rows, 100)["lowest_balance_360d_cents"] == 0
    assert bench.one(rows, 105)["lowest_balance_360d_cents"] == -10_000
    assert bench.one(rows, 500)["lowest_balance_360d_cents"] == 80_000


def test_debt__partly_liquidated__is_still_owed_and_its_repayment_no_good_deed(bench: Bench) -> None:
    rows = [
        bench.event("borrow", 1, amount=100, value_cents=1_000),
        bench.event("liquidation", 5, amount=40, value_cents=400),
    ]
    names = "loans_open owed_cents owed_to_borrowed_bps liquidations liquidated_cents loans_repaid"
    assert pick(bench.one(rows, 9), names) == [1, 600, 6_000, 1, 400, 0]
    paid = [*rows, bench.event("repay", 6, amount=60, value_cents=600)]
    assert pick(bench.one(paid, 9), names) == [0, 0, 0, 1, 400, 0]


def test_new_credit__larger_than_anything_repaid__is_a_step_up(bench: Bench) -> None:
    small, large = {"loan_id": b"\x01", "value_cents": 1_000}, {"loan_id": b"\x02", "value_cents": 5_000}
    rows = [bench.event("borrow", 1, amount=5, **small), bench.event("repay", 9, amount=5, **small)]
    assert bench.one(rows, 200)["step_up_bps"] == 0
    assert bench.one([*rows, bench.event("borrow", 190, amount=5, **large)], 200)["step_up_bps"] == 50_000
