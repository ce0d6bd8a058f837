"""Which borrowers two members' trees differ in: a walk that descends only where hashes differ; pure.

Rules that hold here: the other side is asked node by node and believed in nothing: what it says must
hash up to the root that it signed, so a tree other than the one signed cannot be shown. It says how
many leaves it has, and must show the first and the last, which no other number allows. Both trees are
in address order, so the walk is a merge: a subtree of theirs that equals the run of my leaves at hand is
stepped over whole, also where a borrower more or less has moved all leaves behind. Questions and results
are bounded; a walk that ends early says why and keeps what it found.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ledger_reader.errors import Retry, Stop
from models import plain
from oracle.tree import leaf_hash, pair_hash

LEVELS = 6
"""Levels below a node that one answer holds: at most 126 nodes, about 8 KiB as JSON."""

MOST_LEAVES = 1 << 32
MOST_FOUND = 32
"""Borrowers that a walk names before it stops: more are no help to whoever looks for the cause."""

MOST_QUESTIONS = 400
"""Enough to name MOST_FOUND borrowers among a hundred million: each takes a leaf and a few answers."""


MOST_WORDS = 500
"""Characters kept of why a walk ended early: part of them may be the other side's."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """What a leaf is the hash of: 20-byte address, status byte, opening and top (32 bytes each)."""

    address: bytes
    status: int
    opening: bytes
    top: bytes

    @property
    def hash(self) -> bytes:
        """The leaf's 32 bytes in the tree."""
        return leaf_hash(self.address, self.status, self.opening, self.top)


@dataclass(frozen=True, slots=True)
class Answer:
    """About one node: the tree's number of leaves, the nodes `below` it, and its leaf if it is one."""

    leaves: int
    below: tuple[bytes, ...]
    leaf: Leaf | None


_T = TypeVar("_T")

Ask = Callable[[int], Answer]
"""Asks the other side about a node, by its index; Retry when no answer comes, Stop when it is no answer."""


@dataclass(frozen=True, slots=True)
class Changed:
    """A borrower whom both trees hold, with another leaf in each."""

    address: bytes
    mine: bytes
    theirs: bytes


@dataclass(frozen=True, slots=True)
class Differences:
    """What the walk found, each in address order; `unfinished` says why it is not all (None: it is)."""

    changed: tuple[Changed, ...] = ()
    missing_there: tuple[bytes, ...] = ()
    missing_here: tuple[bytes, ...] = ()
    unfinished: str | None = None


def below(index: int, leaves: int) -> list[int]:
    """The indices of the nodes up to LEVELS below a node, level by level, in a tree of so many leaves."""
    found: list[int] = []
    first, width = index, 1
    for _ in range(LEVELS):
        first, width = 2 * first + 1, 2 * width
        found += range(first, min(first + width, 2 * leaves - 1))
    return found


def compare(nodes: NDArray[np.uint8], addresses: NDArray[np.uint8], root: bytes, ask: Ask) -> Differences:
    """What differs between my tree (`nodes` (2n − 1, 32), `addresses` (n, 20)) and the one under `root`."""
    if nodes[0].tobytes() == root:
        return Differences()
    walk = _Walk(nodes, addresses)
    try:
        walk.over(_ClaimedTree(root, ask))
    except (Retry, Stop) as reason:
        return walk.found(str(reason)[:MOST_WORDS])
    return walk.found(None)


def to_json(found: Differences) -> dict[str, Any]:
    """Plain JSON values, bytes as 0x hex."""
    return {
        "changed": [
            {"address": _hex(each.address), "mine": _hex(each.mine), "theirs": _hex(each.theirs)}
            for each in found.changed
        ],
        "missingThere": [_hex(each) for each in found.missing_there],
        "missingHere": [_hex(each) for each in found.missing_here],
        "unfinished": found.unfinished,
    }


def from_json(found: object) -> Differences:
    """The differences that `to_json` wrote; Stop names the first field that is wrong."""
    names = ("changed", "missingThere", "missingHere", "unfinished")
    values = plain.fields(found, names, "differences")
    changed = plain.items(values["changed"], "changed", 0, MOST_FOUND)
    there, here = (plain.items(values[name], name, 0, MOST_FOUND) for name in names[1:3])
    return Differences(
        tuple(_changed(each) for each in changed),
        tuple(plain.hexadecimal(each, "an address", 20) for each in there),
        tuple(plain.hexadecimal(each, "an address", 20) for each in here),
        None
        if values["unfinished"] is None
        else plain.string(values["unfinished"], "unfinished", MOST_WORDS),
    )


def _changed(found: object) -> Changed:
    values = plain.fields(found, ("address", "mine", "theirs"), "a changed borrower")
    return Changed(
        plain.hexadecimal(values["address"], "a changed borrower's address", 20),
        plain.hexadecimal(values["mine"], "a changed borrower's leaf", 32),
        plain.hexadecimal(values["theirs"], "a changed borrower's leaf", 32),
    )


class _ClaimedTree:
    """The other side's tree, as far as it was asked for; each node hashes up to the root it signed."""

    def __init__(self, root: bytes, ask: Ask) -> None:
        self._ask, self._asked = ask, 1
        first = ask(0)
        self.leaves = first.leaves
        if not 1 <= self.leaves <= MOST_LEAVES:
            raise Stop(f"it says that its tree has {self.leaves} leaves")
        self._known = {0: root}
        self._learn(0, first)
        # A tree of fewer leaves has no node for the first; in one of more the last one's is no leaf.
        self.leaf(0)
        self.leaf(self.leaves - 1)

    def node(self, index: int) -> bytes:
        """The hash of a node; asks about an ancestor's subtree when it is not known yet."""
        while index not in self._known:
            above = index
            while above not in self._known:
                above = (above - 1) // 2
            self._learn(above, self._question(above))
        return self._known[index]

    def leaf(self, position: int) -> Leaf:
        """What the leaf at a position in address order is the hash of."""
        index = 2 * self.leaves - 2 - position
        expected, found = self.node(index), self._question(index).leaf
        if found is None or found.hash != expected:
            raise Stop(f"what it says of its leaf {position} does not hash to its own tree")
        return found

    def _question(self, index: int) -> Answer:
        if self._asked >= MOST_QUESTIONS:
            raise Retry(f"{MOST_QUESTIONS} questions did not find everything")
        self._asked += 1
        return self._ask(index)

    def _learn(self, index: int, answer: Answer) -> None:
        names = below(index, self.leaves)
        if answer.leaves != self.leaves or len(answer.below) != len(names):
            raise Stop(f"what it says of node {index} is not of one tree of {self.leaves} leaves")
        claimed = {index: self._known[index], **dict(zip(names, answer.below, strict=True))}
        for parent, expected in claimed.items():
            left, right = claimed.get(2 * parent + 1), claimed.get(2 * parent + 2)
            if left is not None and right is not None and pair_hash(left, right) != expected:
                raise Stop(f"what it says of node {parent} does not hash to its own tree")
        self._known |= claimed


class _Walk:
    """One merge of their leaves, in address order, with mine; `at` is the first of mine not yet met."""

    def __init__(self, nodes: NDArray[np.uint8], addresses: NDArray[np.uint8]) -> None:
        self._nodes, self._addresses = nodes, addresses
        self._at = 0
        self._last = b""
        self._changed: list[Changed] = []
        self._missing_there: list[bytes] = []
        self._missing_here: list[bytes] = []

    def found(self, unfinished: str | None) -> Differences:
        """What was found so far."""
        return Differences(
            tuple(self._changed), tuple(self._missing_there), tuple(self._missing_here), unfinished
        )

    def over(self, theirs: _ClaimedTree) -> None:
        """The whole merge; Stop when they contradict themselves, Retry when a bound is reached."""
        for first, size, index in sorted(_whole_subtrees(0, theirs.leaves)):
            self._subtree(theirs, first, size, index)
        self._miss_until(len(self._addresses))

    def _subtree(self, theirs: _ClaimedTree, first: int, size: int, index: int) -> None:
        if self._run(size, index, theirs.leaves) == theirs.node(index):
            self._at += size
        elif size == 1:
            self._meet(theirs.leaf(first))
        else:
            half = size // 2
            # The lesser addresses are on the right: the layout turns the order of leaves around.
            self._subtree(theirs, first, half, 2 * index + 2)
            self._subtree(theirs, first + half, half, 2 * index + 1)

    def _run(self, size: int, index: int, their_leaves: int) -> bytes | None:
        """The root of my next `size` leaves; None when I have not so many left."""
        count = len(self._addresses)
        if self._at + size > count:
            return None
        if their_leaves == count and _span(index, count) == (self._at, size):
            return bytes(self._nodes[index])
        level = [self._leaf(position) for position in range(self._at, self._at + size)]
        while len(level) > 1:
            level = [pair_hash(a, b) for a, b in zip(level[::2], level[1::2], strict=True)]
        return level[0]

    def _meet(self, leaf: Leaf) -> None:
        self._last = max(self._last, self._address(self._at - 1) if self._at else b"")
        if leaf.address <= self._last:
            raise Stop(f"its leaves are not in the order of addresses at 0x{leaf.address.hex()}")
        self._last = leaf.address
        rows = range(len(self._addresses))
        self._miss_until(bisect_left(rows, leaf.address, key=self._address))
        if self._at == len(rows) or self._address(self._at) != leaf.address:
            self._add(self._missing_here, leaf.address)
            return
        mine = self._leaf(self._at)
        if mine != leaf.hash:
            self._add(self._changed, Changed(leaf.address, mine, leaf.hash))
        self._at += 1

    def _miss_until(self, position: int) -> None:
        while self._at < position:
            self._add(self._missing_there, self._address(self._at))
            self._at += 1

    def _add(self, found: list[_T], each: _T) -> None:
        if len(self._changed) + len(self._missing_there) + len(self._missing_here) == MOST_FOUND:
            raise Retry(f"more than {MOST_FOUND} borrowers differ; the first are listed")
        found.append(each)

    def _address(self, position: int) -> bytes:
        return bytes(self._addresses[position])

    def _leaf(self, position: int) -> bytes:
        return bytes(self._nodes[len(self._nodes) - 1 - position])


def _whole_subtrees(index: int, leaves: int) -> Iterator[tuple[int, int, int]]:
    """(first position, size, node) of the largest subtrees whose leaves are consecutive borrowers.

    All but the few on the border between the two lowest levels, where the first and the last meet.
    """
    span = _span(index, leaves)
    if span is not None:
        yield (*span, index)
        return
    yield from _whole_subtrees(2 * index + 1, leaves)
    yield from _whole_subtrees(2 * index + 2, leaves)


def _span(index: int, leaves: int) -> tuple[int, int] | None:
    """(first position, size) of the leaves under a node; None when they are not consecutive."""
    last = 2 * leaves - 2
    left = right = index
    while 2 * left + 1 <= last:
        left = 2 * left + 1
    while 2 * right + 2 <= last:
        right = 2 * right + 2
    return (last - right, right - left + 1) if right >= left else None


def _hex(raw: bytes) -> str:
    return "0x" + raw.hex()
