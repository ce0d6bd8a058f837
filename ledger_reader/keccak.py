"""Keccak-256 as Ethereum uses it (the padding before FIPS 202), one implementation for all."""

import sha3


def keccak256(data: bytes) -> bytes:
    """The 32-byte Keccak-256 digest of `data`."""
    digest: bytes = sha3.keccak_256(data).digest()
    return digest
