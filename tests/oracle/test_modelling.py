"""The data scientist's verbs on a rehearsed economy: one training, then everything that reads its bundle."""

import json
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from eth_abi.abi import decode

from ledger_reader import sources as source_lists
from ledger_reader.errors import Stop
from ledger_reader.sources import Asset, ChainSources, Source
from ledger_reader.store import LedgerStore
from models import manifest as manifests
from models import plain, registry
from models import scorecard as scorecards
from models.features.catalogue import feature_set_version
from models.manifest import Manifest
from models.schedule import Schedule
from models.training.outcomes import Outcome
from models.training.pipeline import open_pipeline
from oracle import modelling
from oracle.contract import Signature, load_abi
from oracle.devchain.anvil import GENESIS_TIME
from oracle.devchain.deploy import DAY
from oracle.devchain.economy import Plan, plan
from oracle.devchain.people import address
from oracle.devchain.rehearsal import CHAIN_ID, addresses, rehearse_into
from oracle.keys import INTERACTIVE, KeySigner, NodeKeys
from tests.oracle.conftest import small_card

START = GENESIS_TIME
CUT = START + 243 * DAY
CONTRACT = address(7, "CreditOracle")
KEYS, STRANGER = NodeKeys(b"\x05" * 32), NodeKeys(b"\x06" * 32)
SIGNER = ["0x" + KEYS.identity_key.hex()]


@dataclass(frozen=True)
class Trained:
    """A data scientist's folder after `train`."""

    ledger: Path
    deployment: Path
    out: Path
    told: dict[str, Any]

    @property
    def bundle(self) -> Path:
        return Path(self.told["bundle"])


@cache
def economy() -> Plan:
    """The demo's own; not made where this file is only collected."""
    return plan(7, 214, 365, START)


def sources(economy: Plan) -> ChainSources:
    """What the rehearsed ledger was read from."""
    coin, loans = (addresses(economy.seed)[name] for name in ("coin", "loans"))
    listed = (
        Source("credit_oracle", CONTRACT, 1),
        Source("erc20", coin, 1),
        Source("term_loans", loans, 1),
    )
    return ChainSources(CHAIN_ID, listed, (Asset(coin, "devUSD", 6, pin_cents=100),))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    folder = tmp_path_factory.mktemp("science")
    ledger, deployment, out = folder / "ledger.duckdb", folder / "deployment.json", folder / "model"
    with LedgerStore(ledger) as store:
        rehearse_into(store, economy())
    frame = {
        "population": "enrolled",
        "schedule": {
            "chain_id": CHAIN_ID,
            "contract": "0x" + CONTRACT.hex(),
            "genesis": START,
            "length": 7 * DAY,
        },
        "sources": source_lists.to_json((sources(economy()),)),
    }
    deployment.write_bytes(plain.write(frame))
    told = modelling.train_model(ledger, deployment, CUT, out, Outcome(), "apart", "Lin", KEYS)
    return Trained(ledger, deployment, out, told)


def test_evaluate__with_groups__compares_them_and_names_whom_nobody_told_of(trained: Trained) -> None:
    people = [person.address for person in economy().residents]
    groups = {one: "north" if index % 3 else "south" for index, one in enumerate(people[: len(people) // 2])}
    told = modelling.evaluate_model(trained.ledger, trained.bundle, CUT, Outcome(), "shared", SIGNER, groups)
    assert [group["name"] for group in told["groups"]] == ["(not told)", "north", "south"]
    assert sum(group["rows"] for group in told["groups"]) == told["testLoans"]
    assert sum(group["bad"] for group in told["groups"]) == told["testBad"]
    assert told["refusedBelow"] == 650


@pytest.fixture
def champion(tmp_path: Path) -> Path:
    """The manifest file of a scorecard made by hand."""
    card = small_card()
    schedule = Schedule(CHAIN_ID, CONTRACT, START, 7 * DAY)
    found = Manifest(
        scorecards.save(card, tmp_path),
        feature_set_version(),
        (sources(economy()),),
        "enrolled",
        schedule,
        (1,) * 10,
    )
    return tmp_path / "manifests" / f"{manifests.save(found, tmp_path).hex()}.json"


def test_wallets__neither_apart_nor_shared__are_refused() -> None:
    with pytest.raises(Stop, match="must be apart or shared, got 'both'"):
        modelling.wallets_of("both")


def test_bundle__without_a_key_to_trust__is_refused(trained: Trained) -> None:
    with pytest.raises(Stop, match="name its maker's public key by --signer"):
        modelling.propose_model(trained.bundle, [], 5, [], None)
    with pytest.raises(Stop, match="must be 0x and 64 lower-case hex digits"):
        modelling.propose_model(trained.bundle, ["0x12"], 5, [], None)


@pytest.mark.parametrize("verb", ["card", "drift", "propose", "evaluate"])
def test_bundle__that_a_stranger_signed__is_refused_by_every_verb(
    trained: Trained, tmp_path: Path, verb: str
) -> None:
    path = tmp_path / "stranger.bundle"
    registry.save(registry.load(trained.bundle, frozenset({KEYS.identity_key})), STRANGER, path)
    calls = {
        "card": lambda: modelling.write_card(path, SIGNER, tmp_path),
        "drift": lambda: modelling.drift_of(trained.ledger, path, SIGNER, None),
        "propose": lambda: modelling.propose_model(path, SIGNER, 5, [], None),
        "evaluate": lambda: modelling.evaluate_model(trained.ledger, path, CUT, Outcome(), "apart", SIGNER),
    }
    with pytest.raises(Stop, match="none of the keys you trust"):
        calls[verb]()
    assert [one.name for one in tmp_path.iterdir()] == ["stranger.bundle"]


def test_propose__a_manifest_that_nobody_signed__is_refused(trained: Trained) -> None:
    with pytest.raises(Stop, match="is not a model bundle"):
        modelling.propose_model(Path(trained.told["manifest"]), SIGNER, 5, [], None)


def test_propose__facts_without_figures__is_refused(trained: Trained, tmp_path: Path) -> None:
    path = tmp_path / "bare.bundle"
    found = registry.load(trained.bundle, frozenset({KEYS.identity_key}))
    registry.save(replace(found, facts={}), KEYS, path)
    with pytest.raises(Stop, match="hold no 'evaluation'; make the bundle again"):
        modelling.propose_model(path, SIGNER, 5, [], None)


def test_evaluate__on_loans_that_the_model_learned_from__is_refused(trained: Trained) -> None:
    with pytest.raises(Stop, match=f"learned from loans opened up to {CUT}.* name a cut of {CUT} or later"):
        modelling.evaluate_model(trained.ledger, trained.bundle, CUT - DAY, Outcome(), "apart", SIGNER)


def test_drift__from_a_time_without_loans__is_refused(trained: Trained) -> None:
    with pytest.raises(Stop, match="no loan was opened from"):
        modelling.drift_of(trained.ledger, trained.bundle, SIGNER, START + 400 * DAY)


def test_train__with_a_key__writes_a_bundle_that_holds_everything(trained: Trained) -> None:
    found = registry.load(trained.bundle, frozenset({KEYS.identity_key}))
    manifest = Path(trained.told["manifest"])
    assert found.model_id.hex() == manifest.stem == trained.told["modelId"][2:]
    assert manifests.to_json(found.manifest) == manifest.read_bytes()
    assert found.facts["facts"]["people_on_both_sides"] == trained.told["peopleOnBothSides"] == 0
    assert found.facts["evaluation"]["all"]["rows"] == trained.told["testLoans"]
    assert found.card_markdown == Path(trained.told["card"]).read_bytes()
    segments = trained.told["facts"]["segments"]
    made = {name for name, facts in segments.items() if facts["left_out"] is None}
    assert set(open_pipeline(found)) == {"borrower"} | made
    assert made == set(found.scorecard.segments) & set(segments)
    json.dumps(trained.told, allow_nan=False)


def test_evaluate__the_bundle_it_wrote__gives_the_figures_that_train_gave(trained: Trained) -> None:
    told = modelling.evaluate_model(trained.ledger, trained.bundle, CUT, Outcome(), "apart", SIGNER)
    names = ("auc", "aucLow", "aucHigh", "bestFeature", "testLoans", "testBad")
    assert [told[name] for name in names] == [trained.told[name] for name in names]
    by_file = modelling.evaluate_model(
        trained.ledger, Path(trained.told["manifest"]), CUT, Outcome(), "apart"
    )
    assert json.dumps(by_file, allow_nan=False) == json.dumps(told, allow_nan=False)


def test_compare__a_card_made_by_hand_with_the_trained_one__tells_who_ranks_better_and_who_moves(
    trained: Trained, champion: Path
) -> None:
    told = modelling.compare_models(
        trained.ledger, champion, trained.bundle, CUT, Outcome(), "shared", SIGNER
    )
    json.dumps(told, allow_nan=False)
    assert told["challengerId"] == trained.told["modelId"]
    assert told["championId"] == "0x" + champion.stem
    assert told["rows"] > 200
    assert told["moved"][0]["group"] == "all"
    assert {one["group"] for one in told["moved"]} >= {"borrowed before: yes", "segment borrower"}
    assert sum(one["rows"] for one in told["moved"] if one["group"].startswith("borrowed")) == told["rows"]


def test_card__of_the_bundle__is_written_as_train_wrote_it(trained: Trained, tmp_path: Path) -> None:
    told = modelling.write_card(trained.bundle, SIGNER, tmp_path)
    markdown, page = (Path(path).read_text() for path in told["files"])
    assert markdown == Path(trained.told["card"]).read_text()
    assert trained.told["modelId"] in page
    assert told["signer"] == SIGNER[0]


def test_drift__since_training__is_told_by_month_and_feature(trained: Trained) -> None:
    told = modelling.drift_of(trained.ledger, trained.bundle, SIGNER, None)
    json.dumps(told, allow_nan=False)
    assert sum(month["loans"] for month in told["months"]) == told["rows"] > 200
    assert told["verdict"].startswith(("On hold", "To be looked at", "Within limits"))
    assert {one["name"] for one in told["features"]} >= {"loans_proved"}


def test_propose__with_a_key_and_no_chain__is_refused(trained: Trained) -> None:
    with pytest.raises(Stop, match="name an RPC address by --rpc, or add --dry-run"):
        modelling.propose_model(trained.bundle, SIGNER, 9, [], KeySigner.generate())


@pytest.mark.parametrize("proposer", [None, KeySigner.generate()], ids=["no key", "a key"])
def test_propose__dry__shows_the_proposal_and_what_the_timelock_does_then(
    trained: Trained, proposer: KeySigner | None
) -> None:
    told = modelling.propose_model(trained.bundle, SIGNER, 9, [], proposer, dry_run=True)
    abi = load_abi("ModelRegistry").functions
    assert told["sent"] is None
    assert told["modelId"] == trained.told["modelId"]
    assert (told["aucBps"], told["signer"]) == (round(10_000 * trained.told["auc"]), SIGNER[0])
    assert 0 < told["ksBps"] <= 10_000
    assert CONTRACT.hex() in told["registry"]
    values = decode(abi["propose"].inputs, arguments_of(told["callData"], abi["propose"]))
    shown = [told[name] for name in ("modelId", "cardHash", "signer")]
    assert [f"0x{one.hex()}" for one in values[:3]] == shown
    assert values[3:] == (told["aucBps"], told["ksBps"])
    model = bytes.fromhex(told["modelId"][2:])
    wanted = (("approve", (model,)), ("activate", (model, 9)), ("rollBack", (9,)))
    for step, (name, arguments) in zip(told["timelock"], wanted, strict=True):
        assert decode(abi[name].inputs, arguments_of(step["callData"], abi[name])) == arguments
        assert step["call"].startswith(f"{name}(")


def arguments_of(call_data: str, function: Signature) -> bytes:
    """What follows the selector, which must be the function's."""
    raw = bytes.fromhex(call_data[2:])
    assert raw[:4] == function.id
    return raw[4:]


def test_open_key__of_a_model_key_file__signs(tmp_path: Path) -> None:
    KEYS.save(tmp_path / "model-key.json", "x", INTERACTIVE)
    key = modelling.open_key(tmp_path / "model-key.json", "x")
    assert key.identity_key == KEYS.identity_key
    assert key.sign(b"m") == KEYS.sign(b"m")
