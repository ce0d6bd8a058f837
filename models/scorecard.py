"""The scorecard: which borrowers get a score, the score, why, and its canonical JSON.

Rules that hold here: integers only; the rules (models/rules.py) decide a borrower's segment and
status, no rule means `insufficient` (no number, never the worst number); score = base + points,
clamped to 300 … the segment's cap (at most 850), higher is safer.
Reasons are of features, not of terms: points lost = the best total over the feature's supported
non-missing cells with the others held, less the present total. The four features that lost most
(ties by feature order) give their reason codes; a code is told once. The id is the keccak256 of
the canonical JSON. Only numpy is needed to score.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ledger_reader.errors import Stop
from ledger_reader.keccak import keccak256
from models import plain, segment_json
from models.rules import INSUFFICIENT, STATUS, Condition, Rule, decide, fulfils
from models.segment import (
    HIGHEST,
    MAX_CUT,
    MISSING,
    Columns,
    Segment,
    Term,
    term_points,
)

FORMAT = 3
MAX_FEATURES = 255
CHUNK = 1 << 16
"""Rows scored at a time: keeps the look-ups inside the processor's cache."""

DISPUTED = 128

BANDS = (
    (300, "needs work", "待改善"),
    (500, "building", "积累中"),
    (600, "steady", "平稳"),
    (680, "strong", "良好"),
    (750, "very strong", "优秀"),
)
"""Lower edge, English and Chinese name of each band of the score (always 'Your record is …')."""


@dataclass(frozen=True)
class Scorecard:
    """A named scorecard; `features` is the order of the feature vector that is hashed and scored."""

    name: str
    features: tuple[str, ...]
    rules: tuple[Rule, ...]
    segments: Mapping[str, Segment]

    def __post_init__(self) -> None:
        if len(set(self.features)) != len(self.features) or not 1 <= len(self.features) <= MAX_FEATURES:
            raise Stop(f"scorecard {self.name!r} must name 1 to {MAX_FEATURES} features, each once.")
        used = {condition[0] for rule in self.rules for condition in rule.when}
        for segment in self.segments.values():
            used.update(feature for term in segment.terms for feature in term.features)
        if unknown := sorted(used - set(self.features)):
            raise Stop(f"scorecard {self.name!r} uses unknown features {unknown}; list them under features.")
        if absent := sorted({rule.segment for rule in self.rules} - self.segments.keys()):
            raise Stop(
                f"scorecard {self.name!r} has rules for the segments {absent}, which it does not have."
            )


@dataclass(frozen=True)
class FeatureMatrix:
    """Measured features: `addresses` (n, 20) uint8, `values` (n, k) int64 with MISSING for null.

    `names` and `reasons` (reason code, 0 = none) describe the k columns.
    """

    addresses: NDArray[np.uint8]
    names: tuple[str, ...]
    reasons: tuple[int, ...]
    values: NDArray[np.int64]


@dataclass(frozen=True)
class Scores:
    """One row a borrower, in address order: the rows that an epoch commits to.

    addresses (n, 20) uint8; status (n) uint8; score (n) uint16, 0 when insufficient; width (n) uint16;
    reasons (n) uint32, four codes, most important in the highest byte; features (n, k) int64 in the
    scorecard's order; total (n) int64, the unclamped sum (for evaluation; it is not committed).
    """

    addresses: NDArray[np.uint8]
    status: NDArray[np.uint8]
    score: NDArray[np.uint16]
    width: NDArray[np.uint16]
    reasons: NDArray[np.uint32]
    features: NDArray[np.int64]
    feature_names: tuple[str, ...]
    total: NDArray[np.int64]


@dataclass(frozen=True)
class Ratings:
    """What `rate` gives for each row, in the order given; columns as in Scores."""

    status: NDArray[np.uint8]
    score: NDArray[np.uint16]
    width: NDArray[np.uint16]
    total: NDArray[np.int64]


@dataclass(frozen=True)
class TermPart:
    """What one term gave: its features, their values (None = missing), cells and points."""

    features: tuple[str, ...]
    values: tuple[int | None, ...]
    cells: tuple[int, ...]
    points: int


@dataclass(frozen=True)
class Capped:
    """A segment's cap that held a score down: `limit`, the score `without` it, and what the record lacks.

    `lacking` are the unmet conditions of the first rule that leads to a segment with a higher cap; it is
    empty where the record meets them, but has a lower score by that segment.
    """

    limit: int
    without: int
    lacking: tuple[Condition, ...]


@dataclass(frozen=True)
class Explanation:
    """One borrower's score taken apart; base + points of terms = total, clamped = score.

    `capped` says that and why a cap applied, None when it did not. `lost` and `gained` hold (feature,
    points) for every feature with any, most first: below its best and above its worst; `reasons` are
    the signed codes; `band` the English and Chinese names.
    Insufficient: segment None and score 0.
    """

    status: int
    segment: str | None
    score: int
    total: int
    base: int
    width: int
    bad_bps: int | None
    band: tuple[str, str] | None
    capped: Capped | None
    terms: tuple[TermPart, ...]
    lost: tuple[tuple[str, int], ...]
    gained: tuple[tuple[str, int], ...]
    reasons: tuple[int, ...]


def score(card: Scorecard, matrix: FeatureMatrix) -> Scores:
    """Scores of all rows, sorted by address; Stop when a feature of the card was not measured."""
    order = _address_order(matrix.addresses)
    rows = np.take(matrix.values, order, axis=0)  # whole rows first: far fewer cache misses
    values = np.take(rows, _positions(card, matrix.names), axis=1)
    codes = dict(zip(matrix.names, matrix.reasons, strict=True))
    status, points, total, width, packed = _score_chunks(card, values, codes)
    return Scores(
        addresses=matrix.addresses[order],
        status=status.astype(np.uint8),
        score=points.astype(np.uint16),
        width=width.astype(np.uint16),
        reasons=packed.astype(np.uint32),
        features=values,
        feature_names=card.features,
        total=total,
    )


def rate(card: Scorecard, values: NDArray[np.int64]) -> Ratings:
    """Status, score, width and total of rows whose columns stand in the card's order; no reasons."""
    status, points, total, width, _ = _score_chunks(card, values, None)
    return Ratings(status.astype(np.uint8), points.astype(np.uint16), width.astype(np.uint16), total)


def expected_bad_bps(card: Scorecard, scores: Scores) -> NDArray[np.int64]:
    """Calibrated probability that each row turns bad, in basis points, 0 without a score (n).

    By the segment whose number counts. Stop when the card does not give the rows the scores that they have.
    """
    if card.features != scores.feature_names:
        raise Stop(f"the scores were not made by scorecard {card.name!r}, which has other features.")
    starts = range(0, len(scores.score), CHUNK)
    parts = [_expected_bad(card, scores, slice(at, at + CHUNK)) for at in starts]
    return np.concatenate([np.zeros(0, dtype=np.int64), *parts])


def explain(card: Scorecard, values: Mapping[str, int | None], codes: Mapping[str, int]) -> Explanation:
    """One borrower's score, taken apart; `values` by feature (None = missing), `codes` feature → reason."""
    _positions(card, tuple(values))
    row = [MISSING if (value := values[name]) is None else value for name in card.features]
    matrix = np.array([row], dtype=np.int64)
    columns = Columns(_by_feature(card, matrix), 1)
    chosen = int(decide(card.rules, card.segments, columns)[0][0])
    if chosen < 0:
        return Explanation(INSUFFICIENT, None, 0, 0, 0, 0, None, None, None, (), (), (), ())
    status, points, total, width, packed = (int(column[0]) for column in _score_rows(card, matrix, codes))
    found = card.rules[chosen].segment
    segment = card.segments[found]
    return Explanation(
        status=status,
        segment=found,
        score=points,
        total=total,
        base=segment.base,
        width=width,
        bad_bps=segment.bad_bps(points),
        band=band(points),
        capped=_capped(card, segment, total, columns),
        terms=tuple(_term_part(term, columns) for term in segment.terms),
        lost=_ranked({name: int(segment.lost(name, columns)[0]) for name in card.features}),
        gained=_ranked({name: int(segment.gained(name, columns)[0]) for name in card.features}),
        reasons=unpack_reasons(packed),
    )


def band(value: int) -> tuple[str, str]:
    """English and Chinese name of the band in which a score from 300 to 850 lies."""
    return next((english, chinese) for edge, english, chinese in reversed(BANDS) if value >= edge)


def next_band(value: int) -> int | None:
    """Lower edge of the band above a score, None in the highest."""
    return next((edge for edge, _, _ in BANDS if edge > value), None)


def unpack_reasons(packed: int) -> tuple[int, ...]:
    """The reason codes in the four bytes of a uint32, most important first, without zeros."""
    return tuple(code for code in packed.to_bytes(4, "big") if code)


def to_json(card: Scorecard) -> bytes:
    """Canonical JSON (sorted keys, no spaces, integers only, UTF-8)."""
    segments = {name: segment_json.to_plain(segment) for name, segment in card.segments.items()}
    rules = [
        {
            "segment": rule.segment,
            "status": rule.status,
            "when": [list(condition) for condition in rule.when],
            "reading": rule.reading,
        }
        for rule in card.rules
    ]
    return plain.write(
        {
            "format": FORMAT,
            "name": card.name,
            "features": list(card.features),
            "rules": rules,
            "segments": segments,
        }
    )


def from_json(text: bytes | str) -> Scorecard:
    """The scorecard of a JSON text, fully checked; Stop names the first thing that is wrong."""
    top = plain.fields(
        plain.read(text, "the scorecard"),
        ("format", "name", "features", "rules", "segments"),
        "the scorecard",
    )
    _check_format(top["format"])
    if not isinstance(top["segments"], dict):
        raise Stop("the scorecard's segments must be an object of segments by name.")
    return Scorecard(
        name=plain.string(top["name"], "the scorecard's name"),
        features=tuple(
            plain.string(name, "a feature's name") for name in plain.items(top["features"], "features")
        ),
        rules=tuple(_rule_from_plain(rule) for rule in plain.items(top["rules"], "rules", 0, 64)),
        segments={
            plain.string(name, "a segment's name"): segment_json.from_plain(name, part)
            for name, part in top["segments"].items()
        },
    )


def scorecard_id(card: Scorecard) -> bytes:
    """keccak256 of the canonical JSON (32 bytes)."""
    return keccak256(to_json(card))


def save(card: Scorecard, folder: Path) -> bytes:
    """Write `folder`/scorecards/<id hex>.json; returns the id."""
    identity = scorecard_id(card)
    path = folder / "scorecards" / f"{identity.hex()}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(to_json(card))
    return identity


def load(folder: Path, identity: bytes) -> Scorecard:
    """The scorecard with this id from `folder`/scorecards; Stop when unknown or altered."""
    path = folder / "scorecards" / f"{identity.hex()}.json"
    if not path.is_file():
        raise Stop(f"scorecard 0x{identity.hex()} is unknown in {folder}; fetch its file, or name another.")
    card = from_json(path.read_bytes())
    if scorecard_id(card) != identity:
        raise Stop(f"{path} holds scorecard 0x{scorecard_id(card).hex()}, not the one it is named after.")
    return card


def _address_order(addresses: NDArray[np.uint8]) -> NDArray[np.intp]:
    # Three big-endian numbers order like the bytes; numpy's own S20 would strip trailing zero bytes.
    packed = np.ascontiguousarray(addresses)
    high, middle, low = packed[:, :8], packed[:, 8:16], packed[:, 16:]
    keys = [
        np.ascontiguousarray(part).view(kind).ravel()
        for part, kind in ((low, ">u4"), (middle, ">u8"), (high, ">u8"))
    ]
    return np.lexsort([key.astype(np.uint64) for key in keys])


def _positions(card: Scorecard, names: tuple[str, ...]) -> list[int]:
    position = {name: index for index, name in enumerate(names)}
    if absent := [name for name in card.features if name not in position]:
        raise Stop(
            f"scorecard {card.name!r} needs the features {absent}, which this version does not measure."
        )
    return [position[name] for name in card.features]


def _by_feature(card: Scorecard, values: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
    return dict(zip(card.features, np.ascontiguousarray(values.T), strict=True))


def _score_chunks(
    card: Scorecard, values: NDArray[np.int64], codes: Mapping[str, int] | None
) -> list[NDArray[np.int64]]:
    """`_score_rows` of rows in any number."""
    starts = range(0, max(len(values), 1), CHUNK)
    parts = [_score_rows(card, values[at : at + CHUNK], codes) for at in starts]
    return [np.concatenate(column) for column in zip(*parts, strict=True)]


def _score_rows(
    card: Scorecard, values: NDArray[np.int64], codes: Mapping[str, int] | None
) -> tuple[NDArray[np.int64], ...]:
    """Status, score, unclamped total, width and packed reasons of the rows, all int64.

    All are 0 where insufficient, reasons also without `codes`.
    """
    columns = Columns(_by_feature(card, values), len(values))
    chosen, status = decide(card.rules, card.segments, columns)
    found = np.zeros((4, len(values)), dtype=np.int64)
    for place in sorted(set(chosen[chosen >= 0].tolist())):
        at = np.flatnonzero(chosen == place)
        segment = card.segments[card.rules[place].segment]
        found[:, at] = _score_segment(card, segment, columns.take(at), codes)
    return status, *found


def _score_segment(
    card: Scorecard, segment: Segment, columns: Columns, codes: Mapping[str, int] | None
) -> NDArray[np.int64]:
    """Score, unclamped total, width and packed reasons by one segment (4, n)."""
    total = segment.totals(columns)
    points = segment.clamped(total)
    packed = _pack_reasons(card, segment, columns, codes) if codes else np.zeros_like(total)
    return np.stack([points, total, segment.half_widths(points), packed])


def _expected_bad(card: Scorecard, scores: Scores, rows: slice) -> NDArray[np.int64]:
    columns = Columns(_by_feature(card, scores.features[rows]), len(scores.score[rows]))
    chosen, _ = decide(card.rules, card.segments, columns)
    found, made = np.zeros_like(chosen), np.zeros_like(chosen)
    for place in sorted(set(chosen[chosen >= 0].tolist())):
        at, segment = np.flatnonzero(chosen == place), card.segments[card.rules[place].segment]
        made[at] = segment.clamped(segment.totals(columns.take(at)))
        values, where = np.unique(made[at], return_inverse=True)
        found[at] = np.array([segment.bad_bps(one) for one in values.tolist()], dtype=np.int64)[where]
    if not np.array_equal(made, scores.score[rows]):
        raise Stop(f"the scores are not those that scorecard {card.name!r} gives for their features.")
    return found


def _pack_reasons(
    card: Scorecard, segment: Segment, columns: Columns, codes: Mapping[str, int]
) -> NDArray[np.int64]:
    """Codes of the features that lost most, four bytes; a code stands at its feature that lost most."""
    urgency: dict[int, NDArray[np.int64]] = {}
    for index, feature in enumerate(card.features):
        code = codes.get(feature, 0)
        if code and any(feature in term.features for term in segment.terms):
            lost = segment.lost(feature, columns)
            key = np.where(lost > 0, lost * 256 + (MAX_FEATURES - index), 0)
            urgency[code] = np.maximum(urgency[code], key) if code in urgency else key
    packed = np.zeros(columns.rows, dtype=np.int64)
    if not urgency:
        return packed
    row = np.arange(columns.rows)
    table, known = np.stack(list(urgency.values())), np.array(list(urgency), dtype=np.int64)
    for shift in (24, 16, 8, 0)[: len(known)]:
        first = table.argmax(axis=0)
        packed |= np.where(table[first, row] > 0, known[first] << shift, 0)
        table[first, row] = 0
    return packed


def _capped(card: Scorecard, segment: Segment, total: int, columns: Columns) -> Capped | None:
    without = min(total, HIGHEST)
    if without <= segment.cap:
        return None
    higher = (rule for rule in card.rules if card.segments[rule.segment].cap > segment.cap)
    when = next((rule.when for rule in higher), ())
    lacking = tuple(one for one in when if not fulfils(one, columns.values)[0])
    return Capped(segment.cap, without, lacking)


def _ranked(points: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    some = [(name, value) for name, value in points.items() if value > 0]
    return tuple(sorted(some, key=lambda pair: -pair[1]))  # stable: ties keep the feature order


def _term_part(term: Term, columns: Columns) -> TermPart:
    values = [int(columns.values[name][0]) for name in term.features]
    return TermPart(
        features=term.features,
        values=tuple(None if value == MISSING else value for value in values),
        cells=tuple(
            int(columns.cells(name, cuts)[0]) for name, cuts in zip(term.features, term.cuts, strict=True)
        ),
        points=int(term_points(term, columns)[0]),
    )


def _check_format(found: Any) -> None:
    if plain.integer(found, "the scorecard's format", 1, plain.INT64_MAX) < FORMAT:
        raise Stop(
            f"the scorecard is of format {found}, whose rules name no reading; this version reads "
            f"format {FORMAT}: train it again, or score with the version that wrote it."
        )
    if found > FORMAT:
        raise Stop(
            f"the scorecard is of format {found}, newer than the {FORMAT} that this version reads; update."
        )


def _rule_from_plain(part: Any) -> Rule:
    top = plain.fields(part, ("segment", "status", "when", "reading"), "a rule")
    when = [
        plain.items(condition, "a rule's condition", 3, 3)
        for condition in plain.items(top["when"], "a rule's conditions")
    ]
    return Rule(
        segment=plain.string(top["segment"], "a rule's segment"),
        status=plain.choice(top["status"], "a rule's status", tuple(STATUS)),
        when=tuple(
            (
                plain.string(feature, "a condition's feature"),
                plain.choice(sign, "a condition's sign", (">=", "<=")),
                plain.integer(value, f"the condition on {feature}", -MAX_CUT, MAX_CUT),
            )
            for feature, sign, value in when
        ),
        reading=plain.string(top["reading"], "a rule's reading"),
    )
