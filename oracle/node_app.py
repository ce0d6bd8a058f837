"""What a node serves: its inbox and its tree for other members, and its health for its operator."""

import time
from importlib import metadata

from fastapi import FastAPI

from oracle import folder
from oracle.gossip import inbox_app
from oracle.node import Node
from oracle.settings import address_text


def node_app(node: Node) -> FastAPI:
    """The inbox and questions of `gossip`, and GET /health: phase, last epoch, who dissented."""
    app = inbox_app(node.mailbox.accept, node.witness.answer)

    @app.get("/health")
    def health() -> dict[str, object]:
        epochs = folder.known_epochs(node.settings.epochs)
        return {
            "phase": node.phase,
            "epoch": epochs[-1] if epochs else None,
            "contract": address_text(node.settings.contract),
            "version": metadata.version("credit-oracle"),
            "member": address_text(node.signer.address) if node.signer else None,
            "time": int(time.time()),
            "dryRun": node.signer is None,
            "dissent": [{"member": member, "epoch": epoch} for member, epoch in sorted(node.dissent.items())],
        }

    return app
