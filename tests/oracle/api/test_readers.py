"""Consent over HTTP: given by the borrower, read by its reader, refused the same way to everyone else."""

import json
import sys
import time
from collections import Counter
from typing import Any

import pytest
from fastapi.testclient import TestClient

from models import plain
from oracle.api.consents import NoConsent
from oracle.api.readers import answer
from oracle.api.service import Service
from oracle.consent import PURPOSES
from oracle.credit_report import verify_report
from oracle.devchain.people import demo_address
from oracle.epoch import Deployment
from oracle.tree import at_least_proof_from_json, score_proof_from_json, verify_at_least, verify_score
from tests.oracle.api.conftest import OTHER_READER, READER, SIGNED, Signed, as_, consent, request
from tests.oracle.conftest import BO, CHAIN, CONTRACT, EPOCH, MEI, Kept

STRANGER = b"\x99" * 20


def give(client: TestClient, name: str = "Mei", **changed: Any) -> str:
    """A consent of one of the cast, given over HTTP; its id."""
    given = consent(time.time(), borrower=demo_address(name), **changed)
    answered = client.post("/v1/me/consents", json=SIGNED.consent(given, name), headers=as_(client, name))
    assert answered.status_code == 201, answered.text
    identity: str = answered.json()["id"]
    return identity


def read(client: TestClient, **changed: Any) -> Any:
    return client.post("/v1/reads", json=SIGNED.request(request(time.time(), **changed)))


# ----------------------------------------------------------------------------------------- giving


def test_give__signed_by_another__is_refused(client: TestClient) -> None:
    body = SIGNED.consent(consent(time.time()), "Bo")
    answered = client.post("/v1/me/consents", json=body, headers=as_(client, "Mei"))
    assert (answered.status_code, "signed-in account" in answered.json()["detail"]) == (409, True)


def test_give__in_the_name_of_another__is_refused(client: TestClient) -> None:
    body = SIGNED.consent(consent(time.time(), borrower=BO), "Mei")
    answered = client.post("/v1/me/consents", json=body, headers=as_(client, "Mei"))
    assert (answered.status_code, "another account" in answered.json()["detail"]) == (409, True)


@pytest.mark.parametrize("where", [Deployment(1, CONTRACT), Deployment(CHAIN, b"\x77" * 20)])
def test_give__signed_for_another_chain_or_contract__is_refused(
    client: TestClient, where: Deployment
) -> None:
    body = Signed(where).consent(consent(time.time()))
    assert client.post("/v1/me/consents", json=body, headers=as_(client, "Mei")).status_code == 409


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("nonce", "-1"),
        ("nonce", str(2**256)),
        ("nonce", 1.5),
        ("reader", "0x12"),
        ("count", 0),
        ("count", 2**32),
        ("notAfter", 2**64),
        ("readerName", "\ud800"),
        ("what", "x" * 21),
    ],
)
def test_give__hostile_field__is_refused_in_words(client: TestClient, field: str, value: object) -> None:
    body = SIGNED.consent(consent(time.time()))
    body["consent"][field] = value
    answered = client.post("/v1/me/consents", content=_json(body), headers=as_(client, "Mei") | JSON)
    assert answered.status_code in (409, 422)
    assert answered.headers["content-type"] == "application/problem+json"


# ----------------------------------------------------------------------------------------- reading


def test_read__without_consent__is_the_same_answer_for_everyone(client: TestClient) -> None:
    identity = give(client)
    client.delete(f"/v1/me/consents/{identity}", headers=as_(client, "Mei"))
    give(client, reader=OTHER_READER.address)
    answers = [
        read(client),  # stopped
        read(client, what="score"),  # never given
        read(client, borrower=BO),  # a borrower who consented to nothing
        read(client, borrower=STRANGER),  # nobody known here
    ]
    assert [each.status_code for each in answers] == [403] * 4
    assert len({each.content for each in answers}) == 1
    headers = [{k: v for k, v in each.headers.items() if k != "x-request-id"} for each in answers]
    assert all(each == headers[0] for each in headers)
    assert answers[0].json()["detail"] == "No consent for this request."


def calls(service: Service, borrower: bytes) -> Counter[str]:
    """How often each function of ours runs for a refused request."""
    found: Counter[str] = Counter()

    def note(frame: Any, event: str, _argument: Any) -> None:
        if event == "call" and "/oracle/" in frame.f_code.co_filename:
            found[frame.f_code.co_qualname] += 1

    asked = request(time.time(), borrower=borrower)
    sys.setprofile(note)
    try:
        answer(service, asked)
    except NoConsent:
        pass
    finally:
        sys.setprofile(None)
    return found


def test_read__without_consent__takes_the_same_path_for_known_and_unknown(service: Service) -> None:
    service.epochs.latest()
    known, unknown = calls(service, MEI), calls(service, STRANGER)
    # A binary search over three rows looks at one row more or less by where it ends up.
    looked = "row_of.<locals>.<lambda>"
    assert abs(known.pop(looked) - unknown.pop(looked)) <= 1
    assert known == unknown
    assert "Consents.use" in known


@pytest.mark.parametrize(
    "forged", [{"borrower": "0x" + BO.hex()}, {"what": "score"}, {"time": 1}, {"nonce": "9"}]
)
def test_read__changed_after_signing__is_refused(client: TestClient, forged: dict[str, Any]) -> None:
    give(client, what="score")
    body = SIGNED.request(request(time.time())) | forged
    answered = client.post("/v1/reads", json=body)
    assert (answered.status_code, "not the reader's" in answered.json()["detail"]) == (401, True)


def test_read__signed_by_another_reader__is_refused(client: TestClient) -> None:
    give(client)
    body = SIGNED.request(request(time.time()), OTHER_READER)
    assert client.post("/v1/reads", json=body).status_code == 401


@pytest.mark.parametrize("where", [Deployment(1, CONTRACT), Deployment(CHAIN, b"\x77" * 20)])
def test_read__signed_for_another_chain_or_contract__is_refused(
    client: TestClient, where: Deployment
) -> None:
    give(client)
    body = Signed(where).request(request(time.time()))
    assert client.post("/v1/reads", json=body).status_code == 401


@pytest.mark.parametrize("off", [-600, 600])
def test_read__clock_off__is_told_to_set_it(client: TestClient, off: int) -> None:
    give(client)
    answered = client.post("/v1/reads", json=SIGNED.request(request(time.time() + off)))
    assert (answered.status_code, "set the clock" in answered.json()["detail"]) == (409, True)


def test_read__replayed__is_refused(client: TestClient) -> None:
    give(client, count=2)
    body = SIGNED.request(request(time.time()))
    assert client.post("/v1/reads", json=body).status_code == 200
    again = client.post("/v1/reads", json=body)
    assert (again.status_code, "made before" in again.json()["detail"]) == (409, True)


def test_read__count_used_up__is_refused(client: TestClient) -> None:
    give(client)
    assert read(client).status_code == 200
    assert read(client).status_code == 403


def test_read__band__tells_the_band_and_no_number(client: TestClient) -> None:
    identity = give(client)
    found = read(client).json()
    assert found == {
        "borrower": "0x" + MEI.hex(),
        "consent": identity,
        "what": "band",
        "epoch": EPOCH,
        "status": "full record",
        "disputed": False,
        "band": "strong",
    }


def test_read__score__comes_with_a_proof(client: TestClient, kept: Kept) -> None:
    give(client, what="score")
    found = read(client, what="score").json()
    assert (found["score"], found["low"], found["high"]) == (740, 720, 760)
    verify_score(kept.report.root, MEI, score_proof_from_json(found["proof"]))


def test_read__at_least__tells_no_score(client: TestClient, kept: Kept) -> None:
    content: dict[str, Any] = {"what": "at least 650", "threshold": 650}
    give(client, **content)
    answered = read(client, **content)
    assert "740" not in answered.text
    assert answered.json()["holds"] is True
    verify_at_least(kept.report.root, MEI, at_least_proof_from_json(answered.json()["proof"]))


@pytest.mark.parametrize("name", ["Bo", "Kai"])
def test_read__at_least_more_than_there_is__says_no_without_proof(client: TestClient, name: str) -> None:
    content: dict[str, Any] = {"what": "at least 650", "threshold": 650}
    give(client, name, **content)
    found = read(client, borrower=demo_address(name), **content).json()
    assert (found["holds"], found["proof"]) == (False, None)


def test_read__report__is_signed_by_the_service(client: TestClient, service: Service) -> None:
    give(client, what="report")
    found = read(client, what="report").json()["file"]
    report = verify_report(plain.write(found), [service.signer.identity_key])
    assert report["account"] == "0x" + MEI.hex()
    assert report["parts"]["score"]["score"] == 740


def test_read__of_somebody_not_in_the_epoch__says_that_there_is_no_record(
    client: TestClient, service: Service
) -> None:
    given = consent(time.time(), borrower=STRANGER)
    service.consents.give(given, b"signed", STRANGER)
    found = read(client, borrower=STRANGER).json()
    assert found["status"] == "no record in this epoch"
    assert "band" not in found


# ----------------------------------------------------------------------------- what the borrower sees


def test_reads__are_shown_to_their_borrower_only(client: TestClient) -> None:
    identity = give(client, count=2)
    read(client)
    mine = client.get("/v1/me/reads", headers=as_(client, "Mei")).json()
    assert [(each["reader"], each["consent"], each["what"], each["purpose"]) for each in mine] == [
        ("0x" + READER.address.hex(), identity, "band", PURPOSES[0])
    ]
    assert client.get("/v1/me/reads", headers=as_(client, "Bo")).json() == []


def test_consents__are_listed_with_what_became_of_them(client: TestClient) -> None:
    identity = give(client, count=2)
    read(client)
    (running,) = client.get("/v1/me/consents", headers=as_(client, "Mei")).json()
    assert (running["id"], running["remaining"], running["active"]) == (identity, 1, True)
    assert running["readerName"] == "Corner Lending"
    path = f"/v1/me/consents/{identity}"
    assert client.delete(path, headers=as_(client, "Bo")).status_code == 409
    assert client.delete(path, headers=as_(client, "Mei")).status_code == 204
    (ended,) = client.get("/v1/me/consents", headers=as_(client, "Mei")).json()
    assert (ended["active"], ended["stopped"] is None) == (False, False)
    assert read(client).status_code == 403


JSON = {"content-type": "application/json"}


def _json(body: Any) -> bytes:

    return json.dumps(body).encode()
