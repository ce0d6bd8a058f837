"""Every event of Receivables on a chain, each by its verb, and the rows that the reader makes of it.

One invoice is told, accepted by signature, split, assigned, financed and paid; one committed, disputed and
voided; one committed, opened, accepted and credited.
"""

from dataclasses import dataclass
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_account import Account
from eth_account.messages import encode_typed_data

from ledger_reader.keccak import keccak256
from ledger_reader.ledger import Snapshot
from ledger_reader.reader import sync
from ledger_reader.sources import Asset, ChainSources, Source
from ledger_reader.store import LedgerStore
from oracle.contract import Contract, load_abi
from oracle.devchain.anvil import Anvil, Transaction
from oracle.devchain.deploy import DAY, DOLLAR
from tests.e2e.conftest import anvil_binary

BUYER_KEY = keccak256(b"the buyer's key")
BUYER = bytes.fromhex(Account.from_key(BUYER_KEY).address[2:])
SUPPLIER, ANN, BEN, FINANCIER, RELAYER = (bytes([n]) * 20 for n in (0x51, 0xA1, 0xB0, 0xF1, 0x4E))
SALT, REASON, NOTE, NO_LINKS = b"\x05" * 32, keccak256(b"never delivered"), keccak256(b"note"), bytes(20)

Row = tuple[str, bytes, bytes | None, int | None, bytes, int | None]
"""Kind, account, counterparty, amount in raw units, loan id, due time."""


@dataclass(frozen=True)
class Played:
    """What a chain was played: where, when invoices are due, the rows read back, and who has how much."""

    due: int
    rows: list[dict[str, Any]]
    balances: dict[bytes, int]


def invoice_id(document: bytes) -> bytes:
    return keccak256(encode(["address", "address", "bytes32"], [SUPPLIER, BUYER, document]))


ONE, TWO, THREE = (keccak256(b"document %d" % number) for number in (1, 2, 3))
TOLD, VOIDED, CREDITED = map(invoice_id, (ONE, TWO, THREE))


def create(chain: Anvil, name: str, arguments: bytes = b"") -> Contract:
    creation = Transaction(RELAYER, None, load_abi(name).bytecode + arguments, gas=8_000_000)
    (receipt,) = chain.mine_block([creation])
    assert receipt.created is not None
    return Contract(chain.rpc, name, receipt.created)


def acceptance(chain: Anvil, contract: Contract, currency: bytes, due: int) -> bytes:
    """The buyer's signature under what it owes, for anyone to bring."""
    fields = (
        ("bytes32", "invoiceId", TOLD),
        ("address", "supplier", f"0x{SUPPLIER.hex()}"),
        ("address", "buyer", f"0x{BUYER.hex()}"),
        ("address", "currency", f"0x{currency.hex()}"),
        ("uint256", "amount", 100 * DOLLAR),
        ("uint64", "dueTime", due),
        ("bool", "disputed", False),
        ("uint64", "deadline", due),
    )
    domain = {
        "name": "Receivables",
        "version": "1",
        "chainId": chain.chain_id,
        "verifyingContract": f"0x{contract.address.hex()}",
    }
    types = {"Acceptance": [{"name": name, "type": kind} for kind, name, _ in fields]}
    message = encode_typed_data(domain, types, {name: value for _, name, value in fields})
    return bytes(Account.sign_message(message, BUYER_KEY).signature)


def play(chain: Anvil, coin: Contract, contract: Contract, due: int) -> None:
    """All verbs, one a block."""
    hidden = keccak256(encode(["uint256", "bytes32"], [200 * DOLLAR, SALT]))
    signature = acceptance(chain, contract, coin.address, due)
    verbs: list[tuple[bytes, Contract, str, tuple[Any, ...]]] = [
        (RELAYER, coin, "mint", (BUYER, 40 * DOLLAR)),
        (RELAYER, coin, "mint", (FINANCIER, 63 * DOLLAR)),
        (RELAYER, coin, "mint", (RELAYER, 60 * DOLLAR)),
        *((who, coin, "approve", (contract.address, 1_000 * DOLLAR)) for who in (BUYER, FINANCIER, RELAYER)),
        (SUPPLIER, contract, "issue", (BUYER, coin.address, 100 * DOLLAR, due, bytes(32), ONE)),
        (RELAYER, contract, "acceptFor", (TOLD, due, signature)),
        (SUPPLIER, contract, "split", (TOLD, ANN, 30 * DOLLAR)),
        (ANN, contract, "assign", (TOLD, BEN)),
        (SUPPLIER, contract, "offer", (TOLD, FINANCIER, 60 * DOLLAR)),
        (FINANCIER, contract, "finance", (TOLD, SUPPLIER, 63 * DOLLAR)),
        (BUYER, contract, "pay", (TOLD, 40 * DOLLAR)),
        (RELAYER, contract, "pay", (TOLD, 60 * DOLLAR)),
        (SUPPLIER, contract, "issue", (BUYER, coin.address, 0, due, hidden, TWO)),
        (BUYER, contract, "dispute", (VOIDED, REASON)),
        (SUPPLIER, contract, "void", (VOIDED,)),
        (SUPPLIER, contract, "issue", (BUYER, coin.address, 0, due, hidden, THREE)),
        (RELAYER, contract, "open", (CREDITED, 200 * DOLLAR, SALT)),
        (BUYER, contract, "accept", (CREDITED,)),
        (SUPPLIER, contract, "credit", (CREDITED, 200 * DOLLAR, NOTE)),
    ]
    for sender, target, verb, arguments in verbs:
        chain.mine_block([Transaction(sender, target.address, target.call_data(verb, *arguments))])


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    anvil_binary()
    with Anvil() as chain:
        coin = create(chain, "DevCoin")
        contract = create(chain, "Receivables", encode(["address"], [NO_LINKS]))
        due = chain.now() + 30 * DAY
        play(chain, coin, contract, due)
        chain.advance_to(chain.now() + 60)
        sources = ChainSources(
            chain.chain_id,
            (Source("receivables", contract.address, 0),),
            (Asset(coin.address, "devUSD", 6, pin_cents=100),),
        )
        with LedgerStore(tmp_path_factory.mktemp("receivables") / "ledger.duckdb") as store:
            events = store.events(Snapshot((sync(chain.rpc, store, sources),)))
            rows = events.to_pyarrow().sort_by([("block_number", "ascending"), ("leg", "ascending")])
        who = (SUPPLIER, BUYER, BEN, FINANCIER, contract.address)
        balances = {each: coin.read("balanceOf", each)[0] for each in who}
        return Played(due, rows.to_pylist(), balances)


def test_sync__every_event_of_receivables__is_the_rows_of_its_parties(played: Played) -> None:
    of_supplier, of_buyer = (SUPPLIER, BUYER), (BUYER, SUPPLIER)
    expected: list[Row] = [
        ("invoice_issued", *of_supplier, 100 * DOLLAR, TOLD, played.due),
        ("invoice_accepted", *of_supplier, 100 * DOLLAR, TOLD, played.due),
        ("invoice_accepted", *of_buyer, 100 * DOLLAR, TOLD, played.due),
        ("invoice_split", SUPPLIER, ANN, 30 * DOLLAR, TOLD, None),
        ("invoice_assigned", ANN, BEN, 30 * DOLLAR, TOLD, None),
        ("invoice_financed", SUPPLIER, FINANCIER, 63 * DOLLAR, TOLD, None),
        ("invoice_paid", *of_supplier, 40 * DOLLAR, TOLD, None),
        ("invoice_paid", *of_buyer, 40 * DOLLAR, TOLD, None),
        ("invoice_paid", SUPPLIER, RELAYER, 60 * DOLLAR, TOLD, None),
        ("invoice_paid", *of_buyer, 60 * DOLLAR, TOLD, None),
        ("invoice_issued", *of_supplier, None, VOIDED, played.due),
        ("invoice_disputed", *of_supplier, None, VOIDED, None),
        ("invoice_disputed", *of_buyer, None, VOIDED, None),
        ("invoice_voided", *of_supplier, None, VOIDED, None),
        ("invoice_issued", *of_supplier, None, CREDITED, played.due),
        ("invoice_opened", *of_supplier, 200 * DOLLAR, CREDITED, None),
        ("invoice_accepted", *of_supplier, 200 * DOLLAR, CREDITED, played.due),
        ("invoice_accepted", *of_buyer, 200 * DOLLAR, CREDITED, played.due),
        ("invoice_credited", *of_supplier, 200 * DOLLAR, CREDITED, None),
        ("invoice_credited", *of_buyer, 200 * DOLLAR, CREDITED, None),
    ]
    found = [
        (
            row["kind"],
            row["account"],
            row["counterparty"],
            None if row["amount"] is None else int(row["amount"]),
            row["loan_id"],
            row["due_time"],
        )
        for row in played.rows
    ]
    assert found == expected


def test_sync__an_amount_committed_to__has_no_value_and_one_told_has_its_cents(played: Played) -> None:
    for row in played.rows:
        amount = row["amount"]
        assert row["value_cents"] == (None if amount is None else int(amount) * 100 // DOLLAR)


def test_pay__a_financed_and_split_invoice__is_paid_to_who_holds_it(played: Played) -> None:
    supplier, buyer, ben, financier, contract = played.balances.values()
    assert (supplier, buyer, ben, financier) == (63 * DOLLAR, 0, 30 * DOLLAR, 70 * DOLLAR)
    assert contract == 0
