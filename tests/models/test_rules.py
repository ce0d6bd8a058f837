"""Which rule counts, and that what others do to a record lowers neither its number nor its status."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.features.catalogue import BY_NAME
from models.features.feature import FIVE_YEARS
from models.rules import INSUFFICIENT, SCORED, THIN, Rule, decide
from models.scorecard import Scorecard, explain, rate
from models.segment import Columns, Segment, Term
from models.training import export
from models.training.recipes import THIN_FILES

FEATURES = ("a", "b")


def flat(base: int, width: int, cap: int = 850) -> Segment:
    return Segment(base, (Term(("a",), ((5,),), (0, 0, 10)),), ((300, 1_000),), (width,) * 10, cap)


def card(*rules: Rule) -> Scorecard:
    segments = {"loans": flat(500, 20), "pay": flat(560, 40, 565), "trade": flat(500, 60)}
    return Scorecard("readings", FEATURES, rules, segments)


def found(of: Scorecard, *row: int) -> tuple[int, ...]:
    told = rate(of, np.array([row], dtype=np.int64))
    return tuple(int(column[0]) for column in (told.status, told.score, told.width, told.total))


LOANS = Rule("loans", "scored", (("b", ">=", 1),))
PAY = Rule("pay", "thin", (("a", ">=", 1),), "pay")
TRADE = Rule("trade", "thin", (("a", ">=", 1),), "trade")


def test_rate__of_one_reading__is_by_the_first_rule_that_holds() -> None:
    of = card(LOANS, Rule("pay", "thin", (("a", ">=", 1),)))
    assert found(of, 0, 0) == (INSUFFICIENT, 0, 0, 0)
    assert found(of, 5, 0) == (THIN, 565, 40, 570)
    assert found(of, 5, 1) == (SCORED, 510, 20, 510)


def test_rate__of_several_readings__is_the_highest_score_and_the_best_status() -> None:
    of = card(LOANS, PAY)
    assert found(of, 0, 1) == (SCORED, 500, 20, 500)
    assert found(of, 5, 1) == (SCORED, 565, 40, 570)
    assert found(card(PAY, LOANS), 5, 1) == found(of, 5, 1)


def test_rate__of_readings_with_equal_scores__is_by_the_rule_that_stands_first() -> None:
    assert found(card(TRADE, LOANS), 5, 1) == (SCORED, 510, 60, 510)
    assert found(card(LOANS, TRADE), 5, 1) == (SCORED, 510, 20, 510)
    never = Rule(
        "pay", "thin", (("a", ">=", 9),)
    )  # of the reading by debts, which so begins before the other
    assert found(card(never, TRADE, LOANS), 5, 1) == (SCORED, 510, 60, 510)


def test_explain__of_several_readings__tells_of_the_one_that_counts() -> None:
    told = explain(card(LOANS, PAY), {"a": 5, "b": 1}, {})
    assert (told.segment, told.status, told.score, told.base, told.width) == ("pay", SCORED, 565, 560, 40)
    assert told.capped is not None
    assert (told.capped.limit, told.capped.without, told.capped.lacking) == (565, 570, ())


LEARNED = ("loans_late", "loans_open", "largest_proved_cents", "owed_cents", "vouched_inflow_cents")
TOLD = tuple(
    sorted(
        set(LEARNED)
        | export.Rules().features()
        | export.SECURED.features()
        | {name for file in THIN_FILES for name in (*file.told, *(read for read, _, _ in file.who))}
    )
)
DIRECTIONS = np.array([BY_NAME[name].direction for name in TOLD])
VALUES = np.array((0, 1, 2, 3, 89, 90, 2_000, FIVE_YEARS - 1, FIVE_YEARS))
RECORDS = 400
RANK = np.array([0, 2, 1])
"""Of a status: no number, then thin, then scored."""


def drawn_card(random: np.random.Generator) -> Scorecard:
    """The rules that training writes, over segments of any points that keep to the directions."""
    plain = drawn_segment(random, TOLD)
    capped = replace(plain, cap=export.UNPROVEN_CAP)
    segments = {export.FULL: plain, export.SHORT: plain, export.FAILED: capped}
    segments[export.UNPROVEN] = export.adding_nothing(capped)
    for file in THIN_FILES:
        segments[file.name] = replace(drawn_segment(random, file.told), cap=file.cap)
    rules = (export.Rules(), export.SECURED)[random.integers(2)]
    return Scorecard("drawn", TOLD, rules.in_order(THIN_FILES), segments)


def drawn_segment(random: np.random.Generator, names: tuple[str, ...]) -> Segment:
    terms = []
    for name in names:
        points = random.integers(-40, 40, 4)
        if direction := BY_NAME[name].direction:
            points[1:] = np.sort(points[1:])[::direction]
        terms.append(Term((name,), ((1, 90),), tuple(points.tolist())))
    return Segment(int(random.integers(400, 650)), tuple(terms), ((300, 100),), (10,) * 10)


def drawn_records(random: np.random.Generator, of: Scorecard) -> NDArray[np.int64]:
    """Records that meet the conditions of a rule each, many just so."""
    rows = random.choice(VALUES, (RECORDS, len(TOLD)))
    for row, place in zip(rows, random.integers(0, len(of.rules), RECORDS), strict=True):
        for name, sign, value in of.rules[place].when:
            at, bound = TOLD.index(name), max if sign == ">=" else min
            row[at] = bound(row[at], value)
    return rows


def helped(random: np.random.Generator, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """The same after what others did: some features on their safer side, none on the other."""
    other = np.where(random.random(rows.shape) < 0.3, random.choice(VALUES, rows.shape), rows)
    better = np.where(DIRECTIONS > 0, np.maximum(rows, other), np.minimum(rows, other))
    return np.where(DIRECTIONS == 0, rows, better)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_score__of_any_record_after_what_others_did__never_falls(seed: int) -> None:
    """But where it rests on a bad loan alone, and that is bad no more: there may then be no number."""
    random = np.random.default_rng(seed)
    of = drawn_card(random)
    before = drawn_records(random, of)
    after = helped(random, before)
    old, new = rate(of, before), rate(of, after)
    stays = np.any(
        [rule.holds(columns(after), RECORDS) for rule in of.rules if rule.segment == export.UNPROVEN], axis=0
    )
    kept = (placed(of, before) != export.UNPROVEN) | stays
    assert kept.sum() > RECORDS // 2
    assert (new.score >= old.score)[kept].all()
    assert (RANK[new.status] >= RANK[old.status])[kept].all()


def placed(of: Scorecard, rows: NDArray[np.int64]) -> NDArray[np.object_]:
    """The segment of each row, the empty text for none."""
    chosen, _ = decide(of.rules, of.segments, Columns(columns(rows), len(rows)))
    return np.array([*(rule.segment for rule in of.rules), ""], dtype=object)[chosen]


def columns(rows: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
    return dict(zip(TOLD, rows.T, strict=True))
