"""Leaves and tree of very many borrowers, the same bytes as `oracle.tree` makes one at a time.

Rules that hold here: rows are worked off in chunks, so that memory beside the scores and the tree stays
bounded, and by as many threads as there are processors; no result depends on either. `oracle.tree` turns
here from MANY rows on, where numba is installed; below, compiling would cost more than it saves.
"""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from models.rules import INSUFFICIENT
from models.scorecard import DISPUTED, Scores
from models.segment import LOWEST
from oracle.epoch import salts

MANY = 16_384
"""From so many rows on the compiled way is the faster one, loading and compiling counted."""

CHUNK = 4_096
"""Rows worked on at once by one thread: some 3 KB each."""

Bytes = NDArray[np.uint8]


def pays(rows: int) -> bool:
    """Whether this module can be used, and is faster, for so many rows."""
    return rows >= MANY and find_spec("numba") is not None


def leaves(scores: Scores, secret: bytes, step: int) -> Bytes:
    """The leaf of every row, shape (n, 32), under S_e (`secret`); ladders in steps of `step` points."""
    found = np.empty((len(scores.addresses), 32), dtype=np.uint8)

    def fill(start: int, stop: int) -> None:
        found[start:stop] = _leaves(scores, secret, step, slice(start, stop))

    _spread(fill, 0, len(found))
    return found


def leaf_hashes(addresses: Bytes, status: Bytes, opening: Bytes, top: Bytes) -> Bytes:
    """`tree.leaf_hash` of every row: addresses (n, 20), status (n), opening and top (n, 32)."""
    found = np.empty((len(addresses), 32), dtype=np.uint8)

    def fill(start: int, stop: int) -> None:
        rows = slice(start, stop)
        found[rows] = _leaf_hashes(addresses[rows], status[rows], opening[rows], top[rows])

    _spread(fill, 0, len(found))
    return found


def merkle_tree(leaves: Bytes) -> Bytes:
    """The 2n − 1 nodes over n leaves, shape (2n − 1, 32), root first, leaves reversed at the end."""
    from oracle import lanes  # noqa: PLC0415 (numba is loaded only by whoever needs it)

    count = len(leaves)
    nodes = np.empty((2 * count - 1, 4), dtype=np.uint64)
    nodes[count - 1 :] = leaves[::-1].view(np.uint64)
    for start, stop in _levels(count):
        _spread(lambda first, last: lanes.join_nodes(nodes, first, last), start, stop)
    return nodes.view(np.uint8)


def int_words(features: NDArray[np.int64]) -> Bytes:
    """Each int64 as a 32-byte word, sign-extended: shape (n, 32 k)."""
    count, width = features.shape
    words = np.empty((count, width, 32), dtype=np.uint8)
    words[:, :, :24] = np.where(features < 0, 255, 0)[:, :, None]
    words[:, :, 24:] = features.astype(">i8").reshape(-1).view(np.uint8).reshape(count, width, 8)
    return words.reshape(count, 32 * width)


def _levels(count: int) -> Iterable[tuple[int, int]]:
    """The inner nodes of a tree over `count` leaves as ranges, each after those its nodes are made of."""
    depth = (count - 1).bit_length()
    for level in range(depth - 1, -1, -1):
        yield 2**level - 1, min(2 ** (level + 1) - 1, count - 1)


def _leaves(scores: Scores, secret: bytes, step: int, rows: slice) -> Bytes:
    addresses, status = scores.addresses[rows], scores.status[rows]
    score = scores.score[rows]
    salt, salt2, salt3, seed = (
        salts(secret, purpose, addresses) for purpose in ("salt", "salt2", "salt3", "seed")
    )
    detail = _hashed(_words(scores.reasons[rows]), _features_hashes(scores.features[rows], salt3), salt2)
    opening = _hashed(_words(score), _words(scores.width[rows]), salt, detail)
    without = status & ~np.uint8(DISPUTED) == INSUFFICIENT
    top = _climbed(seed, np.where(without, 0, (score.astype(np.int64) - LOWEST) // step))
    opening[without] = salts(secret, "opening", addresses[without])
    top[without] = salts(secret, "top", addresses[without])
    return _leaf_hashes(addresses, status, opening, top)


def _leaf_hashes(addresses: Bytes, status: Bytes, opening: Bytes, top: Bytes) -> Bytes:
    owner = np.hstack([np.zeros((len(addresses), 12), dtype=np.uint8), addresses])
    return _hashed(_hashed(owner, _words(status), opening, top))


def _features_hashes(features: NDArray[np.int64], salt3: Bytes) -> Bytes:
    count, width = features.shape
    head, length = _words(np.full(count, 64)), _words(np.full(count, width))
    return _hashed(head, salt3, length, int_words(features))


def _words(column: NDArray[np.integer]) -> Bytes:
    return int_words(column.astype(np.int64)[:, None])


def _hashed(*columns: Bytes) -> Bytes:
    from oracle import lanes  # noqa: PLC0415

    rows = np.hstack(columns) if len(columns) > 1 else columns[0]
    digests = np.empty((len(rows), 4), dtype=np.uint64)
    lanes.hash_rows(rows.view(np.uint64), digests)
    return digests.view(np.uint8)


def _climbed(seeds: Bytes, steps: NDArray[np.int64]) -> Bytes:
    from oracle import lanes  # noqa: PLC0415

    rungs = seeds.view(np.uint64).copy()
    lanes.climb_rows(rungs, steps)
    return rungs.view(np.uint8)


def _spread(work: Callable[[int, int], None], start: int, stop: int) -> None:
    """`work` on [start, stop) in chunks, on all processors; the first failure is raised."""
    starts = range(start, stop, CHUNK)
    if len(starts) <= 1:
        work(start, stop)
        return
    with ThreadPoolExecutor(_processors()) as pool:
        list(pool.map(lambda first: work(first, min(first + CHUNK, stop)), starts))


def _processors() -> int:
    # Those this process may use, where the system says so: a container often has fewer than the machine.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
