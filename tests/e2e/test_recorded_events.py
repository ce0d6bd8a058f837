"""Recorded events of Compound v2 and Aave v2, put on a development chain and read back as they were recorded.

The records name what happened, not the bytes: the logs are made from them by the events' signatures, many
to a block. Times are not reproduced. What the records lack (minted cTokens, rates) is 0.
"""

import csv
import gzip
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pytest
from eth_abi.abi import encode

from ledger_reader.keccak import keccak256
from ledger_reader.ledger import MAX_AMOUNT, Snapshot
from ledger_reader.logs import RawLog
from ledger_reader.reader import sync
from ledger_reader.sources import Asset, ChainSources, Source
from ledger_reader.store import LedgerStore
from oracle.contract import load_abi
from oracle.devchain.anvil import Anvil, Transaction
from tests.e2e.conftest import anvil_binary
from tests.ledger_reader.meanings import ANN, log_of

DATA = Path(__file__).parents[3] / "shared" / "data"
LOGS_A_CALL, CALLS_A_BLOCK = 50, 10
GAS = 8_000_000

LENDING_POOL = bytes.fromhex("8dff5e27ea6b7ac08ebfdf9eb090f32ee9a30fcf")


class Fact(NamedTuple):
    """What a row of the ledger must say."""

    kind: str
    account: bytes
    counterparty: bytes | None
    asset: bytes
    amount: int


def of_data(folder: str) -> Path:
    path = DATA / folder
    if not path.is_dir():
        pytest.skip(f"the data set {folder} is not beside the checkout")
    return path


def unhex(text: str) -> bytes:
    return bytes.fromhex(text[2:])


T = TypeVar("T")


def batched(items: Sequence[T], size: int) -> list[Sequence[T]]:
    return [items[start : start + size] for start in range(0, len(items), size)]


def emit(chain: Anvil, logs: dict[bytes, list[RawLog]]) -> None:
    """All logs of each contract, in order, many to a block."""
    replay_all = load_abi("LogReplayer").functions["replayAll"]
    calls = []
    for address, own in logs.items():
        chain.set_code(address, load_abi("LogReplayer").runtime)
        for some in batched(own, LOGS_A_CALL):
            told = [([unhex(topic) for topic in log.topics], unhex(log.data)) for log in some]
            data = replay_all.id + encode(replay_all.inputs, (told,))
            calls.append(Transaction(ANN, address, data, gas=GAS))
    for block in batched(calls, CALLS_A_BLOCK):
        assert all(receipt.succeeded for receipt in chain.mine_block(list(block)))


def read_back(chain: Anvil, sources: ChainSources, path: Path) -> list[dict[str, Any]]:
    chain.advance_to(chain.now() + 60)
    with LedgerStore(path) as store:
        head = sync(chain.rpc, store, sources)
        found: list[dict[str, Any]] = store.events(Snapshot((head,))).to_pyarrow().to_pylist()
    return found


def facts(rows: Sequence[dict[str, Any]]) -> Counter[Fact]:
    return Counter(
        Fact(row["kind"], row["account"], row["counterparty"], row["asset"], int(row["amount"]))
        for row in rows
    )


# ------------------------------------------------------------------ Compound v2


def compound_records(name: str) -> Iterator[dict[str, str]]:
    with gzip.open(of_data("compound_v2_2019_events") / name, "rt", encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)


def c_token(asset: bytes) -> bytes:
    """An address for the market of an asset."""
    return keccak256(b"cToken" + asset)[12:]


@pytest.mark.data
def test_sync__compound_deposits_and_borrows__reads_back_as_recorded(tmp_path: Path) -> None:
    logs, expected = defaultdict(list), Counter[Fact]()
    for name, event, kind in (("deposits.csv.gz", "Mint", "deposit"), ("borrows.csv.gz", "Borrow", "borrow")):
        for record in compound_records(name):
            account, asset, amount = (
                unhex(record["account_id"]),
                unhex(record["asset_id"]),
                int(record["amount"]),
            )
            zeros = (0,) if event == "Mint" else (0, 0)
            logs[c_token(asset)].append(log_of("compound_v2", event, account, amount, *zeros))
            if amount:
                expected[Fact(kind, account, None, asset, min(amount, MAX_AMOUNT))] += 1
    assert expected.total() > 19_000
    assets = sorted({fact.asset for fact in expected})
    anvil_binary()
    with Anvil() as chain:
        emit(chain, logs)
        sources = ChainSources(
            chain.chain_id,
            tuple(Source("compound_v2", c_token(asset), 0, asset) for asset in assets),
            tuple(Asset(asset, "T", 18) for asset in assets),
        )
        rows = read_back(chain, sources, tmp_path / "ledger.duckdb")
    assert facts(rows) == expected
    for row in rows:
        debt = c_token(row["asset"]).rjust(32, b"\0") if row["kind"] == "borrow" else None
        assert row["loan_id"] == debt


# ------------------------------------------------------------------ Aave v2


def aave_log(action: str, told: dict[str, Any]) -> tuple[RawLog, Fact]:
    """The log of one record, and what it means."""
    user = unhex(told["userId"])
    if action == "liquidationcall":
        by, debt = unhex(told["liquidatorId"]), unhex(told["principalReserveId"])
        seized, amount = unhex(told["collateralReserveId"]), int(told["principalAmount"])
        words = (seized, debt, user, amount, int(told["collateralAmount"]), by, 0)
        return log_of("aave_v2", "LiquidationCall", *words), Fact("liquidation", user, by, debt, amount)
    reserve, amount = unhex(told["poolId"]), int(told["amount"])
    if action == "deposit":
        return _own("Deposit", "deposit", user, user, reserve, amount, user, user, amount, 0)
    if action == "redeemunderlying":
        other = unhex(told["toId"])
        return _own("Withdraw", "withdraw", user, other, reserve, amount, user, other, amount)
    if action == "borrow":
        other, rate = unhex(told["callerId"]), int(told["borrowRate"])
        return _own("Borrow", "borrow", user, other, reserve, amount, other, user, amount, 2, rate, 0)
    other = unhex(told["repayerId"])
    return _own("Repay", "repay", user, other, reserve, amount, user, other, amount)


def _own(
    name: str, kind: str, user: bytes, other: bytes, reserve: bytes, amount: int, *words: int | bytes
) -> tuple[RawLog, Fact]:
    fact = Fact(kind, user, None if other == user else other, reserve, min(amount, MAX_AMOUNT))
    return log_of("aave_v2", name, reserve, *words), fact


@pytest.mark.data
def test_sync__aave_events_of_eighteen_wallets__reads_back_as_recorded(tmp_path: Path) -> None:
    path = of_data("aave_v2_polygon_events_sample") / "user-wallet-transactions.json.gz"
    with gzip.open(path, "rt", encoding="utf-8") as file:
        told = [aave_log(record["action"], record["actionData"]) for record in json.load(file)]
    assert len(told) == 1_724
    expected = Counter(fact for _, fact in told if fact.amount)
    assets = sorted({fact.asset for fact in expected})
    anvil_binary()
    with Anvil() as chain:
        emit(chain, {LENDING_POOL: [log for log, _ in told]})
        sources = ChainSources(
            chain.chain_id,
            (Source("aave_v2", LENDING_POOL, 0),),
            tuple(Asset(asset, "T", 18) for asset in assets),
        )
        rows = read_back(chain, sources, tmp_path / "ledger.duckdb")
    assert facts(rows) == expected
    assert {row["kind"] for row in rows} == {"deposit", "withdraw", "borrow", "repay", "liquidation"}
    debts = {row["loan_id"] for row in rows if row["kind"] in ("borrow", "repay", "liquidation")}
    assert debts <= {LENDING_POOL[:12] + asset for asset in assets}
