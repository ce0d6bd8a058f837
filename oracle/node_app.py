"""What a node serves: its inbox and its tree for other members, and its health for its operator."""

import time
from importlib import metadata

from fastapi import FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST

from oracle import folder, metrics
from oracle.gossip import inbox_app
from oracle.node import Node
from oracle.settings import address_text


def node_app(node: Node) -> FastAPI:
    """Inbox and questions of `gossip`, GET /metrics for Prometheus, GET /health for people and `check`.

    Health: phase, last epoch in the folder, version, member, this machine's time, who dissented.
    """
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

    @app.get("/metrics")
    def show_metrics() -> Response:
        return Response(metrics.page(), media_type=CONTENT_TYPE_LATEST)

    return app
