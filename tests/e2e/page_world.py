"""A world for the page in seconds: the cast's year on a chain, a hand-made scorecard, one published epoch.

Rules that hold here: the year is the demo's own (economy.py), lived by Mei, Bo and Kai alone; the epoch is
computed, signed and published by a committee of real processes; the service is a process over one member's
folder, on a free port.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from models import manifest as manifests
from models import scorecard as scorecards
from models.features.catalogue import FEATURES, feature_set_version
from models.manifest import Manifest
from models.rules import Rule
from models.scorecard import Scorecard
from models.segment import Segment, Term
from oracle.contract import Contract
from oracle.devchain.demo import published
from oracle.devchain.deploy import DAY
from oracle.devchain.economy import plan, play
from oracle.devchain.stage import Stage, open_stage
from tests.e2e.conftest import anvil_binary, free_port

SEED, DAYS, NOTICE_DAYS = 7, 365, 15


@dataclass(frozen=True)
class PageWorld:
    """The stage, and where its page is."""

    stage: Stage
    url: str


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
    end = economy.start + DAYS * DAY
    with contextlib.ExitStack() as stack:
        stage = open_stage(stack, folder, economy.start, end, economy.policy).with_disputes()
        manifest, model_id = save_model(stage, folder / "model")
        play(economy, stage.anvil, stage.deployment, until=end - NOTICE_DAYS * DAY)
        stage.anvil.advance_to(end - NOTICE_DAYS * DAY - 60)
        stage.propose("0x" + model_id.hex())
        play(economy, stage.anvil, stage.deployment, since=end - NOTICE_DAYS * DAY)
        stage.anvil.advance_to(end + 60)
        stage.furnish(manifest)
        stage.anvil.automine(True)
        stage.run_nodes(stage.homes)
        published(stage)
        yield PageWorld(stage, stack.enter_context(stage.service(stage.homes[0], free_port())))


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


def loans_of(stage: Stage) -> int:
    """How many loans were ever drawn."""
    (drawn,) = Contract(stage.anvil.rpc, "TermLoans", stage.deployment.loans).read("lastLoanId")
    return int(drawn)
