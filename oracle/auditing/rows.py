"""The first borrower of whom two sets of scores say different things; pure but for reading a file.

Rules that hold here: only what scoresHash covers is compared (status, score, width, reasons), in address
order, so that two sets without a difference hash to the same bytes; neither set needs a secret.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ledger_reader.errors import Stop
from models.scorecard import Scores
from oracle import folder
from oracle.settings import address_bytes, address_text

COLUMNS = ("status", "score", "width", "reasons")


@dataclass(frozen=True)
class Rows:
    """The committed columns of n borrowers in address order: addresses (n, 20), the others (n)."""

    addresses: NDArray[np.uint8]
    columns: dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Difference:
    """One borrower (20 bytes) and what `column` is on either side; `address` where one side lacks it."""

    address: bytes
    column: str
    ours: int | None
    theirs: int | None

    def __str__(self) -> str:
        who = address_text(self.address)
        if self.column == "address":
            return f"{who} is {'missing there' if self.theirs is None else 'there and not in our scores'}"
        return f"{who} has {self.column} {self.theirs} there, {self.ours} by our reckoning"


def rows_of(scores: Scores) -> Rows:
    """The committed columns of scores."""
    return Rows(scores.addresses, {name: getattr(scores, name) for name in COLUMNS})


def read_rows(path: Path, epoch: int) -> Rows:
    """Rows of a node's folder, of one of its epochs' folders, or of a Parquet file; Stop when it is none.

    Parquet: the columns address (20 bytes, or 0x and 40 digits), status, score, width, reasons, in any order.
    """
    if path.is_dir():
        inner = folder.folder_of(path / "epochs", epoch)
        return rows_of(folder.map_scores(inner if inner.is_dir() else path))
    return _from_parquet(path)


def first_difference(ours: Rows, theirs: Rows) -> Difference | None:
    """The first in address order, and of one borrower the first column; None when all are equal."""
    here, there = _keys(ours.addresses), _keys(theirs.addresses)
    _, mine, other = np.intersect1d(here, there, assume_unique=True, return_indices=True)
    differ = np.zeros(len(mine), dtype=bool)
    for name in COLUMNS:
        differ |= ours.columns[name][mine] != theirs.columns[name][other]
    found = [_missing(here, there, ours=True), _missing(there, here, ours=False)]
    if differ.any():
        at = int(differ.argmax())
        found.append(_column(ours, theirs, int(mine[at]), int(other[at])))
    return min((each for each in found if each), key=lambda each: each.address, default=None)


def _missing(here: NDArray[np.bytes_], there: NDArray[np.bytes_], *, ours: bool) -> Difference | None:
    only = np.setdiff1d(here, there)
    if not len(only):
        return None
    address = bytes(only[0]).ljust(20, b"\x00")
    return Difference(address, "address", 1 if ours else None, None if ours else 1)


def _column(ours: Rows, theirs: Rows, mine: int, other: int) -> Difference:
    name = next(c for c in COLUMNS if ours.columns[c][mine] != theirs.columns[c][other])
    left, right = int(ours.columns[name][mine]), int(theirs.columns[name][other])
    return Difference(ours.addresses[mine].tobytes(), name, left, right)


def _keys(addresses: NDArray[np.uint8]) -> NDArray[np.bytes_]:
    # Fixed-width byte strings compare as addresses do; equal lengths make the padding harmless.
    return np.ascontiguousarray(addresses).view("S20").reshape(-1)


def _from_parquet(path: Path) -> Rows:
    try:
        table = pq.read_table(path, columns=["address", *COLUMNS])
        addresses = [_address(each) for each in table["address"].to_pylist()]
        columns = {name: table[name].to_numpy().astype(np.int64) for name in COLUMNS}
    except (OSError, KeyError, ValueError, TypeError, pa.ArrowException) as error:
        raise Stop(
            f"{path} cannot be compared with ({error}): name a node's folder, or a Parquet file with the "
            f"columns address, {', '.join(COLUMNS)}."
        ) from error
    if len(set(addresses)) != len(addresses):
        raise Stop(f"{path} names a borrower twice: one row a borrower can be compared.")
    return Rows(np.frombuffer(b"".join(addresses), dtype=np.uint8).reshape(-1, 20), columns)


def _address(found: object) -> bytes:
    if isinstance(found, str):
        return address_bytes(found)
    if isinstance(found, bytes) and len(found) == 20:
        return found
    raise ValueError(f"{found!r} is no address")
