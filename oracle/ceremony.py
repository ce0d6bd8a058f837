"""How a committee begins and changes: members' keys, a secret sealed to each, and the committee file.

Rules that hold here: each member's folder holds only its own keys (mode 0700, files 0600) and a log of what
it signed, as old as they are; a committee's secret exists in the clear only in memory; what is to stand in
the contract is in committee.json. For production each member runs `init --members 1` on a machine of its
own, only the files member.json are exchanged, and one member deals by `rotate` (docs/operations.md).
"""

from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Any

from eth_abi.abi import encode
from nacl import utils

from ledger_reader.errors import Stop
from models import plain
from oracle.committee import Committee, default_quorum, to_json
from oracle.committee_secret import DEALT_FILE, Secrets
from oracle.contract import load_abi
from oracle.epoch import SECRET_BYTES, secret_hash
from oracle.keys import (
    INTERACTIVE,
    SENSITIVE,
    KeySigner,
    NodeKeys,
    SignedLog,
    save_secret,
    seal_secret,
    write_durably,
)

IDENTITY_FILE, SIGNER_FILE, SECRET_FILE = "identity.json", "keystore.json", DEALT_FILE
MEMBER_FILE, SIGNED_LOG = "member.json", "signed.sqlite"
MODEL_KEY_FILE = "model-key.json"
MAX_MEMBER_BYTES = 1 << 12
FILES = (
    (IDENTITY_FILE, "identity, sealed by the password", "yes", "never"),
    (SIGNER_FILE, "key that signs and pays, sealed by the password", "yes", "never"),
    (MEMBER_FILE, "address and identity's public key", "as you like", "to the member who deals"),
    (SECRET_FILE, "the committee's secret, sealed to this member", "never", "never"),
    (SIGNED_LOG, "what this member signed: an old copy forgets", "never", "never"),
)
"""What `init` puts into a member's folder; whether to back it up, and whether it leaves the machine."""

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
        write_durably(home / MEMBER_FILE, _member_json(signer.address, keys.identity_key), replace=False)
        save_secret(home / SECRET_FILE, FIRST_EPOCH, first, keys)
    described = to_json(committee)
    (folder / "committee.json").write_bytes(plain.write(described) + b"\n")
    return {
        **described,
        "committeeFile": str(folder / "committee.json"),
        "homes": [str(home) for home in homes],
        "backUp": f"{IDENTITY_FILE} and {SIGNER_FILE} of each member; {SECRET_FILE} is never backed up",
        "files": [
            {"file": name, "what": what, "backUp": keep, "leaves": goes} for name, what, keep, goes in FILES
        ],
    }


def make_rotation(
    home: Path, keys: NodeKeys, members: Sequence[Path], from_epoch: int, quorum: int | None, out: Path
) -> dict[str, Any]:
    """Deal a fresh secret for a new committee of `members` (their member.json) from an epoch on.

    Writes to the new folder `out`: committee.json; calldata, by which the owner schedules it; and for each
    member secret-<address>, a box that only it opens, to be put into its folder as `secret`. The dealer
    keeps its own, if it is a member; nodes of members who got no file ask the dealer's.
    """
    fresh = utils.random(SECRET_BYTES)
    found = [read_member(path) for path in members]
    committee = Committee(
        members=tuple(address for address, _ in found),
        identity_keys=tuple(key for _, key in found),
        quorum=quorum or default_quorum(len(found)),
        secret_hash=secret_hash(fresh),
    )
    _make_empty(out)
    for address, identity_key in found:
        box = seal_secret(from_epoch, fresh, identity_key)
        write_durably(out / f"{SECRET_FILE}-0x{address.hex()}", box, replace=False)
    if keys.identity_key in committee.identity_keys:
        Secrets(home, keys).keep(committee.secret_hash, from_epoch, fresh)
    described, call = to_json(committee), _schedule_call(committee, from_epoch)
    (out / "committee.json").write_bytes(plain.write(described) + b"\n")
    (out / "calldata").write_text(call + "\n")
    return {
        **described,
        "fromEpoch": from_epoch,
        "committeeFile": str(out / "committee.json"),
        "calldata": call,
        "secrets": [str(out / f"{SECRET_FILE}-0x{address.hex()}") for address, _ in found],
    }


def read_member(path: Path) -> tuple[bytes, bytes]:
    """(address, identity key) of a member.json; Stop says what is wrong with it."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_MEMBER_BYTES + 1)
    except OSError as error:
        raise Stop(f"{path}: {error.strerror}; a member's `init` writes {MEMBER_FILE}.") from error
    if len(content) > MAX_MEMBER_BYTES:
        raise Stop(f"{path} has more than {MAX_MEMBER_BYTES} bytes: it is no {MEMBER_FILE}.")
    values = plain.fields(plain.read(content, str(path)), ("address", "identityKey"), str(path))
    return (
        plain.hexadecimal(values["address"], f"{path}: address", 20),
        plain.hexadecimal(values["identityKey"], f"{path}: identityKey", 32),
    )


def _member_json(address: bytes, identity_key: bytes) -> bytes:
    return plain.write({"address": "0x" + address.hex(), "identityKey": "0x" + identity_key.hex()}) + b"\n"


def _schedule_call(committee: Committee, from_epoch: int) -> str:
    signature = load_abi("CreditOracle").functions["scheduleCommittee"]
    return "0x" + (signature.id + encode(signature.inputs, (astuple(committee), from_epoch))).hex()


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
