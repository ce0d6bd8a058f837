"""Proofs as they are handed over: as JSON, or as a short text of characters that a QR code packs best; pure.

Rules that hold here: the text is PREFIX and base45 (RFC 9285) of kind, account, epoch, status, the kind's own
fields and the path, big-endian, so one proof has one text; an at-least proof of 20 levels takes 1,108
characters, which fit QR version 19-L. No text begins or ends with a space, so that trimming does no harm.
Reading is strict, and what was read proves nothing before it is held against a root.
"""

from typing import Any

from ledger_reader.errors import Stop
from oracle import sentences
from oracle.tree import (
    MAX_DEPTH,
    AtLeastProof,
    ScoreProof,
    at_least_proof_from_json,
    score_proof_from_json,
)

PREFIX = "CP1:"
MAX_CHARACTERS = 2_048

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_KINDS = {"atLeast": 1, "score": 2}
_FIELDS = {
    "atLeast": (("epoch", 8), ("status", 1), ("threshold", 2), ("opening", 32), ("rung", 32)),
    "score": (
        ("epoch", 8),
        ("status", 1),
        ("score", 2),
        ("width", 2),
        ("salt", 32),
        ("detail", 32),
        ("top", 32),
    ),
}
ACCOUNT_BYTES, NODE_BYTES = 20, 32
BESIDE = ("kind", "account", "calldata", "text")
"""What stands in a proof's JSON beside the proof."""


def write_proof(account: bytes, proof: ScoreProof | AtLeastProof) -> str:
    """The text of a proof about a 20-byte account."""
    kind = "score" if isinstance(proof, ScoreProof) else "atLeast"
    parts = [bytes([_KINDS[kind]]), account]
    for name, size in _FIELDS[kind]:
        value = getattr(proof, name)
        parts.append(value if isinstance(value, bytes) else value.to_bytes(size, "big"))
    return PREFIX + to_base45(b"".join([*parts, *proof.path]))


def read_proof(text: str) -> tuple[bytes, ScoreProof | AtLeastProof]:
    """The 20-byte account and the proof in a text; Stop when it is none."""
    if not is_proof_text(text) or len(text) > MAX_CHARACTERS:
        raise Stop(sentences.NO_PROOF_TEXT.of(prefix=PREFIX, most=MAX_CHARACTERS))
    raw = from_base45(text.removeprefix(PREFIX))
    kind = next((name for name, number in _KINDS.items() if raw[:1] == bytes([number])), None)
    if kind is None:
        raise Stop(sentences.PROOF_TEXT_KIND)
    sizes = [size for _, size in _FIELDS[kind]]
    at = [sum(sizes[:i], 1 + ACCOUNT_BYTES) for i in range(len(sizes) + 1)]
    path = raw[at[-1] :]
    if len(raw) < at[-1] or len(path) % NODE_BYTES or len(path) > NODE_BYTES * MAX_DEPTH:
        raise Stop(sentences.PROOF_TEXT_CUT.of(prefix=PREFIX))
    values: dict[str, Any] = {
        name: raw[start:end] if size == NODE_BYTES else int.from_bytes(raw[start:end], "big")
        for (name, size), start, end in zip(_FIELDS[kind], at, at[1:], strict=False)
    }
    nodes = tuple(path[i : i + NODE_BYTES] for i in range(0, len(path), NODE_BYTES))
    made = (ScoreProof if kind == "score" else AtLeastProof)(**values, path=nodes)
    return raw[1 : 1 + ACCOUNT_BYTES], made


def is_proof_text(text: str) -> bool:
    """Whether a text means to be a proof's."""
    return text.startswith(PREFIX)


def proof_of(found: object) -> ScoreProof | AtLeastProof:
    """The proof in JSON's values, as `credit-oracle prove` prints them; Stop says what is wrong."""
    if not isinstance(found, dict) or found.get("kind") not in tuple(_KINDS):
        raise Stop(sentences.NO_PROOF)
    fields = {name: value for name, value in found.items() if name not in BESIDE}
    return score_proof_from_json(fields) if found["kind"] == "score" else at_least_proof_from_json(fields)


def to_base45(raw: bytes) -> str:
    """RFC 9285."""
    pairs = (raw[at : at + 2] for at in range(0, len(raw), 2))
    return "".join(_digits(int.from_bytes(pair, "big"), len(pair) + 1) for pair in pairs)


def _digits(number: int, count: int) -> str:
    return "".join(_ALPHABET[number // 45**place % 45] for place in range(count))


def from_base45(text: str) -> bytes:
    """The bytes that `to_base45` wrote; Stop names the first group that it never writes."""
    groups = (text[at : at + 3] for at in range(0, len(text), 3))
    return b"".join(_pair(group) for group in groups)


def _pair(group: str) -> bytes:
    places = [_ALPHABET.find(character) for character in group]
    number, size = sum(place * 45**i for i, place in enumerate(places)), len(group) - 1
    if min(places) < 0 or size < 1 or number >= 256**size:
        raise Stop(sentences.PROOF_TEXT_ALTERED.of(group=group))
    return int.to_bytes(number, size, "big")
