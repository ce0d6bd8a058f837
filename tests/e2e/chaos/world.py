"""The ground the members stand on: an anvil, the contracts, a small economy, a hand-made scorecard.

Rules that hold here: a world is built in about two seconds and is its owner's alone; nothing of it
is read by a member but through that member's RPC proxy; the chain's time is moved by `World`, epoch by
epoch, and a block is mined whenever somebody waits, so that what is published becomes final.
"""

import contextlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from ledger_reader.reader import sync
from ledger_reader.store import LedgerStore
from models import manifest as manifests
from models import plain
from models import scorecard as scorecards
from models.features.catalogue import feature_set_version
from models.manifest import Manifest
from oracle.ceremony import IDENTITY_FILE, SECRET_FILE, make_committee
from oracle.committee import Committee
from oracle.committee import from_json as committee_from_json
from oracle.contract import Clock, CreditOracle
from oracle.devchain.anvil import Anvil
from oracle.devchain.deploy import DAY, DevDeployment, deploy
from oracle.devchain.economy import Plan, plan, play
from oracle.epoch import Deployment, epoch_secret, secret_at
from oracle.keys import NodeKeys, load_secret

FIRST = 1
"""The first epoch that is scored: its model is named in the contract's constructor."""

LENGTH = 2 * DAY
MARGIN_SECONDS = 600
"""So long before an epoch's end its last event happens, and so long after it the chain goes on."""

BEFORE_DAYS = 60
"""Days of history before the first epoch that is scored ends."""

BORROWERS, SEED = 50, 11
PASSWORD = "a password for tests"

CARD = {
    "format": 3,
    "name": "chaos: repayment, debt and regular income",
    "features": ["loans_repaid", "loans_late", "owed_cents", "record_days", "inflow_90d_cents"],
    "rules": [
        {"segment": "borrower", "status": "scored", "when": [["record_days", ">=", 20]], "reading": "debts"},
        {"segment": "borrower", "status": "thin", "when": [], "reading": "debts"},
    ],
    "segments": {
        "borrower": {
            "base": 580,
            "terms": [
                {"features": ["loans_repaid"], "cuts": [[1, 2, 3]], "points": [0, -20, 10, 40, 60]},
                {"features": ["loans_late"], "cuts": [[1, 2]], "points": [0, 30, -40, -120]},
                {"features": ["owed_cents"], "cuts": [[5_000, 20_000]], "points": [-5, 15, -15, -25]},
                {
                    "features": ["inflow_90d_cents"],
                    "cuts": [[50_000, 150_000, 300_000]],
                    "points": [-30, -10, 5, 20, 35],
                },
            ],
            "calibration": [[300, 6000], [500, 2500], [600, 1200], [680, 500], [750, 150]],
            "width": [60, 60, 55, 50, 45, 40, 35, 30, 30, 30],
            "cap": 850,
        }
    },
}


@dataclass
class World:
    """A chain with a committee on it; `epoch` is the latest that has ended or is about to.

    `homes` are the folders as made; `began` is the block from which on nothing but the round happens.
    """

    folder: Path
    anvil: Anvil
    economy: Plan
    deployment: DevDeployment
    committee: Committee
    homes: list[Path]
    epoch: int = FIRST - 1
    began: int = 0

    @property
    def oracle(self) -> CreditOracle:
        """The contract, read without any proxy."""
        return CreditOracle(self.anvil.rpc, self.deployment.oracle)

    @property
    def password_file(self) -> Path:
        """Where the processes find the password of the key files."""
        return self.folder / "password.txt"

    def end_of(self, epoch: int) -> int:
        """When an epoch ends, in the chain's time."""
        return self.deployment.genesis + epoch * LENGTH

    def leaders(self) -> tuple[int, ...]:
        """The members in the order in which they try to publish: a secret that all of them hold."""
        keys = NodeKeys.load(self.homes[0] / IDENTITY_FILE, PASSWORD)
        held_for, secret = load_secret(self.homes[0] / SECRET_FILE, keys)
        deployment = Deployment.of(self.deployment.schedule)
        salts = epoch_secret(secret_at(secret, self.epoch, held_for), deployment, self.epoch)
        return self.committee.leaders(salts, self.epoch)

    def read_ahead(self) -> None:
        """Every member gets a ledger of the history before the first epoch, so that rounds are short."""
        play(self.economy, self.anvil, self.deployment, until=self._lived_until())
        self.anvil.advance_to(self._lived_until())
        first, *others = [home / "ledger.duckdb" for home in self.homes]
        with LedgerStore(first) as store:
            sync(self.anvil.rpc, store, self.deployment.sources)
        for each in others:
            shutil.copy(first, each)

    def live_on(self) -> int:
        """Play the economy until a minute before the next epoch's end; its number."""
        self.anvil.automine(False)
        since, self.epoch = self._lived_until(), self.epoch + 1
        play(self.economy, self.anvil, self.deployment, since=since, until=self._lived_until())
        self.anvil.advance_to(self._lived_until())
        self.began = self.height()
        return self.epoch

    def end_epoch(self) -> None:
        """Let the epoch end, and its end be final."""
        self.anvil.advance_to(self.end_of(self.epoch) + MARGIN_SECONDS)
        self.anvil.automine(True)

    def step_over_the_end(self) -> None:
        """A block just before the epoch's end and one just after it, neither of them final."""
        for time in (self.end_of(self.epoch) - 5, self.end_of(self.epoch) + 5):
            self.anvil.rpc.call("evm_mine", [hex(time)])

    def snapshot_block(self) -> int:
        """The number of the block that is the epoch's snapshot now."""
        number = self.height()
        while self.anvil.rpc.block(number).time > self.end_of(self.epoch):
            number -= 1
        return number

    def beat(self) -> None:
        """One block, so that what is in the chain becomes final."""
        self.anvil.rpc.call("evm_mine")

    def height(self) -> int:
        """The latest block's number."""
        return self.anvil.height()

    def block_hash(self, number: int) -> bytes:
        """A block's hash."""
        return self.anvil.rpc.block(number).hash

    def reorganise(self, depth: int) -> None:
        """Replace the last `depth` blocks by empty ones; what was in them is in no block and in no queue."""
        self.anvil.rpc.call("anvil_reorg", [depth, []])

    def publications(self) -> int:
        """Transactions of this epoch that called `publish`, in vain or not."""
        numbers = range(self.began, self.height() + 1)
        calls = [("eth_getBlockByNumber", [hex(number), True]) for number in numbers]
        contract, selector = "0x" + self.deployment.oracle.hex(), self.oracle.abi.functions["publish"].id
        sent = [each for block in self.anvil.rpc.batch(calls) for each in block["transactions"]]
        return sum(
            each["to"] == contract and each["input"].startswith("0x" + selector.hex()) for each in sent
        )

    def is_expelled(self, member: int) -> bool:
        """Whether the contract has taken a member's place away."""
        return bool(self.oracle.read("isExpelled", self.committee.members[member])[0])

    def _lived_until(self) -> int:
        return (
            self.end_of(self.epoch) - MARGIN_SECONDS
            if self.epoch
            else self.economy.start + BEFORE_DAYS // 2 * DAY
        )


def build_world(stack: contextlib.ExitStack, folder: Path, members: int, rounds: int) -> World:
    """A world with history enough for so many rounds; its anvil ends with `stack`."""
    folder.mkdir(parents=True)
    (folder / "password.txt").write_text(PASSWORD + "\n")
    economy = plan(SEED, BORROWERS, BEFORE_DAYS + (rounds + 1) * LENGTH // DAY)
    anvil = stack.enter_context(Anvil(start_time=economy.start))
    made = make_committee(folder / "committee", members, None, PASSWORD, quick=True)
    committee = committee_from_json(
        {name: made[name] for name in ("members", "identityKeys", "quorum", "secretHash")}
    )
    clock = Clock(
        genesis=economy.start + BEFORE_DAYS * DAY - FIRST * LENGTH,
        length=LENGTH,
        delay=3_600,
        max_age=2 * LENGTH + DAY,
        report_life=2 * DAY,
        max_gap=DAY,
        ring_size=5,
    )
    homes = [Path(home) for home in made["homes"]]
    deployment = _deploy_with_model(anvil, committee, clock, economy, homes)
    anvil.set_balances(committee.members)
    world = World(folder, anvil, economy, deployment, committee, homes)
    world.read_ahead()
    return world


def _deploy_with_model(
    anvil: Anvil, committee: Committee, clock: Clock, economy: Plan, homes: list[Path]
) -> DevDeployment:
    """The contracts, their first model in every member's folder.

    A model names the contracts that it reads, and the contract names its model: so they are deployed
    once to learn the addresses, and then, on the same chain put back, for good.
    """
    moment = anvil.rpc.call("evm_snapshot", [])
    expected = deploy(anvil, committee, bytes(31) + b"\x01", clock, economy.policy)
    assert anvil.rpc.call("evm_revert", [moment]) is True
    card = scorecards.from_json(plain.write(CARD))
    manifest = Manifest(
        scorecard=scorecards.scorecard_id(card),
        feature_set=feature_set_version(),
        sources=(expected.sources,),
        population="enrolled",
        schedule=expected.schedule,
        reference=(1,) * 10,
    )
    for home in homes:
        scorecards.save(card, home)
        manifests.save(manifest, home)
    assert deploy(anvil, committee, manifests.model_id(manifest), clock, economy.policy) == expected
    return expected
