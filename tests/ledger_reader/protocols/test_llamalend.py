"""Collateral taken out of a crvUSD market without touching the debt; the rest is told by golden logs."""

import pytest

from ledger_reader.ledger import MAX_AMOUNT
from ledger_reader.sources import Source
from tests.ledger_reader.meanings import ANN, POOL, TOKEN, log_of, rows_of, source_of

CONTROLLER = source_of("llamalend")


def test_decode__nothing_taken_out__is_dropped() -> None:
    assert not rows_of([log_of("llamalend", "RemoveCollateral", ANN, 0)], CONTROLLER)


@pytest.mark.parametrize(("taken", "amount"), [(1, 1), (2**256 - 1, MAX_AMOUNT)])
def test_decode__collateral_taken_out__is_a_withdraw_of_a_token_not_named(taken: int, amount: int) -> None:
    (row,) = rows_of([log_of("llamalend", "RemoveCollateral", ANN, taken)], CONTROLLER)
    assert (row["kind"], row["account"], int(row["amount"])) == ("withdraw", ANN, amount)
    assert (row["asset"], row["value_cents"], row["counterparty"]) == (None, None, None)
    assert row["loan_id"] == POOL.rjust(32, b"\0")


def test_decode__source_without_amounts__is_unknown_not_dropped() -> None:
    bare = Source("llamalend", POOL, 0, TOKEN, amounts=False)
    (row,) = rows_of([log_of("llamalend", "RemoveCollateral", ANN, 0)], bare)
    assert (row["kind"], row["amount"]) == ("withdraw", None)
