"""What the contracts cost in gas, on a development chain with the committed bytecode.

A publication is its receipt's gasUsed (the transaction and its calldata included) in steady state: the
ring of roots is full and overwritten, and the contract checks homeHash. `publish_*` is of a snapshot block
older than 256, whose hash is read from EIP-2935's contract; `publish_*_young` of one that the BLOCKHASH
opcode still knows. Verifying and reading are the cost of the call inside a consumer: gas left before it and
after, the oracle's account and storage cold, what the consumer spends on encoding left out. Posting is the
receipt's gasUsed again. `rescore_40_terms` is the call of a Rescorer with the forty terms (ten of them
pairs) of tests/golden/rescore.json, counted as reads are; its score is compared with Python's. Keys, and so
signatures, are fixed, so that a second run gives the same figures.
`--quick` is the same run: it takes seconds.
"""

import argparse
import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from eth_abi.abi import encode

from ledger_reader.errors import Stop
from ledger_reader.keccak import keccak256
from models.encoding import encode as encode_tables
from models.rules import SCORED
from models.scorecard import from_json, rate
from oracle.committee import Committee
from oracle.contract import Contract, CreditOracle, Refused, fields_of, load_abi
from oracle.devchain.anvil import Anvil, Transaction
from oracle.devchain.deploy import DevDeployment, deploy, weekly
from oracle.epoch import Deployment
from oracle.keys import KeySigner, to_compact
from oracle.report import EpochReport, digest
from oracle.tree import AtLeastProof, ScoreProof, leaf_hash, opening_hash, root_from, rung_of, top_of

COMMITTEES = ((4, 3), (7, 5), (10, 7), (31, 21))
"""Members and quorum."""

DEPTH = 20
SCORE, WIDTH, THRESHOLD = 750, 30, 700
BEFORE_END, AFTER_END = 100, 600
"""Seconds from the snapshot's block to an epoch's end, and from there to its publication."""

YOUNG, OLD = 3, 400
"""Blocks between a snapshot and its publication."""

GAS = 1_000_000
MODEL = keccak256(b"a model")
BORROWER = keccak256(b"a borrower")[12:]
PUBLISHER = keccak256(b"a publisher")[12:]
METER = keccak256(b"a meter")[12:]
VECTORS = Path(__file__).parents[1] / "tests" / "golden" / "rescore.json"


@dataclass(frozen=True)
class Published:
    """What one epoch commits to: a root, and two proofs of the borrower's leaf."""

    root: bytes
    score: ScoreProof
    at_least: AtLeastProof


class Stand:
    """One deployment under a committee of `size`, all of whose keys are here; `name` as in the figures."""

    def __init__(self, anvil: Anvil, size: int, quorum: int) -> None:
        signers = [KeySigner(keccak256(b"member %d of %d" % (i, size))) for i in range(size)]
        identity_keys = tuple(keccak256(b"identity %d" % i) for i in range(size))
        members = tuple(signer.address for signer in signers)
        self.name = f"publish_{quorum}_of_{size}"
        self.committee = Committee(members, identity_keys, quorum, keccak256(b"secret"))
        self.signers = signers[:quorum]
        self.deployment: DevDeployment = deploy(anvil, self.committee, MODEL, weekly(anvil.start_time))
        self.oracle = CreditOracle(anvil.rpc, self.deployment.oracle)

    def arguments(self, report: EpochReport) -> tuple[Any, ...]:
        """What `publish` takes, with exactly a quorum of signatures."""
        signed = digest(report, Deployment(self.deployment.chain_id, self.deployment.oracle))
        compact = [to_compact(signer.sign_digest(signed)) for signer in self.signers]
        pairs = [(each[:32], each[32:]) for each in compact]
        return report.values(), (1 << len(pairs)) - 1, pairs


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the same run, which takes seconds")
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line")
    arguments = parser.parse_args()
    with Anvil() as anvil:
        found = run(anvil)
    show(found)
    if arguments.json:
        print(json.dumps({**found, "notes": {}}))
    return 0


def run(anvil: Anvil) -> dict[str, int]:
    """Fills every ring, then measures one epoch with a young snapshot and one with an old."""
    stands = [Stand(anvil, size, quorum) for size, quorum in COMMITTEES]
    anvil.set_code(METER, meter_of(stands[0].deployment.oracle))
    ring = weekly(anvil.start_time).ring_size
    for epoch in range(1, ring + 1):
        publish(anvil, stands, epoch, YOUNG)
    young = {f"{name}_young": gas for name, gas in publish(anvil, stands, ring + 1, YOUNG).items()}
    first = post(anvil, stands[0], ring + 1)
    old = publish(anvil, stands, ring + 2, OLD)
    again = post(anvil, stands[0], ring + 2)
    posts = {"post_first": first, "post_again": again}
    return {**old, **young, **reads(anvil, stands[0], ring + 2), **posts, "rescore_40_terms": rescore(anvil)}


def publish(anvil: Anvil, stands: list[Stand], epoch: int, blocks: int) -> dict[str, int]:
    """All committees publish one epoch, `blocks` after its snapshot; what each paid, by name."""
    end = anvil.start_time + epoch * stands[0].deployment.epoch_length
    snapshot = anvil.rpc.block(anvil.advance_to(end - BEFORE_END))
    report = EpochReport(
        epoch=epoch,
        config=bytes(32),
        model_id=MODEL,
        snapshot_block=snapshot.number,
        snapshot_time=snapshot.time,
        home_hash=snapshot.hash,
        snapshot_hash=keccak256(b"snapshot %d" % epoch),
        root=published(epoch).root,
        scores_hash=keccak256(b"scores %d" % epoch),
        previous_epoch=epoch - 1,
        borrowers=1 << DEPTH,
        mean_score=655,
        moved_bps=120,
        psi_bps=90,
    )
    anvil.advance_to(end + AFTER_END, blocks - 1)
    sent = []
    for stand in stands:
        own = replace(report, config=stand.committee.config_digest)
        check_home_is_checked(stand, own)
        data = stand.oracle.call_data("publish", *stand.arguments(own))
        sent.append(Transaction(PUBLISHER, stand.deployment.oracle, data, GAS))
    receipts = anvil.mine_block(sent)
    anvil.advance_to(anvil.now() + stands[0].oracle.clock().delay)
    return {stand.name: receipt.gas_used for stand, receipt in zip(stands, receipts, strict=True)}


def check_home_is_checked(stand: Stand, report: EpochReport) -> None:
    """A wrong hash of the home block must be refused: else the figures leave out the check."""
    wrong = replace(report, home_hash=keccak256(b"another block"))
    try:
        stand.oracle.read("publish", *stand.arguments(wrong))
    except Refused as refused:
        if refused.error == "WrongHomeHash":
            return
        raise
    raise Stop("the contract accepts a wrong homeHash, so what publishing costs cannot be measured here.")


def published(epoch: int) -> Published:
    """A leaf under a synthetic path of DEPTH siblings, another every epoch."""
    seed, salt, detail = (keccak256(b"%s %d" % (what, epoch)) for what in (b"seed", b"salt", b"detail"))
    top, opening = top_of(seed, SCORE), opening_hash(SCORE, WIDTH, salt, detail)
    path = tuple(keccak256(b"sibling %d of epoch %d" % (level, epoch)) for level in range(DEPTH))
    return Published(
        root=root_from(leaf_hash(BORROWER, SCORED, opening, top), path),
        score=ScoreProof(epoch, SCORED, SCORE, WIDTH, salt, detail, top, path),
        at_least=AtLeastProof(epoch, SCORED, THRESHOLD, opening, rung_of(seed, SCORE, THRESHOLD), path),
    )


def reads(anvil: Anvil, stand: Stand, epoch: int) -> dict[str, int]:
    """What a consumer pays for each of its calls of the oracle."""
    oracle, found, max_age = stand.oracle, published(epoch), stand.oracle.clock().max_age
    score, at_least = fields_of(found.score), fields_of(found.at_least)
    calls = {
        "verify_score_d20": oracle.call_data("verifyScore", BORROWER, score, max_age),
        "verify_at_least_700_d20": oracle.call_data("verifyAtLeast", BORROWER, at_least, max_age),
        "read_stored": oracle.call_data("getScoreNoOlderThan", BORROWER, max_age),
    }
    return {name: metered(anvil, data) for name, data in calls.items()}


def rescore(anvil: Anvil) -> int:
    """What a consumer pays to have forty terms scored; Stop when the contract scores unlike Python."""
    vectors = json.loads(VECTORS.read_bytes())["cards"][-1]
    card = from_json(json.dumps(vectors["card"]))
    row = vectors["features"][: len(card.features)]
    creation = load_abi("Rescorer").bytecode + encode(["address", "bytes"], [bytes(20), encode_tables(card)])
    (receipt,) = anvil.mine_block([Transaction(PUBLISHER, None, creation, 5 * GAS)])
    assert receipt.created is not None
    rescorer = Contract(anvil.rpc, "Rescorer", receipt.created)
    ((_, score, _, _),) = rescorer.read("score", row)
    if score != rate(card, np.array([row], dtype=np.int64)).score[0]:
        raise Stop(f"the contract scores {score}, unlike Python, so what re-scoring costs says nothing.")
    anvil.set_code(METER, meter_of(rescorer.address))
    return metered(anvil, rescorer.call_data("score", row))


def metered(anvil: Anvil, data: bytes) -> int:
    """The gas of a call by a contract of the one behind METER; RpcError when the call reverts."""
    request = {"to": "0x" + METER.hex(), "data": "0x" + data.hex()}
    return int(anvil.rpc.call("eth_call", [request, "latest"]), 16)


def meter_of(target: bytes) -> bytes:
    """Runtime code that passes its calldata to `target` by STATICCALL and returns the gas this took."""
    copy = "36 6000 6000 37"  # calldata to memory
    call = "6000 6000 36 6000 73" + target.hex() + "5a fa"  # no room for an answer; all gas
    before, after = "5a", "5a"
    fail = "6000 6000 fd"
    give = "90 03 6000 52 6020 6000 f3"  # before - after, returned as a word
    head = f"{copy} {before} {call} {after} 90"  # leaves before, after, whether it worked
    jump = len(bytes.fromhex(head)) + 3 + len(bytes.fromhex(fail))
    return bytes.fromhex(f"{head} 60{jump:02x} 57 {fail} 5b {give}")


def post(anvil: Anvil, stand: Stand, epoch: int) -> int:
    """The borrower puts the score of this epoch on chain: what the transaction costs."""
    data = stand.oracle.call_data("postScore", fields_of(published(epoch).score))
    (receipt,) = anvil.mine_block([Transaction(BORROWER, stand.deployment.oracle, data, GAS)])
    return receipt.gas_used


def show(found: dict[str, int]) -> None:
    for name, gas in found.items():
        print(f"{name:<26} {gas:>9,}")


if __name__ == "__main__":
    sys.exit(main())
