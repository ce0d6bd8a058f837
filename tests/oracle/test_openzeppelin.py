"""OpenZeppelin's JavaScript library rebuilds our roots and verifies our proofs."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from oracle import bulk
from oracle.tree import STEP, EpochTree, opening_hash
from tests.oracle.test_bulk import crowd
from tests.oracle.test_tree import SECRET

CONTRACTS = Path(__file__).parents[2] / "contracts"


@pytest.fixture
def node() -> str:
    """The JavaScript engine; without it or the library a test is skipped aloud, and fails in CI."""
    found = shutil.which("node")
    if found and (CONTRACTS / "node_modules" / "@openzeppelin" / "merkle-tree").is_dir():
        return found
    sentence = "node and @openzeppelin/merkle-tree are needed: run `npm ci` in contracts/"
    if os.environ.get("CI"):
        pytest.fail(sentence)
    pytest.skip(sentence)


def rows_of(tree: EpochTree) -> bytes:
    """Address, status, opening and top of every leaf, as the tool reads them."""
    found = []
    for index in range(len(tree.scores.addresses)):
        own = tree.commitment(index)
        status = bytes([int(tree.scores.status[index])])
        found.append(tree.scores.addresses[index].tobytes() + status + own.opening + own.top)
    return b"".join(found)


def openzeppelin(
    node: str, folder: Path, rows: bytes, proofs: list[tuple[int, tuple[bytes, ...]]]
) -> dict[str, Any]:
    (folder / "rows").write_bytes(rows)
    plain = [[index, ["0x" + each.hex() for each in path]] for index, path in proofs]
    (folder / "proofs").write_text(json.dumps(plain))
    tool = CONTRACTS / "tools" / "openzeppelin_tree.mjs"
    command = [node, str(tool), str(folder / "rows"), str(folder / "proofs")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_their_library__a_forged_leaf_or_path__disagrees(node: str, tmp_path: Path) -> None:
    tree = EpochTree.build(1, crowd(6), SECRET)
    rows, path = rows_of(tree), tree.path(1)
    forged = rows[:20] + bytes([rows[20] ^ 1]) + rows[21:]
    found = openzeppelin(node, tmp_path, forged, [(1, path), (1, path[1:])])
    assert found["root"] != "0x" + tree.root.hex()
    assert found["verified"] == [False, False]


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8, 9, 250])
def test_their_library__any_size__has_our_root_and_verifies_our_proofs(
    node: str, tmp_path: Path, count: int
) -> None:
    tree = EpochTree.build(1, crowd(count), SECRET)
    proofs = [(index, tree.path(index)) for index in range(count)]
    found = openzeppelin(node, tmp_path, rows_of(tree), proofs)
    assert found["root"] == "0x" + tree.root.hex()
    assert found["verified"] == [True] * count
    assert found["same"] == [True] * count


def test_their_library__of_what_was_compiled__has_our_root(node: str, tmp_path: Path) -> None:
    scores = crowd(bulk.CHUNK + 1)
    nodes = bulk.merkle_tree(bulk.leaves(scores, SECRET, STEP))
    tree = EpochTree(1, scores, SECRET, nodes)
    found = openzeppelin(node, tmp_path, rows_of(tree), [(bulk.CHUNK, tree.path(bulk.CHUNK))])
    assert found["root"] == "0x" + nodes[0].tobytes().hex()
    assert found["verified"] == [True]


def test_score_proof__opening_in_the_row__is_that_of_the_proof() -> None:
    tree = EpochTree.build(1, crowd(9), SECRET)
    index = int(np.flatnonzero(tree.scores.score)[0])
    proof = tree.score_proof(index)
    opening = rows_of(tree)[85 * index + 21 : 85 * index + 53]
    assert opening_hash(proof.score, proof.width, proof.salt, proof.detail) == opening
