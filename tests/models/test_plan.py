import itertools
import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ledger_reader.errors import Stop
from models.actions import STEPS, Action, Row
from models.plan import Plan, plan
from models.rules import Rule
from models.scorecard import Scorecard, explain
from models.segment import Segment, Term

FEATURES = (
    "loans_repaid", "loans_overdue", "overdue_cents", "loans_open", "owed_cents", "inflow_360d_cents",
    "record_days", "days_since_late", "inflow_months", "days_since_first_borrow", "loans_repaid_365d",
)  # fmt: skip
BO: Row = {
    "loans_repaid": 3, "loans_overdue": 1, "overdue_cents": 5_000, "loans_open": 2, "owed_cents": 15_000,
    "inflow_360d_cents": 360_000, "record_days": 300, "days_since_late": 0, "inflow_months": 8,
    "days_since_first_borrow": 250, "loans_repaid_365d": 2,
}  # fmt: skip
CUTS: dict[str, tuple[int, ...]] = {
    "loans_repaid": (1, 4, 5), "loans_overdue": (1,), "owed_cents": (1, 6_000, 12_000),
    "record_days": (180, 330, 365, 500), "days_since_late": (30, 90, 200), "inflow_months": (6, 9, 12),
    "loans_repaid_365d": (1, 2, 3),
}  # fmt: skip


def card_of(
    *terms: Term, base: int = 600, cap: int = 850, rules: tuple[Rule, ...] | None = None
) -> Scorecard:
    segment = Segment(base, terms, ((300, 100),), (20,) * 10, cap)
    return Scorecard("small", FEATURES, rules or (Rule("s", "scored", ()),), {"s": segment})


def told(found: Plan) -> list[tuple[str, int]]:
    return [(step.action.name, step.choice) for step in found.steps]


OVERDUE = Term(("loans_overdue",), ((1,),), (0, 30, -60))
LATE = Term(("days_since_late",), ((30, 90),), (0, -20, 0, 25))


# ---------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize("target", [300, 540, 851])
def test_plan__of_a_target_that_is_none__stops(target: int) -> None:
    with pytest.raises(Stop, match=rf"must lie above the score of 540 and be at most 850, got {target}"):
        plan(card_of(OVERDUE), BO, target)


def test_plan__without_a_feature_of_the_card__stops() -> None:
    values = {name: value for name, value in BO.items() if name != "record_days"}
    with pytest.raises(Stop, match=re.escape("needs the features ['record_days']")):
        plan(card_of(), values, 700)


def test_plan__that_no_step_reaches__has_none_and_says_the_most() -> None:
    found = plan(card_of(OVERDUE, LATE), BO, 700)
    assert (found.steps, found.days, found.score, found.most) == ((), 0, 520, 655)


def test_plan__above_the_cap__has_no_steps() -> None:
    found = plan(card_of(OVERDUE, LATE, cap=599), BO, 600)
    assert (found.steps, found.most) == ((), 599)


# ------------------------------------------------------------------------------------ what is found


def test_plan__where_paying_what_is_due_suffices__is_that_alone() -> None:
    found = plan(card_of(OVERDUE, LATE), BO, 610)
    assert told(found) == [("pay_overdue", 100)]
    assert (found.steps[0].effort, found.steps[0].days) == (5, 0)
    assert (found.steps[0].low, found.steps[0].high, found.low, found.high) == (90, 90, 610, 610)


def test_plan__where_time_must_pass_too__pays_first_and_waits_no_longer_than_needed() -> None:
    found = plan(card_of(OVERDUE, LATE), BO, 611)
    assert told(found) == [("pay_overdue", 100), ("carry_on", 1)]
    assert (found.days, found.low) == (30, 630)
    assert [(step.low, step.high) for step in found.steps] == [(90, 90), (20, 20)]
    assert told(plan(card_of(OVERDUE, LATE), BO, 631))[1] == ("carry_on", 3)


def test_plan__where_two_ways_reach__takes_the_one_of_less_effort() -> None:
    owed = Term(("owed_cents",), ((12_000,),), (0, 40, 0))
    record = Term(("record_days",), ((329,),), (0, 0, 40))
    calm: Row = BO | {"loans_overdue": 0, "overdue_cents": 0}
    assert told(plan(card_of(owed, record), calm, 640)) == [("owe_less", 50)]  # 8 days of income, not 30
    dear: Row = calm | {"inflow_360d_cents": 36_000}
    assert told(plan(card_of(owed, record), dear, 640)) == [("carry_on", 1)]


def test_plan__of_two_steps_that_are_less_effort_than_one__takes_the_two() -> None:
    owed = Term(("owed_cents",), ((12_000,),), (0, 20, 0))
    record = Term(("record_days",), ((329, 359),), (0, 0, 20, 40))
    calm: Row = BO | {"loans_overdue": 0, "overdue_cents": 0}
    found = plan(card_of(owed, record), calm, 640)
    assert told(found) == [("owe_less", 50), ("carry_on", 1)]  # 8 + 30 days, where two months are 60
    assert found.days == 30


def test_plan__that_only_may_reach__is_not_taken() -> None:
    months = Term(("inflow_months",), ((12,),), (0, 0, 50))
    calm: Row = BO | {"loans_overdue": 0, "overdue_cents": 0}
    found = plan(card_of(months), calm, 650)
    assert told(found) == [("earn", 12)]  # after 4 months of pay there may be twelve; after 12 there are


def test_plan__of_a_record_without_a_score__can_lead_to_one() -> None:
    rules = (Rule("s", "thin", (("record_days", ">=", 330), ("loans_overdue", "<=", 0))),)
    found = plan(card_of(rules=rules), BO, 600)
    assert told(found) == [("pay_overdue", 100), ("carry_on", 1)]
    assert found.score == 0


@st.composite
def cards(draw: st.DrawFn) -> Scorecard:
    chosen = draw(st.lists(st.sampled_from(sorted(CUTS)), unique=True, max_size=4))
    points = st.integers(-40, 40)
    terms = [
        Term((name,), (CUTS[name],), tuple(draw(points) for _ in range(len(CUTS[name]) + 2)))
        for name in chosen
    ]
    rules = (
        Rule("s", "scored", (("record_days", ">=", draw(st.sampled_from((0, 310, 400)))),)),
        *draw(st.sampled_from(((), (Rule("s", "thin", ()),)))),
    )
    cap = draw(st.sampled_from((850, 620)))
    return card_of(*terms, base=draw(st.sampled_from((580, 300, 830))), cap=cap, rules=rules)


@st.composite
def rows(draw: st.DrawFn) -> Row:
    row = dict(BO)
    if draw(st.booleans()):
        row |= {"loans_overdue": 0, "overdue_cents": 0}
    row["owed_cents"] = draw(st.sampled_from((0, 5_000, 15_000)))
    row["inflow_months"] = draw(st.integers(0, 12))
    row[draw(st.sampled_from(FEATURES))] = None
    return row


def scored(card: Scorecard, row: Row) -> int:
    return explain(card, row, {}).score


def walk(row: Row, choices: list[tuple[Action, int]], hopeful: bool) -> Row | None:
    for action, choice in choices:
        if not action.possible(row):
            return None
        row = action.after(row, choice, hopeful)
    return row


def every_way() -> list[list[tuple[Action, int]]]:
    groups = [[None, *((a, c) for a in group for c in a.choices)] for group in STEPS]
    return [[one for one in way if one] for way in itertools.product(*groups)]


def cost(row: Row, way: list[tuple[Action, int]]) -> int:
    total = 0
    for action, choice in way:
        total += action.effort(row, choice)
        row = action.after(row, choice, False)
    return total


@settings(max_examples=60, deadline=None)
@given(cards(), rows(), st.integers(1, 120))
def test_plan__of_any_card__is_reached_when_scored_again_and_nothing_cheaper_is(
    card: Scorecard, row: Row, more: int
) -> None:
    present = scored(card, row)
    assume(present < 850)
    target = min((present or 560) + more, 850)
    found = plan(card, row, target)
    reaching = []
    most = 0
    for way in every_way():
        ends = [walk(row, way, hopeful) for hopeful in (False, True)]
        if all(end is not None for end in ends):
            low = min(scored(card, end) for end in ends if end is not None)
            most = max(most, low)
            if low >= target:
                reaching.append(cost(row, way))
    assert found.most == most
    if not found.steps:
        assert not reaching
        return
    chosen = [(step.action, step.choice) for step in found.steps]
    cautious, hopeful = (walk(row, chosen, which) for which in (False, True))
    assert cautious is not None
    assert hopeful is not None
    assert sorted((scored(card, cautious), scored(card, hopeful))) == [found.low, found.high]
    assert target <= found.low
    assert sum(step.effort for step in found.steps) == cost(row, chosen) == min(reaching)
    assert found.days <= 360
    assert sum(step.low for step in found.steps) <= found.low - found.score
    assert found.high - found.score <= sum(step.high for step in found.steps)


@given(cards(), rows())
def test_plan__made_twice__is_the_same(card: Scorecard, row: Row) -> None:
    if scored(card, row) < 840:
        assert plan(card, row, 840) == plan(card, dict(reversed(row.items())), 840)
