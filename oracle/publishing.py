"""From a quorum's signatures to the root on chain: what stands there, and sending when it is my turn.

Rules that hold here: the chain is asked right before anything is sent; another member's being first is
no failure.
"""

import logging

from ledger_reader.errors import Stop
from models import manifest as manifests
from models.manifest import Manifest
from oracle import metrics
from oracle.committee import Collection
from oracle.contract import CreditOracle, Published, Refused
from oracle.report import EpochReport
from oracle.settings import address_text
from oracle.wallet import Wallet

log = logging.getLogger("node")


def published_report(oracle: CreditOracle, manifest: Manifest, epoch: int) -> Published | None:
    """The epoch's report as it stands on chain, None when it does not."""
    if oracle.latest_epoch() < epoch:
        return None
    return oracle.published(start_block(manifest)).get(epoch)


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


def publish(oracle: CreditOracle, wallet: Wallet, collection: Collection, report: EpochReport) -> None:
    """Send the transaction; another member's being first is no failure."""
    mask, signatures = collection.mask_and_signatures()
    try:
        receipt = wallet.send(
            oracle,
            "publish",
            report.values(),
            mask,
            signatures,
            is_needless=lambda: oracle.latest_epoch() >= report.epoch,
        )
    except Refused as refusal:
        if refusal.error != "EpochNotRising":
            raise
        return
    if receipt is not None:
        metrics.gas_used.inc(receipt.gas)
        log.info("epoch %s: published in %s, gas %s", report.epoch, receipt.transaction, receipt.gas)
