"""How a member comes by the committee's secret, and by its own forgotten word: it asks the others.

Rules that hold here: only members of the committee that the contract names for an epoch are answered, and
they get K of that epoch, never of an earlier one, in a box that only they open. A secret as it was dealt
counts when it hashes to what the contract names, and only for the epoch from which the contract names it; one
turned on since counts when f + 1 members say it alike, for then an honest one does. Committees are read at a
finalized block.
"""

import logging
from collections import defaultdict
from dataclasses import dataclass

from ledger_reader.errors import Retry, Stop
from oracle import gossip
from oracle.committee import Committee, tolerated
from oracle.committee_secret import Secrets
from oracle.contract import CreditOracle
from oracle.epoch import secret_hash
from oracle.gossip import Envelope
from oracle.keys import NodeKeys, open_secret
from oracle.mailbox import Mailbox
from oracle.peers import Peers

log = logging.getLogger("node")

AHEAD = 2
"""Secrets are asked for so many epochs before they are needed: as long as a change is known ahead."""

RECALL_SECONDS = 6.0
"""How long a peer may take to give back what it holds of mine: it answers before it says that it took it."""


@dataclass(frozen=True)
class Handover:
    """Asks and answers for one node."""

    oracle: CreditOracle
    secrets: Secrets
    mailbox: Mailbox
    peers: Peers
    keys: NodeKeys

    def listen(self) -> None:
        """From now on requests of other members are answered."""
        self.mailbox.answers |= {gossip.SECRET_REQUEST: self.give_secret, gossip.RECALL: self.give_back}

    def give_secret(self, request: Envelope) -> None:
        """Seal the secret of the request's epoch to its sender; Stop when that one is no member."""
        committee = self.oracle.committee_at(request.epoch, "finalized")
        member = committee.members[committee.index_of(request.sender)]
        box = self.secrets.box_for(committee.secret_hash, request.epoch, request.sender)
        if box is not None:
            self.peers.tell(member, gossip.SECRET, request.epoch, box)

    def give_back(self, request: Envelope) -> None:
        """Send a member its own attestations as it once sent them: it may have lost its log."""
        committee = self.oracle.committee_at(request.epoch, "finalized")
        member = committee.members[committee.index_of(request.sender)]
        for envelope in self.mailbox.of(request.sender):
            self.peers.forward(member, envelope)

    def recall(self, epoch: int) -> None:
        """Ask all peers for what they hold of this node's own; what they have is in the mailbox then."""
        taken = self.peers.tell_all(gossip.RECALL, epoch, b"mine", RECALL_SECONDS)
        log.info("%s of %s peers say what they hold of this node's own word", taken, len(self.peers.urls))

    def prepare(self, epoch: int, block: int) -> None:
        """Have the secrets of this epoch and the next ones here, as far as this node may hold them."""
        self.secrets.take_in()
        for each in range(max(epoch, 1), epoch + AHEAD + 1):
            committee = self.oracle.committee_at(each, block)
            if self.keys.identity_key in committee.identity_keys and not self._has(committee, each, block):
                self.peers.tell_all(gossip.SECRET_REQUEST, each, committee.secret_hash)
                self.take(committee, each, block)

    def take(self, committee: Committee, epoch: int, block: int) -> None:
        """Keep the secret of an epoch if what members sent of it counts."""
        is_dealt = self._begins(committee.secret_hash, epoch, block)
        said: dict[bytes, set[bytes]] = defaultdict(set)
        for envelope in self.mailbox.take(epoch, gossip.SECRET):
            secret = self._opened(envelope)
            if secret is None or envelope.sender not in committee.identity_keys:
                continue
            said[secret].add(envelope.sender)
            enough = secret_hash(secret) == committee.secret_hash
            if not is_dealt:
                enough = len(said[secret]) > tolerated(len(committee.members))
            if enough:
                self.secrets.keep(committee.secret_hash, epoch, secret)
                log.info("holds the committee's secret of epoch %s now", epoch)
                return

    def _has(self, committee: Committee, epoch: int, block: int) -> bool:
        """Whether the secret is here; Stop when it was dealt for another epoch than the contract's."""
        found = self.secrets.held(committee.secret_hash)
        if found is None:
            return False
        begins, secret = found
        is_as_dealt = secret_hash(secret) == committee.secret_hash
        if is_as_dealt and begins <= epoch and not self._begins(committee.secret_hash, begins, block):
            raise Stop(
                f"the secret 0x{committee.secret_hash.hex()} was dealt for epoch {begins}, from which the "
                "contract does not name it: delete it from the folder `secrets` and ask for another."
            )
        return True

    def _begins(self, dealt_hash: bytes, epoch: int, block: int) -> bool:
        """Whether the contract names a secret from this epoch on, not before."""
        if self.oracle.committee_at(epoch, block).secret_hash != dealt_hash:
            return False
        return epoch <= 1 or self.oracle.committee_at(epoch - 1, block).secret_hash != dealt_hash

    def _opened(self, envelope: Envelope) -> bytes | None:
        try:
            epoch, secret = open_secret(envelope.body, self.keys)
        except (Retry, Stop) as refusal:
            log.warning("refused a secret of %s…: %s", envelope.sender.hex()[:16], refusal)
            return None
        return secret if epoch == envelope.epoch else None
