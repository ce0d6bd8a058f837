"""What a round does about dissent: keep it, and ask the dissenter what its tree differs in.

Rules that hold here: a round never waits for it: questions are asked by one thread of its own, one member
after the other, each for INQUIRY_SECONDS at most; what comes of them is written beside the report that was
kept. A member that does not answer, or contradicts itself, is written down as just that.
"""

import logging
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from ledger_reader.errors import Retry, Stop
from oracle import folder
from oracle.committee import Attestation, Collection
from oracle.dissent.differences import Differences, compare
from oracle.dissent.evidence import Evidence
from oracle.dissent.testimony import INQUIRY_SECONDS, Inquiry
from oracle.peers import Peers

log = logging.getLogger("node")

AGAIN_SECONDS = 1.0
"""A member that could not be asked is asked again after this, while there is time."""


class Inquest:
    """The dissent of a node's rounds; a context manager that ends once nobody is left to be asked."""

    def __init__(self, evidence: Evidence, epochs: Path, peers: Peers) -> None:
        """`epochs`: this node's own epoch folders."""
        self._evidence, self._epochs, self._peers = evidence, epochs, peers
        self._heard: set[tuple[bytes, Attestation]] = set()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="inquest")

    def __enter__(self) -> "Inquest":
        return self

    def __exit__(self, *exception: object) -> None:
        self._thread.shutdown(cancel_futures=True)

    def hear(self, collection: Collection, mine: Attestation) -> None:
        """Keeps what members signed against `mine`, and both halves where one told two stories."""
        stories = [(each.member, story) for each in collection.equivocations() for story in each.stories]
        for seat, theirs in (*collection.dissent(), *stories):
            member = collection.committee.members[seat]
            if (member, theirs) not in self._heard:
                self._hold(member, collection.committee.identity_keys[seat], theirs, mine)

    def _hold(self, member: bytes, identity_key: bytes, theirs: Attestation, mine: Attestation) -> None:
        try:
            is_new = self._evidence.keep(member, theirs, mine)
        except (Retry, Stop) as reason:
            log.warning("what member 0x%s signed is not kept yet: %s", member.hex(), reason)
            return
        self._heard.add((member, theirs))
        if is_new and theirs.report.root != mine.report.root:
            asking = self._thread.submit(self._ask, member, identity_key, theirs)
            asking.add_done_callback(_tell_crash)

    def _ask(self, member: bytes, identity_key: bytes, theirs: Attestation) -> None:
        found = self._compared(member, identity_key, theirs)
        self._evidence.add_differences(member, theirs, found)
        names = [each.address for each in found.changed]
        log.error(
            "member 0x%s and this node differ in epoch %s in %s borrowers%s",
            member.hex(),
            theirs.report.epoch,
            len(names) + len(found.missing_here) + len(found.missing_there),
            f" ({found.unfinished})" if found.unfinished else "",
        )

    def _compared(self, member: bytes, identity_key: bytes, theirs: Attestation) -> Differences:
        url = self._peers.urls.get(member)
        if url is None:
            return Differences(unfinished="settings.json names no address of this member under peers")
        epoch, root = theirs.report.epoch, theirs.report.root
        ask = Inquiry(url, identity_key, self._peers.keys, self._peers.deployment).about(epoch, root)
        deadline = time.monotonic() + INQUIRY_SECONDS
        tree = folder.open_tree(self._epochs, epoch)
        while True:
            found = compare(tree.nodes, tree.scores.addresses, root, ask)
            if found.unfinished is None or _says_anything(found) or time.monotonic() > deadline:
                return found
            time.sleep(AGAIN_SECONDS)


def _says_anything(found: Differences) -> bool:
    return bool(found.changed or found.missing_here or found.missing_there)


def _tell_crash(asking: "Future[None]") -> None:
    reason = None if asking.cancelled() else asking.exception()
    if isinstance(reason, (Retry, Stop)):
        log.error("what a member differs in is not known: %s", reason)
    elif reason is not None:
        log.critical("asking a member about its tree crashed", exc_info=reason)
