"""A borrower's own statement: the score, what helped, what held it back, in the person's words.

Rules that hold here: every number comes from the scorecard's own tables; what is said is said of the
record, not of the person; someone without a score gets no number at all, never the worst one.
"""

from collections.abc import Mapping
from typing import Any

from models.features.catalogue import REASON_CODES
from models.plan import plan
from models.praise import praise
from models.reasons import sentence
from models.rules import INSUFFICIENT, SCORED
from models.scorecard import (
    DISPUTED,
    Capped,
    Explanation,
    Scorecard,
    Scores,
    explain,
    next_band,
    scorecard_id,
)
from models.segment import MISSING
from models.wording import Language

MOST_HELPED = 2
MOST_HELD_BACK = 4

_STATUS = {
    SCORED: ("full record", "记录完整"),
    INSUFFICIENT: ("no score yet", "暂无评分"),
}
_SHORT = ("short record", "记录较短")

_REACHED = (
    "After these steps {low} to {high}, if nothing else changes; re-computed with scorecard {card}.",
    "若其他情况不变，完成后约为 {low} 至 {high} 分；已用评分卡 {card} 重新计算。",
)
_NOT_REACHED = (
    "No honest step reaches {target} within 12 months; the most is {most}.",
    "12 个月内没有可行办法达到 {target} 分；最多可到 {most} 分。",
)

_CAPPED = (
    "Held at {limit}, the most that a record of this kind ({segment}) can reach; "
    "its points alone give {without}.",
    "此类记录（{segment}）最高为 {limit} 分；若只计各项分数则为 {without} 分。",
)
_CAPPED_UNPROVEN = (
    "Held at {limit}, the most that a record without enough repaid loans can reach; "
    "its points alone give {without}.",
    "尚无足够的已还清借款，此类记录最高为 {limit} 分；若只计各项分数则为 {without} 分。",
)


def statement(
    card: Scorecard, scores: Scores, index: int, language: Language, target: int | None = None
) -> dict[str, Any]:
    """Plain values for one row of an epoch: status, score, band, range, reasons with points lost, plan.

    The plan leads to `target`, or else to the next band; Stop when the target is no score above the present.
    """
    values = values_of(scores, index)
    told = explain(card, values, REASON_CODES)
    found: dict[str, Any] = {
        "account": "0x" + scores.addresses[index].tobytes().hex(),
        "status": status_words(int(scores.status[index]), language),
        "disputed": bool(scores.status[index] & DISPUTED),
        "score": None,
    }
    if told.segment is None:
        return found
    return found | {
        "score": told.score,
        "band": told.band[_of(language)] if told.band else None,
        "low": max(300, told.score - told.width),
        "high": min(card.segments[told.segment].cap, told.score + told.width),
        "badBps": told.bad_bps,
        "segment": told.segment,
        "capped": _capped(told.capped, told.segment, language) if told.capped else None,
        "helped": _helped(told, values, language),
        "heldBack": _held_back(told, values, language),
        "base": told.base,
        "total": told.total,
        "terms": [
            {"features": list(part.features), "values": list(part.values), "points": part.points}
            for part in told.terms
        ],
        **_plan(card, values, target or next_band(told.score), language),
    }


def status_words(status: int, language: Language) -> str:
    """The chip beside a score: full record, short record, no score yet."""
    return _STATUS.get(status & ~DISPUTED, _SHORT)[_of(language)]


def values_of(scores: Scores, index: int) -> dict[str, int | None]:
    """One row's features by name, None where missing."""
    row = scores.features[index].tolist()
    return {name: None if v == MISSING else v for name, v in zip(scores.feature_names, row, strict=True)}


def _held_back(
    told: Explanation, values: Mapping[str, int | None], language: Language
) -> list[dict[str, Any]]:
    """The signed reasons in their order, each with the points lost by its worst feature."""
    lost: dict[int, int] = {}
    for feature, points in told.lost:
        lost.setdefault(REASON_CODES[feature], points)
    return [
        {"code": code, "points": -lost[code], "text": sentence(code, values, language)}
        for code in told.reasons[:MOST_HELD_BACK]
    ]


def _helped(told: Explanation, values: Mapping[str, int | None], language: Language) -> list[dict[str, Any]]:
    """The features that gained most over their worst, where there is something good to say of them."""
    found: dict[str, dict[str, Any]] = {}
    for feature, points in told.gained:
        text = praise(feature, values, language)
        if text and REASON_CODES[feature] not in told.reasons:
            found.setdefault(text, {"feature": feature, "points": points, "text": text})
    return list(found.values())[:MOST_HELPED]


def _capped(capped: Capped, segment: str, language: Language) -> dict[str, Any]:
    """The cap that held the score down, and why: what the record lacks, when that is repaid loans."""
    unproven = any(feature.startswith(("loans_repaid", "loans_proved")) for feature, _, _ in capped.lacking)
    text = (_CAPPED_UNPROVEN if unproven else _CAPPED)[_of(language)]
    words = text.format(limit=capped.limit, without=capped.without, segment=segment)
    return {"cap": capped.limit, "without": capped.without, "text": words}


def _plan(
    card: Scorecard, values: Mapping[str, int | None], target: int | None, language: Language
) -> dict[str, Any]:
    """The cheapest honest steps to the target, and a sentence on them; without a target nothing is said."""
    if target is None:
        return {"target": None, "planText": None, "plan": []}
    found = plan(card, values, target)
    identity = "0x" + scorecard_id(card).hex()
    text = (_REACHED if found.steps else _NOT_REACHED)[_of(language)]
    steps = [
        {
            "text": step.action.text(dict(step.before), step.choice, language),
            "days": step.days,
            "low": step.low,
            "high": step.high,
        }
        for step in found.steps
    ]
    words = text.format(target=target, low=found.low, high=found.high, most=found.most, card=identity)
    return {"target": target, "planText": words, "plan": steps}


def _of(language: Language) -> int:
    return 0 if language == "en" else 1
