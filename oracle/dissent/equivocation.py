"""Bringing the proof that a member told two stories to the contract, which takes the member's place away.

Rules that hold here: a proof is submitted once; another's being first is no failure; what the contract
refuses is written down and not tried again. Nothing here may stop a round: it is not its business.
"""

import logging

from oracle.contract import CreditOracle, Refused
from oracle.dissent.evidence import Evidence, Proof
from oracle.wallet import Wallet

log = logging.getLogger("node")


def submit(evidence: Evidence, oracle: CreditOracle, wallet: Wallet) -> list[Proof]:
    """Brings each proof that is not settled to the contract; those that were settled now.

    Retry when the chain cannot be reached or does not mine; Stop when the account cannot pay.
    """
    settled = []
    for proof in evidence.proofs():
        if proof.outcome is None:
            outcome = _submitted(proof, oracle, wallet)
            evidence.settle(proof, outcome)
            log.error(
                "member 0x%s signed two reports of epoch %s: %s",
                proof.member.hex(), proof.first.report.epoch, outcome,
            )  # fmt: skip
            settled.append(Proof(proof.member, proof.first, proof.second, outcome))
    return settled


def _submitted(proof: Proof, oracle: CreditOracle, wallet: Wallet) -> str:
    def is_expelled() -> bool:
        return bool(oracle.read("isExpelled", proof.member)[0])

    if is_expelled():
        return "expelled already"
    stories = [
        part
        for each in (proof.first, proof.second)
        for part in (each.report.values(), (each.signature[:32], each.signature[32:]))
    ]
    try:
        receipt = wallet.send(oracle, "proveEquivocation", *stories, is_needless=is_expelled)
    except Refused as refusal:
        return "expelled by another's proof" if is_expelled() else f"not taken: {refusal}"
    return "expelled by another's proof" if receipt is None else f"proved in {receipt.transaction}"
