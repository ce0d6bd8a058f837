"""The other members, by address: telling all of them something at once, or answering one.

Rules that hold here: a slow or dead peer holds nobody up beyond its own time, and can stop nothing: what
it does not take is told again at the next occasion.
"""

import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ledger_reader.errors import Retry
from oracle import gossip
from oracle.committee import MAX_MEMBERS
from oracle.epoch import Deployment
from oracle.gossip import Envelope
from oracle.keys import NodeKeys

log = logging.getLogger("node")

GOSSIP_SECONDS = 2.0
"""How long one peer may take to accept a message: a slow one must not hold the others up."""


@dataclass(frozen=True)
class Peers:
    """Where the other members listen: `urls` by member address."""

    keys: NodeKeys
    deployment: Deployment
    urls: Mapping[bytes, str]

    def tell_all(self, kind: str, epoch: int, body: bytes, seconds: float = GOSSIP_SECONDS) -> int:
        """Seal a message and offer it to every peer at once; how many took it."""
        envelope = gossip.seal(self.keys, kind, self.deployment, epoch, body)
        with ThreadPoolExecutor(MAX_MEMBERS) as pool:
            return sum(pool.map(lambda url: _taken(url, envelope, seconds), self.urls.values()))

    def tell(self, member: bytes, kind: str, epoch: int, body: bytes) -> None:
        """Seal a message for one member; nothing happens when no address of it is known."""
        self.forward(member, gossip.seal(self.keys, kind, self.deployment, epoch, body))

    def forward(self, member: bytes, envelope: Envelope) -> None:
        """Pass on an envelope as its sender sealed it."""
        if member in self.urls:
            _taken(self.urls[member], envelope, GOSSIP_SECONDS)


def _taken(url: str, envelope: Envelope, seconds: float) -> bool:
    try:
        gossip.send(url, envelope, seconds)
    except Retry as reason:
        log.debug("%s", reason)
        return False
    return True
