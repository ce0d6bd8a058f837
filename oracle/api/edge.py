"""The service's edge: what every request passes before anything of it is believed, and every answer gets.

Rules that hold here: pure ASGI, and cheap; an address that asks too often, headers or a body too large, a
body without a stated length or one that trickles, and a change that another site made a browser ask for
(cookie without a same-origin header) are refused before any route runs. Every answer carries a request id
and security headers; CORS stays closed but for the gateway (gateway.py). One line of JSON a request goes to
the access log, with the route's pattern in place of the path: no address, no query, no token.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from http.cookies import CookieError, SimpleCookie

import msgspec
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from oracle import sentences
from oracle.api.figures import Figures
from oracle.api.problems import problem
from oracle.guard import Allowance, origin

MAX_BODY_BYTES = 16 * 1024
MAX_HEADER_BYTES = 16 * 1024
BODY_SECONDS = 10.0
COOKIE = "session"
SAFE = ("GET", "HEAD", "OPTIONS")

log = logging.getLogger("oracle.api.access")

HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
"""On every answer that does not say otherwise itself."""


OPEN_PATH = "/v1/gateway/"
OPEN = ((b"access-control-allow-origin", b"*"), (b"cross-origin-resource-policy", b"cross-origin"))
"""On every answer of the gateway, refusals too: pages of any origin may read it, without credentials."""


class Edge:
    """ASGI middleware around the whole application; `own_origin` is how browsers reach it."""

    def __init__(self, app: ASGIApp, own_origin: str, allowance: Allowance, figures: Figures) -> None:
        self._app, self._origin = app, own_origin
        self._allowance, self._figures = allowance, figures
        https = {"strict-transport-security": "max-age=31536000"} if own_origin.startswith("https") else {}
        self._headers = [(name.encode(), value.encode()) for name, value in (HEADERS | https).items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuses a request, or passes it on; tells the log and the figures of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, identity, status = time.perf_counter(), secrets.token_hex(8), 500

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._complete(message, identity, scope["path"])
            await send(message)

        refusal = self._refusal(scope)
        try:
            if refusal is not None:
                await refusal(scope, receive, answer)
            else:
                await self._app(scope, receive if scope["method"] in SAFE else _timed(receive), answer)
        finally:
            self._note(scope, status, time.perf_counter() - began, identity)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if not self._allowance.take(origin(scope.get("client"))):
            return problem(429, sentences.ASKED_TOO_OFTEN, headers)
        if sum(len(name) + len(value) for name, value in scope["headers"]) > MAX_HEADER_BYTES:
            return problem(431, sentences.HEADERS_TOO_LARGE.of(most=MAX_HEADER_BYTES), headers)
        length = headers.get("content-length", "0")
        too_long = not length.isdecimal() or len(length) > 9 or int(length) > MAX_BODY_BYTES
        if too_long or "transfer-encoding" in headers:
            return problem(413, sentences.BODY_TOO_LARGE.of(most=MAX_BODY_BYTES), headers)
        if scope["method"] not in SAFE and not self._same_site(headers):
            return problem(403, sentences.OTHER_SITE, headers)
        return None

    def _same_site(self, headers: Headers) -> bool:
        """Whether a change is asked for by our page, or by no browser's cookie at all."""
        if "authorization" in headers or session_cookie(headers) is None:
            return True
        if "origin" in headers:
            return headers["origin"] == self._origin
        return headers.get("sec-fetch-site") == "same-origin"

    def _complete(self, message: Message, identity: str, path: str) -> None:
        headers = message.setdefault("headers", [])
        if path.startswith(OPEN_PATH):
            headers.extend(OPEN)
        present = {name for name, _ in headers}
        headers.extend(pair for pair in self._headers if pair[0] not in present)
        headers.append((b"x-request-id", identity.encode()))

    def _note(self, scope: Scope, status: int, seconds: float, identity: str) -> None:
        route = getattr(scope.get("route"), "path", None) or "(none)"
        self._figures.count(scope["method"], route, status, seconds)
        if log.isEnabledFor(logging.INFO):
            line = {
                "id": identity,
                "method": scope["method"][:16],
                "route": route,
                "status": status,
                "ms": round(seconds * 1_000, 1),
            }
            log.info(msgspec.json.encode(line).decode())


def session_cookie(headers: Mapping[str, str]) -> str | None:
    """The session's token in the request's cookies."""
    given = headers.get("cookie")
    if not given:
        return None
    try:
        found = SimpleCookie(given).get(COOKIE)
    except CookieError:
        return None
    return found.value if found else None


def _timed(receive: Receive) -> Callable[[], Awaitable[Message]]:
    deadline = time.monotonic() + BODY_SECONDS
    complete = False

    async def in_time() -> Message:
        nonlocal complete
        if complete:  # the client's going away may take as long as it likes
            return await receive()
        try:
            message = await asyncio.wait_for(receive(), deadline - time.monotonic())
        except TimeoutError as error:
            raise HTTPException(408) from error  # the only kind that FastAPI passes on
        complete = not message.get("more_body", False)
        return message

    return in_time
