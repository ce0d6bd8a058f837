"""A member that may have forgotten what it signed does not sign until the next epoch but one."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ledger_reader.errors import Stop
from oracle import gossip
from oracle.committee import Attestation
from oracle.epoch import Deployment
from oracle.keys import NodeKeys, SignedLog
from oracle.report import EpochReport, digest
from oracle.sit_out import Memory, given_back
from tests.oracle.conftest import Kept

KEYS = NodeKeys(b"\5" * 32)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Of a log that was dealt with the keys."""
    SignedLog.deal(tmp_path / "signed.sqlite")
    return tmp_path / "signed.sqlite"


@pytest.fixture
def memory(path: Path, kept: Kept) -> Iterator[Memory]:
    with SignedLog(path) as log:
        yield Memory(log, Deployment(kept.settings.chain_id, kept.settings.contract), b"\1" * 20)


def sign(memory: Memory, report: EpochReport) -> None:
    memory.signed.record(memory.deployment, report.epoch, digest(report, memory.deployment))


def test_examine__log_not_made_with_the_keys__sits_out_two_epochs(tmp_path: Path, memory: Memory) -> None:
    with SignedLog(tmp_path / "new.sqlite") as log:
        forgetful = replace(memory, signed=log)
        forgetful.examine(7, [])
        assert [forgetful.rests_until(epoch) for epoch in (7, 8, 9)] == [9, 9, 0]


def test_examine__a_new_log_again_later__sits_out_only_once(tmp_path: Path, memory: Memory) -> None:
    with SignedLog(tmp_path / "new.sqlite") as log:
        forgetful = replace(memory, signed=log)
        forgetful.examine(7, [])
        forgetful.examine(9, [])
        assert forgetful.rests_until(9) == 0


def test_examine__a_signature_the_log_does_not_know__sits_out(memory: Memory, kept: Kept) -> None:
    memory.examine(4, [kept.report])
    assert [memory.rests_until(epoch) for epoch in (4, 5, 6)] == [6, 6, 0]


def test_examine__another_digest_of_a_known_epoch__sits_out(memory: Memory, kept: Kept) -> None:
    sign(memory, kept.report)
    memory.examine(4, [replace(kept.report, root=b"\x09" * 32)])
    assert memory.rests_until(4) == 6


def test_examine__all_that_is_shown_is_known__signs_on(memory: Memory, kept: Kept) -> None:
    sign(memory, kept.report)
    memory.examine(4, [kept.report, kept.report])
    assert memory.rests_until(4) == 0


def test_sitting_out__process_restarted__still_holds_and_refuses_to_record(
    path: Path, memory: Memory, kept: Kept
) -> None:
    memory.examine(3, [kept.report])
    with SignedLog(path) as log:
        again = replace(memory, signed=log)
        assert again.rests_until(4) == 5
        with pytest.raises(Stop, match="sits out until epoch 5 and signs nothing for 3"):
            sign(again, kept.report)
        sign(again, replace(kept.report, epoch=5))


def test_sitting_out__another_deployment__is_not_concerned(memory: Memory, kept: Kept) -> None:
    memory.examine(4, [kept.report])
    assert replace(memory, deployment=Deployment(1, b"\2" * 20)).rests_until(4) == 0


def test_deal__log_of_before_the_table__is_not_taken_for_dealt(tmp_path: Path) -> None:
    """A log of an older version, or one made by hand, sits out once rather than never."""
    connection = sqlite3.connect(tmp_path / "old.sqlite")
    connection.execute(
        "CREATE TABLE signed (chain_id INTEGER, contract BLOB, epoch INTEGER, digest BLOB NOT NULL, "
        "PRIMARY KEY (chain_id, contract, epoch)) STRICT, WITHOUT ROWID"
    )
    connection.close()
    (tmp_path / "old.sqlite").chmod(0o600)
    with SignedLog(tmp_path / "old.sqlite") as log:
        assert not log.was_dealt
    SignedLog.deal(tmp_path / "dealt.sqlite")
    with SignedLog(tmp_path / "dealt.sqlite") as log:
        assert log.was_dealt


def test_given_back__junk_among_attestations__is_passed_over(memory: Memory, kept: Kept) -> None:
    body = gossip.attestation_body(Attestation(kept.report, b"\1" * 64, b"\2" * 64))
    sealed = [gossip.seal(KEYS, gossip.ATTESTATION, memory.deployment, 3, each) for each in (b"junk", body)]
    assert list(given_back(sealed)) == [kept.report]
