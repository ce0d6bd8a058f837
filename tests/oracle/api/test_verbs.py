"""The verbs of the service's people: a report file is verified offline, a dispute is decided."""

from pathlib import Path

import pytest
from sqlalchemy import update

from models import plain
from oracle.api import access_log
from oracle.api.own import make_report
from oracle.api.service import Service
from oracle.api.tables import read_details
from oracle.committee import Committee, to_json
from oracle.credit_report import sign_report
from oracle.settings import address_text
from tests.oracle.conftest import EPOCH, MEI, Kept
from tests.oracle.test_cli import Terminal, terminal

__all__ = ["terminal"]


@pytest.fixture
def report(service: Service, tmp_path: Path) -> Path:
    """Mei's report with its proof, as she downloads it."""
    path = tmp_path / "report.json"
    values = make_report(service, service.epochs.latest(), MEI, "en", ["score", "proof"])
    path.write_bytes(plain.write(sign_report(values, service.signer)))
    return path


def test_verify__report_of_a_committees_member__is_genuine(
    terminal: Terminal, service: Service, report: Path, tmp_path: Path
) -> None:
    committee = Committee((b"\x01" * 20,), (service.signer.identity_key,), 1, b"\x03" * 32)
    (tmp_path / "committee.json").write_bytes(plain.write(to_json(committee)))
    found = terminal.result("verify", report, "--committee", tmp_path / "committee.json")
    assert (found["genuine"], found["provesEpoch"], found["account"]) == (True, EPOCH, address_text(MEI))


def test_verify__report_without_a_trusted_key__is_refused_in_one_sentence(
    terminal: Terminal, report: Path
) -> None:
    assert "name who may have signed" in terminal.run("verify", report).sentence
    assert "none of the 1 keys" in terminal.run("verify", report, "--key", "0x" + "11" * 32).sentence
    assert "a key must be 0x" in terminal.run("verify", report, "--key", "0x11").sentence
    assert "name an existing file" in terminal.run("verify", "none.json", "--key", "0x" + "11" * 32).sentence


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"report":1,"key":2,"signature":3}', b"\xff"])
def test_verify__file_that_is_no_report__is_refused_in_one_sentence(
    terminal: Terminal, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "odd.json").write_bytes(content)
    assert terminal.run("verify", "odd.json", "--key", "0x" + "11" * 32).status == 1


def test_access__log_as_written_or_not__is_told_with_what_was_noted(
    terminal: Terminal, service: Service, kept: Kept
) -> None:
    with service.store.changing() as connection:
        for what in ("band", "score", "report"):
            read = {"borrower": MEI, "reader": MEI, "consent": bytes(32), "what": what}
            access_log.append(connection, read | {"purpose": "tenancy", "result": "shown", "time": 1})
    first = service.consents.reads_of(MEI)[-1]
    note = f"1:0x{first['link'].hex()}"
    home = ("access", "--home", kept.settings.home)
    found = terminal.result(*home, "--noted", note)
    assert (found["entries"], found["noted"], found["faults"]) == (3, 1, [])
    wrong = terminal.run(*home, "--noted", "2" + note[1:])
    assert (wrong.status, "link 2 is not the one that was noted" in wrong.out) == (1, True)
    assert "is no note of a link" in terminal.run(*home, "--noted", "1").sentence
    with service.store.changing() as connection:
        connection.execute(update(read_details).where(read_details.c.number == 2).values(what="band"))
    altered = terminal.run(*home)
    assert (altered.status, "the details of entry 2 were altered" in altered.out) == (1, True)


def test_decide__prints_the_call_and_keeps_the_reasons(
    terminal: Terminal, service: Service, kept: Kept, tmp_path: Path
) -> None:
    (tmp_path / "why.txt").write_text("已核实。")
    who = ("--home", kept.settings.home, "--account", address_text(MEI), "--fact", "0x" + "fa" * 32)
    found = terminal.result("decide", *who, "--outcome", "not upheld", "--reasons", tmp_path / "why.txt")
    assert found["data"][10:].startswith(MEI.hex().zfill(64) + "fa" * 32 + "2".zfill(64))
    service.words.dispute(MEI, b"\xfa" * 32, "other", "no")
    (mine,) = service.words.disputes_of(MEI)
    assert [each["reasons"] for each in mine["decisions"]] == ["已核实。"]
    sentence = terminal.run(
        "decide", *who, "--outcome", "perhaps", "--reasons", tmp_path / "why.txt"
    ).sentence
    assert "upheld" in sentence
