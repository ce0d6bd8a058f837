"""An epoch of three borrowers in a node's folder, made by the same code as a node's."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from ledger_reader.ledger import ChainBlock, Snapshot
from ledger_reader.sources import Asset, ChainSources, Source
from models import manifest as manifests
from models import scorecard as scorecards
from models.features.catalogue import FEATURES, REASON_CODES, feature_set_version
from models.manifest import Manifest
from models.rules import Rule
from models.schedule import Schedule
from models.scorecard import FeatureMatrix, Scorecard, score
from models.segment import MISSING, Segment, Term
from oracle import folder
from oracle.committee import Committee
from oracle.devchain.people import demo_address
from oracle.epoch import Deployment
from oracle.report import EpochReport, make_report
from oracle.settings import Settings, address_text, load_settings, write_settings
from oracle.tree import EpochTree

CHAIN, CONTRACT, COIN = 31337, bytes(range(20)), b"\x0c" * 20
EPOCH = 3
MEI, BO, KAI = (demo_address(name) for name in ("Mei", "Bo", "Kai"))
SECRET = bytes(range(32))


@dataclass(frozen=True)
class Kept:
    """A node's home with one epoch, and what is in it."""

    settings: Settings
    tree: EpochTree
    report: EpochReport
    card: Scorecard


def small_card() -> Scorecard:
    """Two terms: loans repaid (0, 1 to 9, 10 and more) and loans late (none, some)."""
    terms = (
        Term(("loans_repaid",), ((1, 10),), (0, -40, 0, 120)),
        Term(("loans_late",), ((1,),), (0, 20, -90)),
    )
    segment = Segment(600, terms, ((300, 3_000), (600, 400), (700, 100)), (20,) * 10)
    names = tuple(feature.name for feature in FEATURES)
    rules = (
        Rule("borrower", "scored", (("borrows_total", ">=", 2),)),
        Rule("borrower", "thin", (("borrows_total", ">=", 1),)),
    )
    return Scorecard("small", names, rules, {"borrower": segment})


def features() -> FeatureMatrix:
    """Mei: 11 loans, all repaid on time; Bo: 5 loans, 3 late; Kai: nothing at all."""
    names = tuple(feature.name for feature in FEATURES)
    known = [
        {"borrows_total": 11, "loans_repaid": 11, "loans_late": 0, "record_days": 340, "inflow_months": 12},
        {"borrows_total": 5, "loans_repaid": 5, "loans_late": 3, "record_days": 320, "days_since_late": 41},
        {"borrows_total": 0},
    ]
    rows = [[each.get(name, MISSING) for name in names] for each in known]
    addresses = np.frombuffer(MEI + BO + KAI, dtype=np.uint8).reshape(-1, 20)
    codes = tuple(REASON_CODES[name] for name in names)
    return FeatureMatrix(addresses, names, codes, np.array(rows, dtype=np.int64))


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return keep(tmp_path)


def keep(home: Path) -> Kept:
    """A node's home with settings, manifest, scorecard and the folder of epoch EPOCH."""
    card = small_card()
    sources = ChainSources(
        CHAIN, (Source("credit_oracle", CONTRACT, 1), Source("erc20", COIN, 1)), (Asset(COIN, "DEV", 6, 100),)
    )
    manifest = Manifest(
        scorecard=scorecards.save(card, home),
        feature_set=feature_set_version(),
        sources=(sources,),
        population="enrolled",
        schedule=Schedule(CHAIN, CONTRACT, 1_000, 100),
        reference=(1,) * 10,
    )
    tree = EpochTree.build(EPOCH, score(card, features()), SECRET)
    report = make_report(
        tree=tree,
        snapshot=Snapshot((ChainBlock(CHAIN, 40, b"\x44" * 32, 1_299),)),
        deployment=Deployment(CHAIN, CONTRACT),
        config=Committee((b"\x01" * 20,), (b"\x02" * 32,), 1, b"\x03" * 32).config_digest,
        model_id=manifests.save(manifest, home),
        reference=manifest.reference,
        previous=None,
    )
    write_settings(
        home,
        {
            "chain_id": CHAIN,
            "contract": address_text(CONTRACT),
            "rpc": {str(CHAIN): ["http://127.0.0.1:1"]},
            "listen": "127.0.0.1:0",
            "peers": {},
        },
    )
    settings = load_settings(home)
    folder.write_epoch(settings.epochs, tree, report)
    return Kept(settings, tree, report, card)
