"""Tokens by the table of markets, bad debt, and whose a position is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ledger_reader.meanings import (
    ANN,
    BARE,
    BEN,
    CAT,
    COIN,
    MARKET,
    POOL,
    TOKEN,
    log_of,
    rows_of,
    source_of,
    told,
)

MORPHO = source_of("morpho_blue")
FIVE = 5_000_000
UNLISTED = b"\x79" * 32

MOVES = {
    "Supply": ("deposit", (BEN, ANN), 1),
    "Withdraw": ("withdraw", (BEN, ANN, CAT), 1),
    "Borrow": ("borrow", (BEN, ANN, CAT), 1),
    "Repay": ("repay", (BEN, ANN), 1),
    "SupplyCollateral": ("deposit", (BEN, ANN), 0),
    "WithdrawCollateral": ("withdraw", (BEN, ANN, CAT), 0),
}
"""By event: the kind, (caller, on behalf of[, receiver]), and how many words of shares follow the assets."""


@pytest.mark.parametrize("name", MOVES)
def test_decode__market_is_not_listed__is_skipped(name: str) -> None:
    _, people, shares = MOVES[name]
    assert not rows_of([log_of("morpho_blue", name, UNLISTED, *people, FIVE, *[1] * shares)], MORPHO)


def test_decode__liquidation_in_a_market_not_listed__is_skipped() -> None:
    assert not rows_of([log_of("morpho_blue", "Liquidate", UNLISTED, BEN, ANN, FIVE, 1, 2, 3, 4)], MORPHO)


def test_decode__collateral_of_a_market_listed_without__is_skipped() -> None:
    for name in ("SupplyCollateral", "WithdrawCollateral"):
        assert not rows_of([log_of("morpho_blue", name, BARE, *MOVES[name][1], FIVE)], MORPHO)


@pytest.mark.parametrize("name", MOVES)
def test_decode__each_move__is_in_its_token_of_whom_it_is_for(name: str) -> None:
    kind, people, shares = MOVES[name]
    (row,) = rows_of([log_of("morpho_blue", name, MARKET, *people, FIVE, *[1] * shares)], MORPHO)
    is_collateral, is_debt = name.endswith("Collateral"), name in ("Borrow", "Repay")
    assert (row["kind"], row["account"], row["counterparty"], int(row["amount"])) == (kind, ANN, BEN, FIVE)
    assert (row["asset"], row["value_cents"]) == ((COIN, None) if is_collateral else (TOKEN, 500))
    assert row["loan_id"] == (MARKET if is_collateral or is_debt else None)


def test_decode__by_oneself__has_no_counterparty_whoever_receives() -> None:
    log = log_of("morpho_blue", "Borrow", MARKET, ANN, ANN, CAT, FIVE, 1)
    assert told([log], MORPHO) == [("borrow", ANN, None, TOKEN, FIVE, 500)]


def test_decode__bad_debt__is_a_default_towards_the_contract() -> None:
    log = log_of("morpho_blue", "Liquidate", MARKET, BEN, ANN, FIVE, 1, 2, 3_000_000, 4)
    rows = rows_of([log], MORPHO)
    assert [(r["leg"], r["kind"], r["counterparty"], int(r["amount"]), r["loan_id"]) for r in rows] == [
        (0, "liquidation", BEN, FIVE, MARKET),
        (1, "default", POOL, 3_000_000, MARKET),
    ]


@given(st.integers(0, 2**256 - 1), st.integers(0, 2**256 - 1))
def test_decode__liquidation_of_any_amounts__has_a_row_for_each_that_counts(repaid: int, lost: int) -> None:
    log = log_of("morpho_blue", "Liquidate", MARKET, ANN, ANN, repaid, 1, 2, lost, 4)
    rows = rows_of([log], MORPHO)
    kinds = ["liquidation"] * (repaid >= 10_000) + ["default"] * (lost >= 10_000)
    assert [row["kind"] for row in rows] == kinds
    assert [row["leg"] for row in rows] == list(range(len(kinds)))
    assert all(row["counterparty"] == (ANN if row["kind"] == "liquidation" else POOL) for row in rows)
