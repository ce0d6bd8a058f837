"""The EIP-3668 route: proofs of borrowers who made their score public, for contracts to check."""

import time

import pytest
from eth_abi.abi import decode, encode
from fastapi.testclient import TestClient

from oracle.api.gateway import AT_LEAST_CALL, AT_LEAST_PROOF, SCORE_CALL, SCORE_PROOF
from oracle.api.service import Service
from oracle.consent import PUBLIC
from oracle.devchain.people import demo_address
from oracle.tree import AtLeastProof, ScoreProof, verify_at_least, verify_score
from tests.oracle.api.conftest import consent
from tests.oracle.conftest import BO, CONTRACT, KAI, MEI, Kept

SENDER = "0x" + CONTRACT.hex()
STRANGER = b"\x99" * 20


def data(borrower: bytes, threshold: int | None = None) -> str:
    shown = "0x" + borrower.hex()
    if threshold is None:
        return "0x" + (SCORE_CALL + encode(("address",), (shown,))).hex()
    return "0x" + (AT_LEAST_CALL + encode(("address", "uint16"), (shown, threshold))).hex()


def publish(service: Service, name: str) -> bytes:
    borrower = demo_address(name)
    given = consent(time.time(), borrower=borrower, what=PUBLIC)
    return service.consents.give(given, b"signed", borrower)


@pytest.mark.parametrize("borrower", [MEI, BO, KAI, STRANGER])
def test_gateway__borrower_who_is_not_public__is_refused_as_anyone(
    client: TestClient, service: Service, borrower: bytes
) -> None:
    publish(service, "Kai")  # public, but without a score
    answered = client.get(f"/v1/gateway/{SENDER}/{data(borrower)}.json")
    assert (answered.status_code, answered.json()["detail"]) == (403, "No consent for this request.")


@pytest.mark.parametrize(
    ("sender", "call"),
    [
        ("0x" + "12" * 20, data(MEI)),
        ("0x12", data(MEI)),
        (SENDER, "0x"),
        (SENDER, "0xzz"),
        (SENDER, data(MEI)[:-2]),
        (SENDER, "0x" + "00" * 36),
        (SENDER, "0x" + "00" * 5_000),
        (SENDER, data(MEI, 655)),
    ],
)
def test_gateway__no_call_of_ours__is_refused(
    client: TestClient, service: Service, sender: str, call: str
) -> None:
    publish(service, "Mei")
    assert client.get(f"/v1/gateway/{sender}/{call}.json").status_code == 409


def test_gateway__public_borrower__gives_a_proof_that_holds(
    client: TestClient, service: Service, kept: Kept
) -> None:
    identity = publish(service, "Mei")
    answered = client.get(f"/v1/gateway/{SENDER}/{data(MEI)}.json")
    raw = bytes.fromhex(answered.json()["data"][2:])
    borrower, values = decode(("address", SCORE_PROOF), raw)
    assert borrower == "0x" + MEI.hex()
    verify_score(kept.report.root, MEI, ScoreProof(*values))
    raw = bytes.fromhex(client.get(f"/v1/gateway/{SENDER}/{data(MEI, 650)}.json").json()["data"][2:])
    verify_at_least(kept.report.root, MEI, AtLeastProof(*decode(("address", AT_LEAST_PROOF), raw)[1]))
    service.consents.stop(identity, MEI)
    assert client.get(f"/v1/gateway/{SENDER}/{data(MEI)}.json").status_code == 403


def test_gateway__alone__is_open_to_pages_of_other_origins(client: TestClient, service: Service) -> None:
    publish(service, "Mei")
    answered = client.get(
        f"/v1/gateway/{SENDER}/{data(MEI)}.json", headers={"origin": "https://dapp.example"}
    )
    assert answered.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answered.headers
