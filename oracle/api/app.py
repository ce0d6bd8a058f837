"""The service for borrowers and readers: health, epochs, the own score and proofs, consents, reads.

Rules that hold here: it opens epoch folders and holds the S_e in them, never the committee secret and
never the ledger; nobody sees a score but its borrower, who signs in with the wallet (EIP-4361), and whoever
the borrower lets (consent.py); a refusal says no more to a stranger than to anyone; every body has a size
limit (edge.py).
"""

from pathlib import Path
from typing import Any

from fastapi import FastAPI

from oracle.api.edge import Edge
from oracle.api.gateway import gateway_routes
from oracle.api.own import own_routes
from oracle.api.page import DIST, add_page
from oracle.api.problems import MEDIA_TYPE, tell_problems
from oracle.api.public import metrics_route, public_routes, service_routes
from oracle.api.readers import consent_routes, reader_routes
from oracle.api.record import record_routes
from oracle.api.service import Service
from oracle.api.signing_in import session_routes
from oracle.guard import Allowance

_PROBLEM = {
    "description": "Refused, with what to do (RFC 9457)",
    "content": {
        MEDIA_TYPE: {
            "schema": {
                "type": "object",
                "required": ["type", "title", "status", "code", "detail"],
                "properties": {
                    "type": {"type": "string"},
                    "title": {"type": "string"},
                    "status": {"type": "integer"},
                    "code": {"type": "string", "description": "Which refusal it is, for programs"},
                    "detail": {"type": "string"},
                },
            },
            "example": {
                "type": "about:blank",
                "title": "No consent",
                "status": 403,
                "code": "no-consent",
                "detail": "No consent for this request.",
            },
        }
    },
}
_RESPONSES: dict[int | str, dict[str, Any]] = {"4XX": _PROBLEM, "5XX": _PROBLEM}


def make_app(service: Service, page: Path = DIST) -> Edge:
    """The ASGI application of a service, with its edge; `page`: the built page's folder."""
    app = FastAPI(
        title="Credit-score oracle",
        summary="Scores that their borrowers own: read, prove, consent, dispute.",
        version="1",
        docs_url=None,  # its page loads scripts from other hosts
        redoc_url=None,
        openapi_url="/v1/openapi.json",
        responses=_RESPONSES,
    )
    tell_problems(app)
    for routes in (
        own_routes,  # asked most, so tried first
        record_routes,
        consent_routes,
        reader_routes,
        session_routes,
        service_routes,
        public_routes,
        gateway_routes,
        metrics_route,
    ):
        app.include_router(routes(service))
    add_page(app, service.operator.rpc, page)
    operator = service.operator
    return Edge(app, service.origin, Allowance(operator.requests_a_second, operator.burst), service.figures)
