"""Whose payments say anything: a payer that gave to strangers who repaid real loans, and nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis

from models.vouching import LEAST_WITNESSES, WITNESS_CENTS, proofs, standing

if TYPE_CHECKING:
    from tests.models.conftest import Bench

Row = dict[str, Any]
BOSS = b"\xb0" * 20
LATE = 400


def stranger(number: int) -> bytes:
    return bytes([0x50, number]) + bytes(18)


def loan(bench: Bench, account: bytes, day: float = 1, **changes: Any) -> list[Row]:
    """A loan of 50 dollars for 30 days, repaid after 20."""
    told: Row = {
        "account": account,
        "loan_id": account.rjust(32, b"\0"),
        "amount": 5_000,
        "value_cents": 5_000,
    }
    given: dict[str, Any] = {"days": 20, "due": day + 30, "ends": "repay", "repay": {}} | changes
    drawn = told | {"value_cents": given.get("cents", 5_000)}
    return [
        bench.event("borrow", day, due=given["due"], **drawn),
        bench.event(given["ends"], day + given["days"], counterparty=account, **(told | given["repay"])),
    ]


def paid(bench: Bench, day: float, to: bytes, cents: int, by: bytes = BOSS) -> Row:
    return bench.event("transfer_in", day, account=to, counterparty=by, value_cents=cents, protocol="erc20")


def given_to(bench: Bench, number: int, day: float = 2) -> list[Row]:
    """A stranger that repaid a loan, and what the boss paid it over two months and more."""
    who = stranger(number)
    return [
        *loan(bench, who),
        *(paid(bench, day + 31 * month, who, WITNESS_CENTS // 3 + 1) for month in range(3)),
    ]


def vouched_for(bench: Bench, rows: list[Row]) -> dict[bytes, int]:
    """Payee → day from which the boss vouches for it."""
    found = standing(ibis.memtable(bench.table(rows))).to_pyarrow().to_pylist()
    return {row["payee"]: (row["since"] - bench.start) // bench.day for row in found if row["payer"] == BOSS}


CASES: list[tuple[dict[str, Any], bool]] = [
    ({}, True),
    ({"due": None}, False),
    ({"due": 20}, False),
    ({"days": 6.9}, False),
    ({"days": 7}, True),
    ({"cents": 1_999}, False),
    ({"cents": None}, False),
    ({"repay": {"amount": 4_999}}, False),
    ({"ends": "default"}, False),
]


def test_proofs__of_a_loan__need_size_length_a_due_time_and_all_of_it_in_time(bench: Bench) -> None:
    ledgers = [loan(bench, bench.me, **changes) for changes, _ in CASES]
    told = [row for number, rows in enumerate(ledgers) for row in bench.apart(rows, number)]
    found = {row["account"][-1] for row in proofs(ibis.memtable(bench.table(told))).to_pyarrow().to_pylist()}
    assert [number in found for number in range(len(CASES))] == [proves for _, proves in CASES]
    features = bench.told([(rows, LATE) for rows in ledgers])
    assert [row["loans_proved"] for row in features] == [int(proves) for _, proves in CASES]


def test_proofs__of_unknown_repayments__are_none(bench: Bench) -> None:
    rows = loan(bench, bench.me, repay={"amount": None})
    assert not proofs(ibis.memtable(bench.table(rows))).to_pyarrow().num_rows


def test_proofs__of_a_loan_that_broke_before__are_none(bench: Bench) -> None:
    rows = [*loan(bench, bench.me), bench.event("default", 10, loan_id=bench.me.rjust(32, b"\0"), amount=1)]
    assert not proofs(ibis.memtable(bench.table(rows))).to_pyarrow().num_rows


def test_standing__of_a_ring_of_own_wallets__is_none(bench: Bench) -> None:
    rows = [paid(bench, 31 * month + n, stranger(n), 500_000) for month in range(4) for n in range(9)]
    assert not vouched_for(bench, [*rows, paid(bench, 5, bench.me, 500_000)])


def test_standing__with_one_witness_too_few__is_none_and_begins_with_the_last_one(bench: Bench) -> None:
    rows = [paid(bench, 1, bench.me, 5_000)]
    for number in range(LEAST_WITNESSES - 1):
        rows += given_to(bench, number)
    assert not vouched_for(bench, rows)
    assert vouched_for(bench, [*rows, *given_to(bench, 9, day=50)])[bench.me] == 50 + 62


def test_standing__for_many_payees__takes_a_witness_for_every_other_one(bench: Bench) -> None:
    own = [bytes([0x77, number]) + bytes(18) for number in range(9)]
    rows = [paid(bench, 1 + number / 100, who, 100) for number, who in enumerate(own)]
    for number in range(LEAST_WITNESSES):
        rows += given_to(bench, number)
    assert vouched_for(bench, rows).keys() & set(own) == set(own[:7])
    rows += given_to(bench, 7)
    assert vouched_for(bench, rows).keys() >= set(own)


def test_standing__when_what_was_given_comes_back__is_none(bench: Bench) -> None:
    rows = [paid(bench, 1, bench.me, 5_000)]
    for number in range(LEAST_WITNESSES):
        rows += given_to(bench, number)
    who = stranger(0)
    back = bench.event("transfer_out", 3, account=who, counterparty=BOSS, value_cents=WITNESS_CENTS // 3)
    assert bench.me in vouched_for(bench, rows)
    assert not vouched_for(bench, [*rows, back])


def test_standing__of_nobody__is_none(bench: Bench) -> None:
    rows = [paid(bench, 1, bench.me, 5_000)]
    for number in range(LEAST_WITNESSES):
        rows += given_to(bench, number)
    made = [row | {"counterparty": bytes(20)} if row["kind"] == "transfer_in" else row for row in rows]
    assert not standing(ibis.memtable(bench.table(made))).to_pyarrow().num_rows


def test_standing__paid_out_once__makes_no_witness(bench: Bench) -> None:
    rows = [paid(bench, 1, bench.me, 5_000)]
    for number in range(LEAST_WITNESSES + 2):
        rows += [*loan(bench, stranger(number)), paid(bench, 2, stranger(number), 9 * WITNESS_CENTS)]
    assert not vouched_for(bench, rows)


def test_features__of_a_vouched_wage__count_it_from_the_moment_it_is_vouched(bench: Bench) -> None:
    rows = [paid(bench, 30 * month + 1, bench.me, 50_000) for month in range(6)]
    rows += [paid(bench, 5, bench.me, 90_000, by=bench.other)]
    for number in range(LEAST_WITNESSES):
        rows += given_to(bench, number)
    names = ("vouched_payers", "vouched_months", "vouched_inflow_cents", "inflow_360d_cents")
    before, after = bench.told([(rows, 60), (rows, 170)])
    assert [before[name] for name in names] == [0, 0, 0, 190_000]
    assert [after[name] for name in names] == [1, 6, 300_000, 390_000]


def test_features__of_invoices_that_a_vouched_buyer_paid__count_them(bench: Bench) -> None:
    rows = [paid(bench, 1, bench.me, 500)]
    for number in range(LEAST_WITNESSES):
        rows += given_to(bench, number)
    for by in (BOSS, bench.other):
        rows.append(bench.event("invoice_paid", 90, counterparty=by, value_cents=7_000))
    found = bench.one(rows, 100)
    assert (found["vouched_buyers"], found["vouched_sales_cents"]) == (1, 7_000)


def test_standing__when_others_act_later__is_never_lost(bench: Bench) -> None:
    rows = [paid(bench, 1, bench.me, 5_000)]
    for number in range(LEAST_WITNESSES):
        rows += given_to(bench, number)
    later = [paid(bench, 100 + n / 10, bytes([0x66, n]) + bytes(18), 900) for n in range(40)]
    later += [
        bench.event(
            "transfer_out", 100, account=stranger(n), counterparty=BOSS, value_cents=9 * WITNESS_CENTS
        )
        for n in range(LEAST_WITNESSES)
    ]
    assert vouched_for(bench, [*rows, *later])[bench.me] == vouched_for(bench, rows)[bench.me]
