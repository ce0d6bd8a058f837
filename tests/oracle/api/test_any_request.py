"""Any request to any documented route, by schemathesis over the service's own OpenAPI document.

What the document says must hold of every answer: status, content type, schema, headers; whatever breaks a
schema is refused; whatever needs a session is refused without. A new route is tried from its first day.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, settings

from oracle.api.app import make_app
from oracle.api.document import PATH
from oracle.api.edge import Edge
from tests.oracle.api.conftest import ORIGIN, as_, opened
from tests.oracle.conftest import keep

CHINESE = "zh-CN,zh;q=0.9,en;q=0.8"
EXAMPLES = settings.default.max_examples // 10  # type: ignore[union-attr]  # of each route; conftest.py sets it

KIT = Path(__file__).parents[3] / "kit"

CONFIG = schemathesis.Config.from_dict(
    {
        "base-url": ORIGIN,
        "analysis": {"constants": {"enabled": False}},
        "generation": {"with-security-parameters": False},
        "checks": {
            "not_a_server_error": {"enabled": False},  # 503 is an answer; 500 is not in the document
            "ignored_auth": {"enabled": False},  # it knows no session that a test brings; see the other test
            "negative_data_rejection": {"expected-statuses": ["4xx", "503"]},
            "positive_data_acceptance": {"expected-statuses": ["2xx", "4xx", "503"]},
        },
    }
)

DOCUMENT = schemathesis.openapi.from_path(KIT / "openapi.json", config=CONFIG)
"""As committed: tests/test_kit_files.py holds it against the service."""


@dataclass
class Served:
    """A running service, and Mei's session there."""

    app: Edge
    session: dict[str, str]

    def sign_in(self) -> None:
        self.session = as_(TestClient(self.app, base_url=ORIGIN), "Mei")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("home")
    with opened(keep(home)) as service:
        found = Served(make_app(service, home / "no page"), {})
        found.sign_in()
        yield found


@DOCUMENT.parametrize()
@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
def test_request__of_any_shape__is_answered_as_documented(
    case: schemathesis.Case[Any], served: Served
) -> None:
    case.operation.app = case.operation.schema.app = served.app
    answered = case.call_and_validate(headers=served.session | {"accept-language": CHINESE})
    assert answered.headers["x-content-type-options"] == ["nosniff"]
    if answered.status_code >= 400:
        said = answered.json()
        assert answered.headers["content-language"] == ["zh-Hans"]
        assert all(re.search("[\u4e00-\u9fff]", said[name]) for name in ("title", "detail"))
    if case.method == "DELETE":  # of the session, or of all that is kept of the borrower
        served.sign_in()


def test_request__of_the_own_record_without_a_session__is_refused(served: Served) -> None:
    client = TestClient(served.app, base_url=ORIGIN)
    paths: dict[str, Any] = client.get(PATH).json()["paths"]
    own = [(path, method) for path in paths for method in paths[path] if "security" in paths[path][method]]
    assert {("/v1/me", "delete"), ("/v1/me/score", "get"), ("/v1/me/consents", "post")} <= set(own)
    answers = {(path, method): client.request(method, path).status_code for path, method in own}
    assert answers == dict.fromkeys(own, 401)
