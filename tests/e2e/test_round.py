"""A committee of real processes on a real chain: the right root or none, never a wrong one.

One small economy is lived once a module; each test publishes on a chain put back to the moment before.
Whoever lies here holds a member's real keys: what stops it is the others.
"""

import contextlib
import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ledger_reader.errors import Retry
from models import manifest as manifests
from oracle import folder, gossip
from oracle.ceremony import (
    FIRST_EPOCH,
    IDENTITY_FILE,
    MEMBER_FILE,
    SECRET_FILE,
    SIGNED_LOG,
    SIGNER_FILE,
)
from oracle.committee import Attestation
from oracle.contract import Refused
from oracle.devchain.anvil import Transaction
from oracle.devchain.deploy import DAY
from oracle.devchain.economy import plan, play
from oracle.devchain.people import demo_address
from oracle.devchain.stage import EPOCH, Stage, last_words, node_settings, open_stage, outcome
from oracle.epoch import Deployment
from oracle.keys import KeySigner, NodeKeys, SignedLog, attest, save_secret, to_compact
from oracle.report import EpochReport, Mark, digest
from oracle.settings import Settings, address_text, load_settings, write_settings
from oracle.tree import EpochTree
from oracle.wallet import Wallet
from tests.e2e.conftest import anvil_binary, free_port
from tests.e2e.lone_node import computed_alone
from tests.e2e.page.world import save_model
from tests.e2e.small_world import put_back

DAYS, BORROWERS, SEED = 120, 60, 5
NAMES = ("epochs", "ledger.duckdb", "signed.sqlite")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """An economy at the end of epoch EPOCH, a model on chain, four furnished members; nothing published.

    The scorecard is made by hand: that a trained one goes the same way, tests/e2e/test_demo.py shows.
    """
    anvil_binary()
    path = tmp_path_factory.mktemp("world")
    economy = plan(SEED, BORROWERS, DAYS)
    end = economy.start + DAYS * DAY
    with contextlib.ExitStack() as stack:
        stage = open_stage(stack, path, economy.start, end, economy.policy)
        play(economy, stage.anvil, stage.deployment, until=end - 15 * DAY)
        stage.anvil.advance_to(end - 15 * DAY)
        manifest, model_id = save_model(stage, path / "model")
        stage.propose("0x" + model_id.hex())
        play(economy, stage.anvil, stage.deployment, since=end - 15 * DAY)
        stage.anvil.advance_to(end + 60)
        stage.furnish(manifest)
        stage.anvil.automine(True)
        yield stage


@pytest.fixture
def stage(world: Stage, tmp_path: Path) -> Iterator[Stage]:
    """The world as it was before anything was published, and fresh copies of the members' folders."""
    with put_back(world, tmp_path) as found:
        yield found


def password_of(stage: Stage) -> str:
    return (stage.folder / "password.txt").read_text().strip()


def opened(home: Path, stage: Stage) -> tuple[Settings, NodeKeys, KeySigner]:
    """A member's settings and keys: what whoever took over its machine holds."""
    password = password_of(stage)
    keys = NodeKeys.load(home / IDENTITY_FILE, password)
    return load_settings(home), keys, KeySigner.load(home / SIGNER_FILE, password)


def forged(home: Path) -> EpochReport:
    """The report of a member's folder with every score raised by 100 points, properly committed to."""
    epochs = home / "epochs"
    tree = folder.open_tree(epochs, EPOCH)
    raised = np.where(tree.scores.score > 0, np.minimum(tree.scores.score + 100, 850), 0).astype(np.uint16)
    lie = EpochTree.build(EPOCH, replace(tree.scores, score=raised), tree.secret)
    return replace(folder.read_report(epochs, EPOCH), root=lie.root)


def test_round__four_honest_nodes_unlike_in_hash_seed_and_threads__publish_one_root(stage: Stage) -> None:
    """The first cannot write its facts, for a file is in the way: it has the others' root all the same."""
    in_the_way = folder.folder_of(stage.homes[0] / "epochs", EPOCH).with_suffix(".facts")
    in_the_way.parent.mkdir(exist_ok=True)
    in_the_way.write_text("a file")
    varied = [{"PYTHONHASHSEED": str(n), "OMP_NUM_THREADS": str(1 + n % 2)} for n in range(4)]
    rounds = stage.run_nodes(stage.homes, varied)
    assert len({each["root"] for each in rounds}) == 1
    assert all(each["agrees"] for each in rounds)
    assert stage.oracle.latest_epoch() == EPOCH
    found = stage.oracle.published(stage.deployment.start_block)
    assert list(found) == [EPOCH]
    assert "0x" + found[EPOCH].report.root.hex() == rounds[0]["root"]
    assert found[EPOCH].member_mask.bit_count() == 3
    assert f"epoch {EPOCH} stands without facts" in last_words(stage.homes[0], 4_000)


def test_round__dry_run_and_another_nodes_folder_is_deleted__publishes_nothing_and_its_root_does_not_change(
    stage: Stage,
) -> None:
    with stage.process(stage.homes[0], {}, "node", "--once", "--dry-run", "--json") as process:
        with_others = outcome(process, stage.homes[0])
    fresh = stage.homes[0].with_name("again")
    shutil.copytree(stage.homes[0], fresh, ignore=shutil.ignore_patterns(*NAMES, "secret", "secrets"))
    shutil.copy(stage.folder / "committee" / "node-1" / "secret", fresh / "secret")
    for home in stage.homes[1:]:
        shutil.rmtree(home)
    settings = json.loads((fresh / "settings.json").read_bytes())
    write_settings(fresh, settings | {"verify": "receipts"})  # nor does it with proof of what was read
    with stage.process(fresh, {}, "node", "--once", "--dry-run", "--json") as process:
        without_others = outcome(process, fresh)
    assert without_others["root"] == with_others["root"]
    assert [each["dryRun"] for each in (with_others, without_others)] == [True, True]
    assert [each["published"] for each in (with_others, without_others)] == [False, False]
    assert stage.oracle.latest_epoch() == 0
    assert re.search(
        r"Checked\(headers=\d\d+, receipts=([1-9]\d+), transactions=\1,", last_words(fresh, 4_000)
    )


def test_round__two_of_four_are_dead__nothing_is_published(stage: Stage) -> None:
    with contextlib.ExitStack() as stack:
        running = [stack.enter_context(stage.process(home, {}, "node", "--once")) for home in stage.homes[:2]]
        wait_until(
            lambda: all("2 signatures, 3 needed" in last_words(home) for home in stage.homes[:2]), running
        )
        time.sleep(3)
        assert stage.oracle.latest_epoch() == 0


def test_round__a_member_lies_about_scores__the_honest_root_is_published_and_the_liar_named(
    stage: Stage,
) -> None:
    liar = stage.homes[3]
    computed_alone(liar, password_of(stage))
    lie = forged(liar)
    settings, keys, signer = opened(liar, stage)
    with SignedLog(liar / "signed.sqlite") as log:
        attestation = attest(lie, Deployment(settings.chain_id, settings.contract), keys, signer, log)
    with contextlib.ExitStack() as stack:
        running = [
            stack.enter_context(stage.process(home, {}, "node", "--once", "--json"))
            for home in stage.homes[:3]
        ]
        sent = send_for_a_while(settings, keys, attestation, running)
        rounds = [outcome(process, home) for process, home in zip(running, stage.homes[:3], strict=True)]
    assert sent >= 1, "the lie reached nobody, so this test proved nothing"
    assert all(each["agrees"] for each in rounds)
    assert rounds[0]["root"] != "0x" + lie.root.hex()
    logs = [(home / "log.txt").read_text() for home in stage.homes[:3]]
    assert any("member 3 signed another report" in log for log in logs)


def test_publish__a_lie_signed_by_its_liar_alone__is_refused_by_the_contract(stage: Stage) -> None:
    liar = stage.homes[3]
    computed_alone(liar, password_of(stage))
    lie = forged(liar)
    settings, _, signer = opened(liar, stage)
    signed = to_compact(signer.sign_digest(digest(lie, Deployment(settings.chain_id, settings.contract))))
    pair = (signed[:32], signed[32:])
    wallet = Wallet(stage.anvil.rpc, signer, settings.chain_id)
    with pytest.raises(Refused, match="QuorumNotReached"):
        wallet.send(stage.oracle, "publish", lie.values(), 0b1000, [pair])
    with pytest.raises(Refused, match="WrongSigner"):
        wallet.send(stage.oracle, "publish", lie.values(), 0b1110, [pair, pair, pair])


def test_round__a_process_with_a_strangers_key__computes_and_signs_nothing(stage: Stage) -> None:
    stranger = stage.homes[3]
    (stranger / SIGNER_FILE).unlink()
    KeySigner.generate().save(stranger / SIGNER_FILE, password_of(stage))
    with stage.process(stranger, {}, "node", "--once", "--json") as process:
        said = outcome(process, stranger)
    assert said["published"] is False
    log = last_words(stranger, 4_000)
    assert log.count("is not a member's in epoch 3, so nothing is signed") == 1
    assert signed_epoch(stage, stranger) == 0


def test_round__another_secret_than_the_committees__asks_peers_and_gets_the_right_one(stage: Stage) -> None:
    home = stage.homes[0]
    _, keys, _ = opened(home, stage)
    save_secret(home / SECRET_FILE, FIRST_EPOCH, b"\x05" * 32, keys)
    with stage.process(home, {}, "node", "--once", "--json") as process:
        wait_until(lambda: "does not hold the secret 0x" in last_words(home, 4_000), [process])
        others = stage.run_nodes(stage.homes[1:3])
        mine = outcome(process, home)
    assert mine["root"] == others[0]["root"]
    assert mine["agrees"]


def test_round__a_node_killed_in_it__goes_on_and_agrees(stage: Stage) -> None:
    with contextlib.ExitStack() as stack:
        others = [
            stack.enter_context(stage.process(home, {}, "node", "--once", "--json"))
            for home in stage.homes[:2]
        ]
        with stage.process(stage.homes[2], {}, "node", "--once") as process:
            wait_until(lambda: folder.known_epochs(stage.homes[2] / "epochs") == [EPOCH], [process])
            process.kill()
        again = stack.enter_context(stage.process(stage.homes[2], {}, "node", "--once", "--json"))
        rounds = [outcome(p, h) for p, h in zip([*others, again], stage.homes[:3], strict=True)]
    assert len({each["root"] for each in rounds}) == 1
    assert all(each["agrees"] for each in rounds)


def test_round__of_three_as_one_is_dead_and_reorganised_away__one_member_alone_publishes_it_again(
    stage: Stage,
) -> None:
    moment = stage.anvil.rpc.call("evm_snapshot", [])
    rounds = stage.run_nodes(stage.homes[:3])
    assert all(each["agrees"] for each in rounds)
    assert stage.oracle.latest_epoch() == EPOCH
    assert stage.anvil.rpc.call("evm_revert", [moment]) is True
    assert stage.oracle.latest_epoch() == 0
    (again,) = stage.run_nodes([stage.homes[1]])
    assert again["agrees"]
    assert again["root"] == rounds[0]["root"]
    assert stage.oracle.latest_epoch() == EPOCH


def test_round__publishing_is_paused__waits_and_publishes_after(stage: Stage) -> None:
    pause = stage.oracle.call_data("pause", stage.anvil.now() + DAY)
    decree(stage, demo_address("guardian"), pause)
    with contextlib.ExitStack() as stack:
        running = [
            stack.enter_context(stage.process(home, {}, "node", "--once", "--json"))
            for home in stage.homes[:3]
        ]
        logs = [home / "log.txt" for home in stage.homes[:3]]
        wait_until(lambda: any("PublishingPaused" in each.read_text() for each in logs), running)
        assert stage.oracle.latest_epoch() == 0
        unpause = stage.oracle.call_data("unpause")
        decree(stage, demo_address("guardian"), unpause)
        rounds = [outcome(process, home) for process, home in zip(running, stage.homes[:3], strict=True)]
    assert all(each["agrees"] for each in rounds)


def test_round__log_of_signatures_lost__that_member_sits_out(stage: Stage) -> None:
    (stage.homes[0] / SIGNED_LOG).unlink()
    with stage.process(stage.homes[0], {}, "node", "--once", "--json") as process:
        said = outcome(process, stage.homes[0])
    assert said["published"] is False
    assert said["root"] == "0x" + computed_alone(stage.homes[1], password_of(stage)).root.hex()
    assert "it sits out and signs again from epoch 5 on" in last_words(stage.homes[0], 4_000)
    assert signed_epoch(stage, stage.homes[0]) < EPOCH


def test_round__log_restored_from_before_a_published_signature__the_chain_tells_and_it_sits_out(
    stage: Stage,
) -> None:
    log = stage.homes[0] / SIGNED_LOG
    before = log.read_bytes()
    publish(stage)
    assert stage.oracle.published(stage.deployment.start_block)[EPOCH].member_mask == 0b0111
    log.write_bytes(before)
    end_epoch(stage, EPOCH + 2)
    with stage.process(stage.homes[0], {}, "node", "--once", "--json") as process:
        said = outcome(process, stage.homes[0])
    assert (said["epoch"], said["published"]) == (EPOCH + 2, False)
    assert "it sits out and signs again from epoch 7 on" in last_words(stage.homes[0], 4_000)
    assert signed_epoch(stage, stage.homes[0]) < EPOCH + 2


def test_round__log_restored_and_nothing_published__a_peer_tells_and_it_sits_out(stage: Stage) -> None:
    log = stage.homes[0] / SIGNED_LOG
    before = log.read_bytes()
    with contextlib.ExitStack() as stack:
        peer = stack.enter_context(stage.process(stage.homes[1], {}, "node", "--once"))
        with stage.process(stage.homes[0], {}, "node", "--once") as process:
            wait_until(lambda: "2 signatures, 3 needed" in last_words(stage.homes[1]), [peer, process])
        log.write_bytes(before)
        with stage.process(stage.homes[0], {}, "node", "--once", "--json") as again:
            said = outcome(again, stage.homes[0])
    assert said["published"] is False
    words = (stage.homes[0] / "log.txt").read_text()
    assert re.search(r"does not know of 0x[0-9a-f]{64}, signed for epoch 3", words)
    assert "it sits out and signs again from epoch 5 on" in words


def test_rotation__a_new_member_and_a_fresh_secret__all_get_it_of_the_dealer_and_publish(
    stage: Stage, tmp_path: Path
) -> None:
    """Only the dealer's folder holds the secret at first; the member that left does not come by it."""
    made = stage.verb("init", "--out", tmp_path / "fresh", "--members", 1, "--quick")
    homes = [*stage.homes[:3], Path(made["homes"][0])]
    from_epoch = EPOCH + 3
    files = [part for home in homes for part in ("--member", home / MEMBER_FILE)]
    dealt = stage.verb(
        "rotate", "--home", homes[0], *files, "--from-epoch", from_epoch, "--out", tmp_path / "dealt"
    )
    call = bytes.fromhex(dealt["calldata"][2:])
    decree(stage, stage.deployment.owner, call)
    refurnish(stage, homes, from_epoch)
    end_epoch(stage, from_epoch)
    rounds = stage.run_nodes(homes)
    assert all(each["agrees"] and each["epoch"] == from_epoch for each in rounds)
    assert len({each["root"] for each in rounds}) == 1
    named = bytes.fromhex(dealt["secretHash"][2:])
    assert stage.oracle.committee_at(from_epoch).secret_hash == named
    for home in homes:
        assert [each.name for each in sorted((home / "secrets").iterdir())] == [named.hex()]
    with stage.process(stage.homes[3], {}, "node", "--dry-run", "--once") as process:
        wait_until(lambda: "does not hold the secret 0x" in last_words(stage.homes[3], 2_000), [process])


def test_round__the_root_before_is_vetoed__does_not_count_as_previous(stage: Stage) -> None:
    publish(stage)
    decree(stage, demo_address("guardian"), stage.oracle.call_data("veto", EPOCH, b"\x01" * 32))
    end_epoch(stage, EPOCH + 1)
    rounds = stage.run_nodes(stage.homes[:3])
    assert all(each["agrees"] and each["epoch"] == EPOCH + 1 for each in rounds)
    published = stage.oracle.published(stage.deployment.start_block)
    assert sorted(published) == [EPOCH, EPOCH + 1]
    assert published[EPOCH + 1].report.previous_epoch == 0
    assert stage.oracle.mark_of(EPOCH) is Mark.VETOED


def test_round__another_model_since__a_member_that_joins_late_scores_the_old_epoch_by_the_old_one(
    stage: Stage,
) -> None:
    """And members that were away skip to the latest ended epoch: nobody here computes those between."""
    publish(stage)
    old = stage.oracle.model_at(EPOCH)
    manifest = manifests.load(stage.homes[0], old)
    other = replace(manifest, reference=tuple(count + 1 for count in manifest.reference))
    (named,) = {manifests.save(other, home) for home in stage.homes}
    decree(stage, stage.deployment.owner, stage.oracle.call_data("scheduleModel", named, EPOCH + 3))
    end_epoch(stage, EPOCH + 3)
    rounds = stage.run_nodes(stage.homes[1:])
    assert all(each["agrees"] and each["epoch"] == EPOCH + 3 for each in rounds)
    report = stage.oracle.published(stage.deployment.start_block)[EPOCH + 3].report
    assert (report.model_id, report.previous_epoch) == (named, EPOCH)
    assert report.mean_score > 0
    assert folder.known_epochs(stage.homes[3] / "epochs") == [EPOCH + 3]
    assert folder.known_epochs(stage.homes[1] / "epochs") == [EPOCH, EPOCH + 3]


def publish(stage: Stage) -> None:
    """What a round of the first three members leaves in folders and on the chain, without its processes."""
    at = Deployment(stage.deployment.chain_id, stage.deployment.oracle)
    signatures = []
    for home in stage.homes[:3]:
        report = computed_alone(home, password_of(stage))
        _, keys, signer = opened(home, stage)
        with SignedLog(home / SIGNED_LOG) as log:
            signatures.append(attest(report, at, keys, signer, log).signature)
    pairs = [(each[:32], each[32:]) for each in signatures]
    wallet = Wallet(stage.anvil.rpc, signer, at.chain_id)
    wallet.send(stage.oracle, "publish", report.values(), 0b0111, pairs)


def signed_epoch(stage: Stage, home: Path) -> int:
    """The latest epoch that a member's own log says it has signed, 0 when none."""
    with SignedLog(home / SIGNED_LOG) as log:
        return log.latest_epoch(Deployment(stage.deployment.chain_id, stage.deployment.oracle))


def decree(stage: Stage, sender: bytes, call: bytes) -> None:
    """A call of the oracle's contract by its owner or guardian."""
    stage.anvil.automine(False)
    stage.anvil.mine_block([Transaction(sender, stage.oracle.address, call)])
    stage.anvil.automine(True)


def end_epoch(stage: Stage, epoch: int) -> None:
    """The chain goes on until after an epoch's end, which has a block shortly before it."""
    end = stage.deployment.schedule.end_of(epoch)
    stage.anvil.advance_to(end - 60)
    stage.anvil.advance_to(end + 60)


def refurnish(stage: Stage, homes: list[Path], epoch: int) -> None:
    """Settings for the members of a later epoch, the newcomer's with the others' manifest."""
    members = stage.oracle.committee_at(epoch).members
    stage.anvil.set_balances(members)
    ports = [free_port() for _ in homes]
    for kind in ("manifests", "scorecards"):
        shutil.copytree(homes[0] / kind, homes[-1] / kind)
    for i, home in enumerate(homes):
        others = {
            address_text(member): f"http://127.0.0.1:{port}"
            for member, port in zip(members, ports, strict=True)
            if member != members[i]
        }
        write_settings(home, node_settings(stage.deployment, stage.anvil.url, ports[i], others))


def send_for_a_while(
    settings: Settings, keys: NodeKeys, attestation: Attestation, running: "list[subprocess.Popen[str]]"
) -> int:
    """Offer an attestation to all peers until the round is over; how often one was taken."""
    deployment = Deployment(settings.chain_id, settings.contract)
    body = gossip.attestation_body(attestation)
    envelope = gossip.seal(keys, gossip.ATTESTATION, deployment, EPOCH, body)
    taken = 0
    while all(process.poll() is None for process in running):
        for url in settings.peers.values():
            with contextlib.suppress(Retry):
                gossip.send(url, envelope, 1.0)
                taken += 1
        time.sleep(0.05)
    return taken


def wait_until(
    condition: Callable[[], bool], running: "list[subprocess.Popen[str]]", seconds: float = 60
) -> None:
    """Until the condition holds; fails when a process ends or time is over."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert all(process.poll() is None for process in running), "a node ended by itself"
        assert time.monotonic() < deadline, "it did not come to that in time"
        time.sleep(0.1)
