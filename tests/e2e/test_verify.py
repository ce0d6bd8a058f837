"""A lender's `verify` against a real contract, and what it is told when it is refused."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ledger_reader.errors import Stop
from oracle import folder
from oracle.contract import Refused
from oracle.devchain.people import demo_address
from oracle.devchain.stage import EPOCH
from oracle.report import scores_hash
from oracle.settings import address_text
from oracle.tree import EpochTree
from oracle.verbs import epochs, proofs
from tests.e2e.forged_world import World, opened_by_its_keys

MEI = address_text(demo_address("Mei"))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """An epoch in which everybody has 850 points, published; its folder is `forged` beside the chain."""
    path = tmp_path_factory.mktemp("verified")
    with opened_by_its_keys(path) as found:
        tree = folder.open_tree(found.home / "epochs", EPOCH)
        status, score = np.full(3, 1, dtype=np.uint8), np.full(3, 850, dtype=np.uint16)
        rich = EpochTree.build(EPOCH, replace(tree.scores, status=status, score=score), tree.secret)
        report = replace(found.report, root=rich.root)
        folder.write_epoch(path / "forged", rich, replace(report, scores_hash=scores_hash(rich.scores)))
        found.publish(report)
        yield found


@pytest.fixture(autouse=True)
def fresh(world: World) -> Iterator[None]:
    with world.put_back():
        yield


def proof(world: World, path: Path, at_least: int | None = None) -> Path:
    epoch = folder.folder_of(world.stage.folder / "forged", EPOCH)
    path.write_text(json.dumps(epochs.make_proof_from(epoch, MEI, at_least)))
    return path


def verify(world: World, path: Path) -> dict[str, Any]:
    contract = address_text(world.stage.oracle.address)
    return proofs.verify_proof([world.stage.anvil.url], contract, MEI, path, 14 * 86_400)


def read_from_now_on(world: World) -> None:
    world.release()
    world.stage.anvil.advance_to(world.end_of(EPOCH) + 2 * 3_600)


def test_verify__root_is_not_read_yet__is_explained(world: World, tmp_path: Path) -> None:
    path = proof(world, tmp_path / "proof.json")
    with pytest.raises(Refused) as refused:
        verify(world, path)
    told = proofs.explain_refusal(MEI, refused.value)
    assert (told["error"], told["proven"]) == ("NoRoot", False)
    assert told["cause"] == "No root is published yet, or all are upcoming, held or vetoed."


def test_verify__altered_score__exits_with_the_explanation(world: World, tmp_path: Path) -> None:
    read_from_now_on(world)
    path = proof(world, tmp_path / "proof.json")
    found = json.loads(path.read_text())
    path.write_text(json.dumps(found | {"score": 849}))
    contract = address_text(world.stage.oracle.address)
    where = ("--rpc", world.stage.anvil.url, "--contract", contract, "--account", MEI, "--proof", path)
    with pytest.raises(Stop, match=r"CreditOracle refused: ScoreNotProven\(0x.*, 849\)"):
        world.stage.verb("verify", *where, "--explain")


def test_verify__as_proved__is_told_with_the_current_epoch(world: World, tmp_path: Path) -> None:
    read_from_now_on(world)
    told = verify(world, proof(world, tmp_path / "proof.json"))
    assert (told["score"], told["epoch"], told["currentEpoch"]) == (850, EPOCH, EPOCH)
    least = verify(world, proof(world, tmp_path / "least.json", 700))
    assert (least["threshold"], least["currentEpoch"], "score" in least) == (700, EPOCH, False)
