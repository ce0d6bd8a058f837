"""What the command line's verbs do: each takes plain arguments and returns plain values for JSON.

Rules that hold here: nothing is printed; files are read with a size limit and refused in one
sentence; addresses go in and out as 0x hex.
"""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ledger_reader import parquet
from ledger_reader import sources as source_lists
from ledger_reader.audit import Held
from ledger_reader.deployments import sources_of
from ledger_reader.errors import Stop
from ledger_reader.keccak import keccak256
from ledger_reader.ledger import Snapshot
from ledger_reader.rpc import Rpc
from ledger_reader.store import LedgerStore
from models import manifest as manifests
from models import plain, registry, rules
from models import scorecard as scorecards
from models.engine import spark_events
from models.features.catalogue import FEATURES
from models.manifest import Manifest
from models.measure import Population
from models.scorecard import FeatureMatrix, Scores
from models.scoring import measure_population, score_population
from models.segment import MISSING
from oracle import admission, folder, metrics, proof_text, reading, refusals
from oracle import report as reports
from oracle.auditing import audit as audits
from oracle.auditing.rows import first_difference, read_rows, rows_of
from oracle.ceremony import IDENTITY_FILE, make_rotation
from oracle.check.checkup import check_node
from oracle.check.lending import check_lender
from oracle.check.row import Row
from oracle.contract import CreditOracle, Refused
from oracle.devchain.anvil import Anvil
from oracle.devchain.replay import read_llamalend_csv, replay
from oracle.dissent import evidence
from oracle.dissent.equivocation import submit
from oracle.dissent.evidence import Evidence
from oracle.epoch import Deployment
from oracle.journal import Journal
from oracle.keys import NodeKeys
from oracle.mailbox import Server
from oracle.metrics import RpcTally
from oracle.node import Node, Round, open_node, run
from oracle.node_app import node_app
from oracle.proof_text import is_proof_text, proof_of, write_proof
from oracle.report import digest
from oracle.settings import address_bytes, address_text, load_settings
from oracle.signers import open_payer, open_signer
from oracle.statement import statement
from oracle.tree import (
    AtLeastProof,
    EpochTree,
    ScoreProof,
    to_json,
)
from oracle.wallet import Wallet
from oracle.watch import Watch


def read_chain(
    urls: Sequence[str],
    sources: Path | None,
    ledger: Path,
    until_block: int | None = None,
    verify: str | None = None,
    confirmations: int | None = None,
    rate: float | None = None,
    protocols: str | None = None,
) -> dict[str, Any]:
    """Sync a ledger from what a sources file names, or from the known deployments of `protocols` (a,b,c)."""
    if (sources is None) == (protocols is None):
        raise Stop("Name what to read: either --protocols, such as aave_v3,erc20, or --sources and a file.")
    if sources is not None:
        chain = reading.chain_of(sources, content_of(sources))
    else:
        names = {name.strip() for name in str(protocols).split(",")}
        with Rpc(tuple(urls)) as rpc:
            chain = sources_of(rpc.chain_id(), names)
    return reading.read_chain(urls, chain, ledger, until_block, verify, confirmations, rate)


def export_ledger(ledger: Path, out: Path) -> dict[str, Any]:
    """Write a ledger as Parquet."""
    with existing_ledger(ledger) as store:
        store.export(out)
        return {"folder": str(out), "chains": [_counted(each) for each in store.held()]}


def import_ledger(path: Path, ledger: Path) -> dict[str, Any]:
    """Add an exported folder to a ledger, which is made when absent."""
    if not path.is_dir():
        raise Stop(f"{path} is no folder; name one that `credit-oracle export` made.")
    with LedgerStore(ledger) as store:
        added = store.import_parquet(path)
        return {
            "ledger": str(ledger),
            "chains": [_counted(each) for each in store.held() if each.chain_id in added],
        }


def check_ledger(path: Path) -> dict[str, Any]:
    """What a ledger or an exported folder holds, and everything that is wrong with it."""
    if path.is_dir():
        held, found = parquet.audited(path)
    else:
        with existing_ledger(path) as store:
            held, found = store.held(), store.findings()
    rows = [
        {"chainId": each.chain_id, "wrong": each.wrong, "rows": each.rows, "firstBlock": each.first_block}
        for each in found
    ]
    return {"chains": [_counted(each) for each in held], "sound": not found, "findings": rows}


def _counted(held: Held) -> dict[str, Any]:
    return {"chainId": held.chain_id, "head": held.head, "blocks": held.blocks, "events": held.events}


def replay_history(history: Path, url: str, sources: Path) -> dict[str, Any]:
    """Put recorded loans on a development chain; write the sources that read them back."""
    loans = read_llamalend_csv(history)
    with Anvil.at(url) as chain:
        played = replay(loans, chain)
    sources.write_bytes(plain.write(source_lists.to_json((played.sources,))))
    return {"loans": len(loans), "logs": played.logs, "blocks": played.blocks, "sources": str(sources)}


def show_features(ledger: Path, chain_id: int, at: int, population: str) -> dict[str, Any]:
    """The features of everyone in the population, by name; null where missing."""
    with existing_ledger(ledger) as store:
        events = store.events(head_of(store, (chain_id,)))
        return _described(measure_population(events, _rule(population), at))


def show_features_on_spark(
    folder: Path, master: str, chain_id: int, at: int, population: str
) -> dict[str, Any]:
    """The same, measured by Spark over an exported ledger."""
    with spark_events(folder, master) as events:
        chain = events.filter(events.chain_id == chain_id)
        return _described(measure_population(chain, _rule(population), at))


def _described(matrix: FeatureMatrix) -> dict[str, Any]:
    rows = [
        {"account": _hex(address)} | _named(matrix.names, values)
        for address, values in zip(matrix.addresses, matrix.values, strict=True)
    ]
    described = [{"name": f.name, "unit": f.unit, "direction": f.direction} for f in FEATURES]
    return {"features": described, "rows": sorted(rows, key=lambda row: str(row["account"]))}


def show_scores(ledger: Path, manifest: Path, epoch: int) -> dict[str, Any]:
    """Scores of an epoch, and the scoresHash that its report must carry."""
    scores = _scores(ledger, manifest, epoch)
    names = {rules.INSUFFICIENT: "insufficient", rules.SCORED: "scored", rules.THIN: "thin"}
    columns = zip(
        scores.addresses, *(c.tolist() for c in (scores.status, scores.score, scores.width)), strict=True
    )
    rows = [
        {"account": _hex(address), "status": names[status], "score": score or None, "width": width}
        for address, status, score, width in columns
    ]
    counts = {name: sum(row["status"] == name for row in rows) for name in names.values()}
    return {"epoch": epoch, "scoresHash": "0x" + reports.scores_hash(scores).hex(), **counts, "rows": rows}


def explain_account(
    ledger: Path, manifest: Path, epoch: int, account: str, language: str, target: int | None = None
) -> dict[str, Any]:
    """One account's score taken apart, and a plan to `target`; Stop when it is not in the population."""
    if language not in ("en", "zh"):
        raise Stop(f"the language must be en or zh, got {language!r}.")
    borrower = _address(account)
    _, card = read_manifest(manifest)
    scores = _scores(ledger, manifest, epoch)
    return statement(card, scores, index_of(scores, borrower), "zh" if language == "zh" else "en", target)


def show_report(home: Path, epoch: int) -> dict[str, Any]:
    """The report in a node's folder, with its digest and the size of its tree."""
    settings = load_settings(home)
    found = folder.read_report(settings.epochs, epoch)
    tree = folder.open_tree(settings.epochs, epoch)
    signed = digest(found, Deployment(settings.chain_id, settings.contract))
    return {**reports.to_json(found), "digest": "0x" + signed.hex(), "leaves": len(tree.scores.addresses)}


def run_node(
    home: Path, password: str, once: bool, dry_run: bool, tell: Callable[[dict[str, Any]], None]
) -> None:
    """Open a node's folder and run it; `tell` gets each round's outcome."""
    settings = load_settings(home)
    keys = NodeKeys.load(home / IDENTITY_FILE, password)
    signer = None if dry_run else open_signer(settings, password)
    payer = None if signer is None else open_payer(settings, password)
    node = open_node(settings, keys, signer, payer)
    metrics.describe(address_text(settings.contract), signer is not None)
    metrics.registry.register(RpcTally(node.rpcs))
    with Server(node_app(node), settings.listen_host, settings.listen_port), Watch(node):
        run(node, once, lambda result: tell(describe_round(node, result)))


def list_evidence(home: Path) -> dict[str, Any]:
    """What members signed against this node's reports, and the proofs that one told two stories."""
    settings = load_settings(home)
    deployment = Deployment(settings.chain_id, settings.contract)
    with Evidence(home / evidence.FILE, deployment) as kept:
        return {
            "dissent": [evidence.describe(each, deployment) for each in kept.dissents()],
            "proofs": [evidence.describe_proof(each) for each in kept.proofs()],
        }


def submit_evidence(home: Path, password: str) -> dict[str, Any]:
    """Bring every proof that is not settled to the contract; all evidence after that."""
    settings = load_settings(home)
    payer = open_payer(settings, password)
    if payer is None:
        raise Stop(f"{home} holds no key that could pay for a transaction: name a wallet in settings.json.")
    rpc = Rpc(settings.rpc[settings.chain_id], chain_id=settings.chain_id)
    wallet = Wallet(rpc, payer, settings.chain_id, settings.poll_seconds, Journal(home / "wallet.json"))
    deployment = Deployment(settings.chain_id, settings.contract)
    with rpc, Evidence(home / evidence.FILE, deployment) as kept:
        submit(kept, CreditOracle(rpc, settings.contract), wallet)
    return list_evidence(home)


def deal_rotation(
    home: Path, password: str, members: Sequence[Path], from_epoch: int, quorum: int | None, out: Path
) -> dict[str, Any]:
    """As `ceremony.make_rotation`, by the node in `home`."""
    keys = NodeKeys.load(home / IDENTITY_FILE, password)
    return make_rotation(home, keys, members, from_epoch, quorum, out)


def describe_round(node: Node, result: Round) -> dict[str, Any]:
    """A round's outcome in plain values."""
    published = result.published
    return {
        "epoch": result.report.epoch,
        "root": "0x" + result.report.root.hex(),
        "scoresHash": "0x" + result.report.scores_hash.hex(),
        "borrowers": result.report.borrowers,
        "leaves": result.leaves,
        "dryRun": node.signer is None,
        "published": published is not None,
        "agrees": result.agrees,
        "transaction": published.transaction if published else None,
        "seconds": result.seconds,
    }


def check_home(home: Path, password: str | None) -> dict[str, Any]:
    """What `check` found, row by row, and how many rows say `fix`."""
    return {"home": str(home), **_told(check_node(home, password))}


def check_lending(urls: Sequence[str], lender: str, contract: str, view: str | None) -> dict[str, Any]:
    """The same of a contract that lends; `contract`: its CreditOracle where it names none, else empty."""
    rows = check_lender(urls, _address(lender), _address(contract) if contract else None, view)
    return {"lender": lender, **_told(rows)}


def _told(rows: list[Row]) -> dict[str, Any]:
    return {
        "fix": sum(row.state == "fix" for row in rows),
        "rows": [{"what": row.what, "state": row.state, "says": row.says} for row in rows],
    }


def adopt_model(bundle: Path, signers: Sequence[str], home: Path) -> dict[str, Any]:
    """Put a bundle's manifest, scorecard and card into a node's folder, once its signature held."""
    if not (home / IDENTITY_FILE).is_file():
        raise Stop(f"{home} is no node's folder; make one with `credit-oracle init`.")
    found = registry.load(bundle, registry.trusted(signers))
    return {
        "modelId": _hex(registry.install(found, home)),
        "signer": _hex(found.signer),
        "cardHash": _hex(keccak256(found.card_markdown)),
        "home": str(home),
    }


def make_proof(home: Path, epoch: int, account: str, at_least: int | None) -> dict[str, Any]:
    """A proof from a node's folder, with the kind that `verify` asks for."""
    return _proof(folder.open_tree(load_settings(home).epochs, epoch), account, at_least)


def make_proof_from(path: Path, account: str, at_least: int | None) -> dict[str, Any]:
    """The same from one epoch's folder, without a node."""
    return _proof(folder.open_folder(path), account, at_least)


def _proof(tree: EpochTree, account: str, at_least: int | None) -> dict[str, Any]:
    borrower = _address(account)
    index = tree.index_of(borrower)
    kind = "score" if at_least is None else "atLeast"
    found = tree.score_proof(index) if at_least is None else tree.at_least_proof(index, at_least)
    return {"kind": kind, "account": account, **to_json(found), "text": write_proof(borrower, found)}


def show_admitted(
    home: Path, epoch: int | None, at_least: str, statuses: str, widest: int | None, language: str
) -> dict[str, Any]:
    """What each rule of a lender's would admit of an epoch in a node's folder, and of those before it."""
    if language not in ("en", "zh"):
        raise Stop(f"the language must be en or zh, got {language!r}.")
    settings = load_settings(home)
    rules = admission.rules_of(at_least, statuses, widest)
    known = folder.known_epochs(settings.epochs)
    last = epoch if epoch is not None else max(known, default=0)
    if not last:
        raise Stop(f"{settings.epochs} holds no epoch: run the node first.")
    before = [each for each in reversed(known) if each < last][: admission.MOST_BEFORE]
    older = [admission.read_kept(settings, each) for each in before]
    newest, bad_bps = admission.read_newest(settings, last)
    return admission.admitted(newest, bad_bps, older, rules, "zh" if language == "zh" else "en")


def audit_epoch(
    urls: Sequence[str],
    contract: str,
    epoch: int,
    manifest: Path,
    ledger: Path | None = None,
    secret: Path | None = None,
    against: Path | None = None,
    verify: str | None = None,
) -> dict[str, Any]:
    """Rebuild a published epoch from the chain; `difference` is the first thing that is not as published."""
    found, _ = read_manifest(manifest)
    salts_secret = folder.read_secret(secret) if secret else None
    with audits.opened(tuple(urls)) as rpcs, tempfile.TemporaryDirectory() as scratch:
        subject = audits.find(rpcs, _address(contract), epoch, found, manifest.absolute().parent.parent)
        path = ledger or Path(scratch) / "ledger.duckdb"
        audit = audits.audit(subject, rpcs, path, salts_secret, verify)
    other = read_rows(against, epoch) if against else None
    borrower = first_difference(rows_of(audit.scores), other) if other else None
    sentences = [f"epoch {epoch}: {each}" for each in (audit.first, borrower) if each]
    return {
        "epoch": epoch,
        "transaction": subject.published.transaction,
        "leaves": len(audit.scores.addresses),
        "rootRebuilt": secret is not None,
        "checks": [
            {"what": c.what, "published": c.published, "ours": c.ours, "equal": not c.differs}
            for c in audit.checks
        ],
        "difference": "; ".join(sentences) or None,
    }


def verify_proof(
    urls: Sequence[str], contract: str, account: str, proof: Path, max_age: int
) -> dict[str, Any]:
    """What the contract says to a proof, and its current epoch; Refused when it says no."""
    found = read_proof(content_of(proof), str(proof))
    borrower = _address(account)
    with Rpc(tuple(urls)) as rpc:
        oracle = CreditOracle(rpc, _address(contract))
        if isinstance(found, ScoreProof):
            told = oracle.verify_score(borrower, found, max_age)
        else:
            told = oracle.verify_at_least(borrower, found, max_age)
        current = oracle.read("currentEpoch")[0]
    return {"account": account, "proven": True, **told, "currentEpoch": current}


def explain_refusal(account: str, refused: Refused) -> dict[str, Any]:
    """The problem, its cause and the way out, of a proof that was refused."""
    found = refusals.explain(refused)
    return {"account": account, "proven": False, "error": refused.error, **found._asdict()}


def explain_data(text: str) -> dict[str, Any]:
    """The same of a revert's data (0x hex), as a node or a wallet shows it."""
    refused = refusals.decoded(text)
    return {"error": str(refused).partition(": ")[2], **refusals.explain(refused)._asdict()}


def read_proof(content: bytes, name: str) -> ScoreProof | AtLeastProof:
    """A proof as `prove --json` prints it, or its short text; Stop names what is wrong."""
    text = content.decode(errors="replace").strip()
    return proof_text.read_proof(text)[1] if is_proof_text(text) else proof_of(plain.read(content, name))


def read_manifest(path: Path) -> tuple[Manifest, scorecards.Scorecard]:
    """A manifest file …/manifests/<model id>.json and the scorecard beside it, both checked."""
    try:
        identity = bytes.fromhex(path.stem)
    except ValueError as error:
        raise Stop(f"{path} is not named by a model id; use the file that `train` wrote.") from error
    folder_of_both = path.absolute().parent.parent
    found = manifests.load(folder_of_both, identity)
    return found, scorecards.load(folder_of_both, found.scorecard)


def index_of(scores: Scores, account: bytes) -> int:
    """The row of an account; Stop when it is not in the population."""
    for index, row in enumerate(scores.addresses):
        if row.tobytes() == account:
            return index
    raise Stop(f"{address_text(account)} is not in this epoch: it was not enrolled when the epoch ended.")


def _scores(ledger: Path, manifest: Path, epoch: int) -> Scores:
    found, card = read_manifest(manifest)
    with existing_ledger(ledger) as store:
        head = head_of(store, [chain.chain_id for chain in found.sources])
        if late := [b for b in head.blocks if b.time <= found.schedule.end_of(epoch)]:
            raise Stop(
                f"the ledger {ledger} has read chain {late[0].chain_id} up to time {late[0].time}, "
                f"epoch {epoch} ends at {found.schedule.end_of(epoch)}; read on first."
            )
        return score_population(store.events(head), found, card, found.schedule.until(epoch))


def existing_ledger(path: Path) -> LedgerStore:
    """A ledger that was read before; Stop when there is none (nothing is made)."""
    if not path.is_file():
        raise Stop(f"{path} does not exist; make a ledger with `credit-oracle read`.")
    return LedgerStore(path)


def head_of(store: LedgerStore, chain_ids: Sequence[int]) -> Snapshot:
    """The last block that the ledger holds of each chain; Stop when one was never read."""
    blocks = [store.head(chain_id) for chain_id in chain_ids]
    if None in blocks:
        raise Stop(
            f"the ledger {store.path} has not read all of the chains {list(chain_ids)}; run `read` first."
        )
    return Snapshot(tuple(block for block in blocks if block is not None))


def _rule(name: str) -> Population:
    if name == "all":
        return "all"
    if name == "enrolled":
        return "enrolled"
    raise Stop(f"the population must be enrolled or all, got {name!r}.")


def _named(names: Sequence[str], values: Any) -> dict[str, int | None]:
    return {name: None if v == MISSING else int(v) for name, v in zip(names, values, strict=True)}


def _hex(row: Any) -> str:
    return "0x" + bytes(row).hex()


def _address(text: str) -> bytes:
    try:
        return address_bytes(text)
    except ValueError as error:
        raise Stop(f"{error}.") from error


def content_of(path: Path) -> bytes:
    """A file's bytes, no more than may be parsed; Stop when it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(plain.MAX_BYTES + 1)
    except OSError as error:
        raise Stop(f"{path}: {error.strerror}; name an existing file.") from error
