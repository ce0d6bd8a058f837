"""A round's agreement: my word to all peers, theirs collected, and the root published when it is my turn.

Rules that hold here: what was signed is recorded first (keys.attest); what a quorum signed is kept in the
epoch's folder, so that any member can publish it alone, also after a reorganisation; whose turn it is to
publish is a matter of time-outs by the monotonic clock, and of nothing else here is a clock asked.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from ledger_reader.errors import Retry, Stop
from oracle import gossip, metrics
from oracle.attestations import read_attestations, write_attestations
from oracle.committee import Attestation, Collection, recover
from oracle.contract import Published
from oracle.dissent.inquest import Inquest
from oracle.mailbox import Mailbox
from oracle.peers import Peers
from oracle.publishing import Publisher
from oracle.report import EpochReport, digest
from oracle.settings import Settings

log = logging.getLogger("node")


@dataclass(frozen=True)
class Agreement:
    """One round's: `seat` is this member's place in the committee, `mine` its own word.

    `dissent`: by member, the epoch in which it last signed another report; `inquest` keeps what it signed.
    `tell` hears of each state.
    """

    settings: Settings
    mailbox: Mailbox
    peers: Peers
    publisher: Publisher
    collection: Collection
    seat: int
    mine: Attestation
    dissent: dict[int, int]
    inquest: Inquest
    tell: Callable[[str], None]

    @property
    def report(self) -> EpochReport:
        """What this member signed."""
        return self.mine.report

    def reach(self, salts_secret: bytes) -> Published:
        """Send, collect and publish until the chain holds the epoch; Retry when there is no quorum in time.

        The order of leaders is keyed by S_e, so that no outsider knows whom to cut off.
        """
        self._begin()
        leaders = self.collection.committee.leaders(salts_secret, self.report.epoch)
        began = time.monotonic()
        while True:
            self._exchange()
            published = self.publisher.published(self.report.epoch)
            if published is not None:
                return published
            waited = time.monotonic() - began
            if waited > self.settings.round_seconds:
                raise Retry(
                    f"epoch {self.report.epoch} is not on chain after {waited:.0f} s: {self._state()}"
                )
            attempt = int(waited / self.settings.turn_seconds)
            if self.collection.has_quorum and leaders[attempt % len(leaders)] == self.seat:
                self._publish(attempt)
            time.sleep(self.settings.poll_seconds)

    def _begin(self) -> None:
        self.collection.expect(self.report)
        self.collection.offer(self.peers.keys.identity_key, self.mine)
        for sender, attestation in self._kept():
            self.collection.offer(sender, attestation)

    def _exchange(self) -> None:
        """Offer my word to every peer, each time round, for a peer may have restarted; take theirs."""
        epoch = self.report.epoch
        self.peers.tell_all(gossip.ATTESTATION, epoch, gossip.attestation_body(self.mine))
        had_quorum = self.collection.has_quorum
        self._collect()
        if self.collection.has_quorum and not had_quorum:
            write_attestations(self.settings.epochs, epoch, list(self.collection.agreeing().values()))
        metrics.count_signatures(len(self.collection.agreeing()), self.collection.committee.quorum)
        self.tell(self._state())

    def _collect(self) -> None:
        """Offer what came in to the round; what does not count is logged with its sender."""
        for envelope in self.mailbox.take(self.report.epoch):
            try:
                self.collection.offer(envelope.sender, gossip.attestation_from_body(envelope.body))
            except Stop as refusal:
                log.warning("refused a message of %s…: %s", envelope.sender.hex()[:16], refusal)
        self.inquest.hear(self.collection, self.mine)
        for proof in self.collection.equivocations():
            metrics.equivocation_epoch.labels(proof.member).set(self.report.epoch)
        for member, attestation in self.collection.dissent():
            metrics.dissent_epoch.labels(member).set(self.report.epoch)
            if self.dissent.get(member) != self.report.epoch:
                self.dissent[member] = self.report.epoch
                signed = digest(attestation.report, self.collection.deployment).hex()
                log.error(
                    "member %s signed another report of epoch %s: 0x%s",
                    member,
                    self.report.epoch,
                    signed,
                    extra={"member": member},
                )

    def _publish(self, attempt: int) -> None:
        """In the first turn of each, what others have sent already counts as done; later it may be stuck."""
        is_first_turn = attempt < len(self.collection.committee.members)
        self.publisher.publish(self.collection, self.report, "pending" if is_first_turn else "latest")

    def _kept(self) -> list[tuple[bytes, Attestation]]:
        """What a quorum signed before a crash or a reorganisation, by identity key."""
        kept = read_attestations(self.settings.epochs, self.report.epoch)
        alike = ((signer_of(each, self.collection), each) for each in kept if each.report == self.report)
        return [(sender, each) for sender, each in alike if sender is not None]

    def _state(self) -> str:
        return f"{len(self.collection.agreeing())} signatures, {self.collection.committee.quorum} needed"


def signer_of(attestation: Attestation, collection: Collection) -> bytes | None:
    """The identity key of the member whose signature it is, None when it is nobody's."""
    committee = collection.committee
    address = recover(digest(attestation.report, collection.deployment), attestation.signature)
    if address not in committee.members:
        return None
    return committee.identity_keys[committee.members.index(address)]
