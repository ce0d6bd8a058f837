"""One member of the committee: a round from finality to the root on chain, and the loop around it.

Rules that hold here: everything a round computes is a function of (snapshot, manifest, committee
secret); what is signed is recorded first (keys.attest); the chain is the truth about committee,
model and what was published; without a signing key the same path runs and stops before signing.
An epoch's folder is whole before the committee secret is turned on, so a crash repeats work and
never loses an epoch. Time-outs use the monotonic clock, and only to decide who publishes when.
"""

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from ledger_reader.errors import Retry, Stop
from ledger_reader.rpc import Rpc
from ledger_reader.store import LedgerStore
from models import manifest as manifests
from models.manifest import Manifest
from models.schedule import Schedule
from oracle import folder, gossip, metrics
from oracle.committee import MAX_MEMBERS, Attestation, Collection, Committee
from oracle.committee_secret import salts_of, turn_secret
from oracle.contract import CreditOracle, Published
from oracle.epoch import Deployment
from oracle.history import History
from oracle.journal import Journal
from oracle.keys import KeySigner, NodeKeys, SignedLog, attest
from oracle.mailbox import Mailbox
from oracle.publishing import publish, published_report
from oracle.report import EpochReport, digest, make_report
from oracle.settings import Settings, address_text
from oracle.snapshots import take_snapshot
from oracle.tree import EpochTree
from oracle.wallet import Wallet

log = logging.getLogger("node")

GOSSIP_SECONDS = 2.0
"""How long one peer may take to accept a message: a slow one must not hold the others up."""


@dataclass
class Node:
    """What one process holds open. `signer` and `wallet` are None in a dry run."""

    settings: Settings
    rpcs: dict[int, Rpc]
    oracle: CreditOracle
    schedule: Schedule
    report_life: int
    keys: NodeKeys
    signer: KeySigner | None
    wallet: Wallet | None
    signed: SignedLog
    mailbox: Mailbox
    phase: str = "starting"
    dissent: dict[int, int] = field(default_factory=dict)

    @property
    def deployment(self) -> Deployment:
        """The contract that this node serves."""
        return Deployment.of(self.schedule)


@dataclass(frozen=True)
class Round:
    """What one round came to: this node's report over `leaves` people, and what is on chain, if any."""

    report: EpochReport
    leaves: int
    published: Published | None
    seconds: dict[str, float]

    @property
    def agrees(self) -> bool:
        """Whether the chain holds exactly this node's report."""
        return self.published is not None and self.published.report == self.report


def open_node(settings: Settings, keys: NodeKeys, signer: KeySigner | None) -> Node:
    """Connect a node to its chains and its contract; Stop when they are not what the settings say."""
    rpcs = {chain: Rpc(urls, chain_id=chain) for chain, urls in settings.rpc.items()}
    if settings.chain_id not in rpcs:
        raise Stop(
            f"settings.json names no RPC address of the home chain {settings.chain_id}; add one under rpc."
        )
    oracle = CreditOracle(rpcs[settings.chain_id], settings.contract)
    clock = oracle.clock()
    schedule = Schedule(settings.chain_id, settings.contract, clock.genesis, clock.length)
    journal = Journal(settings.home / "wallet.json")
    wallet = Wallet(oracle.rpc, signer, settings.chain_id, settings.poll_seconds, journal) if signer else None
    signed = SignedLog(settings.home / "signed.sqlite")
    mailbox = Mailbox(Deployment.of(schedule))
    return Node(settings, rpcs, oracle, schedule, clock.report_life, keys, signer, wallet, signed, mailbox)


def run(node: Node, once: bool = False, tell: Callable[[Round], None] | None = None) -> None:
    """Round after round, for ever or `once`; what may pass by itself is waited for."""
    while True:
        try:
            epoch = due_epoch(node)
            if epoch is not None:
                result = run_round(node, epoch)
                if tell is not None:
                    tell(result)
                if once:
                    return
            else:
                _enter(node, "waiting")
        except Retry as reason:
            metrics.rounds.labels("retried").inc()
            log.warning("again in %s s: %s", node.settings.poll_seconds, reason)
        time.sleep(node.settings.poll_seconds)


def due_epoch(node: Node) -> int | None:
    """The latest ended epoch that is not both on chain and in this node's folder; older ones are skipped."""
    final = min(rpc.finalized().time for rpc in node.rpcs.values())
    epoch = node.schedule.epoch_ended_by(final)
    if epoch < 1:
        return None
    on_chain = node.oracle.latest_epoch() >= epoch
    here = epoch in folder.known_epochs(node.settings.epochs)
    expired = final > node.schedule.end_of(epoch) + node.report_life
    if (on_chain and here) or (expired and not on_chain):
        return None
    return epoch


def run_round(node: Node, epoch: int) -> Round:
    """One epoch, design §8:

    1. the snapshot: the highest final block up to the epoch's end on each source chain
    2. sync the ledger to it
    3. measure, score, build the tree; write the epoch's folder
    4. record, sign, send the attestation to all peers
    5. collect attestations equal to mine, keep those that differ
    6. with a quorum, publish when it is my turn
    7. until the chain holds the epoch
    8. serve proofs (the API does, from the folder)
    """
    clock = _Clock()
    committee = node.oracle.committee_at(epoch)
    model_id = node.oracle.model_at(epoch)
    manifest = manifests.load(node.settings.home, model_id)
    check_schedule(manifest, node.schedule)
    node.mailbox.open_for(epoch, committee.identity_keys)
    # 1.
    _enter(node, "snapshot", epoch)
    snapshot = take_snapshot(node.rpcs, manifest, epoch)
    # 2. and 3.
    _enter(node, "sync", epoch)
    with LedgerStore(node.settings.ledger) as store:
        history = History(node.settings, node.rpcs, store)
        history.sync_to(manifest, snapshot)
        clock.lap("sync_s")
        _enter(node, "score", epoch)
        metrics.count_events(store.held())
        scores = history.scores_at(manifest, snapshot, epoch)
        previous = history.scores_before(node.oracle, manifest, snapshot)
    clock.lap("score_s")
    salts_secret = salts_of(node.settings, node.keys, node.deployment, committee, epoch)
    tree = EpochTree.build(epoch, scores, salts_secret)
    report = make_report(
        tree=tree,
        snapshot=snapshot,
        deployment=node.deployment,
        config=committee.config_digest,
        model_id=model_id,
        reference=manifest.reference,
        previous=previous,
    )
    folder.write_epoch(node.settings.epochs, tree, report)
    turn_secret(node.settings.home, node.keys, epoch)
    clock.lap("commit_s")
    log.info("epoch %s: root 0x%s over %s scored borrowers", epoch, report.root.hex(), report.borrowers)
    # 4. to 7.
    published = published_report(node.oracle, manifest, epoch)
    if published is None and node.signer is not None:
        published = agree(node, manifest, committee, tree.secret, report)
    clock.lap("agree_s")
    return _finish(node, Round(report, len(scores.addresses), published, clock.seconds))


def check_schedule(manifest: Manifest, schedule: Schedule) -> None:
    """Stop unless the manifest was made for this contract and its clock."""
    if manifest.schedule != schedule:
        raise Stop(
            f"the manifest 0x{manifests.model_id(manifest).hex()} is for {manifest.schedule}, the contract "
            f"says {schedule}; the owner must schedule a manifest made for this contract."
        )


def agree(
    node: Node, manifest: Manifest, committee: Committee, salts_secret: bytes, report: EpochReport
) -> Published | None:
    """Sign, send, collect and publish until the chain holds the epoch.

    Retry when the round ends without a quorum; Stop when this node's key is no member's.
    """
    assert node.signer is not None  # noqa: S101 (the caller looked)
    if node.signer.address not in committee.members:
        raise Stop(
            f"the key of {address_text(node.signer.address)} is not a member's in epoch {report.epoch}; "
            "ask the owner which key the contract names, and sign with that one only."
        )
    me = committee.members.index(node.signer.address)
    collection = Collection(committee, node.deployment, report.epoch)
    collection.expect(report)
    mine = attest(report, node.deployment, node.keys, node.signer, node.signed)
    collection.offer(node.keys.identity_key, mine)
    leaders = committee.leaders(salts_secret, report.epoch)
    began = time.monotonic()
    while True:
        send_to_peers(node, mine)
        collect(node, collection)
        metrics.count_signatures(len(collection.agreeing()), committee.quorum)
        _enter(node, f"{len(collection.agreeing())} signatures, {committee.quorum} needed", report.epoch)
        published = published_report(node.oracle, manifest, report.epoch)
        if published is not None:
            return published
        waited = time.monotonic() - began
        if waited > node.settings.round_seconds:
            raise Retry(f"epoch {report.epoch} found no quorum in {waited:.0f} s")
        turn = leaders[int(waited / node.settings.turn_seconds) % len(leaders)]
        if node.wallet is not None and collection.has_quorum and turn == me:
            publish(node.oracle, node.wallet, collection, report)
            continue
        time.sleep(node.settings.poll_seconds)


def send_to_peers(node: Node, mine: Attestation) -> None:
    """Offer my attestation to every peer at once, again each time round: a peer may have restarted."""
    envelope = gossip.seal(
        node.keys, gossip.ATTESTATION, node.deployment, mine.report.epoch, gossip.attestation_body(mine)
    )

    def offer(url: str) -> None:
        try:
            gossip.send(url, envelope, GOSSIP_SECONDS)
        except Retry as reason:
            log.debug("%s", reason)

    with ThreadPoolExecutor(MAX_MEMBERS) as pool:
        list(pool.map(offer, node.settings.peers.values()))


def collect(node: Node, collection: Collection) -> None:
    """Offer what came in to the round; what does not count is logged with its sender."""
    for envelope in node.mailbox.take(collection.epoch):
        try:
            collection.offer(envelope.sender, gossip.attestation_from_body(envelope.body))
        except Stop as refusal:
            log.warning("refused a message of %s…: %s", envelope.sender.hex()[:16], refusal)
    for proof in collection.equivocations():
        metrics.equivocation_epoch.labels(proof.member).set(collection.epoch)
    for member, attestation in collection.dissent():
        metrics.dissent_epoch.labels(member).set(collection.epoch)
        if member not in node.dissent or node.dissent[member] != collection.epoch:
            node.dissent[member] = collection.epoch
            signed = digest(attestation.report, node.deployment).hex()
            log.error(
                "member %s signed another report of epoch %s: 0x%s",
                member,
                collection.epoch,
                signed,
                extra={"member": member},
            )


def _finish(node: Node, result: Round) -> Round:
    _enter(node, "waiting", result.report.epoch)
    outcome = "unpublished" if result.published is None else "agreed" if result.agrees else "disagreed"
    metrics.finish(outcome, result.report.epoch, result.report.borrowers, result.seconds)
    if result.published is not None and not result.agrees:
        log.error(
            "epoch %s: the chain has root 0x%s, this node computes 0x%s; compare the ledgers",
            result.report.epoch,
            result.published.report.root.hex(),
            result.report.root.hex(),
        )
    return result


def _enter(node: Node, phase: str, epoch: int | None = None) -> None:
    metrics.enter(phase)
    if phase != node.phase:
        known = {"epoch": epoch, "phase": phase}
        log.info("%s%s", phase, "" if epoch is None else f" (epoch {epoch})", extra=known)
    node.phase = phase


class _Clock:
    """Seconds of each phase, for people only."""

    def __init__(self) -> None:
        self._last = time.monotonic()
        self.seconds: dict[str, float] = {}

    def lap(self, name: str) -> None:
        now = time.monotonic()
        self.seconds[name] = round(now - self._last, 3)
        self._last = now
