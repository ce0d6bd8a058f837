from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from tests.models.conftest import Bench

Row = dict[str, Any]
KINDS = ("borrow", "repay", "liquidation", "default", "loan_cancelled", "write_off", "recovery")
OUTCOMES = ("open", "repaid", "self_liquidated", "liquidated", "defaulted")


def by_hand(rows: list[Row]) -> list[Row]:
    """The rules of models/loans.py as a state machine, row by row: what the window expressions must equal."""
    positions: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row["block_time"]):  # stable: ties as given
        key = tuple(row[name] for name in ("account", "chain_id", "protocol", "loan_id", "asset"))
        if row["kind"] in KINDS:
            positions[key].append(row)
    told = {key: written_off(some) for key, some in positions.items() if not is_cancelled(some)}
    return [loan | {"key": key} for key, some in told.items() for loan in one_position(some)]


def is_cancelled(rows: list[Row]) -> bool:
    return any(row["kind"] == "loan_cancelled" for row in rows)


def written_off(rows: list[Row]) -> list[Row]:
    """Write-offs as the defaults that they are, or left out where one was declared before."""
    found: list[Row] = []
    for place, row in enumerate(rows):
        is_declared = any(each["kind"] == "default" for each in rows[:place])
        if row["kind"] != "write_off":
            found.append(row)
        elif not is_declared:
            found.append(row | {"kind": "default"})
    return found


def one_position(rows: list[Row]) -> list[Row]:  # noqa: C901 (the rules, one branch each)
    found: list[Row] = []
    owed = value = 0
    known = False
    before: Row | None = None
    for row in rows:
        kind, amount, time, cents = row["kind"], row["amount"], row["block_time"], row["value_cents"] or 0
        forced = kind in ("liquidation", "default")
        covers = amount is None or kind == "default" or amount >= owed
        if kind == "borrow":
            amount = 1 if amount is None else amount
            if owed == 0 and amount > 0:
                found.append(loan(opened=time))
                value, known = 0, False
            owed, value, known = owed + amount, value + cents, known or row["value_cents"] is not None
            add_to(found, amount, row["due_time"])
        elif forced and not found:
            found.append(loan(closed=time, outcome=ending(row), numbered=False))
        elif forced and owed == 0:
            worse = max(OUTCOMES.index(found[-1]["outcome"]), OUTCOMES.index(ending(row)))
            found[-1] |= {"closed": time, "outcome": OUTCOMES[worse]}
        elif owed > 0 and not told_before(row, before) and covers:
            found[-1] |= {"closed": time, "outcome": ending(row)}
            owed = value = 0
        elif owed > 0:
            if not told_before(row, before):
                owed, value = owed - amount, max(value - cents, 0)
            if forced:
                found[-1] |= {"closed": time, "outcome": ending(row), "outstanding": 0, "owed_cents": 0}
                found.append(loan())
        if found:
            found[-1] |= {"outstanding": owed, "owed_cents": 0 if owed == 0 else value if known else None}
        before = row
    return found


def loan(**given: Any) -> Row:
    empty = {"opened": None, "closed": None, "outcome": "open", "borrowed": 0, "due": None, "numbered": True}
    return empty | given


def add_to(found: list[Row], amount: int, due: int | None) -> None:
    if found and found[-1]["numbered"]:
        found[-1]["borrowed"] += amount
        dues = [d for d in (found[-1]["due"], due) if d is not None]
        found[-1]["due"] = min((min(max(d, 0), 2**40) for d in dues), default=None)


def told_before(row: Row, before: Row | None) -> bool:
    same = before is not None and all(before[name] == row[name] for name in ("tx_hash", "amount"))
    repeats = same and before is not None and before["kind"] == "repay" and row["kind"] == "liquidation"
    return repeats and row["amount"] is not None


def ending(row: Row) -> str:
    if row["kind"] == "repay":
        return "repaid"
    if row["kind"] == "default":
        return "defaulted"
    return "self_liquidated" if row["counterparty"] == row["account"] else "liquidated"


def shape(found: Row) -> tuple[Any, ...]:
    names = ("opened", "closed", "outcome", "borrowed", "due", "outstanding", "owed_cents")
    key = found.get("key") or tuple(found[n] for n in ("account", "chain_id", "protocol", "loan_id", "asset"))
    return (*(repr(part) for part in key), *(str(found[name]) for name in names))


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_loans__of_any_ledger__equal_those_found_row_by_row(bench: Bench, data: st.DataObject) -> None:
    rows = data.draw(bench.hostile())
    assert sorted(map(shape, bench.loans(rows))) == sorted(map(shape, by_hand(rows)))


def test_loans__partly_liquidated__leave_a_rest_that_is_owed_and_of_no_opening(bench: Bench) -> None:
    borrow = bench.event("borrow", 0, amount=100, value_cents=1_000)
    half = bench.event("liquidation", 5, amount=50, value_cents=500)
    sold, rest = bench.loans([borrow, half])
    assert (sold["outcome"], sold["closed"], sold["outstanding"]) == ("liquidated", half["block_time"], 0)
    assert (rest["outcome"], rest["opened"], rest["outstanding"], rest["owed_cents"]) == (
        "open",
        None,
        50,
        500,
    )
    _, paid, again = bench.loans([borrow, half, bench.event("repay", 6, amount=50), borrow | {
        "block_time": half["block_time"] + 2 * bench.day}])  # fmt: skip
    assert (paid["outcome"], paid["opened"], again["number"], again["owed_cents"]) == (
        "repaid",
        None,
        3,
        1_000,
    )


def test_loans__liquidation_told_as_repayment_first__takes_its_amount_once(bench: Bench) -> None:
    rows = [
        bench.event("borrow", 0, amount=100, tx_hash=b"a"),
        bench.event("repay", 5, amount=40, tx_hash=b"b"),
        bench.event("liquidation", 5, amount=40, tx_hash=b"b"),
    ]
    _, rest = bench.loans(rows)
    assert rest["outstanding"] == 60
    rows[2]["tx_hash"] = b"c"
    assert bench.loans(rows)[1]["outstanding"] == 20


def test_loans__liquidations_before_any_opening__are_one_loan_numbered_0(bench: Bench) -> None:
    (loan,) = bench.loans([bench.event("liquidation", 3), bench.event("liquidation", 4)])
    assert (loan["number"], loan["opened"], loan["outcome"]) == (0, None, "liquidated")
    assert (loan["borrowed"], loan["principal_cents"]) == (0, None)


def test_loans__liquidated_after_seeming_repaid__had_not_ended_yet(bench: Bench) -> None:
    rows = [bench.event("borrow", 0), bench.event("repay", 1), bench.event("liquidation", 5)]
    (loan,) = bench.loans(rows)
    assert (loan["outcome"], loan["closed"]) == ("liquidated", bench.start + 5 * bench.day)


def test_loans__repayment_without_debt__is_no_loan(bench: Bench) -> None:
    assert bench.loans([bench.event("repay", 3, amount=5), bench.event("repay", 4)]) == []


def test_loans__overpaid__does_not_carry_over(bench: Bench) -> None:
    rows = [
        bench.event("borrow", 0, amount=100),
        bench.event("repay", 1, amount=900),
        bench.event("borrow", 2, amount=100),
    ]
    first, second = bench.loans(rows)
    assert (first["outcome"], first["number"], second["outcome"], second["number"]) == (
        "repaid",
        1,
        "open",
        2,
    )
    assert second["outstanding"] == 100


def test_loans__with_interest__close_when_repaid_reaches_borrowed(bench: Bench) -> None:
    rows = [
        bench.event("borrow", 0, amount=100, value_cents=100),
        bench.event("repay", 1, amount=60, value_cents=60),
        bench.event("repay", 2, amount=45, value_cents=45),
    ]
    (loan,) = bench.loans(rows)
    assert loan["outcome"] == "repaid"
    assert loan["closed"] == bench.start + 2 * bench.day
    assert (loan["principal_cents"], loan["repaid_cents"]) == (100, 105)


def test_loans__of_unknown_amounts__close_at_the_first_repayment_and_open_again(bench: Bench) -> None:
    rows = [
        bench.event(kind, day)
        for day, kind in enumerate(("borrow", "repay", "borrow", "liquidation", "borrow"))
    ]
    found = bench.loans(rows)
    assert [loan["outcome"] for loan in found] == ["repaid", "liquidated", "open"]
    assert [loan["number"] for loan in found] == [1, 2, 3]
    assert all(loan["principal_cents"] is None for loan in found)


def test_loans__liquidated_by_oneself__say_so(bench: Bench) -> None:
    rows = [bench.event("borrow", 0, amount=1), bench.event("liquidation", 1, counterparty=bench.me)]
    assert bench.loans(rows)[0]["outcome"] == "self_liquidated"


def test_loans__in_one_second__follow_block_and_log_order(bench: Bench) -> None:
    rows = [bench.event(kind, 1, amount=5) for kind in ("borrow", "repay", "borrow")]
    assert [loan["outcome"] for loan in bench.loans(rows)] == ["repaid", "open"]


def test_loans__repaid_after_default__stay_defaulted_with_what_was_paid(bench: Bench) -> None:
    rows = [
        bench.event("borrow", 0, amount=5, value_cents=5, due=1),
        bench.event("default", 9, amount=5),
        bench.event("repay", 20, amount=5, value_cents=5),
    ]
    (loan,) = bench.loans(rows)
    assert (loan["outcome"], loan["repaid_cents"], loan["closed"]) == (
        "defaulted",
        5,
        bench.start + 9 * bench.day,
    )


def test_loans__cancelled__are_none_and_leave_the_others(bench: Bench) -> None:
    rows = [
        bench.event("borrow", 1, amount=100, due=30, loan_id=b"\x01"),
        bench.event("loan_cancelled", 2, amount=100, loan_id=b"\x01"),
        bench.event("borrow", 1, amount=100, due=30, loan_id=b"\x02"),
    ]
    assert [loan["loan_id"] for loan in bench.loans(rows)] == [b"\x02"]


def test_loans__recovered_after_a_write_off__stay_defaulted_from_its_day(bench: Bench) -> None:
    lent = [bench.event("borrow", 1, amount=100, value_cents=100, due=30)]
    late = [
        bench.event("write_off", 90, amount=100),
        bench.event("recovery", 120, amount=60, value_cents=60),
    ]
    (told,) = bench.loans([*lent, *late])
    assert (told["outcome"], told["closed"]) == ("defaulted", bench.start + 90 * bench.day)
    assert (told["outstanding"], told["repaid_cents"]) == (0, 60)
    (told,) = bench.loans([*lent, bench.event("default", 60, amount=100), *late])
    assert (told["outcome"], told["closed"]) == ("defaulted", bench.start + 60 * bench.day)


def test_loans__recovered_while_owed__are_repaid(bench: Bench) -> None:
    rows = [bench.event("borrow", 1, amount=100), bench.event("recovery", 50, amount=100)]
    assert bench.loans(rows)[0]["outcome"] == "repaid"
