"""The EIP-3668 route: proofs of borrowers who made their score public, for contracts to check."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from eth_abi.abi import decode
from fastapi.testclient import TestClient
from msgspec import structs

from ledger_reader.keccak import keccak256
from oracle.api.app import make_app
from oracle.api.edge import MAX_HEADER_BYTES
from oracle.api.gateway import SCORE_PROOF
from oracle.api.service import Service
from oracle.consent import PUBLIC
from oracle.devchain.people import demo_address
from oracle.tree import ScoreProof, verify_score
from tests.oracle.api.conftest import OPEN, ORIGIN, consent
from tests.oracle.conftest import BO, CONTRACT, KAI, MEI, Kept

SENDER = "0x" + "0a" * 20
"""Where OpenScores would be."""

STRANGER = b"\x99" * 20


def data(borrower: bytes) -> str:
    return "0x" + (keccak256(b"openProof(address)")[:4] + bytes(12) + borrower).hex()


def publish(service: Service, name: str) -> bytes:
    borrower = demo_address(name)
    given = consent(time.time(), borrower=borrower, what=PUBLIC)
    return service.consents.give(given, b"signed", borrower)


@pytest.fixture
def client(service: Service) -> Iterator[TestClient]:
    """Of an operator who named SENDER."""
    named = replace(service, operator=structs.replace(OPEN, gateway_senders=("0x" + "0A" * 20,)))
    with TestClient(make_app(named), base_url=ORIGIN) as found:
        yield found


@pytest.mark.parametrize("borrower", [MEI, BO, KAI, STRANGER])
def test_gateway__borrower_who_is_not_public__is_refused_as_anyone(
    client: TestClient, service: Service, borrower: bytes
) -> None:
    publish(service, "Kai")  # public, but without a score
    answered = client.get(f"/v1/gateway/{SENDER}/{data(borrower)}.json")
    assert (answered.status_code, answered.json()["detail"]) == (403, "No consent for this request.")


@pytest.mark.parametrize(
    ("sender", "call", "status"),
    [
        ("0x" + "12" * 20, data(MEI), 404),
        ("0x" + CONTRACT.hex(), data(MEI), 404),
        ("0x12", data(MEI), 404),
        (SENDER, "0x", 400),
        (SENDER, "0xzz", 400),
        (SENDER, data(MEI)[:-2], 400),
        (SENDER, data(MEI) + "00", 400),
        (SENDER, "0x" + "00" * 36, 400),
        (SENDER, "0x" + "00" * 5_000, 400),
        (SENDER, data(MEI).replace("000", "001", 1), 400),
    ],
)
def test_gateway__no_call_of_ours__is_refused_as_the_standard_says(
    client: TestClient, service: Service, sender: str, call: str, status: int
) -> None:
    publish(service, "Mei")
    assert client.get(f"/v1/gateway/{sender}/{call}.json").status_code == status


def test_gateway__public_borrower__gives_a_proof_that_holds(
    client: TestClient, service: Service, kept: Kept
) -> None:
    identity = publish(service, "Mei")
    assert client.get(f"/v1/gateway/{SENDER.upper().replace('X', 'x')}/{data(MEI)}.json").status_code == 200
    answered = client.get(f"/v1/gateway/{SENDER}/{data(MEI)}.json")
    raw = bytes.fromhex(answered.json()["data"][2:])
    (values,) = decode((SCORE_PROOF,), raw)
    verify_score(kept.report.root, MEI, ScoreProof(*values))
    service.consents.stop(identity, MEI)
    assert client.get(f"/v1/gateway/{SENDER}/{data(MEI)}.json").status_code == 403


def test_gateway__alone__is_open_to_pages_of_other_origins(client: TestClient, service: Service) -> None:
    publish(service, "Mei")
    path, headers = f"/v1/gateway/{SENDER}/{data(MEI)}.json", {"origin": "https://dapp.example"}
    shown = client.get(path, headers=headers)
    refused = [
        client.get(f"/v1/gateway/{SENDER}/{data(BO)}.json", headers=headers),
        client.get(f"/v1/gateway/0x12/{data(MEI)}.json", headers=headers),
        client.get(f"/v1/gateway/{SENDER}/0x.json", headers=headers),
        client.get(path, headers=headers | {"x": "y" * MAX_HEADER_BYTES}),
        client.post(path, headers=headers),
    ]
    asked = {"access-control-request-method": "GET", "access-control-request-headers": "content-type"}
    before = client.options(path, headers=headers | asked)
    assert [each.status_code for each in (shown, *refused, before)] == [200, 403, 404, 400, 431, 405, 204]
    for each in (shown, *refused, before):
        assert each.headers["access-control-allow-origin"] == "*"
        assert each.headers["cross-origin-resource-policy"] == "cross-origin"
        assert "access-control-allow-credentials" not in each.headers
    assert before.headers["access-control-allow-methods"] == "GET"
    assert before.headers["access-control-allow-headers"] == "content-type"
    for other in ("/v1/health", "/v1/operator", "/v1/gateway", "/v1/me/score"):
        assert "access-control-allow-origin" not in client.get(other, headers=headers).headers
        assert "access-control-allow-origin" not in client.options(other, headers=headers | asked).headers
