"""Refusals in the providers' own words, and the planner that learns from them."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger_reader.ranges import Refusal, Widths, refusal

START, END = 1000, 1_001_000
"""What was asked for in the table; providers that propose a range propose 1000 to 1999."""

BY_BLOCKS, BY_RESULTS = Refusal(), Refusal(is_of_results=True)
UNTIL_1999 = Refusal(until=1999, is_of_results=True)

SAID = [
    ("Alchemy", "You can make eth_getLogs requests with up to a 500 block range. Based on your parameters,"
     " this block range should work: [0x3e8, 0x5db]", Refusal(500, 1499)),
    ("Alchemy, free", "Under the Free tier plan, you can make eth_getLogs requests with up to a 10 block"
     " range. Based on your parameters, this block range should work: [0x3e8, 0x3f1].", Refusal(10, 1009)),
    ("Alchemy, results", "Log response size exceeded. You can make eth_getLogs requests with up to a 2K block"
     " range and no limit on the response size, or you can request any block range with a cap of 10K logs in"
     " the response. Based on your parameters and the response size limit, this block range should work:"
     " [0x3e8, 0x7cf]", UNTIL_1999),
    ("Infura, results", "query returned more than 10000 results. Try with this block range [0x3e8, 0x7cf].",
     UNTIL_1999),
    ("Infura, data", 'more than 10000 results {"from": "0x3E8", "limit": 10000, "to": "0x7CF"}',
     UNTIL_1999),
    ("Infura, range", "range 1000000 exceeds limit of 10000", Refusal(10_000)),
    ("QuickNode", "eth_getLogs is limited to a 10,000 range", Refusal(10_000)),
    ("QuickNode, older", "eth_getLogs and eth_newFilter are limited to a 10,000 blocks range",
     Refusal(10_000)),
    ("Ankr", "block range is too wide", BY_BLOCKS),
    ("BlockPI", "eth_getLogs is limited to 1024 block range. Please check the parameter requirements",
     Refusal(1024)),
    ("Blast", "block range exceeds the range allowed for your plan (1000001 > 5000)", Refusal(5000)),
    ("Chainstack", "Block range limit exceeded. See more details in the documentation", BY_BLOCKS),
    ("Cloudflare", "Max range: 800", Refusal(800)),
    ("dRPC", "ranges over 10000 blocks are not supported on freetier", Refusal(10_000)),
    ("Tenderly", 'invalid params {"error_id": "4ed94073-0317", "payload": "range 1000000 is bigger than range'
     ' limit 2000"}', Refusal(2000)),
    ("thirdweb", "Maximum allowed number of requested blocks is 1000", Refusal(1000)),
    ("geth", "exceed maximum block range: 5000", Refusal(5000)),
    ("Erigon", "query block range exceeds server limit, narrow your filter: 1000", Refusal(1000)),
    ("Erigon, results", "query returns too many logs, narrow your filter: 20000", BY_RESULTS),
    ("Erigon, time", "query timeout exceeded", BY_RESULTS),
    ("Reth", "query exceeds max block range 100000", Refusal(100_000)),
    ("Reth, results", "query exceeds max results 20000, retry with the range 1000-1999", UNTIL_1999),
    ("Nethermind", "Too many logs requested. Max logs per response is 20000.", BY_RESULTS),
    ("Nethermind, time", "Request was canceled due to enabled timeout.", BY_RESULTS),
    ("Besu", "Requested range exceeds maximum RPC range limit", BY_BLOCKS),
    ("Nitro", "logs matched by query exceeds limit of 10000", BY_RESULTS),
    ("BNB Chain", "limit exceeded", BY_BLOCKS),
    ("Polygon", "eth_getLogs block range too large, range: 1000000, max: 3500", Refusal(3500)),
    ("Polygon, public", "Block range is too large", BY_BLOCKS),
    ("Polygon zkEVM", "logs are limited to a 10000 block range", Refusal(10_000)),
    ("cdk-erigon", "block range too large, max range: 1000", Refusal(1000)),
    ("Optimism", "backend response too large", BY_RESULTS),
    ("Scroll", "block range is bigger than maxBlockRange", BY_BLOCKS),
    ("Morph", "block range is larger than max block range, block range = 1000001, max block range = 5000",
     Refusal(5000)),
    ("Avalanche", "requested too many blocks from 1000 to 1001000, maximum is set to 2048", Refusal(2048)),
    ("Moonbeam", "block range is too wide (maximum 1024)", Refusal(1024)),
    ("Sei", "block range too large (2000), maximum allowed is 1000 blocks", Refusal(1000)),
    ("Ethermint", "maximum [from, to] blocks distance: 10000", Refusal(10_000)),
    ("Harmony", "query must be smaller than size 1024", Refusal(1024)),
    ("MegaETH", "requested range too large", BY_BLOCKS),
    ("Candle", "block range too high", BY_BLOCKS),
    ("size limit of our own", "response size: more than 268435456 bytes", BY_RESULTS),
]  # fmt: skip


@pytest.mark.parametrize(
    "words",
    [
        "",
        "execution reverted",
        "the method eth_getLogs does not exist/is not available",
        "header not found",
        "missing trie node 5f1c",
        "invalid argument 0: hex string without 0x prefix",
        "unauthorized",
    ],
)
def test_refusal__of_another_kind__is_none(words: str) -> None:
    assert refusal(words, START, END) is None


@pytest.mark.parametrize(("words", "expected"), [case[1:] for case in SAID], ids=[case[0] for case in SAID])
def test_refusal__in_a_providers_words__is_understood(words: str, expected: Refusal) -> None:
    assert refusal(words, START, END) == expected


@pytest.mark.parametrize(
    "words",
    [
        "too many results, try with this block range [0x3e7, 0x7cf]",
        "too many results, try with this block range [0x3e8, 0x3e7]",
        "too many results, try with this block range [0x3e8, 0xf4628]",
        "too many results, try with this block range [0x3e8, 0xffffffffffffffffffff]",
        "too many results, retry with the range 007-0008",
        "exceed maximum block range: 0",
        "exceed maximum block range: 1000001",
    ],
)
def test_refusal__proposes_what_cannot_be__is_halved(words: str) -> None:
    said = refusal(words, START, END)
    assert said is not None
    assert (said.widest, said.until) == (None, None)


@given(st.text(max_size=200), st.integers(0, 2**40), st.integers(1, 2**40))
def test_refusal__any_words__never_raises_and_never_widens(words: str, start: int, width: int) -> None:
    said = refusal(f"too many {words}", start, start + width)
    assert said is not None
    assert said.widest is None or 1 <= said.widest <= width
    assert said.until is None or start <= said.until < start + width


# ------------------------------------------------------------------ the planner


def covered(
    widths: Widths, start: int, goal: int, provider: Callable[[int, int], Refusal | None]
) -> list[int]:
    """The blocks that were answered, in order; fails when a provider has to be asked for ever."""
    seen: list[int] = []
    for _ in range(20 * (goal - start + 1) + 100):
        if start > goal:
            return seen
        end = widths.end(start, goal)
        assert start <= end <= goal
        said = provider(start, end) if end > start else None
        if said is None:
            widths.answered(start, end)
            seen += range(start, end + 1)
            start = end + 1
        else:
            widths.refused(start, end, said)
            assert widths.end(start, goal) < end
    raise AssertionError(f"not done at block {start}")


refusals = st.builds(
    Refusal,
    st.none() | st.integers(1, 400),
    st.none() | st.integers(0, 400),
    st.booleans(),
)


@given(st.integers(0, 10**9), st.integers(1, 300), st.lists(st.none() | refusals, max_size=60))
def test_widths__whatever_is_refused__each_block_once_and_in_order(
    start: int, blocks: int, moods: list[Refusal | None]
) -> None:
    left = iter(moods)

    def moody(first: int, last: int) -> Refusal | None:
        said = next(left, None)
        if said is None:
            return None
        asked = last - first + 1
        widest = None if said.widest is None or said.widest >= asked else said.widest
        until = None if said.until is None or first + said.until >= last else first + said.until
        return Refusal(widest, until, said.is_of_results)

    assert covered(Widths(), start, start + blocks - 1, moody) == list(range(start, start + blocks))


@given(st.integers(1, 200), st.booleans())
def test_widths__fixed_limit__is_found_and_hardly_passed_again(limit: int, is_told: bool) -> None:
    widths, refused = Widths(), list[int]()

    def strict(first: int, last: int) -> Refusal | None:
        if last - first + 1 <= limit:
            return None
        refused.append(last - first + 1)
        return Refusal(limit if is_told else None)

    covered(widths, 0, 40 * limit + 400, strict)
    assert len(refused) == 1 if is_told else len(refused) <= 24
    del refused[:]
    covered(widths, 0, 10 * limit + 200, strict)
    assert len(refused) <= 1
    assert widths.end(0, 10**9) + 1 >= limit - limit // 8 - 1


@given(st.lists(st.integers(0, 50), min_size=1, max_size=300))
def test_widths__limit_on_results__grows_again_where_there_are_few(logs: list[int]) -> None:
    def full(first: int, last: int) -> Refusal | None:
        return Refusal(is_of_results=True) if sum(logs[first : last + 1]) > 60 else None

    assert covered(Widths(), 0, len(logs) - 1, full) == list(range(len(logs)))
    sparse = Widths()
    sparse.refused(0, 999, BY_RESULTS)
    covered(sparse, 0, 20_000, lambda _first, _last: None)
    assert sparse.end(0, 10**6) > 2_000
