"""What borrowers see and change of their own: history, ladder, report, disputes, statement, erasure."""

import json
import time
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from ledger_reader.errors import Stop
from ledger_reader.keccak import keccak256
from ledger_reader.ledger import EVENTS
from models import manifest as manifests
from models import plain
from models.facts import loan_fact
from oracle import facts, folder
from oracle.api import access_log, words
from oracle.api.deciding import decide_dispute
from oracle.api.service import Service
from oracle.api.tables import log_entries, metadata
from oracle.credit_report import DEFAULT_PARTS, PARTS, sign_report, verify_file, verify_report
from oracle.facts import Model
from oracle.keys import NodeKeys
from oracle.proof_text import proof_of
from tests.oracle.api.conftest import SIGNED, as_, consent, request
from tests.oracle.conftest import BO, CHAIN, COIN, EPOCH, KAI, MEI, Kept

FACT = "0x" + "fa" * 32
DISPUTED = loan_fact(CHAIN, "term_loans", b"\x02" * 32)


@pytest.fixture
def mei(client: TestClient) -> dict[str, str]:
    return as_(client, "Mei")


# ------------------------------------------------------------------------------------------ score and proof


def test_score__has_its_epoch_and_what_is_unknown_of_the_chain(
    client: TestClient, kept: Kept, mei: dict[str, str]
) -> None:
    first = client.get("/v1/me/score", headers=mei).json()
    assert first == client.get("/v1/me/score", headers=mei).json()
    assert (first["snapshotTime"], first["nextUpdate"]) == (1_299, 1_400)
    assert first["model"] == "0x" + kept.report.model_id.hex()
    assert (first["activeFrom"], first["flags"]) == (
        None,
        dict.fromkeys(("held", "stale", "upcoming", "vetoed")),
    )


def test_score__of_another_after_one_was_kept__is_its_own(client: TestClient, mei: dict[str, str]) -> None:
    told = [
        client.get("/v1/me/score", headers=as_(client, name)).json()["score"] for name in ("Mei", "Bo", "Kai")
    ]
    assert told == [740, 510, None]
    assert client.get("/v1/me/score?lang=zh", headers=mei).json()["band"] == "良好"
    assert client.get("/v1/me/score?target=800", headers=mei).json()["target"] == 800


def test_proof__with_its_call__is_what_verify_reads(client: TestClient, mei: dict[str, str]) -> None:
    found = client.get("/v1/me/proof?at_least=700", headers=mei).json()
    assert proof_of(found).epoch == EPOCH
    assert found["calldata"]["function"] == "verifyAtLeast"
    account, proof, _ = found["calldata"]["args"]
    assert (account, proof["threshold"]) == ("0x" + MEI.hex(), 700)


@pytest.mark.parametrize(("name", "most"), [("Mei", 740), ("Bo", 510), ("Kai", None)])
def test_ladder__says_what_can_be_proved(client: TestClient, name: str, most: int | None) -> None:
    found = client.get("/v1/me/ladder", headers=as_(client, name)).json()
    assert found == {"epoch": EPOCH, "floorLow": 310, "most": most, "step": 10}


def test_history__has_one_entry_an_epoch(client: TestClient, mei: dict[str, str]) -> None:
    (only,) = client.get("/v1/me/history", headers=mei).json()
    assert (only["epoch"], only["score"], only["low"], only["high"]) == (EPOCH, 740, 720, 760)


def test_public__models_epochs_and_operator__are_told(client: TestClient, kept: Kept) -> None:
    model = client.get(f"/v1/models/0x{kept.report.model_id.hex()}").json()
    assert model["scorecard"]["name"] == "small"
    assert client.get(f"/v1/epochs/{EPOCH}").json()["attestations"] == []
    operator = client.get("/v1/operator").json()
    assert (operator["demo"], operator["chainId"], operator["licence"]) == (True, 31_337, None)
    assert client.get("/v1/ready").json() == {"status": "ready", "epoch": EPOCH}
    assert client.get("/v1/members").status_code == 503
    wallets = client.get("/v1/demo/wallets").json()
    firsts = {each["address"]: each["name"] for each in wallets if each["secondOf"] is None}
    assert list(firsts.values()) == ["Mei", "Bo", "Kai"]
    seconds = [(each["name"], firsts[each["secondOf"]]) for each in wallets if each["secondOf"] is not None]
    assert seconds == [("Mei 2", "Mei"), ("Bo 2", "Bo"), ("Kai 2", "Kai")]


def test_verify__a_proof_over_http__tells_what_it_shows(client: TestClient, mei: dict[str, str]) -> None:
    proof = client.get("/v1/me/proof?at_least=700", headers=mei).json()
    found = client.post("/v1/verify", json=proof).json()
    assert (found["proven"], found["threshold"], found["epoch"]) == (True, 700, EPOCH)
    assert "740" not in json.dumps(found)
    forged = client.post("/v1/verify", json=proof | {"threshold": 740})
    assert (forged.status_code, "AtLeastNotProven" in forged.json()["detail"]) == (409, True)
    assert client.post("/v1/verify", json=proof | {"epoch": 9}).status_code == 404
    assert client.post("/v1/verify", json=proof | {"account": "0x1"}).status_code == 409


# ---------------------------------------------------------------------------------------------------- report


def downloaded(client: TestClient, headers: dict[str, str], query: str = "") -> bytes:
    answered = client.get(f"/v1/me/report{query}", headers=headers)
    assert answered.headers["content-disposition"].startswith('attachment; filename="credit-record-')
    return answered.content


def test_report__holds_just_the_parts_that_were_chosen(client: TestClient, mei: dict[str, str]) -> None:
    chosen = json.loads(downloaded(client, mei, "?parts=history"))["report"]["parts"]
    assert set(chosen) == {"history"}
    usual = json.loads(downloaded(client, mei))["report"]["parts"]
    assert set(usual) == set(DEFAULT_PARTS)
    most = [part for part in PARTS if part != "facts"]  # which this epoch has none of
    everything = json.loads(downloaded(client, mei, f"?parts={','.join(most)}&lang=zh"))["report"]["parts"]
    assert set(everything) == set(most)
    assert everything["score"]["status"] == "记录完整"
    assert client.get("/v1/me/report?parts=secrets", headers=mei).status_code == 409


def test_report__file__verifies_offline_by_its_key(
    client: TestClient, service: Service, mei: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "report.json"
    path.write_bytes(downloaded(client, mei, "?parts=score,proof"))
    key = client.get("/v1/operator").json()["reportKey"]
    found = verify_file(path, [key], None)
    assert (found["genuine"], found["provesEpoch"], found["signedBy"]) == (True, EPOCH, key)
    assert found["account"] == "0x" + MEI.hex()
    with pytest.raises(Stop, match="name who may have signed"):
        verify_file(path, [], None)
    with pytest.raises(Stop, match="none of the 1 keys that you trust"):
        verify_file(path, ["0x" + "11" * 32], None)


@pytest.mark.parametrize("part", ["score", "account", "number", "root"])
def test_report__altered__is_refused(
    client: TestClient, service: Service, mei: dict[str, str], part: str
) -> None:
    made = json.loads(downloaded(client, mei, "?parts=score,proof"))
    report: dict[str, Any] = made["report"]
    if part == "score":
        report["parts"]["score"]["score"] = 741
    elif part == "root":
        report["epoch"]["root"] = "0x" + "00" * 32
    else:
        report[part] = "0x" + "00" * 20
    with pytest.raises(Stop, match="altered after it was signed"):
        verify_report(plain.write(made), [service.signer.identity_key])


def test_report__signed_with_a_wrong_number__does_not_pass_its_own_proof(
    client: TestClient, mei: dict[str, str]
) -> None:
    report = json.loads(downloaded(client, mei, "?parts=score,proof"))["report"]
    report["parts"]["score"]["score"] = 790
    liar = NodeKeys.generate()
    with pytest.raises(Stop, match="trust neither"):
        verify_report(plain.write(sign_report(report, liar)), [liar.identity_key])


def test_report_key__is_kept_between_starts_and_read_by_nobody_else(service: Service, kept: Kept) -> None:
    path = kept.settings.home / "service.key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert bytes.fromhex(path.read_text()) != service.signer.identity_key


# ------------------------------------------------------------------------------------------- facts, disputes


def write_facts(kept: Kept, are_one: tuple[bytes, ...] = ()) -> None:
    """What the node writes: Mei repaid one loan in time, disputes another, and is paid by Bo.

    The wallets `are_one` are linked.
    """
    manifest = manifests.load(kept.settings.home, kept.report.model_id)
    until = manifest.schedule.until(EPOCH)

    def event(number: int, kind: str, **given: Any) -> dict[str, Any]:
        usual = dict.fromkeys(EVENTS.names) | {"chain_id": CHAIN, "protocol": "term_loans", "account": MEI}
        where = {"block_number": number, "log_index": 0, "leg": 0, "tx_hash": b"\x01" * 32}
        return usual | where | {"kind": kind, "block_time": until - 100 + number, "asset": COIN} | given

    loan = {"counterparty": BO, "value_cents": 10_000}
    rows = [
        event(0, "enrolled"),
        event(1, "borrow", loan_id=b"\x01" * 32, due_time=until - 10, **loan),
        event(2, "repay", loan_id=b"\x01" * 32, **loan),
        event(3, "borrow", loan_id=b"\x02" * 32, due_time=until - 90, **loan),
        event(4, "transfer_in", protocol="erc20", counterparty=BO, value_cents=20_000),
        event(5, "disputed", protocol="disputes", loan_id=DISPUTED),
        event(6, "enrolled", account=BO),
        event(7, "enrolled", account=KAI),
        *(event(8 + n, "linked", account=one, loan_id=b"\x51" * 32) for n, one in enumerate(are_one)),
    ]
    where = folder.folder_of(kept.settings.epochs, EPOCH)
    events = ibis.memtable(pa.Table.from_pylist(rows, schema=EVENTS))
    facts.write_facts(where, events, Model(manifest, kept.card), until, kept.tree.scores)
    facts.write_events(where, events)


def test_facts__are_the_own_ones_with_what_a_dispute_is_about(
    client: TestClient, kept: Kept, mei: dict[str, str]
) -> None:
    assert client.get("/v1/me/facts", headers=mei).status_code == 404
    write_facts(kept)
    told = client.get("/v1/me/facts", headers=mei).json()
    assert [(each["kind"], each["outcome"], each["disputed"]) for each in told] == [
        ("loan", "overdue", True),
        ("loan", "repaid", False),
        ("payment", "received", False),
    ]
    disputed = told[0]
    assert disputed["factId"] == "0x" + DISPUTED.hex()
    assert disputed["scoreWith"] == 740
    assert isinstance(disputed["scoreWithout"], int)
    assert told[2]["counterparty"] == "0x" + BO.hex()
    assert json.loads(downloaded(client, mei, "?parts=facts"))["report"]["parts"] == {"facts": told}
    assert client.get("/v1/me/facts", headers=as_(client, "Kai")).json() == []


def test_score_without__any_own_fact__is_what_the_node_tells_of_a_disputed_one(
    client: TestClient, kept: Kept, mei: dict[str, str]
) -> None:
    write_facts(kept)
    disputed, repaid, paid = client.get("/v1/me/facts", headers=mei).json()
    without = [
        client.get(f"/v1/me/facts/{each['factId']}/without", headers=mei).json()
        for each in (disputed, repaid, paid)
    ]
    assert [each["epoch"] for each in without] == [EPOCH] * 3
    assert [each["factId"] for each in without] == [each["factId"] for each in (disputed, repaid, paid)]
    assert without[0]["scoreWith"] == disputed["scoreWith"]
    assert without[0]["scoreWithout"] == disputed["scoreWithout"] != without[1]["scoreWithout"]


def test_score_without__what_cannot_be_told__is_refused_in_a_sentence(
    client: TestClient, service: Service, kept: Kept, mei: dict[str, str]
) -> None:
    def refused(fact: str, headers: dict[str, str] = mei) -> tuple[int, str]:
        answer = client.get(f"/v1/me/facts/{fact}/without", headers=headers)
        return answer.status_code, answer.json()["code"]

    mine = "0x" + DISPUTED.hex()
    assert refused(mine) == (404, "without-later"), "nothing to score from"
    write_facts(kept)
    assert refused(mine, as_(client, "Bo")) == (404, "fact-unknown")
    assert refused("0x" + "ee" * 32) == (404, "fact-unknown")
    assert refused("0x12")[0] == 409
    write_facts(kept, are_one=(MEI, KAI))
    kai = as_(client, "Kai")
    assert mine in {each["factId"] for each in client.get("/v1/me/facts", headers=kai).json()}
    assert refused(mine, kai) == (404, "fact-unknown"), "of the same person, but of another wallet"
    with service.rescoring.busy():
        assert refused(mine) == (503, "without-busy")
    assert client.get(f"/v1/me/facts/{mine}/without", headers=mei).is_success
    with service.rescoring.busy():
        assert client.get(f"/v1/me/facts/{mine}/without", headers=mei).is_success, "it is kept"


def dispute(client: TestClient, headers: dict[str, str], **changed: Any) -> Any:
    body = {
        "factId": FACT,
        "reason": "already repaid",
        "words": "I repaid it on 3 March. 我已还清。",
    } | changed
    return client.post("/v1/me/disputes", json=body, headers=headers)


@pytest.mark.parametrize(
    "changed",
    [{"factId": "0x12"}, {"reason": "because"}, {"words": ""}, {"words": "x" * 501}, {"words": "a\0b"}],
)
def test_dispute__not_in_form__is_refused(
    client: TestClient, mei: dict[str, str], changed: dict[str, str]
) -> None:
    assert dispute(client, mei, **changed).status_code in (409, 422)
    assert client.get("/v1/me/disputes", headers=mei).json() == []


def test_dispute__words_stay_here_and_their_hash_goes_on_chain(
    client: TestClient, mei: dict[str, str]
) -> None:
    found = dispute(client, mei).json()
    again = dispute(client, mei).json()
    assert found["wordsHash"] != again["wordsHash"]  # salted: the same words cannot be recognised
    call = found["call"]
    assert call["data"][:10] == "0x" + keccak256(b"dispute(bytes32,bytes32)")[:4].hex()
    assert call["data"][10:] == FACT[2:] + found["wordsHash"][2:]
    assert call["to"] == "0x" + "d1" * 20
    assert found["answerBy"] - time.time() == pytest.approx(20 * 86_400, abs=10)
    mine = client.get("/v1/me/disputes", headers=mei).json()
    assert [each["words"] for each in mine] == ["I repaid it on 3 March. 我已还清。"] * 2
    assert client.get("/v1/me/disputes", headers=as_(client, "Bo")).json() == []


def test_decision__with_reasons__is_shown_to_the_borrower(
    client: TestClient, service: Service, kept: Kept, mei: dict[str, str], tmp_path: Path
) -> None:
    dispute(client, mei)
    reasons = tmp_path / "reasons.txt"
    reasons.write_text("The chain shows the repayment in block 40.\n")
    home, account = kept.settings.home, "0x" + MEI.hex()
    made = decide_dispute(home, account, FACT, "upheld", reasons)
    assert made["data"][:10] == "0x" + keccak256(b"decide(address,bytes32,uint8,bytes32)")[:4].hex()
    assert made["data"].endswith(FACT[2:] + "1".zfill(64) + made["reasonsHash"][2:])
    (mine,) = client.get("/v1/me/disputes", headers=mei).json()
    (decision,) = mine["decisions"]
    assert (decision["outcome"], decision["reasons"]) == (1, "The chain shows the repayment in block 40.")
    for bad in ((account, FACT, "perhaps"), ("0x1", FACT, "upheld"), (account, "0x1", "upheld")):
        with pytest.raises(Stop):
            decide_dispute(home, *bad, reasons)


def test_words__of_too_many_disputes__are_refused(service: Service) -> None:
    for _ in range(words.MOST_OF_ONE):
        service.words.dispute(MEI, b"\xfa" * 32, "other", "no")
    with pytest.raises(Stop, match="and no more"):
        service.words.dispute(MEI, b"\xfa" * 32, "other", "no")


def test_statement__is_replaced_and_taken_back(client: TestClient, mei: dict[str, str]) -> None:
    for said in ("I was ill in June.", "我六月生病了。"):
        client.post("/v1/me/statement", json={"words": said}, headers=mei)
        assert client.get("/v1/me/statement", headers=mei).json()["statement"]["words"] == said
    assert client.post("/v1/me/statement", json={"words": ""}, headers=mei).json() == {"statement": None}


# --------------------------------------------------------------------------------------------------- erasure


def test_erase__deletes_all_rows_now_and_says_what_stays(client: TestClient, service: Service) -> None:
    mei, bo = as_(client, "Mei"), as_(client, "Bo")
    given = SIGNED.consent(consent(time.time(), count=3))
    client.post("/v1/me/consents", json=given, headers=mei)
    client.post("/v1/reads", json=SIGNED.request(request(time.time())))
    client.post("/v1/me/statement", json={"words": "I was ill."}, headers=mei)
    client.post("/v1/me/statement", json={"words": "I was not."}, headers=bo)
    dispute(client, mei)
    service.words.decide(MEI, b"\xfa" * 32, "upheld", "yes")
    told = client.delete("/v1/me?lang=zh", headers=mei).json()
    assert told["deleted"] == {
        "consents": 1, "disputes": 1, "decisions": 1, "own_statements": 1, "sessions": 1, "reads": 1,
    }  # fmt: skip
    assert len(told["stays"]) == 5
    assert told["call"]["function"] == "withdraw"
    assert client.get("/v1/me/score", headers=mei).status_code == 401
    assert client.get("/v1/me/statement", headers=bo).json()["statement"]["words"] == "I was not."
    with service.store.reading() as connection:
        assert list(access_log.faults(connection)) == []
        assert connection.execute(select(func.count()).select_from(log_entries)).scalar_one() == 1
        rows = [row for table in metadata.sorted_tables for row in connection.execute(select(table)).all()]
    assert not [row for row in rows if MEI in row]
    raw = b"".join(each.read_bytes() for each in service.settings.home.glob("service.sqlite*"))
    assert b"I was not." in raw
    assert b"I was ill." not in raw
    assert client.post("/v1/reads", json=SIGNED.request(request(time.time()))).status_code == 403
