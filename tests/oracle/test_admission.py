"""Whom a lender's rule admits: 20 people scored by the small card, held against counting one at a time."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ledger_reader.errors import Stop
from models.scorecard import DISPUTED, FeatureMatrix, Scores, expected_bad_bps, score
from models.segment import MISSING
from oracle.admission import KeptEpoch, Rule, admitted, rules_of, shown
from tests.oracle.conftest import features, small_card

CARD = small_card()
NAMES = features().names


def scores_of(people: list[tuple[int, int]], first: int = 1, disputed: int = 0) -> Scores:
    """People of (loans repaid, loans late), addresses from `first` on, the first `disputed` in dispute."""
    known = [{"borrows_total": all_, "loans_repaid": all_, "loans_late": late} for all_, late in people]
    values = np.array([[each.get(name, MISSING) for name in NAMES] for each in known], dtype=np.int64)
    addresses = np.array([[0] * 19 + [first + at] for at in range(len(people))], dtype=np.uint8)
    found = score(CARD, FeatureMatrix(addresses, NAMES, features().reasons, values))
    status = found.status.copy()
    status[:disputed] |= DISPUTED
    return replace(found, status=status)


# 740 (repaid 11, none late) six times, 620 (5, none late) seven, thin 620 (1, none late) five, no score two.
PEOPLE = [(11, 0)] * 6 + [(5, 0)] * 7 + [(1, 0)] * 5 + [(0, 0)] * 2


def told(
    rule: Rule, now: Scores, *before: Scores, language: Any = "en"
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The row of one rule, and its rows of epochs before; a week lies between two epochs."""
    kept = [KeptEpoch(9 - at, 9_000_000 - at * 604_800, each) for at, each in enumerate((now, *before))]
    found = admitted(kept[0], expected_bad_bps(CARD, now), kept[1:], [rule], language)
    return found["admits"][0], found["older"]


@pytest.mark.parametrize(
    ("at_least", "statuses", "widest", "expected"),
    [
        ("605", "1", None, "nobody can prove at least 605; use multiples of 10 from 310 to 850"),
        ("300", "1", None, "at least 300"),
        ("860", "1", None, "at least 860"),
        ("600", "4", None, "statuses 4 take no record"),
        ("600", "8", None, "statuses 8 take no record"),
        ("600", "0", None, "statuses 0 take no record"),
        (
            "600;650",
            "1",
            None,
            "--at-least must be numbers with commas between, such as 600,650; got",
        ),
        ("600", "", None, "--statuses must be numbers"),
        ("-600", "1", None, "--at-least must be numbers"),
        (",".join(map(str, range(310, 860, 10))), "1,2,3,7", None, "these are 220 rules, more than 200"),
    ],
)
def test_rules_of__what_no_rule_can_hold__stops(
    at_least: str, statuses: str, widest: int | None, expected: str
) -> None:
    with pytest.raises(Stop, match=re.escape(expected)):
        rules_of(at_least, statuses, widest)


def test_expected_bad_bps__features_or_card_of_others__stops() -> None:
    now = scores_of(PEOPLE)
    with pytest.raises(Stop, match="are not those that scorecard 'small' gives"):
        expected_bad_bps(CARD, replace(now, score=now.score + np.uint16(1)))
    with pytest.raises(Stop, match="has other features"):
        expected_bad_bps(replace(CARD, features=CARD.features[::-1]), now)


def test_rules_of__lists__are_every_combination_once() -> None:
    found = rules_of("600,650,600", "1,3", 20)
    assert len(found) == 8
    assert found[:3] == [Rule(600, 1, None), Rule(600, 1, 20), Rule(600, 3, None)]
    assert rules_of("600", "1", None) == [Rule(600, 1, None)]


@pytest.mark.parametrize(
    ("rule", "people", "share", "bad"),
    [
        (Rule(740, 1, None), 6, 3_333, 100),
        (Rule(620, 1, None), 13, 7_222, 262),  # (6 × 100 + 7 × 400) / 13 = 261.5…, up
        (Rule(620, 2, None), 5, 2_777, 400),
        (Rule(620, 3, None), 18, 10_000, 300),
        (Rule(620, 3, 20), 18, 10_000, 300),
        (Rule(620, 3, 19), 0, None, None),
        (Rule(750, 3, None), 0, None, None),
    ],
)
def test_admitted__a_rule__counts_its_people_and_means_their_calibration(
    rule: Rule, people: int, share: int | None, bad: int | None
) -> None:
    row, _ = told(rule, scores_of(PEOPLE))
    assert (row["people"], row["ofScoredBps"], row["badBps"]) == (people, share, bad)


def test_admitted__disputed_records__only_where_the_rule_takes_them() -> None:
    now = scores_of(PEOPLE, disputed=1)
    assert [told(Rule(740, mask, None), now)[0]["people"] for mask in (1, 3, 5, 7)] == [5, 5, 6, 6]
    assert [told(Rule(740, mask, None), now)[0]["people"] for mask in (2, 6)] == [0, 0]


def test_admitted__fewer_than_five__says_nothing_of_them() -> None:
    row, _ = told(Rule(740, 1, None), scores_of(PEOPLE, disputed=2))
    assert (row["people"], row["ofScoredBps"], row["badBps"]) == (None, None, None)
    few = scores_of(PEOPLE[:4])
    found = shown(admitted(KeptEpoch(9, 1, few), expected_bad_bps(CARD, few), [], [Rule(740, 1, None)], "en"))
    assert (found["scored"], found["admits"][0]["people"]) == ("<5", "<5")
    assert "older" not in found


def test_admitted__older_scores__are_of_those_whom_the_newest_refuses() -> None:
    fallen = scores_of([(11, 1)] * 6 + PEOPLE[6:])  # 630: late once since
    row, older = told(Rule(700, 1, None), fallen, scores_of(PEOPLE), fallen)
    assert row["people"] == 0
    assert [(each["epochsBefore"], each["secondsBefore"]) for each in older] == [(1, 604_800), (2, 1_209_600)]
    assert [(each["people"], each["badBps"]) for each in older] == [(6, 400), (0, None)]


def test_admitted__people_who_left__count_and_nothing_is_expected_of_them() -> None:
    _, older = told(Rule(700, 1, None), scores_of([(5, 0)] * 7 + [(11, 0)], first=7), scores_of(PEOPLE))
    assert [(each["people"], each["badBps"]) for each in older] == [(6, None)]


def test_admitted__in_chinese__names_the_records_in_chinese() -> None:
    assert told(Rule(620, 3, None), scores_of(PEOPLE), language="zh")[0]["records"] == "完整或较短记录"
