"""The document's shapes are those of real answers, field by field."""

import time
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import TypeAdapter

from oracle.api import shapes
from oracle.devchain.stage import sign_in
from tests.oracle.api.conftest import SIGNED, as_, consent, request
from tests.oracle.conftest import CHAIN

OWN = [
    ("Mei", "/v1/me/score", shapes.Score),
    ("Bo", "/v1/me/score?lang=zh&target=700", shapes.Score),
    ("Kai", "/v1/me/score", shapes.Score),
    ("Mei", "/v1/me/proof", shapes.OwnScoreProof),
    ("Mei", "/v1/me/proof?at_least=650", shapes.OwnAtLeastProof),
    ("Mei", "/v1/me/ladder", shapes.Ladder),
    ("Kai", "/v1/me/ladder", shapes.Ladder),
    ("Mei", "/v1/me/history", list[shapes.Past]),
    ("Kai", "/v1/me/history", list[shapes.Past]),
    ("Mei", "/v1/operator", shapes.Operator),
]


def check(shape: Any, answer: Any) -> None:
    """Every field has its type, none is missing, and no other is there."""
    assert answer.is_success, answer.text
    TypeAdapter(shape).validate_python(answer.json(), strict=True)


@pytest.mark.parametrize(("name", "path", "shape"), OWN)
def test_answer__of_a_route__is_of_its_shape(client: TestClient, name: str, path: str, shape: Any) -> None:
    check(shape, client.get(path, headers=as_(client, name)))


def test_answer__of_the_public_and_of_readers__is_of_its_shape(client: TestClient) -> None:
    check(shapes.Nonce, client.post("/v1/nonces"))
    answers: list[Any] = []
    client.event_hooks["response"] = [answers.append]
    sign_in(client, "Mei", CHAIN)
    answers[-1].read()
    check(shapes.Session, answers[-1])
    client.cookies.clear()
    for path in ("/v1/me/proof", "/v1/me/proof?at_least=650"):
        proof = client.get(path, headers=as_(client, "Mei")).json()
        check(shapes.Verified, client.post("/v1/verify", json=proof))
    for what, threshold in (("band", 0), ("score", 0), ("at least 650", 650), ("report", 0)):
        given = SIGNED.consent(consent(time.time(), what=what, threshold=threshold))
        check(shapes.ConsentGiven, client.post("/v1/me/consents", json=given, headers=as_(client, "Mei")))
        asked = SIGNED.request(request(time.time(), what=what, threshold=threshold))
        check(shapes.Shown, client.post("/v1/reads", json=asked))


def test_document__names_the_shape_of_each_answer_that_the_kit_reads(client: TestClient) -> None:
    document = client.get("/v1/openapi.json").json()
    told = {
        f"{method} {path}": operation["responses"]["200"]["content"]["application/json"]["schema"]
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if "200" in operation["responses"]
    }
    assert told["post /v1/sessions"] == {"$ref": "#/components/schemas/Session"}
    assert told["get /v1/me/ladder"] == {"$ref": "#/components/schemas/Ladder"}
    names = [each["$ref"].rsplit("/", 1)[1] for each in told["get /v1/me/proof"]["anyOf"]]
    assert names == ["OwnScoreProof", "OwnAtLeastProof"]
