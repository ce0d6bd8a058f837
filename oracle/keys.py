"""Key files, signers, sealed secrets, and the write-ahead log of what was signed.

Rules that hold here: a private key is on disk only encrypted (argon2id and SecretBox; keystore v3
for secp256k1), in files of mode 0600, and never in a repr, a message or a log; files that others
can read are refused; a write is durable (fsync) before anything relies on it, atomic, and never
replaces a key. What is signed is recorded first, and a second digest for an epoch of a deployment
is never signed. The committee secret travels and rests in boxes sealed to the X25519 form of a
member's Ed25519 identity key: that key stands in the on-chain configuration, so no one can pass
off another. Derivation costs are SENSITIVE (about 1 GiB and seconds) unless a caller asks for
less: INTERACTIVE (64 MiB) is for demonstrations, where the files guard nothing.
"""

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

from coincurve import PrivateKey
from nacl import pwhash, utils
from nacl.exceptions import CryptoError
from nacl.public import SealedBox
from nacl.secret import SecretBox
from nacl.signing import SigningKey, VerifyKey

from ledger_reader.errors import Retry, Stop
from models import plain
from oracle.committee import Attestation, address_of, recover
from oracle.epoch import SECRET_BYTES, Deployment
from oracle.report import EpochReport, digest

FORMAT = 1
KEY_BYTES = 32
_DEALT = 1
MAX_FILE_BYTES = 1 << 16
_HIGH_BIT = 1 << 255


@dataclass(frozen=True, slots=True)
class Cost:
    """How dear a guess of the password is: argon2id passes and bytes, and scrypt's N for keystore v3."""

    passes: int
    memory_bytes: int
    scrypt_n: int


SENSITIVE = Cost(pwhash.argon2id.OPSLIMIT_SENSITIVE, pwhash.argon2id.MEMLIMIT_SENSITIVE, 1 << 18)
INTERACTIVE = Cost(pwhash.argon2id.OPSLIMIT_INTERACTIVE, pwhash.argon2id.MEMLIMIT_INTERACTIVE, 1 << 13)


class Signer(Protocol):
    """Who signs reports for a member: a key file's key, or one that never leaves another machine."""

    @property
    def address(self) -> bytes:
        """The member's 20-byte address."""

    def sign_report(self, report: EpochReport, deployment: Deployment) -> bytes:
        """65 bytes r ‖ s ‖ v (27 or 28) over the report's EIP-712 digest, s in the lower half."""


class NodeKeys:
    """A node's Ed25519 identity: it signs envelopes and digests, and opens what is sealed to it."""

    def __init__(self, seed: bytes) -> None:
        self._key = SigningKey(seed)

    def __repr__(self) -> str:
        return f"NodeKeys({self.identity_key.hex()})"

    @classmethod
    def generate(cls) -> "NodeKeys":
        """New keys from the system's randomness."""
        return cls(utils.random(32))

    @property
    def identity_key(self) -> bytes:
        """The 32-byte public key that stands in the committee's configuration."""
        return bytes(self._key.verify_key)

    def sign(self, message: bytes) -> bytes:
        """A 64-byte Ed25519 signature."""
        return self._key.sign(message).signature

    def open_sealed(self, box: bytes) -> bytes:
        """What was sealed to this node; Stop when it was sealed to another or altered."""
        try:
            return SealedBox(self._key.to_curve25519_private_key()).decrypt(box)
        except CryptoError:
            raise Stop(
                f"the sealed box is not for this node ({self.identity_key.hex()[:16]}…) or was altered: "
                "ask its sender to seal it again"
            ) from None

    def save(self, path: Path, password: str, cost: Cost = SENSITIVE) -> None:
        """Writes a new encrypted key file; Stop when the file exists."""
        salt = utils.random(pwhash.argon2id.SALTBYTES)
        box = _secret_box(password, salt, cost.passes, cost.memory_bytes)
        written = {
            "format": FORMAT,
            "kind": "node key",
            "identityKey": "0x" + self.identity_key.hex(),
            "argon2id": {
                "passes": cost.passes,
                "memoryBytes": cost.memory_bytes,
                "salt": "0x" + salt.hex(),
            },
            "box": "0x" + box.encrypt(bytes(self._key)).hex(),
        }
        write_durably(path, plain.write(written) + b"\n", replace=False)

    @classmethod
    def load(cls, path: Path, password: str) -> "NodeKeys":
        """The keys in a file that `save` wrote; Stop says what is wrong with file or password."""
        values = plain.fields(
            plain.read(read_private(path), str(path)),
            ("format", "kind", "identityKey", "argon2id", "box"),
            str(path),
        )
        plain.integer(values["format"], f"{path}: format", FORMAT, FORMAT)
        plain.choice(values["kind"], f"{path}: kind", ("node key",))
        keys = cls(_decrypt(path, values, password))
        if keys.identity_key != plain.hexadecimal(values["identityKey"], f"{path}: identityKey", 32):
            raise Stop(f"{path} names an identity key that is not its own: restore the file from its back-up")
        return keys


class KeySigner:
    """A secp256k1 key held in memory: signs reports and transactions."""

    def __init__(self, private_key: bytes) -> None:
        """`private_key` has 32 bytes, and is neither 0 nor above the curve's order: else ValueError."""
        if len(private_key) != KEY_BYTES:  # coincurve would fill a short one up
            raise ValueError(f"a private key has {KEY_BYTES} bytes, got {len(private_key)}")
        self._key = PrivateKey(private_key)

    def __repr__(self) -> str:
        return f"KeySigner(0x{self.address.hex()})"

    @classmethod
    def generate(cls) -> "KeySigner":
        """A new key from the system's randomness."""
        return cls(PrivateKey().secret)

    @property
    def address(self) -> bytes:
        """The key's 20-byte address."""
        return address_of(self._key.public_key)

    def sign_digest(self, signed: bytes) -> bytes:
        """65 bytes r ‖ s ‖ v over a 32-byte digest."""
        signature = self._key.sign_recoverable(signed, hasher=None)
        return signature[:64] + bytes([27 + signature[64]])

    def sign_report(self, report: EpochReport, deployment: Deployment) -> bytes:
        """65 bytes r ‖ s ‖ v over the report's EIP-712 digest."""
        return self.sign_digest(digest(report, deployment))

    def sign_transaction(self, transaction: dict[str, Any]) -> bytes:
        """The raw signed transaction; its fields are those of EIP-1559, integers and bytes."""
        from eth_account import Account  # noqa: PLC0415 (slow to load, and most rounds send nothing)

        signed = Account.from_key(self._key.secret).sign_transaction(transaction)
        return bytes(signed.raw_transaction)

    def save(self, path: Path, password: str, cost: Cost = SENSITIVE) -> None:
        """Writes a new keystore v3 file (scrypt), as geth and Clef read it; Stop when the file exists."""
        from eth_keyfile.keyfile import create_keyfile_json  # noqa: PLC0415 (slow to load; dry runs need none)

        secret = password.encode()  # bytes are what it takes, whatever its hints say
        written = create_keyfile_json(self._key.secret, secret, kdf="scrypt", iterations=cost.scrypt_n)  # type: ignore[arg-type]
        write_durably(path, plain.write(written) + b"\n", replace=False)

    @classmethod
    def load(cls, path: Path, password: str) -> "KeySigner":
        """The key in a keystore v3 file; Stop says what is wrong with file or password."""
        from eth_keyfile.keyfile import decode_keyfile_json  # noqa: PLC0415 (as above)

        found = plain.read(read_private(path), str(path))
        try:
            return cls(decode_keyfile_json(found, password.encode()))  # type: ignore[arg-type]  # as above
        except ValueError as error:
            raise Stop(f"{path} does not open: wrong password, or the file is damaged ({error})") from None
        except (KeyError, TypeError, AttributeError, NotImplementedError) as error:
            raise Stop(f"{path} is not a keystore v3 file ({error!r}): restore it from its back-up") from None


class SignedLog:
    """What this node has signed: one digest an epoch of a deployment, durable before it is signed.

    A context manager over one SQLite file; two processes may share it, and still sign only once (one waits
    for the other for `wait_seconds`). A log that was not dealt with the keys may have forgotten something:
    whoever holds it sits out (see sit_out.py).
    """

    def __init__(self, path: Path, wait_seconds: float = 5.0) -> None:
        self.path = path
        create_private(path)
        with self._speaking():
            self._connection = _open_log(path, wait_seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()

    @classmethod
    def deal(cls, path: Path) -> None:
        """A new log for new keys, which have signed nothing yet."""
        with cls(path) as log, log._speaking():
            log._connection.execute(f"PRAGMA user_version = {_DEALT}")

    @property
    def was_dealt(self) -> bool:
        """Whether the log is as old as the keys."""
        with self._speaking():
            return bool(self._connection.execute("PRAGMA user_version").fetchone()[0] == _DEALT)

    def sit_out(self, deployment: Deployment, until: int) -> None:
        """Durably signs nothing for epochs before `until`."""
        with self._speaking():
            self._connection.execute(
                "INSERT INTO sits_out VALUES (?, ?, ?)", (deployment.chain_id, deployment.contract, until)
            )

    def sits_out_until(self, deployment: Deployment) -> int:
        """The first epoch that may be signed again, 0 when it never sat out."""
        query = "SELECT coalesce(max(until), 0) FROM sits_out WHERE chain_id = ? AND contract = ?"
        with self._speaking():
            row = self._connection.execute(query, (deployment.chain_id, deployment.contract)).fetchone()
        return int(row[0])

    def record(self, deployment: Deployment, epoch: int, signed: bytes) -> None:
        """Durably records what is about to be signed; Stop when the epoch has another digest.

        The same digest again is fine: signing is deterministic, and a crash repeats work.
        """
        until = self.sits_out_until(deployment)
        if epoch < until:
            raise Stop(f"this node sits out until epoch {until} and signs nothing for {epoch}: wait for it")
        values = (deployment.chain_id, deployment.contract, epoch, signed)
        with self._speaking():
            self._connection.execute("INSERT INTO signed VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", values)
        before = self.digest_of(deployment, epoch)
        if before != signed:
            raise Stop(
                f"this node has signed 0x{(before or b'').hex()} for epoch {epoch} of {deployment} and never "
                f"signs a second digest (asked for 0x{signed.hex()}): find out which ledger is wrong, "
                "and take part from the next epoch on"
            )

    def digest_of(self, deployment: Deployment, epoch: int) -> bytes | None:
        """What was recorded for an epoch, None when nothing was."""
        query = "SELECT digest FROM signed WHERE chain_id = ? AND contract = ? AND epoch = ?"
        with self._speaking():
            row = self._connection.execute(
                query, (deployment.chain_id, deployment.contract, epoch)
            ).fetchone()
        return bytes(row[0]) if row else None

    def latest_epoch(self, deployment: Deployment) -> int:
        """The highest epoch recorded, 0 when none is."""
        query = "SELECT coalesce(max(epoch), 0) FROM signed WHERE chain_id = ? AND contract = ?"
        with self._speaking():
            row = self._connection.execute(query, (deployment.chain_id, deployment.contract)).fetchone()
        return int(row[0])

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise Retry(f"the log of what was signed, {self.path}, cannot be used now ({error})") from error
        except sqlite3.DatabaseError as error:
            raise Stop(
                f"{self.path} is damaged ({error}): restore it, or sign nothing before the next epoch but one"
            ) from error


def attest(
    report: EpochReport, deployment: Deployment, keys: NodeKeys, signer: Signer, log: SignedLog
) -> Attestation:
    """Records the report's digest, then signs it with both keys of the member.

    Stop when the signer's signature is not its own: it never leaves the node.
    """
    signed = digest(report, deployment)
    log.record(deployment, report.epoch, signed)
    signature = to_compact(signer.sign_report(report, deployment))
    if recover(signed, signature) != signer.address:
        raise Stop(
            f"the signature for epoch {report.epoch} is not that of 0x{signer.address.hex()}: nothing was "
            "sent; check which key the signer holds"
        )
    return Attestation(report, signature, keys.sign(signed))


def to_compact(signature: bytes) -> bytes:
    """64 bytes r ‖ vs (EIP-2098) of 65 bytes r ‖ s ‖ v; Stop when it has no compact form."""
    s = int.from_bytes(signature[32:64], "big")
    if len(signature) != 65 or signature[64] not in (27, 28) or s >= _HIGH_BIT:
        raise Stop("the signer gave no signature r ‖ s ‖ v with v 27 or 28 and a low s: check the signer")
    return signature[:32] + (s + (signature[64] - 27) * _HIGH_BIT).to_bytes(32, "big")


def seal_secret(epoch: int, secret: bytes, identity_key: bytes) -> bytes:
    """The committee secret of `epoch` in a box that only the holder of `identity_key` opens."""
    if len(secret) != SECRET_BYTES:
        raise ValueError(f"a secret has {SECRET_BYTES} bytes, got {len(secret)}")
    recipient = SealedBox(VerifyKey(identity_key).to_curve25519_public_key())
    return recipient.encrypt(epoch.to_bytes(8, "big") + secret)


def open_secret(box: bytes, keys: NodeKeys) -> tuple[int, bytes]:
    """(epoch, secret) in a box that `seal_secret` made; Stop when it is another's or altered.

    A box says nothing of who sealed it: a secret counts only when its hash is the committee's.
    """
    opened = keys.open_sealed(box)
    if len(opened) != 8 + SECRET_BYTES:
        raise Stop("the sealed box holds no committee secret: ask its sender to seal it again")
    return int.from_bytes(opened[:8], "big"), opened[8:]


def save_secret(path: Path, epoch: int, secret: bytes, keys: NodeKeys) -> None:
    """Replaces the file of the node's present committee secret, sealed to the node itself."""
    write_durably(path, seal_secret(epoch, secret, keys.identity_key), replace=True)


def load_secret(path: Path, keys: NodeKeys) -> tuple[int, bytes]:
    """(epoch, secret) of the file that `save_secret` wrote."""
    return open_secret(read_private(path), keys)


def read_private(path: Path) -> bytes:
    """The content of a file that only its owner can read; Stop when others can, or it is missing."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if not stat.S_ISREG(mode) or stat.S_IMODE(mode) & 0o077:
                raise Stop(
                    f"{path} can be read by others (mode {stat.S_IMODE(mode):o}): run chmod 600 {path}"
                )
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise Stop(f"{path}: {error.strerror}; make it with `credit-oracle init`") from error
    if len(content) > MAX_FILE_BYTES:
        raise Stop(f"{path} has more than {MAX_FILE_BYTES} bytes: it is no key file")
    return content


def write_durably(path: Path, content: bytes, replace: bool) -> None:
    """Writes a file of mode 0600 so that after a crash it is whole or absent (or still the old one).

    Stop when it exists and `replace` is false, or when the disk refuses.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        try:
            _write_new(temporary, content)
            if replace:
                temporary.replace(path)
            else:
                os.link(temporary, path)  # unlike a rename, never over an existing file
        finally:
            temporary.unlink(missing_ok=True)
        _sync_folder(path.parent)
    except FileExistsError:
        raise Stop(
            f"{path} exists and is not overwritten: move it away first if it is no longer needed"
        ) from None
    except OSError as error:
        raise Stop(
            f"{path} cannot be written ({error.strerror}): free the disk or choose another folder"
        ) from error


def _write_new(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def create_private(path: Path) -> None:
    """An empty file of mode 0600, durably there; one that exists is left as it is."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        _sync_folder(path.parent)
    except OSError as error:
        raise Stop(f"{path}: {error.strerror}; choose a folder that this node can write") from error


def _open_log(path: Path, wait_seconds: float) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=wait_seconds, isolation_level=None)
    try:
        # EXTRA also makes the removal of the rollback journal durable.
        connection.execute("PRAGMA synchronous = EXTRA")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS signed (chain_id INTEGER, contract BLOB, epoch INTEGER, "
            "digest BLOB NOT NULL, PRIMARY KEY (chain_id, contract, epoch)) STRICT, WITHOUT ROWID"
        )
        connection.execute(
            "CREATE TABLE IF NOT EXISTS sits_out (chain_id INTEGER, contract BLOB, until INTEGER) STRICT"
        )
    except sqlite3.DatabaseError:
        connection.close()
        raise
    return connection


def _secret_box(password: str, salt: bytes, passes: int, memory_bytes: int) -> SecretBox:
    key = pwhash.argon2id.kdf(SecretBox.KEY_SIZE, password.encode(), salt, passes, memory_bytes)
    return SecretBox(key)


def _decrypt(path: Path, values: dict[str, Any], password: str) -> bytes:
    costs = plain.fields(values["argon2id"], ("passes", "memoryBytes", "salt"), f"{path}: argon2id")
    # Bounded, so that an altered file cannot ask for all of the machine's memory.
    passes = plain.integer(costs["passes"], f"{path}: passes", 1, 4 * SENSITIVE.passes)
    memory = plain.integer(costs["memoryBytes"], f"{path}: memoryBytes", 8192, SENSITIVE.memory_bytes)
    salt = plain.hexadecimal(costs["salt"], f"{path}: salt", pwhash.argon2id.SALTBYTES)
    box = plain.hexadecimal(values["box"], f"{path}: box", SecretBox.NONCE_SIZE + SecretBox.MACBYTES + 32)
    try:
        return _secret_box(password, salt, passes, memory).decrypt(box)
    except CryptoError:
        raise Stop(f"{path} does not open: wrong password, or the file is damaged") from None
