"""The committee's secrets in a node's folder: `secrets/<hash>`, each turned on with the epochs.

Rules that hold here: a file is named by the keccak256 of the secret as it was dealt, which is what the
contract names, and holds (epoch, K of that epoch), sealed to the node itself; once the folder of epoch e
stands, K_e replaces whatever was before it, and no file is ever turned back. K_e itself stays until the
next epoch's folder stands, so that a member who lacks it can ask as long as e is the epoch to agree on;
it tells no more than S_e, which the folder holds, and K_{e+1}. A dealt file dropped into the folder as
`secret` is taken in by its hash. A secret that the contract no longer names is deleted.
"""

from collections.abc import Collection
from pathlib import Path

from ledger_reader.errors import Retry, Stop
from oracle import folder
from oracle.committee import Committee
from oracle.epoch import Deployment, epoch_secret, secret_at, secret_hash
from oracle.keys import NodeKeys, load_secret, save_secret, seal_secret

DEALT_FILE = "secret"


class Secrets:
    """All committee secrets that the node in `home` holds."""

    def __init__(self, home: Path, keys: NodeKeys) -> None:
        self._dealt, self._folder, self._keys = home / DEALT_FILE, home / "secrets", keys

    def take_in(self) -> None:
        """Take in a dealt file; one that is known already, and perhaps turned on, changes nothing."""
        if not self._dealt.exists():
            return
        epoch, secret = load_secret(self._dealt, self._keys)
        self.keep(secret_hash(secret), epoch, secret)
        self._dealt.unlink()

    def held(self, dealt_hash: bytes) -> tuple[int, bytes] | None:
        """(epoch, K of that epoch) of the secret with this hash, None when it is not here."""
        path = self._path(dealt_hash)
        return load_secret(path, self._keys) if path.exists() else None

    def keep(self, dealt_hash: bytes, epoch: int, secret: bytes) -> None:
        """Durably keep K of `epoch`, unless this secret is here already."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        if not self._path(dealt_hash).exists():
            save_secret(self._path(dealt_hash), epoch, secret, self._keys)

    def turn_to(self, dealt_hash: bytes, epoch: int) -> None:
        """Replace an earlier K by K of `epoch`, now that the epoch's folder stands."""
        found = self.held(dealt_hash)
        if found is not None and found[0] < epoch:
            turned = secret_at(found[1], epoch, found[0])
            save_secret(self._path(dealt_hash), epoch, turned, self._keys)

    def forget(self, epoch: int, needed: Collection[bytes]) -> None:
        """Delete what was held for epochs before `epoch`, but not what is `needed`."""
        for path in sorted(self._folder.glob("[0-9a-f]" * 64)):
            is_past = load_secret(path, self._keys)[0] < epoch
            if is_past and bytes.fromhex(path.name) not in needed:
                path.unlink()
        for leftover in sorted(self._folder.glob(".*.tmp")):
            # Of a write in which a process died: a copy of K that no turn would ever reach.
            leftover.unlink()

    def box_for(self, dealt_hash: bytes, epoch: int, identity_key: bytes) -> bytes:
        """K of `epoch`, never an earlier one, sealed to a member; Stop when it is not here any more."""
        found = self.held(dealt_hash)
        if found is None:
            raise Stop(f"the secret 0x{dealt_hash.hex()} is not in this node's folder: ask another member")
        return seal_secret(epoch, secret_at(found[1], epoch, found[0]), identity_key)

    def _path(self, dealt_hash: bytes) -> Path:
        return self._folder / dealt_hash.hex()


def salts_of(
    secrets: Secrets, epochs: Path, deployment: Deployment, committee: Committee, epoch: int
) -> bytes:
    """S_e: from the committee's secret, or from the epoch's folder once the secret was turned on.

    Retry when the secret is neither here nor in a folder: peers are asked for it.
    """
    found = secrets.held(committee.secret_hash)
    if found is not None and found[0] <= epoch:
        return epoch_secret(secret_at(found[1], epoch, found[0]), deployment, epoch)
    if epoch in folder.known_epochs(epochs):
        return folder.read_salts_secret(epochs, epoch)
    if found is not None:
        raise Retry(
            f"the committee's secret is turned on to epoch {found[0]} and the folder of epoch {epoch} is "
            "gone; secrets of past epochs are deleted on purpose, so take part from the next epoch on."
        )
    raise Retry(
        f"this node does not hold the secret 0x{committee.secret_hash.hex()}, which the contract names for "
        f"epoch {epoch}: it asks the other members for it; or put the file that was dealt to it into its "
        f"folder as `{DEALT_FILE}`."
    )
