"""Any request at all to any documented route: an answer or a problem in words, never a fault of ours.

The routes are read from the service's own OpenAPI document, so a new one is tried from its first day.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oracle.api.app import make_app
from tests.oracle.api.conftest import ORIGIN, as_, opened
from tests.oracle.conftest import Kept

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
likely = st.sampled_from(
    [
        "0x" + "ab" * 20,
        "0x" + "ab" * 32,
        "0",
        "1",
        "-1",
        "650",
        "at least 650",
        "band",
        "en",
        "%00",
        "..",
        "\x00",
    ]
)
either = likely | texts


ENDING = (("/v1/me", "delete"), ("/v1/sessions", "delete"))


@pytest.fixture
def served(kept: Kept, tmp_path: Path) -> Iterator[tuple[TestClient, dict[str, str], dict[str, Any]]]:
    """A client, a borrower's headers, and the OpenAPI document."""
    with opened(kept) as service:
        client = TestClient(make_app(service, tmp_path), base_url=ORIGIN, raise_server_exceptions=False)
        yield client, as_(client, "Mei"), client.get("/v1/openapi.json").json()


def fields_of(document: dict[str, Any], operation: dict[str, Any]) -> list[str]:
    """The names in a body that an operation takes."""
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    reference = body.get("$ref", "").rsplit("/", 1)[-1]
    return list(document["components"]["schemas"].get(reference, {}).get("properties", ()))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_request__of_any_shape__is_answered_or_refused_in_words(
    served: tuple[TestClient, dict[str, str], dict[str, Any]], data: st.DataObject
) -> None:
    client, mei, document = served
    routes = [(path, method) for path, methods in document["paths"].items() for method in methods]
    # Either would sign the borrower out, and with that end what is tried here.
    path, method = data.draw(st.sampled_from([route for route in routes if route not in ENDING]))
    operation = document["paths"][path][method]
    parameters = operation.get("parameters", ())
    for each in (each for each in parameters if each["in"] == "path"):
        path = path.replace("{" + each["name"] + "}", quote(data.draw(either), safe=""))
    query = {
        each["name"]: data.draw(either)
        for each in parameters
        if each["in"] == "query" and data.draw(st.booleans())
    }
    names = fields_of(document, operation)
    body = data.draw(values | st.fixed_dictionaries(dict.fromkeys(names, likely | values)))
    content = json.dumps(body).encode() if "requestBody" in operation else None
    language = data.draw(st.sampled_from(["zh-CN,zh;q=0.9,en;q=0.8", "en"]))
    headers = {"content-type": "application/json", "accept-language": language}
    headers |= mei if data.draw(st.booleans()) else {}
    answered = client.request(method, path, params=query, content=content, headers=headers)
    assert answered.status_code < 500 or answered.status_code == 503, answered.text
    if answered.status_code >= 400:
        assert answered.headers["content-type"] == "application/problem+json"
        said = answered.json()
        is_chinese = language.startswith("zh")
        assert answered.headers["content-language"] == ("zh-Hans" if is_chinese else "en")
        assert said["detail"]
        assert said["code"]
        assert not is_chinese or all(re.search("[\u4e00-\u9fff]", said[name]) for name in ("title", "detail"))
    assert answered.headers["x-content-type-options"] == "nosniff"
