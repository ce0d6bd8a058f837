"""What `check` sees in a node's folder: who can read it, whether its keys open, its log, its disk.

Rules that hold here: nothing is written; a member's public parts are read without the password, so that
the rest can be checked when only the password is missing; what a key is never leaves this module.
"""

import shutil
import sqlite3
import stat
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ledger_reader.errors import Stop
from models import plain
from oracle.ceremony import IDENTITY_FILE, SECRET_FILE, SIGNED_LOG, SIGNER_FILE
from oracle.check.row import Row, fix, ok, pending
from oracle.keys import KeySigner, NodeKeys, read_private
from oracle.settings import Remote, Settings, address_text

PRIVATE = (IDENTITY_FILE, SIGNER_FILE, SECRET_FILE, SIGNED_LOG, "wallet.json")
GIB = 1 << 30
LEAST_FREE = GIB


@dataclass(frozen=True)
class Member:
    """Who this folder is: address (20 bytes) and identity key (32 bytes), None where there is no file."""

    address: bytes | None
    identity_key: bytes | None


def address_in(path: Path) -> bytes:
    """The address (20 bytes) that a key file names openly; Stop when it cannot be read."""
    found = plain.read(read_private(path), str(path))
    text = found.get("address") if isinstance(found, dict) else None
    return plain.hexadecimal(f"0x{str(text).lower().removeprefix('0x')}", f"{path}: address", 20)


def member_of(home: Path) -> Member:
    """The public parts of the folder's keys; Stop when a file that is there cannot be read."""
    address, identity = None, None
    if (home / SIGNER_FILE).exists():
        address = address_in(home / SIGNER_FILE)
    if (home / IDENTITY_FILE).exists():
        found = plain.read(read_private(home / IDENTITY_FILE), str(home / IDENTITY_FILE))
        key = found.get("identityKey") if isinstance(found, dict) else None
        identity = plain.hexadecimal(key, f"{home / IDENTITY_FILE}: identityKey", 32)
    return Member(address, identity)


def permissions(home: Path, wallet: Path | None = None) -> list[Row]:
    """Whether anybody but the owner can read what must stay private; `wallet`: one more key file."""
    private = [*(home / name for name in PRIVATE), *([wallet] if wallet else [])]
    open_ones = [path for path in private if _is_open(path)]
    if open_ones:
        files = " ".join(str(path) for path in open_ones)
        return [fix("permissions", f"others can read what is private: run chmod 600 {files}.")]
    if stat.S_IMODE(home.stat().st_mode) & 0o022:
        return [fix("permissions", f"others can write into {home}: run chmod 700 {home}.")]
    return [ok("permissions", "only the owner can read the keys")]


def _is_open(path: Path) -> bool:
    return path.exists() and bool(stat.S_IMODE(path.stat().st_mode) & 0o077)


def keys_open(
    home: Path, password: str | None, opened: list[NodeKeys], signer: Remote | None = None
) -> list[Row]:
    """Whether the password opens the key files, and whether there is a key to sign with at all.

    With a `signer` on another machine the identity alone is here. `opened` gains the identity: opening it
    twice would cost seconds.
    """
    if not (home / IDENTITY_FILE).exists():
        return [fix("keys", f"{home / IDENTITY_FILE} is missing: restore it from its back-up, or run init.")]
    if password is None:
        return [fix("keys", "no password: set CREDIT_ORACLE_PASSWORD_FILE to the file that holds it.")]
    opened.append(NodeKeys.load(home / IDENTITY_FILE, password))
    if signer is not None:
        return [ok("keys", f"the identity opens; the key of {address_text(signer.address)} is elsewhere")]
    if not (home / SIGNER_FILE).exists():
        return [pending("keys", f"no {SIGNER_FILE}: the node computes, signs nothing and sends nothing.")]
    address = KeySigner.load(home / SIGNER_FILE, password).address
    return [ok("keys", f"both open; this member signs as {address_text(address)}")]


def signed_log(home: Path) -> list[Row]:
    """Whether the log of what was signed is whole."""
    path = home / SIGNED_LOG
    if not path.exists():
        says = f"{path} is missing, so this node sits out for two epochs before it signs again."
        return [pending("signed log", says)]
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as log:
            (answer,) = log.execute("PRAGMA integrity_check(1)").fetchone()
            epochs = log.execute("SELECT count(*), coalesce(max(epoch), 0) FROM signed").fetchone()
    except sqlite3.DatabaseError as error:
        raise Stop(
            f"{path} is damaged ({error}): move it away, then the node sits out for two epochs."
        ) from None
    if answer != "ok":
        return [fix("signed log", f"{path} is damaged: move it away, then the node sits out for two epochs.")]
    if not epochs[0]:
        return [ok("signed log", "whole; nothing signed yet")]
    return [ok("signed log", f"whole; {epochs[0]} digests, the last of epoch {epochs[1]}")]


def disk(settings: Settings) -> list[Row]:
    """Whether the ledger and one more epoch fit beside what is there."""
    free = shutil.disk_usage(settings.home).free
    kept = _size(settings.ledger) + sum(_size(path) for path in settings.epochs.rglob("*"))
    says = f"{free / GIB:.1f} GiB free, ledger and epochs take {kept / GIB:.1f} GiB"
    if free < LEAST_FREE:
        return [fix("disk", f"{says}: free at least {LEAST_FREE / GIB:.0f} GiB, or move the folder.")]
    if free < kept:
        return [pending("disk", f"{says}: the ledger can be rebuilt only where it fits once more.")]
    return [ok("disk", says)]


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
