"""The reader against a provider that fails and lies: every class of fault strikes, and the ledger is right.

Each test proves by the proxy's own count that its fault struck. Under HYPOTHESIS_PROFILE=fuzz the storms
are many.
"""

import contextlib
import logging
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger_reader.checks import Quorum, Receipts
from ledger_reader.errors import Retry, Stop
from ledger_reader.ledger import Snapshot
from ledger_reader.pace import Patience
from ledger_reader.reader import RangeCheck, sync
from ledger_reader.rpc import Rpc
from ledger_reader.store import LedgerStore
from tests.e2e.conftest import running_anvil
from tests.e2e.fault_proxy import OF_WIRE, Provider
from tests.e2e.test_reader import (
    ALICE,
    BOB,
    CAROL,
    CHAIN,
    CHAIN_ID,
    ORACLE,
    SENDER,
    SIGNATURES,
    TOKEN,
    log_code,
    words,
)

Rows = list[dict[str, Any]]
BLOCKS = 60
STRANGER = bytes([0x55]) * 20
LIES_IN_LOGS = ["missing_log", "altered_log", "added_log", "altered_with_bloom"]
LIES = [*LIES_IN_LOGS, "missing_receipt", "altered_header", "forged_header"]
"""What one provider's own hashes give away."""

STORMS = 40 if os.environ.get("HYPOTHESIS_PROFILE") == "fuzz" else 3
PATIENT = Patience(tries=6, base_s=0.02, cap_s=0.1)


# ------------------------------------------------------------------ a chain, and its true ledger


def furnish(rpc: Rpc) -> None:
    """Contracts that log their input: transfers and a stranger's (three topics), enrolments (two)."""
    for contract, topics in ((TOKEN, 3), (STRANGER, 3), (ORACLE, 2)):
        rpc.call("anvil_setCode", (f"0x{contract.hex()}", log_code(topics)))
    rpc.call("evm_setAutomine", (False,))


def mine(rpc: Rpc, count: int, chance: random.Random) -> None:
    """Blocks of zero to four logs, some of them a stranger's."""
    for _ in range(count):
        sent = [_a_call(chance) for _ in range(chance.randrange(5))]
        if sent:
            rpc.batch([("eth_sendTransaction", (each,)) for each in sent])
        rpc.call("anvil_mine", ("0x1",))


def _a_call(chance: random.Random) -> dict[str, str]:
    people = [ALICE, BOB, CAROL]
    transfer = SIGNATURES["Transfer"].topic0[2:] + words(
        *chance.sample(people, 2), chance.randrange(10**5, 10**9)
    )
    contract, data = chance.choice(
        [
            (TOKEN, transfer),
            (TOKEN, transfer),
            (STRANGER, transfer),
            (ORACLE, SIGNATURES["Enrolled"].topic0[2:] + words(chance.choice(people))),
        ]
    )
    return {"from": SENDER, "to": f"0x{contract.hex()}", "data": f"0x{data}", "gas": hex(100_000)}


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_anvil() as url, Rpc(url) as rpc:
        furnish(rpc)
        mine(rpc, BLOCKS, random.Random(3))
        yield url


@pytest.fixture(scope="module")
def three(node: str) -> Iterator[tuple[Provider, Provider, Provider]]:
    with Provider(node) as one, Provider(node) as two, Provider(node) as three:
        yield one, two, three


@pytest.fixture
def providers(three: tuple[Provider, Provider, Provider]) -> tuple[Provider, Provider, Provider]:
    """Three honest providers of the node, each a process."""
    for provider in three:
        provider.inject()
    return three


@pytest.fixture(scope="module")
def truth(node: str, tmp_path_factory: pytest.TempPathFactory) -> Rows:
    with LedgerStore(tmp_path_factory.mktemp("truth") / "ledger") as store:
        return ledger_of(store, [node])


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LedgerStore]:
    with LedgerStore(tmp_path / "ledger.duckdb") as opened:
        yield opened


def ledger_of(
    store: LedgerStore,
    urls: list[str],
    verify: str | None = None,
    until: int | None = None,
    timeout_s: float = 10.0,
) -> Rows:
    """The rows after a sync over these addresses, checked as told: None, "receipts", "quorum"."""
    with Rpc(urls, CHAIN_ID, timeout_s, max_response_bytes=10**7, patience=PATIENT) as rpc:
        sync(rpc, store, CHAIN, until, check=check_of(rpc, verify))
    return rows(store)


def check_of(rpc: Rpc, verify: str | None) -> RangeCheck | None:
    if verify is None:
        return None
    return Receipts(rpc, CHAIN) if verify == "receipts" else Quorum(rpc, CHAIN, 2)


def rows(store: LedgerStore) -> Rows:
    head = store.head(CHAIN_ID)
    if head is None:
        return []
    table = store.events(Snapshot((head,)))
    found: Rows = table.order_by(["block_number", "log_index", "leg"]).to_pyarrow().to_pylist()
    return found


def is_start_of(part: Rows, whole: Rows, store: LedgerStore) -> bool:
    """Whether the ledger holds all that is true up to its head, and nothing else."""
    head = store.head(CHAIN_ID)
    return part == [row for row in whole if head is not None and row["block_number"] <= head.number]


# ------------------------------------------------------------------ the wire

Three = tuple[Provider, Provider, Provider]


@pytest.mark.parametrize("fault", sorted(OF_WIRE))
def test_sync__wire_fails__ledger_is_right_after_it(
    fault: str, providers: Three, truth: Rows, store: LedgerStore
) -> None:
    times = 1 if fault == "slow_drip" else 2
    timeout_s = 0.6 if fault in ("slow_drip", "time_out") else 10.0
    providers[0].inject(fault, times=times)
    assert ledger_of(store, [providers[0].url], "receipts", timeout_s=timeout_s) == truth
    assert providers[0].strikes()[fault] == times


@pytest.mark.parametrize("fault", ["time_out", "truncated", "gzip_bomb"])
def test_sync__wire_stays_broken__retry_names_the_provider_and_nothing_is_kept(
    fault: str, providers: Three, store: LedgerStore
) -> None:
    providers[0].inject(fault)
    with pytest.raises(Retry, match=providers[0].url), Rpc(providers[0].url, CHAIN_ID, 1.0, 10**6) as rpc:
        sync(rpc, store, CHAIN)
    assert providers[0].strikes()[fault] >= 1
    assert rows(store) == []


def test_sync__first_provider_broken__second_is_used(
    providers: Three, truth: Rows, store: LedgerStore
) -> None:
    providers[0].inject("cut_off")
    assert ledger_of(store, [each.url for each in providers]) == truth
    assert providers[0].strikes()["cut_off"] >= 1


# ------------------------------------------------------------------ heads


def test_sync__provider_of_another_chain__stop_names_it(providers: Three, store: LedgerStore) -> None:
    providers[0].inject("wrong_chain")
    with pytest.raises(Stop, match=f"{providers[0].url} is a node of chain 5"):
        ledger_of(store, [providers[0].url])
    assert providers[0].strikes()["wrong_chain"] >= 1


def test_sync__head_goes_back__nothing_is_lost(providers: Three, truth: Rows, store: LedgerStore) -> None:
    assert ledger_of(store, [providers[0].url]) == truth
    providers[0].inject("old_head")
    assert ledger_of(store, [providers[0].url]) == truth
    assert providers[0].strikes()["old_head"] >= 1


def test_sync__head_is_old_at_first__read_on_when_it_is_new(
    providers: Three, truth: Rows, store: LedgerStore
) -> None:
    providers[0].inject("old_head", times=1)
    first = ledger_of(store, [providers[0].url], "receipts")
    assert providers[0].strikes()["old_head"] == 1
    assert len(first) < len(truth)
    assert is_start_of(first, truth, store)
    assert ledger_of(store, [providers[0].url], "receipts") == truth


def test_sync__first_provider_stalls__the_second_ones_head_is_read(store: LedgerStore) -> None:
    with running_anvil() as own, Rpc(own) as rpc, Provider(own) as stalled:
        furnish(rpc)
        stalled.inject("stalled_head")
        mine(rpc, 5, random.Random(5))
        ledger_of(store, [stalled.url, own])
        rpc.call("anvil_mine", (hex(120),))
        mine(rpc, 5, random.Random(6))
        ledger_of(store, [stalled.url, own])
        assert stalled.strikes()["stalled_head"] >= 1
        assert store.head(CHAIN_ID) == rpc.finalized().of(CHAIN_ID)


# ------------------------------------------------------------------ lies


@pytest.mark.parametrize("lie", LIES)
def test_sync__verified_and_the_provider_lies__named_and_nothing_false_is_kept(
    lie: str, providers: Three, truth: Rows, store: LedgerStore
) -> None:
    liar = providers[0]
    liar.inject(lie)
    with pytest.raises(Retry, match=liar.url) as caught:
        ledger_of(store, [liar.url], "receipts")
    assert liar.strikes()[lie] >= 1
    assert any(word in str(caught.value) for word in ("was caught", "changed its mind", "reorganised"))
    assert is_start_of(rows(store), truth, store)
    liar.inject()
    assert ledger_of(store, [liar.url], "receipts") == truth


@pytest.mark.parametrize("lie", [lie for lie in LIES if lie != "forged_header"])
def test_sync__verified_and_one_of_two_lies__the_other_is_read_and_only_the_liar_is_named(
    lie: str, providers: Three, truth: Rows, store: LedgerStore, caplog: pytest.LogCaptureFixture
) -> None:
    liar, good, _ = providers
    liar.inject(lie)
    with caplog.at_level(logging.WARNING):
        assert ledger_of(store, [liar.url, good.url], "receipts") == truth
    assert liar.strikes()[lie] >= 1
    assert good.url not in caplog.text


@pytest.mark.parametrize("lie", ["forged_header", "forged_chain"])
def test_sync__verified_and_one_of_two_forges_hashes__retry_names_both(
    lie: str, providers: Three, truth: Rows, store: LedgerStore
) -> None:
    """One voice against one: nobody can say who lies."""
    forger, good, _ = providers
    forger.inject(lie)
    with pytest.raises(Retry) as caught:
        ledger_of(store, [forger.url, good.url], "receipts")
    assert forger.strikes()[lie] >= 1
    assert all(url in str(caught.value) for url in (forger.url, good.url))
    assert is_start_of(rows(store), truth, store)


@pytest.mark.parametrize("lie", ["forged_header", "forged_chain"])
@pytest.mark.parametrize("place", [0, 2])
def test_sync__verified_and_one_of_three_forges_hashes__outvoted(
    lie: str, place: int, providers: Three, truth: Rows, store: LedgerStore, caplog: pytest.LogCaptureFixture
) -> None:
    providers[place].inject(lie)
    with caplog.at_level(logging.WARNING):
        assert ledger_of(store, [each.url for each in providers], "receipts") == truth
    assert providers[place].strikes()[lie] >= 1
    assert providers[place].url in caplog.text


def test_sync__verified_and_the_only_provider_forges_a_whole_chain__believed(
    providers: Three, truth: Rows, store: LedgerStore
) -> None:
    """What a second operator is for: docs/verified-reading.md says so."""
    providers[0].inject("forged_chain")
    assert ledger_of(store, [providers[0].url], "receipts") != truth
    assert providers[0].strikes()["forged_chain"] >= 1


@pytest.mark.parametrize("lie", LIES_IN_LOGS)
def test_sync__quorum_of_two_among_three__the_liar_is_named_and_outvoted(
    lie: str, providers: Three, truth: Rows, store: LedgerStore, caplog: pytest.LogCaptureFixture
) -> None:
    liar = providers[0]
    liar.inject(lie)
    with caplog.at_level(logging.WARNING):
        assert ledger_of(store, [each.url for each in providers], "quorum") == truth
    assert liar.strikes()[lie] >= 1
    assert f"Not all agree with {liar.url}" in caplog.text


def test_sync__quorum_cannot_be_had__retry_names_both(providers: Three, store: LedgerStore) -> None:
    liar, good, _ = providers
    liar.inject("missing_log")
    with pytest.raises(Retry, match="has 1 of 2 voices") as caught:
        ledger_of(store, [liar.url, good.url], "quorum")
    assert liar.url in str(caught.value)
    assert good.url in str(caught.value)
    assert liar.strikes()["missing_log"] >= 1
    assert rows(store) == []


def test_sync__not_verified_and_the_provider_lies__believed(
    providers: Three, truth: Rows, store: LedgerStore
) -> None:
    """Why there is a verified mode."""
    providers[0].inject("altered_with_bloom")
    assert ledger_of(store, [providers[0].url]) != truth
    assert providers[0].strikes()["altered_with_bloom"] >= 1


# ------------------------------------------------------------------ storms


@pytest.mark.parametrize("seed", range(STORMS))
def test_sync__a_storm_of_all_faults__ledger_is_right_once_it_heals(
    seed: int, providers: Three, truth: Rows, store: LedgerStore
) -> None:
    chance = random.Random(seed)
    fast = sorted(set(OF_WIRE) - {"slow_drip", "time_out", "too_many_for_a_while"})
    urls = [each.url for each in providers[:2]]
    for provider in providers[:2]:
        faults = (*chance.sample(LIES, 2), *chance.sample(fast, 2), "old_head")
        provider.inject(*faults, rate=0.15, seed=chance.randrange(10**6))
    for until in sorted(chance.sample(range(BLOCKS - 2), 4)):
        with contextlib.suppress(Retry):
            ledger_of(store, urls, "receipts", until)
        assert is_start_of(rows(store), truth, store)
    assert providers[0].strikes() + providers[1].strikes()
    for provider in providers:
        provider.inject()
    assert ledger_of(store, urls, "receipts") == truth
