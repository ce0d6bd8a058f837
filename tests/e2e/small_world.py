"""A committee on a chain of its own in seconds: a hand-made scorecard, three enrolled people, no training."""

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from models import manifest as manifests
from models import scorecard as scorecards
from models.features.catalogue import feature_set_version
from models.manifest import Manifest
from oracle.devchain.anvil import GENESIS_TIME, Transaction
from oracle.devchain.deploy import DAY
from oracle.devchain.people import demo_address
from oracle.devchain.stage import EPOCH, LENGTH, Stage, open_stage
from tests.e2e.conftest import anvil_binary
from tests.oracle.conftest import small_card

PEOPLE = ("Mei", "Bo", "Kai")
END = GENESIS_TIME + EPOCH * LENGTH + 30 * DAY


def opened_world(stack: contextlib.ExitStack, folder: Path) -> Stage:
    """Four furnished members a minute after the end of epoch EPOCH; nothing is published."""
    anvil_binary()
    stage = open_stage(stack, folder, END - EPOCH * LENGTH, END)
    manifest = Manifest(
        scorecard=scorecards.save(small_card(), folder / "model"),
        feature_set=feature_set_version(),
        sources=(stage.sources,),
        population="enrolled",
        schedule=stage.deployment.schedule,
        reference=(1,) * 10,
    )
    model_id = manifests.save(manifest, folder / "model")
    stage.propose("0x" + model_id.hex())
    stage.anvil.advance_to(END - DAY // 2)
    call = stage.oracle.call_data("enrol")
    stage.anvil.mine_block(
        [Transaction(demo_address(name), stage.deployment.oracle, call) for name in PEOPLE]
    )
    stage.anvil.advance_to(END + 60)
    stage.furnish(folder / "model" / "manifests" / f"{model_id.hex()}.json")
    stage.anvil.automine(True)
    return stage


@contextlib.contextmanager
def put_back(world: Stage, folder: Path) -> Iterator[Stage]:
    """A world as it is now, its members' folders copied into `folder`; its chain is put back afterwards."""
    moment = world.anvil.rpc.call("evm_snapshot", [])
    homes = [folder / home.name for home in world.homes]
    for home, fresh in zip(world.homes, homes, strict=True):
        shutil.copytree(home, fresh)
    yield replace(world, homes=homes)
    assert world.anvil.rpc.call("evm_revert", [moment]) is True


@contextlib.contextmanager
def small_world(folder: Path) -> Iterator[Stage]:
    """`opened_world`, ended with the block."""
    with contextlib.ExitStack() as stack:
        yield opened_world(stack, folder)
