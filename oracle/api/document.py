"""The OpenAPI document: what FastAPI knows of the routes, and what only this service knows of all of them.

Rules that hold here: every refusal has one form (problems.py); a status that is not in the document is a
fault, so that 500 is in none; every answer has the request's id (edge.py); whose session a route needs is
said where its path says it: all of /v1/me.
"""

from typing import Any

from fastapi import FastAPI

from oracle.api.edge import COOKIE
from oracle.api.problems import MEDIA_TYPE

PATH = "/v1/openapi.json"
OWN = "/v1/me"
SESSION: tuple[dict[str, list[str]], ...] = ({"bearer": []}, {"cookie": []})

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
RESPONSES: dict[int | str, dict[str, Any]] = {"4XX": _PROBLEM, "503": _PROBLEM}

_HEADERS = {
    "x-request-id": {
        "description": "Name it when you ask the operator about this answer",
        "required": True,
        "schema": {"type": "string", "pattern": "^[0-9a-f]{16}$"},
    }
}
_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "The token of POST /v1/sessions"},
    "cookie": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": "The same, for browsers"},
}


def complete(app: FastAPI) -> None:
    """From now on the application's document says all of the above."""
    described = app.openapi

    def openapi() -> dict[str, Any]:
        found = described()
        if "securitySchemes" not in found.setdefault("components", {}):  # FastAPI keeps what it made
            found["components"]["securitySchemes"] = _SCHEMES
            for path, operations in found["paths"].items():
                for operation in operations.values():
                    _complete(operation, path == OWN or path.startswith(f"{OWN}/"))
        return found

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own way to extend it


def _complete(operation: dict[str, Any], is_own: bool) -> None:
    if is_own:
        operation["security"] = list(SESSION)
    for response in operation["responses"].values():
        response["headers"] = _HEADERS
