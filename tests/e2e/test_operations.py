"""docs/operations.md, lived through: its command lines in their order, each member in a folder of its own.

What people do between the commands (send files, deploy, sign as the owner, wait for an epoch) is done here.
"""

import contextlib
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from models import manifest as manifests
from models import registry
from models import scorecard as scorecards
from models.features.catalogue import feature_set_version
from models.manifest import Manifest
from models.registry import Bundle
from oracle.committee import from_json as committee_from_json
from oracle.contract import CreditOracle
from oracle.devchain.anvil import GENESIS_TIME, HOST, Anvil, Transaction, free_port
from oracle.devchain.deploy import DAY, DevDeployment, deploy, weekly
from oracle.devchain.people import demo_address
from oracle.keys import NodeKeys
from oracle.settings import address_text, load_settings, write_settings
from tests.e2e.conftest import REPOSITORY, anvil_binary
from tests.oracle.conftest import small_card

TEXT = (REPOSITORY / "docs" / "operations.md").read_text(encoding="utf-8")
MAKER = NodeKeys(b"\x07" * 32)
FIRST, ROTATED, RESTORED = 3, 6, 7
LENGTH = 7 * DAY
SECONDS = 200


def blocks(heading: str, language: str = "sh") -> list[str]:
    """The fenced blocks of a language under a heading, up to the next one."""
    part = re.split(rf"^#+ {re.escape(heading)}$", TEXT, flags=re.M)[1]
    part = re.split(r"^#+ ", part, flags=re.M)[0]
    return re.findall(rf"^```{language}\n(.*?)^```$", part, re.M | re.S)


@dataclass
class Machine:
    """A member's machine: a folder in which the document's commands are typed."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        """The node's folder."""
        return self.folder / "mine" / "node-1"

    @property
    def address(self) -> str:
        """The member's address."""
        found: str = json.loads((self.home / "member.json").read_bytes())["address"]
        return found

    def start(self, script: str) -> "subprocess.Popen[str]":
        """Type a block; keys are derived cheaply, whatever else is as written."""
        typed = script.replace("credit-oracle init ", "credit-oracle init --quick ")
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        password = {"CREDIT_ORACLE_PASSWORD_FILE": str(self.folder / "password")}
        return subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", typed],
            cwd=self.folder,
            env={**os.environ, **password, **self.variables, "PATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, script: str) -> str:
        """What a block prints; fails when it does."""
        return ended(self.start(script))


def ended(process: "subprocess.Popen[str]") -> str:
    with process:
        try:
            out, err = process.communicate(timeout=SECONDS)
        finally:
            process.kill()
    assert process.returncode == 0, f"{process.args!r}\n{out}\n{err}"
    return out + err


@dataclass
class Committee:
    """The machines, the chain, and what the owner knows."""

    anvil: Anvil
    machines: list[Machine]
    deployment: DevDeployment

    @property
    def oracle(self) -> CreditOracle:
        """The contract."""
        return CreditOracle(self.anvil.rpc, self.deployment.oracle)

    def furnish(self, machines: Sequence[Machine], manifest: Path) -> None:
        """Model, settings and coin, as the document says, for new machines; all learn of all."""
        for machine in machines:
            machine.variables |= {
                "RPC": self.anvil.url,
                "CONTRACT": address_text(self.deployment.oracle),
                "MANIFEST": str(manifest),
                "BUNDLE": str(manifest.parent.parent / "model.bundle"),
                "MODEL_KEY": "0x" + MAKER.identity_key.hex(),
                "PORT": str(free_port(0)),
            }
            machine.run(blocks("The model")[0])
        urls = {each.address: f"http://{HOST}:{each.variables['PORT']}" for each in self.machines}
        for machine in self.machines:
            peers = {address: url for address, url in urls.items() if address != machine.address}
            write_settings(machine.home, settings(machine, peers))
        self.anvil.set_balances([bytes.fromhex(each.address[2:]) for each in machines])

    def end_epoch(self, epoch: int) -> None:
        """Let time pass until a minute after the end of an epoch."""
        end = self.deployment.schedule.end_of(epoch)
        self.anvil.advance_to(end - 3_600)
        self.anvil.advance_to(end + 60)
        self.anvil.automine(True)


def settings(machine: Machine, peers: Mapping[str, str]) -> dict[str, Any]:
    """The document's settings with this world's addresses, and little patience."""
    (written,) = blocks("Settings", "json")
    plain: dict[str, Any] = json.loads(written)
    return plain | {
        "contract": machine.variables["CONTRACT"],
        "rpc": {"31337": [machine.variables["RPC"]]},
        "listen": f"{HOST}:{machine.variables['PORT']}",
        "peers": dict(peers),
        "poll_seconds": 0.3,
        "turn_seconds": 20,
        "round_seconds": 120,
    }


@pytest.fixture
def anvil() -> Iterator[Anvil]:
    anvil_binary()
    with Anvil(start_time=GENESIS_TIME) as running:
        yield running


def make_machine(tmp_path: Path, number: int) -> Machine:
    machine = Machine(tmp_path / f"machine-{number}")
    machine.folder.mkdir()
    machine.run(blocks("Keys")[0])
    return machine


def hand_over(machine: Machine, dealer: Machine, folder: str) -> None:
    """Carry a member's own box, and no other, from the dealer's machine to its own; it puts it in place."""
    if machine is dealer:
        return
    (machine.folder / "handover").mkdir(exist_ok=True)
    shutil.copy(dealer.folder / folder / f"secret-{machine.address}", machine.folder / "handover")
    machine.run(blocks("The committee")[1])


def make_model(folder: Path, deployment: DevDeployment) -> Path:
    """The manifest's file, and beside it the bundle that MAKER signed."""
    manifest = Manifest(
        scorecard=scorecards.save(small_card(), folder),
        feature_set=feature_set_version(),
        sources=(deployment.sources,),
        population="enrolled",
        schedule=deployment.schedule,
        reference=(1,) * 10,
    )
    bundle = Bundle(MAKER.identity_key, manifest, small_card(), {}, b"# Card", b"<h1>Card</h1>", b"")
    registry.save(bundle, MAKER, folder / "model.bundle")
    return folder / "manifests" / f"{manifests.save(manifest, folder).hex()}.json"


def rounds(machines: Sequence[Machine], scripts: Sequence[str]) -> list[str]:
    """What nodes that run side by side print."""
    with contextlib.ExitStack() as stack:
        running = []
        for machine, script in zip(machines, scripts, strict=True):
            process = machine.start(script)
            stack.callback(process.kill)
            running.append(process)
        return [ended(process) for process in running]


@contextlib.contextmanager
def before_the_others(machines: Sequence[Machine], epoch: int) -> Iterator[None]:
    """Nodes that have computed an epoch, and used its secret, and go on, round after round."""
    with contextlib.ExitStack() as stack:
        for machine in machines:
            process = stack.enter_context(machine.start("exec " + forever(machine)))
            stack.callback(process.kill)
        deadline = time.monotonic() + SECONDS
        while not all((each.home / "epochs" / f"{epoch:08d}").exists() for each in machines):
            assert time.monotonic() < deadline, [(each.folder / "log").read_text() for each in machines]
            time.sleep(0.1)
        yield


def forever(machine: Machine) -> str:
    """The document's node without `--once`; what it says goes into a file."""
    (node,) = re.findall(r"^credit-oracle node .*(?= --once$)", blocks("First run")[2], re.M)
    return f"{node} >{machine.folder / 'log'} 2>&1"


def said(text: str, name: str) -> str:
    """A value of a table of names and values."""
    (value,) = re.findall(rf"^{name} +(\S+)$", text, re.M)
    return str(value)


def own_by(owner: bytes, committee: Committee, data: bytes) -> None:
    order = Transaction(owner, committee.deployment.oracle, data, gas=3_000_000)
    committee.anvil.mine_block([order])


def test_settings_block__as_it_stands__is_accepted(tmp_path: Path) -> None:
    (written,) = blocks("Settings", "json")
    (tmp_path / "settings.json").write_text(written)
    assert load_settings(tmp_path).verify == "receipts"


def test_every_shell_block__of_the_document__is_run_by_this_test() -> None:
    run = [
        "Keys",
        "The committee",
        "The model",
        "First run",
        "Watching it",
        "Changing the committee",
        "Back-up",
    ]
    assert sum(len(blocks(heading)) for heading in run) == len(re.findall(r"^```sh$", TEXT, re.M))


@pytest.mark.timeout(600)
def test_document__its_commands_in_order__found_run_rotate_and_restore_a_committee(
    tmp_path: Path, anvil: Anvil
) -> None:
    machines = [make_machine(tmp_path, number) for number in range(1, 5)]
    dealer = machines[0]
    (dealer.folder / "members").mkdir()
    for number, machine in enumerate(machines, 1):
        shutil.copy(machine.home / "member.json", dealer.folder / "members" / f"{number}.json")
    dealer.run(blocks("The committee")[0])
    hand_over(machines[1], dealer, "handover")  # the file of the third and of the fourth gets lost

    agreed = committee_from_json(json.loads((dealer.folder / "handover" / "committee.json").read_bytes()))
    deployment = deploy(anvil, agreed, secrets.token_bytes(32), weekly(GENESIS_TIME))
    committee = Committee(anvil, machines, deployment)
    manifest = make_model(tmp_path / "model", deployment)
    model_id = bytes.fromhex(manifest.stem)
    own_by(deployment.owner, committee, committee.oracle.call_data("scheduleModel", model_id, FIRST))
    anvil.mine_block(
        [
            Transaction(demo_address(n), deployment.oracle, committee.oracle.call_data("enrol"))
            for n in ("Mei", "Bo")
        ]
    )
    committee.furnish(machines, manifest)

    # First run.
    check, dry_run, once = blocks("First run")
    committee.end_epoch(FIRST)
    assert [" fix " in machine.run(check) for machine in machines] == [False] * 4
    dry = dealer.run(dry_run)
    assert said(dry, "published") == "False"
    with before_the_others(machines[:2], FIRST):
        told = rounds(machines[2:], [once] * 2)
    assert {said(each, "root") for each in told} == {said(dry, "root")}
    assert {said(each, "agrees") for each in told} == {"True"}
    dealer.variables["EPOCH"] = str(FIRST)
    assert "difference  -" in re.sub(r" +", "  ", dealer.run(blocks("Watching it")[0]))

    # Changing the committee: the fifth for the fourth.
    fifth = make_machine(tmp_path, 5)
    shutil.copy(fifth.home / "member.json", dealer.folder / "members" / "5.json")
    dealer.variables["FROM_EPOCH"] = str(ROTATED)
    dealer.run(blocks("Changing the committee")[0])
    calldata = (dealer.folder / f"handover-{ROTATED}" / "calldata").read_text().strip()
    own_by(deployment.owner, committee, bytes.fromhex(calldata[2:]))
    committee.machines = [*machines[:3], fifth]
    for machine in committee.machines:
        hand_over(machine, dealer, f"handover-{ROTATED}")
    committee.furnish([fifth], manifest)
    anvil.advance_to(anvil.now() + 60)
    found = dealer.run(check)
    assert re.search(r"^member later +ok ", found, re.M)
    assert re.search(r"^secret later +ok ", found, re.M)
    committee.end_epoch(ROTATED)
    told = rounds(committee.machines, [once] * 4)
    assert {said(each, "agrees") for each in told} == {"True"}
    assert committee.oracle.latest_epoch() == ROTATED

    # Back-up: the third's machine is lost, and the fifth's secret too.
    third = machines[2]
    back_up, restore = blocks("Back-up")
    third.run(back_up)
    shutil.rmtree(third.home)
    restored = third.run(restore)
    assert re.search(r"^signed log +wait .* sits out for two epochs", restored, re.M)
    again = once.replace("mine/node-1", "restored")
    shutil.rmtree(fifth.home / "secrets")
    committee.end_epoch(RESTORED)
    with before_the_others(machines[:2], RESTORED):
        rested, last = third.run(again), fifth.run(once)
    assert said(last, "agrees") == "True"
    assert f"sits out epoch {RESTORED} and signs again from epoch {RESTORED + 2} on" in rested
    mask = committee.oracle.published(deployment.start_block)[RESTORED].member_mask
    assert mask == 0b1011
