"""What members signed against this node's report, kept durably; and the proof of who told two stories.

Rules that hold here: `evidence.sqlite` (mode 0600) keeps of a member and epoch at most two reports, of the
last KEPT_EPOCHS epochs, each beside this node's own: enough for anyone to check, and two reports of one
member are the proof that the contract takes. Only what a round's Collection has checked comes in.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from ledger_reader.errors import Retry, Stop
from models import plain
from oracle import gossip
from oracle.committee import KEPT_OF_A_MEMBER, Attestation
from oracle.dissent import differences
from oracle.dissent.differences import Differences
from oracle.epoch import Deployment
from oracle.keys import create_private
from oracle.report import TYPE, digest

FILE = "evidence.sqlite"
"""Its place in a node's folder."""

KEPT_EPOCHS = 64
"""With 32 members that all lie each time: at most about 60 MB."""

_TABLES = """
CREATE TABLE IF NOT EXISTS dissent (
    chain_id INTEGER, contract BLOB, epoch INTEGER, member BLOB, digest BLOB,
    theirs BLOB NOT NULL, mine BLOB NOT NULL, differences BLOB,
    PRIMARY KEY (chain_id, contract, epoch, member, digest)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS proof (
    chain_id INTEGER, contract BLOB, epoch INTEGER, member BLOB, outcome TEXT NOT NULL,
    PRIMARY KEY (chain_id, contract, epoch, member)) STRICT, WITHOUT ROWID;
"""
_DIGESTS = "SELECT digest FROM dissent WHERE chain_id = ? AND contract = ? AND epoch = ? AND member = ?"
_OUTCOME = "SELECT outcome FROM proof WHERE chain_id = ? AND contract = ? AND epoch = ? AND member = ?"
_INSERT = "INSERT INTO dissent VALUES (?, ?, ?, ?, ?, ?, ?, NULL)"
_FORGET = (
    "DELETE FROM dissent WHERE chain_id = ? AND contract = ? AND epoch <= ?",
    "DELETE FROM proof WHERE chain_id = ? AND contract = ? AND epoch <= ?",
)
_EXPLAIN = (
    "UPDATE dissent SET differences = ? "
    "WHERE chain_id = ? AND contract = ? AND epoch = ? AND member = ? AND digest = ?"
)
_ALL = (
    "SELECT member, theirs, mine, differences FROM dissent "
    "WHERE chain_id = ? AND contract = ? ORDER BY epoch, member, digest"
)


@dataclass(frozen=True, slots=True)
class Dissent:
    """One report of a member (20-byte address), mine beside it, and what their trees differ in, if known.

    `theirs` and `mine` may be to the same report: then it is one half of a proof of two stories.
    """

    member: bytes
    theirs: Attestation
    mine: Attestation
    differences: Differences | None


@dataclass(frozen=True, slots=True)
class Proof:
    """Two reports of one epoch signed by one member, and what came of submitting them (None: nothing yet)."""

    member: bytes
    first: Attestation
    second: Attestation
    outcome: str | None


class Evidence:
    """The file, for one deployment; a context manager, used from several threads and processes at once."""

    def __init__(self, path: Path, deployment: Deployment) -> None:
        self.path, self._deployment = path, deployment
        self._where = (deployment.chain_id, deployment.contract)
        self._lock = threading.Lock()
        create_private(path)
        # The lock serialises threads, so that SQLite's own check of them is not needed.
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        with self._speaking() as connection:
            connection.executescript("PRAGMA synchronous = FULL;" + _TABLES)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._connection.close()

    def keep(self, member: bytes, theirs: Attestation, mine: Attestation) -> bool:
        """Keeps a member's report beside mine; False when it is known, or two of the member's are."""
        epoch, signed = theirs.report.epoch, digest(theirs.report, self._deployment)
        key = (*self._where, epoch, member)
        bodies = [gossip.attestation_body(each) for each in (theirs, mine)]
        with self._speaking() as connection, connection:
            connection.execute("BEGIN IMMEDIATE")
            found = connection.execute(_DIGESTS, key).fetchall()
            if len(found) == KEPT_OF_A_MEMBER or (signed,) in found:
                return False
            connection.execute(_INSERT, (*key, signed, *bodies))
            for forget in _FORGET:
                connection.execute(forget, (*self._where, epoch - KEPT_EPOCHS))
        return True

    def add_differences(self, member: bytes, theirs: Attestation, found: Differences) -> None:
        """Writes beside a kept report what the trees differ in."""
        key = (*self._where, theirs.report.epoch, member, digest(theirs.report, self._deployment))
        written = plain.write(differences.to_json(found))
        with self._speaking() as connection:
            connection.execute(_EXPLAIN, (written, *key))

    def dissents(self) -> list[Dissent]:
        """All that is kept, by epoch, member and digest."""
        with self._speaking() as connection:
            return _dissents(connection, self._deployment)

    def proofs(self) -> list[Proof]:
        """One for each member and epoch with two reports, in order."""
        kept: dict[tuple[int, bytes], list[Attestation]] = {}
        for each in self.dissents():
            kept.setdefault((each.theirs.report.epoch, each.member), []).append(each.theirs)
        return [
            Proof(member, stories[0], stories[1], self._outcome(epoch, member))
            for (epoch, member), stories in kept.items()
            if len(stories) == KEPT_OF_A_MEMBER
        ]

    def settle(self, proof: Proof, outcome: str) -> None:
        """Writes what came of submitting a proof: it is not submitted again."""
        key = (*self._where, proof.first.report.epoch, proof.member, outcome)
        with self._speaking() as connection:
            connection.execute("INSERT OR REPLACE INTO proof VALUES (?, ?, ?, ?, ?)", key)

    def _outcome(self, epoch: int, member: bytes) -> str | None:
        with self._speaking() as connection:
            row = connection.execute(_OUTCOME, (*self._where, epoch, member)).fetchone()
        return str(row[0]) if row else None

    @contextmanager
    def _speaking(self) -> Iterator[sqlite3.Connection]:
        with _errors_of(self.path), self._lock:
            yield self._connection


def read_dissents(path: Path, deployment: Deployment) -> list[Dissent]:
    """All that a node keeps in a file, in the order of `Evidence.dissents`; the file is only read."""
    with _errors_of(path), closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as kept:
        return _dissents(kept, deployment)


def _dissents(connection: sqlite3.Connection, deployment: Deployment) -> list[Dissent]:
    return [
        Dissent(
            member,
            gossip.attestation_from_body(theirs),
            gossip.attestation_from_body(mine),
            None if found is None else differences.from_json(plain.read(found, "differences")),
        )
        for member, theirs, mine, found in connection.execute(
            _ALL, (deployment.chain_id, deployment.contract)
        )
    ]


@contextmanager
def _errors_of(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise Retry(f"the evidence in {path} cannot be used now ({error})") from error
    except sqlite3.DatabaseError as error:
        raise Stop(f"{path} is damaged ({error}): move it away, and keep it") from error


def describe(found: Dissent, deployment: Deployment) -> dict[str, Any]:
    """One report kept, in plain values: who, which epoch and root, which fields and borrowers differ."""
    theirs, mine = found.theirs.report, found.mine.report
    values = zip(TYPE, theirs.values(), mine.values(), strict=True)
    return {
        "epoch": theirs.epoch,
        "member": "0x" + found.member.hex(),
        "root": "0x" + theirs.root.hex(),
        "mine": "0x" + mine.root.hex(),
        "digest": "0x" + digest(theirs, deployment).hex(),
        "fields": [name for (name, _), a, b in values if a != b],
        "differences": None if found.differences is None else differences.to_json(found.differences),
        "attestations": [plain.read(gossip.attestation_body(a), "it") for a in (found.theirs, found.mine)],
    }


def describe_proof(proof: Proof) -> dict[str, Any]:
    """A proof in plain values; the reports themselves stand among the dissents."""
    return {"epoch": proof.first.report.epoch, "member": "0x" + proof.member.hex(), "outcome": proof.outcome}
