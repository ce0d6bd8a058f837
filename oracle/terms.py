"""What the contract fixes for an epoch: committee, model, source chains; read at a finalized block.

Rules that hold here: changes hold from a later epoch than the one that runs when they are made, so what a
final block after an epoch's end says of that epoch is said for ever, and the same to every node. The
manifest must be made for this contract, its clock and its list of source chains.
"""

from dataclasses import dataclass
from pathlib import Path

from ledger_reader.errors import Stop
from models import manifest as manifests
from models.manifest import Manifest
from models.schedule import Schedule
from oracle.committee import Committee
from oracle.contract import CreditOracle


@dataclass(frozen=True)
class Terms:
    """Of one epoch: who signs, by which model, and by chain id the last block that counts (0: live)."""

    epoch: int
    committee: Committee
    model_id: bytes
    manifest: Manifest
    frozen: dict[int, int]


def terms_at(oracle: CreditOracle, home: Path, schedule: Schedule, epoch: int, block: int) -> Terms:
    """The terms of an epoch as the contract knows them at `block`; Stop when the manifest does not fit."""
    model_id = oracle.model_at(epoch, block)
    manifest = manifests.load(home, model_id)
    frozen = frozen_at(oracle, epoch, block)
    check_schedule(manifest, schedule)
    check_sources(manifest, frozen)
    return Terms(epoch, oracle.committee_at(epoch, block), model_id, manifest, frozen)


def frozen_at(oracle: CreditOracle, epoch: int, block: int | str) -> dict[int, int]:
    """The epoch's source chains: by chain id the last block that counts, 0 while a chain is live."""
    return {source.chain_id: source.frozen_at for source in oracle.sources_at(epoch, block)}


def check_schedule(manifest: Manifest, schedule: Schedule) -> None:
    """Stop unless the manifest was made for this contract and its clock."""
    if manifest.schedule != schedule:
        raise Stop(
            f"the manifest 0x{manifests.model_id(manifest).hex()} is for {manifest.schedule}, the contract "
            f"says {schedule}; the owner must schedule a manifest made for this contract."
        )


def check_sources(manifest: Manifest, frozen: dict[int, int]) -> None:
    """Stop unless the manifest reads exactly the chains that the contract lists."""
    read = [chain.chain_id for chain in manifest.sources]
    if sorted(read) != sorted(frozen):
        raise Stop(
            f"the manifest 0x{manifests.model_id(manifest).hex()} reads the chains {sorted(read)}, the "
            f"contract lists {sorted(frozen)}; the owner must schedule the sources that the model reads."
        )
