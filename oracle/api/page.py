"""The borrower's page: the built files in oracle/web/dist, at / and below /assets.

Rules that hold here: the page finds its screens behind the sign #, so every other path is the service's own,
or nothing; files under assets/ carry a hash in their name and are kept by browsers for ever, the page itself
is asked for anew; no path leaves the folder; scripts, styles and images come from this origin only.
"""

from pathlib import Path

from fastapi import FastAPI
from starlette.responses import FileResponse, Response
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


class Assets(StaticFiles):
    """Files that never change under their names."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """A file, to be kept; HTTPException 404 without one."""
        found = await super().get_response(path, scope)
        found.headers["cache-control"] = KEPT
        return found


def add_page(app: FastAPI, rpc: str | None, folder: Path = DIST) -> None:
    """Serve the page where its files were built; else its paths are 404."""
    index = folder / "index.html"
    if not index.is_file():
        return
    headers = {"content-security-policy": policy(rpc), "cache-control": "no-cache"}

    @app.get("/", include_in_schema=False)
    def page() -> FileResponse:
        return FileResponse(index, headers=headers)

    app.mount("/assets", Assets(directory=folder / "assets"), name="assets")
