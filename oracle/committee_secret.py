"""The committee's secret in a node's folder: from it the salts of an epoch, and its turn after each.

Rules that hold here: K_e is replaced by K_{e+1} once the epoch's folder stands, and not needed again; a
secret as it was dealt counts only when it hashes to what the contract names.
"""

from pathlib import Path

from ledger_reader.errors import Stop
from oracle import folder
from oracle.ceremony import FIRST_EPOCH, SECRET_FILE
from oracle.committee import Committee
from oracle.epoch import Deployment, epoch_secret, next_secret, secret_at, secret_hash
from oracle.keys import NodeKeys, load_secret, save_secret
from oracle.settings import Settings


def salts_of(
    settings: Settings, keys: NodeKeys, deployment: Deployment, committee: Committee, epoch: int
) -> bytes:
    """S_e: from the committee secret, or from the epoch's folder once the secret was turned on.

    Stop when a first secret, as it was dealt, is not the one whose hash the contract names.
    """
    held_for, secret = load_secret(settings.home / SECRET_FILE, keys)
    if held_for > epoch:
        return folder.read_salts_secret(settings.epochs, epoch)
    if held_for == FIRST_EPOCH and secret_hash(secret) != committee.secret_hash:
        raise Stop(
            f"the secret in {settings.home} is not the committee's: it hashes to "
            f"0x{secret_hash(secret).hex()}, the contract names 0x{committee.secret_hash.hex()}; "
            "ask the member who dealt it."
        )
    return epoch_secret(secret_at(secret, epoch, held_for), deployment, epoch)


def turn_secret(home: Path, keys: NodeKeys, epoch: int) -> None:
    """Replace K_e by K_{e+1}, now that the epoch's folder stands: K_e is not needed again."""
    path = home / SECRET_FILE
    held_for, secret = load_secret(path, keys)
    if held_for <= epoch:
        save_secret(path, epoch + 1, next_secret(secret_at(secret, epoch, held_for)), keys)
