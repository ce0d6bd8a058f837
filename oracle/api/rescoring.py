"""What somebody's score would be without one fact of the own record: worked out when asked for.

Rules that hold here: one question at a time, within limits of memory and time, and each answer is kept, so
that no borrower can keep the service from the others; only facts of the wallet that asks; where the epoch's
folder has no events to score from, it is said when it will be known.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from ledger_reader.errors import Retry
from oracle import sentences
from oracle.api.answers import row_of
from oracle.api.epochs import Epochs, Opened, Unknown
from oracle.folder import EVENTS, FACTS

log = logging.getLogger("oracle.api")

MOST_SECONDS = 20.0


class Rescoring:
    """Answers, one at a time."""

    def __init__(self) -> None:
        self._free = threading.Lock()

    def without(self, epochs: Epochs, account: bytes, fact_id: bytes) -> bytes:
        """The latest epoch's score with and without one of the account's facts, as JSON.

        Unknown when it is no fact of the account's, or when this cannot be worked out here; Retry when
        another one is being worked out.
        """
        opened = epochs.latest()
        key = ("without", account, fact_id)
        found = opened.made.get(key)
        if found is not None:
            return found
        with self.busy():
            return opened.made.put(key, _without(epochs, opened, account, fact_id))

    @contextmanager
    def busy(self) -> Iterator[None]:
        """As long as this lasts nothing else is worked out; Retry when something is."""
        if not self._free.acquire(blocking=False):
            raise Retry(sentences.WITHOUT_BUSY)
        try:
            yield
        finally:
            self._free.release()


def _without(epochs: Epochs, opened: Opened, account: bytes, fact_id: bytes) -> bytes:
    from oracle.facts import facts_of, told_without  # noqa: PLC0415 (slow to load; most never ask)

    where, epoch = epochs.folder_of(opened), opened.report.epoch
    scores, later = opened.tree.scores, sentences.WITHOUT_LATER.of(epoch=epoch + 1)
    if not (where / EVENTS).is_file() or not (where / FACTS).is_file():
        raise Unknown(later)
    own = {fact.fact_id for fact in facts_of(where, account) if fact.wallet == account and not fact.excluded}
    index = row_of(scores, account)
    if fact_id not in own or index is None:
        raise Unknown(sentences.FACT_UNKNOWN.of(epoch=epoch))
    until = opened.manifest.schedule.until(epoch)
    try:
        without = told_without(where, opened.card, until, account, fact_id, MOST_SECONDS)
    except Retry as error:
        log.warning("%s", error)
        raise Unknown(later) from error
    told = {
        "epoch": epoch,
        "factId": "0x" + fact_id.hex(),
        "scoreWith": int(scores.score[index]) or None,
        "scoreWithout": without or None,
    }
    return msgspec.json.encode(told)
