"""What a node serves: its inbox for other members, and its health for its operator."""

from fastapi import FastAPI

from oracle import folder
from oracle.gossip import inbox_app
from oracle.node import Node
from oracle.settings import address_text


def node_app(node: Node) -> FastAPI:
    """The inbox of `gossip`, and GET /health: phase, last epoch in the folder, members that dissented."""
    app = inbox_app(node.mailbox.accept)

    @app.get("/health")
    def health() -> dict[str, object]:
        epochs = folder.known_epochs(node.settings.epochs)
        return {
            "phase": node.phase,
            "epoch": epochs[-1] if epochs else None,
            "contract": address_text(node.settings.contract),
            "dryRun": node.signer is None,
            "dissent": [{"member": member, "epoch": epoch} for member, epoch in sorted(node.dissent.items())],
        }

    return app
