"""Verified mode against a real node: receipts of every type of transaction, and what is counted."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest
import rlp
from eth_account import Account
from eth_keys.datatypes import PrivateKey

from ledger_reader import verify
from ledger_reader.checks import Checked, Quorum, Receipts
from ledger_reader.errors import Retry, Stop
from ledger_reader.keccak import keccak256
from ledger_reader.reader import sync
from ledger_reader.rpc import Rpc
from ledger_reader.sources import ChainSources, Source, to_json
from ledger_reader.store import LedgerStore
from models import plain
from oracle.verbs import ledgers
from tests.e2e.test_reader import (
    CHAIN,
    CHAIN_ID,
    LIFE,
    ORACLE,
    Chain,
    log_code,
    scripted,
    serving,
    story,
    words,
)

KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"  # anvil's first account
LOGGER = "0x" + "11" * 20


@pytest.fixture
def chain(anvil: str) -> Iterator[Chain]:
    with Rpc(anvil) as rpc:
        yield Chain(rpc)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LedgerStore]:
    with LedgerStore(tmp_path / "ledger.duckdb") as opened:
        yield opened


# ------------------------------------------------------------------ refused


def test_sync__node_has_no_receipts_of_blocks__retry_names_it(
    chain: Chain, store: LedgerStore, anvil: str
) -> None:
    def node(request: dict[str, Any]) -> Any:
        if request["method"] == "eth_getBlockReceipts":
            return {"error": {"code": -32601, "message": "Method not found"}}
        return {"result": chain.rpc.call(request["method"], request["params"])}

    chain.live()
    with (
        serving(scripted(node)) as url,
        Rpc(url) as rpc,
        pytest.raises(Retry, match=r"does not give all receipts of a block \(Method not found\)"),
    ):
        sync(rpc, store, CHAIN, check=Receipts(rpc, CHAIN))
    with serving(scripted(node)) as url, Rpc([url, anvil]) as rpc:
        sync(rpc, store, CHAIN, check=Receipts(rpc, CHAIN))
    assert story(store) == LIFE


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"timestamp": "0x7"}, "its header gives"),
        ({"newField": "0x1", "timestamp": "0x7"}, "also has newField, not known here"),
        ({"transactions": 5, "number": None}, "without number"),
    ],
)
def test_sync__header_is_not_what_its_hash_says__retry_names_the_provider(
    chain: Chain, store: LedgerStore, changes: dict[str, Any], sentence: str
) -> None:
    def node(request: dict[str, Any]) -> Any:
        found = chain.rpc.call(request["method"], request["params"])
        if request["method"] == "eth_getBlockByNumber" and request["params"][0] == "0x2":
            found |= changes
        return {"result": found}

    chain.live()
    with serving(scripted(node)) as url, Rpc(url) as rpc, pytest.raises(Retry, match=sentence) as caught:
        sync(rpc, store, CHAIN, check=Receipts(rpc, CHAIN))
    assert url in str(caught.value)
    assert store.head(CHAIN_ID) is None


def test_sync__header_of_an_empty_block_fits_its_hash_and_not_its_child__retry_names_the_provider(
    chain: Chain, store: LedgerStore
) -> None:
    def node(request: dict[str, Any]) -> Any:
        found = chain.rpc.call(request["method"], request["params"])
        if request["method"] == "eth_getBlockByNumber" and request["params"][0] == "0x7":
            found |= {"extraData": "0x77"}
            found["hash"] = f"0x{verify.header_hash(found).hex()}"
        return {"result": found}

    chain.live()
    assert chain.rpc.call("eth_getBlockByNumber", ("0x7", False))["transactions"] == []
    with (
        serving(scripted(node)) as url,
        Rpc(url) as rpc,
        pytest.raises(Retry, match="was caught: block 8 does not follow the block before it"),
    ):
        sync(rpc, store, CHAIN, check=Receipts(rpc, CHAIN))


def test_sync__log_in_a_block_whose_bloom_denies_it__retry_names_the_provider(
    chain: Chain, store: LedgerStore
) -> None:
    chain.live()
    empty = chain.rpc.call("eth_getBlockByNumber", ("0x7", False))
    place = {"blockNumber": "0x7", "blockHash": empty["hash"], "blockTimestamp": empty["timestamp"]}

    def node(request: dict[str, Any]) -> Any:
        found = chain.rpc.call(request["method"], request["params"])
        if request["method"] == "eth_getLogs":
            found.append(found[-1] | place | {"logIndex": "0x0"})
        return {"result": found}

    with (
        serving(scripted(node)) as url,
        Rpc(url) as rpc,
        pytest.raises(Retry, match="was caught: it added log 0 of block 7"),
    ):
        sync(rpc, store, CHAIN, check=Receipts(rpc, CHAIN))


def test_sync__block_time_told_once_otherwise__retry_names_the_provider(
    chain: Chain, store: LedgerStore
) -> None:
    """Logs without times, and a header that lies to the reader and not to the check."""
    asked: set[str] = set()

    def node(request: dict[str, Any]) -> Any:
        found = chain.rpc.call(request["method"], request["params"])
        if request["method"] == "eth_getLogs":
            return {"result": [log | {"blockTimestamp": None} for log in found]}
        number = request["params"][0] if request["method"] == "eth_getBlockByNumber" else ""
        if number == "0x2" and number not in asked:
            asked.add(number)
            found |= {"timestamp": hex(int(found["timestamp"], 16) + 9)}
        return {"result": found}

    chain.live()
    with (
        serving(scripted(node)) as url,
        Rpc(url) as rpc,
        pytest.raises(Retry, match=r"was caught: it gave \d+ as the time of block 2, not \d+"),
    ):
        sync(rpc, store, CHAIN, check=Receipts(rpc, CHAIN))
    assert asked == {"0x2"}


# ------------------------------------------------------------------ done


def test_check_receipts__all_types_of_transaction_in_one_block__root_is_the_headers(chain: Chain) -> None:
    """Legacy, access list (EIP-2930), dynamic fee (1559), blob (4844) and set code (7702)."""
    chain.rpc.call("evm_setAutomine", (False,))
    chain.rpc.call("anvil_setCode", (LOGGER, log_code(1)))
    for raw in signed_transactions():
        chain.rpc.call("eth_sendRawTransaction", (f"0x{raw.hex()}",))
    chain.mine(1)
    header = verify.sealed(chain.rpc.call("eth_getBlockByNumber", ("latest", False)))
    receipts = msgspec.convert(chain.rpc.call("eth_getBlockReceipts", ("latest",)), list[verify.RawReceipt])
    assert [receipt.type for receipt in receipts] == ["0x0", "0x1", "0x2", "0x3", "0x4"]
    assert all(receipt.logs for receipt in receipts)
    verify.check_receipts(header, receipts, CHAIN_ID)
    verify.check_receipts(header, receipts, 10)
    receipts[3].type = "0x2"
    with pytest.raises(verify.Untrue, match="5 receipts of block 1 give the root"):
        verify.check_receipts(header, receipts, CHAIN_ID)


def signed_transactions() -> list[bytes]:
    account = Account.from_key(KEY)
    call = {"gas": 200_000, "to": LOGGER, "value": 0, "data": f"0x{words(1, 2)}", "chainId": CHAIN_ID}
    fees = {"maxFeePerGas": 10**11, "maxPriorityFeePerGas": 1}
    access = [{"address": LOGGER, "storageKeys": ["0x" + "00" * 32]}]
    permission = account.sign_authorization({"chainId": CHAIN_ID, "address": LOGGER, "nonce": 5})
    kinds: dict[int, dict[str, Any]] = {
        0: {"gasPrice": 10**11},
        1: {"gasPrice": 10**11, "type": 1, "accessList": access},
        2: {"type": 2, **fees},
        4: {"type": 4, **fees, "authorizationList": [permission]},
    }
    signed = {
        nonce: bytes(account.sign_transaction(call | kind | {"nonce": nonce}).raw_transaction)
        for nonce, kind in kinds.items()
    }
    return [signed.get(nonce) or blob_transaction(nonce) for nonce in range(5)]


def blob_transaction(nonce: int) -> bytes:
    """One with a blob of zeros, whose commitment and proof are the point at infinity (EIP-4844)."""
    point = b"\xc0" + bytes(47)
    hashes = [b"\x01" + sha256(point).digest()[1:]]
    to, data = bytes.fromhex(LOGGER[2:]), bytes.fromhex(words(1, 2))
    fields = [CHAIN_ID, nonce, 1, 10**11, 200_000, to, 0, data, [], 10**10, hashes]
    signature = PrivateKey(bytes.fromhex(KEY[2:])).sign_msg_hash(keccak256(b"\x03" + rlp.encode(fields)))
    body = [*fields, signature.v, signature.r, signature.s]
    raw: bytes = rlp.encode([body, [bytes(131_072)], [point], [point]])
    return b"\x03" + raw


def test_sync__receipts_checked__counts_are_those_of_the_chain(
    chain: Chain, store: LedgerStore, anvil: str
) -> None:
    chain.live()
    with Rpc([anvil, anvil]) as rpc:
        check = Receipts(rpc, CHAIN)
        head = sync(rpc, store, CHAIN, check=check)
        again = sync(rpc, store, CHAIN, check=check)
    assert story(store) == LIFE
    assert again == head
    blocks = [chain.rpc.call("eth_getBlockByNumber", (hex(n), False)) for n in range(head.number + 1)]
    held = sum(len(block["transactions"]) for block in blocks)
    assert check.checked == Checked(head.number + 1, held, held, witnesses=1)


def test_sync__no_bloom_speaks_of_us__headers_are_checked_and_no_receipts_asked(
    chain: Chain, store: LedgerStore, anvil: str
) -> None:
    chain.live()
    stranger = ChainSources(CHAIN_ID, (Source("credit_oracle", bytes([0x99]) * 20, 0),), ())
    with Rpc(anvil) as rpc:
        check = Receipts(rpc, stranger)
        head = sync(rpc, store, stranger, check=check)
    assert check.checked == Checked(head.number + 1, 0, 0, 0)


def test_sync__source_starts_later__earlier_logs_are_neither_asked_nor_missed(
    chain: Chain, store: LedgerStore, anvil: str
) -> None:
    chain.live()
    late = ChainSources(CHAIN_ID, (Source("credit_oracle", ORACLE, 5), CHAIN.sources[1]), CHAIN.assets)
    with Rpc(anvil) as rpc:
        for until in (3, None):
            sync(rpc, store, late, until, check=Receipts(rpc, late))
    assert story(store)[-1][0] == "withdrawn"


def test_sync__quorum_of_three_equal_nodes__read(chain: Chain, store: LedgerStore, anvil: str) -> None:
    chain.live()
    with Rpc([anvil] * 3) as rpc:
        check = Quorum(rpc, CHAIN, 3)
        sync(rpc, store, CHAIN, check=check)
    assert story(store) == LIFE
    assert check.checked.witnesses == 2


def test_sync__quorum_and_one_node_is_down__the_others_suffice(
    chain: Chain, store: LedgerStore, anvil: str
) -> None:
    chain.live()
    with Rpc(["http://127.0.0.1:9", anvil, anvil]) as rpc:
        sync(rpc, store, CHAIN, check=Quorum(rpc, CHAIN, 2))
    assert story(store) == LIFE


def test_read_chain__verified__says_how_much_was_checked(chain: Chain, anvil: str, tmp_path: Path) -> None:
    chain.live()
    sources = tmp_path / "sources.json"
    sources.write_bytes(plain.write(to_json((CHAIN,))))
    told = ledgers.read_chain([anvil], sources, tmp_path / "ledger", verify="receipts")
    assert told["verified"] == "receipts"
    assert told["headersChecked"] == told["block"] + 1
    assert told["receiptsChecked"] == told["receipts"] >= told["events"] // 2 > 0
    assert told["witnesses"] == 0
    assert "verified" not in ledgers.read_chain([anvil], sources, tmp_path / "other")
    with pytest.raises(Stop, match="A quorum of 2 needs"):
        ledgers.read_chain([anvil], sources, tmp_path / "ledger", verify="quorum=2")
