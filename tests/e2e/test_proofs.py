"""Proofs of random trees by eth_call: what Python makes holds in the contract, and nothing altered does.

Each proof, whole or altered, goes to both sides: the contract's answer, or the name of its error, must be
what oracle/tree.py says of it under the same root. Seeds are fixed; every kind of answer must occur.
"""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from ledger_reader.errors import Stop
from ledger_reader.keccak import keccak256
from models.scorecard import Scores
from oracle import tree
from oracle.committee import Committee
from oracle.contract import CreditOracle, Refused
from oracle.devchain.anvil import Anvil, Transaction
from oracle.devchain.deploy import DevDeployment, deploy
from oracle.epoch import Deployment
from oracle.keys import KeySigner, to_compact
from oracle.report import EpochReport, digest
from oracle.tree import AtLeastProof, EpochTree, ScoreProof
from tests.e2e.conftest import anvil_binary

SIZES = (1, 2, 3, 7, 64, 129, 1_000)
PROOFS_A_TREE = 30
MODEL, SECRET = keccak256(b"a model"), keccak256(b"an epoch's secret")
SIGNER = KeySigner(keccak256(b"the only member"))
COMMITTEE = Committee((SIGNER.address,), (b"\x01" * 32,), 1, b"\x02" * 32)
STATUSES = (0, 1, 2, 128, 129, 130)
ERRORS = {
    "ScoreNotProven": "(ScoreNotProven)",
    "AtLeastNotProven": "(AtLeastNotProven)",
    "BadThreshold": "use a multiple of 10 from 310 to 850",
    "Insufficient": "which is of no score",
}
"""The contract's errors, and by what words of Python's own each is known."""

Proof = ScoreProof | AtLeastProof


@dataclass(frozen=True)
class World:
    """A chain, and an oracle with one member, whose key is here."""

    anvil: Anvil
    deployment: DevDeployment

    @property
    def oracle(self) -> CreditOracle:
        return CreditOracle(self.anvil.rpc, self.deployment.oracle)

    def publish(self, epoch: int, found: EpochTree) -> None:
        """The tree's root, signed, published and active."""
        end = self.deployment.genesis + epoch * self.deployment.epoch_length
        snapshot = self.anvil.rpc.block(self.anvil.advance_to(end - 60))
        report = EpochReport(
            epoch=epoch,
            config=COMMITTEE.config_digest,
            model_id=MODEL,
            snapshot_block=snapshot.number,
            snapshot_time=snapshot.time,
            home_hash=snapshot.hash,
            snapshot_hash=keccak256(b"snapshot"),
            root=found.root,
            scores_hash=keccak256(b"scores"),
            previous_epoch=0,
            borrowers=1_000,
            mean_score=600,
            moved_bps=0,
            psi_bps=0,
        )
        self.anvil.advance_to(end + 60)
        signed = digest(report, Deployment(self.deployment.chain_id, self.deployment.oracle))
        compact = to_compact(SIGNER.sign_digest(signed))
        data = self.oracle.call_data("publish", report.values(), 1, [(compact[:32], compact[32:])])
        self.anvil.mine_block([Transaction(SIGNER.address, self.deployment.oracle, data, gas=2_000_000)])
        self.anvil.advance_to(self.anvil.now() + self.oracle.clock().delay)
        assert self.oracle.read("currentEpoch")[0] == epoch


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    anvil_binary()
    with Anvil() as anvil:
        yield World(anvil, deploy(anvil, COMMITTEE, MODEL))


def random_tree(rng: random.Random, epoch: int, size: int) -> EpochTree:
    """Borrowers at random addresses, of every status; scores with all edges among them."""
    addresses = sorted({rng.randbytes(20) for _ in range(size)})
    status = [1 if size == 1 else rng.choice(STATUSES) for _ in addresses]
    scores = [0 if s & 127 == 0 else rng.choice([300, 309, 310, 850, rng.randint(300, 850)]) for s in status]
    features = [[rng.randint(-(2**63), 2**63 - 1) for _ in range(3)] for _ in addresses]
    found = Scores(
        addresses=np.frombuffer(b"".join(addresses), dtype=np.uint8).reshape(-1, 20),
        status=np.array(status, dtype=np.uint8),
        score=np.array(scores, dtype=np.uint16),
        width=np.array([rng.randint(0, 200) for _ in addresses], dtype=np.uint16),
        reasons=np.array([rng.randrange(2**32) for _ in addresses], dtype=np.uint32),
        features=np.array(features, dtype=np.int64),
        feature_names=("a", "b", "c"),
        total=np.array(scores, dtype=np.int64),
    )
    return EpochTree.build(epoch, found, SECRET)


def by_contract(oracle: CreditOracle, borrower: bytes, proof: Proof) -> str:
    """The contract's verdict: "holds", with what it answers being what was shown, or its error's name."""
    max_age = oracle.clock().max_age
    try:
        if isinstance(proof, ScoreProof):
            told = oracle.verify_score(borrower, proof, max_age)
            assert (told["score"], told["width"]) == (proof.score, proof.width)
        else:
            told = oracle.verify_at_least(borrower, proof, max_age)
        assert (told["status"], told["epoch"]) == (proof.status, proof.epoch)
    except Refused as refused:
        return refused.error
    return "holds"


def by_python(root: bytes, borrower: bytes, proof: Proof) -> str:
    """Python's verdict, in the same words."""
    try:
        if isinstance(proof, ScoreProof):
            tree.verify_score(root, borrower, proof)
        else:
            tree.verify_at_least(root, borrower, proof)
    except Stop as refused:
        (name,) = [name for name, words in ERRORS.items() if words in str(refused)]
        return name
    return "holds"


def random_proof(rng: random.Random, found: EpochTree, index: int) -> Proof:
    """A score proof or one of a threshold up to the score; of a file without a score, what it could forge."""
    own, status = found.commitment(index), int(found.scores.status[index])
    if not tree.has_score(status):
        path = found.path(index)
        if rng.random() < 0.5:
            return ScoreProof(found.epoch, status, 700, 20, own.salt, own.detail, own.top, path)
        return AtLeastProof(found.epoch, status, 650, own.opening, own.top, path)
    most = int(found.scores.score[index]) // 10 * 10
    if most < 310 or rng.random() < 0.5:
        return found.score_proof(index)
    return found.at_least_proof(index, rng.randrange(310, most + 1, 10))


def altered(rng: random.Random, proof: Proof) -> Proof:
    """The proof with one part changed."""
    name = rng.choice([each for each in proof.__slots__ if each != "epoch"])
    value = getattr(proof, name)
    changed: Any
    if isinstance(value, bytes):
        changed = flipped(rng, value)
    elif isinstance(value, tuple):
        changed = other_path(rng, value)
    elif name == "status":
        changed = rng.choice([s for s in STATUSES if s != value])
    else:
        changed = rng.choice([v for v in (value - 10, value + 10, value + 1, 300, 860) if 0 <= v != value])
    return replace(proof, **{name: changed})


def flipped(rng: random.Random, value: bytes) -> bytes:
    bit = rng.randrange(8 * len(value))
    return (int.from_bytes(value, "big") ^ 1 << bit).to_bytes(len(value), "big")


def other_path(rng: random.Random, path: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """One sibling more, one less, one altered, or two exchanged."""
    kinds = [(*path, rng.randbytes(32))]
    if path:
        at = rng.randrange(len(path))
        kinds += [path[:at] + path[at + 1 :], (*path[:at], flipped(rng, path[at]), *path[at + 1 :])]
    if len(path) > 1:
        kinds.append((path[1], path[0], *path[2:]))
    return rng.choice(kinds)


def test_proofs__of_random_trees__hold_in_the_contract_and_no_altered_one_does(world: World) -> None:
    rng, told = random.Random(20_260_101), Counter[str]()
    for epoch, size in enumerate(SIZES, 1):
        found = random_tree(rng, epoch, size)
        world.publish(epoch, found)
        for _ in range(PROOFS_A_TREE):
            index = rng.randrange(size)
            borrower = found.scores.addresses[index].tobytes()
            proof = random_proof(rng, found, index)
            whole = by_contract(world.oracle, borrower, proof)
            assert whole == by_python(found.root, borrower, proof)
            assert (whole == "holds") == tree.has_score(int(found.scores.status[index]))
            wrong = altered(rng, proof)
            verdict = by_contract(world.oracle, borrower, wrong)
            assert verdict == by_python(found.root, borrower, wrong) != "holds", (proof, wrong)
            other = rng.randbytes(20)
            verdict_of_other = by_contract(world.oracle, other, proof)
            assert verdict_of_other == by_python(found.root, other, proof) != "holds"
            told.update([whole, verdict, verdict_of_other])
    assert told.total() == 3 * PROOFS_A_TREE * len(SIZES)
    assert set(told) == {*ERRORS, "holds"}
