"""The node: its folder opened, its port served, round after round told."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from oracle import metrics
from oracle.ceremony import IDENTITY_FILE
from oracle.keys import NodeKeys
from oracle.mailbox import Server
from oracle.metrics import RpcTally
from oracle.node import Node, Round, open_node, run
from oracle.node_app import node_app
from oracle.settings import address_text, load_settings
from oracle.signers import open_payer, open_signer
from oracle.watch import Watch


def run_node(
    home: Path, password: str, once: bool, dry_run: bool, tell: Callable[[dict[str, Any]], None]
) -> None:
    """Open a node's folder and run it; `tell` gets each round's outcome."""
    settings = load_settings(home)
    keys = NodeKeys.load(home / IDENTITY_FILE, password)
    signer = None if dry_run else open_signer(settings, password)
    payer = None if signer is None else open_payer(settings, password)
    node = open_node(settings, keys, signer, payer)
    metrics.describe(address_text(settings.contract), signer is not None)
    metrics.registry.register(RpcTally(node.rpcs))
    with Server(node_app(node), settings.listen_host, settings.listen_port), Watch(node):
        run(node, once, lambda result: tell(describe_round(node, result)))


def describe_round(node: Node, result: Round) -> dict[str, Any]:
    """A round's outcome in plain values."""
    published = result.published
    return {
        "epoch": result.report.epoch,
        "root": "0x" + result.report.root.hex(),
        "scoresHash": "0x" + result.report.scores_hash.hex(),
        "borrowers": result.report.borrowers,
        "leaves": result.leaves,
        "dryRun": node.signer is None,
        "published": published is not None,
        "agrees": result.agrees,
        "transaction": published.transaction if published else None,
        "seconds": result.seconds,
    }
