"""What members signed against a node's reports: listed, and brought to the contract."""

from pathlib import Path
from typing import Any

from ledger_reader.errors import Stop
from ledger_reader.rpc import Rpc
from oracle.contract import CreditOracle
from oracle.dissent import evidence
from oracle.dissent.equivocation import submit
from oracle.dissent.evidence import Evidence
from oracle.epoch import Deployment
from oracle.journal import Journal
from oracle.settings import load_settings
from oracle.signers import open_payer
from oracle.wallet import Wallet


def list_evidence(home: Path) -> dict[str, Any]:
    """What members signed against this node's reports, and the proofs that one told two stories."""
    settings = load_settings(home)
    deployment = Deployment(settings.chain_id, settings.contract)
    with Evidence(home / evidence.FILE, deployment) as kept:
        return {
            "dissent": [evidence.describe(each, deployment) for each in kept.dissents()],
            "proofs": [evidence.describe_proof(each) for each in kept.proofs()],
        }


def submit_evidence(home: Path, password: str) -> dict[str, Any]:
    """Bring every proof that is not settled to the contract; all evidence after that."""
    settings = load_settings(home)
    payer = open_payer(settings, password)
    if payer is None:
        raise Stop(f"{home} holds no key that could pay for a transaction: name a wallet in settings.json.")
    rpc = Rpc(settings.rpc[settings.chain_id], chain_id=settings.chain_id)
    wallet = Wallet(rpc, payer, settings.chain_id, settings.poll_seconds, Journal(home / "wallet.json"))
    deployment = Deployment(settings.chain_id, settings.contract)
    with rpc, Evidence(home / evidence.FILE, deployment) as kept:
        submit(kept, CreditOracle(rpc, settings.contract), wallet)
    return list_evidence(home)
