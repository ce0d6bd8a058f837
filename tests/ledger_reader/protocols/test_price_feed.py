"""Answers of a feed: positive ones are prices of the asset, whatever their size."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger_reader.ledger import MAX_AMOUNT
from ledger_reader.sources import ChainSources
from tests.ledger_reader.meanings import ASSETS, COIN, POOL, log_of, rows_of, source_of, told

FEED = source_of("price_feed")


@pytest.mark.parametrize("answer", [0, -1, -(2**255), -1_800_00000000])
def test_decode__answer_of_zero_or_below__is_dropped(answer: int) -> None:
    assert not rows_of([log_of("price_feed", "AnswerUpdated", answer, 9, 1_700_000_000)], FEED)


def test_decode__answer__is_a_price_of_the_asset_by_the_aggregator() -> None:
    log = log_of("price_feed", "AnswerUpdated", 1_800_12345678, 9, 1_600_000_000)
    (row,) = rows_of([log], FEED)
    assert told([log], FEED) == [("price", POOL, None, COIN, 1_800_12345678, None)]
    assert (row["leg"], row["loan_id"], row["due_time"]) == (0, None, None)
    assert ChainSources(1, (FEED,), ASSETS).feeds == (FEED,)


@given(st.integers(-(2**255), 2**255 - 1), st.integers(0, 2**256 - 1))
def test_decode__any_answer__saturates(answer: int, round_id: int) -> None:
    rows = rows_of([log_of("price_feed", "AnswerUpdated", answer, round_id, 0)], FEED)
    assert [int(row["amount"]) for row in rows] == ([min(answer, MAX_AMOUNT)] if answer > 0 else [])
