"""A signed bundle's model, put into a node's folder."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ledger_reader.errors import Stop
from ledger_reader.keccak import keccak256
from models import registry
from oracle.ceremony import IDENTITY_FILE


def adopt_model(bundle: Path, signers: Sequence[str], home: Path) -> dict[str, Any]:
    """Put a bundle's manifest, scorecard and card into a node's folder, once its signature held."""
    if not (home / IDENTITY_FILE).is_file():
        raise Stop(f"{home} is no node's folder; make one with `credit-oracle init`.")
    found = registry.load(bundle, registry.trusted(signers))
    return {
        "modelId": "0x" + registry.install(found, home).hex(),
        "signer": "0x" + found.signer.hex(),
        "cardHash": "0x" + keccak256(found.card_markdown).hex(),
        "home": str(home),
    }
