"""From a quorum's signatures to the root on chain: what stands there, and sending when it is my turn.

Rules that hold here: the chain is asked right before anything is sent, and what would revert is not sent;
another member's being first is no failure, nor is an account that cannot pay: others can.
"""

import logging
from dataclasses import dataclass

from ledger_reader.errors import Retry, Stop
from models import manifest as manifests
from models.manifest import Manifest
from oracle import metrics
from oracle.committee import Collection
from oracle.contract import CreditOracle, Published, Refused
from oracle.report import EpochReport, Mark
from oracle.settings import address_text
from oracle.wallet import Broke, Wallet

log = logging.getLogger("node")

TAKEN = ("EpochNotRising",)
"""The contract's words for: this epoch, or a later one, stands already."""

TRANSIENT = (
    "PublishingPaused",
    "EpochNotEnded",
    "SnapshotBlockNotPast",
    "WrongHomeHash",
    "ReportExpired",
    "SnapshotTimeOutOfRange",
)
"""The contract's words for what passes by itself, or cannot be helped: the round ends, not the node."""


@dataclass(frozen=True)
class Publisher:
    """The contract from its first block on, and who pays; `wallet` is None in a dry run."""

    oracle: CreditOracle
    wallet: Wallet | None
    start_block: int

    def published(self, epoch: int) -> Published | None:
        """The epoch's report as it stands on chain now, None when it does not."""
        if self.oracle.latest_epoch() < epoch:
            return None
        return self.oracle.published(self.start_block).get(epoch)

    def publish(self, collection: Collection, report: EpochReport, simulate_at: str = "latest") -> None:
        """Send the transaction and wait for it; Retry when the contract is paused or the report too late."""
        mask, signatures = collection.mask_and_signatures()
        if self.wallet is None:
            return
        try:
            receipt = self.wallet.send(
                self.oracle,
                "publish",
                report.values(),
                mask,
                signatures,
                is_needless=lambda: self.oracle.latest_epoch() >= report.epoch,
                simulate_at=simulate_at,
            )
        except Broke as refusal:
            log.warning("epoch %s is left to the other members: %s", report.epoch, refusal)
        except Refused as refusal:
            _weigh(refusal)
        else:
            if receipt is not None:
                metrics.gas_used.inc(receipt.gas)
                log.info("epoch %s: published in %s, gas %s", report.epoch, receipt.transaction, receipt.gas)


def _weigh(refusal: Refused) -> None:
    """Nothing when the epoch stands already; Retry when that may pass; the refusal itself otherwise."""
    if refusal.error in TRANSIENT:
        raise Retry(str(refusal)) from refusal
    if refusal.error not in TAKEN:
        raise refusal


def tell_mark(oracle: CreditOracle, epoch: int) -> None:
    """Say so when a published root is not read: held for its figures, or vetoed."""
    mark = oracle.mark_of(epoch)
    if mark is Mark.HELD:
        log.warning(
            "epoch %s is held: its figures lie outside the contract's limits (%s)", epoch, oracle.limits()
        )
    elif mark is Mark.VETOED:
        log.warning("epoch %s is vetoed by the guardian or the owner", epoch)


def start_block(manifest: Manifest) -> int:
    """The block from which the home contract exists: where the manifest begins to read it."""
    home = manifest.schedule
    for chain in manifest.sources:
        for source in chain.sources:
            if (chain.chain_id, source.address) == (home.chain_id, home.contract):
                return source.start_block
    raise Stop(
        f"the manifest 0x{manifests.model_id(manifest).hex()} does not read the contract "
        f"{address_text(home.contract)}; enrolment is read from there: list it among the sources."
    )
