"""Verified reading: receipts a second on one core, JSON parse included, and what a verified sync costs.

`receipts_per_s` takes answers as a node gives them (blocks of 150 receipts, 3 logs each, of which a third
are asked for), parses them, rebuilds each root and picks the logs, in one process without a node.
`verified_sync` reads a development chain of this machine, once plainly and once verified: there the node's
own work counts too. `--quick` takes fewer blocks. read.py imports `receipts_per_s`.
"""

import argparse
import json
import random
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec

from ledger_reader import verify
from ledger_reader.checks import Receipts
from ledger_reader.keccak import keccak256
from ledger_reader.reader import sync
from ledger_reader.rpc import Rpc
from ledger_reader.sources import Asset, ChainSources, Source
from ledger_reader.store import LedgerStore
from ledger_reader.verify import RawReceipt, ReceiptLog
from oracle.devchain.anvil import Anvil, Transaction

LOGS_A_RECEIPT = 3
RECEIPTS_A_BLOCK = 150
TOKEN, OTHER = bytes([0x11]) * 20, bytes([0x22]) * 20
TRANSFER = "0x" + keccak256(b"Transfer(address,address,uint256)").hex()
CHAIN_ID = 31_337
CHAIN = ChainSources(CHAIN_ID, (Source("erc20", TOKEN, 0),), (Asset(TOKEN, "DEV", 6, 100),))

# calldatacopy(0, 96, 32), and so many times log3(0, 32, word 0, word 1, word 2) of the input.
EMITTER = "602060606000" + "37" + "60403560203560003560206000a3" * LOGS_A_RECEIPT + "00"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer blocks, seconds")
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line")
    arguments = parser.parse_args()
    blocks = 40 if arguments.quick else 200
    found: dict[str, Any] = {"logs_a_receipt": LOGS_A_RECEIPT}
    for logs in (1, LOGS_A_RECEIPT, 10):
        rate = receipts_per_s(blocks, logs)
        print(f"{rate:10,.0f} receipts/s a core, JSON parse included, {logs} log(s) a receipt")
        if logs == LOGS_A_RECEIPT:
            found["verified_receipts_per_s"] = round(rate)
    found |= verified_sync(blocks)
    print(
        f"{found['verified_sync_receipts_per_s']:10,} receipts/s of a whole verified sync, node on the same"
        f" machine; {found['verified_to_plain']:.1f} times the plain sync's time"
    )
    if arguments.json:
        print(json.dumps(found))
    return 0


def receipts_per_s(blocks: int = 100, logs: int = LOGS_A_RECEIPT) -> float:
    """Receipts parsed and proven a second of this process's own time."""
    body, root = _answer(logs)
    header = verify.SealedHeader(7, b"", b"", 0, root, 0)
    question = verify.wanted([TOKEN], [TRANSFER])
    began = time.process_time()
    for _ in range(blocks):
        receipts = msgspec.json.decode(body, type=list[RawReceipt])
        verify.check_receipts(header, receipts, 1)
        assert sum(1 for _ in verify.logs_of(receipts, question)) == RECEIPTS_A_BLOCK * logs // 3
    return blocks * RECEIPTS_A_BLOCK / (time.process_time() - began)


def _answer(logs: int) -> tuple[bytes, bytes]:
    """A node's answer to eth_getBlockReceipts, with the fields that it adds to each log, and the root."""
    chance = random.Random(1)
    found = [
        [_log(chance, (index * logs + place) % 3 == 0) for place in range(logs)]
        for index in range(RECEIPTS_A_BLOCK)
    ]
    receipts = [_receipt(chance, index, each) for index, each in enumerate(found)]
    hashes = {"blockHash": _hex(chance, 32), "transactionHash": _hex(chance, 32)}
    beside = hashes | {"blockNumber": "0x15a2f7b", "transactionIndex": "0x1", "removed": False}
    own = {"from": _hex(chance, 20), "to": _hex(chance, 20), "effectiveGasPrice": "0x3b9aca00"}
    plain = [
        receipt | beside | own | {"logs": [log | beside | {"logIndex": "0x1"} for log in receipt["logs"]]}
        for receipt in msgspec.to_builtins(receipts)
    ]
    return json.dumps(plain).encode(), verify.receipts_root(receipts, 1)


def _receipt(chance: random.Random, index: int, logs: list[ReceiptLog]) -> RawReceipt:
    gas, bloom = hex(60_000 * (index + 1)), f"0x{verify.bloom_of(logs):0512x}"
    return RawReceipt(_hex(chance, 32), gas, bloom, logs, "0x2", "0x1")


def _hex(chance: random.Random, size: int) -> str:
    return f"0x{chance.randbytes(size).hex()}"


def _log(chance: random.Random, is_ours: bool) -> ReceiptLog:
    people = tuple("0x" + "00" * 12 + chance.randbytes(20).hex() for _ in range(2))
    address = TOKEN if is_ours else OTHER
    return ReceiptLog(f"0x{address.hex()}", (TRANSFER, *people), "0x" + chance.randbytes(32).hex())


def verified_sync(blocks: int) -> dict[str, Any]:
    """A chain of `blocks` full blocks read twice, and how the times compare."""
    with Anvil() as anvil, tempfile.TemporaryDirectory() as folder, Rpc(anvil.url) as rpc:
        anvil.set_code(TOKEN, bytes.fromhex(EMITTER))
        sender = bytes([0x77]) * 20
        call = Transaction(sender, TOKEN, bytes.fromhex(TRANSFER[2:]) + bytes(range(1, 97)))
        start = anvil.now() + 1
        anvil.mine_blocks(([call] * RECEIPTS_A_BLOCK, start + number) for number in range(blocks))
        anvil.advance_to(anvil.now() + 10)
        seconds = []
        for name, check in (("plain", None), ("verified", Receipts(rpc, CHAIN))):
            with LedgerStore(Path(folder) / name) as store:
                began = time.perf_counter()
                sync(rpc, store, CHAIN, check=check)
                seconds.append(time.perf_counter() - began)
        assert isinstance(check, Receipts)
        receipts = check.checked.receipts
        assert receipts == blocks * RECEIPTS_A_BLOCK
    return {
        "verified_sync_receipts_per_s": round(receipts / seconds[1]),
        "verified_to_plain": round(seconds[1] / seconds[0], 2),
    }


if __name__ == "__main__":
    raise SystemExit(main())
