"""A world for the page in seconds: the cast's year on a chain, a hand-made scorecard, two published epochs.

Rules that hold here: the year is the demo's own (economy.py), lived by Mei, Bo and Kai alone; the epochs are
computed, signed and published by a committee of real processes; the service is a process over one member's
folder, on a free port. Bo put his score on the chain during the first of them.
"""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Any

import httpx2

from models import manifest as manifests
from models import scorecard as scorecards
from models.features.catalogue import FEATURES, feature_set_version
from models.manifest import Manifest
from models.rules import Rule
from models.scorecard import Scorecard
from models.segment import Segment, Term
from oracle import folder as epoch_folder
from oracle.contract import Contract
from oracle.devchain.anvil import Transaction
from oracle.devchain.demo import FIRST_END, LATEST, published
from oracle.devchain.deploy import DAY
from oracle.devchain.economy import Plan, plan, play
from oracle.devchain.people import demo_address
from oracle.devchain.stage import EPOCH, Stage, open_stage, own
from tests.e2e.browser import InjectedWallet
from tests.e2e.conftest import START_S, anvil_binary, free_port
from tests.e2e.loans import Loan

SEED, DAYS, NOTICE_DAYS = 7, 365, 15


@dataclass(frozen=True)
class PageWorld:
    """The stage, and where its page is."""

    stage: Stage
    url: str

    def told(self, name: str, path: str, **parameters: object) -> Any:
        """What the service tells one of the cast."""
        answer = own(self.url, name, path, self.stage.deployment.chain_id, **parameters)
        return answer.raise_for_status().json()

    def wallet(self, key: bytes) -> InjectedWallet:
        """A wallet with money for transactions."""
        wallet = InjectedWallet(key, self.stage.anvil.rpc, self.stage.deployment.chain_id)
        self.stage.anvil.set_balances([bytes.fromhex(wallet.address[2:])])
        return wallet

    def contract(self, abi: str, name: str) -> Contract:
        """A contract of the deployment."""
        return Contract(self.stage.anvil.rpc, abi, self.stage.deployment.contracts[name])

    def act(self, sender: bytes, contract: Contract, function: str, *arguments: object) -> None:
        """A transaction that the page does not know of, in a block of its own."""
        self.stage.anvil.automine(False)
        try:
            call = contract.call_data(function, *arguments)
            self.stage.anvil.mine_block([Transaction(sender, contract.address, call)])
        finally:
            self.stage.anvil.automine(True)

    def last_loan(self) -> int:
        """The number of the loan that was drawn last."""
        (drawn,) = self.contract("TermLoans", "loans").read("lastLoanId")
        return int(drawn)

    def loan(self, number: int) -> Loan:
        """A loan as the book has it."""
        return Loan(*self.contract("TermLoans", "loans").read("loanOf", number)[0])


def card() -> Scorecard:
    """Mei is strong, Bo is not, Kai has no score: six terms that say why, in steps a person can take."""
    terms = (
        Term(("loans_repaid",), ((1, 6, 10),), (0, -60, 0, 50, 80)),
        Term(("loans_late",), ((1, 3),), (0, 25, -60, -90)),
        Term(("record_days",), ((180, 400),), (0, -30, 0, 12)),
        Term(("payers",), ((2, 4),), (0, -18, 0, 14)),
        Term(("inflow_streak_months",), ((3, 6),), (0, -20, 0, 15)),
        Term(("borrows_90d",), ((2, 4),), (0, 10, -8, -16)),
    )
    chances = ((300, 3_800), (500, 2_200), (600, 900), (680, 400), (750, 150))
    segment = Segment(605, terms, chances, (30, 30, 26, 24, 22, 20, 18, 18, 16, 16))
    rules = (
        Rule("borrower", "scored", (("borrows_total", ">=", 2),)),
        Rule("borrower", "thin", (("borrows_total", ">=", 1),)),
    )
    return Scorecard("page", tuple(feature.name for feature in FEATURES), rules, {"borrower": segment})


@contextlib.contextmanager
def page_world(folder: Path) -> Iterator[PageWorld]:
    """The world with its service up; all is over with the block."""
    anvil_binary()
    economy = plan(SEED, borrowers=3, days=DAYS)
    first_end, named = (economy.start + day * DAY for day in (FIRST_END, FIRST_END - NOTICE_DAYS))
    with contextlib.ExitStack() as stack:
        stage = open_stage(stack, folder, economy.start, first_end, economy.policy).with_disputes()
        manifest, model_id = save_model(stage, folder / "model")
        play(economy, stage.anvil, stage.deployment, until=named)
        stage.anvil.advance_to(named - 60)
        stage.propose("0x" + model_id.hex())
        stage.furnish(manifest)
        publish(stage, economy, EPOCH, named, first_end)
        world = PageWorld(stage, "")
        post(world, "Bo", EPOCH)
        publish(stage, economy, LATEST, first_end, economy.start + DAYS * DAY)
        url = stack.enter_context(stage.service(stage.homes[0], free_port()))
        wait_until_the_chain_is_seen(url)
        yield replace(world, url=url)


def wait_until_the_chain_is_seen(url: str) -> None:
    """A service answers before it has looked at the chain, and then asks to try again (503)."""
    deadline = time.monotonic() + START_S
    while httpx2.get(url + "/v1/members", trust_env=False).status_code == httpx2.codes.SERVICE_UNAVAILABLE:
        assert time.monotonic() < deadline, "the service has not looked at the chain"
        time.sleep(0.1)


def publish(stage: Stage, economy: Plan, epoch: int, since: int, end: int) -> None:
    """Life goes on until the epoch ends; the committee publishes it, and its root is read."""
    stage.anvil.automine(False)
    play(economy, stage.anvil, stage.deployment, since=since, until=end)
    stage.anvil.advance_to(end - 60)  # three people leave days without a block
    stage.anvil.advance_to(end + 60)
    stage.anvil.automine(True)
    stage.run_nodes(stage.homes[:3])
    published(stage, epoch)


def post(world: PageWorld, name: str, epoch: int) -> None:
    """One of the cast puts the score of an epoch on the chain."""
    account = demo_address(name)
    tree = epoch_folder.open_tree(world.stage.homes[0] / "epochs", epoch)
    proof = tree.score_proof(tree.index_of(account))
    world.act(account, world.contract("CreditOracle", "oracle"), "postScore", astuple(proof))


def save_model(stage: Stage, folder: Path) -> tuple[Path, bytes]:
    """The card and its manifest in `folder`; where the manifest is, and its id."""
    manifest = Manifest(
        scorecard=scorecards.save(card(), folder),
        feature_set=feature_set_version(),
        sources=(stage.sources,),
        population="enrolled",
        schedule=stage.deployment.schedule,
        reference=(1,) * 10,
    )
    model_id = manifests.save(manifest, folder)
    return folder / "manifests" / f"{model_id.hex()}.json", model_id
