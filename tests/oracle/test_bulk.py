"""The compiled way against the one that hashes a row at a time, which the golden file holds."""

import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger_reader.errors import Stop
from ledger_reader.keccak import keccak256
from models.scorecard import Scores
from oracle import bulk, lanes, tree
from oracle.tree import STEP, EpochTree
from tests.oracle.test_tree import SECRET, populations, scores_of

CHUNKS = 3 * bulk.CHUNK + 5


def leaves_of(count: int) -> list[bytes]:
    return [keccak256(number.to_bytes(8, "big")) for number in range(count)]


def as_rows(nodes: list[bytes]) -> bulk.Bytes:
    return np.frombuffer(b"".join(nodes), dtype=np.uint8).reshape(-1, 32)


def crowd(count: int) -> Scores:
    """Every status, scores over the whole range, features of either sign and missing."""
    made = [(number, number % 5, 300 + 7 * number % 551) for number in range(count)]
    kinds = (0, 1, 2, 128, 129)
    return scores_of(
        [(n.to_bytes(20, "big"), kinds[kind], 0 if kind in (0, 3) else score) for n, kind, score in made]
    )


def one_at_a_time(scores: Scores, secret: bytes) -> list[bytes]:
    return [
        EpochTree.build(1, replace(scores, **row(scores, at)), secret).root for at in range(len(scores.score))
    ]


def row(scores: Scores, at: int) -> dict[str, Any]:
    """The columns of a population of one: its root is its leaf."""
    names = ("addresses", "status", "score", "width", "reasons", "features", "total")
    return {name: getattr(scores, name)[at : at + 1] for name in names}


# ------------------------------------------------------------------------------------ refusals


def test_spread__a_chunk_fails__the_failure_is_raised() -> None:
    def fail(start: int, _: int) -> None:
        if start == bulk.CHUNK:
            raise Stop("this chunk cannot be done")

    with pytest.raises(Stop, match="this chunk"):
        bulk._spread(fail, 0, CHUNKS)


def test_pays__numba_is_not_installed__says_no(monkeypatch: pytest.MonkeyPatch) -> None:
    assert bulk.pays(10**6)
    monkeypatch.setattr(bulk, "find_spec", lambda _: None)
    assert not bulk.pays(10**6)


def test_nodes_and_small_trees__need_no_compiler__and_load_none() -> None:
    program = (
        "import sys; import oracle.node, oracle.api.app; from tests.oracle.test_tree import build, address; "
        "build({address(1): (1, 700)}).score_proof(0); sys.exit('numba' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


# ---------------------------------------------------------------------------------- properties


@given(st.integers(0, 80), st.integers(1, 5), st.randoms(use_true_random=False))
def test_hash_rows__any_length__is_keccak(lanes_long: int, rows: int, dice: Random) -> None:
    content = dice.randbytes(8 * lanes_long * rows)
    found = np.empty((rows, 4), dtype=np.uint64)
    lanes.hash_rows(np.frombuffer(content, dtype=np.uint64).reshape(rows, lanes_long), found)
    pieces = [content[8 * lanes_long * at : 8 * lanes_long * (at + 1)] for at in range(rows)]
    assert [digest.tobytes() for digest in found] == [keccak256(piece) for piece in pieces]


@given(st.lists(st.tuples(st.binary(min_size=32, max_size=32), st.integers(0, 60)), min_size=1, max_size=6))
def test_climb_rows__any_steps__is_the_ladder(rungs: list[tuple[bytes, int]]) -> None:
    found = as_rows([seed for seed, _ in rungs]).view(np.uint64).copy()
    lanes.climb_rows(found, np.array([steps for _, steps in rungs]))
    assert [rung.tobytes() for rung in found] == [tree.climb(seed, steps) for seed, steps in rungs]


@given(st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=70))
def test_merkle_tree__any_number_of_leaves__is_that_of_the_plain_loop(leaves: list[bytes]) -> None:
    assert np.array_equal(bulk.merkle_tree(as_rows(leaves)), tree.merkle_tree(leaves))


@given(st.binary(min_size=32, max_size=32), st.integers(0, 31), st.integers(1, 255))
def test_merkle_tree__leaves_that_differ_in_one_byte__are_put_in_byte_order(
    leaf: bytes, at: int, change: int
) -> None:
    other = leaf[:at] + bytes([leaf[at] ^ change]) + leaf[at + 1 :]
    for pair in ([leaf, other], [other, leaf]):
        assert bulk.merkle_tree(as_rows(pair))[0].tobytes() == keccak256(b"".join(sorted(pair)))


@given(populations)
def test_leaves__any_population__are_those_made_one_at_a_time(
    population: dict[bytes, tuple[int, int]],
) -> None:
    scores = scores_of([(a, *population[a]) for a in sorted(population)])
    found = bulk.leaves(scores, SECRET, STEP)
    assert [leaf.tobytes() for leaf in found] == one_at_a_time(scores, SECRET)


# -------------------------------------------------------------------------------------- sizes


def test_merkle_tree__over_several_chunks__is_that_of_the_plain_loop() -> None:
    leaves = leaves_of(CHUNKS)
    assert np.array_equal(bulk.merkle_tree(as_rows(leaves)), tree.merkle_tree(leaves))


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 1_000, 4_096, 4_097])
def test_levels__of_any_tree__name_every_inner_node_once_and_children_first(count: int) -> None:
    levels = list(bulk._levels(count))
    assert sorted(i for start, stop in levels for i in range(start, stop)) == list(range(count - 1))
    assert all(start >= after_stop for (start, _), (_, after_stop) in pairwise(levels))


def test_build__of_many__has_the_same_nodes_as_without_numba(monkeypatch: pytest.MonkeyPatch) -> None:
    scores = crowd(bulk.MANY + 3)
    compiled = EpochTree.build(1, scores, SECRET)
    monkeypatch.setattr(bulk, "find_spec", lambda _: None)
    assert np.array_equal(EpochTree.build(1, scores, SECRET).nodes, compiled.nodes)
    compiled.score_proof(1)
    compiled.at_least_proof(bulk.CHUNK, 310)
