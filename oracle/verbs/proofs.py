"""A proof put to the contract, as a lender would, and a refusal explained."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ledger_reader.rpc import Rpc
from models import plain
from oracle import proof_text, refusals
from oracle.contract import CreditOracle, Refused
from oracle.proof_text import is_proof_text, proof_of
from oracle.tree import AtLeastProof, ScoreProof
from oracle.verbs.arguments import address_of, content_of


def verify_proof(
    urls: Sequence[str], contract: str, account: str, proof: Path, max_age: int
) -> dict[str, Any]:
    """What the contract says to a proof, and its current epoch; Refused when it says no."""
    found = read_proof(content_of(proof), str(proof))
    borrower = address_of(account)
    with Rpc(tuple(urls)) as rpc:
        oracle = CreditOracle(rpc, address_of(contract))
        if isinstance(found, ScoreProof):
            told = oracle.verify_score(borrower, found, max_age)
        else:
            told = oracle.verify_at_least(borrower, found, max_age)
        current = oracle.read("currentEpoch")[0]
    return {"account": account, "proven": True, **told, "currentEpoch": current}


def explain_refusal(account: str, refused: Refused) -> dict[str, Any]:
    """The problem, its cause and the way out, of a proof that was refused."""
    found = refusals.explain(refused)
    return {"account": account, "proven": False, "error": refused.error, **found._asdict()}


def explain_data(text: str) -> dict[str, Any]:
    """The same of a revert's data (0x hex), as a node or a wallet shows it."""
    refused = refusals.decoded(text)
    return {"error": str(refused).partition(": ")[2], **refusals.explain(refused)._asdict()}


def read_proof(content: bytes, name: str) -> ScoreProof | AtLeastProof:
    """A proof as `prove --json` prints it, or its short text; Stop names what is wrong."""
    text = content.decode(errors="replace").strip()
    return proof_text.read_proof(text)[1] if is_proof_text(text) else proof_of(plain.read(content, name))
