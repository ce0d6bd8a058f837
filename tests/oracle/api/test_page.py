"""The built page: its files, its paths, its headers; nothing outside its folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from oracle.api.app import make_app
from oracle.api.page import KEPT as FOR_EVER
from tests.oracle.api.conftest import ORIGIN, opened
from tests.oracle.conftest import Kept


@pytest.fixture
def client(kept: Kept) -> Iterator[TestClient]:
    page = kept.settings.home / "dist"
    (page / "assets").mkdir(parents=True)
    (page / "index.html").write_text("<!doctype html><title>the page</title>")
    (page / "assets" / "app-1a2b.js").write_text("let a;")
    (kept.settings.home / "secret.txt").write_text("the secret")
    with opened(kept) as service:
        yield TestClient(make_app(service, page), base_url=ORIGIN)


def test_page__at_its_path__is_asked_for_anew(client: TestClient) -> None:
    answered = client.get("/?at_least=650")
    assert (answered.status_code, "the page" in answered.text) == (200, True)
    assert answered.headers["cache-control"] == "no-cache"
    assert "script-src 'self'" in answered.headers["content-security-policy"]
    assert "unsafe" not in answered.headers["content-security-policy"]


def test_page__assets__are_kept_for_ever(client: TestClient) -> None:
    answered = client.get("/assets/app-1a2b.js")
    assert (answered.text, answered.headers["cache-control"]) == ("let a;", FOR_EVER)


@pytest.mark.parametrize("path", ["/prove", "/index.html", "/assets/none.js", "/assets", "/v1/none", "/v1"])
def test_page__what_is_no_path_of_it__is_not_found(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    "path", ["/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/assets/..%2f..%2fsecret.txt"]
)
def test_page__path_out_of_its_folder__shows_nothing_of_it(client: TestClient, path: str) -> None:
    assert "the secret" not in client.get(path).text


def test_page__not_built__is_not_found(kept: Kept, tmp_path: Path) -> None:
    with opened(kept) as service:
        assert TestClient(make_app(service, tmp_path / "none")).get("/").status_code == 404
