"""An account that pays: the only file that sends a transaction.

Rules that hold here: a call is simulated right before it is sent, so that what would revert costs
nothing; one transaction at a time, replaced at a higher fee until it is mined.
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from eth_account.signers.local import LocalAccount

from ledger_reader.errors import Retry
from ledger_reader.rpc import Rpc, RpcError
from oracle import metrics
from oracle.contract import Contract

REPLACE_AFTER_SECONDS = 45
"""A transaction not mined in this time is sent again at a higher fee."""

FEE_BUMP_PERCENT = 25
"""How much more a replacement pays (nodes ask for at least 10 %)."""

MAX_REPLACEMENTS = 6

_NONCE_IS_USED = re.compile(r"nonce too low|already known|already imported", re.I)


@dataclass(frozen=True)
class Receipt:
    """A mined transaction: its hash, its block, the gas it used."""

    transaction: str
    block: int
    gas: int


class Wallet:
    """An account that pays: one transaction at a time, replaced at a higher fee until it is mined."""

    def __init__(self, rpc: Rpc, account: LocalAccount, chain_id: int, poll_seconds: float = 1.0) -> None:
        self.rpc = rpc
        self.address = bytes.fromhex(account.address[2:])
        self._account = account
        self._chain_id = chain_id
        self._poll_seconds = poll_seconds

    def send(
        self,
        contract: Contract,
        function: str,
        *arguments: Any,
        is_needless: Callable[[], bool] = lambda: False,
    ) -> Receipt | None:
        """Call `function` in a transaction and wait until it is mined.

        Refused when the call would revert (nothing is sent then) or reverted; None when, before a
        replacement, `is_needless` says that another has done the work; Retry when it is not mined.
        """
        transaction = self._prepared(contract, contract.call_data(function, *arguments))
        hashes: list[str] = []
        for _ in range(MAX_REPLACEMENTS):
            hashes += self._sent(transaction)
            if not hashes:
                raise Retry(f"another transaction of {_hex(self.address)} took the nonce; try again")
            receipt = self._mined(hashes)
            if receipt is not None:
                return self._checked(contract, transaction, receipt)
            if is_needless():
                return None
            metrics.fee_bumps.inc()
            for fee in ("maxFeePerGas", "maxPriorityFeePerGas"):
                transaction[fee] = transaction[fee] * (100 + FEE_BUMP_PERCENT) // 100 + 1
        raise Retry(
            f"the transaction {hashes[-1]} is not mined after {MAX_REPLACEMENTS} rising offers of a fee; "
            f"check the balance and nonce of {_hex(self.address)}"
        )

    def _prepared(self, contract: Contract, call: bytes) -> dict[str, Any]:
        request = {"from": _hex(self.address), "to": _hex(contract.address), "data": _hex(call)}
        try:
            gas = int(self.rpc.call("eth_estimateGas", [request]), 16)
        except RpcError as error:
            raise contract.refusal(error) from error
        nonce, priority, block = self.rpc.batch(
            [
                ("eth_getTransactionCount", [_hex(self.address), "latest"]),
                ("eth_maxPriorityFeePerGas", []),
                ("eth_getBlockByNumber", ["latest", False]),
            ]
        )
        tip = int(priority, 16)
        return {
            "chainId": self._chain_id,
            "nonce": int(nonce, 16),
            "to": contract.address,
            "data": call,
            "value": 0,
            "gas": gas + gas // 5,
            "maxPriorityFeePerGas": tip,
            "maxFeePerGas": 2 * int(block["baseFeePerGas"], 16) + tip,
        }

    def _sent(self, transaction: dict[str, Any]) -> list[str]:
        """The transaction's hash; none when an earlier one of the same nonce was mined meanwhile."""
        signed = self._account.sign_transaction(transaction)
        try:
            return [self.rpc.call("eth_sendRawTransaction", [_hex(bytes(signed.raw_transaction))])]
        except RpcError as error:
            if _NONCE_IS_USED.search(error.text):
                return []
            raise

    def _mined(self, hashes: list[str]) -> dict[str, Any] | None:
        deadline = time.monotonic() + REPLACE_AFTER_SECONDS
        while time.monotonic() < deadline:
            for receipt in self.rpc.batch([("eth_getTransactionReceipt", [each]) for each in hashes]):
                if receipt is not None:
                    found: dict[str, Any] = receipt
                    return found
            time.sleep(self._poll_seconds)
        return None

    def _checked(self, contract: Contract, transaction: dict[str, Any], receipt: dict[str, Any]) -> Receipt:
        block = int(receipt["blockNumber"], 16)
        if int(receipt["status"], 16) == 1:
            return Receipt(receipt["transactionHash"], block, int(receipt["gasUsed"], 16))
        request = {k: _hex(transaction[k]) for k in ("to", "data")} | {"from": _hex(self.address)}
        try:
            self.rpc.call("eth_call", [request, hex(block - 1)])
        except RpcError as error:
            raise contract.refusal(error) from error
        raise Retry(
            f"the transaction {receipt['transactionHash']} reverted in block {block}; it would not now"
        )


def _hex(raw: bytes) -> str:
    return "0x" + raw.hex()
