"""The borrower's page: the built files in oracle/web/dist, at every path that is not the service's own.

Rules that hold here: a path of the page that is no file is index.html (the page finds its own way); files
under assets/ carry a hash in their name and are kept by browsers for ever, all others are asked for anew; no
path leaves the folder; scripts, styles and images come from this origin only.
"""

from pathlib import Path

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

DIST = Path(__file__).parents[1] / "web" / "dist"
KEPT = "public, max-age=31536000, immutable"


def policy(rpc: str | None) -> str:
    """The page's content security policy; `rpc`: where else it may ask, for the chain."""
    asks = "'self'" if rpc is None else f"'self' {rpc}"
    own = "script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; manifest-src 'self'"
    nothing = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    return f"default-src 'none'; {own}; connect-src {asks}; {nothing}"


class Page(StaticFiles):
    """Files of the page, with its headers."""

    def __init__(self, folder: Path, rpc: str | None) -> None:
        super().__init__(directory=folder)
        self._policy = policy(rpc)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """A file; index.html for a path of the page's own; 404 below /v1."""
        try:
            found = await super().get_response("index.html" if path == "." else path, scope)
        except HTTPException as error:
            if error.status_code != 404 or path.startswith(("v1/", "assets/")) or path in ("v1", "metrics"):
                raise
            found = await super().get_response("index.html", scope)
            path = "index.html"
        found.headers["content-security-policy"] = self._policy
        found.headers["cache-control"] = KEPT if path.startswith("assets/") else "no-cache"
        return found


def add_page(app: FastAPI, rpc: str | None, folder: Path = DIST) -> None:
    """Serve the page where its files were built; else every such path is 404."""
    if (folder / "index.html").is_file():
        app.mount("/", Page(folder, rpc), name="page")
