"""What a member says of its tree when another asks: question, answer, who answers, who asks.

Rules that hold here: only a member of the committee is answered, only about a root that this node made
itself, and only when the question was put to it (a question overheard elsewhere opens nothing); both
go in signed envelopes. A member is answered about QUESTIONS_A_SECOND at most. An answer holds hashes, and
of a leaf that was asked for what it is the hash of: nothing that other members do not compute themselves.
What is answered is bounded before it is parsed, and believed only as far as it hashes (differences.py).
"""

import threading
import time
from collections.abc import Callable
from pathlib import Path

from ledger_reader.errors import Retry, Stop
from models import plain
from oracle import folder, gossip
from oracle.dissent.differences import MOST_LEAVES, Answer, Ask, Leaf, below
from oracle.epoch import Deployment
from oracle.guard import Allowance
from oracle.keys import NodeKeys
from oracle.tree import EpochTree

QUESTION, ANSWER = "tree question", "tree answer"

QUESTIONS_A_SECOND, QUESTIONS_AT_ONCE = 100.0, 1_000.0

ANSWER_SECONDS = 5.0
"""How long one answer may take."""

INQUIRY_SECONDS = 15.0
"""How long all answers of one inquiry may take together."""


class Witness:
    """Answers members' questions about the epochs in this node's folder; called from server threads."""

    def __init__(
        self, epochs: Path, keys: NodeKeys, deployment: Deployment, members: Callable[[], tuple[bytes, ...]]
    ) -> None:
        """`members` gives the identity keys that are answered now."""
        self._epochs, self._keys, self._deployment, self._members = epochs, keys, deployment, members
        self._allowance = Allowance(QUESTIONS_A_SECOND, QUESTIONS_AT_ONCE)
        self._lock = threading.Lock()
        self._open: EpochTree | None = None

    def answer(self, message: bytes) -> bytes:
        """The message that answers one; Stop says why it is refused, Retry that it came too soon."""
        envelope = gossip.open_message(message, self._members(), self._deployment)
        if envelope.kind != QUESTION:
            raise Stop(f"a message of the kind {envelope.kind[:32]!r} where a question belongs")
        if not self._allowance.take(envelope.sender):
            raise Retry(f"no more than {QUESTIONS_A_SECOND:.0f} questions a second are answered")
        root, index = self._question(envelope.body)
        body = _answer_body(root, index, _said(self._tree(envelope.epoch, root), index))
        return gossip.encode(gossip.seal(self._keys, ANSWER, self._deployment, envelope.epoch, body))

    def _question(self, body: bytes) -> tuple[bytes, int]:
        values = plain.fields(plain.read(body, "a question"), ("to", "root", "node"), "a question")
        if plain.hexadecimal(values["to"], "whom a question is put to", 32) != self._keys.identity_key:
            raise Stop("the question was put to another member")
        root = plain.hexadecimal(values["root"], "a question's root", 32)
        return root, plain.integer(values["node"], "a question's node", 0, 2 * MOST_LEAVES)

    def _tree(self, epoch: int, root: bytes) -> EpochTree:
        with self._lock:
            if self._open is None or self._open.root != root or self._open.epoch != epoch:
                self._check_known(epoch, root)
                self._open = folder.open_tree(self._epochs, epoch)
            return self._open

    def _check_known(self, epoch: int, root: bytes) -> None:
        if epoch not in folder.known_epochs(self._epochs):
            raise Stop(f"this node has no tree of epoch {epoch}")
        mine = folder.read_report(self._epochs, epoch).root
        if mine != root:
            raise Stop(f"this node's root of epoch {epoch} is 0x{mine.hex()}, not 0x{root.hex()}")


class Inquiry:
    """Questions to one member about the tree under the root that it signed; an `Ask` for `compare`."""

    def __init__(self, url: str, member: bytes, keys: NodeKeys, deployment: Deployment) -> None:
        """`url`: where the member of the identity key `member` (32 bytes) listens."""
        self._url, self._member, self._keys, self._deployment = url, member, keys, deployment

    def about(self, epoch: int, root: bytes) -> Ask:
        """What asks about the tree of one epoch, for INQUIRY_SECONDS from now."""
        deadline = time.monotonic() + INQUIRY_SECONDS

        def ask(index: int) -> Answer:
            if time.monotonic() > deadline:
                raise Retry(f"the member's answers took more than {INQUIRY_SECONDS:.0f} s")
            question = {"to": _hex(self._member), "root": _hex(root), "node": index}
            body = plain.write(question)
            envelope = gossip.seal(self._keys, QUESTION, self._deployment, epoch, body)
            message = gossip.ask(self._url, envelope, ANSWER_SECONDS)
            answer = gossip.open_message(message, (self._member,), self._deployment)
            if (answer.kind, answer.epoch) != (ANSWER, epoch):
                raise Stop(f"the member answered with a message {answer.kind!r} of epoch {answer.epoch}")
            return _answer_from_body(answer.body, root, index)

        return ask


def _said(tree: EpochTree, index: int) -> Answer:
    leaves = len(tree.scores.addresses)
    if index > 2 * leaves - 2:
        raise Stop(f"a tree of {leaves} leaves has no node {index}")
    nodes = tuple(tree.nodes[each].tobytes() for each in below(index, leaves))
    return Answer(leaves, nodes, _leaf(tree, 2 * leaves - 2 - index) if index >= leaves - 1 else None)


def _leaf(tree: EpochTree, row: int) -> Leaf:
    own = tree.commitment(row)
    return Leaf(tree.scores.addresses[row].tobytes(), int(tree.scores.status[row]), own.opening, own.top)


def _answer_body(root: bytes, index: int, answer: Answer) -> bytes:
    found = answer.leaf
    return plain.write(
        {
            "root": _hex(root),
            "node": index,
            "leaves": answer.leaves,
            "below": [_hex(each) for each in answer.below],
            "leaf": found
            and {
                "address": _hex(found.address),
                "status": found.status,
                "opening": _hex(found.opening),
                "top": _hex(found.top),
            },
        }
    )


def _answer_from_body(body: bytes, root: bytes, index: int) -> Answer:
    names = ("root", "node", "leaves", "below", "leaf")
    values = plain.fields(plain.read(body, "an answer"), names, "an answer")
    about = plain.hexadecimal(values["root"], "an answer's root", 32), values["node"]
    if about != (root, index):
        raise Stop("the member answered another question")
    nodes = plain.items(values["below"], "an answer's nodes", 0, 1 << 7)
    return Answer(
        plain.integer(values["leaves"], "an answer's number of leaves", 1, MOST_LEAVES),
        tuple(plain.hexadecimal(each, "an answer's node", 32) for each in nodes),
        None if values["leaf"] is None else _leaf_from_plain(values["leaf"]),
    )


def _leaf_from_plain(found: object) -> Leaf:
    values = plain.fields(found, ("address", "status", "opening", "top"), "an answer's leaf")
    return Leaf(
        plain.hexadecimal(values["address"], "a leaf's address", 20),
        plain.integer(values["status"], "a leaf's status", 0, 255),
        plain.hexadecimal(values["opening"], "a leaf's opening", 32),
        plain.hexadecimal(values["top"], "a leaf's top", 32),
    )


def _hex(raw: bytes) -> str:
    return "0x" + raw.hex()
