"""When a member must not sign, because it may have forgotten what it signed.

Rules that hold here: a log that was not made with the keys, or that does not know of a signature which the
chain or a peer shows, is a restored or lost one; its member signs nothing until the next epoch but one, and
that is written down before anything else. What is asked: the contract's member masks of the latest epochs,
and the peers, which give back the member's own envelopes.
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ledger_reader.errors import Stop
from oracle import gossip
from oracle.contract import CreditOracle
from oracle.epoch import Deployment
from oracle.gossip import Envelope
from oracle.keys import SignedLog
from oracle.report import EpochReport, digest

log = logging.getLogger("node")

LOOK_BACK = 8
"""So many of the latest published epochs are looked at."""

REST = 2
"""From the epoch of the finding on: this one and the next are not signed."""


@dataclass(frozen=True)
class Memory:
    """A member's log of what it signed, and the member it belongs to (20-byte address)."""

    signed: SignedLog
    deployment: Deployment
    member: bytes

    def rests_until(self, epoch: int) -> int:
        """The first epoch to be signed again, 0 when `epoch` may be signed."""
        until = self.signed.sits_out_until(self.deployment)
        return until if epoch < until else 0

    def examine(self, epoch: int, shown: Iterable[EpochReport]) -> None:
        """Sit out from `epoch` on if a report of this member's is shown that its log does not know of."""
        reason = self._reason(shown)
        if reason is not None:
            self.signed.sit_out(self.deployment, epoch + REST)
            log.error(
                "%s, so it may have forgotten what it signed: it sits out and signs again from epoch %s on",
                reason,
                epoch + REST,
            )

    def _reason(self, shown: Iterable[EpochReport]) -> str | None:
        if not self.signed.was_dealt and not self.signed.sits_out_until(self.deployment):
            return f"the log of what this node signed, {self.signed.path}, is not the one made with its keys"
        for report in shown:
            signed = digest(report, self.deployment)
            if self.signed.digest_of(self.deployment, report.epoch) != signed:
                return f"this node's log does not know of 0x{signed.hex()}, signed for epoch {report.epoch}"
        return None


def signed_on_chain(
    oracle: CreditOracle, member: bytes, start_block: int, block: int
) -> Iterator[EpochReport]:
    """The latest published reports that carry a member's signature; committees are read at `block`."""
    published = oracle.published(start_block)
    for epoch in sorted(published)[-LOOK_BACK:]:
        members = oracle.committee_at(epoch, block).members
        if member in members and published[epoch].member_mask >> members.index(member) & 1:
            yield published[epoch].report


def given_back(envelopes: Iterable[Envelope]) -> Iterator[EpochReport]:
    """The reports in a member's own envelopes, as peers gave them back."""
    for envelope in envelopes:
        try:
            yield gossip.attestation_from_body(envelope.body).report
        except Stop:
            log.warning("an envelope of this node's own, given back by a peer, holds no attestation")
