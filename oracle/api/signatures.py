"""Whether an account signed a digest: by its key (secp256k1), or, if it is a contract, by what it says.

Rules that hold here: the key is tried first and needs nothing; a contract is asked by ERC-1271 (chain.py)
where the operator lets the service ask the chain, else such an account cannot sign in. Signatures are 64
(EIP-2098) or 65 bytes, low s only.
"""

import re
from collections.abc import Callable

from ledger_reader.errors import Stop
from oracle.committee import recover
from oracle.keys import to_compact
from oracle.sentences import SIGNATURE_MALFORMED

MAX_SIGNATURE_BYTES = 4_096
"""A contract account may want the signatures of many owners."""

_HEX = re.compile(r"0x(?:[0-9a-fA-F]{2})*")


class Signatures:
    """Checks signatures; with `approves` (account, digest, signature) those of contract accounts too."""

    def __init__(self, approves: Callable[[bytes, bytes, bytes], bool] | None = None) -> None:
        self._approves = approves

    def signed(self, account: bytes, digest: bytes, signature: bytes) -> bool:
        """Whether `signature` of the 32-byte digest is the account's; Retry when a chain does not answer."""
        if signer_of(digest, signature) == account:
            return True
        return self._approves is not None and self._approves(account, digest, signature)


def signer_of(digest: bytes, signature: bytes) -> bytes | None:
    """The account whose key made the signature of a digest; None when no key did."""
    try:
        return recover(digest, _compact(signature))
    except Stop:
        return None


def from_hex(text: str) -> bytes:
    """The bytes of a signature as wallets give it; Stop when it is none."""
    if not _HEX.fullmatch(text) or len(text) > 2 + 2 * MAX_SIGNATURE_BYTES:
        raise Stop(SIGNATURE_MALFORMED.of(most=MAX_SIGNATURE_BYTES))
    return bytes.fromhex(text[2:])


def _compact(signature: bytes) -> bytes:
    if len(signature) == 65 and signature[64] < 2:  # as some hardware wallets write v
        signature = signature[:64] + bytes([signature[64] + 27])
    return signature if len(signature) == 64 else to_compact(signature)
