"""A scorecard as compact bytes, so that a contract can score with the same tables.

What contracts/src/Scorecards.sol reads, all numbers big-endian, signed ones in two's complement:

    card      version u8 = 2, features u8, rules u8, segments u8, an offset u24 a segment, rules, segments
    rule      reading u8, segment u8, status u8, conditions u8; each: feature u8, 0 for >= or 1 for <= u8,
              value i64
    segment   base i32, cap u16, ten half-widths u16, terms u16, terms
    term      axes u8 (1 or 2); each: feature u8, cuts u16, bytes a cut u8, cuts; bytes a point u8, points

Rules that hold here: readings are numbered in order of their first rules; segments stand in order of
name; cuts and points take the fewest bytes that hold them; points are in row-major order and an unsupported
cell has those of the all-missing cell, so the bytes score exactly as the card does, but tell no reasons.
Calibration is left out.
"""

from collections.abc import Sequence

from ledger_reader.errors import Stop
from models.rules import STATUS, Rule, readings
from models.scorecard import Scorecard
from models.segment import Segment, Term

VERSION = 2
MOST_BYTES = 24_575
"""What one contract holds as code (EIP-170), less the byte that keeps it from being run."""

_MOST = 255
_SIGNS = {">=": 0, "<=": 1}


def encode(card: Scorecard) -> bytes:
    """The bytes from which a contract scores; Stop when the card is too large for one contract."""
    names = sorted(card.segments)
    if max(len(names), len(card.rules)) > _MOST:
        raise Stop(
            f"scorecard {card.name!r} has more than {_MOST} rules or segments; a contract takes fewer."
        )
    told = readings(card.rules)
    rules = b"".join(_rule(rule, told, card.features, names) for rule in card.rules)
    segments = [_segment(card.segments[name], card.features) for name in names]
    at, offsets = 4 + 3 * len(names) + len(rules), b""
    for segment in segments:
        offsets += min(at, 2**24 - 1).to_bytes(3, "big")
        at += len(segment)
    if at > MOST_BYTES:
        raise Stop(
            f"scorecard {card.name!r} takes {at} bytes and a contract holds {MOST_BYTES}; "
            "give its terms fewer cuts."
        )
    head = bytes((VERSION, len(card.features), len(card.rules), len(names)))
    return b"".join((head, offsets, rules, *segments))


def _rule(rule: Rule, told: Sequence[str], features: tuple[str, ...], segments: Sequence[str]) -> bytes:
    if len(rule.when) > _MOST:
        raise Stop(f"a rule for {rule.segment!r} has {len(rule.when)} conditions; a contract takes {_MOST}.")
    conditions = b"".join(
        bytes((features.index(feature), _SIGNS[sign])) + value.to_bytes(8, "big", signed=True)
        for feature, sign, value in rule.when
    )
    head = (told.index(rule.reading), segments.index(rule.segment), STATUS[rule.status], len(rule.when))
    return bytes(head) + conditions


def _segment(segment: Segment, features: tuple[str, ...]) -> bytes:
    return b"".join(
        (
            segment.base.to_bytes(4, "big", signed=True),
            segment.cap.to_bytes(2, "big"),
            *(half.to_bytes(2, "big") for half in segment.width),
            len(segment.terms).to_bytes(2, "big"),
            *(_term(term, features) for term in segment.terms),
        )
    )


def _term(term: Term, features: tuple[str, ...]) -> bytes:
    axes = b"".join(
        bytes((features.index(feature),)) + len(cuts).to_bytes(2, "big") + _packed(cuts)
        for feature, cuts in zip(term.features, term.cuts, strict=True)
    )
    return bytes((len(term.features),)) + axes + _packed(term.table().ravel().tolist())


def _packed(numbers: Sequence[int]) -> bytes:
    """The bytes a number takes (1 to 8), then the numbers."""
    size = max((_size(number) for number in numbers), default=1)
    return bytes((size,)) + b"".join(number.to_bytes(size, "big", signed=True) for number in numbers)


def _size(number: int) -> int:
    return (number if number >= 0 else ~number).bit_length() // 8 + 1
