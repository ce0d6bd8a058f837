import itertools
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger_reader.errors import Stop
from models.rules import Rule
from models.scorecard import (
    CHUNK,
    Capped,
    FeatureMatrix,
    Scorecard,
    band,
    explain,
    from_json,
    load,
    rate,
    save,
    score,
    scorecard_id,
    to_json,
    unpack_reasons,
)
from models.segment import MISSING, Segment, Term

GOLDEN = Path(__file__).parents[1] / "golden" / "scorecard_small.json"
CODES = {"loans_repaid": 6, "loans_late": 1, "owed_cents": 5, "record_days": 7}
FEATURES = ("a", "b", "c")
VALUES = st.none() | st.integers(-5, 5) | st.sampled_from((-(2**62), 2**62, 2**63 - 1, -(2**63) + 1))


def golden() -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(GOLDEN.read_text(encoding="utf-8"))
    return plain


def matrix(rows: list[dict[str, int | None]], names: tuple[str, ...], codes: dict[str, int]) -> FeatureMatrix:
    values = [[MISSING if (v := row[name]) is None else v for name in names] for row in rows]
    addresses = np.zeros((len(rows), 20), dtype=np.uint8)
    addresses[:, :4] = np.arange(len(rows), dtype=">u4").view(np.uint8).reshape(-1, 4)
    table = np.array(values, dtype=np.int64).reshape(len(rows), len(names))
    return FeatureMatrix(addresses, names, tuple(codes.get(name, 0) for name in names), table)


BREAKS: list[tuple[str, list[Any], Any, str]] = [
    ("format", ["format"], "2", "format must be an integer from 1"),
    ("old format", ["format"], 2, "is of format 2, whose rules name no reading"),
    ("new format", ["format"], 4, "is of format 4, newer than the 3 that this version reads"),
    ("no name", ["name"], "", "name must be a text"),
    ("half a character", ["name"], "\ud800", "must be a text of whole characters"),
    ("segment without a name", ["segments", ""], {}, "a segment's name must be a text"),
    ("feature twice", ["features"], ["loans_late", "loans_late"], "each once"),
    ("unknown feature", ["features"], ["loans_late"], "uses unknown features ['loans_repaid', 'owed_cents'"),
    ("status", ["rules", 0, "status"], "good", "status must be one of ['scored', 'thin']"),
    ("reading", ["rules", 0, "reading"], "", "a rule's reading must be a text"),
    ("sign", ["rules", 0, "when", 0], ["loans_late", "<", 1], "sign must be one of"),
    ("condition", ["rules", 0, "when", 0], ["loans_late", "<="], "list of 3 to 3"),
    ("segment", ["rules", 0, "segment"], "firm", "rules for the segments ['firm']"),
    (
        "equal cuts",
        ["segments", "borrower", "terms", 0, "cuts"],
        [[1, 1, 3]],
        "overlapping cuts of loans_repaid",
    ),
    ("falling cuts", ["segments", "borrower", "terms", 0, "cuts"], [[3, 1, 9]], "3 stands before 1"),
    ("cut a float", ["segments", "borrower", "terms", 0, "cuts"], [[1.5, 2, 3]], "1.5 is not an integer"),
    ("cut too large", ["segments", "borrower", "terms", 0, "cuts"], [[1, 2, 2**63]], "a cut of the term"),
    (
        "points short",
        ["segments", "borrower", "terms", 0, "points"],
        [0, 1],
        "shape (2,); its cuts need (5,)",
    ),
    ("points ragged", ["segments", "borrower", "terms", 3, "points", 1], [0, 1], "its cuts need (4, 3)"),
    ("points flat", ["segments", "borrower", "terms", 3, "points"], [0, 0, 0, 0], "its cuts need (4, 3)"),
    ("point a text", ["segments", "borrower", "terms", 0, "points", 1], "9", "must be an integer"),
    ("point true", ["segments", "borrower", "terms", 0, "points", 1], True, "must be an integer"),
    (
        "point huge",
        ["segments", "borrower", "terms", 0, "points", 1],
        10**6,
        "must be an integer from -100000",
    ),
    ("no missing", ["segments", "borrower", "terms", 0, "points", 0], None, "cell for missing values"),
    (
        "three features",
        ["segments", "borrower", "terms", 0, "features"],
        ["a", "b", "c"],
        "one feature or two",
    ),
    ("term twice", ["segments", "borrower", "terms", 1, "features"], ["loans_repaid"], "same features"),
    ("calibration start", ["segments", "borrower", "calibration", 0], [310, 6000], "from score 300"),
    ("calibration order", ["segments", "borrower", "calibration", 1], [700, 2500], "rise strictly"),
    ("calibration rises", ["segments", "borrower", "calibration", 1], [500, 7000], "must fall"),
    ("width short", ["segments", "borrower", "width"], [60] * 9, "ten half-widths"),
    ("cap low", ["segments", "borrower", "cap"], 299, "cap must lie from 300 to 850 (850 for none), got 299"),
    ("cap high", ["segments", "borrower", "cap"], 851, "cap must lie from 300 to 850"),
    ("cap null", ["segments", "borrower", "cap"], None, "must be an integer from 0"),
    ("width negative", ["segments", "borrower", "width", 0], -1, "from 0 to 10000"),
    ("base a float", ["segments", "borrower", "base"], 600.0, "600.0 is not an integer"),
    ("extra field", ["segments", "borrower", "colour"], 1, "unknown fields ['colour']"),
    ("segments a list", ["segments"], [], "must be an object of segments"),
]


@pytest.mark.parametrize(("path", "value", "sentence"), [b[1:] for b in BREAKS], ids=[b[0] for b in BREAKS])
def test_from_json__of_an_altered_scorecard__stops_with_one_sentence(
    path: list[Any], value: Any, sentence: str
) -> None:
    plain = golden()
    place = plain
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(Stop, match=re.escape(sentence)):
        from_json(json.dumps(plain))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=4),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(), max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)


def places(plain: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every path into a JSON value, the whole included."""
    inner = plain.items() if isinstance(plain, dict) else enumerate(plain) if isinstance(plain, list) else ()
    return [path, *(found for key, value in inner for found in places(value, (*path, key)))]


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_from_json__with_anything_anywhere__stops_or_scores_all_rows(data: st.DataObject) -> None:
    whole = [golden()]
    path = (0, *data.draw(st.sampled_from(places(whole[0]))))
    place: Any = whole
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = data.draw(JSON)
    refused = None
    try:
        card = from_json(json.dumps(whole[0]))
    except Stop as error:
        refused = str(error)
    if refused is not None:
        assert refused.endswith(".")
        assert "\n" not in refused
        return
    assert from_json(to_json(card)) == card
    rows: list[dict[str, int | None]] = [dict.fromkeys(card.features, value) for value in (None, 0, 2**62)]
    found = score(card, matrix(rows, card.features, CODES))
    assert len(found.score) == 3
    for row in rows:
        explain(card, row, CODES)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=40) | st.text(max_size=40))
def test_from_json__of_any_bytes__stops(raw: bytes | str) -> None:
    with pytest.raises(Stop):
        from_json(raw)


def test_from_json__too_large__stops() -> None:
    with pytest.raises(Stop, match="is it the right file"):
        from_json(" " * 5_000_000)


def test_segment__with_a_pair_in_both_orders__stops() -> None:
    pair = Term(("a", "b"), ((), ()), ((0, 0), (0, 0)))
    with pytest.raises(Stop, match="cover the same features"):
        Segment(600, (pair, replace(pair, features=("b", "a"))), ((300, 0),), (0,) * 10)


def test_score__without_a_measured_feature__stops() -> None:
    card = from_json(GOLDEN.read_bytes())
    with pytest.raises(Stop, match=r"needs the features \['loans_late'"):
        score(card, matrix([{"loans_repaid": 1}], ("loans_repaid",), CODES))


def test_load__of_an_unknown_or_altered_scorecard__stops(tmp_path: Path) -> None:
    card = from_json(GOLDEN.read_bytes())
    with pytest.raises(Stop, match="is unknown in"):
        load(tmp_path, bytes(32))
    identity = save(card, tmp_path)
    assert load(tmp_path, identity) == card
    path = tmp_path / "scorecards" / f"{identity.hex()}.json"
    path.write_bytes(path.read_bytes().replace(b'"base":600', b'"base":700'))
    with pytest.raises(Stop, match="not the one it is named after"):
        load(tmp_path, identity)


def test_scorecard_id__of_the_golden_card__is_the_published_one() -> None:
    card = from_json(GOLDEN.read_bytes())
    assert from_json(to_json(card)) == card
    assert b" " not in to_json(card).replace(b"small: repayment, debt and one pair", b"")
    assert scorecard_id(card).hex() == "dbe60556ecd2b06bfc3a8275f620566abbb342de56d7f46cb5e1408b77fda8e7"


def test_score__of_the_golden_card__is_what_the_tables_add_up_to() -> None:
    rows: list[dict[str, int | None]] = [
        # 600 + 40 + 30 + 15 + 20: all well, over a year, scored
        {"loans_repaid": 3, "loans_late": 0, "owed_cents": 0, "record_days": 365},
        # 600 + 10 - 120 - 25 - 30: two late, much owed, a short record
        {"loans_repaid": 1, "loans_late": 2, "owed_cents": 50_000, "record_days": 89},
        # no rule: not one loan repaid
        {"loans_repaid": 0, "loans_late": 0, "owed_cents": 0, "record_days": 999},
        # 600 + 60 - 40 - 5 + 0: owed unknown; the pair's cell has no support, so it counts as missing
        {"loans_repaid": 10, "loans_late": 1, "owed_cents": None, "record_days": 400},
    ]
    found = score(from_json(GOLDEN.read_bytes()), matrix(rows, tuple(CODES), CODES))
    assert found.status.tolist() == [1, 2, 0, 1]
    assert found.score.tolist() == [705, 435, 0, 615]
    assert found.width.tolist() == [30, 55, 0, 40]
    assert [unpack_reasons(packed) for packed in found.reasons.tolist()] == [(6,), (1, 6, 5, 7), (), (1, 5)]
    assert found.total.tolist() == [705, 435, 0, 615]


def test_explain__of_the_golden_card__takes_the_score_apart() -> None:
    card = from_json(GOLDEN.read_bytes())
    found = explain(
        card, {"loans_repaid": 1, "loans_late": 2, "owed_cents": 50_000, "record_days": 89}, CODES
    )
    assert found.lost == (("loans_late", 180), ("loans_repaid", 50), ("owed_cents", 40), ("record_days", 20))
    assert found.gained == (("loans_repaid", 30),)
    assert found.band == ("needs work", "待改善")
    assert (found.status, found.score, found.width, found.bad_bps) == (2, 435, 55, 6_000)
    assert found.base + sum(term.points for term in found.terms) == found.total == 435
    assert found.terms[3].cells == (1, 2)


def capped_card() -> Scorecard:
    """The golden card with a capped segment for records without a repaid loan."""
    card = from_json(GOLDEN.read_bytes())
    newcomer = replace(card.segments["borrower"], cap=599, calibration=((300, 4_000), (590, 2_000), (600, 1)))
    never = Rule("newcomer", "scored", (("record_days", ">=", 10_000),))
    rules = (never, *card.rules, Rule("newcomer", "thin", (("record_days", ">=", 30),)))
    return replace(card, rules=rules, segments={**card.segments, "newcomer": newcomer})


def test_score__above_the_cap_of_its_segment__is_the_cap() -> None:
    rows: list[dict[str, int | None]] = [
        {"loans_repaid": 0, "loans_late": 0, "owed_cents": 0, "record_days": 400},  # 600 - 20 + 30 + 15 + 20
        {"loans_repaid": 0, "loans_late": 2, "owed_cents": 0, "record_days": 400},  # 600 - 20 - 120 + 15 + 0
    ]
    found = score(capped_card(), matrix(rows, tuple(CODES), CODES))
    assert found.score.tolist() == [599, 475]
    assert found.total.tolist() == [645, 475]
    assert found.width.tolist() == [40, 50]


def test_explain__above_the_cap__says_that_and_why() -> None:
    good: dict[str, int | None] = {"loans_repaid": 0, "loans_late": 0, "owed_cents": 0, "record_days": 400}
    found = explain(capped_card(), good, CODES)
    assert (found.score, found.total, found.bad_bps, found.band) == (599, 645, 2_000, ("building", "积累中"))
    assert found.capped == Capped(limit=599, without=645, lacking=(("loans_repaid", ">=", 3),))
    assert explain(capped_card(), good | {"loans_late": 2}, CODES).capped is None


def test_explain__of_insufficient_history__has_no_number() -> None:
    card = from_json(GOLDEN.read_bytes())
    found = explain(card, {"loans_repaid": None, "loans_late": 0, "owed_cents": 0, "record_days": 9}, CODES)
    assert (found.status, found.segment, found.score, found.band, found.reasons) == (0, None, 0, None, ())


@pytest.mark.parametrize(
    ("value", "name"), [(300, "needs work"), (499, "needs work"), (500, "building"), (850, "very strong")]
)
def test_band__at_its_edges__is_named(value: int, name: str) -> None:
    assert band(value)[0] == name


def test_score__of_ties__tells_features_in_order_and_a_code_once() -> None:
    terms = tuple(Term((name,), ((0,),), (0, -9, 0)) for name in "abcdef")
    segment = Segment(500, terms, ((300, 0),), (1,) * 10)
    card = Scorecard("ties", tuple("abcdef"), (Rule("s", "scored", ()),), {"s": segment})
    codes = {"a": 3, "b": 0, "c": 2, "d": 3, "e": 250, "f": 4}
    rows: list[dict[str, int | None]] = [dict.fromkeys("abcdef", -1), dict.fromkeys("abcdef", 1)]
    found = score(card, matrix(rows, tuple("abcdef"), codes))
    assert [unpack_reasons(packed) for packed in found.reasons.tolist()] == [(3, 2, 250, 4), ()]


def test_score__of_nobody__has_no_rows() -> None:
    card = from_json(GOLDEN.read_bytes())
    found = score(card, matrix([], tuple(CODES), CODES))
    assert (len(found.score), found.addresses.shape, found.features.shape) == (0, (0, 20), (0, 4))


def test_score__of_unsorted_addresses__sorts_rows_and_crosses_chunks_alike() -> None:
    card = from_json(GOLDEN.read_bytes())
    rng, rows = np.random.default_rng(5), CHUNK + 10
    values = rng.integers(0, 12, (rows, 4))
    addresses = rng.integers(0, 256, (rows, 20), dtype=np.uint8)
    addresses[:, :18] = 0
    addresses[::2, 10] = 7
    given_ = FeatureMatrix(addresses, tuple(CODES), tuple(CODES.values()), values)
    found = score(card, given_)
    assert [bytes(a) for a in found.addresses] == sorted(bytes(a) for a in addresses)
    part = FeatureMatrix(found.addresses[-20:], tuple(CODES), given_.reasons, found.features[-20:])
    assert score(card, part).score.tolist() == found.score[-20:].tolist()


CUTS = st.lists(st.integers(-4, 4), max_size=3, unique=True).map(lambda cuts: tuple(sorted(cuts)))
CELL = st.none() | st.integers(-30, 30)


@st.composite
def terms(draw: st.DrawFn, features: tuple[str, ...]) -> Term:
    cuts = tuple(draw(CUTS) for _ in features)
    shape = [len(axis) + 2 for axis in cuts]
    rows = [tuple(draw(CELL) for _ in range(shape[-1])) for _ in range(shape[0] if len(shape) == 2 else 1)]
    rows[0] = (draw(st.integers(-30, 30)), *rows[0][1:])
    return Term(features, cuts, tuple(rows) if len(features) == 2 else rows[0])


@st.composite
def cards(draw: st.DrawFn) -> Scorecard:
    sets = [("a",), ("b",), ("c",), ("a", "b"), ("c", "a")]
    chosen = draw(st.lists(st.sampled_from(sets), unique=True, max_size=5))
    segment = Segment(
        base=draw(st.integers(250, 900)),
        cap=draw(st.sampled_from((850, 599, 300))),
        terms=tuple(draw(terms(features)) for features in chosen),
        calibration=((300, 9_000), (600, 100)),
        width=tuple(range(10)),
    )
    rules = (Rule("s", "scored", (("a", ">=", 0),)), Rule("s", "thin", (("b", "<=", 0), ("c", ">=", -2))))
    return Scorecard("drawn", FEATURES, rules, {"s": segment})


@settings(max_examples=80, deadline=None)
@given(cards(), st.lists(st.fixed_dictionaries(dict.fromkeys(FEATURES, VALUES)), min_size=1, max_size=8))
def test_score_and_explain__of_any_card__equal_brute_force(
    card: Scorecard, rows: list[dict[str, int | None]]
) -> None:
    codes = {"a": 1, "b": 2, "c": 3}
    found = score(card, matrix(rows, FEATURES, codes))
    for index, row in enumerate(rows):
        told = explain(card, row, codes)
        assert (told.status, told.score, told.width) == (
            found.status[index], found.score[index], found.width[index],
        )  # fmt: skip
        assert told.reasons == unpack_reasons(int(found.reasons[index]))
        if told.status:
            lost = {name: brute_lost(card.segments["s"], row, name) for name in FEATURES}
            assert dict(told.lost) == {name: points for name, points in lost.items() if points}
            assert [codes[name] for name, _ in told.lost][:4] == list(told.reasons)
            assert told.total == brute_total(card.segments["s"], row)
            assert told.score == max(300, min(told.total, card.segments["s"].cap))
            assert (told.capped is not None) == (min(told.total, 850) > card.segments["s"].cap)


@settings(max_examples=50, deadline=None)
@given(cards(), st.lists(st.fixed_dictionaries(dict.fromkeys(FEATURES, VALUES)), max_size=8))
def test_rate__of_any_rows__is_what_score_gives(card: Scorecard, rows: list[dict[str, int | None]]) -> None:
    whole = score(card, matrix(rows, FEATURES, {"a": 1, "b": 2, "c": 3}))
    found = rate(card, whole.features)
    for name in ("status", "score", "width", "total"):
        assert getattr(found, name).tolist() == getattr(whole, name).tolist()
        assert getattr(found, name).dtype == getattr(whole, name).dtype


def brute_total(segment: Segment, row: dict[str, int | None]) -> int:
    return segment.base + sum(brute_points(term, row)[0] for term in segment.terms)


def brute_points(term: Term, row: dict[str, int | None]) -> tuple[int, bool]:
    """Points of the row's cell, and whether it is supported: cell by cell, as a person would look it up."""
    cell: Any = term.points
    missing: Any = term.points
    for feature, cuts in zip(term.features, term.cuts, strict=True):
        value = row[feature]
        cell = cell[0 if value is None else 1 + sum(cut <= value for cut in cuts)]
        missing = missing[0]
    return (missing, False) if cell is None else (cell, True)


def brute_lost(segment: Segment, row: dict[str, int | None], feature: str) -> int:
    touched = [term for term in segment.terms if feature in term.features]
    tries = [row | {feature: value} for value in range(-6, 7)]
    fine = [one for one in tries if all(brute_points(term, one)[1] for term in touched)]
    return max([0, *(brute_total(segment, one) - brute_total(segment, row) for one in fine)])


@settings(max_examples=50)
@given(cards())
def test_json__of_any_card__comes_back_equal(card: Scorecard) -> None:
    assert from_json(to_json(card)) == card
    assert scorecard_id(from_json(to_json(card))) == scorecard_id(card)


def test_scorecard_id__of_different_cards__differs() -> None:
    card = from_json(GOLDEN.read_bytes())
    others = [
        replace(card, name="x"),
        replace(card, features=card.features[::-1]),
        replace(card, rules=card.rules[:1]),
    ]
    identities = [scorecard_id(one) for one in (card, *others)]
    assert all(a != b for a, b in itertools.combinations(identities, 2))
