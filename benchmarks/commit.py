"""A million borrowers committed to: salts, leaves, ladders, tree and files, then proofs from those files.

Each part runs in a process of its own, so that its peak memory is its own, and begins with nothing loaded:
numba's import and its compiling (cached after the first run on a machine) count. The scores are made up and
lie in memory before the clock starts: all features of the catalogue, scores over the whole range, one in
ten without a score. `commit_1m_s` ends when all files are on disk. `proofs_per_s` alternates score and
at-least proofs of addresses drawn at random, each found in and read from the folder by one thread; its
opening stands beside it. `tree_ratio_oz` is the time of @openzeppelin/merkle-tree (JavaScript) over ours
for the same rows (address, status, opening, top) to the same root, leaf hashes included in both.
`--quick`: 100,000 borrowers, scaled.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from typing import Any

import numpy as np

from models.features.catalogue import FEATURES
from models.scorecard import Scores
from oracle import folder
from oracle.report import EpochReport, scores_hash
from oracle.tree import EpochTree, at_least_proof_from_json, floor_of, to_json, verify_at_least, verify_score

ROWS, QUICK_ROWS = 1_000_000, 100_000
PEER_ROWS, QUICK_PEER_ROWS = 200_000, 100_000
PROOFS = 10_000
EPOCH = 1
SECRET = bytes(range(32))
TOOL = Path(__file__).parents[1] / "contracts" / "tools" / "openzeppelin_tree.mjs"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_ROWS:,} rows, scaled to a million")
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line")
    parser.add_argument("--child", choices=sorted(PARTS), help=argparse.SUPPRESS)
    parser.add_argument("--rows", type=int, default=ROWS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(PARTS[options.child](options.folder, options.rows)))
        return 0
    figures, notes = measure(QUICK_ROWS, QUICK_PEER_ROWS) if options.quick else measure(ROWS, PEER_ROWS)
    for name, figure in figures.items():
        print(f"{name:<16} {'-' if figure is None else f'{figure:12,.2f}'}")
    for name, note in notes.items():
        print(f"{name:<16} {note}")
    if options.json:
        print(json.dumps({**figures, "notes": notes}))
    return 0


def measure(rows: int, peer_rows: int) -> tuple[dict[str, Any], dict[str, str]]:
    """All figures, and notes on what stands behind them."""
    with tempfile.TemporaryDirectory() as path:
        made = child("commit", Path(path), rows)
        read = child("prove", Path(path), rows)
        ours = child("tree", Path(path), peer_rows)
        theirs = openzeppelin(Path(path) / "rows.bin")
    notes = {
        "commit": f"{rows:,} borrowers, {made['features']} features: commitments {made['tree_s']:.2f} s, "
        f"files {made['files_s']:.2f} s; processor time {made['cpu_s']:.2f} s on {os.cpu_count()} processors",
        "memory": f"of which {made['before_mb']:.0f} MB were the scores, before anything was committed",
        "proofs": f"the folder opened in {read['open_s']:.2f} s; {read['peak_mb']:.0f} MB resident, mapped "
        "files included",
        "tree": f"{peer_rows:,} rows: ours {ours['seconds']:.3f} s",
    }
    figures: dict[str, Any] = {
        "commit_1m_s": made["seconds"] * ROWS / rows,
        "peak_mb": made["peak_mb"],
        "tree_ratio_oz": None,
        "root_equal_oz": None,
        "proofs_per_s": read["per_s"],
    }
    if theirs is None:
        return figures, notes | {"tree_ratio_oz": "@openzeppelin/merkle-tree is not installed in contracts/"}
    notes["tree"] += f", @openzeppelin/merkle-tree {theirs['seconds']:.2f} s"
    figures["tree_ratio_oz"] = theirs["seconds"] / ours["seconds"]
    figures["root_equal_oz"] = int(theirs["root"] == ours["root"])
    return figures, notes


def child(part: str, path: Path, rows: int) -> dict[str, Any]:
    """One part in a process of its own."""
    command = [sys.executable, __file__, "--child", part, "--folder", str(path), "--rows", str(rows)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def openzeppelin(rows: Path) -> dict[str, Any] | None:
    """What the JavaScript library makes of the rows; None when it is not there."""
    if not (TOOL.parents[1] / "node_modules" / "@openzeppelin" / "merkle-tree").is_dir():
        return None
    command = ["node", "--max-old-space-size=8192", str(TOOL), str(rows)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def commit(path: Path, rows: int) -> dict[str, Any]:
    """From scores in memory to an epoch's folder on disk."""
    scores = population(rows)
    before, start, cpu = peak_mb(), time.perf_counter(), time.process_time()
    tree = EpochTree.build(EPOCH, scores, SECRET)
    built = time.perf_counter()
    folder.write_epoch(path / "epochs", tree, report_of(tree))
    end = time.perf_counter()
    return {
        "seconds": end - start,
        "tree_s": built - start,
        "files_s": end - built,
        "cpu_s": time.process_time() - cpu,
        "before_mb": before,
        "peak_mb": peak_mb(),
        "features": scores.features.shape[1],
    }


def prove(path: Path, rows: int) -> dict[str, Any]:
    """Proofs from the folder; a few are then verified as a lender would."""
    start = time.perf_counter()
    tree = folder.open_tree(path / "epochs", EPOCH)
    opened = time.perf_counter()
    dice = np.random.default_rng(7)
    able = [i for i in dice.permutation(rows).tolist() if tree.scores.score[i] >= 310][:PROOFS]
    people = [(tree.scores.addresses[i].tobytes(), int(tree.scores.score[i])) for i in able]
    begun = time.perf_counter()
    for number, (address, score) in enumerate(people):
        index = tree.index_of(address)
        proof = tree.score_proof(index) if number % 2 else tree.at_least_proof(index, floor_of(score))
        if number % 1_000 == 0:
            verify_at_least(tree.root, address, at_least_proof_from_json(to_json(proof)))
        elif number % 1_000 == 1:
            verify_score(tree.root, address, proof)  # type: ignore[arg-type]
    seconds = time.perf_counter() - begun
    return {"open_s": opened - start, "per_s": len(people) / seconds, "peak_mb": peak_mb()}


def tree_alone(path: Path, rows: int) -> dict[str, Any]:
    """Leaf hashes and tree over rows as OpenZeppelin's library takes them, which it writes for that."""
    dice = np.random.default_rng(3)
    columns = (addresses(dice, rows), np.ones((rows, 1), np.uint8), dice.bytes(64 * rows))
    hidden = np.frombuffer(columns[2], dtype=np.uint8).reshape(rows, 64)
    np.hstack([columns[0], columns[1], hidden]).tofile(path / "rows.bin")
    start = time.perf_counter()
    from oracle import bulk

    leaves = bulk.leaf_hashes(columns[0], columns[1][:, 0], hidden[:, :32], hidden[:, 32:])
    root = bulk.merkle_tree(leaves)[0].tobytes()
    return {"seconds": time.perf_counter() - start, "root": "0x" + root.hex()}


def population(rows: int) -> Scores:
    dice = np.random.default_rng(20_261_124)
    status = dice.choice(np.array([1, 2, 129, 0], dtype=np.uint8), rows, p=[0.6, 0.25, 0.05, 0.1])
    score = np.where(status == 0, 0, dice.integers(300, 851, rows)).astype(np.uint16)
    features = np.empty((rows, len(FEATURES)), dtype=np.int64)
    for column in range(features.shape[1]):
        features[:, column] = dice.integers(-5, 100_000, rows)
    return Scores(
        addresses=addresses(dice, rows),
        status=status,
        score=score,
        width=dice.integers(5, 90, rows).astype(np.uint16),
        reasons=dice.integers(0, 2**32, rows, dtype=np.uint32),
        features=features,
        feature_names=tuple(feature.name for feature in FEATURES),
        total=score.astype(np.int64),
    )


def addresses(dice: np.random.Generator, rows: int) -> Any:
    """(rows, 20) bytes that rise: a counter spread over the first eight, the rest at random."""
    first = (np.arange(rows, dtype=np.uint64) * np.uint64(2**64 // rows)).astype(">u8")
    rest = dice.integers(0, 256, (rows, 12), dtype=np.uint8)
    return np.hstack([first.view(np.uint8).reshape(rows, 8), rest])


def report_of(tree: EpochTree) -> EpochReport:
    nothing = bytes(32)
    return EpochReport(
        epoch=EPOCH, config=nothing, model_id=nothing, snapshot_block=1, snapshot_time=1, home_hash=nothing,
        snapshot_hash=nothing, root=tree.root, scores_hash=scores_hash(tree.scores), previous_epoch=0,
        borrowers=len(tree.scores.score), mean_score=0, moved_bps=0, psi_bps=0,
    )  # fmt: skip


def peak_mb() -> float:
    """Peak resident memory of this process so far."""
    return getrusage(RUSAGE_SELF).ru_maxrss / 1024


PARTS = {"commit": commit, "prove": prove, "tree": tree_alone}

if __name__ == "__main__":
    sys.exit(main())
