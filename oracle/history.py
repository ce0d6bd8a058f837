"""A node's ledger at a snapshot, and the scores it gives: of an epoch, and of the one before.

Rules that hold here: scores are a function of snapshot and manifest, and of nothing else; scores of an
earlier epoch count only when they hash to what was published, whether they come from a folder or are made
again.
"""

import logging
from dataclasses import dataclass
from pathlib import Path

from ledger_reader import checks
from ledger_reader.errors import Stop
from ledger_reader.ledger import Snapshot
from ledger_reader.reader import sync
from ledger_reader.store import LedgerStore
from models import manifest as manifests
from models import scorecard as scorecards
from models.manifest import Manifest
from models.scorecard import Scores
from models.scoring import score_population
from oracle import facts, folder
from oracle.contract import CreditOracle
from oracle.epoch import snapshot_hash
from oracle.publishing import start_block
from oracle.report import EpochReport, Previous, scores_hash
from oracle.settings import Settings
from oracle.snapshots import Rpcs, rpc_of, take_snapshot
from oracle.terms import Terms, terms_at

log = logging.getLogger("node")


@dataclass(frozen=True)
class History:
    """An open ledger, and the chains it is read from."""

    settings: Settings
    rpcs: Rpcs
    store: LedgerStore

    def snapshot(self, terms: Terms) -> Snapshot:
        """The blocks that an epoch reads."""
        return take_snapshot(self.rpcs, terms.frozen, terms.manifest.schedule, terms.epoch, self.store.block)

    def sync_to(self, terms: Terms, snapshot: Snapshot) -> None:
        """Bring the ledger of every source chain to the snapshot's block.

        A frozen chain that the ledger holds as far as it counts is not asked any more.
        """
        for chain in terms.manifest.sources:
            wanted = snapshot.of(chain.chain_id)
            if terms.frozen[chain.chain_id] and self.store.block(chain.chain_id, wanted.number) == wanted:
                continue
            rpc, block = rpc_of(self.rpcs, chain.chain_id), wanted.number
            check = checks.named(self.settings.verify, rpc, chain)
            sync(rpc, self.store, chain, until_block=block, check=check)
            if check is not None:
                log.info("read chain %s up to block %s: %s", chain.chain_id, block, check.checked)

    def scores_at(self, manifest: Manifest, snapshot: Snapshot, epoch: int) -> Scores:
        """All scores of an epoch: a function of snapshot and manifest, of nothing else."""
        card = scorecards.load(self.settings.home, manifest.scorecard)
        return score_population(self.store.events(snapshot), manifest, card, manifest.schedule.until(epoch))

    def staged_facts(self, manifest: Manifest, snapshot: Snapshot, epoch: int, scores: Scores) -> Path | None:
        """A folder with what the scores rest on, for the people whose they are; None when that failed."""
        model = facts.Model(manifest, scorecards.load(self.settings.home, manifest.scorecard))
        events, until = self.store.events(snapshot), manifest.schedule.until(epoch)
        return facts.staged_facts(
            self.settings.epochs, epoch, events, model, until, scores, self.settings.events
        )

    def scores_before(
        self, oracle: CreditOracle, terms: Terms, snapshot: Snapshot, block: int
    ) -> Previous | None:
        """The scores of the latest report that stood at the snapshot: from its folder, else scored again.

        Which one stood is told by logs up to the snapshot alone: neither held nor vetoed by then. Whatever
        their source, the scores count only if they hash to that report's scoresHash. `block`: a final one.
        """
        last = snapshot.of(self.settings.chain_id).number
        reports = oracle.standing(start_block(terms.manifest), last)
        if not reports:
            return None
        before = reports[max(reports)].report
        found = self._kept(before) or self._made_again(oracle, before, block)
        if scores_hash(found) != before.scores_hash:
            raise Stop(
                f"this node computes other scores for epoch {before.epoch} than were published "
                f"(0x{scores_hash(found).hex()}, published 0x{before.scores_hash.hex()}); compare "
                "the ledgers."
            )
        return Previous(before.epoch, found)

    def _kept(self, before: EpochReport) -> Scores | None:
        """The scores in this node's own folder, if they are those of the report."""
        if before.epoch not in folder.known_epochs(self.settings.epochs):
            return None
        kept = folder.read_scores(self.settings.epochs, before.epoch)
        return kept if scores_hash(kept) == before.scores_hash else None

    def _made_again(self, oracle: CreditOracle, before: EpochReport, block: int) -> Scores:
        """The old snapshot, which must be the one reported, scored with the old manifest."""
        manifest = manifests.load(self.settings.home, before.model_id)
        terms = terms_at(oracle, self.settings.home, manifest.schedule, before.epoch, block)
        snapshot = self.snapshot(terms)
        if snapshot_hash(snapshot) != before.snapshot_hash:
            raise Stop(
                f"this node finds another snapshot of epoch {before.epoch} than was published "
                f"(0x{snapshot_hash(snapshot).hex()}, published 0x{before.snapshot_hash.hex()}); compare the "
                "RPC addresses with another operator's."
            )
        return self.scores_at(manifest, snapshot, before.epoch)
