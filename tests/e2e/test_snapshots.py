"""Which block a round reads: with one address silent, stale or lying, and with a chain frozen or dead."""

import logging
from collections.abc import Iterator

import pytest

from ledger_reader.errors import Retry, Stop
from ledger_reader.ledger import ChainBlock
from ledger_reader.reader import block_at_or_before
from ledger_reader.rpc import Rpc
from models.schedule import Schedule
from oracle.devchain.anvil import CHAIN_ID, Anvil
from oracle.snapshots import take_snapshot
from tests.e2e.conftest import anvil_binary, free_port

BLOCKS, LATER = 60, 40


def nothing(_chain_id: int, _number: int) -> ChainBlock | None:
    """A ledger that recorded no block."""
    return None


@pytest.fixture
def chain() -> Iterator[Anvil]:
    anvil_binary()
    with Anvil() as anvil:
        anvil.rpc.call("anvil_mine", [hex(BLOCKS), "0xa"])
        yield anvil


@pytest.fixture
def schedule(chain: Anvil) -> Schedule:
    """Epoch 1 ends 200 s after the chain began: at its twentieth block."""
    return Schedule(CHAIN_ID, bytes(20), chain.start_time, 200)


def right_block(chain: Anvil, schedule: Schedule) -> ChainBlock:
    return block_at_or_before(chain.rpc, CHAIN_ID, schedule.end_of(1), chain.rpc.finalized().of(CHAIN_ID))


def snapshot(
    urls: list[str], schedule: Schedule, frozen_at: int = 0, recorded: ChainBlock | None = None
) -> ChainBlock:
    with Rpc(urls, chain_id=CHAIN_ID, max_lag=2) as rpc:
        found = take_snapshot(
            {CHAIN_ID: rpc},
            {CHAIN_ID: frozen_at},
            schedule,
            1,
            lambda _chain, number: recorded if recorded and recorded.number == number else None,
        )
    return found.of(CHAIN_ID)


def dead() -> str:
    return f"http://127.0.0.1:{free_port()}"


def test_snapshot__no_address_of_a_source_chain__is_one_sentence(schedule: Schedule) -> None:
    with pytest.raises(Stop, match=r"names no RPC address of chain 7; the manifest reads it"):
        take_snapshot({}, {7: 0}, schedule, 1, nothing)


def test_snapshot__an_address_of_another_history__stops_and_names_it(
    chain: Anvil, schedule: Schedule
) -> None:
    with Anvil(start_time=chain.start_time) as liar:
        liar.rpc.call("anvil_setCoinbase", ["0x" + "11" * 20])
        liar.rpc.call("anvil_mine", [hex(BLOCKS), "0xa"])
        assert liar.rpc.block(20).hash != chain.rpc.block(20).hash
        with pytest.raises(Stop, match=rf"{liar.url} has block \d+ .* find out which provider is wrong"):
            snapshot([chain.url, liar.url], schedule)


def test_snapshot__one_address_is_down__is_named_and_the_other_confirms(
    chain: Anvil, schedule: Schedule, caplog: pytest.LogCaptureFixture
) -> None:
    url = dead()
    with caplog.at_level(logging.WARNING, "node"):
        assert snapshot([url, chain.url], schedule) == right_block(chain, schedule)
    assert f"{url} does not confirm block" in caplog.text


def test_snapshot__all_addresses_down__waits(schedule: Schedule) -> None:
    with pytest.raises(Retry):
        snapshot([dead(), dead()], schedule)


def test_snapshot__the_first_address_is_stale__the_other_is_used(chain: Anvil, schedule: Schedule) -> None:
    with Anvil(start_time=chain.start_time) as stale:
        stale.rpc.call("anvil_mine", ["0x5", "0xa"])
        assert snapshot([stale.url, chain.url], schedule) == right_block(chain, schedule)


def test_snapshot__only_a_stale_address__waits(chain: Anvil, schedule: Schedule) -> None:
    with Anvil(start_time=chain.start_time) as stale:
        stale.rpc.call("anvil_mine", ["0x5", "0xa"])
        with pytest.raises(Retry, match="a block later than"):
            snapshot([stale.url], schedule)


def test_snapshot__chain_frozen_before_the_end__is_the_named_block(chain: Anvil, schedule: Schedule) -> None:
    assert snapshot([chain.url], schedule, frozen_at=12) == chain.rpc.block(12).of(CHAIN_ID)


def test_snapshot__chain_frozen_after_the_end__is_the_ends_block(chain: Anvil, schedule: Schedule) -> None:
    assert snapshot([chain.url], schedule, frozen_at=LATER) == right_block(chain, schedule)


def test_snapshot__frozen_chain_that_goes_no_further__needs_no_finality(schedule: Schedule) -> None:
    with Anvil(start_time=schedule.genesis) as halted:
        halted.rpc.call("anvil_mine", ["0x5", "0xa"])
        assert snapshot([halted.url], schedule, frozen_at=5) == halted.rpc.block(5).of(CHAIN_ID)


def test_snapshot__frozen_chain_is_silent__the_ledgers_record_counts(schedule: Schedule) -> None:
    known = ChainBlock(CHAIN_ID, 12, b"\x0c" * 32, schedule.genesis + 120)
    assert snapshot([dead()], schedule, frozen_at=12, recorded=known) == known


def test_snapshot__frozen_chain_is_silent_and_not_recorded__waits(schedule: Schedule) -> None:
    with pytest.raises(Retry, match="frozen at block 12, which no RPC address gives and the ledger has not"):
        snapshot([dead()], schedule, frozen_at=12)
