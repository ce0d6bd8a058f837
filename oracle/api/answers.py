"""What the service says of one borrower's row: score, proofs, ladder, history, and what a consent lets see.

Rules that hold here: nothing is computed that the epoch's files do not hold; somebody without a score gets
no number; a reader is told no more than the content consented to.
"""

from bisect import bisect_left
from collections.abc import Iterable
from typing import Any

import msgspec

from ledger_reader.errors import Stop
from models.scorecard import DISPUTED, Scores, band
from models.segment import HIGHEST, LOWEST
from models.wording import Language
from oracle import sentences
from oracle.api.epochs import Opened, Unknown
from oracle.consent import BAND, SCORE
from oracle.proof_text import write_proof
from oracle.report import EpochReport
from oracle.settings import address_text
from oracle.statement import statement, status_words
from oracle.tree import STEP, AtLeastProof, ScoreProof, floor_of, has_score, to_json

MAX_AGE = 14 * 86_400
"""The oldest snapshot that a ready call accepts, in seconds; the deployment's own limit holds too."""

_LANGUAGE: Language = "en"
"""Readers get machine's answers; the words in them are for whoever reads the log."""


def row_of(scores: Scores, account: bytes) -> int | None:
    """The account's row, None without one; the same look-ups either way."""
    rows = scores.addresses
    at = bisect_left(range(len(rows)), account, key=lambda i: rows[i].tobytes())
    return at if at < len(rows) and rows[at].tobytes() == account else None


def index_of(opened: Opened, account: bytes) -> int:
    """The account's row; Unknown when the epoch does not hold it."""
    try:
        return opened.tree.index_of(account)
    except Stop as error:
        raise Unknown(*error.args) from error


def own_score(opened: Opened, account: bytes, language: Language, target: int | None) -> dict[str, Any]:
    """The statement (statement.py) with its epoch, data date, next update and model."""
    index = index_of(opened, account)
    score = int(opened.tree.scores.score[index])
    if target is not None and score and not score < target <= HIGHEST:
        raise Stop(sentences.TARGET_TOO_LOW.of(score=score, target=target))
    return {
        "epoch": opened.report.epoch,
        "snapshotTime": opened.report.snapshot_time,
        "nextUpdate": opened.next_update,
        "model": "0x" + opened.report.model_id.hex(),
        **statement(opened.card, opened.tree.scores, index, language, target),
    }


def score_json(opened: Opened, account: bytes, language: Language, target: int | None) -> bytes:
    """`own_score` as JSON, made once an epoch."""
    made = msgspec.json.encode(own_score(opened, account, language, target))
    return opened.made.put((account, language, target), made)


def proof(opened: Opened, account: bytes, threshold: int | None) -> dict[str, Any]:
    """A proof as `credit-oracle prove` prints it, with the contract call that checks it."""
    tree = opened.tree
    index, shown = index_of(opened, account), address_text(account)
    made: ScoreProof | AtLeastProof
    if threshold is None:
        kind, function, made = "score", "verifyScore", tree.score_proof(index)
    else:
        kind, function, made = "atLeast", "verifyAtLeast", tree.at_least_proof(index, threshold)
    found = to_json(made)
    calldata = {"function": function, "args": [shown, found, MAX_AGE]}
    beside = {"calldata": calldata, "text": write_proof(account, made)}
    return {"kind": kind, "account": shown, **found, **beside}


def ladder(opened: Opened, account: bytes) -> dict[str, Any]:
    """The lowest and highest threshold that can be proved; `most` is None where none can."""
    scores = opened.tree.scores
    index = index_of(opened, account)
    scored = has_score(int(scores.status[index])) and int(scores.score[index]) >= LOWEST + STEP
    most = floor_of(int(scores.score[index])) if scored else None
    return {"epoch": opened.report.epoch, "floorLow": LOWEST + STEP, "most": most, "step": STEP}


def history(epochs: Iterable[tuple[EpochReport, Scores]], account: bytes) -> list[dict[str, Any]]:
    """One entry for each epoch that holds the account, oldest first."""
    found = []
    for report, scores in epochs:
        index = row_of(scores, account)
        if index is not None:
            found.append(_entry(report, scores, index))
    return found


def _entry(report: EpochReport, scores: Scores, index: int) -> dict[str, Any]:
    return {
        "epoch": report.epoch,
        "snapshotTime": report.snapshot_time,
        "model": "0x" + report.model_id.hex(),
        **_plain_row(scores, index),
    }


def shown(opened: Opened, index: int | None, what: str, threshold: int) -> dict[str, Any]:
    """What a consent to `what` ("at least t", band or score) lets its reader see; `index` None: no record."""
    told: dict[str, Any] = {"what": what, "epoch": opened.report.epoch}
    if index is None:
        return told | {"status": "no record in this epoch", "disputed": False}
    row = _plain_row(opened.tree.scores, index)
    told |= {"status": row["status"], "disputed": row["disputed"]}
    if what == BAND:
        return told | {"band": band(row["score"])[0] if row["score"] else None}
    if what == SCORE:
        found = to_json(opened.tree.score_proof(index)) if row["score"] else None
        return told | {name: row[name] for name in ("score", "low", "high")} | {"proof": found}
    holds = row["score"] is not None and row["score"] >= threshold
    found = to_json(opened.tree.at_least_proof(index, threshold)) if holds else None
    return told | {"threshold": threshold, "holds": holds, "proof": found}


def _plain_row(scores: Scores, index: int) -> dict[str, Any]:
    status, score, width = (int(column[index]) for column in (scores.status, scores.score, scores.width))
    scored = has_score(status)
    return {
        "status": status_words(status, _LANGUAGE),
        "disputed": bool(status & DISPUTED),
        "score": score if scored else None,
        "low": max(LOWEST, score - width) if scored else None,
        "high": min(HIGHEST, score + width) if scored else None,
    }
