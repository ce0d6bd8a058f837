"""Dissent between real processes on a real chain: who differs is named to the borrower, and who tells two
stories loses its seat by its own signatures."""

import contextlib
import copy
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ledger_reader.errors import Retry
from models.scorecard import Scores
from oracle import folder, gossip
from oracle.ceremony import IDENTITY_FILE, SIGNER_FILE
from oracle.committee import Attestation, Committee
from oracle.devchain.people import demo_address
from oracle.devchain.stage import EPOCH, Stage, last_words, outcome
from oracle.dissent.evidence import FILE, Evidence
from oracle.epoch import Deployment
from oracle.keys import KeySigner, NodeKeys, SignedLog, to_compact
from oracle.report import EpochReport, digest, scores_hash
from oracle.settings import load_settings
from oracle.tree import EpochTree
from oracle.verbs.evidence import list_evidence, submit_evidence
from tests.e2e.small_world import small_world

LIAR = 3


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Three enrolled people, four members, epoch EPOCH over and computed by each; nothing published."""
    with small_world(tmp_path_factory.mktemp("world")) as stage:
        with contextlib.ExitStack() as stack:
            running = [
                stack.enter_context(stage.process(home, {}, "node", "--once", "--dry-run", "--json"))
                for home in stage.homes
            ]
            for process, home in zip(running, stage.homes, strict=True):
                outcome(process, home)
        yield stage


@pytest.fixture
def stage(world: Stage, tmp_path: Path) -> Iterator[Stage]:
    """The world as it was, and fresh copies of the members' folders."""
    moment = world.anvil.rpc.call("evm_snapshot", [])
    homes = [tmp_path / home.name for home in world.homes]
    for home, fresh in zip(world.homes, homes, strict=True):
        shutil.copytree(home, fresh)
    yield replace(copy.copy(world), homes=homes)
    assert world.anvil.rpc.call("evm_revert", [moment]) is True


def deployment(stage: Stage) -> Deployment:
    return Deployment(stage.deployment.chain_id, stage.deployment.oracle)


def committee(stage: Stage, epoch: int = EPOCH) -> Committee:
    return stage.oracle.committee_at(epoch)


def member(stage: Stage, index: int) -> int:
    """Which member of the committee the folder `index` is."""
    signer = KeySigner.load(stage.homes[index] / SIGNER_FILE, password(stage))
    return committee(stage).members.index(signer.address)


def password(stage: Stage) -> str:
    return (stage.folder / "password.txt").read_text().strip()


def alter(stage: Stage, home: Path, row: int, without: bool = False) -> bytes:
    """Give one borrower another status in a member's folder (or leave it out), as if computed so."""
    tree = folder.open_tree(home / "epochs", EPOCH)
    address = bytes(tree.scores.addresses[row])
    if without:
        kept = np.arange(len(tree.scores.addresses)) != row
        scores = Scores(
            addresses=tree.scores.addresses[kept],
            status=tree.scores.status[kept],
            score=tree.scores.score[kept],
            width=tree.scores.width[kept],
            reasons=tree.scores.reasons[kept],
            features=tree.scores.features[kept],
            feature_names=tree.scores.feature_names,
            total=tree.scores.total[kept],
        )
    else:
        status = np.array(tree.scores.status)
        status[row] |= 128
        scores = replace(tree.scores, status=status)
    lie = EpochTree.build(EPOCH, scores, tree.secret)
    report = folder.read_report(home / "epochs", EPOCH)
    altered = replace(report, root=lie.root, scores_hash=scores_hash(scores))
    folder.write_epoch(home / "epochs", lie, altered)
    with SignedLog(home / "signed.sqlite") as log:
        log.record(deployment(stage), EPOCH, digest(altered, deployment(stage)))
    return address


def run_against(stage: Stage, liar: Path) -> None:
    """One round of the three honest members while the liar's real process attests and answers."""
    with stage.process(liar, {}, "node") as lying:
        deadline = time.monotonic() + 120
        while "1 signatures, 3 needed" not in last_words(liar, 5_000):
            assert lying.poll() is None, last_words(liar)
            assert time.monotonic() < deadline, last_words(liar)
            time.sleep(0.1)
        rounds = stage.run_nodes(stage.homes[:LIAR])
        assert lying.poll() is None, last_words(liar)
    assert all(each["agrees"] for each in rounds)


def test_evidence__one_borrower_altered_at_one_member__names_exactly_that_borrower(stage: Stage) -> None:
    address = alter(stage, stage.homes[LIAR], 1)
    run_against(stage, stage.homes[LIAR])
    seat = member(stage, LIAR)
    told = [list_evidence(home) for home in stage.homes[:LIAR]]
    assert any(each["dissent"] for each in told), "the lie reached nobody, so this proved nothing"
    for each in (dissent for found in told for dissent in found["dissent"]):
        assert each["member"] == "0x" + committee(stage).members[seat].hex()
        assert each["epoch"] == EPOCH
        assert each["fields"] == ["root", "scoresHash"]
        assert [one["address"] for one in each["differences"]["changed"]] == ["0x" + address.hex()]
        assert each["differences"]["missingHere"] == each["differences"]["missingThere"] == []
        assert each["differences"]["unfinished"] is None
    assert all(found["proofs"] == [] for found in told)
    assert not stage.oracle.read("isExpelled", committee(stage).members[seat])[0]


def test_evidence__a_borrower_left_out_at_one_member__is_named_as_missing_there(stage: Stage) -> None:
    address = alter(stage, stage.homes[LIAR], 1, without=True)
    run_against(stage, stage.homes[LIAR])
    found = [each for home in stage.homes[:LIAR] for each in list_evidence(home)["dissent"]]
    assert found
    assert all(
        each["differences"]
        == {"changed": [], "missingHere": [], "missingThere": ["0x" + address.hex()], "unfinished": None}
        for each in found
    )
    assert address in {demo_address(name) for name in ("Mei", "Bo", "Kai")}


def test_evidence__two_stories_of_one_member__take_its_seat_from_the_next_epoch_on(stage: Stage) -> None:
    report = folder.read_report(stage.homes[LIAR] / "epochs", EPOCH)
    stories = [signed(stage, replace(report, root=bytes([n]) * 32)) for n in (1, 2)]
    before = committee(stage)
    seat = member(stage, LIAR)
    with contextlib.ExitStack() as stack:
        running = [
            stack.enter_context(stage.process(home, {}, "node", "--once", "--json"))
            for home in stage.homes[:LIAR]
        ]
        assert tell(stage, stories, running) >= 2, "the stories reached nobody, so this proved nothing"
        rounds = [outcome(process, home) for process, home in zip(running, stage.homes[:LIAR], strict=True)]
    assert all(each["agrees"] for each in rounds)
    expelled = before.members[seat]
    assert stage.oracle.read("isExpelled", expelled)[0]
    after = committee(stage, EPOCH + 2)
    assert after.members == tuple(each for each in before.members if each != expelled)
    assert committee(stage) == before
    proofs = [proof for home in stage.homes[:LIAR] for proof in list_evidence(home)["proofs"]]
    assert {proof["member"] for proof in proofs} == {"0x" + expelled.hex()}
    outcomes = [proof["outcome"] for proof in proofs]
    assert sum(each.startswith("proved in 0x") for each in outcomes) == 1
    assert all(each.startswith(("proved in", "expelled")) for each in outcomes)


def test_submit__by_hand_with_evidence_of_a_dry_afterthought__is_taken_once(stage: Stage) -> None:
    home = stage.homes[0]
    report = folder.read_report(home / "epochs", EPOCH)
    seat = member(stage, LIAR)
    keep(stage, home, seat, [signed(stage, replace(report, root=bytes([n]) * 32)) for n in (1, 2)])
    assert list_evidence(home)["proofs"][0]["outcome"] is None
    told = stage.verb("evidence", "--home", home, "--submit")
    assert told["proofs"][0]["outcome"].startswith("proved in 0x")
    assert told == stage.verb("evidence", "--home", home) == list_evidence(home)
    assert submit_evidence(home, password(stage)) == told
    keep(stage, stage.homes[1], seat, [signed(stage, replace(report, root=bytes([n]) * 32)) for n in (3, 4)])
    other = submit_evidence(stage.homes[1], password(stage))
    assert other["proofs"][0]["outcome"] == "expelled already"


def test_submit__of_who_is_no_member__is_refused_by_the_contract_and_not_tried_again(stage: Stage) -> None:
    home = stage.homes[0]
    report = folder.read_report(home / "epochs", EPOCH)
    stranger = KeySigner.generate()
    stories = [signed(stage, replace(report, root=bytes([n]) * 32), stranger) for n in (1, 2)]
    keep(stage, home, stranger.address, stories)
    told = submit_evidence(home, password(stage))
    assert told["proofs"][0]["outcome"].startswith("not taken: CreditOracle refused: ")
    assert submit_evidence(home, password(stage)) == told


def signed(stage: Stage, report: EpochReport, signer: KeySigner | None = None) -> Attestation:
    """What the liar's keys make of a report, past its own write-ahead log."""
    home, found = stage.homes[LIAR], digest(report, deployment(stage))
    signer = signer or KeySigner.load(home / SIGNER_FILE, password(stage))
    keys = NodeKeys.load(home / IDENTITY_FILE, password(stage))
    return Attestation(report, to_compact(signer.sign_report(report, deployment(stage))), keys.sign(found))


def keep(stage: Stage, home: Path, who: int | bytes, stories: list[Attestation]) -> None:
    address = who if isinstance(who, bytes) else committee(stage).members[who]
    with Evidence(home / FILE, deployment(stage)) as kept:
        for each in stories:
            kept.keep(address, each, stories[0])


def tell(stage: Stage, stories: list[Attestation], running: "list[subprocess.Popen[str]]") -> int:
    """Tell all honest members both stories until the round is over; how often one was taken."""
    home = stage.homes[LIAR]
    keys = NodeKeys.load(home / IDENTITY_FILE, password(stage))
    urls = load_settings(home).peers.values()
    taken = 0
    while all(process.poll() is None for process in running):
        for story in stories:
            body = gossip.attestation_body(story)
            envelope = gossip.seal(keys, gossip.ATTESTATION, deployment(stage), EPOCH, body)
            for url in urls:
                with contextlib.suppress(Retry):
                    gossip.send(url, envelope, 1.0)
                    taken += 1
        time.sleep(0.02)
    return taken
