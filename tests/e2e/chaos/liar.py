"""A member that lies: the real node and keys, one thing altered: `python -m tests.e2e.chaos.liar KIND …`

Rules that hold here: whoever runs this holds a member's machine, so everything it signs is signed by a
member's own keys, and its record of what was signed does not bind it. `scores` believes its own lie; the
other kinds compute honestly and tell their peers something else. Every lie that is sent is a line in the log.
"""

import logging
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any

import numpy as np

from ledger_reader.keccak import keccak256
from models import scoring
from models.scorecard import Scores
from oracle import gossip, keys
from oracle.committee import Attestation
from oracle.epoch import Deployment
from oracle.keys import KeySigner, NodeKeys, to_compact
from oracle.report import EpochReport, digest

TOLD = "chaos: told a lie"
RAISED = 100
"""Points that a liar in scores adds to everyone's."""

log = logging.getLogger("node")


def another_root(report: EpochReport) -> EpochReport:
    """A root that commits to nothing."""
    return replace(report, root=keccak256(report.root))


def another_epoch(report: EpochReport) -> EpochReport:
    """The same scores as if they were of the next epoch."""
    return replace(report, epoch=report.epoch + 1)


def another_snapshot(report: EpochReport) -> EpochReport:
    """The same scores as if they were of the block before, under a hash of its own making."""
    made_up = keccak256(report.home_hash)
    return replace(
        report, snapshot_block=report.snapshot_block - 1, home_hash=made_up, snapshot_hash=keccak256(made_up)
    )


OF_REPORT: dict[str, Callable[[EpochReport], EpochReport]] = {
    "root": another_root,
    "epoch": another_epoch,
    "snapshot": another_snapshot,
    "equivocation": another_root,
    "signature": lambda report: report,
}


class Teller:
    """What the node would attest, and what its peers are told instead."""

    def __init__(self, kind: str) -> None:
        self._kind, self._count = kind, count()
        self._attest, self._body = keys.attest, gossip.attestation_body
        self._sign: Callable[[EpochReport], Attestation] | None = None

    def attest(
        self, report: EpochReport, deployment: Deployment, own: NodeKeys, signer: KeySigner, *rest: Any
    ) -> Attestation:
        """As the node does it; remembers with what."""

        def sign(lie: EpochReport) -> Attestation:
            signed = digest(lie, deployment)
            spoiled = keccak256(signed) if self._kind == "signature" else signed
            return Attestation(lie, to_compact(signer.sign_digest(spoiled)), own.sign(spoiled))

        self._sign = sign
        return self._attest(report, deployment, own, signer, *rest)

    def body(self, attestation: Attestation) -> bytes:
        """What is sent: a lie; of an equivocator every second time the truth."""
        assert self._sign is not None
        if self._kind == "equivocation" and next(self._count) % 2 == 0:
            return self._body(attestation)
        log.warning(TOLD)
        return self._body(self._sign(OF_REPORT[self._kind](attestation.report)))


def raise_scores() -> None:
    """Everyone with a score gets RAISED points more."""
    honest = scoring.score_population

    def lie(*arguments: Any) -> Scores:
        log.warning(TOLD)
        scores = honest(*arguments)
        raised = np.where(scores.score > 0, np.minimum(scores.score + RAISED, 850), 0)
        return replace(scores, score=raised.astype(np.uint16))

    scoring.score_population = lie  # type: ignore[assignment]


def main() -> None:
    """Alter one thing, then be the command line."""
    kind = sys.argv.pop(1)
    if kind == "scores":
        raise_scores()
    else:
        teller = Teller(kind)
        keys.attest = teller.attest  # type: ignore[assignment]
        gossip.attestation_body = teller.body
    # What the node takes by name from these modules must be altered before it is imported.
    from oracle.cli import main as command_line

    command_line()


if __name__ == "__main__":
    main()
