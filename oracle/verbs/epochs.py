"""What one epoch's folder tells: the report, and a borrower's proof."""

from pathlib import Path
from typing import Any

from oracle import folder
from oracle import report as reports
from oracle.epoch import Deployment
from oracle.proof_text import write_proof
from oracle.report import digest
from oracle.settings import load_settings
from oracle.tree import EpochTree, to_json
from oracle.verbs.arguments import address_of


def show_report(home: Path, epoch: int) -> dict[str, Any]:
    """The report in a node's folder, with its digest and the size of its tree."""
    settings = load_settings(home)
    found = folder.read_report(settings.epochs, epoch)
    tree = folder.open_tree(settings.epochs, epoch)
    signed = digest(found, Deployment(settings.chain_id, settings.contract))
    return {**reports.to_json(found), "digest": "0x" + signed.hex(), "leaves": len(tree.scores.addresses)}


def make_proof(home: Path, epoch: int, account: str, at_least: int | None) -> dict[str, Any]:
    """A proof from a node's folder, with the kind that `verify` asks for."""
    return _proof(folder.open_tree(load_settings(home).epochs, epoch), account, at_least)


def make_proof_from(path: Path, account: str, at_least: int | None) -> dict[str, Any]:
    """The same from one epoch's folder, without a node."""
    return _proof(folder.open_folder(path), account, at_least)


def _proof(tree: EpochTree, account: str, at_least: int | None) -> dict[str, Any]:
    borrower = address_of(account)
    index = tree.index_of(borrower)
    kind = "score" if at_least is None else "atLeast"
    found = tree.score_proof(index) if at_least is None else tree.at_least_proof(index, at_least)
    return {"kind": kind, "account": account, **to_json(found), "text": write_proof(borrower, found)}
