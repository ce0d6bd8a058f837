"""A development chain of one's own: an anvil process that ends with us, and fast blocks of many transactions.

Rules that hold here: nothing leaves this machine (it listens on 127.0.0.1); the chain's time is told to
it, block by block, never taken from a clock; a block holds exactly the transactions given, in their order,
from whatever accounts they name (impersonated, so no key is needed); a transaction that failed without
being expected to is a `Stop` with the contract's own words. anvil is killed when this process ends, also
by kill -9 on Linux.
"""

import contextlib
import ctypes
import os
import platform
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import weakref
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self

from ledger_reader.errors import Retry, Stop
from ledger_reader.rpc import Rpc, RpcError

GENESIS_TIME = 1_735_689_600
"""2025-01-01 00:00 UTC: when development chains begin, unless told otherwise."""

CHAIN_ID = 31_337
HOST = "127.0.0.1"
PORTS = range(20_000, 32_768)
"""Of servers that may have any: below what a system gives to outgoing connections, which would be taken."""

START_SECONDS, CALL_SECONDS = 60.0, 120.0
BLOCK_GAS = 1_000_000_000
TRANSACTION_GAS = 400_000
FEE_WEI = 100 * 10**9
PURSE_WEI = 10**22
"""What a sender has to pay fees with, whatever it had before."""

CHECK_BLOCKS = 40
"""So many blocks of `mine_blocks` are checked by one look at their logs."""

SENT_AT_ONCE = 32
"""Transactions of one request: of more than some sixty anvil takes the last ones in the opposite order."""

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Transaction:
    """An unsigned call of `to` (none: a creation) by `sender`. `may_fail`: a revert is no fault."""

    sender: bytes
    to: bytes | None
    data: bytes
    gas: int = TRANSACTION_GAS
    value: int = 0
    may_fail: bool = False


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one transaction."""

    hash: str
    block: int
    succeeded: bool
    gas_used: int
    created: bytes | None


class Anvil:
    """A running anvil; a context manager. `port` 0 takes a free one; `start_time` is the genesis block's.

    `long` is for thousands of blocks: only the last 256 states can be read (logs and receipts stay), and
    the rules are those before EIP-2935, whose stored block hashes anvil hashes anew for every block: 4,000
    blocks take 0.1 s instead of 19 s. Must be started from a thread that outlives it.
    """

    def __init__(
        self,
        port: int = 0,
        chain_id: int = CHAIN_ID,
        start_time: int = GENESIS_TIME,
        long: bool = False,
    ) -> None:
        binary = find_anvil()
        port = free_port(port)
        self.url, self.chain_id, self.start_time = f"http://{HOST}:{port}", chain_id, start_time
        self._child: _Child | None = _Child([binary, *_arguments(port, chain_id, start_time, long)])
        self.rpc = Rpc([self.url], timeout_s=CALL_SECONDS)
        self._wait_until_up(self._child)
        self.rpc.call("anvil_autoImpersonateAccount", [True])

    @classmethod
    def at(cls, url: str) -> Self:
        """An anvil that somebody else runs and that outlives this object; its automatic mining is turned off.

        Stop when it is no anvil.
        """
        self = cls.__new__(cls)
        self.url, self.rpc = url, Rpc([url], timeout_s=CALL_SECONDS)
        self._child = None
        try:
            self.rpc.call("anvil_autoImpersonateAccount", [True])
            self.rpc.call("evm_setAutomine", [False])
        except RpcError as error:
            raise Stop(f"{self.rpc.name} is not a development chain of anvil: start one.") from error
        self.chain_id, self.start_time = self.rpc.chain_id(), self.rpc.block(0).time
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the process, if it is ours, and wait for it; again does nothing."""
        self.rpc.close()
        if self._child is not None:
            self._child.end()

    @property
    def pid(self) -> int | None:
        """The process id of anvil, where it is ours."""
        return None if self._child is None else self._child.process.pid

    def now(self) -> int:
        """The time of the latest block."""
        return self.rpc.block("latest").time

    def height(self) -> int:
        """The number of the latest block."""
        return int(self.rpc.call("eth_blockNumber"), 16)

    def set_balances(self, addresses: Iterable[bytes], wei: int = PURSE_WEI) -> None:
        """Give each of the accounts exactly so much of the chain's own coin."""
        self.rpc.batch([("anvil_setBalance", [_hex(address), hex(wei)]) for address in addresses])

    def set_code(self, address: bytes, code: bytes) -> None:
        """Put a contract's runtime code at an address."""
        self.rpc.call("anvil_setCode", [_hex(address), _hex(code)])

    def automine(self, on: bool) -> None:
        """Whether each transaction that arrives gets a block at once (off at the start)."""
        self.rpc.call("evm_setAutomine", [on])

    def advance_to(self, timestamp: int, blocks: int = 3) -> int:
        """Mine empty blocks, the last at `timestamp`, so that all earlier ones are final; its number."""
        now = self.now()
        for time_ in range(timestamp - blocks + 1, timestamp + 1):
            now = self._mine(time_, now)
        return self.height()

    def mine_block(
        self, transactions: Sequence[Transaction], timestamp: int | None = None
    ) -> tuple[Receipt, ...]:
        """One block of exactly these transactions at `timestamp` (none: a second after the last).

        Receipts in the order given; Stop when one failed that may not.
        """
        hashes = self._send(transactions, {})
        now = self.now()
        self._mine(now + 1 if timestamp is None else timestamp, now)
        receipts = self._receipts(hashes)
        for transaction, receipt in zip(transactions, receipts, strict=True):
            self._check(transaction, receipt)
        return receipts

    def mine_blocks(self, blocks: Iterable[tuple[Sequence[Transaction], int]]) -> None:
        """Many blocks of (transactions, timestamp), times rising; checked as in `mine_block`, but faster.

        Success is read from the logs, many blocks at a time; only transactions without a log cost a receipt.
        Meanwhile none of the senders may send by other means: their nonces are counted here.
        """
        now, nonces = self.now(), dict[bytes, int]()
        first, sent = self.height() + 1, dict[str, Transaction]()
        for count, (transactions, timestamp) in enumerate(blocks, 1):
            sent.update(zip(self._send(transactions, nonces), transactions, strict=True))
            now = self._mine(timestamp, now)
            if count % CHECK_BLOCKS == 0:
                self._check_all(first, sent)
                first, sent = first + CHECK_BLOCKS, {}
        self._check_all(first, sent)

    def _check_all(self, first: int, sent: dict[str, Transaction]) -> None:
        if not sent:
            return
        logs = self.rpc.call("eth_getLogs", [{"fromBlock": hex(first), "toBlock": "latest"}])
        silent = sorted(set(sent) - {log["transactionHash"] for log in logs})
        for receipt in self._receipts(silent):
            self._check(sent[receipt.hash], receipt)

    def _send(self, transactions: Sequence[Transaction], nonces: dict[bytes, int]) -> list[str]:
        """Hand the transactions to the chain; `nonces` gains senders that it lacks, and counts on."""
        self._introduce({transaction.sender for transaction in transactions} - nonces.keys(), nonces)
        requests = []
        for transaction in transactions:
            requests.append(_request(transaction, nonces[transaction.sender]))
            nonces[transaction.sender] += 1
        calls = [("eth_sendTransaction", [request]) for request in requests]
        parts = [calls[first : first + SENT_AT_ONCE] for first in range(0, len(calls), SENT_AT_ONCE)]
        return [hash_ for part in parts for hash_ in self.rpc.batch(part)]

    def _introduce(self, senders: set[bytes], nonces: dict[bytes, int]) -> None:
        new = sorted(senders)
        self.set_balances(new)
        counts = self.rpc.batch([("eth_getTransactionCount", [_hex(sender), "latest"]) for sender in new])
        nonces.update(zip(new, (int(count, 16) for count in counts), strict=True))

    def _mine(self, timestamp: int, now: int) -> int:
        """A block of all that was sent, at `timestamp`, which it returns; `now`: the time of the last one."""
        if timestamp <= now:
            raise Stop(
                f"The development chain is at {now} and cannot mine at {timestamp}: block times must rise."
            )
        self.rpc.call("evm_mine", [hex(timestamp)])
        return timestamp

    def _receipts(self, hashes: Sequence[str]) -> tuple[Receipt, ...]:
        raw = self.rpc.batch([("eth_getTransactionReceipt", [hash_]) for hash_ in hashes])
        for hash_, receipt in zip(hashes, raw, strict=True):
            if receipt is None:
                raise Stop(f"Transaction {hash_} did not fit its block: send fewer, or with less gas.")
        return tuple(_receipt(receipt) for receipt in raw)

    def _check(self, transaction: Transaction, receipt: Receipt) -> None:
        if receipt.succeeded or transaction.may_fail:
            return
        to = (
            "a creation"
            if transaction.to is None
            else f"{_hex(transaction.data[:4])} of {_hex(transaction.to)}"
        )
        raise Stop(
            f"A transaction of {_hex(transaction.sender)} in block {receipt.block} failed ({to}): "
            f"{self._why(receipt.hash)}."
        )

    def _why(self, hash_: str) -> str:
        trace = self.rpc.call("debug_traceTransaction", [hash_, {"tracer": "callTracer"}])
        return f"{trace.get('error', 'no reason given')}, returned {trace.get('output', 'nothing')}"

    def _wait_until_up(self, child: "_Child") -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and child.process.poll() is None:
            with contextlib.suppress(Retry):
                if self.rpc.chain_id() == self.chain_id:
                    return
            time.sleep(0.02)
        words = child.last_words()
        self.stop()
        raise Stop(f"anvil did not start at {self.url}: {words or 'it gave no reason'}.")


class _Child:
    """A process in its own group (so that Ctrl-C is ours to handle) that ends with us, and what it said."""

    def __init__(self, command: list[str]) -> None:
        self.said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  closed by end()
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=self.said,
            stderr=self.said,
            start_new_session=True,
            preexec_fn=die_with_parent(),  # noqa: PLW1509  one system call; no lock is taken
        )
        self._kill = weakref.finalize(self, _kill, self.process)

    def last_words(self) -> str:
        """The end of what it wrote, on one line."""
        self.said.seek(0)
        return " ".join(self.said.read()[-400:].decode(errors="replace").split())

    def end(self) -> None:
        """Kill it and wait for it; again does nothing."""
        self._kill()
        self.said.close()


def find_anvil() -> str:
    """The anvil binary: CREDIT_ORACLE_ANVIL, else what `make setup` fetched, else the PATH's; else Stop."""
    named = os.environ.get("CREDIT_ORACLE_ANVIL")
    if named:
        if Path(named).is_file() and os.access(named, os.X_OK):
            return named
        raise Stop(f"CREDIT_ORACLE_ANVIL names {named}, which is no program: correct or unset it.")
    fetched = Path(__file__).parents[2] / "contracts" / "node_modules" / "@foundry-rs" / _package()
    if fetched.is_dir():
        return str(fetched / "bin" / "anvil")
    on_path = shutil.which("anvil")
    if on_path:
        return on_path
    raise Stop("There is no anvil on this machine: run `make setup`, or name one in CREDIT_ORACLE_ANVIL.")


def _package() -> str:
    machine = platform.machine().lower()
    architecture = {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)
    return f"anvil-{sys.platform}-{architecture}"


def _arguments(port: int, chain_id: int, start_time: int, long: bool) -> list[str]:
    arguments = ["--host", HOST, "--port", str(port), "--chain-id", str(chain_id), "--quiet"]
    arguments += ["--timestamp", str(start_time), "--slots-in-an-epoch", "1", "--no-mining"]
    arguments += ["--order", "fifo", "--accounts", "1", "--gas-limit", str(BLOCK_GAS)]
    arguments += ["--no-request-size-limit"]
    return [*arguments, "--hardfork", "cancun", "--prune-history", "256"] if long else arguments


def free_port(port: int) -> int:
    """`port` itself, or any of PORTS that is free when it is 0; Stop when it is in use."""
    if port == 0:
        while not _is_free(found := secrets.choice(PORTS)):
            pass
        return found
    if not _is_free(port):
        raise Stop(f"Port {port} is in use: stop the program that uses it, or choose another port.")
    return port


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def die_with_parent() -> Any:
    """For `preexec_fn`: on Linux the child asks to be killed when we are gone; elsewhere nothing."""
    if sys.platform != "linux":
        return None
    libc, parent = ctypes.CDLL(None), os.getpid()

    def ask() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    return ask


def _request(transaction: Transaction, nonce: int) -> dict[str, str]:
    request = {
        "from": _hex(transaction.sender),
        "data": _hex(transaction.data),
        "gas": hex(transaction.gas),
        "nonce": hex(nonce),
        "maxFeePerGas": hex(FEE_WEI),
        "maxPriorityFeePerGas": "0x0",
        "value": hex(transaction.value),
    }
    return request if transaction.to is None else request | {"to": _hex(transaction.to)}


def _kill(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait()


def _receipt(raw: dict[str, Any]) -> Receipt:
    created = raw.get("contractAddress")
    return Receipt(
        hash=raw["transactionHash"],
        block=int(raw["blockNumber"], 16),
        succeeded=raw["status"] == "0x1",
        gas_used=int(raw["gasUsed"], 16),
        created=bytes.fromhex(created[2:]) if created else None,
    )


def _hex(raw: bytes) -> str:
    return "0x" + raw.hex()
