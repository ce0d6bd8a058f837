"""Trees of many sizes (tests/golden/forest.json, which the contracts' tests read too) by oracle/tree.py."""

import json
import runpy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ledger_reader.errors import Stop
from oracle import tree
from oracle.tree import AtLeastProof

GOLDEN = Path(__file__).parents[1] / "golden"
FOREST: dict[str, Any] = json.loads((GOLDEN / "forest.json").read_text())
MADE = runpy.run_path(str(GOLDEN / "make_forest.py"))
TREES = list(range(len(FOREST["sizes"])))


def raw(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def part(name: str, at: int, place: int) -> bytes:
    found: bytes = MADE["word"](name, FOREST["sizes"][at], place)
    return found


def score_at(at: int, place: int) -> int:
    return 300 + int.from_bytes(part("score", at, place), "big") % 551


def leaf_at(at: int, place: int) -> bytes:
    top = tree.top_of(part("seed", at, place), score_at(at, place))
    return tree.leaf_hash(part("borrower", at, place)[12:], 1, part("opening", at, place), top)


def test_forest__built_anew__is_what_is_committed() -> None:
    assert MADE["build"]() == FOREST


@pytest.mark.parametrize("at", TREES)
def test_tree__of_every_size__has_the_root_and_the_path_of_the_textbook(at: int) -> None:
    nodes = tree.merkle_tree([leaf_at(at, place) for place in range(FOREST["sizes"][at])])
    assert bytes(nodes[0]) == raw(FOREST["roots"][at])
    path = tree.merkle_path(nodes, FOREST["places"][at])
    assert path == tuple(raw(each) for each in FOREST["paths"][at])


@pytest.mark.parametrize("at", TREES)
def test_ladder__every_threshold__is_proven_up_to_the_score_and_not_above(at: int) -> None:
    place, root = FOREST["places"][at], raw(FOREST["roots"][at])
    borrower, seed, score = part("borrower", at, place)[12:], part("seed", at, place), score_at(at, place)
    path = tuple(raw(each) for each in FOREST["paths"][at])
    best = AtLeastProof(1, 1, 310, part("opening", at, place), seed, path)
    for threshold in range(310, 860, 10):
        if threshold <= score:
            rung = tree.rung_of(seed, score, threshold)
            tree.verify_at_least(root, borrower, replace(best, threshold=threshold, rung=rung))
            continue
        with pytest.raises(Stop, match="AtLeastNotProven"):
            tree.verify_at_least(root, borrower, replace(best, threshold=threshold))
