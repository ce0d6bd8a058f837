"""The public status: epochs with their fate, who signed, who dissented, drift against the contract's limit.

Rules that hold here: nothing is of one borrower, so of dissent only who, in which epoch, in what and in how
many borrowers; what this service has not seen is null, never a guess; files that a node writes are read again
only when they changed.
"""

import logging
import time
from collections import Counter
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

from ledger_reader.errors import Retry, Stop
from oracle import report as reports
from oracle.api.facts import camel
from oracle.api.service import Service
from oracle.api.sight import Sight
from oracle.attestations import NAME, read_attestations
from oracle.committee import KEPT_OF_A_MEMBER
from oracle.dissent import evidence
from oracle.dissent.evidence import Dissent
from oracle.epoch import Deployment
from oracle.folder import folder_of
from oracle.report import TYPE

MOST_EPOCHS = 26

log = logging.getLogger("oracle.api")


def status_of(service: Service) -> dict[str, Any]:
    """How the service and the oracle behind it are; shapes.Status describes it."""
    known, now = service.epochs.known()[-MOST_EPOCHS:], time.time()
    latest = known[-1] if known else None
    sight = service.sight(latest) if latest else None
    evidence_file = service.settings.home / evidence.FILE
    return {
        "databaseAnswers": _answers(service),
        "chainTime": int(sight.chain_time(now)) if sight else None,
        "latestEpoch": latest,
        "readEpoch": (sight.read_epoch(now) or None) if sight else None,
        "nextUpdate": _next_update(service),
        "maxAge": sight.max_age if sight else None,
        "limits": {camel(name): value for name, value in asdict(sight.limits).items()} if sight else None,
        "epochs": [_epoch(service, epoch, sight, now) for epoch in known],
        "dissentWatched": evidence_file.is_file(),
        "dissent": _dissent(evidence_file, service.deployment),
    }


def _answers(service: Service) -> bool:
    try:
        with service.store.reading() as connection:
            connection.exec_driver_sql("SELECT 1")
    except Retry:
        return False
    return True


def _next_update(service: Service) -> int | None:
    try:
        return service.epochs.latest().next_update
    except Retry:
        return None


def _epoch(service: Service, epoch: int, sight: Sight | None, now: float) -> dict[str, Any]:
    fate = sight.fates.get(epoch) if sight else None
    return {
        **reports.to_json(service.epochs.report(epoch)),
        "standing": sight.standing(epoch, now) if sight else None,
        "activeFrom": fate.active_from if fate else None,
        "signatures": _signatures(service.settings.epochs, epoch),
        "members": len(fate.committee.members) if fate else None,
        "quorum": fate.committee.quorum if fate else None,
    }


def _signatures(epochs: Path, epoch: int) -> int:
    """How many members' signatures this node keeps of an epoch."""
    path = folder_of(epochs, epoch) / NAME
    return _counted(epochs, epoch, path.stat().st_mtime_ns) if path.is_file() else 0


@lru_cache(maxsize=4 * MOST_EPOCHS)
def _counted(epochs: Path, epoch: int, _changed: int) -> int:
    try:
        return len(read_attestations(epochs, epoch))
    except Stop:
        return 0


def _dissent(path: Path, deployment: Deployment) -> list[dict[str, Any]] | None:
    """What the node of this folder kept against members; None where that cannot be read."""
    if not path.is_file():
        return []
    try:
        return _witnessed(path, deployment, path.stat().st_mtime_ns)
    except (Retry, Stop) as error:  # its sentence names files: it is the operator's to read
        log.warning("%s", error)
        return None


@lru_cache(maxsize=4)
def _witnessed(path: Path, deployment: Deployment, _changed: int) -> list[dict[str, Any]]:
    kept = evidence.read_dissents(path, deployment)
    stories = Counter((each.theirs.report.epoch, each.member) for each in kept)
    return [
        _told(each, stories[each.theirs.report.epoch, each.member] == KEPT_OF_A_MEMBER)
        for each in kept
        if each.theirs.report != each.mine.report
    ]


def _told(found: Dissent, has_two_stories: bool) -> dict[str, Any]:
    theirs, mine, differing = found.theirs.report, found.mine.report, found.differences
    values = zip(TYPE, theirs.values(), mine.values(), strict=True)
    people = (
        () if differing is None else (*differing.changed, *differing.missing_here, *differing.missing_there)
    )
    return {
        "epoch": theirs.epoch,
        "member": "0x" + found.member.hex(),
        "root": "0x" + theirs.root.hex(),
        "fields": [name for (name, _), a, b in values if a != b],
        "borrowers": None if differing is None else len(people),
        "isAll": differing is not None and differing.unfinished is None,
        "twoStories": has_two_stories,
    }
