import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import rlp
from hypothesis import assume, given
from hypothesis import strategies as st

from ledger_reader.keccak import keccak256
from ledger_reader.trie import trie_root

BLOCKS = sorted((Path(__file__).parents[3] / "shared" / "data" / "rpc_mainnet_blocks").glob("*.json.gz"))


def test_trie_root__nothing__the_known_root() -> None:
    assert trie_root([]).hex() == "56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421"


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=300))
def test_trie_root__values_inserted_one_by_one__the_same(values: list[bytes]) -> None:
    assume(all(values))
    assert trie_root(values) == grown(values)


@pytest.mark.parametrize("size", [*range(1, 40), 55, 56, 57, 255, 256, 65_536])
def test_trie_root__values_of_one_size__the_same(size: int) -> None:
    """Nodes around the 32 bytes from which on a hash stands for them, and around the heads of RLP."""
    values = [bytes([byte]) * size for byte in (1, 0x7F, 0x80, 0xFF, *range(1, 30))]
    assert trie_root(values) == grown(values)


def grown(values: list[bytes]) -> bytes:
    """The root of a trie that grows by insertion, the other way to build one."""
    root: Any = b""
    for place, value in enumerate(values):
        root = inserted(root, [int(n, 16) for n in rlp.encode(place).hex()], value)
    return keccak256(rlp.encode(root_of(root)))


def inserted(node: Any, path: list[int], value: bytes) -> Any:
    """Nodes as nested lists: [path, value] for a leaf, 16 children for a branch, b"" for none."""
    if node == b"":
        return (path, value)
    if isinstance(node, tuple):
        branch: Any = [b""] * 16
        for old_path, old_value in (node, (path, value)):
            branch[old_path[0]] = inserted(branch[old_path[0]], old_path[1:], old_value)
        return branch
    node[path[0]] = inserted(node[path[0]], path[1:], value)
    return node


def root_of(node: Any) -> Any:
    if isinstance(node, tuple):
        return [packed(node[0], 2), node[1]]
    path: list[int] = []
    while sum(child != b"" for child in node) == 1:
        nibble = next(n for n in range(16) if node[n] != b"")
        path, node = [*path, nibble], node[nibble]
    branch = [b"" if child == b"" else referred(root_of(child)) for child in node] + [b""]
    return [packed(path, 0), referred(branch)] if path else branch


def referred(node: Any) -> Any:
    raw: bytes = rlp.encode(node)
    return node if len(raw) < 32 else keccak256(raw)


def packed(path: list[int], kind: int) -> bytes:
    nibbles = [kind + 1, *path] if len(path) % 2 else [kind, 0, *path]
    return bytes(16 * high + low for high, low in zip(nibbles[::2], nibbles[1::2], strict=True))


@pytest.mark.data
@pytest.mark.skipif(not BLOCKS, reason="../shared/data/rpc_mainnet_blocks is not there")
def test_trie_root__transactions_and_withdrawals_of_mainnet_blocks__roots_are_theirs() -> None:
    transactions = withdrawals = 0
    for path in BLOCKS:
        plain = json.loads(gzip.decompress(path.read_bytes()))
        block = plain.get("result", plain)
        if all(isinstance(each, dict) for each in block["transactions"]):
            raw = [encoded_transaction(each) for each in block["transactions"]]
            assert f"0x{trie_root(raw).hex()}" == block["transactionsRoot"], path.name
            transactions += len(raw)
        if block.get("withdrawals"):
            keys = ("index", "validatorIndex", "address", "amount")
            rows = [rlp.encode([plain_of(k, each[k]) for k in keys]) for each in block["withdrawals"]]
            assert f"0x{trie_root(rows).hex()}" == block["withdrawalsRoot"], path.name
            withdrawals += len(rows)
    assert transactions > 2_500
    assert withdrawals > 180


def bytes_of(text: str) -> bytes:
    return bytes.fromhex(text[2:])


def plain_of(key: str, value: Any) -> Any:
    if key in ("to", "input", "address"):
        return b"" if value is None else bytes_of(value)
    if key == "accessList":
        return [[bytes_of(each["address"]), [bytes_of(k) for k in each["storageKeys"]]] for each in value]
    if key == "blobVersionedHashes":
        return [bytes_of(each) for each in value]
    if key == "authorizationList":
        keys = ("chainId", "address", "nonce", "yParity", "r", "s")
        return [[plain_of(k, each[k]) for k in keys] for each in value]
    return int(value, 16).to_bytes(32).lstrip(b"\0")


def encoded_transaction(plain: dict[str, Any]) -> bytes:
    fees = ("maxPriorityFeePerGas", "maxFeePerGas")
    call, signature = ("gas", "to", "value", "input"), ("v", "r", "s")
    names: tuple[str, ...]
    match kind := int(plain.get("type", "0x0"), 16):
        case 0:
            names = ("nonce", "gasPrice", *call, *signature)
        case 1:
            names = ("chainId", "nonce", "gasPrice", *call, "accessList", *signature)
        case 2:
            names = ("chainId", "nonce", *fees, *call, "accessList", *signature)
        case 3:
            blob = ("accessList", "maxFeePerBlobGas", "blobVersionedHashes")
            names = ("chainId", "nonce", *fees, *call, *blob, *signature)
        case _:
            names = ("chainId", "nonce", *fees, *call, "accessList", "authorizationList", *signature)
    raw: bytes = rlp.encode([plain_of(name, plain[name]) for name in names])
    return raw if kind == 0 else bytes([kind]) + raw
