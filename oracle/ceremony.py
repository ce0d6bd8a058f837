"""How a committee begins: n members' keys, the first secret sealed to each, and the committee file.

Rules that hold here: each member's folder holds only its own keys (mode 0700, files 0600); the first
secret exists in the clear only in memory; what is to stand in the contract is in committee.json.
For production each member runs this on a machine of its own with `--members 1` and only public
keys are exchanged (docs/operations.md).
"""

from pathlib import Path
from typing import Any

from nacl import utils

from ledger_reader.errors import Stop
from models import plain
from oracle.committee import Committee, default_quorum, to_json
from oracle.epoch import SECRET_BYTES, secret_hash
from oracle.keys import INTERACTIVE, SENSITIVE, KeySigner, NodeKeys, save_secret

IDENTITY_FILE, SIGNER_FILE, SECRET_FILE = "identity.json", "keystore.json", "secret"
MODEL_KEY_FILE = "model-key.json"
FIRST_EPOCH = 1
"""The epoch of the secret that is dealt; later ones derive from it, one way."""


def make_committee(
    folder: Path, members: int, quorum: int | None, password: str, quick: bool = False
) -> dict[str, Any]:
    """Make node-1 … node-n and committee.json in `folder`; Stop when it exists and is not empty."""
    signers = [KeySigner.generate() for _ in range(members)]
    identities = [NodeKeys.generate() for _ in range(members)]
    first = utils.random(SECRET_BYTES)
    committee = Committee(
        members=tuple(signer.address for signer in signers),
        identity_keys=tuple(keys.identity_key for keys in identities),
        quorum=quorum or default_quorum(members),
        secret_hash=secret_hash(first),
    )
    _make_empty(folder)
    cost = INTERACTIVE if quick else SENSITIVE
    homes = [folder / f"node-{number}" for number in range(1, members + 1)]
    for home, signer, keys in zip(homes, signers, identities, strict=True):
        home.mkdir(mode=0o700, parents=True)
        keys.save(home / IDENTITY_FILE, password, cost)
        signer.save(home / SIGNER_FILE, password, cost)
        SignedLog.deal(home / SIGNED_LOG)
        save_secret(home / SECRET_FILE, FIRST_EPOCH, first, keys)
    described = to_json(committee)
    (folder / "committee.json").write_bytes(plain.write(described) + b"\n")
    return {
        **described,
        "committeeFile": str(folder / "committee.json"),
        "homes": [str(home) for home in homes],
        "backUp": f"{IDENTITY_FILE} and {SIGNER_FILE} of each member; {SECRET_FILE} is never backed up",
    }


def make_model_key(folder: Path, password: str, quick: bool = False) -> dict[str, Any]:
    """Make model-key.json in `folder`, which signs model bundles; Stop when the folder is not empty."""
    keys = NodeKeys.generate()
    _make_empty(folder)
    keys.save(folder / MODEL_KEY_FILE, password, INTERACTIVE if quick else SENSITIVE)
    return {"key": str(folder / MODEL_KEY_FILE), "signer": "0x" + keys.identity_key.hex()}


def _make_empty(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        used = any(folder.iterdir())
    except OSError as error:
        raise Stop(f"{folder} cannot be made ({error.strerror}); name another folder.") from error
    if used:
        raise Stop(f"{folder} exists and is not empty; name a new folder, keys are never overwritten.")
