from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ledger_reader.errors import Retry
from oracle.dissent import differences
from oracle.dissent.differences import MOST_FOUND, Answer, Ask, Changed, Differences, Leaf, below, compare
from oracle.tree import merkle_tree

Book = dict[int, int]
"""A borrower's number → what the tree says of it."""


def leaf(number: int, value: int) -> Leaf:
    return Leaf(number.to_bytes(20, "big"), 1, value.to_bytes(32, "big"), bytes(32))


class Side:
    """A member's tree, and its honest answers; `asked` are the nodes it was asked about."""

    def __init__(self, book: Book) -> None:
        self.leaves = [leaf(number, book[number]) for number in sorted(book)]
        self.nodes = merkle_tree([each.hash for each in self.leaves])
        self.asked: list[int] = []

    @property
    def root(self) -> bytes:
        return bytes(self.nodes[0])

    @property
    def addresses(self) -> NDArray[np.uint8]:
        return np.frombuffer(b"".join(each.address for each in self.leaves), np.uint8).reshape(-1, 20)

    def answer(self, index: int) -> Answer:
        self.asked.append(index)
        count = len(self.leaves)
        position = 2 * count - 2 - index
        here = self.leaves[position] if position < count else None
        return Answer(count, tuple(self.nodes[i].tobytes() for i in below(index, count)), here)


def compared(mine: Side, theirs: Side, ask: Ask | None = None) -> Differences:
    return compare(mine.nodes, mine.addresses, theirs.root, ask or theirs.answer)


def by_hand(mine: Book, theirs: Book) -> Differences:
    both = sorted(mine.keys() & theirs.keys())
    return Differences(
        tuple(
            Changed(leaf(n, 0).address, leaf(n, mine[n]).hash, leaf(n, theirs[n]).hash)
            for n in both
            if mine[n] != theirs[n]
        ),
        tuple(leaf(n, 0).address for n in sorted(mine.keys() - theirs.keys())),
        tuple(leaf(n, 0).address for n in sorted(theirs.keys() - mine.keys())),
    )


def book(size: int) -> Book:
    return dict.fromkeys(range(1, size + 1), 0)


# ------------------------------------------------------------------------------------------- liars


@pytest.mark.parametrize("false", [0, -1, 1, 99, 101, 200, 2**32, 2**32 + 1, 2**400])
def test_compare__a_false_number_of_leaves__is_named_a_contradiction(false: int) -> None:
    mine, theirs = Side(book(100)), Side(book(100) | {50: 1})
    found = compared(mine, theirs, lambda index: replace(theirs.answer(index), leaves=false))
    assert replace(found, unfinished=None) == Differences()
    assert found.unfinished is not None
    assert found.unfinished.startswith(("it says that its tree has", "what it says of"))


def test_compare__a_number_of_leaves_and_of_nodes_that_fit_but_are_false__is_a_contradiction() -> None:
    mine, theirs = Side(book(100)), Side(book(100) | {50: 1})

    def ask(index: int) -> Answer:
        return Answer(101, tuple(theirs.nodes[min(i, 198)].tobytes() for i in below(index, 101)), None)

    found = compared(mine, theirs, ask)
    assert (found.changed, found.missing_here, found.missing_there) == ((), (), ())
    assert found.unfinished


def test_compare__the_number_of_leaves_changes_between_answers__is_a_contradiction() -> None:
    mine, theirs = Side(book(200)), Side(book(200) | {50: 1})
    found = compared(
        mine, theirs, lambda index: replace(theirs.answer(index), leaves=200 if index == 0 else 199)
    )
    assert found.unfinished
    assert "is not of one tree of 200 leaves" in found.unfinished


def test_compare__another_leaf_than_the_one_hashed__is_a_contradiction() -> None:
    mine, theirs = Side(book(100)), Side(book(100) | {50: 1})

    def ask(index: int) -> Answer:
        honest = theirs.answer(index)
        return replace(honest, leaf=honest.leaf and replace(honest.leaf, address=leaf(51, 0).address))

    found = compared(mine, theirs, ask)
    assert found.changed == ()
    assert found.unfinished
    assert "of its leaf 0 does not hash" in found.unfinished


def test_compare__no_leaf_where_there_is_one__is_a_contradiction() -> None:
    mine, theirs = Side(book(9)), Side(book(9) | {5: 1})
    found = compared(mine, theirs, lambda index: replace(theirs.answer(index), leaf=None))
    assert found.unfinished
    assert "of its leaf 0 does not hash" in found.unfinished


@given(st.integers(2, 150), st.integers(0, 10**6), st.integers(0, 10**6), st.binary(min_size=32, max_size=32))
def test_compare__any_node_of_any_answer_altered__never_shows_what_was_not_signed(
    size: int, which: int, where: int, lie: bytes
) -> None:
    number = which % size + 1
    mine, theirs = Side(book(size)), Side(book(size) | {number: 1})

    def ask(index: int) -> Answer:
        honest = theirs.answer(index)
        if not honest.below:
            return honest
        at = where % len(honest.below)
        return replace(honest, below=(*honest.below[:at], lie, *honest.below[at + 1 :]))

    found = compared(mine, theirs, ask)
    assert found.unfinished
    assert "does not hash to its own tree" in found.unfinished
    assert found.missing_here == found.missing_there == ()


def test_compare__leaves_out_of_order__is_a_contradiction() -> None:
    mine, theirs = Side(book(4)), Side(book(4))
    theirs.leaves = [leaf(n, 1) for n in (1, 3, 2, 4)]
    theirs.nodes = merkle_tree([each.hash for each in theirs.leaves])
    found = compared(mine, theirs)
    assert found.unfinished
    assert "not in the order of addresses at 0x" + "00" * 19 + "02" in found.unfinished


def test_compare__a_leaf_twice__is_a_contradiction() -> None:
    mine, theirs = Side(book(4)), Side(book(4))
    theirs.leaves = [leaf(n, 0) for n in (1, 2, 2, 4)]
    theirs.nodes = merkle_tree([each.hash for each in theirs.leaves])
    found = compared(mine, theirs)
    assert found.unfinished
    assert "not in the order of addresses" in found.unfinished


# ------------------------------------------------------------------------------------------- bounds


def test_compare__no_answer_at_all__says_so() -> None:
    def ask(index: int) -> Answer:
        raise Retry("the peer is away")

    assert compared(Side(book(3)), Side(book(4)), ask) == Differences(unfinished="the peer is away")


def test_compare__no_more_answers__keeps_what_was_found() -> None:
    mine, theirs = Side(book(200)), Side(book(200) | {3: 1, 190: 1})

    def ask(index: int) -> Answer:
        if len(theirs.asked) == 6:
            raise Retry("the peer is away")
        return theirs.answer(index)

    found = compared(mine, theirs, ask)
    assert [each.address[-1] for each in found.changed] == [3]
    assert found.unfinished == "the peer is away"


def test_compare__other_salts__names_the_first_few_and_stops() -> None:
    mine, theirs = Side(book(200)), Side(dict.fromkeys(book(200), 1))
    found = compared(mine, theirs)
    assert [each.address[-1] for each in found.changed] == list(range(1, MOST_FOUND + 1))
    assert found.unfinished == f"more than {MOST_FOUND} borrowers differ; the first are listed"
    assert len(theirs.asked) < 2 * MOST_FOUND


def test_compare__questions_run_out__keeps_what_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(differences, "MOST_QUESTIONS", 6)
    mine, theirs = Side(book(200)), Side(book(200) | {3: 1, 190: 1})
    found = compared(mine, theirs)
    assert [each.address[-1] for each in found.changed] == [3]
    assert found.unfinished == "6 questions did not find everything"
    assert len(theirs.asked) == 6


@pytest.mark.parametrize("changed", [{7_777: 1}, {20_000: 0}, {0: 0}])
def test_compare__one_of_ten_thousand_borrowers__takes_few_questions(changed: Book) -> None:
    mine, theirs = Side(book(10_000)), Side(book(10_000) | changed)
    found = compared(mine, theirs)
    assert found.unfinished is None
    assert len(found.changed) + len(found.missing_here) == 1
    assert len(theirs.asked) <= 16


# ------------------------------------------------------------------------------------------- results


def test_compare__same_root__asks_nothing() -> None:
    mine, theirs = Side(book(5)), Side(book(5))
    assert compared(mine, theirs) == Differences()
    assert theirs.asked == []


BOOKS = st.dictionaries(st.integers(1, 230), st.integers(0, 1), min_size=1, max_size=200)


@settings(deadline=None)
@given(BOOKS, BOOKS)
@example({1: 0}, {1: 1})
@example({1: 0}, {2: 0})
@example(dict.fromkeys(range(1, 201), 0), {200: 1})
def test_compare__any_two_trees__gives_what_comparing_by_hand_gives(mine: Book, theirs: Book) -> None:
    with pytest.MonkeyPatch.context() as unbounded:
        unbounded.setattr(differences, "MOST_FOUND", 10**6)
        unbounded.setattr(differences, "MOST_QUESTIONS", 10**6)
        assert compared(Side(mine), Side(theirs)) == by_hand(mine, theirs)


@settings(deadline=None)
@given(st.integers(1, 200), st.dictionaries(st.integers(1, 220), st.integers(0, 1), max_size=8), st.data())
def test_compare__few_differences__gives_what_comparing_by_hand_gives(
    size: int, more: Book, data: st.DataObject
) -> None:
    mine = book(size)
    gone = data.draw(st.sets(st.integers(1, size), max_size=min(5, size - 1)))
    theirs = {number: value for number, value in (mine | more).items() if number not in gone}
    if theirs:
        assert compared(Side(mine), Side(theirs)) == by_hand(mine, theirs)
