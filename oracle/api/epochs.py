"""The epoch folders that the service answers from: opened once each, a few at a time."""

from functools import lru_cache

from ledger_reader.errors import Retry, Stop
from models import manifest as manifests
from models import scorecard as scorecards
from models.scorecard import Scorecard
from oracle import folder
from oracle.report import EpochReport
from oracle.settings import Settings
from oracle.tree import EpochTree

OPEN_AT_ONCE = 2


class Unknown(Stop):
    """What was asked for is not kept here."""


class Epochs:
    """One node's epoch folders, read-only."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._open = lru_cache(maxsize=OPEN_AT_ONCE)(self._opened)

    def known(self) -> list[int]:
        """All epochs kept, ascending."""
        return folder.known_epochs(self._settings.epochs)

    def report(self, epoch: int) -> EpochReport:
        """The report of one epoch; Unknown when it is not kept."""
        if epoch not in self.known():
            raise Unknown(f"Epoch {epoch} is not kept here; GET /v1/epochs lists those that are.")
        return folder.read_report(self._settings.epochs, epoch)

    def latest(self) -> tuple[EpochTree, Scorecard]:
        """The tree of the latest epoch and the scorecard that made it; Retry when there is none yet."""
        known = self.known()
        if not known:
            raise Retry("No epoch is computed yet; the first scores come when the first epoch has ended.")
        return self._open(known[-1])

    def _opened(self, epoch: int) -> tuple[EpochTree, Scorecard]:
        model = manifests.load(self._settings.home, self.report(epoch).model_id)
        tree = folder.open_tree(self._settings.epochs, epoch)
        return tree, scorecards.load(self._settings.home, model.scorecard)
