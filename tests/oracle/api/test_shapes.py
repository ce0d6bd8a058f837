"""The document's shapes are those of real answers, field by field."""

import time
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import TypeAdapter

from oracle.api import public_shapes, shapes
from oracle.api.app import make_app
from oracle.api.examples import EXAMPLES
from oracle.api.service import Service
from oracle.devchain.stage import sign_in
from tests.oracle.api.conftest import ORIGIN, SIGNED, as_, consent, request
from tests.oracle.api.test_record import DISPUTED, write_facts
from tests.oracle.conftest import CHAIN, EPOCH, Kept
from tests.simulators import FakeChain

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
    ("Mei", "/v1/me/report?parts=score,proof", shapes.ReportFile),
    ("Mei", "/v1/me/facts", list[shapes.Fact]),
    ("Bo", "/v1/me/facts", list[shapes.Fact]),
    ("Mei", f"/v1/me/facts/0x{DISPUTED.hex()}/without", shapes.Without),
    ("Mei", "/v1/operator", public_shapes.Operator),
    ("Mei", "/v1/health", public_shapes.Health),
    ("Mei", "/v1/ready", public_shapes.Ready),
    ("Mei", "/v1/status", public_shapes.Status),
    ("Mei", "/v1/epochs", list[public_shapes.Report]),
    ("Mei", f"/v1/epochs/{EPOCH}", public_shapes.SignedReport),
    ("Mei", "/v1/members", public_shapes.Members),
    ("Mei", "/v1/demo/wallets", list[public_shapes.DemoWallet]),
]


def check(shape: Any, answer: Any) -> None:
    """Every field has its type, none is missing, and no other is there."""
    assert answer.is_success, answer.text
    TypeAdapter(shape).validate_python(answer.json(), strict=True)


@pytest.fixture
def client(service: Service) -> TestClient:
    """Of a service that sees the chain."""
    chain = FakeChain()
    chain.fates = {EPOCH: "standing"}
    return TestClient(make_app(replace(service, chain=chain)), base_url=ORIGIN)


def test_answer__of_each_route__is_of_its_shape(client: TestClient, kept: Kept) -> None:
    write_facts(kept)
    signed_in = {name: as_(client, name) for name in ("Mei", "Bo", "Kai")}
    for name, path, shape in (
        *OWN,
        ("Mei", f"/v1/models/0x{kept.report.model_id.hex()}", public_shapes.Model),
    ):
        check(shape, client.get(path, headers=signed_in[name]))


def test_answer__to_a_borrower_who_changes_things__is_of_its_shape(client: TestClient) -> None:
    mei = as_(client, "Mei")
    dispute = {"factId": "0x" + "fa" * 32, "reason": "amount", "words": "It was less."}
    check(shapes.DisputeKept, client.post("/v1/me/disputes", json=dispute, headers=mei))
    check(shapes.Statement, client.post("/v1/me/statement", json={"words": "I was ill."}, headers=mei))
    given = SIGNED.consent(consent(time.time()))
    check(shapes.ConsentGiven, client.post("/v1/me/consents", json=given, headers=mei))
    check(shapes.Shown, client.post("/v1/reads", json=SIGNED.request(request(time.time()))))
    for path, shape in (
        ("disputes", list[shapes.Disputed]),
        ("statement", shapes.Statement),
        ("consents", list[shapes.Consent]),
        ("reads", list[shapes.Access]),
    ):
        answer = client.get(f"/v1/me/{path}", headers=mei)
        assert answer.json(), path
        check(shape, answer)
    check(shapes.Erased, client.delete("/v1/me", headers=mei))


def test_example__of_each_shape__is_of_it_and_every_answer_has_one(client: TestClient) -> None:
    for name, example in EXAMPLES.items():
        shape = getattr(shapes, name, None) or getattr(public_shapes, name)
        TypeAdapter(shape).validate_python(example, strict=True)
    for path, methods in client.get("/v1/openapi.json").json()["paths"].items():
        for method, operation in methods.items():
            for status in operation["responses"].keys() & {"200", "201"}:
                told = operation["responses"][status]["content"]["application/json"]
                assert told["example"], (method, path)
                assert told["schema"], (method, path)


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
        check(public_shapes.Verified, client.post("/v1/verify", json=proof))
        check(public_shapes.Verified, client.post("/v1/verify", json={"text": proof["text"] + "\n"}))
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
