"""The epoch folders that the service answers from: opened once each, a few at a time.

Rules that hold here: the folders are only read, by any number of processes; a new epoch is looked for every
LOOK_SECONDS, and while one request opens it, or when it is damaged, the one before is answered from.
What a statement says of one row never changes within an epoch, so it is made once and kept for a while.
"""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from ledger_reader.errors import Retry, Stop
from ledger_reader.keccak import keccak256
from models import manifest as manifests
from models import plain, registry
from models import scorecard as scorecards
from models.manifest import Manifest
from models.scorecard import Scorecard, Scores
from oracle import folder, sentences
from oracle.report import EpochReport
from oracle.settings import Settings
from oracle.tree import EpochTree

log = logging.getLogger("oracle.api")

LOOK_SECONDS = 1.0
HISTORY = 120
"""Epochs that a history goes back at most."""

KEPT = 4_096
"""Answers made of one epoch that are kept, a few kilobytes each."""


class Unknown(Stop):
    """What was asked for is not kept here."""


@dataclass(frozen=True)
class Opened:
    """One epoch, ready to answer from; `made` holds what was made of its rows."""

    tree: EpochTree
    report: EpochReport
    manifest: Manifest
    card: Scorecard
    made: "Kept" = field(default_factory=lambda: Kept(KEPT), repr=False)

    @property
    def next_update(self) -> int:
        """When the next epoch ends (Unix seconds)."""
        return self.manifest.schedule.end_of(self.report.epoch + 1)


class Kept:
    """The last answers made (JSON), by what they answer; safe to use from several threads."""

    def __init__(self, most: int) -> None:
        self._most, self._lock = most, threading.Lock()
        self._answers: OrderedDict[Hashable, bytes] = OrderedDict()

    def get(self, key: Hashable) -> bytes | None:
        """The answer, if it is still kept."""
        with self._lock:
            return self._answers.get(key)

    def put(self, key: Hashable, answer: bytes) -> bytes:
        """Keeps an answer, and forgets the oldest beyond the limit."""
        with self._lock:
            self._answers[key] = answer
            while len(self._answers) > self._most:
                self._answers.popitem(last=False)
        return answer


class Epochs:
    """One node's epoch folders, read-only."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings, self._clock = settings, clock
        self._opening = threading.Lock()
        self._current: Opened | None = None
        self._looked = float("-inf")
        self._history = lru_cache(maxsize=HISTORY)(self._mapped)
        self._earlier = lru_cache(maxsize=1)(self._opened)

    def known(self) -> list[int]:
        """All epochs kept, ascending."""
        return folder.known_epochs(self._settings.epochs)

    def report(self, epoch: int) -> EpochReport:
        """The report of one epoch; Unknown when it is not kept."""
        if epoch not in self.known():
            raise Unknown(sentences.EPOCH_UNKNOWN.of(epoch=epoch))
        return folder.read_report(self._settings.epochs, epoch)

    def folder_of(self, opened: Opened) -> Path:
        """Where an open epoch's files are."""
        return folder.folder_of(self._settings.epochs, opened.report.epoch)

    def at_hand(self) -> Opened | None:
        """The latest epoch, if it was looked for a moment ago; costs nothing."""
        return self._current if self._clock() - self._looked < LOOK_SECONDS else None

    def latest(self) -> Opened:
        """The latest epoch, opened if need be; Retry when there is none yet."""
        found = self.at_hand()
        if found is not None:
            return found
        if not self._opening.acquire(blocking=self._current is None):
            return self._before()
        try:
            self._look()
        finally:
            self._opening.release()
        return self._before()

    def opened(self, epoch: int) -> Opened | None:
        """One epoch, ready to answer from; None when it is not kept here, or no longer opens."""
        found = self._current
        if found is not None and found.report.epoch == epoch:
            return found
        if epoch not in self.known():
            return None
        try:
            return self._earlier(epoch)
        except Stop as error:
            log.warning("epoch %s cannot be served: %s", epoch, error)
            return None

    def history(self) -> list[tuple[EpochReport, Scores]]:
        """Reports and scores of the epochs that are kept, oldest first; the scores as the files hold them."""
        return [self._history(epoch) for epoch in self.known()[-HISTORY:]]

    def model(self, identity: bytes) -> dict[str, Any]:
        """A model's manifest and scorecard as plain values, and its card's text where the node has it.

        `cardHash` is what the ModelRegistry must have of this card.
        """
        home, name = self._settings.home, identity.hex()
        try:
            found = manifests.load(home, identity)
            card = scorecards.load(home, found.scorecard)
        except Stop as error:
            raise Unknown(sentences.MODEL_UNKNOWN.of(model="0x" + name)) from error
        text = registry.read_card(home, identity)
        return {
            "modelId": f"0x{name}",
            "manifest": plain.read(manifests.to_json(found), "a manifest"),
            "scorecard": plain.read(scorecards.to_json(card), "a scorecard"),
            "card": None if text is None else text.decode(errors="replace"),
            "cardHash": None if text is None else "0x" + keccak256(text).hex(),
        }

    def _before(self) -> Opened:
        if self._current is None:
            raise Retry(sentences.NO_EPOCH)
        return self._current

    def _look(self) -> None:
        self._looked, known = self._clock(), self.known()
        if not known or (self._current is not None and self._current.report.epoch == known[-1]):
            return
        try:
            self._current = self._opened(known[-1])
        except Stop as error:  # its sentence names files: it is the operator's to read
            log.warning("epoch %s cannot be served: %s", known[-1], error)
            if self._current is None:
                raise Retry(sentences.EPOCH_CLOSED) from error

    def _opened(self, epoch: int) -> Opened:
        report = folder.read_report(self._settings.epochs, epoch)
        model = manifests.load(self._settings.home, report.model_id)
        card = scorecards.load(self._settings.home, model.scorecard)
        return Opened(folder.open_tree(self._settings.epochs, epoch), report, model, card)

    def _mapped(self, epoch: int) -> tuple[EpochReport, Scores]:
        found = folder.folder_of(self._settings.epochs, epoch)
        return folder.read_report(self._settings.epochs, epoch), folder.map_scores(found)
