"""A development chain full of logs for read.py: half Transfer, a quarter Borrow, a quarter Repay (Aave v3).

Rules that hold here: the logs come from the addresses, and have the topics and data, of real ones; a block
holds 1,000 logs of 100 a transaction, so that anvil, which slows as its chain grows, stays fast.
"""

from collections.abc import Iterator

from ledger_reader.keccak import keccak256
from ledger_reader.sources import Asset, ChainSources, Source
from oracle.contract import load_abi
from oracle.devchain.anvil import Anvil, Transaction

TOKEN, POOL = b"\x11" * 20, b"\x22" * 20
BLOCK_LOGS, TRANSACTION_LOGS = 1_000, 100
BLOCK_SECONDS = 12
ACCOUNTS = 20_000
SENDER = keccak256(b"credit-oracle benchmark")[12:]
SOURCES = ChainSources(
    31_337, (Source("aave_v3", POOL, 0), Source("erc20", TOKEN, 0)), (Asset(TOKEN, "DEV", 6, 100),)
)
TRANSFER = keccak256(b"Transfer(address,address,uint256)")
BORROW = keccak256(b"Borrow(address,address,address,uint256,uint8,uint256,uint16)")
REPAY = keccak256(b"Repay(address,address,address,uint256,bool)")

Log = tuple[tuple[bytes, ...], bytes]


def fill(anvil: Anvil, logs: int) -> int:
    """Put so many logs (a multiple of 1,000) on a fresh chain and make them final; the last block of them."""
    for address in (TOKEN, POOL):
        anvil.set_code(address, load_abi("LogReplayer").runtime)
    anvil.mine_blocks(_blocks(anvil.now(), logs // BLOCK_LOGS))
    last = anvil.height()
    anvil.advance_to(anvil.now() + BLOCK_SECONDS)
    return last


def _blocks(now: int, count: int) -> Iterator[tuple[list[Transaction], int]]:
    for block in range(count):
        first = block * BLOCK_LOGS
        transfers = [_transfer(first + i) for i in range(BLOCK_LOGS // 2)]
        loans = [_loan(first + i) for i in range(BLOCK_LOGS // 2)]
        calls = [
            (contract, logs[at : at + TRANSACTION_LOGS])
            for contract, logs in ((TOKEN, transfers), (POOL, loans))
            for at in range(0, len(logs), TRANSACTION_LOGS)
        ]
        transactions = [Transaction(SENDER, to, calldata(logs), gas=2_000_000) for to, logs in calls]
        yield transactions, now + (block + 1) * BLOCK_SECONDS


def _transfer(index: int) -> Log:
    return (TRANSFER, _account(index), _account(index + 1)), _word(10**6 + index)


def _loan(index: int) -> Log:
    reserve, who, amount = TOKEN.rjust(32, b"\0"), _account(index), _word(10**6 + index)
    if index % 2:
        return (REPAY, reserve, who, who), amount + _word(0)
    return (BORROW, reserve, who, _word(0)), who + amount + _word(2) + _word(10**25)


def calldata(logs: list[Log]) -> bytes:
    """replayAll((bytes32[] topics, bytes data)[])."""
    tails = [_tail(log) for log in logs]
    heads, at = b"", 32 * len(logs)
    for tail in tails:
        heads += _word(at)
        at += len(tail)
    return (
        load_abi("LogReplayer").functions["replayAll"].id
        + _word(32)
        + _word(len(logs))
        + heads
        + b"".join(tails)
    )


def _tail(log: Log) -> bytes:
    topics, data = log
    heads = _word(64) + _word(64 + 32 * (1 + len(topics)))
    return heads + _word(len(topics)) + b"".join(topics) + _word(len(data)) + data


def _account(index: int) -> bytes:
    return keccak256(b"%d" % (index % ACCOUNTS))[12:].rjust(32, b"\0")


def _word(value: int) -> bytes:
    return value.to_bytes(32, "big")
