"""Whether an account signed a digest: by its key (secp256k1), or, if it is a contract, by what it says.

Rules that hold here: the key is tried first and needs nothing; a contract is asked by ERC-1271 over the
operator's own RPC addresses, at the latest block, and only its magic value counts; without an address, or
when none answers, such an account cannot sign in. Signatures are 64 (EIP-2098) or 65 bytes, low s only.
"""

import re
from collections.abc import Sequence

from eth_abi.abi import encode

from ledger_reader.errors import Stop
from ledger_reader.keccak import keccak256
from ledger_reader.rpc import Rpc, RpcError
from oracle.committee import recover
from oracle.keys import to_compact

MAX_SIGNATURE_BYTES = 4_096
"""A contract account may want the signatures of many owners."""

_SELECTOR = keccak256(b"isValidSignature(bytes32,bytes)")[:4]
_MAGIC = _SELECTOR.ljust(32, b"\0")
_HEX = re.compile(r"0x(?:[0-9a-fA-F]{2})*")


class Signatures:
    """Checks signatures; with `rpc` addresses those of contract accounts too."""

    def __init__(self, rpc: Sequence[str] = ()) -> None:
        self._rpc = Rpc(tuple(rpc), timeout_s=5.0) if rpc else None

    def close(self) -> None:
        """Closes the connections."""
        if self._rpc is not None:
            self._rpc.close()

    def signed(self, account: bytes, digest: bytes, signature: bytes) -> bool:
        """Whether `signature` of the 32-byte digest is the account's; Retry when no RPC address answers."""
        return signer_of(digest, signature) == account or self._contract_says(account, digest, signature)

    def _contract_says(self, account: bytes, digest: bytes, signature: bytes) -> bool:
        if self._rpc is None:
            return False
        data = _SELECTOR + encode(("bytes32", "bytes"), (digest, signature))
        call = {"to": "0x" + account.hex(), "data": "0x" + data.hex(), "gas": "0x7a1200"}
        try:
            answer = self._rpc.call("eth_call", [call, "latest"])
        except RpcError:
            return False  # it reverted
        return bool(answer == "0x" + _MAGIC.hex())


def signer_of(digest: bytes, signature: bytes) -> bytes | None:
    """The account whose key made the signature of a digest; None when no key did."""
    try:
        return recover(digest, _compact(signature))
    except Stop:
        return None


def _compact(signature: bytes) -> bytes:
    if len(signature) == 65 and signature[64] < 2:  # as some hardware wallets write v
        signature = signature[:64] + bytes([signature[64] + 27])
    return signature if len(signature) == 64 else to_compact(signature)


def from_hex(text: str) -> bytes:
    """The bytes of a signature as wallets give it; Stop when it is none."""
    if not _HEX.fullmatch(text) or len(text) > 2 + 2 * MAX_SIGNATURE_BYTES:
        raise Stop(f"the signature is not 0x and hex of at most {MAX_SIGNATURE_BYTES} bytes; sign again")
    return bytes.fromhex(text[2:])
