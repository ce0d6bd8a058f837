import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger_reader.checks import LATEST_RANGES, Checked, Quorum, Receipts, Tally, named
from ledger_reader.errors import Stop
from ledger_reader.rpc import Rpc
from ledger_reader.sources import ChainSources, Source

CHAIN = ChainSources(31_337, (Source("credit_oracle", bytes([0x44]) * 20, 0),), ())
TWO = ["http://127.0.0.1:9", "http://127.0.0.1:10"]


@pytest.mark.parametrize(
    "text", ["yes", "", "Receipts", "receipts=2", "quorum", "quorum=", "quorum=x", "quorum=-2", "quorum=2.0"]
)
def test_named__no_such_check__stop_names_those_there_are(text: str) -> None:
    with Rpc(TWO) as rpc, pytest.raises(Stop, match="--verify takes receipts or quorum=2"):
        named(text, rpc, CHAIN)


@pytest.mark.parametrize("k", ["0", "1", "3", "99999999999999999999"])
def test_named__quorum_that_cannot_be__stop_says_what_it_needs(k: str) -> None:
    with Rpc(TWO) as rpc, pytest.raises(Stop, match=f"A quorum of {k} needs .* 2 given"):
        named(f"quorum={k}", rpc, CHAIN)


def test_named__receipts_of_a_chain_that_encodes_otherwise__stop_names_it() -> None:
    with Rpc(TWO) as rpc, pytest.raises(Stop, match=r"chain 42161 .*Arbitrum.*quorum=2"):
        named("receipts", rpc, ChainSources(42161, CHAIN.sources, ()))


def test_named__what_there_is__made() -> None:
    with Rpc(TWO) as rpc:
        assert named(None, rpc, CHAIN) is None
        assert isinstance(named("receipts", rpc, CHAIN), Receipts)
        assert isinstance(named("quorum=2", rpc, CHAIN), Quorum)
        assert isinstance(named("quorum=2", rpc, ChainSources(42161, CHAIN.sources, ())), Quorum)


@given(
    st.lists(st.builds(Checked, *[st.integers(0, 99)] * 4), max_size=30), st.integers(0, LATEST_RANGES - 1)
)
def test_tally__latest_ranges_read_again__each_counts_once(ranges: list[Checked], again: int) -> None:
    tally = Tally()
    for start, checked in enumerate(ranges):
        tally.add(start, checked)
    for start in range(max(0, len(ranges) - again), len(ranges)):
        tally.add(start, ranges[start])
    assert tally.total() == Checked(
        sum(each.headers for each in ranges),
        sum(each.receipts for each in ranges),
        sum(each.transactions for each in ranges),
        min((each.witnesses for each in ranges), default=0),
    )
