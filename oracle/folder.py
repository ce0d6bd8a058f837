"""An epoch on disk: what proofs are served from, without the ledger and without the committee secret.

Rules that hold here: a folder `epochs/<number>` appears whole or not at all (written beside, then
renamed); scores.parquet and features.parquet are in address order, tree.npy is memory-mapped;
`secret` (S_e, mode 0600) opens this epoch only and is deleted with it; a folder whose scores do not
hash to its report's scoresHash is refused, so that a damaged file can never be proved from.
"""

import os
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ledger_reader.errors import Stop
from models import plain
from models.scorecard import Scores
from oracle import report as reports
from oracle.keys import read_private, write_durably
from oracle.report import EpochReport
from oracle.tree import EpochTree

_COLUMNS = {
    "status": np.uint8,
    "score": np.uint16,
    "width": np.uint16,
    "reasons": np.uint32,
    "total": np.int64,
}


def folder_of(epochs: Path, epoch: int) -> Path:
    """Where an epoch's files are."""
    return epochs / f"{epoch:08d}"


def known_epochs(epochs: Path) -> list[int]:
    """All epochs with a folder, ascending."""
    return sorted(int(each.name) for each in epochs.glob("[0-9]" * 8))


def write_epoch(epochs: Path, tree: EpochTree, report: EpochReport) -> Path:
    """Write one epoch's folder, whole; an older folder of the same epoch is replaced."""
    final = folder_of(epochs, tree.epoch)
    beside = final.with_suffix(".new")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    addresses = pa.array([row.tobytes() for row in tree.scores.addresses], pa.binary(20))
    columns = {name: getattr(tree.scores, name) for name in _COLUMNS}
    features = dict(zip(tree.scores.feature_names, tree.scores.features.T, strict=True))
    pq.write_table(pa.table({"address": addresses, **columns}), beside / "scores.parquet")
    pq.write_table(pa.table({"address": addresses, **features}), beside / "features.parquet")
    tree.save(beside)
    write_durably(beside / "secret", tree.secret.hex().encode(), replace=True)
    write_durably(beside / "report.json", plain.write(reports.to_json(report)), replace=True)
    shutil.rmtree(final, ignore_errors=True)
    beside.rename(final)
    _sync(epochs)
    return final


def read_report(epochs: Path, epoch: int) -> EpochReport:
    """The report of an epoch as this node made it; Stop when the folder is missing or damaged."""
    path = folder_of(epochs, epoch) / "report.json"
    if not path.is_file():
        raise Stop(f"{path} is missing: epoch {epoch} was not computed here; run the node, or name another.")
    return reports.from_json(plain.read(path.read_bytes(), str(path)))


def read_scores(epochs: Path, epoch: int) -> Scores:
    """The scores of an epoch; Stop when they are damaged (they must hash to the report's scoresHash)."""
    report, folder = read_report(epochs, epoch), folder_of(epochs, epoch)
    try:
        rows = pq.read_table(folder / "scores.parquet")
        features = pq.read_table(folder / "features.parquet").drop_columns(["address"])
        columns = {name: rows[name].to_numpy().astype(kind) for name, kind in _COLUMNS.items()}
        addresses = _addresses(rows["address"])
        matrix = np.stack([features[name].to_numpy() for name in features.column_names], axis=1)
    except (OSError, KeyError, ValueError, pa.ArrowException) as error:
        raise Stop(
            f"the scores in {folder} cannot be read ({error}); let the node compute them again."
        ) from error
    found = Scores(
        addresses=addresses, features=matrix, feature_names=tuple(features.column_names), **columns
    )
    if reports.scores_hash(found) != report.scores_hash:
        raise Stop(f"the scores in {folder} are not those of its report; let the node compute them again.")
    return found


def read_salts_secret(epochs: Path, epoch: int) -> bytes:
    """S_e, as kept in the epoch's folder; Stop when it is gone."""
    path = folder_of(epochs, epoch) / "secret"
    return plain.hexadecimal("0x" + read_private(path).decode(errors="replace"), str(path), 32)


def open_tree(epochs: Path, epoch: int) -> EpochTree:
    """Everything to prove from, the tree memory-mapped; Stop when a file is missing or damaged."""
    folder = folder_of(epochs, epoch)
    scores = read_scores(epochs, epoch)
    tree = EpochTree.load(folder, epoch, scores, read_salts_secret(epochs, epoch))
    if tree.root != read_report(epochs, epoch).root:
        raise Stop(f"the tree in {folder} is not that of its report; let the node compute it again.")
    return tree


def _addresses(column: pa.ChunkedArray) -> NDArray[np.uint8]:
    raw = b"".join(column.to_pylist())
    return np.frombuffer(raw, dtype=np.uint8).reshape(-1, 20)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
