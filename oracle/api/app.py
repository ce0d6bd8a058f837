"""The service for borrowers: health, epochs, and after a wallet's signature the own score and proofs.

Rules that hold here: it opens epoch folders and holds the S_e in them, never the committee secret and
never the ledger; nobody sees a score but its borrower, who signs in with the wallet (EIP-4361); a
refusal says no more to a stranger than to anyone; every body has a size limit.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Header, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from ledger_reader.errors import Retry, Stop
from models.reasons import Language
from oracle import report as reports
from oracle.api.epochs import Epochs, Unknown
from oracle.api.sessions import STATEMENT, Sessions
from oracle.api.wallet_message import Refusal
from oracle.settings import Settings, address_text
from oracle.statement import statement
from oracle.tree import to_json

MAX_BODY_BYTES = 16 * 1024

PROBLEMS: dict[type[Exception], tuple[int, str]] = {
    Refusal: (401, "Sign in first"),
    Unknown: (404, "Not found"),
    Stop: (409, "Refused"),
    Retry: (503, "Not yet"),
}


class SignIn(BaseModel):
    """An EIP-4361 message and the wallet's signature of it (0x hex, 65 bytes)."""

    message: str = Field(max_length=4096)
    signature: str = Field(max_length=140)


def make_app(settings: Settings, domain: str) -> FastAPI:
    """The ASGI application over one node's folder; `domain` is what wallets must name when they sign in."""
    app = FastAPI(
        title="Credit-score oracle", version="1", docs_url="/v1/docs", openapi_url="/v1/openapi.json"
    )
    app.middleware("http")(_limited)
    for kind in PROBLEMS:
        app.exception_handler(kind)(_told)
    epochs, sessions = Epochs(settings), Sessions(domain, settings.chain_id)
    app.include_router(_public(settings, epochs), prefix="/v1")
    app.include_router(_sessions(sessions, domain), prefix="/v1")
    app.include_router(_own(sessions, epochs), prefix="/v1/me")
    return app


def _public(settings: Settings, epochs: Epochs) -> APIRouter:
    routes = APIRouter()

    @routes.get("/health")
    def health() -> dict[str, Any]:
        return {
            "status": "ok",
            "chainId": settings.chain_id,
            "contract": address_text(settings.contract),
            "latestEpoch": max(epochs.known(), default=None),
        }

    @routes.get("/epochs")
    def latest_epochs() -> list[dict[str, Any]]:
        return [reports.to_json(epochs.report(epoch)) for epoch in epochs.known()[-100:]]

    @routes.get("/epochs/{epoch}")
    def one_epoch(epoch: int) -> dict[str, Any]:
        return reports.to_json(epochs.report(epoch))

    return routes


def _sessions(sessions: Sessions, domain: str) -> APIRouter:
    routes = APIRouter()

    @routes.post("/nonces")
    def nonce() -> dict[str, str]:
        return {"nonce": sessions.new_nonce(), "domain": domain, "statement": STATEMENT}

    @routes.post("/sessions")
    def sign_in(body: SignIn) -> dict[str, Any]:
        token, account = sessions.sign_in(body.message, body.signature)
        return {"token": token, "account": address_text(account)}

    @routes.delete("/sessions", status_code=204)
    def sign_out(authorization: Annotated[str, Header()] = "") -> None:
        sessions.end(_token(authorization))

    return routes


def _own(sessions: Sessions, epochs: Epochs) -> APIRouter:
    routes = APIRouter()

    def signed_in(authorization: Annotated[str, Header()] = "") -> bytes:
        return sessions.account_of(_token(authorization))

    @routes.get("/score")
    def score(
        account: Annotated[bytes, Depends(signed_in)],
        lang: Language = "en",
        target: Annotated[int | None, Query(ge=301, le=850)] = None,
    ) -> dict[str, Any]:
        tree, card = epochs.latest()
        return {"epoch": tree.epoch, **statement(card, tree.scores, tree.index_of(account), lang, target)}

    @routes.get("/proof")
    def proof(
        account: Annotated[bytes, Depends(signed_in)],
        at_least: Annotated[int | None, Query(ge=310, le=850)] = None,
    ) -> dict[str, Any]:
        tree, _ = epochs.latest()
        index = tree.index_of(account)
        if at_least is None:
            return {"kind": "score", "account": address_text(account), **to_json(tree.score_proof(index))}
        found = tree.at_least_proof(index, at_least)
        return {"kind": "atLeast", "account": address_text(account), **to_json(found)}

    return routes


def _token(authorization: str) -> str:
    return authorization.removeprefix("Bearer ")


async def _limited(request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
    """No body over the limit is read; every answer is private."""
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > MAX_BODY_BYTES or "transfer-encoding" in request.headers:
        return _problem(413, "Too large", f"A body has at most {MAX_BODY_BYTES} bytes and states its length.")
    response = await go_on(request)
    response.headers["cache-control"] = "no-store"
    response.headers["x-content-type-options"] = "nosniff"
    return response


def _problem(status: int, title: str, detail: str) -> JSONResponse:
    """RFC 9457 problem details."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return JSONResponse(body, status, media_type="application/problem+json")


def _told(_request: Request, error: Exception) -> Response:
    status, title = next(PROBLEMS[kind] for kind in type(error).__mro__ if kind in PROBLEMS)
    return _problem(status, title, str(error))
