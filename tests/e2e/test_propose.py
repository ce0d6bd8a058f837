"""A signed bundle on its way through a ModelRegistry: proposed by the verb, the rest by the owner."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from eth_abi.abi import encode

from ledger_reader.errors import Stop
from ledger_reader.sources import ChainSources, Source
from models import registry
from models.features.catalogue import feature_set_version
from models.manifest import Manifest
from models.registry import Bundle
from models.scorecard import scorecard_id
from oracle.committee import Committee
from oracle.contract import CreditOracle, Refused, load_abi
from oracle.devchain.anvil import Anvil, Transaction
from oracle.devchain.deploy import DevDeployment, deploy
from oracle.devchain.people import demo_address
from oracle.keys import KeySigner, NodeKeys
from oracle.modelling import propose_model
from oracle.proposal import registry_of
from tests.e2e.conftest import anvil_binary
from tests.oracle.conftest import small_card

KEYS = NodeKeys(b"\x05" * 32)
TRUSTED = ["0x" + KEYS.identity_key.hex()]
PROPOSER = KeySigner(b"\x07" * 32)
DELAY = 3 * 86_400
FIRST = b"\x01" * 32
FIGURES = {"auc": {"value": 0.7812}, "ks": {"value": 0.4321}, "rows": 900, "bad": 90}


@dataclass(frozen=True)
class World:
    """A chain whose oracle listens to a registry, and a bundle for it."""

    anvil: Anvil
    deployment: DevDeployment
    bundle: Path

    @property
    def oracle(self) -> CreditOracle:
        return CreditOracle(self.anvil.rpc, self.deployment.oracle)

    def owner(self, to: bytes, data: bytes) -> None:
        self.anvil.mine_block([Transaction(self.deployment.owner, to, data)])

    def propose(self, from_epoch: int, proposer: KeySigner | None, dry_run: bool = False) -> dict[str, Any]:
        return propose_model(self.bundle, TRUSTED, from_epoch, [self.anvil.url], proposer, dry_run)


def make_bundle(anvil: Anvil, deployment: DevDeployment, path: Path) -> Path:
    card = small_card()
    manifest = Manifest(
        scorecard=scorecard_id(card),
        feature_set=feature_set_version(),
        sources=(ChainSources(anvil.chain_id, (Source("credit_oracle", deployment.oracle, 1),), ()),),
        population="enrolled",
        schedule=deployment.schedule,
        reference=(1,) * 10,
    )
    facts = {"evaluation": {"all": FIGURES}}
    bundle = Bundle(KEYS.identity_key, manifest, card, facts, b"# card\n", b"<p>card</p>", b"a pipeline")
    registry.save(bundle, KEYS, path)
    return path


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[World]:
    """A deployment without a registry."""
    anvil_binary()
    with Anvil() as anvil:
        committee = Committee((b"\x01" * 20,), (b"\x02" * 32,), 1, b"\x03" * 32)
        deployment = deploy(anvil, committee, FIRST)
        yield World(anvil, deployment, make_bundle(anvil, deployment, tmp_path / "model.bundle"))


@pytest.fixture
def world(bare: World) -> World:
    """The deployment with a registry that lists PROPOSER and belongs to the oracle's owner."""
    arguments = (bare.deployment.oracle, DELAY, [PROPOSER.address], bare.deployment.owner)
    code = load_abi("ModelRegistry").bytecode + encode(
        ["address", "uint64", "address[]", "address"], arguments
    )
    (receipt,) = bare.anvil.mine_block([Transaction(demo_address("owner"), None, code, gas=5_000_000)])
    bare.owner(bare.deployment.oracle, bare.oracle.call_data("setModelRegistry", receipt.created))
    bare.anvil.set_balances([PROPOSER.address])
    bare.anvil.automine(True)
    return bare


def test_propose__deployment_without_a_registry__is_refused(bare: World) -> None:
    with pytest.raises(Stop, match="names no model registry; let its owner call setModelRegistry"):
        bare.propose(9, None)


def test_propose__an_epoch_that_leaves_no_time__is_refused_with_the_first_that_does(world: World) -> None:
    with pytest.raises(Stop, match=r"waits 259200 s from approval .* name epoch 3 or a later one"):
        world.propose(2, PROPOSER)
    assert registry_of(world.oracle).count("Proposed", 0, world.anvil.height()) == 0


def test_propose__by_an_account_that_is_not_listed__is_refused_and_nothing_is_sent(world: World) -> None:
    stranger, height = KeySigner.generate(), world.anvil.height()
    with pytest.raises(Refused, match="NotProposer") as refused:
        world.propose(5, stranger)
    assert refused.value.arguments == ("0x" + stranger.address.hex(),)
    assert world.anvil.height() == height


def test_propose__dry__asks_the_chain_and_sends_nothing(world: World) -> None:
    height = world.anvil.height()
    for told in (world.propose(5, None), world.propose(5, PROPOSER, dry_run=True)):
        assert (told["sent"], told["stateBefore"]) == (None, "none")
        assert told["registry"] == "0x" + registry_of(world.oracle).address.hex()
    assert world.anvil.height() == height


def test_propose__again__is_refused(world: World) -> None:
    world.propose(5, PROPOSER)
    with pytest.raises(Refused, match="WrongState"):
        world.propose(5, PROPOSER)


def test_propose__and_then_the_calls_it_printed__make_the_model_score_and_go_back(world: World) -> None:
    told = world.propose(3, PROPOSER)
    found = registry_of(world.oracle)
    model = bytes.fromhex(told["modelId"][2:])
    kept = found.read("modelOf", model)[0]
    assert kept[1] == "0x" + PROPOSER.address.hex()
    assert (kept[2], kept[3]) == (7_812, 4_321) == (told["aucBps"], told["ksBps"])
    assert (kept[6].hex(), kept[7]) == (told["cardHash"][2:], KEYS.identity_key)
    receipt = world.anvil.rpc.call("eth_getTransactionReceipt", [told["sent"]])
    assert int(receipt["status"], 16) == 1
    approve, activate, roll_back = (bytes.fromhex(step["callData"][2:]) for step in told["timelock"])
    world.anvil.automine(False)
    states = [found.state_of(model)]
    world.owner(found.address, approve)
    world.anvil.advance_to(world.anvil.now() + DELAY)
    states.append(found.state_of(model))
    world.owner(found.address, activate)
    assert (world.oracle.model_at(2), world.oracle.model_at(3)) == (FIRST, model)
    world.anvil.advance_to(world.deployment.genesis + 3 * world.deployment.epoch_length - 5)
    states.append(found.state_of(model))
    assert states == ["proposed", "approved", "active"]
    later = replace_epoch(roll_back, 5)
    world.owner(found.address, later)
    assert (world.oracle.model_at(4), world.oracle.model_at(5)) == (model, FIRST)


def replace_epoch(call_data: bytes, epoch: int) -> bytes:
    """The printed roll-back, for an epoch that is still two ahead."""
    return call_data[:4] + epoch.to_bytes(32, "big")
