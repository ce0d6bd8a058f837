"""Where a feature stops counting: the last second of a window, the floor of a dollar, the other side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.models.conftest import Bench

Row = dict[str, Any]
SECOND = 1.5 / 86_400
END = 10
"""The day on which what a window holds happened, or ended."""

THIRD = b"\x03" * 20
YEAR = "inflow_360d_cents inflow_months payers one_way_payers net_inflow_360d_cents earning_quarters"


def pick(row: Row, names: str) -> list[int | None]:
    return [row[name] for name in names.split()]


def windows(bench: Bench) -> list[tuple[int, str, list[Row]]]:
    """Days, features, and a ledger that each of them shows for exactly so many days after END."""

    def one(kind: str, day: float = END, **given: Any) -> Row:
        return bench.event(kind, day, **({"amount": 5, "value_cents": 500} | given))

    received, sent = one("transfer_in"), one("transfer_out")
    itself: Row = {"counterparty": bench.me}
    issued, accepted, due = one("invoice_issued"), one("invoice_accepted", leg=1), {"due": END}
    late = [one("borrow", 1, due=END - 2), one("repay", END)]
    return [
        (30, "inflow_30d_cents inflow_streak_months", [received]),
        (90, "inflow_90d_cents net_flow_90d_cents", [received]),
        (180, "inflow_180d_cents", [received]),
        (360, f"{YEAR} covered_months longest_remittance_months", [received]),
        (30, "outflow_30d_cents", [sent]),
        (90, "outflow_90d_cents net_flow_90d_cents", [sent]),
        (180, "outflow_180d_cents", [sent]),
        (360, "outflow_360d_cents outflow_months payees active_months", [sent]),
        (30, "borrows_30d", [one("borrow")]),
        (90, "borrows_90d largest_borrow_90d_cents step_up_bps", [one("borrow")]),
        (365, "loans_repaid_365d", [one("borrow", 1), one("repay")]),
        (365, "loans_bad_365d", late),
        (1_825, "loans_late longest_late_days", late),
        (1_825, "loans_late loans_defaulted", [one("default")]),
        (1_825, "liquidations liquidated_cents", [one("liquidation")]),
        (1_825, "self_liquidations", [one("liquidation", **itself)]),
        (365, "quick_repayments", [one("borrow", END - 0.5), one("repay", **itself)]),
        (365, "self_invoices", [issued | itself]),
        (365, "self_invoices", [accepted | itself]),
        (360, "invoices_issued_360d sales_360d_cents", [issued]),
        (180, "sales_180d_cents", [issued]),
        (360, "purchases_360d_cents", [accepted]),
        (360, "accepting_buyers", [one("invoice_accepted")]),
        (360, "paying_buyers", [one("invoice_paid")]),
        (360, "bills_disputed_360d", [one("invoice_disputed", leg=1)]),
        (360, "void_share_bps", [one("invoice_issued", 300), one("invoice_voided")]),
        (360, "red_letter_share_bps", [one("invoice_issued", 300), one("invoice_credited")]),
        (1_825, "invoices_due", [one("invoice_issued", 1, **due)]),
        (1_825, "bills_overdue", [one("invoice_accepted", 1, leg=1, **due)]),
    ]


def test_windows__to_the_second__hold_what_happened_and_then_let_go(bench: Bench) -> None:
    stories = windows(bench)
    found = bench.told([(rows, END + days + more) for days, _, rows in stories for more in (0, SECOND)])
    for (_, names, _), inside, after in zip(stories, found[::2], found[1::2], strict=True):
        assert 0 not in pick(inside, names), names
        assert not any(pick(after, names)), names


def test_floor__of_a_dollar__counts_the_dollar_and_no_cent_less(bench: Bench) -> None:
    came = "inflow_months payers one_way_payers days_since_first_inflow longest_remittance_months"
    went = "outflow_months payees outflow_30d_cents active_months days_since_own_act"
    for kind, names in (("transfer_in", came), ("transfer_out", went)):
        dollar, less = bench.told([([bench.event(kind, 1, value_cents=cents)], 9) for cents in (100, 99)])
        assert all(pick(dollar, names)), kind
        assert not any(pick(less, names)), kind


def test_receivables__seen_from_the_other_side__are_not_the_persons(bench: Bench) -> None:
    kinds = ("issued", "accepted", "disputed", "financed", "paid", "credited", "voided")
    ledgers = [
        [
            bench.event(f"invoice_{kind}", 1 + day, leg=leg, due=20, value_cents=500, counterparty=of)
            for day, kind in enumerate(kinds)
            for of in (bench.other, THIRD)
        ]
        for leg in (0, 1)
    ]
    supplier, buyer = bench.told([(rows, 30) for rows in ledgers])
    sells = "invoices_issued_360d invoices_accepted accepting_buyers invoices_due invoices_paid_on_time"
    sells += " paying_buyers paid_beyond_largest_buyer_cents void_share_bps red_letter_share_bps"
    buys = "purchases_360d_cents bills_paid_on_time bills_disputed_360d"
    assert all(pick(supplier, sells))
    assert not any(pick(supplier, buys))
    assert all(pick(buyer, buys))
    assert not any(pick(buyer, f"{sells} claims_pledged_twice"))


def test_sales__credited_to_the_person_as_buyer__stay(bench: Bench) -> None:
    rows = [bench.event("invoice_issued", 1, value_cents=500)]
    rows += [bench.event("invoice_credited", 2, leg=1, value_cents=300)]
    assert pick(bench.one(rows, 9), "sales_360d_cents sales_180d_cents") == [500, 500]


def test_sales__below_purchases__are_a_loss(bench: Bench) -> None:
    rows = [bench.event("invoice_issued", 1, value_cents=500)]
    rows += [bench.event("invoice_accepted", 2, leg=1, value_cents=750)]
    assert bench.one(rows, 9)["sales_margin_bps"] == -5_000


def test_acts__of_others_for_the_person__are_not_its_own(bench: Bench) -> None:
    borrowed = bench.event("borrow", 1, amount=5)
    payers = (bench.other, bench.me, None)
    ledgers = [[borrowed, bench.event(kind, 40, amount=1, counterparty=of)]
               for kind in ("repay", "deposit") for of in payers]  # fmt: skip
    found = bench.told([(rows, 50) for rows in ledgers])
    assert [row["active_months"] for row in found] == [1, 2, 2] * 2
    assert [row["days_since_own_act"] for row in found] == [49] * 6


def test_acts__on_invoices__are_its_own_by_side(bench: Bench) -> None:
    kinds = ("issued", "credited", "voided", "accepted", "disputed")
    ledgers = [[bench.event(f"invoice_{kind}", 1, leg=leg)] for leg in (0, 1) for kind in kinds]
    found = bench.told([(rows, 9) for rows in ledgers])
    assert [row["active_months"] for row in found] == [1, 1, 1, 0, 0, 0, 0, 0, 1, 1]


def test_record__of_a_loan_repaid_late__shows_no_good_loan(bench: Bench) -> None:
    loan = {"amount": 5, "value_cents": 500}
    borrowed = bench.event("borrow", 1, due=20, **loan)
    early, same_day, late = bench.told(
        [([borrowed, bench.event("repay", day, **loan)], 40) for day in (19, 19.5, 22)]
    )
    names = "loans_repaid loans_repaid_365d largest_repaid_cents repaid_total_cents on_time_share_bps"
    names += " loans_repaid_early days_since_bad"
    assert pick(early, names) == [1, 1, 500, 500, 10_000, 1, 1_825]
    assert pick(same_day, names) == [1, 1, 500, 500, 10_000, 0, 1_825]
    assert pick(late, names) == [1, 0, 0, 0, 0, 0, 18]


def test_record__of_two_bad_loans__is_dated_by_the_latest(bench: Bench) -> None:
    rows = [bench.event("default", day, loan_id=bytes([day])) for day in (10, 30)]
    assert pick(bench.one(rows, 50), "loans_late days_since_late days_since_bad") == [2, 20, 20]


def test_record__liquidated_by_another_or_oneself__is_bad_and_told_apart(bench: Bench) -> None:
    names = "loans_bad_365d liquidations self_liquidations liquidated_cents"
    sold = [
        bench.event("liquidation", 5, amount=5, **given)
        for given in ({"value_cents": 500}, {"value_cents": 500, "counterparty": bench.me}, {})
    ]
    found = bench.told([([bench.event("borrow", 1, amount=5), row], 9) for row in sold])
    assert [pick(row, names) for row in found] == [[1, 1, 0, 500], [1, 0, 1, 0], [1, 1, 0, None]]


def test_debt__without_inflow_or_anything_repaid__is_the_worst_there_is(bench: Bench) -> None:
    found = bench.one([bench.event("borrow", 1, amount=5, value_cents=500)], 9)
    assert pick(found, "debt_to_inflow_bps step_up_bps owed_to_borrowed_bps") == [
        1_000_000,
        1_000_000,
        10_000,
    ]


def test_deposits__less_withdrawn__are_at_least_nothing(bench: Bench) -> None:
    put, taken = (bench.event(kind, 1, value_cents=c) for kind, c in (("deposit", 500), ("withdraw", 200)))
    found = bench.told([([put, taken], 9), ([put], 9), ([taken], 9)])
    assert [row["net_deposits_cents"] for row in found] == [300, 500, 0]


def test_cash_flow__spent_as_it_came__is_covered_and_nets_out(bench: Bench) -> None:
    rows = [bench.event(kind, 1, value_cents=500) for kind in ("transfer_in", "transfer_out")]
    rows += [
        bench.event("transfer_in", 31, value_cents=200),
        bench.event("transfer_out", 61, value_cents=300),
    ]
    found = bench.one(rows, 90)
    assert pick(found, "covered_months net_flow_90d_cents inflow_months outflow_months") == [2, -100, 2, 2]


def test_cash_flow__before_the_year__is_only_in_the_balance(bench: Bench) -> None:
    rows = [
        bench.event(kind, 1, value_cents=900_000) for kind in ("transfer_in", "transfer_in", "transfer_out")
    ]
    rows += [bench.event("transfer_in", 30 * m + 2, value_cents=500) for m in range(12, 19)]
    rows += [bench.event("transfer_out", 362, value_cents=500, counterparty=THIRD)]
    names = "typical_inflow_month_cents outflow_volatility_bps inflow_beyond_largest_payer_cents"
    assert pick(bench.one(rows, 560), names) == [500, 10_000, 0]
    assert bench.one(rows, 560)["lowest_balance_360d_cents"] == 900_000


def test_cash_flow__minted__is_balance_but_no_income(bench: Bench) -> None:
    found = bench.one([bench.event("transfer_in", 1, value_cents=500, counterparty=bytes(20))], 400)
    assert pick(found, "lowest_balance_360d_cents inflow_360d_cents") == [500, 0]


def test_cash_flow__to_oneself__is_no_flow(bench: Bench) -> None:
    found = bench.one([bench.event("transfer_out", 1, value_cents=500, counterparty=bench.me)], 9)
    assert pick(found, "outflow_30d_cents lowest_balance_360d_cents payees") == [0, 0, 0]


def test_payees__of_three_months__are_regular(bench: Bench) -> None:
    rows = [bench.event("transfer_out", 30 * month + 1, value_cents=500) for month in range(3)]
    rows += [bench.event("transfer_in", 30 * m + 1, value_cents=9, counterparty=THIRD) for m in range(3)]
    assert pick(bench.one(rows, 90), "payees regular_payees") == [1, 1]
    assert pick(bench.one(rows[1:], 90), "payees regular_payees") == [1, 0]


def test_payers__of_several__tell_what_the_smaller_ones_sent(bench: Bench) -> None:
    rows = [bench.event("transfer_in", 1, value_cents=c, counterparty=of)
            for c, of in ((900, bench.other), (300, THIRD))]  # fmt: skip
    rows += [bench.event("transfer_out", 2, value_cents=400, counterparty=THIRD)]
    names = "inflow_beyond_largest_payer_cents net_inflow_360d_cents one_way_payers longest_remittance_months"
    assert pick(bench.one(rows, 9), names) == [300, 900, 1, 1]


def test_payer__first_seen_180_days_ago_to_the_second__is_seasoned(bench: Bench) -> None:
    rows = [bench.event("deposit", day, account=bench.other) for day in (1, 150)]
    rows += [bench.event("transfer_in", 170, value_cents=99)]
    found = bench.told([(rows, 181 - SECOND), (rows, 181)])
    assert [row["seasoned_inflow_cents"] for row in found] == [0, 99]
    assert found[1]["seasoned_payers"] == 0


def test_days_to_repay__of_three__are_the_middle_one(bench: Bench) -> None:
    rows = []
    for number, days in enumerate((2, 30, 9, 90)):
        loan = {"loan_id": bytes([number]), "amount": 5}
        rows += [
            bench.event("borrow", 1, **loan),
            bench.event("repay", 1 + days, counterparty=bench.me, **loan),
        ]
    found = bench.one(rows, 100)
    assert pick(found, "typical_days_to_repay days_since_first_borrow record_days") == [9, 99, 99]


def test_claims__in_different_assets__are_different(bench: Bench) -> None:
    rows = []
    for number in (1, 2):
        claim = {"loan_id": bytes([number]), "asset": bytes([number]) * 20}
        rows += [
            bench.event("invoice_issued", 1, amount=5, due=40, **claim),
            bench.event("invoice_financed", 2, **claim),
        ]
    assert bench.one(rows, 9)["claims_pledged_twice"] == 0


def test_bill__accepted_twice__is_due_at_the_earlier_time(bench: Bench) -> None:
    rows = [bench.event("invoice_accepted", 1, leg=1, amount=5, due=due) for due in (20, 40)]
    rows += [bench.event("invoice_issued", 1, leg=1, amount=5, due=10)]
    assert [bench.one(rows, day)["bills_overdue"] for day in (20, 21)] == [0, 1]
