"""What the lender kit is tried on: a chain, the contracts, three epochs, the real service over them.

The epochs are of three borrowers (tests/oracle/conftest.py), signed by a committee of one, whose key is here.
"""

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import httpx2

from ledger_reader.keccak import keccak256
from ledger_reader.ledger import ChainBlock, Snapshot
from models import manifest as manifests
from models import plain
from models import scorecard as scorecards
from models.features.catalogue import feature_set_version
from models.manifest import Manifest
from models.scorecard import score
from oracle import folder
from oracle.committee import Committee
from oracle.contract import Contract, CreditOracle, load_abi
from oracle.devchain.anvil import HOST, Anvil, Transaction, free_port
from oracle.devchain.deploy import CREATION_GAS, DOLLAR, POOL_NAMES, DevDeployment, Policy, deploy
from oracle.devchain.people import demo_address, demo_key
from oracle.devchain.stage import NO_MODEL_YET, node_settings, own
from oracle.epoch import Deployment
from oracle.keys import KeySigner, to_compact
from oracle.report import EpochReport, digest, make_report
from oracle.settings import address_text, write_settings
from oracle.tree import EpochTree, to_json
from tests.oracle.conftest import features, small_card

SIGNER = KeySigner(keccak256(b"the only member"))
COMMITTEE = Committee((SIGNER.address,), (b"\x01" * 32,), 1, b"\x02" * 32)
PEOPLE = ("Mei", "Bo", "Kai")
OLD, CURRENT, COMPUTED = 3, 4, 5
"""A model named in epoch 1 scores from epoch 3 on; nobody has published the last one yet."""

START_S = 60


@dataclass(frozen=True)
class World:
    """A chain with the contracts, and a node's home."""

    anvil: Anvil
    deployment: DevDeployment
    home: Path

    @property
    def oracle(self) -> CreditOracle:
        return CreditOracle(self.anvil.rpc, self.deployment.oracle)

    def contract(self, abi: str, name: str) -> Contract:
        return Contract(self.anvil.rpc, abi, self.deployment.contracts[name])

    def send(self, sender: bytes, to: Contract, function: str, *arguments: object) -> None:
        """A block of this transaction alone."""
        data = to.call_data(function, *arguments)
        self.anvil.mine_block([Transaction(sender, to.address, data, gas=2_000_000)])

    def create(self, abi: str, *arguments: object) -> bytes:
        """Where the owner put a new contract."""
        code = load_abi(abi).creation(*arguments)
        (receipt,) = self.anvil.mine_block([Transaction(self.deployment.owner, None, code, gas=CREATION_GAS)])
        assert receipt.created is not None
        return receipt.created

    def name_model(self) -> Manifest:
        """The small card's manifest, in the node's folder and on the chain."""
        deployment = self.deployment
        manifest = Manifest(
            scorecard=scorecards.save(small_card(), self.home),
            feature_set=feature_set_version(),
            sources=(deployment.sources,),
            population="enrolled",
            schedule=deployment.schedule,
            reference=(1,) * 10,
        )
        model = manifests.save(manifest, self.home)
        self.send(deployment.owner, self.oracle, "scheduleModel", model, OLD)
        return manifest

    @property
    def where(self) -> Deployment:
        return Deployment(self.deployment.chain_id, self.deployment.oracle)

    def compute(self, epoch: int, manifest: Manifest) -> tuple[EpochTree, EpochReport]:
        """The borrowers' scores at the latest block, in the node's folder."""
        block = self.anvil.rpc.block("latest")
        tree = EpochTree.build(epoch, score(small_card(), features()), keccak256(b"secret %d" % epoch))
        report = make_report(
            tree=tree,
            snapshot=Snapshot((ChainBlock(self.where.chain_id, block.number, block.hash, block.time),)),
            deployment=self.where,
            config=COMMITTEE.config_digest,
            model_id=self.oracle.read("modelAt", epoch)[0],
            reference=manifest.reference,
            previous=None,
        )
        folder.write_epoch(self.home / "epochs", tree, report)
        return tree, report

    def publish(self, epoch: int, manifest: Manifest) -> EpochTree:
        """The same at the epoch's end, and its root on the chain, readable."""
        end = self.deployment.genesis + epoch * self.deployment.epoch_length
        self.anvil.advance_to(end - 60)
        tree, report = self.compute(epoch, manifest)
        self.anvil.advance_to(end + 60)
        compact = to_compact(SIGNER.sign_digest(digest(report, self.where)))
        self.send(SIGNER.address, self.oracle, "publish", report.values(), 1, [(compact[:32], compact[32:])])
        self.anvil.advance_to(self.anvil.now() + self.oracle.clock().delay)
        assert self.oracle.read("currentEpoch")[0] == epoch
        return tree

    def create_pool(self) -> bytes:
        """Where a pool lies that the book has not listed."""
        *terms, table = astuple(Policy())
        there = self.deployment
        return self.create("LoanPool", there.loans, there.coin, *POOL_NAMES, terms, table, there.lender)

    def fund(self) -> None:
        """The lender's pool has coin, the borrowers have gas."""
        lender, coin, pool = (
            self.deployment.lender,
            self.contract("DevCoin", "coin"),
            self.contract("LoanPool", "pool"),
        )
        self.send(lender, coin, "mint", lender, 10_000 * DOLLAR)
        self.send(lender, pool, "deposit", 10_000 * DOLLAR, lender)
        self.anvil.set_balances([demo_address(name) for name in PEOPLE])


@contextlib.contextmanager
def kit_world(home: Path) -> Iterator[dict[str, Any]]:
    """What a lender's program must know of the running world, and Mei's proofs of the epoch before."""
    with Anvil() as anvil:
        world = World(anvil, deploy(anvil, COMMITTEE, NO_MODEL_YET), home)
        port = free_port(0)
        url = f"http://{HOST}:{port}"
        gateway = url + "/v1/gateway/{sender}/{data}.json"
        open_scores = world.create("OpenScores", world.deployment.oracle, [gateway])
        write_settings(home, node_settings(world.deployment, anvil.url, port, {}))
        (home / "operator.json").write_bytes(plain.write({"gateway_senders": [address_text(open_scores)]}))
        manifest = world.name_model()
        old = world.publish(OLD, manifest)
        world.publish(CURRENT, manifest)
        world.compute(COMPUTED, manifest)
        world.fund()
        anvil.automine(True)
        mei = old.index_of(demo_address("Mei"))
        with service(home, port):
            wait_until_seen(url, anvil.chain_id)
            yield {
                "rpc": anvil.url,
                "service": url,
                "chainId": anvil.chain_id,
                **{name: address_text(each) for name, each in world.deployment.contracts.items()},
                "unlisted": address_text(world.create_pool()),
                "openScores": address_text(open_scores),
                "openScoresCode": "0x" + load_abi("OpenScores").bytecode.hex(),
                "keys": {name: "0x" + demo_key(name).hex() for name in PEOPLE},
                "oldAtLeast": to_json(old.at_least_proof(mei, 650)),
                "oldScore": to_json(old.score_proof(mei)),
            }


@contextlib.contextmanager
def service(home: Path, port: int) -> Iterator[None]:
    """`credit-oracle api` over a node's home."""
    command = [sys.executable, "-m", "oracle.cli", "api", "--home", str(home), "--port", str(port)]
    log, url, deadline = home / "log.txt", f"http://{HOST}:{port}/v1/ready", time.monotonic() + START_S
    with log.open("w") as errors, subprocess.Popen(command, stderr=errors) as process:
        try:
            while not _answers(url):
                assert process.poll() is None, log.read_text()[-500:]
                assert time.monotonic() < deadline, "the service did not start"
                time.sleep(0.1)
            yield
        finally:
            process.kill()


def wait_until_seen(url: str, chain_id: int) -> None:
    """Until the service knows from the chain that the last epoch is not there yet."""
    deadline = time.monotonic() + START_S
    while own(url, "Mei", "/v1/me/score", chain_id).json()["flags"]["upcoming"] is not True:
        assert time.monotonic() < deadline, "the service does not see the chain"
        time.sleep(0.2)


def _answers(url: str) -> bool:
    try:
        return httpx2.get(url, trust_env=False).status_code == httpx2.codes.OK
    except httpx2.HTTPError:
        return False
