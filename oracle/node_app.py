"""What a node serves: its inbox and its tree for other members, and its health for its operator.

Rules that hold here: plain Starlette, for a node has no schema to show and FastAPI takes 0.3 s to load.
"""

import time
from importlib import metadata

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from oracle import folder, metrics
from oracle.gossip import inbox_app
from oracle.node import Node
from oracle.settings import address_text


def node_app(node: Node) -> Starlette:
    """Inbox and questions of `gossip`, GET /metrics for Prometheus, GET /health for people and `check`.

    Health: phase, last epoch in the folder, version, member, this machine's time, who dissented.
    """

    def health(_: Request) -> JSONResponse:
        epochs = folder.known_epochs(node.settings.epochs)
        return JSONResponse(
            {
                "phase": node.phase,
                "epoch": epochs[-1] if epochs else None,
                "contract": address_text(node.settings.contract),
                "version": metadata.version("credit-oracle"),
                "member": address_text(node.signer.address) if node.signer else None,
                "time": int(time.time()),
                "dryRun": node.signer is None,
                "dissent": [
                    {"member": member, "epoch": epoch} for member, epoch in sorted(node.dissent.items())
                ],
            }
        )

    def show_metrics(_: Request) -> Response:
        return Response(metrics.page(), media_type=CONTENT_TYPE_LATEST)

    shown = (Route("/health", health), Route("/metrics", show_metrics))
    return inbox_app(node.mailbox.accept, node.witness.answer, shown)
