"""The canonical JSON of sources: what is refused, and that it comes back equal."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger_reader.errors import Stop
from ledger_reader.ledger import MAX_VALUE_CENTS
from ledger_reader.sources import MAX_AGE, MAX_LISTED, Asset, ChainSources, Source, from_json, to_json

TOKEN, POOL, LATER = b"\x11" * 20, b"\x33" * 20, b"\x44" * 20
COIN, FEED, NEXT = b"\x55" * 20, b"\x66" * 20, b"\x77" * 20
CHAIN = ChainSources(
    7, (Source("term_loans", POOL, 5, TOKEN), Source("erc20", TOKEN, 0)), (Asset(TOKEN, "DEV", 6, 100),)
)
GOOD = to_json((CHAIN,))
FED = to_json(
    (
        ChainSources(
            7,
            (
                Source("price_feed", NEXT, 100, COIN, decimals=18),
                Source("price_feed", FEED, 5, COIN, end_block=99, decimals=8),
            ),
            (Asset(COIN, "COIN", 18),),
            3_600,
        ),
    )
)

Change = Callable[[Any], Any]


def put(*path_and_value: Any) -> Change:
    """Set the value at the path of keys and indexes."""
    *path, value = path_and_value

    def change(plain: Any) -> Any:
        inner = plain
        for step in path[:-1]:
            inner = inner[step]
        inner[path[-1]] = value
        return plain

    return change


def doubled(plain: Any) -> Any:
    return plain + plain


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda _: None, "must be a list of chains, not None"),
        (lambda _: [], "1 to 64 chains, not 0"),
        (lambda plain: plain * 65, "1 to 64 chains, not 65"),
        (lambda _: [3], r"sources\[0\] must be an object, not 3"),
        (doubled, "chain 7 must come before chain 7, and each once"),
        (put(0, "extra", 1), r"sources\[0\] has the unknown key 'extra'"),
        (lambda _: [{"chain_id": 7, "sources": []}], "lacks the key 'assets'"),
        (put(0, "max_price_age", 0), "the max_price_age 0; 1 to"),
        (put(0, "max_price_age", MAX_AGE + 1), "the max_price_age 31622401; 1 to"),
        (put(0, "max_price_age", None), "the max_price_age None"),
        (put(0, "sources", 0, "end_block", "9"), "the end block '9', not one from 0 on"),
        (put(0, "sources", 1, "end_block", 4), "the end block 4, not one from 5 on"),
        (put(0, "sources", 1, "decimals", 8), "is no price feed, so leave decimals empty"),
        (put(0, "chain_id", 0), "the chain id must be from 1"),
        (put(0, "chain_id", True), "the chain id must be from 1"),
        (put(0, "chain_id", 2**63), "the chain id must be from 1"),
        (put(0, "sources", {}), "sources must be a list"),
        (put(0, "sources", [{}] * (MAX_LISTED + 1)), "lists 1001 sources; at most 1000"),
        (put(0, "sources", 0, "protocol", "Erc-20"), "'Erc-20' is not the name of a protocol"),
        (put(0, "sources", 0, "protocol", 20), "20 is not the name of a protocol"),
        (put(0, "sources", 0, "address", "0x11"), r"sources\[0\]\.address must be 0x and 40 lower-case"),
        (put(0, "sources", 0, "address", "0x" + "AB" * 20), "lower-case hex"),
        (put(0, "sources", 0, "address", "0x" + "11" * 20 + "\n"), "lower-case hex"),
        (put(0, "sources", 0, "address", None), "not None"),
        (put(0, "sources", 1, "address", "0x" + "11" * 20), "lists the source 0x1111.* twice"),
        (put(0, "sources", 0, "start_block", -1), "the start block -1"),
        (put(0, "sources", 0, "start_block", 1.0), r"the start block 1\.0"),
        (put(0, "sources", 0, "amounts", 1), "1 for amounts, not true or false"),
        (put(0, "sources", 0, "amounts", False), "must carry amounts"),
        (put(0, "sources", 0, "asset", "0x" + "33" * 20), "is its own asset"),
        (put(0, "sources", 1, "asset", "0x" + "99" * 20), "in the asset 0x9999.*, which is not listed"),
        (put(0, "assets", []), "must be a listed asset too"),
        (put(0, "assets", 0, "symbol", ""), "a symbol of 1 to 32 printable"),
        (put(0, "assets", 0, "symbol", "a\nb"), "a symbol of 1 to 32 printable"),
        (put(0, "assets", 0, "decimals", 37), "37 decimals; 0 to 36"),
        (put(0, "assets", 0, "pin_cents", 0), "pinned to 0 cents"),
        (put(0, "assets", 0, "pin_cents", MAX_VALUE_CENTS + 1), "cents; 1 to"),
        (
            lambda plain: [plain[0] | {"sources": plain[0]["sources"][::-1]}],
            "in order of protocol, then address",
        ),
        (lambda plain: [plain[0] | {"assets": plain[0]["assets"] * 2}], "lists the asset 0x1111.* twice"),
    ],
)
def test_from_json__one_thing_is_wrong__stop_names_it(change: Change, sentence: str) -> None:
    with pytest.raises(Stop, match=sentence):
        from_json(change(copy.deepcopy(GOOD)))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (put(0, "sources", 0, "asset", None), "must name the asset that it prices"),
        (put(0, "sources", 0, "asset", "0x" + "99" * 20), "which is not listed"),
        (put(0, "sources", 0, "amounts", False), "must carry amounts"),
        (put(0, "sources", 0, "decimals", None), "answers of None decimals; 0 to 36"),
        (put(0, "sources", 0, "decimals", 37), "answers of 37 decimals; 0 to 36"),
        (put(0, "sources", 0, "end_block", None), "0x6666.* must end before block 100, where the next"),
        (put(0, "sources", 0, "end_block", 100), "0x6666.* must end before block 100, where the next"),
        (put(0, "assets", 0, "pin_cents", 100), "both pins and feeds the asset 0x5555"),
    ],
)
def test_from_json__one_thing_of_a_feed_is_wrong__stop_names_it(change: Change, sentence: str) -> None:
    with pytest.raises(Stop, match=sentence):
        from_json(change(copy.deepcopy(FED)))


def test_feeds__of_a_chain__by_asset_and_span() -> None:
    (chain,) = from_json(FED)
    assert [(feed.address, feed.end_block, feed.decimals) for feed in chain.feeds] == [
        (FEED, 99, 8),
        (NEXT, None, 18),
    ]
    assert chain.max_price_age == 3_600
    assert CHAIN.feeds == ()


def test_chain_sources__address_is_text__stop() -> None:
    with pytest.raises(Stop, match="is not of 20 bytes"):
        ChainSources(7, (Source("erc20", "0x11", 0),), ())  # type: ignore[arg-type]


def test_to_json__sources__are_readable_and_sorted() -> None:
    assert [source["protocol"] for source in GOOD[0]["sources"]] == ["erc20", "term_loans"]
    assert GOOD[0]["assets"] == [
        {"address": "0x" + "11" * 20, "symbol": "DEV", "decimals": 6, "pin_cents": 100}
    ]


def test_to_json__chains_in_another_order__same_json() -> None:
    other = ChainSources(3, (), ())
    assert to_json((CHAIN, other)) == to_json((other, CHAIN))


addresses = st.binary(min_size=20, max_size=20)
assets = st.builds(
    Asset,
    addresses,
    st.text("abcXYZ 币", min_size=1, max_size=8),
    st.integers(0, 36),
    st.none() | st.integers(1, MAX_VALUE_CENTS),
)


@st.composite
def chain_sources(draw: st.DrawFn) -> ChainSources:
    listed = draw(st.lists(assets, max_size=4, unique_by=lambda asset: asset.address))
    pools = draw(st.lists(addresses, max_size=4, unique=True))
    tokens = [asset.address for asset in listed]
    sources = [Source("erc20", token, draw(st.integers(0, 2**63 - 1))) for token in tokens]
    sources += [
        Source("llamalend", pool, 0, draw(st.sampled_from([None, *tokens])), draw(st.booleans()))
        for pool in pools
        if pool not in tokens
    ]
    unpinned = [asset.address for asset in listed if asset.pin_cents is None]
    if unpinned and FEED not in (*tokens, *pools):
        end = draw(st.none() | st.integers(9, 2**63 - 1))
        feed = Source("price_feed", FEED, 9, unpinned[0], end_block=end, decimals=draw(st.integers(0, 36)))
        sources.append(feed)
    shuffled = draw(st.permutations(sources))
    return ChainSources(
        draw(st.integers(1, 2**63 - 1)),
        tuple(shuffled),
        tuple(draw(st.permutations(listed))),
        draw(st.integers(1, MAX_AGE)),
    )


@given(st.lists(chain_sources(), min_size=1, max_size=3, unique_by=lambda chain: chain.chain_id))
def test_from_json__what_to_json_wrote__comes_back_equal(chains: list[ChainSources]) -> None:
    plain = to_json(tuple(chains))
    again = from_json(json.loads(json.dumps(plain)))
    assert again == tuple(sorted(chains, key=lambda chain: chain.chain_id))
    assert to_json(again) == plain


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["chain_id", "sources", "assets", "address"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(json_values)
def test_from_json__any_json__is_read_or_refused_in_one_sentence(plain: Any) -> None:
    try:
        read = from_json(plain)
    except Stop as stop:
        sentence = str(stop)
    else:
        sentence = "Sources: read." if to_json(read) == plain else "read as something else"
    assert sentence.startswith("Sources: ")
    assert "\n" not in sentence
