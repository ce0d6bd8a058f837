"""Values in US cents: which price counts, exact floors against Python's integers, any split equal."""

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger_reader.ledger import EVENTS, MAX_AMOUNT, MAX_VALUE_CENTS
from ledger_reader.protocols.protocol import market, worths
from ledger_reader.sources import Asset, ChainSources, Source
from ledger_reader.values import last_prices, valued

COIN, PINNED, PLAIN = b"\xc0" * 20, b"\x01" * 20, b"\x02" * 20
FEED, NEXT, STRANGER = b"\xf0" * 20, b"\xf1" * 20, b"\x0e" * 20
CHAIN = ChainSources(
    1,
    (
        Source("price_feed", FEED, 0, COIN, end_block=49, decimals=8),
        Source("price_feed", NEXT, 50, COIN, decimals=18),
    ),
    (Asset(COIN, "COIN", 18), Asset(PINNED, "USD", 6, 100), Asset(PLAIN, "PLAIN", 18)),
    max_price_age=3_600,
)
ETHER = 10**18


def row(block: int, index: int = 0, **changes: Any) -> dict[str, Any]:
    """One whole coin received in the block, at 12 seconds a block."""
    empty: dict[str, Any] = dict.fromkeys(EVENTS.names)
    return (
        empty
        | {
            "chain_id": 1,
            "block_number": block,
            "log_index": index,
            "leg": 0,
            "block_time": 12 * block,
            "tx_hash": bytes(32),
            "protocol": "erc20",
            "kind": "transfer_in",
            "account": STRANGER,
            "asset": COIN,
            "amount": ETHER,
        }
        | changes
    )


def price(block: int, index: int, answer: int | None, feed: bytes = FEED) -> dict[str, Any]:
    return row(block, index, kind="price", protocol="price_feed", account=feed, amount=answer)


def cents(*rows: dict[str, Any], chain: ChainSources = CHAIN) -> list[int | None]:
    """Values of the rows that are no prices."""
    table = valued(pa.Table.from_pylist(list(rows), EVENTS), chain)
    assert table.schema.equals(EVENTS)
    assert table.drop("value_cents") == pa.Table.from_pylist(list(rows), EVENTS).drop("value_cents")
    return [each["value_cents"] for each in table.to_pylist() if each["kind"] != "price"]


# ----------------------------------------------------------------------------- which price, if any


@pytest.mark.parametrize(
    "rows",
    [
        [row(5)],
        [price(5, 1, 10**8), row(5, 0)],
        [price(5, 1, 10**8), row(5, 1)],
        [price(6, 0, 10**8), row(5, 9)],
        [price(5, 0, 10**8), row(306)],
        [price(5, 0, 0), row(6)],
        [price(4, 0, 10**8), price(5, 0, None), row(6)],
        [price(5, 0, 10**8, STRANGER), row(6)],
        [price(5, 0, 10**8) | {"asset": PLAIN}, row(6)],
        [price(5, 0, 10**8), row(6, asset=PLAIN)],
        [price(5, 0, 10**8), row(6, asset=STRANGER)],
        [price(5, 0, 10**8), row(6, asset=None)],
        [price(5, 0, 10**8), row(6, amount=None)],
    ],
    ids=[
        "no price at all",
        "price later in the block",
        "price of the same log",
        "price in a later block",
        "price a second too old",
        "answer 0",
        "answer unknown",
        "feed that is not listed",
        "price of an asset without feed",
        "asset without price",
        "asset not listed",
        "no asset",
        "amount unknown",
    ],
)
def test_valued__no_price_counts__value_is_unknown(rows: list[dict[str, Any]]) -> None:
    assert cents(*rows) == [None]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([price(5, 0, 2 * 10**8), row(5, 1)], 200),
        ([price(5, 0, 2 * 10**8), row(305)], 200),
        ([price(5, 0, 10**8), price(5, 1, 3 * 10**8), row(5, 2)], 300),
        ([price(5, 1, 3 * 10**8), price(5, 0, 10**8), row(5, 2)], 300),
        ([price(5, 0, 10**8), price(6, 0, 3 * 10**8), row(5, 9)], 100),
        ([price(49, 0, 10**8), price(50, 0, 7 * ETHER, NEXT), row(51)], 700),
        ([price(49, 0, 10**8), row(60)], 100),
        ([row(5, asset=PINNED, amount=1_999_999)], 199),
        ([price(5, 0, 10**8), row(5, 1, amount=0)], 0),
        ([price(5, 0, 10**8), row(5, 1, value_cents=7)], 7),
    ],
    ids=[
        "earlier in the block",
        "as old as allowed",
        "the last of two",
        "the last of two, rows in another order",
        "not the next block's",
        "the next feed's, of other decimals",
        "the feed before the next one's first",
        "a pin",
        "nothing",
        "known at decode",
    ],
)
def test_valued__price_known__value_is_the_floor(rows: list[dict[str, Any]], expected: int) -> None:
    assert cents(*rows) == [expected]


def test_valued__price_rows__have_no_value_of_their_own() -> None:
    table = valued(pa.Table.from_pylist([price(5, 0, 10**8), price(6, 0, 10**8)], EVENTS), CHAIN)
    assert table["value_cents"].to_pylist() == [None, None]


def test_valued__no_rows__none() -> None:
    assert valued(EVENTS.empty_table(), CHAIN) == EVENTS.empty_table()


def test_valued__blocks_far_apart__still_in_order() -> None:
    high = 2**63 - 2**20
    rows = [price(0, 2**31 - 1, 10**8), row(1, 0), price(high, 5, 10**8), row(high, 6), row(high, 5)]
    rows = [each | {"block_time": 1} for each in rows]
    assert cents(*rows) == [100, 100, 100]


# --------------------------------------------------------------------------------- exact, and no more

amounts = st.integers(0, MAX_AMOUNT) | st.integers(0, 10**6) | st.sampled_from([MAX_AMOUNT, MAX_AMOUNT - 1])
decimals = st.integers(0, 36)


@given(st.lists(st.tuples(amounts, amounts), min_size=1, max_size=8), decimals, decimals)
def test_valued__any_amount_and_answer__is_the_exact_floor_or_the_limit(
    pairs: list[tuple[int, int]], token_decimals: int, feed_decimals: int
) -> None:
    feed = Source("price_feed", FEED, 0, COIN, decimals=feed_decimals)
    chain = ChainSources(1, (feed,), (Asset(COIN, "COIN", token_decimals),))
    rows = []
    for block, (amount, answer) in enumerate(pairs):
        rows += [price(block, 0, answer), row(block, 1, amount=amount)]
    exact = [100 * amount * answer // 10 ** (token_decimals + feed_decimals) for amount, answer in pairs]
    assert cents(*rows, chain=chain) == [
        None if answer == 0 else min(value, MAX_VALUE_CENTS)
        for value, (_, answer) in zip(exact, pairs, strict=True)
    ]


@pytest.mark.parametrize(("token", "feed"), [(0, 0), (0, 1), (1, 0), (1, 1), (0, 2)])
def test_valued__fewer_than_two_decimals__is_exact_too(token: int, feed: int) -> None:
    sources = (Source("price_feed", FEED, 0, COIN, decimals=feed),)
    chain = ChainSources(1, sources, (Asset(COIN, "COIN", token),))
    assert cents(price(1, 0, 7), row(2, amount=30), chain=chain) == [21_000 // 10 ** (token + feed)]


@given(st.lists(amounts, min_size=1, max_size=8), decimals, st.integers(1, MAX_VALUE_CENTS))
def test_valued__any_pin__is_the_exact_floor_and_what_decoding_gives(
    raw: list[int], token_decimals: int, pin: int
) -> None:
    asset = Asset(PINNED, "USD", token_decimals, pin)
    chain = ChainSources(1, (), (asset,))
    found = cents(*(row(5, index, asset=PINNED, amount=n) for index, n in enumerate(raw)), chain=chain)
    assert found == [min(n * pin // 10**token_decimals, MAX_VALUE_CENTS) for n in raw]
    seen = market(Source("llamalend", STRANGER, 0, PINNED), worths((asset,)))
    money = seen.money(np.array(raw, object))
    assert isinstance(money.cents, np.ndarray)
    assert found == money.cents.tolist()


# ------------------------------------------------------------------------------------- any split equal


@st.composite
def histories(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Prices and payments of some blocks in order, of two feeds, with times that never fall."""
    rows, time = [], 0
    for block in sorted(draw(st.sets(st.integers(0, 99), max_size=12))):
        time += draw(st.sampled_from([0, 1, 1_800, 3_600, 5_000]))
        for index in range(draw(st.integers(1, 4))):
            answer = draw(st.integers(0, 5 * 10**8))
            told = price(block, index, answer, FEED if block < 50 else NEXT)
            made = draw(st.sampled_from([row(block, index), row(block, index, asset=PINNED), told]))
            rows.append(made | {"block_time": time})
    return rows


def as_defined(rows: list[dict[str, Any]]) -> list[int | None]:
    """The rule in plain words, row by row."""
    scale = {FEED: 10**26, NEXT: 10**36}
    found: list[int | None] = []
    for each in rows:
        place = (each["block_number"], each["log_index"])
        told = [p for p in rows if p["kind"] == "price" and (p["block_number"], p["log_index"]) < place]
        if each["kind"] == "price":
            found.append(None)
        elif each["asset"] == PINNED:
            found.append(min(each["amount"] * 100 // 10**6, MAX_VALUE_CENTS))
        elif not told or told[-1]["amount"] == 0 or each["block_time"] - told[-1]["block_time"] > 3_600:
            found.append(None)
        else:
            last = told[-1]
            found.append(100 * each["amount"] * last["amount"] // scale[last["account"]])
    return found


@given(histories(), st.sets(st.integers(0, 99), max_size=5))
def test_valued__range_by_range__is_the_rule_wherever_the_ranges_end(
    rows: list[dict[str, Any]], ends: set[int]
) -> None:
    before, found = EVENTS.empty_table(), []
    for low, high in zip([-1, *sorted(ends)], [*sorted(ends), 100], strict=True):
        part = [each for each in rows if low < each["block_number"] <= high]
        table = valued(pa.Table.from_pylist(part, EVENTS), CHAIN, before)
        found += table["value_cents"].to_pylist()
        before = last_prices(pa.concat_tables([before, table]))
    assert found == as_defined(rows)


def test_last_prices__two_assets__the_last_row_of_each() -> None:
    rows = [price(5, 1, 2), row(9), price(5, 0, 1), price(3, 7, 9) | {"asset": PLAIN}]
    found = last_prices(pa.Table.from_pylist(rows, EVENTS)).to_pylist()
    assert sorted(each["amount"] for each in found) == [2, 9]


def test_valued__no_feed_and_no_pin__nothing_is_valued() -> None:
    chain = replace(CHAIN, sources=(), assets=CHAIN.assets[2:])
    assert cents(price(1, 0, 10**8), row(2), chain=chain) == [None]
