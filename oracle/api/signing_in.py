"""Signing in and out: a nonce, a wallet's message, a session."""

from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from oracle.api.edge import COOKIE
from oracle.api.service import Service, token_of
from oracle.api.sessions import SESSION_SECONDS, STATEMENT
from oracle.api.shapes import Nonce, Session, tells
from oracle.api.signatures import MAX_SIGNATURE_BYTES, from_hex
from oracle.guard import origin
from oracle.settings import address_text

Signature = Annotated[str, Field(max_length=2 + 2 * MAX_SIGNATURE_BYTES, examples=["0x" + "5c" * 64 + "1b"])]


class SignIn(BaseModel):
    """An EIP-4361 message and the wallet's signature of it (0x hex)."""

    message: str = Field(
        max_length=4096,
        examples=["score.example wants you to sign in with your Ethereum account:\n0x…"],
    )
    signature: Signature


def session_routes(service: Service) -> APIRouter:
    """Nonces and sessions."""
    routes = APIRouter(prefix="/v1", tags=["sign-in"])

    @routes.post("/nonces", **tells(Nonce))
    def nonce(request: Request) -> dict[str, str]:
        """A nonce for one sign-in within five minutes, and what else the message must say."""
        asked = service.new_nonce(origin(request.scope.get("client")))
        return {"nonce": asked, "domain": service.domain, "statement": STATEMENT}

    @routes.post("/sessions", **tells(Session))
    def sign_in(body: SignIn, response: Response) -> dict[str, Any]:
        """A session of 30 minutes: a token, and the same as a cookie for browsers."""
        token, account, expires = service.sessions.sign_in(body.message, from_hex(body.signature))
        response.set_cookie(
            COOKIE,
            token,
            max_age=SESSION_SECONDS,
            httponly=True,
            samesite="strict",
            secure=service.origin.startswith("https"),
        )
        return {"token": token, "account": address_text(account), "expires": expires}

    @routes.delete("/sessions", status_code=204)
    def sign_out(request: Request, response: Response) -> None:
        """End the session."""
        service.sessions.end(token_of(request.headers))
        response.delete_cookie(COOKIE, httponly=True, samesite="strict")

    return routes
