"""How the service says no: RFC 9457 problem details, for every refusal there is.

Rules that hold here: one form (application/problem+json) whatever refused, also for unknown paths, wrong
methods and malformed bodies; a sentence says what to do; a bug's answer says nothing of its cause.
"""

from typing import Any

import msgspec
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match, Route

from ledger_reader.errors import Retry, Stop
from oracle.api.consents import NoConsent
from oracle.api.epochs import Unknown
from oracle.api.wallet_message import Refusal

MEDIA_TYPE = "application/problem+json"


class TooMany(Stop):
    """Asked too often."""


class BadCall(Stop):
    """What a gateway is asked is no call that it answers."""


_KINDS: dict[type[Exception], tuple[int, str]] = {
    Refusal: (401, "Sign in first"),
    NoConsent: (403, "No consent"),
    Unknown: (404, "Not found"),
    BadCall: (400, "Malformed call"),
    TooMany: (429, "Too many requests"),
    Stop: (409, "Refused"),
    Retry: (503, "Not yet"),
}
_HTTP = {
    404: ("Not found", "Nothing is at this path; /v1/openapi.json lists what there is."),
    408: ("Too slow", "The body did not come in time; send it again."),
    405: ("Method not allowed", "This path is not asked in this way; see /v1/openapi.json."),
}


def problem(status: int, title: str, detail: str, **more: Any) -> Response:
    """One refusal."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    headers = {"retry-after": "1"} if status in (429, 503) else {}
    if status in (408, 413, 431):
        headers["connection"] = "close"  # nobody reads on
    return Response(msgspec.json.encode(body), status, headers, MEDIA_TYPE)


def tell_problems(app: FastAPI) -> None:
    """From now on the application says no in this form only."""
    for kind in _KINDS:
        app.exception_handler(kind)(_refused)
    app.exception_handler(RequestValidationError)(_malformed)
    app.exception_handler(HTTPException)(_http)
    app.exception_handler(Exception)(_bug)


async def _refused(_request: Request, error: Exception) -> Response:
    status, title = next(_KINDS[kind] for kind in type(error).__mro__ if kind in _KINDS)
    return problem(status, title, str(error))


async def _malformed(_request: Request, error: Exception) -> Response:
    found = error.errors() if isinstance(error, RequestValidationError) else []
    where = [{"at": ".".join(map(str, each["loc"])), "says": each["msg"]} for each in found[:10]]
    first = f"{where[0]['at']}: {where[0]['says']}" if where else "the request is malformed"
    return problem(422, "Malformed", f"{first}; see /v1/openapi.json.", errors=where)


async def _http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    title, detail = _HTTP.get(status, ("Refused", "The request is not one that this service answers."))
    found = problem(status, title, detail)
    for name, value in (getattr(error, "headers", None) or {}).items():
        found.headers[name] = value
    if status == 405:  # the framework names the methods of the first route at this path alone
        found.headers["allow"] = ", ".join(sorted(_methods_at(request)))
    return found


def _methods_at(request: Request) -> set[str]:
    """The methods by which a path is asked."""
    routes = [each.original_route for each in iter_route_contexts(request.app.routes)]
    found = [each for each in routes if each.matches(request.scope)[0] is Match.PARTIAL]
    return {method for each in found if isinstance(each, Route) for method in each.methods or ()}


async def _bug(_request: Request, _error: Exception) -> Response:
    return problem(500, "A fault of ours", "Something is wrong on our side; the operator's log says more.")
