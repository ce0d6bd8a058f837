"""Whom a lender's rule admits of an epoch, and what it has to expect of them; pure but for `read_kept`.

Rules that hold here: a record is taken as CreditRules takes it; what is expected is the scorecard's own
calibration, by the segment whose number counts, and no forecast of ours; shares and means are basis points,
shares rounded down and what may go wrong rounded up; a group of fewer than FEWEST people is not counted, and
nothing is said of it, so that nobody is singled out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ledger_reader.errors import Stop
from models import manifest as manifests
from models import scorecard as scorecards
from models.rules import THIN
from models.scorecard import DISPUTED, Scores
from models.segment import Int64s
from models.wording import Language
from oracle import folder
from oracle.settings import Settings
from oracle.tree import STEP

FEWEST = 5
"""A group of fewer people is told as '<5'; none at all is told as 0."""

MOST_BEFORE = 8
"""So many earlier epochs are compared with, at most."""

MOST_RULES = 200

LEAST_THRESHOLD, MOST_THRESHOLD = 310, 850
TAKES_FULL, TAKES_THIN, TAKES_DISPUTED = 1, 2, 4
"""The bits of `statuses`, as in CreditRules.Rule and ILoanPool.Row."""

_RECORDS = {
    1: ("full", "完整记录"),
    2: ("thin", "较短记录"),
    3: ("full or thin", "完整或较短记录"),
    5: ("full, also disputed", "完整记录，含异议处理中"),
    6: ("thin, also disputed", "较短记录，含异议处理中"),
    7: ("full or thin, also disputed", "完整或较短记录，含异议处理中"),
}

_NOTE = (
    "badBps: how many of 10,000 the scorecard expects not to repay as agreed, rounded up; its card names "
    "the outcome and the horizon. Older: whom a score posted so many epochs before admits, and the newest "
    "does not, with what is expected of them now.",
    "预计未按约还款：评分卡预计每 10,000 人中的人数，向上取整；违约定义与观察期见模型卡。"
    "仅凭往期评分获准：仍凭若干期之前发布的评分获准、而按最新一期不会获准的人，及目前对其的预计。",
)


@dataclass(frozen=True)
class Rule:
    """What a lender asks: a score, which records (`statuses`, three bits), a half-width (None: any)."""

    at_least: int
    statuses: int
    widest: int | None


@dataclass(frozen=True)
class KeptEpoch:
    """One epoch's scores, and the time of its snapshot."""

    epoch: int
    snapshot_time: int
    scores: Scores


def rules_of(at_least: str, statuses: str, widest: int | None) -> list[Rule]:
    """All combinations of lists such as 600,650 and 1,3, with any width and with `widest`.

    Stop names the first number that no rule can hold.
    """
    thresholds, masks = _numbers(at_least, "--at-least"), _numbers(statuses, "--statuses")
    for one in thresholds:
        if one % STEP or not LEAST_THRESHOLD <= one <= MOST_THRESHOLD:
            raise Stop(f"nobody can prove at least {one}; use multiples of 10 from 310 to 850.")
    for one in masks:
        if one not in _RECORDS:
            raise Stop(f"statuses {one} take no record; add up 1 for full, 2 for thin, 4 for also disputed.")
    found = [Rule(*each) for each in product(thresholds, masks, dict.fromkeys((None, widest)))]
    if len(found) > MOST_RULES:
        raise Stop(f"these are {len(found)} rules, more than {MOST_RULES}; name fewer.")
    return found


def read_kept(settings: Settings, epoch: int) -> KeptEpoch:
    """An epoch of a node's folder; Stop when it is missing or damaged."""
    report = folder.read_report(settings.epochs, epoch)
    return KeptEpoch(epoch, report.snapshot_time, folder.read_scores(settings.epochs, epoch))


def read_newest(settings: Settings, epoch: int) -> tuple[KeptEpoch, Int64s]:
    """The same, and what the scorecard that its report names expects of each row (n, basis points)."""
    kept, model = read_kept(settings, epoch), folder.read_report(settings.epochs, epoch).model_id
    card = scorecards.load(settings.home, manifests.load(settings.home, model).scorecard)
    return kept, scorecards.expected_bad_bps(card, kept.scores)


def admitted(
    newest: KeptEpoch, bad_bps: Int64s, older: Sequence[KeptEpoch], rules: Sequence[Rule], language: Language
) -> dict[str, Any]:
    """Plain values: whom each rule admits by the newest epoch, and whom by an older one alone.

    `bad_bps` (n): what is expected of the newest epoch's rows. Whoever left since counts among the latter.
    """
    scored = int(_has_score(newest.scores).sum())
    now = [_admits(newest.scores, rule) for rule in rules]
    return {
        "epoch": newest.epoch,
        "scored": _counted(scored),
        "admits": [
            _words(rule, language) | _group(bad_bps, found, scored)
            for rule, found in zip(rules, now, strict=True)
        ],
        "older": [row for each in older for row in _older(newest, bad_bps, each, rules, now, language)],
        "note": _NOTE[0 if language == "en" else 1],
    }


def shown(found: dict[str, Any]) -> dict[str, Any]:
    """The same for people to read: '<5' where it is not counted."""

    def told(values: dict[str, Any]) -> dict[str, Any]:
        hidden = [name for name in ("people", "scored") if name in values and values[name] is None]
        return values | dict.fromkeys(hidden, f"<{FEWEST}")

    tables = {name: [told(row) for row in found[name]] for name in ("admits", "older") if found[name]}
    return told({name: found[name] for name in ("epoch", "scored")}) | tables | {"note": found["note"]}


def _numbers(text: str, option: str) -> list[int]:
    parts = text.split(",")
    if not all(part.isascii() and part.isdigit() and len(part) <= 3 for part in parts):
        raise Stop(f"{option} must be numbers with commas between, such as 600,650; got {text[:40]!r}.")
    return list(dict.fromkeys(int(part) for part in parts))


def _has_score(scores: Scores) -> NDArray[np.bool_]:
    """Which rows have a score (n)."""
    found: NDArray[np.bool_] = scores.score > 0
    return found


def _admits(scores: Scores, rule: Rule) -> NDArray[np.bool_]:
    """Which rows the rule takes (n)."""
    asked = np.where(scores.status & ~np.uint8(DISPUTED) == THIN, TAKES_THIN, TAKES_FULL)
    asked |= np.where(scores.status & DISPUTED, TAKES_DISPUTED, 0)
    met: NDArray[np.bool_] = _has_score(scores) & (rule.statuses & asked == asked)
    met &= scores.score >= rule.at_least
    return met if rule.widest is None else met & (scores.width <= rule.widest)


def _group(bad_bps: Int64s, members: NDArray[np.bool_], of: int) -> dict[str, Any]:
    people = int(members.sum())
    share = people * 10_000 // of if people >= FEWEST else None
    return {"people": _counted(people), "ofScoredBps": share, "badBps": _mean_bad(bad_bps[members])}


def _older(
    newest: KeptEpoch,
    bad_bps: Int64s,
    older: KeptEpoch,
    rules: Sequence[Rule],
    now: Sequence[NDArray[np.bool_]],
    language: Language,
) -> list[dict[str, Any]]:
    """A row a rule: whom it admits by the older scores and not by the newest (`now`, a rule each)."""
    age = {
        "epochsBefore": newest.epoch - older.epoch,
        "secondsBefore": newest.snapshot_time - older.snapshot_time,
    }
    place = _places(newest.scores, older.scores)
    rows = []
    for rule, admitted_now in zip(rules, now, strict=True):
        still = (place >= 0) & admitted_now[place]
        only = _admits(older.scores, rule) & ~still
        here = place[only & (place >= 0)]
        expected = _mean_bad(bad_bps[here[_has_score(newest.scores)[here]]])
        rows.append(age | _words(rule, language) | {"people": _counted(int(only.sum())), "badBps": expected})
    return rows


def _places(newest: Scores, older: Scores) -> NDArray[np.intp]:
    """Where each of the older rows stands in the newest, -1 where it does not (n of the older)."""
    index = {row.tobytes(): at for at, row in enumerate(newest.addresses)}
    return np.array([index.get(row.tobytes(), -1) for row in older.addresses], dtype=np.intp)


def _mean_bad(bad_bps: Int64s) -> int | None:
    """The mean, rounded up: never less than is expected; None of fewer than FEWEST."""
    return None if len(bad_bps) < FEWEST else -(-int(bad_bps.sum()) // len(bad_bps))


def _counted(people: int) -> int | None:
    return people if people == 0 or people >= FEWEST else None


def _words(rule: Rule, language: Language) -> dict[str, Any]:
    records = _RECORDS[rule.statuses][0 if language == "en" else 1]
    return {"atLeast": rule.at_least, "statuses": rule.statuses, "records": records, "widest": rule.widest}
