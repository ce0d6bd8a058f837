"""Payments, links and disputes on a chain: every call, signed as wallets sign, and its rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_account import Account

from ledger_reader.keccak import keccak256
from ledger_reader.ledger import Snapshot
from ledger_reader.reader import sync
from ledger_reader.sources import Asset, ChainSources, Source
from ledger_reader.store import LedgerStore
from oracle.contract import load_abi
from oracle.devchain.anvil import Anvil, Transaction
from oracle.devchain.people import demo_address, demo_key
from tests.e2e.conftest import anvil_binary

ANN, BEN, CAT, RELAYER, ARBITER = (demo_address(name) for name in ("Mei", "Bo", "Kai", "relayer", "arbiter"))
KEYS = {demo_address(name): demo_key(name) for name in ("Mei", "Bo", "Kai")}
DOLLAR, DELAY, LATE = 10**6, 600, 2**47 - 1
MEMO, FACT, OTHER_FACT = (keccak256(text) for text in (b"salt and memo", b"fact", b"other fact"))
WAGE, RENT, REMITTANCE, TRADE, OTHER = 1, 2, 3, 4, 5
ORDER = (
    "address payer,address payee,address coin,uint256 amount,uint8 purpose,bytes32 memoHash,uint256 nonce,"
    "uint64 deadline,address relayer"
)
PERMIT = "address owner,address spender,uint256 value,uint256 nonce,uint256 deadline"
AUTHORIZATION = "address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce"
LINK = "address wallet,address with,uint256 nonce,uint64 deadline"
DISPUTE = "address account,bytes32 factId,bytes32 wordsHash,uint256 nonce,uint64 deadline"


@dataclass(frozen=True)
class Town:
    """A chain with a coin of which Ann has a thousand, and the three contracts."""

    chain: Anvil
    coin: bytes
    payments: bytes
    links: bytes
    disputes: bytes

    def send(self, sender: bytes, contract: bytes, function: str, *values: Any) -> None:
        """One call in a block of its own."""
        data = self.data(contract, function, values)
        self.chain.mine_block([Transaction(sender, contract, data)])

    def ask(self, contract: bytes, function: str, *values: Any) -> bytes:
        """The first word that a view gives."""
        call = {"to": f"0x{contract.hex()}", "data": f"0x{self.data(contract, function, values).hex()}"}
        return bytes.fromhex(self.chain.rpc.call("eth_call", [call, "latest"])[2:66])

    def data(self, contract: bytes, function: str, values: Any) -> bytes:
        found = load_abi(self.name_of(contract)).functions[function]
        return found.id + encode(found.inputs, values)

    def signed(self, signer: bytes, contract: bytes, kind: str, fields: str, *values: Any) -> bytes:
        """65 bytes over typed data, as a wallet makes them."""
        name = self.name_of(contract)
        domain = {
            "name": "Development USD" if name == "DevCoin" else name,
            "version": "1",
            "chainId": self.chain.chain_id,
            "verifyingContract": f"0x{contract.hex()}",
        }
        types = [dict(zip(("type", "name"), field.split(), strict=True)) for field in fields.split(",")]
        told = {t["name"]: _plain(value) for t, value in zip(types, values, strict=True)}
        made = Account.sign_typed_data(KEYS[signer], domain, {kind: types}, told)
        return bytes(made.signature)

    def name_of(self, contract: bytes) -> str:
        names = {self.coin: "DevCoin", self.payments: "Payments", self.links: "WalletLinks"}
        return names.get(contract, "Disputes")


def _plain(value: Any) -> Any:
    return f"0x{value.hex()}" if isinstance(value, bytes) and len(value) == 20 else value


def created(chain: Anvil, name: str, kinds: tuple[str, ...] = (), values: tuple[Any, ...] = ()) -> bytes:
    code = load_abi(name).bytecode + encode(kinds, values)
    (receipt,) = chain.mine_block([Transaction(ARBITER, None, code, gas=5_000_000)])
    assert receipt.created is not None
    return receipt.created


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    anvil_binary()
    with Anvil() as chain:
        coin, payments = created(chain, "DevCoin"), created(chain, "Payments")
        links = created(chain, "WalletLinks", ("uint64",), (DELAY,))
        words = (ARBITER, ARBITER, 9, 86_400)
        disputes = created(chain, "Disputes", ("address", "address", "uint64", "uint64"), words)
        made = Town(chain, coin, payments, links, disputes)
        made.send(ARBITER, coin, "mint", ANN, 1_000 * DOLLAR)
        yield made


@pytest.fixture(scope="module")
def rows(town: Town, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The ledger of everything that the town does."""
    pay(town)
    link(town)
    dispute(town)
    town.chain.advance_to(town.chain.now() + 60)
    sources = ChainSources(
        town.chain.chain_id,
        (
            Source("erc20", town.coin, 0),
            Source("payments", town.payments, 0),
            Source("wallet_links", town.links, 0),
            Source("disputes", town.disputes, 0),
        ),
        (Asset(town.coin, "devUSD", 6, pin_cents=100),),
    )
    path: Path = tmp_path_factory.mktemp("people") / "ledger.duckdb"
    with LedgerStore(path) as store:
        head = sync(town.chain.rpc, store, sources)
        found = store.events(Snapshot((head,))).to_pyarrow().to_pylist()
    return sorted(found, key=lambda row: (row["block_number"], row["log_index"], row["leg"]))


def pay(town: Town) -> None:
    """Ann pays Ben 1, 2, 3, 4 and 5 dollars, once in each way."""
    coin, payments = town.coin, town.payments

    def order(dollars: int, purpose: int, nonce: int) -> tuple[Any, ...]:
        return (ANN, BEN, coin, dollars * DOLLAR, purpose, MEMO, nonce, LATE, RELAYER)

    def permit(dollars: int, nonce: int) -> tuple[int, int, bytes, bytes]:
        words = (ANN, payments, dollars * DOLLAR, nonce, LATE)
        signature = town.signed(ANN, coin, "Permit", PERMIT, *words)
        return LATE, signature[64], signature[:32], signature[32:64]

    town.send(ANN, coin, "approve", payments, 1 * DOLLAR)
    town.send(ANN, payments, "pay", coin, BEN, 1 * DOLLAR, WAGE, MEMO)
    town.send(ANN, payments, "payWithPermit", coin, BEN, 2 * DOLLAR, RENT, MEMO, *permit(2, 0))

    town.send(ANN, coin, "approve", payments, 3 * DOLLAR)
    third = order(3, REMITTANCE, 0)
    town.send(RELAYER, payments, "payFor", third, town.signed(ANN, payments, "Order", ORDER, *third))

    fourth = order(4, TRADE, 1)
    signature = town.signed(ANN, payments, "Order", ORDER, *fourth)
    town.send(RELAYER, payments, "payForWithPermit", fourth, signature, permit(4, 1))

    fifth = order(5, OTHER, 0)
    nonce = town.ask(payments, "authorizationNonceOf", fifth, MEMO)
    words = (ANN, BEN, 5 * DOLLAR, 0, LATE, nonce)
    signature = town.signed(ANN, coin, "TransferWithAuthorization", AUTHORIZATION, *words)
    town.send(RELAYER, payments, "payForWithAuthorization", fifth, 0, MEMO, signature)


def link(town: Town) -> None:
    """Ann calls with Ben's word; a relayer brings Cat into it; Ann leaves, then Ben, and with him Cat."""
    word = town.signed(BEN, town.links, "Link", LINK, BEN, ANN, 0, LATE)
    town.send(ANN, town.links, "link", BEN, LATE, word)
    of_ben = town.signed(BEN, town.links, "Link", LINK, BEN, CAT, 1, LATE)
    of_cat = town.signed(CAT, town.links, "Link", LINK, CAT, BEN, 0, LATE)
    town.send(RELAYER, town.links, "linkFor", BEN, CAT, LATE, of_ben, of_cat)
    town.send(ANN, town.links, "unlink")
    town.send(BEN, town.links, "unlink")


def dispute(town: Town) -> None:
    """Ann disputes two facts, one through a relayer; one is upheld, the other not confirmed and withdrawn."""
    contract = town.disputes
    town.send(ANN, contract, "dispute", FACT, MEMO)
    word = town.signed(ANN, contract, "Dispute", DISPUTE, ANN, OTHER_FACT, MEMO, 0, LATE)
    town.send(RELAYER, contract, "disputeFor", ANN, OTHER_FACT, MEMO, LATE, word)
    town.send(ARBITER, contract, "decide", ANN, FACT, 1, MEMO)
    town.send(ARBITER, contract, "decide", ANN, OTHER_FACT, 3, MEMO)
    town.send(ANN, contract, "withdrawDispute", OTHER_FACT)


def test_sync__of_payments__is_each_transfer_and_what_it_was_for(
    town: Town, rows: list[dict[str, Any]]
) -> None:
    purposes = [row for row in rows if row["kind"] == "purpose"]
    assert [(row["value_cents"], int.from_bytes(row["loan_id"])) for row in purposes] == [
        (100, WAGE),
        (200, RENT),
        (300, REMITTANCE),
        (400, TRADE),
        (500, OTHER),
    ]
    assert {(row["account"], row["counterparty"], row["asset"]) for row in purposes} == {
        (ANN, BEN, town.coin)
    }
    sent = [row for row in rows if row["kind"] == "transfer_out"]
    assert [(r["tx_hash"], r["account"], r["counterparty"], r["amount"]) for r in sent] == [
        (r["tx_hash"], ANN, BEN, r["amount"]) for r in purposes
    ]


def test_sync__of_links__is_who_is_in_the_person_until_when(town: Town, rows: list[dict[str, Any]]) -> None:
    person = keccak256(encode(["uint256", "address", "uint256"], [town.chain.chain_id, town.links, 1]))
    found = [row for row in rows if row["protocol"] == "wallet_links"]
    assert {row["loan_id"] for row in found} == {person}
    assert [(row["kind"], row["account"], row["counterparty"]) for row in found] == [
        ("linked", ANN, BEN),
        ("linked", BEN, ANN),
        ("linked", CAT, BEN),
        ("unlinked", ANN, None),
        ("unlinked", BEN, None),
        ("unlinked", CAT, None),
    ]
    assert all(row["due_time"] == row["block_time"] + DELAY for row in found if row["kind"] == "unlinked")


def test_sync__of_disputes__is_each_step_of_the_fact(rows: list[dict[str, Any]]) -> None:
    found = [row for row in rows if row["protocol"] == "disputes"]
    assert {row["account"] for row in found} == {ANN}
    assert [(row["kind"], row["loan_id"], row["amount"] and int(row["amount"])) for row in found] == [
        ("disputed", FACT, None),
        ("disputed", OTHER_FACT, None),
        ("dispute_decided", FACT, 1),
        ("dispute_decided", OTHER_FACT, 3),
        ("dispute_decided", OTHER_FACT, 4),
    ]
