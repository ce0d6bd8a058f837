"""What a round's snapshot hashes to, and the secrets and salts of an epoch; pure.

Rules that hold here: the committee secret K_e turns into K_{e+1} one way, and S_e derives from K_e one
way, so whoever holds a later secret, or the salts of one epoch, learns nothing about earlier ones.
Each value of a borrower is keyed BLAKE2b of S_e over its purpose and the address; purposes are ASCII
and of a fixed list, so no two messages are equal.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ledger_reader.errors import Stop
from ledger_reader.keccak import keccak256
from ledger_reader.ledger import Snapshot
from models.schedule import Schedule

PURPOSES = ("salt", "salt2", "salt3", "seed", "opening", "top")
"""What a borrower's keyed values are for; the last two only where there is no score."""

SECRET_BYTES = 32


@dataclass(frozen=True, order=True)
class Deployment:
    """One CreditOracle: the chain it is on and its 20-byte address. Scopes whatever is signed."""

    chain_id: int
    contract: bytes

    def __post_init__(self) -> None:
        if not 0 < self.chain_id < 2**63 or len(self.contract) != 20:
            raise ValueError(f"chain id {self.chain_id} with a contract of {len(self.contract)} bytes")

    @classmethod
    def of(cls, schedule: Schedule) -> "Deployment":
        """The contract whose clock a schedule is."""
        return cls(schedule.chain_id, schedule.contract)

    def __str__(self) -> str:
        return f"0x{self.contract.hex()} on chain {self.chain_id}"


def snapshot_hash(snapshot: Snapshot) -> bytes:
    """keccak256(abi.encode((uint64 chainId, uint64 number, bytes32 hash)[])) over all source chains."""
    rows = b"".join(_word(b.chain_id) + _word(b.number) + b.hash for b in snapshot.blocks)
    return keccak256(_word(32) + _word(len(snapshot.blocks)) + rows)


def secret_hash(secret: bytes) -> bytes:
    """keccak256 of a committee secret: what stands in the committee's configuration."""
    return keccak256(_checked(secret))


def next_secret(secret: bytes) -> bytes:
    """K_{e+1} from K_e; there is no way back."""
    return _keyed(_checked(secret), b"next")


def secret_at(first: bytes, epoch: int, first_epoch: int = 1) -> bytes:
    """K of `epoch`, from the secret held for `first_epoch`; Stop when that is a later one."""
    if epoch < first_epoch:
        raise Stop(
            f"the committee secret held is of epoch {first_epoch} and cannot be turned back to {epoch}: "
            "secrets of past epochs are deleted on purpose, so take part from the next epoch on"
        )
    for _ in range(epoch - first_epoch):
        first = next_secret(first)
    return _checked(first)


def epoch_secret(secret: bytes, deployment: Deployment, epoch: int) -> bytes:
    """S_e from K_e: all salts of one epoch of one deployment derive from it."""
    message = deployment.chain_id.to_bytes(32, "big") + deployment.contract + epoch.to_bytes(8, "big")
    return _keyed(_checked(secret), message)


def salt(secret: bytes, purpose: str, address: bytes) -> bytes:
    """The 32-byte value of one borrower (20-byte address) for one of PURPOSES, under S_e."""
    if len(address) != 20:
        raise ValueError(f"an address has 20 bytes, got {len(address)}")
    return next(iter(_salts(secret, purpose, (address,))))


def salts(secret: bytes, purpose: str, addresses: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """As `salt`, for addresses of shape (n, 20): shape (n, 32)."""
    flat = np.ascontiguousarray(addresses, dtype=np.uint8).tobytes()
    rows = (flat[at : at + 20] for at in range(0, len(flat), 20))
    return np.frombuffer(b"".join(_salts(secret, purpose, rows)), dtype=np.uint8).reshape(-1, 32)


def _salts(secret: bytes, purpose: str, addresses: Iterable[bytes]) -> Iterable[bytes]:
    if purpose not in PURPOSES:
        raise ValueError(f"purpose {purpose!r} is none of {PURPOSES}")
    # The key's block and the purpose are absorbed once; each address continues from a copy.
    started = hashlib.blake2b(purpose.encode(), key=_checked(secret), digest_size=32)
    for address in addresses:
        each = started.copy()
        each.update(address)
        yield each.digest()


def _keyed(key: bytes, message: bytes) -> bytes:
    return hashlib.blake2b(message, key=key, digest_size=32).digest()


def _checked(secret: bytes) -> bytes:
    # The message never shows the secret itself.
    if len(secret) != SECRET_BYTES:
        raise ValueError(f"a secret has {SECRET_BYTES} bytes, got {len(secret)}")
    return secret


def _word(value: int) -> bytes:
    return value.to_bytes(32, "big")
