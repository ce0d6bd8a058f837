"""What was debt and what was balance, of base tokens that moved through a Comet."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger_reader.logs import RawLog
from ledger_reader.protocols.compound_v3 import joined
from tests.ledger_reader.meanings import ANN, BEN, CAT, TOKEN, log_of, rows_of, source_of, told

NO_ONE = bytes(20)
COMET = source_of("compound_v3")
HUNDRED = 100_000_000


def supply(amount: int, payer: bytes = ANN) -> RawLog:
    return log_of("compound_v3", "Supply", payer, ANN, amount, index=4)


def withdraw(amount: int) -> RawLog:
    return log_of("compound_v3", "Withdraw", ANN, ANN, amount, index=4)


def minted(amount: int, owner: bytes = ANN, index: int = 5) -> RawLog:
    return log_of("compound_v3", "Transfer", NO_ONE, owner, amount, index=index)


def burned(amount: int) -> RawLog:
    return log_of("compound_v3", "Transfer", ANN, NO_ONE, amount, index=5)


def other(log: RawLog, **change: object) -> RawLog:
    return msgspec.structs.replace(log, **change)


@pytest.mark.parametrize(
    "after",
    [
        minted(HUNDRED, owner=BEN),
        minted(HUNDRED, index=6),
        burned(HUNDRED),
        log_of("compound_v3", "Transfer", BEN, ANN, HUNDRED, index=5),
        other(minted(HUNDRED), address="0x" + "55" * 20),
        other(minted(HUNDRED), transaction_hash="0x" + "cd" * 32),
        other(minted(HUNDRED), block_number="0x8"),
        other(minted(HUNDRED), data="0x"),
        other(minted(HUNDRED), topics=minted(HUNDRED).topics[:2]),
        other(minted(HUNDRED), topics=()),
        supply(HUNDRED),
    ],
    ids=str,
)
def test_joined__next_log_is_of_something_else__all_is_debt(after: RawLog) -> None:
    assert joined([supply(HUNDRED), after]) == [supply(HUNDRED), after]
    assert told(joined([supply(HUNDRED), after])[:1], COMET) == [("repay", ANN, None, TOKEN, HUNDRED, 10_000)]


def test_decode__supply_without_a_transfer__is_a_repay_by_whom_paid() -> None:
    assert told([supply(HUNDRED, payer=BEN)], COMET) == [("repay", ANN, BEN, TOKEN, HUNDRED, 10_000)]


def test_decode__withdraw_without_a_transfer__is_a_borrow() -> None:
    assert told([withdraw(HUNDRED)], COMET) == [("borrow", ANN, None, TOKEN, HUNDRED, 10_000)]


@pytest.mark.parametrize("rounding", [-2, -1, 0, 1, 2])
def test_decode__all_but_rounding_became_balance__is_no_debt(rounding: int) -> None:
    kept = HUNDRED + rounding
    assert told([supply(HUNDRED), minted(kept)], COMET) == [("deposit", ANN, None, TOKEN, HUNDRED, 10_000)]
    assert told([withdraw(HUNDRED), burned(kept)], COMET) == [("withdraw", ANN, None, TOKEN, HUNDRED, 10_000)]


def test_decode__part_of_it_was_debt__is_two_rows_debt_first() -> None:
    rows = rows_of([supply(HUNDRED, payer=BEN), minted(HUNDRED // 4)], COMET)
    assert [(r["leg"], r["kind"], int(r["amount"]), r["counterparty"]) for r in rows] == [
        (0, "repay", 75_000_000, BEN),
        (1, "deposit", 25_000_000, BEN),
    ]
    assert [r["loan_id"] for r in rows] == [COMET.address.rjust(32, b"\0"), None]
    assert told([withdraw(HUNDRED), burned(HUNDRED // 4)], COMET) == [
        ("borrow", ANN, None, TOKEN, 75_000_000, 7_500),
        ("withdraw", ANN, None, TOKEN, 25_000_000, 2_500),
    ]


def test_decode__more_minted_than_supplied__is_a_deposit_of_what_was_supplied() -> None:
    assert told([supply(HUNDRED), minted(10 * HUNDRED)], COMET) == [
        ("deposit", ANN, None, TOKEN, HUNDRED, 10_000)
    ]


@given(st.integers(0, 2**256 - 1), st.none() | st.integers(0, 2**256 - 1), st.booleans())
def test_decode__any_amounts__no_row_is_larger_than_what_moved(
    moved: int, kept: int | None, comes_in: bool
) -> None:
    logs = [supply(moved) if comes_in else withdraw(moved)]
    if kept is not None:
        logs.append(minted(kept) if comes_in else burned(kept))
    rows = rows_of(logs, COMET)
    assert sum(int(row["amount"]) for row in rows) <= moved
    assert all(int(row["amount"]) >= 10_000 for row in rows)


@given(st.lists(st.sampled_from([supply(7), withdraw(7), minted(7), burned(7), minted(7, CAT)]), max_size=6))
def test_joined__twice__is_as_once(logs: list[RawLog]) -> None:
    once = joined([other(log, log_index=hex(index)) for index, log in enumerate(logs)])
    assert joined(once) == once
    assert [log.topics for log in once] == [log.topics for log in logs]
