import pytest
from eth_account import Account
from eth_account.messages import encode_defunct
from fastapi.testclient import TestClient

from oracle.api.edge import MAX_BODY_BYTES
from oracle.devchain.people import demo_key
from oracle.devchain.stage import at_least
from oracle.proof_text import BESIDE
from oracle.tree import score_proof_from_json, verify_at_least, verify_score
from tests.oracle.api.conftest import as_
from tests.oracle.conftest import CHAIN, EPOCH, KAI, MEI, Kept


@pytest.mark.parametrize("path", ["/v1/me/score", "/v1/me/proof", "/v1/me/proof?at_least=650"])
@pytest.mark.parametrize("token", ["", "Bearer ", "Bearer x", "Bearer " + "é" * 50])
def test_own__without_a_session__says_the_same_to_everyone(client: TestClient, path: str, token: str) -> None:
    answer = client.get(path, headers=[(b"authorization", token.encode())])
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert "not signed in" in answer.json()["detail"]


def test_sign_in__replayed__is_refused(client: TestClient) -> None:
    offer = client.post("/v1/nonces").json()
    account = Account.from_key(demo_key("Mei"))
    text = (
        f"testserver wants you to sign in with your Ethereum account:\n{account.address}\n\n"
        f"{offer['statement']}\n\nURI: http://testserver\nVersion: 1\nChain ID: {CHAIN}\n"
        f"Nonce: {offer['nonce']}\n"
        "Issued At: 2020-01-01T00:00:00Z\nExpiration Time: 2020-01-01T00:05:00Z"
    )
    body = {
        "message": text,
        "signature": "0x" + account.sign_message(encode_defunct(text=text)).signature.hex(),
    }
    assert "not good at this time" in client.post("/v1/sessions", json=body).json()["detail"]
    second = client.post("/v1/sessions", json=body)
    assert second.status_code == 401
    assert "used before" in second.json()["detail"]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"message": 1}', b'{"message": "x", "signature": "y"}', b"\xff"]
)
def test_sign_in__hostile_body__is_a_client_error(client: TestClient, body: bytes) -> None:
    answer = client.post("/v1/sessions", content=body, headers={"content-type": "application/json"})
    assert 400 <= answer.status_code < 500


def test_sign_in__body_too_large__is_refused_unread(client: TestClient) -> None:
    answer = client.post("/v1/sessions", content=b"x" * (MAX_BODY_BYTES + 1))
    assert answer.status_code == 413


def test_epoch__unknown__is_not_found(client: TestClient) -> None:
    assert client.get("/v1/epochs/99").status_code == 404
    assert client.get("/v1/epochs/one").status_code == 422


def test_proof__above_the_score__names_the_most(client: TestClient) -> None:
    answer = client.get("/v1/me/proof?at_least=650", headers=as_(client, "Bo"))
    assert answer.status_code == 409
    assert answer.json()["detail"] == "the most you can prove this epoch is 510 (asked for 650)"


@pytest.mark.parametrize(
    ("accepted", "says"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "本期最高可出示 510 分（所选为 650 分）。"),
        ("fr,zh-TW", "本期最高可出示 510 分（所选为 650 分）。"),
        ("en-GB,zh", "the most you can prove this epoch is 510 (asked for 650)"),
        ("", "the most you can prove this epoch is 510 (asked for 650)"),
        ("x" * 5_000 + ",zh", "the most you can prove this epoch is 510 (asked for 650)"),
    ],
)
def test_refusal__in_the_language_that_is_preferred__has_one_code(
    client: TestClient, accepted: str, says: str
) -> None:
    headers = as_(client, "Bo") | {"accept-language": accepted}
    answer = client.get("/v1/me/proof?at_least=650", headers=headers)
    assert (answer.json()["detail"], answer.json()["code"]) == (says, "above-score")


def test_proof__of_somebody_without_a_score__is_refused_kindly(client: TestClient) -> None:
    answer = client.get("/v1/me/proof", headers=as_(client, "Kai"))
    assert answer.status_code == 409
    assert "not a bad score" in answer.json()["detail"]


def test_score__insufficient__has_no_number(client: TestClient) -> None:
    found = client.get("/v1/me/score", headers=as_(client, "Kai")).json()
    assert found["account"] == "0x" + KAI.hex()
    assert found["score"] is None
    assert found["status"] == "no score yet"


@pytest.mark.parametrize("path", ["score", "proof", "ladder", "report"])
def test_own__of_somebody_not_in_the_epoch__is_not_found(client: TestClient, path: str) -> None:
    answer = client.get(f"/v1/me/{path}", headers=as_(client, "lender"))
    assert answer.status_code == 404
    assert "it was not enrolled at the snapshot" in answer.json()["detail"]


@pytest.mark.parametrize(("lang", "band"), [("en", "strong"), ("zh", "良好")])
def test_score__own__has_band_range_and_reasons(client: TestClient, lang: str, band: str) -> None:
    found = client.get(f"/v1/me/score?lang={lang}", headers=as_(client, "Mei")).json()
    assert (found["score"], found["low"], found["high"]) == (740, 720, 760)
    assert found["band"] == band
    assert found["epoch"] == EPOCH
    assert found["heldBack"] == []
    assert len(found["helped"]) == 2


def test_score__held_back__tells_points_and_own_figures(client: TestClient) -> None:
    found = client.get("/v1/me/score", headers=as_(client, "Bo")).json()
    assert found["score"] == 510
    assert [(each["code"], each["points"]) for each in found["heldBack"]] == [(6, -120), (1, -110)]
    assert "3 of 5 loans were repaid late or not at all, last 41 days ago." in found["heldBack"][1]["text"]


@pytest.mark.parametrize(("target", "status"), [(300, 422), (851, 422), (510, 409)])
def test_score__with_a_target_that_is_none__is_refused(client: TestClient, target: int, status: int) -> None:
    answer = client.get(f"/v1/me/score?target={target}", headers=as_(client, "Bo"))
    assert answer.status_code == status
    assert answer.json()["detail"]


def test_score__with_a_target__has_a_plan_or_says_that_there_is_none(client: TestClient) -> None:
    found = client.get("/v1/me/score?target=511", headers=as_(client, "Bo")).json()
    assert (found["target"], found["plan"]) == (511, [])
    assert found["planText"] == "No honest step reaches 511 within 12 months; the most is 510."


def test_proofs__own__verify_as_a_lender_would(client: TestClient, kept: Kept) -> None:
    headers = as_(client, "Mei")
    low = at_least(client.get("/v1/me/proof?at_least=650", headers=headers).json())
    verify_at_least(kept.report.root, MEI, low)
    full = client.get("/v1/me/proof", headers=headers).json()
    proof = score_proof_from_json({k: v for k, v in full.items() if k not in BESIDE})
    verify_score(kept.report.root, MEI, proof)
    assert proof.score == 740


def test_sign_out__afterwards__nothing_is_told(client: TestClient) -> None:
    headers = as_(client, "Mei")
    assert client.delete("/v1/sessions", headers=headers).status_code == 204
    assert client.get("/v1/me/score", headers=headers).status_code == 401


def test_public__health_and_epochs__tell_no_borrower(client: TestClient, kept: Kept) -> None:
    health = client.get("/v1/health").json()
    assert health["latestEpoch"] == EPOCH
    epochs = client.get("/v1/epochs").text
    assert kept.report.root.hex() in epochs
    assert MEI.hex() not in epochs
    assert client.get("/v1/health").headers["cache-control"] == "no-store"
