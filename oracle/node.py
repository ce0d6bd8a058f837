"""One member of the committee: a round from finality to the root on chain, and the loop around it.

Rules that hold here: everything a round computes is a function of (snapshot, manifest, committee
secret). Its inputs, and why no two honest nodes differ in them:
- committee, model and source chains of the epoch: the contract's, read at a final block after its end
- manifest and scorecard: by hash; the features by their set's hash
- the snapshot: of final blocks, or of blocks that the contract froze; alike at every RPC address
- the ledger: a function of the chains up to the snapshot, whatever else the file holds
- the report before: by the contract's logs up to the snapshot; its scores by their hash
- the committee secret: by the hash that the contract names, turned on once an epoch
What is signed is recorded first; without a signing key, or without a seat, the same path runs and stops
before signing. An epoch's folder is whole before the secrets before it are deleted, so a crash repeats work
and never loses an epoch. Clocks (monotonic) only decide who publishes when.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ledger_reader.errors import Retry, Stop
from ledger_reader.rpc import Header, Rpc
from ledger_reader.store import LedgerStore
from models.schedule import Schedule
from oracle import folder, metrics
from oracle.agreement import Agreement
from oracle.committee import Collection
from oracle.committee_secret import Secrets, salts_of
from oracle.contract import Clock, CreditOracle, Published
from oracle.dissent.equivocation import submit
from oracle.dissent.evidence import FILE as EVIDENCE_FILE
from oracle.dissent.evidence import Evidence
from oracle.dissent.inquest import Inquest
from oracle.dissent.testimony import Witness
from oracle.epoch import Deployment
from oracle.handover import Handover
from oracle.history import History
from oracle.journal import Journal
from oracle.keys import NodeKeys, SignedLog, Signer, attest
from oracle.mailbox import EPOCHS_AHEAD, Mailbox
from oracle.peers import Peers
from oracle.publishing import Publisher, start_block, tell_mark
from oracle.report import EpochReport, digest, make_report
from oracle.settings import Settings, address_text
from oracle.sit_out import Memory, given_back, signed_on_chain
from oracle.terms import Terms, terms_at
from oracle.tree import EpochTree
from oracle.wallet import REPLACE_AFTER_SECONDS, Payer, Wallet

log = logging.getLogger("node")

MAX_LAG = 2
"""Blocks that an RPC address may be behind another before the other is asked first."""


@dataclass
class Node:
    """What one process holds open. `signer` and `wallet` are None in a dry run."""

    settings: Settings
    rpcs: dict[int, Rpc]
    oracle: CreditOracle
    clock: Clock
    keys: NodeKeys
    signer: Signer | None
    wallet: Wallet | None
    signed: SignedLog
    mailbox: Mailbox
    peers: Peers
    secrets: Secrets
    evidence: Evidence
    inquest: Inquest
    witness: Witness
    phase: str = "starting"
    dissent: dict[int, int] = field(default_factory=dict)
    without_seat: int = 0
    """The epoch that was computed and is not this node's to sign."""
    compared: int = 0
    """The latest epoch whose root on chain was compared with this node's."""
    trouble: str = ""
    """Why evidence could not be brought to the contract; said once."""
    told: int = 0
    """The latest epoch of which it was said how its round ended on chain."""
    is_examined: bool = False
    """Whether this process has looked for signatures that its log does not know of."""

    @property
    def schedule(self) -> Schedule:
        """The contract's clock."""
        return Schedule(self.settings.chain_id, self.settings.contract, self.clock.genesis, self.clock.length)

    @property
    def deployment(self) -> Deployment:
        """The contract that this node serves."""
        return Deployment(self.settings.chain_id, self.settings.contract)

    @property
    def handover(self) -> Handover:
        """Asks other members, and answers them."""
        return Handover(self.oracle, self.secrets, self.mailbox, self.peers, self.keys)

    def enter(self, phase: str, epoch: int | None = None) -> None:
        """Say once what the node is at."""
        metrics.enter(phase)
        if phase != self.phase:
            where = "" if epoch is None else f" (epoch {epoch})"
            log.info("%s%s", phase, where, extra={"epoch": epoch, "phase": phase})
        self.phase = phase


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


def open_node(settings: Settings, keys: NodeKeys, signer: Signer | None, payer: Payer | None) -> Node:
    """Connect a node to its chains and its contract; Stop when they are not what the settings say.

    `signer` signs reports, `payer` transactions; None in a dry run.
    """
    rpcs = {chain: Rpc(urls, chain_id=chain, max_lag=MAX_LAG) for chain, urls in settings.rpc.items()}
    if settings.chain_id not in rpcs:
        raise Stop(
            f"settings.json names no RPC address of the home chain {settings.chain_id}; add one under rpc."
        )
    oracle = CreditOracle(rpcs[settings.chain_id], settings.contract)
    deployment = Deployment(settings.chain_id, settings.contract)
    mailbox, peers = Mailbox(deployment), Peers(keys, deployment, settings.peers)
    evidence = Evidence(settings.home / EVIDENCE_FILE, deployment)
    node = Node(
        settings=settings,
        rpcs=rpcs,
        oracle=oracle,
        clock=oracle.clock(),
        keys=keys,
        signer=signer,
        wallet=_wallet(settings, oracle.rpc, payer) if payer else None,
        signed=SignedLog(settings.home / "signed.sqlite"),
        mailbox=mailbox,
        peers=peers,
        secrets=Secrets(settings.home, keys),
        evidence=evidence,
        inquest=Inquest(evidence, settings.epochs, peers),
        witness=Witness(settings.epochs, keys, deployment, lambda: mailbox.known),
    )
    node.handover.listen()
    return node


def _wallet(settings: Settings, rpc: Rpc, payer: Payer) -> Wallet:
    journal = Journal(settings.home / "wallet.json")
    seconds = min(REPLACE_AFTER_SECONDS, settings.turn_seconds)
    return Wallet(rpc, payer, settings.chain_id, settings.poll_seconds, journal, seconds)


# ------------------------------------------------------------------ the loop


def run(node: Node, once: bool = False, tell: Callable[[Round], None] | None = None) -> None:
    """Round after round, for ever or `once`; what may pass by itself is waited for."""
    with node.evidence, node.inquest:
        while True:
            result = None
            try:
                result = step(node)
                if result is not None and tell is not None:
                    tell(result)
            except Retry as reason:
                metrics.rounds.labels("retried").inc()
                log.warning("again in %s s: %s", node.settings.poll_seconds, reason)
            bring_proofs(node)
            if result is not None and once:
                return
            time.sleep(node.settings.poll_seconds)


def bring_proofs(node: Node) -> None:
    """Bring to the contract what proves that a member told two stories; no failure of it stops the node."""
    if node.wallet is None:
        return
    try:
        submit(node.evidence, node.oracle, node.wallet)
        node.trouble = ""
    except (Retry, Stop) as reason:
        if node.trouble != str(reason):
            log.warning("a proof of two stories is not on chain yet: %s", reason)
        node.trouble = str(reason)


def step(node: Node) -> Round | None:
    """One look at the world: the round that is due, or None when there is nothing to do."""
    final = node.oracle.rpc.finalized()
    epoch = node.schedule.epoch_ended_by(final.time)
    meet(node, epoch, final)
    if is_due(node, epoch, final):
        return run_round(node, epoch, final)
    node.enter("waiting")
    compare(node, epoch)
    return None


def meet(node: Node, epoch: int, final: Header) -> None:
    """Take messages of this epoch's members and the next ones'; have the secrets that are needed soon."""
    coming = [node.oracle.committee_at(epoch + ahead, final.number) for ahead in range(EPOCHS_AHEAD + 1)]
    known = dict.fromkeys(key for committee in coming for key in committee.identity_keys)
    node.mailbox.open_for(epoch, tuple(known))
    node.handover.prepare(epoch, final.number)


def is_due(node: Node, epoch: int, final: Header) -> bool:
    """Whether the latest ended epoch is to be computed or published; older ones are skipped."""
    if epoch < 1:
        return False
    is_here = epoch in folder.known_epochs(node.settings.epochs)
    if node.oracle.latest_epoch() >= epoch:
        return not is_here
    is_expired = final.time > node.schedule.end_of(epoch) + node.clock.report_life
    return not is_expired and not (is_here and epoch == node.without_seat)


def compare(node: Node, epoch: int) -> None:
    """Once an epoch is on chain: say so when its root is not this node's, or when it is not read."""
    if node.compared >= epoch or epoch not in folder.known_epochs(node.settings.epochs):
        return
    report = folder.read_report(node.settings.epochs, epoch)
    if node.oracle.latest_epoch() < epoch:
        return
    terms = terms_at(
        node.oracle, node.settings.home, node.schedule, epoch, node.oracle.rpc.finalized().number
    )
    published = Publisher(node.oracle, None, start_block(terms.manifest)).published(epoch)
    node.compared = epoch
    if published is not None:
        if node.told != epoch:
            _say(Round(report, 0, published, {}))
        tell_mark(node.oracle, epoch)


# ------------------------------------------------------------------ a round


def run_round(node: Node, epoch: int, final: Header) -> Round:
    """One epoch, design §8; `final` is a final block later than its end.

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
    terms = terms_at(node.oracle, node.settings.home, node.schedule, epoch, final.number)
    # 1. to 3.
    report = kept_report(node, terms) or compute(node, terms, final, clock)
    salts_secret = folder.read_salts_secret(node.settings.epochs, epoch)
    # 4. to 7.
    publisher = Publisher(node.oracle, node.wallet, start_block(terms.manifest))
    published = publisher.published(epoch)
    seat = None if published else seat_of(node, terms, publisher, final)
    if seat is not None:
        published = agree(node, terms, publisher, seat, report, salts_secret)
    clock.lap("agree_s")
    return _finish(node, Round(report, _leaves(node, epoch), published, clock.seconds))


def kept_report(node: Node, terms: Terms) -> EpochReport | None:
    """The report that this node has signed already: computing it again could change nothing."""
    epochs, signed = node.settings.epochs, node.signed.digest_of(node.deployment, terms.epoch)
    if signed is None or terms.epoch not in folder.known_epochs(epochs):
        return None
    report = folder.read_report(epochs, terms.epoch)
    return report if digest(report, node.deployment) == signed else None


def compute(node: Node, terms: Terms, final: Header, clock: "_Clock") -> EpochReport:
    """Steps 1 to 3: the epoch's report, its folder written, earlier secrets deleted."""
    epoch, epochs, dealt_hash = terms.epoch, node.settings.epochs, terms.committee.secret_hash
    salts_secret = salts_of(node.secrets, epochs, node.deployment, terms.committee, epoch)
    with LedgerStore(node.settings.ledger) as store:
        history = History(node.settings, node.rpcs, store)
        node.enter("snapshot", epoch)
        snapshot = history.snapshot(terms)
        node.enter("sync", epoch)
        history.sync_to(terms, snapshot)
        clock.lap("sync_s")
        node.enter("score", epoch)
        metrics.count_events(store.held())
        scores = history.scores_at(terms.manifest, snapshot, epoch)
        previous = history.scores_before(node.oracle, terms, snapshot, final.number)
        staging = None
        if node.settings.facts:  # last, so that no trouble of it reaches what is committed
            staging = history.staged_facts(terms.manifest, snapshot, epoch, scores)
    clock.lap("score_s")
    tree = EpochTree.build(epoch, scores, salts_secret)
    report = make_report(
        tree=tree,
        snapshot=snapshot,
        deployment=node.deployment,
        config=terms.committee.config_digest,
        model_id=terms.model_id,
        reference=terms.manifest.reference,
        previous=previous,
    )
    folder.write_epoch(epochs, tree, report, staging)
    node.secrets.turn_to(dealt_hash, epoch)
    forget(node, dealt_hash, epoch, final)
    clock.lap("commit_s")
    log.info("epoch %s: root 0x%s over %s scored borrowers", epoch, report.root.hex(), report.borrowers)
    return report


def forget(node: Node, dealt_hash: bytes, epoch: int, final: Header) -> None:
    """Delete the committee secrets that the contract names no more, and what proofs of old epochs need."""
    next_hash = node.oracle.committee_at(epoch + 1, final.number).secret_hash
    node.secrets.forget(epoch, {dealt_hash, next_hash})
    folder.prune(node.settings.epochs, node.clock.ring_size)


def seat_of(node: Node, terms: Terms, publisher: Publisher, final: Header) -> int | None:
    """The place in the epoch's committee; None, and said once, when there is none or it must not sign."""
    why_not = None
    if node.signer is None:
        why_not = "a dry run signs nothing"
    elif node.signer.address not in terms.committee.members:
        why_not = (
            f"the key of {address_text(node.signer.address)} is not a member's in epoch {terms.epoch}, so "
            "nothing is signed; ask the owner which key the contract names"
        )
    elif until := rests_until(node, terms.epoch, publisher, final):
        why_not = f"this node sits out epoch {terms.epoch} and signs again from epoch {until} on"
    else:
        return terms.committee.members.index(node.signer.address)
    if node.without_seat != terms.epoch:
        log.warning("%s", why_not)
    node.without_seat = terms.epoch
    return None


def rests_until(node: Node, epoch: int, publisher: Publisher, final: Header) -> int:
    """The first epoch to be signed again, 0 when this one may be; looked into once a process."""
    assert node.signer is not None  # noqa: S101 (the caller looked)
    memory = Memory(node.signed, node.deployment, node.signer.address)
    if not node.is_examined:
        node.enter("asking peers for my own word", epoch)
        node.handover.recall(epoch)
        memory.examine(epoch, _shown(node, publisher, final))
        node.is_examined = True
    until = memory.rests_until(epoch)
    metrics.sits_out.set(until > 0)
    return until


def _shown(node: Node, publisher: Publisher, final: Header) -> list[EpochReport]:
    """What the chain and the peers show of this node's signatures."""
    assert node.signer is not None  # noqa: S101 (the caller looked)
    on_chain = signed_on_chain(node.oracle, node.signer.address, publisher.start_block, final.number)
    return [*on_chain, *given_back(node.mailbox.of(node.keys.identity_key))]


def agree(
    node: Node, terms: Terms, publisher: Publisher, seat: int, report: EpochReport, salts_secret: bytes
) -> Published:
    """Steps 4 to 7: sign, send, collect and publish until the chain holds the epoch."""
    assert node.signer is not None  # noqa: S101 (who has a seat has a signer)
    agreement = Agreement(
        settings=node.settings,
        mailbox=node.mailbox,
        peers=node.peers,
        publisher=publisher,
        collection=Collection(terms.committee, node.deployment, report.epoch),
        seat=seat,
        mine=attest(report, node.deployment, node.keys, node.signer, node.signed),
        dissent=node.dissent,
        inquest=node.inquest,
        tell=lambda state: node.enter(state, report.epoch),
    )
    return agreement.reach(salts_secret)


def _leaves(node: Node, epoch: int) -> int:
    return len(folder.read_scores(node.settings.epochs, epoch).addresses)


def _finish(node: Node, result: Round) -> Round:
    node.enter("waiting", result.report.epoch)
    metrics.finish(result.report.epoch, result.report.borrowers, result.seconds)
    if result.published is not None:
        node.told = result.report.epoch
    _say(result)
    return result


def _say(result: Round) -> None:
    outcome = "unpublished" if result.published is None else "agreed" if result.agrees else "disagreed"
    metrics.rounds.labels(outcome).inc()
    if result.published is not None and not result.agrees:
        log.error(
            "epoch %s: the chain has root 0x%s, this node computes 0x%s; compare the ledgers",
            result.report.epoch,
            result.published.report.root.hex(),
            result.report.root.hex(),
        )


class _Clock:
    """Seconds of each phase, for people only."""

    def __init__(self) -> None:
        self._last = time.monotonic()
        self.seconds: dict[str, float] = {}

    def lap(self, name: str) -> None:
        now = time.monotonic()
        self.seconds[name] = round(now - self._last, 3)
        self._last = now
