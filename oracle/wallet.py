"""An account that pays: the only file that sends a transaction.

Rules that hold here: a call is simulated right before it is sent, so that what would revert costs nothing;
one transaction at a time; what is sent is written down first (journal.py), and while it is not mined it is
replaced, under the same nonce and at a higher fee, never doubled, also by a process that came after a
crash; when another has done the work meanwhile, nothing more is offered.
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from ledger_reader.errors import Retry, Stop
from ledger_reader.keccak import keccak256
from ledger_reader.rpc import Rpc, RpcError
from oracle import metrics
from oracle.contract import Contract, Refused
from oracle.journal import Journal, Offer

REPLACE_AFTER_SECONDS = 45.0
"""A transaction not mined in this time is offered again at a higher fee."""

RAISE_PERCENT = 25
"""How much more a replacement pays (nodes ask for at least 10 %)."""

MAX_REPLACEMENTS = 6
MAX_RAISES = 24
"""So often a fee that the node finds too low for its pool is raised at once: up to 200-fold."""

_KNOWN = re.compile(r"already known|alreadyknown|already imported|known transaction", re.I)
_NONCE_USED = re.compile(r"nonce too low|old ?nonce|nonce .*already", re.I)
_FEE_TOO_LOW = re.compile(
    r"underpriced|fee ?too ?low|replacement ?not ?allowed|less than block base fee", re.I
)
_BROKE = re.compile(r"insufficient ?funds|upfront cost exceeds", re.I)


class Broke(Stop):
    """The account cannot pay for the transaction."""


class Payer(Protocol):
    """Who signs transactions: a key file's key, or one that never leaves another machine."""

    @property
    def address(self) -> bytes:
        """The account's 20-byte address."""

    def sign_transaction(self, transaction: dict[str, Any]) -> bytes:
        """The raw signed transaction; its fields are those of EIP-1559, integers and bytes."""


@dataclass(frozen=True)
class Receipt:
    """A mined transaction: its hash, its block, the gas it used."""

    transaction: str
    block: int
    gas: int


class Wallet:
    """An account on one chain: one transaction at a time, replaced at a higher fee until it is mined."""

    def __init__(
        self,
        rpc: Rpc,
        payer: Payer,
        chain_id: int,
        poll_seconds: float = 1.0,
        journal: Journal | None = None,
        replace_seconds: float = REPLACE_AFTER_SECONDS,
    ) -> None:
        """`journal`: where offers are written down; without one a crash forgets them."""
        self.rpc = rpc
        self.address = payer.address
        self._payer, self._chain_id = payer, chain_id
        self._poll_seconds, self._replace_seconds = poll_seconds, replace_seconds
        self._journal = journal or Journal()

    def send(
        self,
        contract: Contract,
        function: str,
        *arguments: Any,
        is_needless: Callable[[], bool] = lambda: False,
        simulate_at: str = "latest",
    ) -> Receipt | None:
        """Call `function` in a transaction and wait until it is mined.

        `simulate_at` "pending" also sees what others have sent and is not mined yet. Refused when the call
        would revert (nothing is sent then) or reverted; None when `is_needless` says that another has done
        the work; Retry when it is not mined; Broke when the account cannot pay.
        """
        transaction, offer = self._prepared(contract, contract.call_data(function, *arguments), simulate_at)
        for _ in range(MAX_REPLACEMENTS):
            offer = offered = self._offered(transaction, offer)
            receipt = self._mined(offered, is_needless)
            if receipt is None and is_needless():
                receipt = self._receipt(offered)  # what made it needless may be this very offer
                if receipt is None:
                    return None
            if receipt is not None:
                return self._checked(contract, transaction, offered, receipt)
            metrics.fee_bumps.inc()
            _raise(transaction)
        raise Retry(
            f"the transaction {offered.hashes[-1]} is not mined after {MAX_REPLACEMENTS} rising offers of a "
            f"fee; check the balance and nonce of {_hex(self.address)}"
        )

    def _prepared(
        self, contract: Contract, call: bytes, simulate_at: str
    ) -> tuple[dict[str, Any], Offer | None]:
        """The transaction, and the offer of the same nonce that is still open, if any."""
        nonce, priority, block = self.rpc.batch(
            [
                ("eth_getTransactionCount", [_hex(self.address), "latest"]),
                ("eth_maxPriorityFeePerGas", []),
                ("eth_getBlockByNumber", ["latest", False]),
            ]
        )
        last = self._journal.last_of(self.address)
        is_open = last is not None and last.nonce == int(nonce, 16)
        # Our own open offer stands in the pending state too, and must not look like another's.
        gas = self._gas(contract, call, "latest" if is_open else simulate_at)
        tip = int(priority, 16)
        transaction: dict[str, Any] = {
            "chainId": self._chain_id,
            "nonce": int(nonce, 16),
            "to": contract.address,
            "data": call,
            "value": 0,
            "gas": gas + gas // 5,
            "maxPriorityFeePerGas": tip,
            "maxFeePerGas": 2 * int(block["baseFeePerGas"], 16) + tip,
        }
        if last is None or not is_open:
            return transaction, None
        transaction["maxPriorityFeePerGas"] = max(tip, _raised(last.tip))
        transaction["maxFeePerGas"] = max(transaction["maxFeePerGas"], _raised(last.fee))
        return transaction, last

    def _gas(self, contract: Contract, call: bytes, at: str) -> int:
        request = {"from": _hex(self.address), "to": _hex(contract.address), "data": _hex(call)}
        try:
            return int(self.rpc.call("eth_estimateGas", [request, at]), 16)
        except RpcError as error:
            refusal = contract.refusal(error)
            if at != "latest" and not isinstance(refusal, Refused):
                return self._gas(contract, call, "latest")  # not every provider knows the pending state
            raise refusal from error

    def _offered(self, transaction: dict[str, Any], before: Offer | None) -> Offer:
        """Write down and send; the fee is raised until the node's pool takes it."""
        for _ in range(MAX_RAISES):
            raw = self._payer.sign_transaction(transaction)
            offer = _offer(self.address, transaction, raw, before)
            self._journal.write(offer)
            try:
                self.rpc.call("eth_sendRawTransaction", [_hex(raw)])
            except RpcError as error:
                if _FEE_TOO_LOW.search(error.text) and not _KNOWN.search(error.text):
                    _raise(transaction)
                    continue
                self._check_refusal(error, before)
            return offer
        raise Retry(
            f"the node finds {transaction['maxFeePerGas']} wei a gas too low for its pool after {MAX_RAISES} "
            "raises; look at the chain's fees"
        )

    def _check_refusal(self, error: RpcError, before: Offer | None) -> None:
        """Nothing, when one of our forms of the transaction is with the chain after all."""
        if _KNOWN.search(error.text) or (_NONCE_USED.search(error.text) and before is not None):
            return
        if _NONCE_USED.search(error.text):
            raise Retry(f"another transaction of {_hex(self.address)} took the nonce; try again") from error
        if _BROKE.search(error.text):
            raise Broke(
                f"{_hex(self.address)} cannot pay for a transaction on chain {self._chain_id} "
                f"({error.text[:100]}); send the chain's coin to it"
            ) from error
        raise error

    def _mined(self, offer: Offer, is_needless: Callable[[], bool]) -> dict[str, Any] | None:
        """The receipt of whichever form was mined; None when none was in time, or it has become needless."""
        deadline = time.monotonic() + self._replace_seconds
        while True:
            receipt = self._receipt(offer)
            if receipt is not None or time.monotonic() >= deadline or is_needless():
                return receipt
            time.sleep(self._poll_seconds)

    def _receipt(self, offer: Offer) -> dict[str, Any] | None:
        """That of whichever form is mined now."""
        found = self.rpc.batch([("eth_getTransactionReceipt", [each]) for each in offer.hashes])
        return next((receipt for receipt in found if receipt is not None), None)

    def _checked(
        self, contract: Contract, transaction: dict[str, Any], offer: Offer, receipt: dict[str, Any]
    ) -> Receipt:
        block = int(receipt["blockNumber"], 16)
        mined = self.rpc.call("eth_getTransactionByHash", [receipt["transactionHash"]])
        if mined is None or mined["input"] != _hex(transaction["data"]):
            raise Retry(f"an earlier transaction of {_hex(self.address)} took nonce {offer.nonce}; try again")
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


def _offer(account: bytes, transaction: dict[str, Any], raw: bytes, before: Offer | None) -> Offer:
    signed = _hex(keccak256(raw))
    earlier = before.hashes if before is not None else ()
    return Offer(
        account=account,
        nonce=transaction["nonce"],
        tip=transaction["maxPriorityFeePerGas"],
        fee=transaction["maxFeePerGas"],
        hashes=earlier if signed in earlier else (*earlier, signed),
    )


def _raise(transaction: dict[str, Any]) -> None:
    for fee in ("maxFeePerGas", "maxPriorityFeePerGas"):
        transaction[fee] = _raised(transaction[fee])


def _raised(wei: int) -> int:
    return wei * (100 + RAISE_PERCENT) // 100 + 1


def _hex(raw: bytes) -> str:
    return "0x" + raw.hex()
