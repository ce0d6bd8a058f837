"""What is committed of each borrower, the Merkle tree over it, and proofs; pure but for tree.npy.

Rules that hold here: one leaf an address, in address order; the layout, leaf hash and pair hash
of OpenZeppelin's StandardMerkleTree with `sortLeaves: false`, so that their libraries verify
these proofs and rebuild the root. A score hides behind a ladder: the seed hashed
(score − 300) / 10 times, rounded down, is the `top`; who knows a value that hashed
(t − 300) / 10 times gives `top` has a score of at least t. Thresholds are the multiples of 10
from 310 to 850. The status is in the leaf and so in every proof; where it says `insufficient`
opening and top are keyed values nobody can open, and neither a score nor a threshold verifies.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ledger_reader.errors import Stop
from ledger_reader.keccak import keccak256
from models import plain
from models.rules import INSUFFICIENT, SCORED, THIN
from models.scorecard import DISPUTED, Scores
from models.segment import HIGHEST, LOWEST
from oracle import bulk, sentences
from oracle.array_file import map_array, write_array
from oracle.epoch import salt, salts
from oracle.sentences import Sentence

STEP = 10
"""Points between two thresholds that can be proved."""

MAX_DEPTH = 64
"""Longer paths are refused unread: no tree of 20-byte addresses in memory is deeper."""

FILE = "tree.npy"
"""The tree's file in an epoch's folder."""


@dataclass(frozen=True, slots=True)
class ScoreProof:
    """Shows score and half-width; field names and order as in ICreditOracle.ScoreProof."""

    epoch: int
    status: int
    score: int
    width: int
    salt: bytes
    detail: bytes
    top: bytes
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class AtLeastProof:
    """Shows only that the score is at least `threshold`; as in ICreditOracle.AtLeastProof."""

    epoch: int
    status: int
    threshold: int
    opening: bytes
    rung: bytes
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Commitment:
    """All that one leaf hides, for its borrower alone: with `seed` every threshold can be proved.

    `salt` opens the score, `salt2` the reasons, `salt3` the features.
    """

    salt: bytes
    salt2: bytes
    salt3: bytes
    seed: bytes
    detail: bytes
    opening: bytes
    top: bytes
    leaf: bytes


def has_score(status: int) -> bool:
    """Whether a status byte is of a file with a score: scored or thin, disputed or not."""
    return status & ~DISPUTED in (SCORED, THIN)


def features_hash(features: Sequence[int], salt3: bytes) -> bytes:
    """keccak256(abi.encode(int64[] features, bytes32 salt3))."""
    return _features_hash(bulk.int_words(np.asarray([features], dtype=np.int64))[0].tobytes(), salt3)


def detail_hash(reasons: int, hashed_features: bytes, salt2: bytes) -> bytes:
    """keccak256(abi.encode(uint32 reasons, bytes32 featuresHash, bytes32 salt2))."""
    return keccak256(_word(reasons) + hashed_features + salt2)


def opening_hash(score: int, width: int, salt1: bytes, detail: bytes) -> bytes:
    """keccak256(abi.encode(uint16 score, uint16 width, bytes32 salt, bytes32 detail))."""
    return keccak256(_word(score) + _word(width) + salt1 + detail)


def leaf_hash(borrower: bytes, status: int, opening: bytes, top: bytes) -> bytes:
    """keccak256(bytes.concat(keccak256(abi.encode(address, uint8 status, bytes32 opening, bytes32 top))))."""
    return keccak256(keccak256(bytes(12) + borrower + _word(status) + opening + top))


def pair_hash(a: bytes, b: bytes) -> bytes:
    """keccak256 of the two nodes, the lesser first."""
    return keccak256(a + b if a < b else b + a)


def floor_of(score: int) -> int:
    """The highest multiple of 10 not above the score: what its borrower can prove at most."""
    return score - score % STEP


def top_of(seed: bytes, score: int) -> bytes:
    """The top of the ladder that starts at `seed`, for a score from 300 to 850."""
    if not LOWEST <= score <= HIGHEST:
        raise ValueError(f"scores run from {LOWEST} to {HIGHEST}, got {score}")
    return climb(seed, (score - LOWEST) // STEP)


def rung_of(seed: bytes, score: int, threshold: int) -> bytes:
    """The value that, hashed (threshold − 300) / 10 times, is the top; Stop when above the score."""
    check_threshold(threshold)
    if threshold > floor_of(score):
        raise Stop(_most(score, threshold))
    return climb(seed, (floor_of(score) - threshold) // STEP)


def climb(rung: bytes, steps: int) -> bytes:
    """keccak256 applied `steps` times."""
    for _ in range(steps):
        rung = keccak256(rung)
    return rung


def check_threshold(threshold: int) -> None:
    """Stop unless the threshold is a multiple of 10 from 310 to 850."""
    if threshold % STEP or not LOWEST < threshold <= HIGHEST:
        raise Stop(sentences.BAD_THRESHOLD.of(threshold=threshold))


def merkle_tree(leaves: Sequence[bytes]) -> NDArray[np.uint8]:
    """The 2n − 1 nodes over n ≥ 1 leaves, shape (2n − 1, 32): root first, leaves reversed at the end."""
    nodes = [b""] * (len(leaves) - 1) + list(reversed(leaves))
    for i in range(len(leaves) - 2, -1, -1):
        nodes[i] = pair_hash(nodes[2 * i + 1], nodes[2 * i + 2])
    return np.frombuffer(b"".join(nodes), dtype=np.uint8).reshape(-1, 32)


def merkle_path(nodes: NDArray[np.uint8], index: int) -> tuple[bytes, ...]:
    """The siblings from leaf `index` (0 … n − 1) up to the root; reads O(log n) nodes."""
    at = len(nodes) - 1 - index
    siblings = []
    while at > 0:
        siblings.append(nodes[at + 1 if at % 2 else at - 1].tobytes())
        at = (at - 1) // 2
    return tuple(siblings)


def root_from(leaf: bytes, path: Sequence[bytes]) -> bytes:
    """The root that a leaf and its path lead to."""
    for sibling in path:
        leaf = pair_hash(leaf, sibling)
    return leaf


def verify_score(root: bytes, borrower: bytes, proof: ScoreProof) -> None:
    """Checks as a lender would that the proof shows this borrower's score; Stop when it does not.

    That `root` is the contract's current one and `proof.epoch` its epoch is the caller's to see.
    """
    _check_status(borrower, proof.status)
    opening = opening_hash(proof.score, proof.width, proof.salt, proof.detail)
    leaf = leaf_hash(borrower, proof.status, opening, proof.top)
    if root_from(leaf, proof.path) != root:
        who = {"account": _hex(borrower), "root": _hex(root)}
        raise Stop(sentences.SCORE_NOT_PROVEN.of(score=proof.score, **who))


def verify_at_least(root: bytes, borrower: bytes, proof: AtLeastProof) -> None:
    """As `verify_score`, for "at least `proof.threshold`"."""
    check_threshold(proof.threshold)
    _check_status(borrower, proof.status)
    top = climb(proof.rung, (proof.threshold - LOWEST) // STEP)
    leaf = leaf_hash(borrower, proof.status, proof.opening, top)
    if root_from(leaf, proof.path) != root:
        who = {"account": _hex(borrower), "root": _hex(root)}
        raise Stop(sentences.AT_LEAST_NOT_PROVEN.of(threshold=proof.threshold, **who))


@dataclass(frozen=True)
class EpochTree:
    """All commitments of one epoch: `nodes` of shape (2n − 1, 32) over the n rows of `scores`."""

    epoch: int
    scores: Scores
    secret: bytes = field(repr=False)
    nodes: NDArray[np.uint8]

    @classmethod
    def build(cls, epoch: int, scores: Scores, secret: bytes) -> "EpochTree":
        """Commits to every row under S_e (`secret`); Stop when there is no row at all."""
        _check_scores(scores)
        if bulk.pays(len(scores.addresses)):
            return cls(epoch, scores, secret, bulk.merkle_tree(bulk.leaves(scores, secret, STEP)))
        leaves = [each.leaf for each in _commitments(scores, secret, slice(None))]
        return cls(epoch, scores, secret, merkle_tree(leaves))

    @classmethod
    def load(cls, folder: Path, epoch: int, scores: Scores, secret: bytes) -> "EpochTree":
        """Opens what `save` wrote, memory-mapped; Stop when it is missing or not of these scores' size."""
        _check_scores(scores)
        nodes = map_array(folder / FILE)
        if nodes.dtype != np.uint8 or nodes.shape != (2 * len(scores.addresses) - 1, 32):
            raise Stop(
                f"{folder / FILE} is not the tree of {len(scores.addresses)} borrowers: "
                "let the node compute the epoch again"
            )
        return cls(epoch, scores, secret, nodes)

    def save(self, folder: Path) -> None:
        """Writes tree.npy durably; a crash leaves the old file or the new one."""
        write_array(folder / FILE, self.nodes)

    @property
    def root(self) -> bytes:
        """The 32 bytes that the report carries."""
        return bytes(self.nodes[0])

    def index_of(self, address: bytes) -> int:
        """The row of a 20-byte address; Stop when the epoch does not hold it."""
        rows = self.scores.addresses
        at = bisect_left(range(len(rows)), address, key=lambda i: rows[i].tobytes())
        if at == len(rows) or rows[at].tobytes() != address:
            raise Stop(sentences.NOT_IN_EPOCH.of(account=_hex(address), epoch=self.epoch))
        return at

    def path(self, index: int) -> tuple[bytes, ...]:
        """The path of one row's leaf."""
        return merkle_path(self.nodes, index)

    def commitment(self, index: int) -> Commitment:
        """All that the leaf of one row hides. Stop when the tree on disk is not of these scores."""
        if not 0 <= index < len(self.scores.addresses):
            raise IndexError(index)
        found = next(_commitments(self.scores, self.secret, slice(index, index + 1)))
        if root_from(found.leaf, self.path(index)) != self.root:
            raise Stop(
                f"the tree of epoch {self.epoch} does not hold what its scores and secret give for "
                f"0x{self.scores.addresses[index].tobytes().hex()}: let the node compute the epoch again"
            )
        return found

    def score_proof(self, index: int) -> ScoreProof:
        """A proof of the row's score; Stop when it has none."""
        status, score = self._scored(index)
        own = self.commitment(index)
        width = int(self.scores.width[index])
        return ScoreProof(self.epoch, status, score, width, own.salt, own.detail, own.top, self.path(index))

    def at_least_proof(self, index: int, threshold: int) -> AtLeastProof:
        """A proof of "at least `threshold`"; Stop names the most that can be proved."""
        check_threshold(threshold)
        status, score = self._scored(index)
        own = self.commitment(index)
        rung = rung_of(own.seed, score, threshold)
        return AtLeastProof(self.epoch, status, threshold, own.opening, rung, self.path(index))

    def _scored(self, index: int) -> tuple[int, int]:
        status = int(self.scores.status[index])
        if not has_score(status):
            account = _hex(self.scores.addresses[index].tobytes())
            raise Stop(sentences.NO_SCORE.of(account=account, epoch=self.epoch))
        return status, int(self.scores.score[index])


def to_json(proof: ScoreProof | AtLeastProof) -> dict[str, Any]:
    """Plain JSON values under the Solidity names, bytes as 0x hex."""
    return {each.name: _to_plain(getattr(proof, each.name)) for each in fields(proof)}


def score_proof_from_json(found: object) -> ScoreProof:
    """The proof that `to_json` wrote; Stop names the first field that is wrong."""
    return _from_json(ScoreProof, found)


def at_least_proof_from_json(found: object) -> AtLeastProof:
    """The proof that `to_json` wrote; Stop names the first field that is wrong."""
    return _from_json(AtLeastProof, found)


_BITS = {"epoch": 64, "status": 8, "score": 16, "width": 16, "threshold": 16}
_Proof = TypeVar("_Proof", ScoreProof, AtLeastProof)


def _from_json(kind: type[_Proof], found: object) -> _Proof:
    names = [each.name for each in fields(kind)]
    values = plain.fields(found, names, "a proof of this kind")
    return kind(**{name: _field(name, values[name]) for name in names})


def _field(name: str, found: object) -> Any:
    where = f"the proof's {name}"
    if name in _BITS:
        return plain.integer(found, where, 0, 2 ** _BITS[name] - 1)
    if name == "path":
        nodes = plain.items(found, where, 0, MAX_DEPTH)
        return tuple(plain.hexadecimal(node, "a node of the proof's path", 32) for node in nodes)
    return plain.hexadecimal(found, where, 32)


def _to_plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_to_plain(each) for each in value]
    return "0x" + value.hex() if isinstance(value, bytes) else value


def _check_status(borrower: bytes, status: int) -> None:
    if not has_score(status):
        raise Stop(sentences.STATUS_WITHOUT_SCORE.of(account=_hex(borrower), status=status))


def _most(score: int, threshold: int) -> Sentence:
    if floor_of(score) == LOWEST:
        return sentences.BELOW_LADDER.of(asked=threshold)
    return sentences.ABOVE_SCORE.of(most=floor_of(score), asked=threshold)


def _hex(raw: bytes) -> str:
    return "0x" + raw.hex()


def _check_scores(scores: Scores) -> None:
    if not len(scores.addresses):
        raise Stop("no borrower is enrolled, and an empty tree is never published: enrol a borrower first")
    rows = scores.addresses
    if rows.dtype != np.uint8 or rows.ndim != 2 or rows.shape[1] != 20:
        raise ValueError(f"addresses are (n, 20) bytes, got {rows.shape} of {rows.dtype}")
    # Equal rows, and rows out of order, show in the first byte by which neighbours differ.
    steps = rows[1:].astype(np.int16) - rows[:-1]
    first = (steps != 0).argmax(axis=1)
    if (np.take_along_axis(steps, first[:, None], axis=1) <= 0).any():
        raise ValueError("addresses must rise and differ")
    scored = np.isin(scores.status & ~np.uint8(DISPUTED), (SCORED, THIN))
    in_range = (scores.score >= LOWEST) & (scores.score <= HIGHEST)
    nothing = (scores.score == 0) & (scores.status & ~np.uint8(DISPUTED) == INSUFFICIENT)
    if not np.where(scored, in_range, nothing).all():
        raise ValueError("a score is from 300 to 850, or 0 where the status is insufficient")


def _commitments(scores: Scores, secret: bytes, rows: slice) -> Iterator[Commitment]:
    addresses = scores.addresses[rows]
    integers = [
        column[rows].tolist() for column in (scores.status, scores.score, scores.width, scores.reasons)
    ]
    keyed = [_split(salts(secret, purpose, addresses)) for purpose in ("salt", "salt2", "salt3", "seed")]
    words = _split(bulk.int_words(scores.features[rows]))
    for address, status, score, width, reasons, features, salt1, salt2, salt3, seed in zip(
        _split(addresses), *integers, words, *keyed, strict=True
    ):
        detail = detail_hash(reasons, _features_hash(features, salt3), salt2)
        if has_score(status):
            opening, top = opening_hash(score, width, salt1, detail), top_of(seed, score)
        else:
            opening, top = salt(secret, "opening", address), salt(secret, "top", address)
        leaf = leaf_hash(address, status, opening, top)
        yield Commitment(salt1, salt2, salt3, seed, detail, opening, top, leaf)


def _features_hash(words: bytes, salt3: bytes) -> bytes:
    return keccak256(_word(64) + salt3 + _word(len(words) // 32) + words)


def _split(rows: NDArray[np.uint8]) -> list[bytes]:
    return [row.tobytes() for row in np.ascontiguousarray(rows)]


def _word(value: int) -> bytes:
    return value.to_bytes(32, "big")
