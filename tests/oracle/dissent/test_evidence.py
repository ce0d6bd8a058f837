import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from ledger_reader.errors import Retry, Stop
from oracle.committee import KEPT_OF_A_MEMBER, Attestation
from oracle.dissent import evidence
from oracle.dissent.differences import Changed, Differences
from oracle.dissent.evidence import KEPT_EPOCHS, Evidence, Proof
from oracle.epoch import Deployment
from oracle.report import EpochReport, digest

HOME = Deployment(31337, b"\1" * 20)
ANN, BEN = b"\x0a" * 20, b"\x0b" * 20
REPORT = EpochReport(
    epoch=3,
    config=b"\2" * 32,
    model_id=b"\2" * 32,
    snapshot_block=40,
    snapshot_time=1_299,
    home_hash=b"\3" * 32,
    snapshot_hash=b"\3" * 32,
    root=b"\3" * 32,
    scores_hash=b"\3" * 32,
    previous_epoch=2,
    borrowers=200,
    mean_score=640,
    moved_bps=12,
    psi_bps=34,
)
FOUND = Differences(
    (Changed(b"\4" * 20, b"\5" * 32, b"\6" * 32),), (b"\7" * 20,), (b"\x08" * 20,), "the member is away"
)


def said(root: int = 3, epoch: int = 3) -> Attestation:
    report = replace(REPORT, root=bytes([root]) * 32, epoch=epoch)
    return Attestation(report, bytes([root]) * 64, bytes([epoch]) * 64)


MINE = said()


def opened(folder: Path) -> Evidence:
    return Evidence(folder / evidence.FILE, HOME)


# ------------------------------------------------------------------------------------------ unhappy


def test_evidence__file_that_is_none__stops_and_says_to_keep_it(tmp_path: Path) -> None:
    (tmp_path / evidence.FILE).write_bytes(b"no database at all, but long enough to be read as one" * 20)
    with pytest.raises(Stop, match=r"evidence\.sqlite is damaged .*move it away, and keep it"):
        opened(tmp_path)


def test_evidence__a_folder_that_cannot_be_written__stops(tmp_path: Path) -> None:
    with pytest.raises(Stop, match="choose a folder that this node can write"):
        opened(tmp_path / "missing")


def test_keep__another_process_writes_for_long__asks_to_try_again_and_works_after(tmp_path: Path) -> None:
    with opened(tmp_path) as kept, opened(tmp_path) as other:
        kept._connection.execute("PRAGMA busy_timeout = 10")
        other._connection.execute("BEGIN IMMEDIATE")
        with pytest.raises(Retry, match="cannot be used now"):
            kept.keep(ANN, said(4), MINE)
        other._connection.execute("ROLLBACK")
        assert kept.keep(ANN, said(4), MINE)


def test_keep__a_third_report_of_one_member__is_not_kept(tmp_path: Path) -> None:
    with opened(tmp_path) as kept:
        assert [kept.keep(ANN, said(root), MINE) for root in (4, 5, 6, 7)] == [True, True, False, False]
        assert [each.theirs for each in kept.dissents()] == sorted(
            (said(4), said(5)), key=lambda each: digest(each.report, HOME)
        )


def test_keep__a_flood_of_everything__stays_bounded(tmp_path: Path) -> None:
    with opened(tmp_path) as kept:
        for epoch in range(1, KEPT_EPOCHS + 20):
            for root in range(4, 8):
                kept.keep(ANN, said(root, epoch), said(3, epoch))
        epochs = [each.theirs.report.epoch for each in kept.dissents()]
    assert len(epochs) == KEPT_OF_A_MEMBER * KEPT_EPOCHS
    assert min(epochs) == 20


def test_keep__many_threads_at_once__keeps_two(tmp_path: Path) -> None:
    with opened(tmp_path) as kept:
        threads = [threading.Thread(target=kept.keep, args=(ANN, said(root), MINE)) for root in range(4, 40)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        assert len(kept.dissents()) == KEPT_OF_A_MEMBER


# --------------------------------------------------------------------------------------------- kept


def test_keep__the_same_again__changes_nothing(tmp_path: Path) -> None:
    with opened(tmp_path) as kept:
        assert kept.keep(ANN, said(4), MINE)
        kept.add_differences(ANN, said(4), FOUND)
        assert not kept.keep(ANN, said(4), MINE)
        assert [each.differences for each in kept.dissents()] == [FOUND]


def test_evidence__opened_again__has_both_attestations_and_the_differences(tmp_path: Path) -> None:
    with opened(tmp_path) as kept:
        kept.keep(BEN, said(5), MINE)
        kept.keep(ANN, said(4), MINE)
        kept.add_differences(ANN, said(4), FOUND)
    with opened(tmp_path) as again:
        assert again.dissents() == [
            evidence.Dissent(ANN, said(4), MINE, FOUND),
            evidence.Dissent(BEN, said(5), MINE, None),
        ]
    assert (tmp_path / evidence.FILE).stat().st_mode & 0o777 == 0o600


def test_evidence__of_another_deployment__is_not_shown(tmp_path: Path) -> None:
    with opened(tmp_path) as kept:
        kept.keep(ANN, said(4), MINE)
    with Evidence(tmp_path / evidence.FILE, replace(HOME, chain_id=1)) as elsewhere:
        assert not elsewhere.dissents()
        assert not elsewhere.proofs()


def test_proofs__of_one_report_each__are_none(tmp_path: Path) -> None:
    with opened(tmp_path) as kept:
        kept.keep(ANN, said(4), MINE)
        kept.keep(BEN, said(4), MINE)
        kept.keep(ANN, said(4, 4), said(3, 4))
        assert kept.proofs() == []


def test_proofs__two_reports_of_one_epoch__are_one_proof_until_it_is_settled(tmp_path: Path) -> None:
    with opened(tmp_path) as kept:
        for each in (said(4), MINE):
            kept.keep(ANN, each, MINE)
        (proof,) = kept.proofs()
        assert {proof.first, proof.second} == {said(4), MINE}
        assert proof.outcome is None
        kept.settle(proof, "proved in 0x01")
    with opened(tmp_path) as again:
        assert again.proofs() == [Proof(ANN, proof.first, proof.second, "proved in 0x01")]


def test_describe__a_dissent__names_member_roots_fields_and_borrowers() -> None:
    theirs = said(4)
    theirs = replace(theirs, report=replace(theirs.report, mean_score=641))
    told = evidence.describe(evidence.Dissent(ANN, theirs, MINE, FOUND), HOME)
    assert json.loads(json.dumps(told)) == told
    assert (told["epoch"], told["member"]) == (3, "0x" + ANN.hex())
    assert (told["root"], told["mine"]) == ("0x" + "04" * 32, "0x" + "03" * 32)
    assert told["fields"] == ["root", "meanScore"]
    assert told["differences"]["changed"][0]["address"] == "0x" + "04" * 20
    assert [each["report"]["meanScore"] for each in told["attestations"]] == [641, 640]
