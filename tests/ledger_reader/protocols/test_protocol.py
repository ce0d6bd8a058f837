"""Rows that all lending protocols share: what is dropped, what saturates, who is named."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger_reader.columns import Logs, Rows, differ, each, full, legs, numbers
from ledger_reader.ledger import MAX_AMOUNT, MAX_VALUE_CENTS
from ledger_reader.protocols.protocol import Event, Market, entry, liquidation, market, worths
from ledger_reader.sources import Source
from tests.ledger_reader.meanings import ANN, ASSETS, BEN, COIN, POOL, STRANGE, TOKEN

LISTED = worths(ASSETS)
SEEN = market(Source("aave_v3", POOL, 0, TOKEN), LISTED)
DEBT = b"\x01" * 32


def logs_of(*raws: int) -> Logs:
    """Logs of one argument, `amount`."""
    words = b"".join(raw.to_bytes(32) for raw in raws)
    table = np.frombuffer(words, np.uint8).reshape(len(raws), 1, 32)
    return Logs(np.arange(len(raws)), table, {"amount": 0}, 32)


def told(rows: Rows) -> list[tuple[Any, ...]]:
    """Row by row (kind, account, counterparty, asset, amount, cents, loan id)."""
    columns = [_told(column, len(rows.at)) for column in rows[3:9]]
    return [(rows.kind, *values) for values in zip(*columns, strict=True)]


def _told(column: Any, count: int) -> list[Any]:
    if isinstance(column, tuple):
        whole = _told(column[0], count)
        return [value if known else None for value, known in zip(whole, column[1], strict=True)]
    if not isinstance(column, np.ndarray):
        return [column] * count
    return each(column) if column.ndim == 2 else column.tolist()


def entered(
    asset: bytes | None, raw: int, seen: Market = SEEN, other: bytes = BEN, loan_id: bytes | None = None
) -> list[tuple[Any, ...]]:
    logs = logs_of(raw)
    return told(entry(logs, seen, "repay", full(ANN, 1), other, asset, logs.number("amount"), loan_id))


def closed(asset: bytes, raw: int, liquidator: bytes = BEN) -> list[tuple[Any, ...]]:
    logs = logs_of(raw)
    by = full(liquidator, 1)
    return told(liquidation(logs, SEEN, full(ANN, 1), by, asset, logs.number("amount"), DEBT))


@pytest.mark.parametrize(("asset", "raw"), [(STRANGE, 10**9), (TOKEN, 0), (COIN, 0), (TOKEN, 9_999)], ids=str)
def test_entry__unlisted_or_nothing_or_dust__has_no_row(asset: bytes, raw: int) -> None:
    assert entered(asset, raw) == closed(asset, raw) == []


def test_entry__a_speck_without_a_pin__is_kept_without_value() -> None:
    assert entered(COIN, 1) == [("repay", ANN, BEN, COIN, 1, None, None)]


def test_entry__by_the_account_itself__has_no_counterparty_but_a_liquidation_has() -> None:
    own = [("repay", ANN, None, TOKEN, 10_000, 1, DEBT)]
    assert entered(TOKEN, 10_000, other=ANN, loan_id=DEBT) == own
    assert closed(TOKEN, 10_000, liquidator=ANN) == [("liquidation", ANN, ANN, TOKEN, 10_000, 1, DEBT)]


def test_entry__source_without_amounts__is_unknown_not_dropped() -> None:
    seen = market(Source("aave_v3", POOL, 0, amounts=False), LISTED)
    assert entered(TOKEN, 0, seen) == [("repay", ANN, BEN, TOKEN, None, None, None)]
    assert entered(STRANGE, 5, seen) == []


def test_entry__source_without_an_asset__is_raw_without_value() -> None:
    assert entered(None, 5) == [("repay", ANN, BEN, None, 5, None, None)]


@given(st.integers(1, 2**256 - 1))
def test_entry__any_amount__saturates(raw: int) -> None:
    cents = min(raw // 10_000, MAX_VALUE_CENTS)
    expected = [("repay", ANN, BEN, TOKEN, min(raw, MAX_AMOUNT), cents, None)]
    assert entered(TOKEN, raw) == ([] if raw < 10_000 else expected)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([TOKEN, COIN, STRANGE]), st.integers(0, 10**6) | st.integers(0, 2**256 - 1)
        ),
        min_size=1,
        max_size=9,
    ),
    st.booleans(),
)
def test_entry__many_tokens_at_once__is_as_one_by_one(pairs: list[tuple[bytes, int]], amounts: bool) -> None:
    seen = market(Source("aave_v3", POOL, 0, amounts=amounts), LISTED)
    logs = logs_of(*(raw for _, raw in pairs))
    assets = np.frombuffer(b"".join(asset for asset, _ in pairs), np.uint8).reshape(-1, 20)
    rows = entry(logs, seen, "repay", full(ANN, len(pairs)), BEN, assets, logs.number("amount"))
    assert told(rows) == [row for asset, raw in pairs for row in entered(asset, raw, seen)]


def test_legs__of_rows__are_numbered_log_by_log_as_they_stand() -> None:
    first, second, third = (Rows(np.array(at), 0, "repay", ANN) for at in ([1, 4], [1, 2, 4], [2, 3, 4]))
    numbered = [np.asarray(rows.leg).tolist() for rows in legs(first, second, third)]
    assert numbered == [[0, 0], [1, 0, 1], [1, 0, 2]]
    assert legs() == []


def test_address__with_dirt_above__is_the_lower_twenty_bytes() -> None:
    logs = logs_of(int.from_bytes(b"\xff" * 12 + ANN))
    assert each(logs.address("amount")) == [ANN]


@given(st.lists(st.integers(0, 2**63) | st.integers(0, 2**256 - 1), min_size=1, max_size=5))
def test_numbers__of_any_words__are_those_integers(values: list[int]) -> None:
    words = np.frombuffer(b"".join(value.to_bytes(32) for value in values), np.uint8).reshape(-1, 32)
    assert numbers(words).tolist() == values


def test_differ__in_the_first_or_last_byte__is_seen() -> None:
    column = np.frombuffer(ANN + b"\0" + ANN[1:] + ANN[:-1] + b"\0", np.uint8).reshape(3, 20)
    assert differ(column, ANN).tolist() == [False, True, True]


def test_names__of_an_event__are_topics_first_then_data() -> None:
    event = Event("Paid(address who, uint256 indexed id, address indexed to, uint256 sum)", lambda *_: [])
    assert event.names == {"id": 0, "to": 1, "who": 2, "sum": 3}
