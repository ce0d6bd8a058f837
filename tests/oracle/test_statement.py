import json
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger_reader.errors import Stop
from models.features.catalogue import FEATURES, REASON_CODES
from models.reasons import REASONS
from models.rules import INSUFFICIENT, SCORED, THIN, Rule
from models.scorecard import (
    DISPUTED,
    FeatureMatrix,
    Scorecard,
    Scores,
    score,
    scorecard_id,
    unpack_reasons,
)
from models.segment import MISSING, Segment, Term
from models.wording import Language
from oracle.names import CHINESE as in_chinese  # noqa: N811
from oracle.statement import MOST_HELD_BACK, MOST_HELPED, statement, status_words, values_of
from tests.oracle.conftest import BO, KAI, MEI, Kept, features, small_card

NAMES = tuple(feature.name for feature in FEATURES)
LANGUAGES: tuple[Language, ...] = ("en", "zh")
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def told(account: bytes, language: Language = "en", card: Scorecard | None = None) -> dict[str, Any]:
    """The statement of one of the three borrowers."""
    chosen = card or small_card()
    scores = score(chosen, features())
    return statement(chosen, scores, row_of(scores, account), language)


def row_of(scores: Scores, account: bytes) -> int:
    return [row.tobytes() for row in scores.addresses].index(account)


def wide_card() -> Scorecard:
    """A term for each feature, so that many things help and many hold back at once."""
    terms = tuple(
        Term((feature.name,), ((1, 7, 200),), (0, *(feature.direction * points for points in (-9, 0, 7, 31))))
        for feature in FEATURES
        if feature.direction
    )
    segment = Segment(600, terms, ((300, 900), (700, 20)), (25,) * 10)
    return Scorecard("wide", NAMES, (Rule("borrower", "scored", ()),), {"borrower": segment})


WIDE = wide_card()
rows = st.lists(
    st.sampled_from([0, 1, 6, 7, 150, 200, 9_999, MISSING]), min_size=len(NAMES), max_size=len(NAMES)
)


def of_row(row: list[int], language: Language = "en", card: Scorecard = WIDE) -> dict[str, Any]:
    codes = tuple(REASON_CODES[name] for name in NAMES)
    matrix = FeatureMatrix(
        np.frombuffer(MEI, dtype=np.uint8).reshape(1, 20), NAMES, codes, np.array([row], dtype=np.int64)
    )
    return statement(card, score(card, matrix), 0, language)


# --------------------------------------------------------------------------------- without a score


@pytest.mark.parametrize(("language", "words"), [("en", "no score yet"), ("zh", "暂无评分")])
def test_statement__of_an_insufficient_record__has_no_number_at_all(language: Language, words: str) -> None:
    found = told(KAI, language)
    assert found == {"account": "0x" + KAI.hex(), "status": words, "disputed": False, "score": None}


@given(rows)
def test_statement__where_no_rule_fits__never_holds_a_number(row: list[int]) -> None:
    nobody = replace(WIDE, rules=())
    found = of_row(row, card=nobody)
    assert [name for name, value in found.items() if isinstance(value, int)] == ["disputed"]
    assert found["disputed"] is False


def test_statement__disputed__says_so_and_keeps_its_status(kept: Kept) -> None:
    scores = kept.tree.scores
    disputed = replace(scores, status=scores.status | np.uint8(DISPUTED))
    for account, words in ((MEI, "full record"), (KAI, "no score yet")):
        found = statement(kept.card, disputed, row_of(scores, account), "en")
        assert (found["status"], found["disputed"]) == (words, True)


# --------------------------------------------------------------------------------------- its words


@pytest.mark.parametrize("language", LANGUAGES)
def test_statement__of_each_borrower__is_wholly_in_its_language(language: Language) -> None:
    for account in (MEI, BO):
        found = told(account, language)
        texts = [found["status"], found["band"]]
        texts += [reason["text"] for reason in found["helped"] + found["heldBack"]]
        assert all((CHINESE.search(text) is not None) == (language == "zh") for text in texts)
        assert not any("{" in text or "None" in text for text in texts)


def test_statement__every_name_in_it__has_a_chinese_one_for_the_terminal() -> None:
    def names(value: object) -> set[str]:
        if isinstance(value, dict):
            return set(value).union(*map(names, value.values()))
        return set().union(*map(names, value)) if isinstance(value, list) else set()

    found = names(told(BO, "zh"))
    assert {"heldBack", "planText", "points"} <= found <= set(in_chinese)


def test_statement__of_bo__tells_the_late_loans_with_their_figures() -> None:
    assert told(BO)["heldBack"] == [
        {"code": 6, "points": -120, "text": "Only 5 loans repaid so far."},
        {"code": 1, "points": -110, "text": "3 of 5 loans were repaid late or not at all, last 41 days ago."},
    ]
    assert told(BO, "zh")["heldBack"][1]["text"] == "5 笔借款中有 3 笔逾期或未还清，最近一次在 41 天前。"


def test_statement__of_mei__tells_what_helped_and_holds_nothing_back() -> None:
    found = told(MEI)
    assert found["helped"] == [
        {"feature": "loans_repaid", "points": 160, "text": "11 loans repaid"},
        {"feature": "loans_late", "points": 110, "text": "no loan was repaid late"},
    ]
    assert found["heldBack"] == []


def test_statement__in_both_languages__has_the_same_numbers() -> None:
    def numbers(language: Language) -> dict[str, Any]:
        found = told(BO, language)
        found["heldBack"] = [(each["code"], each["points"]) for each in found["heldBack"]]
        found["helped"] = [(each["feature"], each["points"]) for each in found["helped"]]
        return {name: value for name, value in found.items() if name not in ("status", "band", "planText")}

    assert numbers("en") == numbers("zh")


@pytest.mark.parametrize(
    ("status", "english", "chinese"),
    [
        (SCORED, "full record", "记录完整"),
        (THIN, "short record", "记录较短"),
        (INSUFFICIENT, "no score yet", "暂无评分"),
        (SCORED | DISPUTED, "full record", "记录完整"),
        (THIN | DISPUTED, "short record", "记录较短"),
        (INSUFFICIENT | DISPUTED, "no score yet", "暂无评分"),
    ],
)
def test_status_words__of_each_status__are_known_words(status: int, english: str, chinese: str) -> None:
    assert (status_words(status, "en"), status_words(status, "zh")) == (english, chinese)


# ------------------------------------------------------------------------------------- its numbers


def test_statement__of_each_borrower__agrees_with_what_was_signed(kept: Kept) -> None:
    scores = kept.tree.scores
    for account in (MEI, BO):
        index = row_of(scores, account)
        found = statement(kept.card, scores, index, "en")
        signed = int(scores.score[index])
        assert found["score"] == signed
        assert found["total"] == found["base"] + sum(term["points"] for term in found["terms"])
        assert (found["low"], found["high"]) == (signed - 20, min(850, signed + 20))
        codes = unpack_reasons(int(scores.reasons[index]))
        assert tuple(reason["code"] for reason in found["heldBack"]) == codes
        assert json.loads(json.dumps(found)) == found


@pytest.mark.parametrize("base", [-5_000, 5_000])
def test_statement__beyond_the_scale__is_held_at_its_ends(base: int) -> None:
    card = small_card()
    moved = replace(card, segments={"borrower": replace(card.segments["borrower"], base=base)})
    found = told(MEI, card=moved)
    assert found["score"] == (300 if base < 0 else 850)
    assert 300 <= found["low"] < found["high"] <= 850
    assert found["total"] == base + 140


@pytest.mark.parametrize(
    ("needed", "language", "words"),
    [
        ("loans_repaid", "en", "Held at 599, the most that a record without enough repaid loans can reach"),
        ("loans_repaid", "zh", "尚无足够的已还清借款，此类记录最高为 599 分"),
        ("record_days", "en", "the most that a record of this kind (newcomer) can reach"),
        ("record_days", "zh", "此类记录（newcomer）最高为 599 分"),
    ],
)
def test_statement__above_the_cap__says_that_and_why(needed: str, language: Language, words: str) -> None:
    card = small_card()
    segments = {**card.segments, "newcomer": replace(card.segments["borrower"], cap=599)}
    rules = (Rule("borrower", "scored", ((needed, ">=", 10**9),)), Rule("newcomer", "thin", ()))
    found = told(MEI, language, replace(card, segments=segments, rules=rules))
    assert (found["score"], found["high"]) == (599, 599)
    assert (found["capped"]["cap"], found["capped"]["without"]) == (599, 740)
    assert words in found["capped"]["text"]
    assert "740" in found["capped"]["text"]
    assert told(MEI, language)["capped"] is None


# ---------------------------------------------------------------------------------------- its plan


def planned_card() -> Scorecard:
    """Two terms about what is owed and how old the record is; all below a cap of 790."""
    terms = (
        Term(("loans_overdue",), ((1,),), (0, 20, -60)),
        Term(("record_days",), ((330, 400),), (0, -30, 0, 40)),
    )
    segment = Segment(600, terms, ((300, 900), (700, 20)), (25,) * 10, 790)
    return Scorecard("planned", NAMES, (Rule("borrower", "scored", ()),), {"borrower": segment})


def planned(language: Language, target: int | None = None) -> dict[str, Any]:
    row = dict.fromkeys(NAMES, 0) | {"loans_overdue": 1, "overdue_cents": 12_000, "record_days": 320}
    card = planned_card()
    codes = tuple(REASON_CODES[name] for name in NAMES)
    matrix = FeatureMatrix(
        np.frombuffer(MEI, dtype=np.uint8).reshape(1, 20), NAMES, codes, np.array([[row[n] for n in NAMES]])
    )
    return statement(card, score(card, matrix), 0, language, target)


@pytest.mark.parametrize("target", [300, 510, 851])
def test_plan__to_a_target_that_is_none__stops(target: int) -> None:
    with pytest.raises(Stop, match=f"must lie above the score of 510 and be at most 850, got {target}"):
        planned("en", target)


def test_plan__without_a_target__leads_to_the_next_band() -> None:
    found = planned("en")
    card = "0x" + scorecard_id(planned_card()).hex()
    assert (found["score"], found["target"]) == (510, 600)
    assert found["plan"] == [
        {"text": "Pay what is past due: 120.00 USD", "days": 0, "low": 80, "high": 80},
        {
            "text": "Let 1 month pass; pay what falls due on time and borrow nothing new",
            "days": 30,
            "low": 30,
            "high": 30,
        },
    ]
    assert found["planText"] == (
        f"After these steps 620 to 620, if nothing else changes; re-computed with scorecard {card}."
    )


def test_plan__in_chinese__has_the_same_numbers() -> None:
    found, english = planned("zh"), planned("en")
    assert [step["text"] for step in found["plan"]] == [
        "还清已逾期的款项：120.00 USD",
        "等待 1 个月；到期款项按时还清，不再新借",
    ]
    assert [(s["days"], s["low"], s["high"]) for s in found["plan"]] == [
        (s["days"], s["low"], s["high"]) for s in english["plan"]
    ]
    assert "约为 620 至 620 分" in found["planText"]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "No honest step reaches 700 within 12 months; the most is 660."),
        ("zh", "12 个月内没有可行办法达到 700 分；最多可到 660 分。"),
    ],
)
def test_plan__that_nothing_reaches__says_so(language: Language, words: str) -> None:
    found = planned(language, 700)
    assert (found["plan"], found["planText"]) == ([], words)


def test_plan__in_the_highest_band__is_not_made() -> None:
    found = told(MEI, card=raised(790))
    assert (found["score"], found["target"], found["plan"], found["planText"]) == (790, None, [], None)


def raised(to: int) -> Scorecard:
    card = small_card()
    return replace(card, segments={"borrower": replace(card.segments["borrower"], base=to - 140)})


@given(rows)
def test_held_back__any_record__costs_the_points_that_its_worst_feature_lost(row: list[int]) -> None:
    found, segment = of_row(row), WIDE.segments["borrower"]
    given_points = {term["features"][0]: term["points"] for term in found["terms"]}
    most = {term.features[0]: max(p for p in term.flat[1:] if p is not None) for term in segment.terms}
    for reason in found["heldBack"]:
        names = [name for name in most if REASON_CODES[name] == reason["code"]]
        assert -reason["points"] == max(most[name] - given_points[name] for name in names) > 0
    points = [reason["points"] for reason in found["heldBack"]]
    assert points == sorted(points)
    assert len(points) <= MOST_HELD_BACK


@given(rows, st.sampled_from(LANGUAGES))
def test_helped__any_record__never_repeats_a_reason_that_held_back(
    row: list[int], language: Language
) -> None:
    found = of_row(row, language)
    held = {reason["code"] for reason in found["heldBack"]}
    assert not held & {REASON_CODES[each["feature"]] for each in found["helped"]}
    assert held <= REASONS.keys()
    assert len(found["helped"]) <= MOST_HELPED
    assert all(each["points"] > 0 for each in found["helped"])


@given(rows, st.sampled_from(LANGUAGES))
def test_helped__any_record__never_says_the_same_thing_twice(row: list[int], language: Language) -> None:
    texts = [each["text"] for each in of_row(row, language)["helped"]]
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", ["no loan was repaid late", "nothing is past due"]),
        ("zh", ["没有逾期还款的借款", "目前没有逾期"]),
    ],
)
def test_helped__one_good_thing_shown_by_two_features__is_said_once(
    language: Language, expected: list[str]
) -> None:
    names = ("loans_late", "longest_late_days", "loans_overdue", "overdue_cents")
    segment = WIDE.segments["borrower"]
    terms = tuple(term for term in segment.terms if term.features[0] in names)
    card = replace(WIDE, segments={"borrower": replace(segment, terms=terms)})
    found = of_row([0] * len(NAMES), language, card)
    assert [each["text"] for each in found["helped"]] == expected
    assert found["heldBack"] == []


def test_values_of__a_missing_feature__is_none() -> None:
    scores = score(small_card(), features())
    values = values_of(scores, row_of(scores, BO))
    assert (values["loans_late"], values["payers"]) == (3, None)
    assert tuple(values) == NAMES
