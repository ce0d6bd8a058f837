"""An epoch on disk: what proofs are served from, without the ledger and without the committee secret.

Rules that hold here: a folder `epochs/<number>` appears whole or not at all (written beside, then
renamed); scores.npy (one record a borrower) and features.npy are in address order and, like tree.npy,
memory-mapped, so that a proof reads O(log n) pages of them, whoever else reads too; `secret` (S_e, mode
0600) opens this epoch only and is deleted when the epoch leaves the ring. A folder is checked once, when it
is opened: sizes, the scores against their report's scoresHash, the tree against its root; features and
inner nodes by every proof made from them, which must lead to that root.
"""

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ledger_reader.errors import Stop
from models import plain
from models.scorecard import Scores
from oracle import report as reports
from oracle.array_file import map_array, write_array
from oracle.keys import read_private, write_durably
from oracle.report import EpochReport
from oracle.tree import FILE, EpochTree

FACTS, DISPUTES, EVENTS = "facts.parquet", "disputes.parquet", "events.parquet"
SCORES, FEATURES, SECRET, REPORT = "scores.npy", "features.npy", "secret", "report.json"

ROW = np.dtype(
    [
        ("address", "u1", (20,)),
        ("status", "u1"),
        ("score", "<u2"),
        ("width", "<u2"),
        ("reasons", "<u4"),
        ("total", "<i8"),
    ]
)
"""A record of scores.npy, 37 bytes without padding; columns as in Scores."""


def folder_of(epochs: Path, epoch: int) -> Path:
    """Where an epoch's files are."""
    return epochs / f"{epoch:08d}"


def known_epochs(epochs: Path) -> list[int]:
    """All epochs with a folder, ascending."""
    return sorted(int(each.name) for each in epochs.glob("[0-9]" * 8))


def staging_of(epochs: Path, epoch: int) -> Path:
    """An empty folder beside the epoch's, for files that are to stand in it."""
    found = drop_staging(epochs, epoch)
    found.mkdir(parents=True)
    return found


def drop_staging(epochs: Path, epoch: int) -> Path:
    """Where files that are to stand in an epoch's folder are made; what was there is deleted if it can be."""
    found = folder_of(epochs, epoch).with_suffix(".facts")
    shutil.rmtree(found, ignore_errors=True)
    return found


def write_epoch(epochs: Path, tree: EpochTree, report: EpochReport, staging: Path | None = None) -> Path:
    """Write one epoch's folder, whole, with the files of `staging`; an older folder of it is replaced."""
    final = folder_of(epochs, tree.epoch)
    beside, old = final.with_suffix(".new"), final.with_suffix(".old")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    write_array(beside / SCORES, _records(tree.scores))
    write_array(beside / FEATURES, _named(tree.scores))
    tree.save(beside)
    write_durably(beside / SECRET, tree.secret.hex().encode(), replace=True)
    write_durably(beside / REPORT, plain.write(reports.to_json(report)), replace=True)
    if staging is not None:
        for path in sorted(staging.iterdir()):
            path.rename(beside / path.name)
        staging.rmdir()
    _sync(beside)
    if final.exists():
        # Not deleted before the new one stands: the secret in it may be the last copy.
        shutil.rmtree(old, ignore_errors=True)
        final.rename(old)
    beside.rename(final)
    _sync(epochs)
    shutil.rmtree(old, ignore_errors=True)
    return final


def prune(epochs: Path, keep: int, history: int | None = None, newest: int | None = None) -> list[int]:
    """Delete what proofs of epochs out of the ring are made of; the epochs that lost it, ascending.

    The ring holds the `keep` epochs up to `newest` (default: the newest folder). Of older ones secret,
    tree and facts go; report, scores and features stay for another `history` epochs, for ever when that
    is None.
    """
    if keep < 1 or (history is not None and history < 0):
        raise ValueError(f"cannot keep {keep} epochs and {history} more")
    known = known_epochs(epochs)
    last = (newest if newest is not None else max(known, default=0)) - keep
    closed = [epoch for epoch in known if epoch <= last and _close(folder_of(epochs, epoch))]
    for epoch in known:
        if history is not None and epoch <= last - history:
            _remove(folder_of(epochs, epoch))
    return closed


def read_report(epochs: Path, epoch: int) -> EpochReport:
    """The report of an epoch as this node made it; Stop when the folder is missing or damaged."""
    path = folder_of(epochs, epoch) / REPORT
    if not path.is_file():
        raise Stop(f"{path} is missing: epoch {epoch} was not computed here; run the node, or name another.")
    return reports.from_json(plain.read(path.read_bytes(), str(path)))


def read_scores(epochs: Path, epoch: int) -> Scores:
    """The scores of an epoch, memory-mapped; Stop unless they hash to their report's scoresHash."""
    return _scores_of(folder_of(epochs, epoch), read_report(epochs, epoch))


def map_scores(folder: Path) -> Scores:
    """The scores in a folder, memory-mapped and not yet checked against any report."""
    rows, features = map_array(folder / SCORES), map_array(folder / FEATURES)
    if rows.dtype != ROW or rows.ndim != 1:
        raise Stop(f"{folder / SCORES} holds no scores; let the node compute them again.")
    names = features.dtype.names
    if names is None or features.shape != rows.shape or features.dtype != _feature_row(names):
        raise Stop(f"{folder / FEATURES} is not of {len(rows)} borrowers; let the node compute them again.")
    return Scores(
        addresses=rows["address"],
        features=features.view("<i8").reshape(len(rows), len(names)),
        feature_names=names,
        **{name: rows[name] for name in ("status", "score", "width", "reasons", "total")},
    )


def read_salts_secret(epochs: Path, epoch: int) -> bytes:
    """S_e, as kept in the epoch's folder; Stop when it is gone."""
    folder = folder_of(epochs, epoch)
    old = folder.with_suffix(".old")
    path = (old if old.exists() and not folder.exists() else folder) / SECRET
    if folder.exists() and not path.exists():
        raise Stop(
            f"{path} is deleted: epoch {epoch} left the contract's ring, and no proof of it counts any more."
        )
    return read_secret(path)


def read_secret(path: Path) -> bytes:
    """S_e in a file of its own, 64 hex digits; Stop when others can read it, or it is none."""
    return plain.hexadecimal("0x" + read_private(path).decode(errors="replace"), str(path), 32)


def open_tree(epochs: Path, epoch: int) -> EpochTree:
    """Everything to prove from, memory-mapped; Stop when a file is missing or damaged, or S_e is gone."""
    report, secret = read_report(epochs, epoch), read_salts_secret(epochs, epoch)
    return _tree_of(folder_of(epochs, epoch), report, secret)


def open_folder(folder: Path) -> EpochTree:
    """The same of one epoch's folder, wherever it was copied to; Stop as in `open_tree`."""
    path = folder / REPORT
    if not path.is_file():
        raise Stop(f"{path} is missing: name an epoch's folder, such as epochs/00000003 of a node.")
    if not (folder / SECRET).exists():
        raise Stop(
            f"{folder} holds no secret: a proof opens salts that only members keep, and neither the chain "
            "nor a copy without them gives one; ask a member's service for your own proof."
        )
    report = reports.from_json(plain.read(path.read_bytes(), str(path)))
    return _tree_of(folder, report, read_secret(folder / SECRET))


def _tree_of(folder: Path, report: EpochReport, secret: bytes) -> EpochTree:
    tree = EpochTree.load(folder, report.epoch, _scores_of(folder, report), secret)
    if tree.root != report.root:
        raise Stop(f"the tree in {folder} is not that of its report; let the node compute it again.")
    return tree


def _scores_of(folder: Path, report: EpochReport) -> Scores:
    found = map_scores(folder)
    if reports.scores_hash(found) != report.scores_hash:
        raise Stop(f"the scores in {folder} are not those of its report; let the node compute them again.")
    return found


def _records(scores: Scores) -> NDArray[Any]:
    rows = np.empty(len(scores.addresses), dtype=ROW)
    rows["address"] = scores.addresses
    for name in ("status", "score", "width", "reasons", "total"):
        rows[name] = getattr(scores, name)
    return rows


def _named(scores: Scores) -> NDArray[Any]:
    """The same bytes as `scores.features`, each column under its name."""
    values = np.ascontiguousarray(scores.features, dtype="<i8")
    return values.view(_feature_row(scores.feature_names)).reshape(-1)


def _feature_row(names: tuple[str, ...]) -> np.dtype[Any]:
    return np.dtype([(name, "<i8") for name in names])


def _close(folder: Path) -> bool:
    """Delete what proofs are made of, the secret first; False when it was gone before."""
    closed = (folder / SECRET).exists()
    for name in (SECRET, FILE, FACTS, DISPUTES, EVENTS):
        (folder / name).unlink(missing_ok=True)
    _sync(folder)
    return closed


def _remove(folder: Path) -> None:
    # Renamed first: half a folder is none.
    gone = folder.with_suffix(".gone")
    folder.rename(gone)
    shutil.rmtree(gone)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
