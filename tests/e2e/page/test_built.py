"""The files of the page: how large they are, how they are served, whom they may ask."""

import gzip
import re

import httpx2

from oracle.api.page import KEPT
from tests.e2e.browser import (
    built_files,
)
from tests.e2e.page.world import PageWorld

MOST_BYTES = 150_000


def test_page__built__is_small_and_speaks_to_no_other_host() -> None:
    files = built_files()
    index = next(path for path in files if path.name == "index.html").read_text()
    assert sum(len(gzip.compress(path.read_bytes(), 9)) for path in files) < MOST_BYTES
    assert re.findall(r'(?:src|href)="(?!/assets/|data:)', index) == []
    assert all(re.search(r"-[\w-]{8}\.(js|css)$", path.name) for path in files if path.name != "index.html")


def test_page__served__keeps_hashed_files_and_allows_only_the_operators_rpc(world: PageWorld) -> None:
    index = httpx2.get(world.url, trust_env=False)
    script = next(
        path.name for path in built_files() if path.name.startswith("index-") and path.suffix == ".js"
    )
    kept = httpx2.get(f"{world.url}/assets/{script}", trust_env=False).headers["cache-control"]
    assert f"connect-src 'self' {world.stage.anvil.url};" in index.headers["content-security-policy"]
    assert "unsafe" not in index.headers["content-security-policy"]
    assert (index.headers["cache-control"], kept) == ("no-cache", KEPT)
