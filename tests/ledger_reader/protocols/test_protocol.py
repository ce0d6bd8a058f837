"""Rows that all lending protocols share: what is dropped, what saturates, who is named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger_reader.ledger import MAX_AMOUNT, MAX_VALUE_CENTS
from ledger_reader.protocols.protocol import Row, address_at, entry, legs, liquidation, market, worths
from ledger_reader.sources import Source
from tests.ledger_reader.meanings import ANN, ASSETS, BEN, COIN, POOL, STRANGE, TOKEN

LISTED = worths(ASSETS)
SEEN = market(Source("aave_v3", POOL, 0, TOKEN), LISTED)
DEBT = b"\x01" * 32


@pytest.mark.parametrize(("asset", "raw"), [(STRANGE, 10**9), (TOKEN, 0), (COIN, 0), (TOKEN, 9_999)], ids=str)
def test_entry__unlisted_or_nothing_or_dust__has_no_row(asset: bytes, raw: int) -> None:
    assert entry(SEEN, "deposit", ANN, BEN, asset, raw) == []
    assert liquidation(SEEN, ANN, BEN, asset, raw, DEBT) == []


def test_entry__a_speck_without_a_pin__is_kept_without_value() -> None:
    assert entry(SEEN, "deposit", ANN, BEN, COIN, 1) == [Row(0, "deposit", ANN, BEN, COIN, 1)]


def test_entry__by_the_account_itself__has_no_counterparty_but_a_liquidation_has() -> None:
    (own,) = entry(SEEN, "repay", ANN, ANN, TOKEN, 10_000, DEBT)
    (closed,) = liquidation(SEEN, ANN, ANN, TOKEN, 10_000, DEBT)
    assert own == Row(0, "repay", ANN, None, TOKEN, 10_000, 1, DEBT)
    assert closed == Row(0, "liquidation", ANN, ANN, TOKEN, 10_000, 1, DEBT)


def test_entry__source_without_amounts__is_unknown_not_dropped() -> None:
    seen = market(Source("aave_v3", POOL, 0, amounts=False), LISTED)
    assert entry(seen, "repay", ANN, BEN, TOKEN, 0) == [Row(0, "repay", ANN, BEN, TOKEN)]
    assert entry(seen, "repay", ANN, BEN, STRANGE, 5) == []


def test_entry__source_without_an_asset__is_raw_without_value() -> None:
    assert entry(SEEN, "repay", ANN, BEN, None, 5) == [Row(0, "repay", ANN, BEN, None, 5)]


@given(st.integers(1, 2**256 - 1))
def test_entry__any_amount__saturates(raw: int) -> None:
    rows = entry(SEEN, "borrow", ANN, BEN, TOKEN, raw)
    if raw < 10_000:
        assert rows == []
    else:
        cents = min(raw // 10_000, MAX_VALUE_CENTS)
        assert rows == [Row(0, "borrow", ANN, BEN, TOKEN, min(raw, MAX_AMOUNT), cents)]


def test_legs__of_rows__are_numbered_as_they_stand() -> None:
    row = Row(0, "repay", ANN)
    assert [found.leg for found in legs(row, row, row)] == [0, 1, 2]
    assert legs() == []


def test_address_at__with_dirt_above__is_the_lower_twenty_bytes() -> None:
    data = "0x" + "ff" * 32 + "ff" * 12 + ANN.hex()
    assert address_at(data, 1) == ANN
