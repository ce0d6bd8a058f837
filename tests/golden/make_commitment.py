"""Builds commitment.json from libraries that share no code with the packages under test.

eth-abi encodes, pycryptodome hashes, eth-account digests and signs, hashlib keys, PyNaCl signs;
the tree is the textbook loop. Once, the root was also compared with the one that
@openzeppelin/merkle-tree 1.0.8 gives for the same leaves (`tree.root`). Rebuilt and compared by
tests/oracle/test_tree.py; write anew with `python tests/golden/make_commitment.py`.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from Crypto.Hash import keccak
from eth_abi.abi import encode
from eth_account import Account
from eth_account.messages import encode_typed_data
from nacl.signing import SigningKey

MISSING = -(2**63)
CHAIN_ID = 31337
CONTRACT = bytes.fromhex("5fbdb2315678afecb367f032d93f642f64180aa3")
EPOCH = 3
FIRST_SECRET = hashlib.sha256(b"golden committee secret").digest()
# address, status, score, width, reasons, features
BORROWERS: list[tuple[bytes, int, int, int, int, tuple[int, int, int]]] = [
    (bytes.fromhex("00000000000000000000000000000000000000a1"), 1, 712, 18, 0x0A070000, (11, 0, 301)),
    (bytes.fromhex("1000000000000000000000000000000000000000"), 2, 455, 64, 0x07060900, (1, MISSING, 44)),
    (bytes.fromhex("3c44cdddb6a900fa2b585dd299e03d12fa4293bc"), 0, 0, 0, 0, (MISSING, MISSING, MISSING)),
    (bytes.fromhex("70997970c51812dc3a010c7d01b50e0d17dc79c8"), 129, 850, 9, 0x0C000000, (64, -5, 2**63 - 1)),
    (bytes.fromhex("90f79bf6eb2c4f870365e785982e1f101e93b906"), 1, 300, 40, 0x02030104, (0, 7, 800)),
    (bytes.fromhex("f39fd6e51aad88f6f4ce6ab8827279cfffb92266"), 130, 319, 77, 0x01020304, (2, 1, -1)),
    (bytes.fromhex("ffffffffffffffffffffffffffffffffffffffff"), 128, 0, 0, 0, (MISSING, 0, 3)),
]
AT_LEAST = [(0, 310), (0, 650), (0, 700), (0, 710), (1, 450), (3, 310), (3, 700), (3, 850), (5, 310)]
BLOCKS = [
    (1, 21_000_000, hashlib.sha256(b"block of 1").digest()),
    (31337, 4711, hashlib.sha256(b"home").digest()),
]
REPORT_TYPE = [
    ("epoch", "uint64"),
    ("config", "bytes32"),
    ("modelId", "bytes32"),
    ("snapshotBlock", "uint64"),
    ("snapshotTime", "uint64"),
    ("homeHash", "bytes32"),
    ("snapshotHash", "bytes32"),
    ("root", "bytes32"),
    ("scoresHash", "bytes32"),
    ("previousEpoch", "uint64"),
    ("borrowers", "uint32"),
    ("meanScore", "uint16"),
    ("movedBps", "uint16"),
    ("psiBps", "uint32"),
]


def k256(message: bytes) -> bytes:
    return keccak.new(digest_bits=256, data=message).digest()


def keyed(key: bytes, message: bytes) -> bytes:
    return hashlib.blake2b(message, key=key, digest_size=32).digest()


def abi256(types: list[str], values: list[Any]) -> bytes:
    return k256(encode(types, values))


def chain(start: bytes, steps: int) -> bytes:
    for _ in range(steps):
        start = k256(start)
    return start


def merkle(leaves: list[bytes]) -> list[bytes]:
    count = len(leaves)
    nodes = [b""] * (count - 1) + leaves[::-1]
    for i in reversed(range(count - 1)):
        nodes[i] = k256(b"".join(sorted((nodes[2 * i + 1], nodes[2 * i + 2]))))
    return nodes


def path(nodes: list[bytes], index: int) -> list[bytes]:
    at, found = len(nodes) - 1 - index, []
    while at > 0:
        found.append(nodes[at + 1 if at % 2 else at - 1])
        at = (at - 1) // 2
    return found


def commit(secret: bytes) -> tuple[dict[str, list[bytes]], list[bytes]]:
    """Every hash of every borrower, column by column, and the leaves."""
    columns: dict[str, list[bytes]] = {}
    leaves = []
    for address, status, score, width, reasons, features in BORROWERS:
        row = {p: keyed(secret, p.encode() + address) for p in ("salt", "salt2", "salt3", "seed")}
        row["featuresHash"] = abi256(["int64[]", "bytes32"], [features, row["salt3"]])
        row["detail"] = abi256(["uint32", "bytes32", "bytes32"], [reasons, row["featuresHash"], row["salt2"]])
        row["opening"] = abi256(
            ["uint16", "uint16", "bytes32", "bytes32"], [score, width, row["salt"], row["detail"]]
        )
        row["top"] = chain(row["seed"], (score - 300) // 10)
        if status in (0, 128):
            row["opening"], row["top"] = keyed(secret, b"opening" + address), keyed(secret, b"top" + address)
        leaf = abi256(
            ["address", "uint8", "bytes32", "bytes32"], [address, status, row["opening"], row["top"]]
        )
        leaves.append(k256(leaf))
        for name, value in row.items():
            columns.setdefault(name, []).append(value)
    return columns, leaves


def members() -> tuple[list[bytes], list[SigningKey]]:
    names = [b"member %d" % i for i in range(4)]
    return [hashlib.sha256(n).digest() for n in names], [
        SigningKey(hashlib.sha256(n + b"i").digest()) for n in names
    ]


def compact(signed: Any) -> tuple[bytes, bytes]:
    return signed.r.to_bytes(32, "big"), (signed.s | (signed.v - 27) << 255).to_bytes(32, "big")


def text(value: Any) -> Any:
    """Bytes as 0x hex, integers a JavaScript number cannot hold as decimal strings."""
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, int):
        return value if abs(value) < 2**53 else str(value)
    if isinstance(value, dict):
        return {name: text(inner) for name, inner in value.items()}
    return [text(inner) for inner in value] if isinstance(value, list) else value


def typed(report: dict[str, Any]) -> dict[str, Any]:
    domain = [
        ("name", "string"),
        ("version", "string"),
        ("chainId", "uint256"),
        ("verifyingContract", "address"),
    ]
    types = {"EIP712Domain": domain, "EpochReport": REPORT_TYPE}
    return {
        "types": {name: [{"name": n, "type": t} for n, t in fields] for name, fields in types.items()},
        "primaryType": "EpochReport",
        "domain": {
            "name": "CreditOracle",
            "version": "1",
            "chainId": CHAIN_ID,
            "verifyingContract": "0x" + CONTRACT.hex(),
        },
        "message": report,
    }


def build() -> dict[str, Any]:
    """The whole document, plain JSON values."""
    keys, identities = members()
    addresses = [bytes.fromhex(Account.from_key(key).address[2:]) for key in keys]
    identity_keys = [bytes(key.verify_key) for key in identities]
    config = abi256(
        ["address[]", "bytes32[]", "uint8", "bytes32"], [addresses, identity_keys, 3, k256(FIRST_SECRET)]
    )
    epoch_key = keyed(keyed(FIRST_SECRET, b"next"), b"next")
    secret = keyed(epoch_key, CHAIN_ID.to_bytes(32, "big") + CONTRACT + EPOCH.to_bytes(8, "big"))
    columns, leaves = commit(secret)
    nodes = merkle(leaves)
    rows = b"".join(
        a + bytes([s]) + n.to_bytes(2, "big") + w.to_bytes(2, "big") + r.to_bytes(4, "big")
        for a, s, n, w, r, _ in BORROWERS
    )
    report = {
        "epoch": EPOCH,
        "config": config,
        "modelId": k256(b"golden manifest"),
        "snapshotBlock": BLOCKS[1][1],
        "snapshotTime": 1_800_000_000,
        "homeHash": BLOCKS[1][2],
        "snapshotHash": abi256(["(uint64,uint64,bytes32)[]"], [BLOCKS]),
        "root": nodes[0],
        "scoresHash": k256(rows),
        "previousEpoch": 2,
        "borrowers": 5,
        "meanScore": 527,
        "movedBps": 2000,
        "psiBps": 123,
    }
    message = encode_typed_data(full_message=typed(report))
    digest = k256(b"\x19\x01" + message.header + message.body)
    signatures = [compact(Account.unsafe_sign_hash(digest, key)) for key in keys]
    document = {
        "deployment": {"chainId": CHAIN_ID, "contract": CONTRACT, "domainSeparator": message.header},
        "config": {
            "members": addresses,
            "memberKeys": keys,
            "identityKeys": identity_keys,
            "identitySeeds": [bytes(key) for key in identities],
            "quorum": 3,
            "firstSecret": FIRST_SECRET,
            "secretHash": k256(FIRST_SECRET),
            "digest": config,
        },
        "secret": {"epoch": EPOCH, "committeeSecret": epoch_key, "epochSecret": secret},
        "snapshot": {
            "chainIds": [b[0] for b in BLOCKS],
            "numbers": [b[1] for b in BLOCKS],
            "hashes": [b[2] for b in BLOCKS],
            "hash": report["snapshotHash"],
        },
        "borrowers": {
            "addresses": [b[0] for b in BORROWERS],
            "status": [b[1] for b in BORROWERS],
            "score": [b[2] for b in BORROWERS],
            "width": [b[3] for b in BORROWERS],
            "reasons": [b[4] for b in BORROWERS],
            "featureCount": 3,
            "features": [str(value) for b in BORROWERS for value in b[5]],
            **columns,
            "leaf": leaves,
            "scoresHash": report["scoresHash"],
        },
        "tree": {"nodes": nodes, "root": nodes[0]},
        "paths": [path(nodes, i) for i in range(len(leaves))],
        "atLeast": {
            "borrower": [i for i, _ in AT_LEAST],
            "threshold": [t for _, t in AT_LEAST],
            "rung": [
                chain(columns["seed"][i], (BORROWERS[i][2] - 300) // 10 - (t - 300) // 10)
                for i, t in AT_LEAST
            ],
        },
        "report": {**report, "structHash": message.body, "digest": digest},
        "signatures": {
            "r": [r for r, _ in signatures],
            "vs": [vs for _, vs in signatures],
            "identity": [key.sign(digest).signature for key in identities],
        },
    }
    plain: dict[str, Any] = text(document)
    return plain


if __name__ == "__main__":
    target = Path(__file__).with_name("commitment.json")
    target.write_text(json.dumps(build(), indent=2) + "\n")
