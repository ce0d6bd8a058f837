"""How the service says no: RFC 9457 problem details, for every refusal there is.

Rules that hold here: one form (application/problem+json) whatever refused, also for unknown paths, wrong
methods and malformed bodies; a sentence says what to do, in English or Chinese as the request prefers
(Accept-Language), and `code` names it for programs; a bug's answer says nothing of its cause.
"""

from typing import Any

import msgspec
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match, Route

from ledger_reader.errors import Retry, Stop
from models.wording import Language
from oracle import sentences
from oracle.api.consents import NoConsent
from oracle.api.epochs import Unknown
from oracle.api.wallet_message import Refusal
from oracle.sentences import TITLES, Sentence

MEDIA_TYPE = "application/problem+json"


class TooMany(Stop):
    """Asked too often."""


class BadCall(Stop):
    """What a gateway is asked is no call that it answers."""


_STATUS: dict[type[Exception], int] = {
    Refusal: 401,
    NoConsent: 403,
    Unknown: 404,
    BadCall: 400,
    TooMany: 429,
    Stop: 409,
    Retry: 503,
}
_HTTP = {404: sentences.NO_PATH, 405: sentences.NO_METHOD, 408: sentences.BODY_TOO_SLOW}


def problem(status: int, detail: Sentence, headers: Headers, **more: Any) -> Response:
    """One refusal, in the language that the request's headers prefer."""
    language = language_of(headers)
    title = TITLES.get(detail.code) or TITLES.get(status, TITLES[409])
    body = {
        "type": "about:blank",
        "title": in_language(title, language),
        "status": status,
        "code": detail.code,
        "detail": in_language(detail, language),
        **more,
    }
    given = {"content-language": {"en": "en", "zh": "zh-Hans"}[language]}
    if status in (429, 503):
        given["retry-after"] = "1"
    if status in (408, 413, 431):
        given["connection"] = "close"  # nobody reads on
    return Response(msgspec.json.encode(body), status, given, MEDIA_TYPE)


def language_of(headers: Headers) -> Language:
    """The first of both languages in Accept-Language, else English: browsers list the best one first."""
    for part in headers.get("accept-language", "")[:200].lower().split(","):
        if part.strip().startswith("zh"):
            return "zh"
        if part.strip().startswith("en"):
            return "en"
    return "en"


def in_language(sentence: Sentence, language: Language) -> str:
    """A sentence in one of its languages."""
    return sentence.chinese if language == "zh" else str(sentence)


def tell_problems(app: FastAPI) -> None:
    """From now on the application says no in this form only."""
    for kind in _STATUS:
        app.exception_handler(kind)(_refused)
    app.exception_handler(RequestValidationError)(_malformed)
    app.exception_handler(HTTPException)(_http)
    app.exception_handler(Exception)(_bug)


async def _refused(request: Request, error: Exception) -> Response:
    status = next(_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS)
    said = error.args[0] if error.args else ""
    if not isinstance(said, Sentence):
        fallback = sentences.NOT_NOW if isinstance(error, Retry) else sentences.VALUE_REFUSED
        said = fallback.of(english=error)
    return problem(status, said, request.headers)


async def _malformed(request: Request, error: Exception) -> Response:
    found = error.errors() if isinstance(error, RequestValidationError) else []
    where = [{"at": ".".join(map(str, each["loc"])), "says": each["msg"]} for each in found[:10]]
    first = f"{where[0]['at']}: {where[0]['says']}" if where else "the request is malformed"
    return problem(422, sentences.MALFORMED.of(where=first), request.headers, errors=where)


async def _http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    found = problem(status, _HTTP.get(status, sentences.NO_REQUEST), request.headers)
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


async def _bug(request: Request, _error: Exception) -> Response:
    return problem(500, sentences.OUR_FAULT, request.headers)
