"""What every request passes: limits, same-site changes, headers; and that nothing secret is logged."""

import json
import logging
import time
from typing import Any

import pytest
from fastapi.testclient import TestClient

from oracle.api.app import make_app
from oracle.api.edge import MAX_BODY_BYTES, MAX_HEADER_BYTES
from oracle.api.operator import Operator
from oracle.api.service import Service
from oracle.devchain.stage import sign_in
from oracle.guard import Allowance
from tests.oracle.api.conftest import ORIGIN, as_, opened
from tests.oracle.conftest import CHAIN, MEI, Kept

PROBLEM = "application/problem+json"


def with_cookie(client: TestClient, **headers: str) -> dict[str, str]:
    """Headers of a browser that is signed in as Mei."""
    token = sign_in(client, "Mei", CHAIN)
    client.cookies.clear()
    return {"cookie": f"session={token}"} | headers


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/v1", 404),
        ("GET", "/v1/nothing", 404),
        ("GET", "/v1/../v1/me/score", 401),
        ("GET", "/v1/%2e%2e/%2e%2e/etc/passwd", 404),
        ("GET", "/%2e%2e/%2e%2e/settings.json", 404),
        ("GET", "/..%2f..%2fservice.key", 404),
        ("GET", "/v1/epochs/..%2f..%2fsettings.json", 404),
        ("GET", "/v1/models/..%2f..%2fsettings", 404),
        ("GET", "/v1/models/0x12", 404),
        ("GET", "/v1/models/0x" + "00" * 32, 404),
        ("GET", "/v1/epochs/-1", 404),
        ("GET", "/v1/epochs/99999999999999999999999", 404),
        ("DELETE", "/v1/health", 405),
        ("OPTIONS", "/v1/me/score", 405),
        ("GET", "/v1/reads", 405),
        ("POST", "/v1/reads", 422),
        ("POST", "/v1/verify", 422),
        ("GET", "/v1/epochs/one", 422),
        ("GET", "/v1/me/score?lang=fr", 401),
    ],
)
def test_request__of_what_is_not_there__is_a_problem_in_words(
    client: TestClient, method: str, path: str, status: int
) -> None:
    answered = client.request(method, path)
    assert (answered.status_code, answered.headers["content-type"]) == (status, PROBLEM)
    assert answered.json()["status"] == status
    assert answered.json()["detail"]


def test_request__a_bug__says_nothing_of_its_cause(client: TestClient, service: Service) -> None:
    token = sign_in(client, "Mei", CHAIN)
    (service.settings.home / "service.sqlite").unlink()
    service.store.close()  # the next connection finds an empty file: no table, which no code here expects
    answered = client.get("/v1/me/statement", headers={"authorization": f"Bearer {token}"})
    assert answered.status_code in (500, 503)
    assert "no such table" not in answered.text
    assert answered.headers["x-request-id"]


@pytest.mark.parametrize("length", [str(MAX_BODY_BYTES + 1), "10000000", "9" * 40, "-1", "x", ""])
def test_body__too_large_or_of_no_length__is_refused_unread(client: TestClient, length: str) -> None:
    answered = client.post("/v1/sessions", content=b"{}", headers={"content-length": length})
    assert answered.status_code == 413
    assert answered.headers["connection"] == "close"


def test_body__in_chunks__is_refused(client: TestClient) -> None:
    assert client.post("/v1/sessions", content=iter([b"{", b"}"])).status_code == 413


def test_headers__too_large__are_refused(client: TestClient) -> None:
    assert client.get("/v1/health", headers={"x": "y" * MAX_HEADER_BYTES}).status_code == 431


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "https://evil.example"},
        {"origin": "null", "sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
    ],
)
@pytest.mark.parametrize(
    ("method", "path"), [("DELETE", "/v1/me"), ("POST", "/v1/me/statement"), ("DELETE", "/v1/sessions")]
)
def test_change__by_cookie_from_elsewhere__is_refused(
    client: TestClient, headers: dict[str, str], method: str, path: str
) -> None:
    cookie = with_cookie(client)
    answered = client.request(method, path, headers=cookie | headers)
    assert (answered.status_code, answered.json()["title"]) == (403, "Another site")
    assert client.get("/v1/me/score", headers=cookie).status_code == 200


@pytest.mark.parametrize("headers", [{"origin": ORIGIN}, {"sec-fetch-site": "same-origin"}])
def test_change__by_cookie_from_our_page__is_made(client: TestClient, headers: dict[str, str]) -> None:
    answered = client.post(
        "/v1/me/statement", json={"words": "Hello."}, headers=with_cookie(client, **headers)
    )
    assert answered.json()["statement"]["words"] == "Hello."


@pytest.mark.parametrize("origin", ["https://testserver", None])
def test_sign_in__sets_a_cookie_that_scripts_and_other_sites_cannot_use(
    kept: Kept, origin: str | None
) -> None:
    with opened(kept, operator=Operator(origin=origin)) as service:
        client = TestClient(make_app(service), base_url=ORIGIN)
        sign_in(client, "Mei", CHAIN)
        (cookie,) = client.cookies.jar
    assert (cookie.name, cookie.path, cookie.secure) == ("session", "/", origin is not None)
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert cookie.get_nonstandard_attr("SameSite") == "strict"


def test_headers__on_every_answer__are_strict_and_closed(client: TestClient) -> None:
    for path in ("/v1/health", "/nothing", "/v1/me/score", "/metrics", "/v1/openapi.json"):
        headers = client.get(path, headers={"origin": "https://evil.example"}).headers
        assert headers["x-content-type-options"] == "nosniff", path
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "no-referrer"
        assert not [name for name in headers if name.startswith("access-control")]
        assert "server" not in headers


def test_rate__of_one_address__ends_and_comes_back(kept: Kept) -> None:
    with opened(kept, operator=Operator(requests_a_second=5, burst=3)) as service:
        client = TestClient(make_app(service), base_url=ORIGIN)
        told = [client.get("/v1/health").status_code for _ in range(5)]
        assert told[:3] == [200] * 3
        assert 429 in told[3:]
        refused = client.get("/v1/health")
        assert (refused.headers["retry-after"], refused.headers["content-type"]) == ("1", PROBLEM)
        time.sleep(0.3)
        assert client.get("/v1/health").status_code == 200


def test_rate__of_nonces__ends_long_before_that_of_other_requests(kept: Kept) -> None:
    """Nonces are few for all together: whoever asks for them all keeps others from signing in."""
    with opened(kept, operator=Operator(requests_a_second=0.01, burst=20)) as service:
        client = TestClient(make_app(service), base_url=ORIGIN)
        assert [client.post("/v1/nonces").status_code for _ in range(6)] == [200] * 4 + [429] * 2
        assert client.get("/v1/health").status_code == 200


def test_rate__of_one_account__ends_for_it_alone(kept: Kept) -> None:
    with opened(kept) as service:
        object.__setattr__(service, "allowance", Allowance(0.001, 2))
        client = TestClient(make_app(service), base_url=ORIGIN)
        mei, bo = as_(client, "Mei"), as_(client, "Bo")
        assert [client.get("/v1/me/score", headers=mei).status_code for _ in range(3)] == [200, 200, 429]
        assert client.get("/v1/me/score", headers=bo).status_code == 200


def test_log__of_any_request__holds_no_secret(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    headers = as_(client, "Mei")
    caplog.clear()  # a level that an earlier test set may have let the sign-in through
    with caplog.at_level(logging.INFO, logger="oracle.api.access"):
        client.get("/v1/me/score?target=800&secret=hunter2", headers=headers)
        client.get(f"/v1/models/0x{MEI.hex()}")
        client.get(f"/nothing/{MEI.hex()}")
    said = [each.getMessage() for each in caplog.records if each.name == "oracle.api.access"]
    lines: list[dict[str, Any]] = [json.loads(line) for line in said]
    assert [(line["route"], line["status"]) for line in lines] == [
        ("/v1/me/score", 200),
        ("/v1/models/{identity}", 404),
        ("(none)", 404),
    ]
    assert {name for line in lines for name in line} == {"id", "method", "route", "status", "ms"}
    for secret in (MEI.hex(), "hunter2", headers["authorization"].removeprefix("Bearer ")):
        assert secret not in str(said)


def test_metrics__count_by_route_and_tell_of_nobody(client: TestClient) -> None:
    client.get("/v1/me/score", headers=as_(client, "Mei"))
    client.get(f"/{MEI.hex()}")
    page = client.get("/metrics").text
    assert 'credit_oracle_api_requests_total{method="GET",route="/v1/me/score",status="200"} 1.0' in page
    assert 'route="(none)",status="404"' in page
    assert "credit_oracle_api_epoch 3.0" in page
    assert MEI.hex() not in page


def test_openapi__describes_every_route_with_examples(client: TestClient) -> None:
    described = client.get("/v1/openapi.json").json()
    paths = set(described["paths"])
    assert {
        "/v1/me/score",
        "/v1/me/consents/{identity}",
        "/v1/reads",
        "/v1/gateway/{sender}/{data}.json",
    } <= paths
    for path, methods in described["paths"].items():
        for method in methods.values():
            assert method.get("description"), path
            assert PROBLEM in method["responses"]["4XX"]["content"]
