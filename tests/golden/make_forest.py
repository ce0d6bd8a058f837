"""Builds forest.json: trees of many sizes, from libraries that share no code with the packages under test.

A file is known by its tree's size n and its place i alone: address, seed, opening and score are keccak256 of
(word, n, i), so the file holds only roots and one path a tree, and each side recomputes the rest.
pycryptodome hashes, eth-abi encodes, the tree is the textbook loop of make_commitment.py. Read by forge
(contracts/test/Forest.t.sol) and by tests/oracle/test_forest.py; write anew with
`python tests/golden/make_forest.py`.
"""

import json
import runpy
from pathlib import Path
from typing import Any

SIZES = (*range(1, 21), 31, 32, 33, 64, 100, 257)
COMMITMENT = runpy.run_path(str(Path(__file__).with_name("make_commitment.py")))
LOWEST, SCORES, STEP = 300, 551, 10


def word(name: str, size: int, place: int) -> bytes:
    """The 32 bytes from which one part of one file is made."""
    found: bytes = COMMITMENT["abi256"](["string", "uint256", "uint256"], [name, size, place])
    return found


def leaf(size: int, place: int) -> bytes:
    """The leaf of one file, of status 1."""
    score = LOWEST + int.from_bytes(word("score", size, place), "big") % SCORES
    top = COMMITMENT["chain"](word("seed", size, place), (score - LOWEST) // STEP)
    inner = COMMITMENT["abi256"](
        ["address", "uint8", "bytes32", "bytes32"],
        [word("borrower", size, place)[12:], 1, word("opening", size, place), top],
    )
    found: bytes = COMMITMENT["k256"](inner)
    return found


def build() -> dict[str, Any]:
    """The whole document, plain JSON values: sizes, roots, and of each tree the place and path of a leaf."""
    trees = [COMMITMENT["merkle"]([leaf(size, place) for place in range(size)]) for size in SIZES]
    places = [int.from_bytes(word("place", size, 0), "big") % size for size in SIZES]
    paths = [COMMITMENT["path"](nodes, place) for nodes, place in zip(trees, places, strict=True)]
    document = {
        "sizes": list(SIZES),
        "roots": [nodes[0] for nodes in trees],
        "places": places,
        "paths": paths,
    }
    plain: dict[str, Any] = COMMITMENT["text"](document)
    return plain


if __name__ == "__main__":
    Path(__file__).with_name("forest.json").write_text(json.dumps(build(), indent=1) + "\n")
