"""`credit-oracle`: one short function a verb, each calling one library function.

Rules that hold here: results go to standard output, as a table for people or as one JSON object
with `--json`; logs and progress go to standard error; exit status 0 done, 1 refused or failed with
one sentence, 2 usage. Imports are inside the verbs, so that a node never loads training code.
"""

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from ledger_reader.errors import Interrupted, Retry, Stop
from oracle import logs

app = typer.Typer(
    help="A decentralized credit-score oracle: read, score, agree, publish, prove.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

ledger_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
app.add_typer(ledger_app, name="ledger", help="Care for a ledger.")

Json = Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")]
Ledger = Annotated[Path, typer.Option(help="The ledger's DuckDB file.")]
ManifestFile = Annotated[Path, typer.Option("--manifest", help="A manifest file, as `train` writes it.")]
Home = Annotated[Path, typer.Option(help="A node's folder, as `init` makes it.")]
RpcUrl = Annotated[list[str], typer.Option("--rpc", help="JSON-RPC address; repeat for more of one chain.")]
Account = Annotated[str, typer.Option(help="An address, 0x and 40 hex digits.")]
Epoch = Annotated[int, typer.Option(min=1, help="Which epoch.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed of everything random.")]

Bad = Annotated[list[str], typer.Option(help="An ending that is bad; repeat for more.")]
DaysLate = Annotated[
    int, typer.Option(min=0, help="A loan later than this is bad (where it has a due date).")
]
LATEST = 253_402_300_799
"""The last second of the year 9999."""

Cut = Annotated[
    int, typer.Option(min=0, max=LATEST, help="Unix time: learn from loans opened before, test on later.")
]
Horizon = Annotated[
    int | None, typer.Option(min=1, help="Only what happens within so many days of opening counts.")
]
Wallets = Annotated[
    str, typer.Option(help="apart: test only on wallets never learned from; shared: on all later loans.")
]
ModelFile = Annotated[
    Path, typer.Option("--manifest", help="A manifest file or a bundle, as `train` writes them.")
]
BundleFile = Annotated[Path, typer.Option(help="A signed bundle, as `train --key` writes it.")]
Signers = Annotated[
    list[str], typer.Option(help="Public key of a bundle's maker that you trust; repeat for more.")
]
NOBODY: list[str] = []

BULKY = (
    "evaluation", "facts", "baseline", "reference",
    "all", "returning", "segments", "challenger", "curve", "lift", "distribution",
)  # fmt: skip
"""What `train` and `evaluate` tell programs only; for people the same stands in their tables."""

BAD = ["defaulted", "liquidated", "self_liquidated"]

PASSWORD = "CREDIT_ORACLE_PASSWORD"  # noqa: S105 (a name, not a password)


def main() -> None:
    """Entry point: turns Retry and Stop into one sentence and exit status 1."""
    try:
        logs.configure()
        app()
    except (Retry, Stop) as error:
        typer.echo(logs.last_sentence(error), err=True)
        sys.exit(1)
    except Interrupted as where:
        typer.echo(f"credit-oracle: {where}", err=True)
        sys.exit(130)
    except KeyboardInterrupt:
        typer.echo("credit-oracle: stopped.", err=True)
        sys.exit(130)


@app.command()
def demo(
    seed: Seed = 7,
    borrowers: Annotated[int, typer.Option(min=200, help="How many people and firms.")] = 214,
    lang: Annotated[str, typer.Option(help="Language of what borrowers read: en or zh.")] = "en",
    folder: Annotated[Path, typer.Option(help="Where the demo keeps its files; made anew.")] = Path("demo"),
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="Port of the service; 0 takes a free one.")
    ] = 8000,
    keep: Annotated[
        bool, typer.Option(help="Keep the service up until Ctrl-C (the default on a terminal).")
    ] = sys.stdout.isatty(),
    rich: Annotated[
        bool, typer.Option("--rich", help="With invoices, families, second wallets and cheats; slower.")
    ] = False,
) -> None:
    """The whole story on a chain of its own: nothing leaves this machine."""
    from oracle.devchain.demo import tell_story

    tell_story(seed, borrowers, language=lang, folder=folder, port=port, keep=keep, rich=rich)


@app.command()
def shanghai(
    lang: Annotated[str, typer.Option(help="Language of what is told: en or zh.")] = "zh",
    folder: Annotated[Path, typer.Option(help="Where its files are kept; made anew.")] = Path("demo"),
) -> None:
    """A small-firm financing platform of four institutions, screen by screen (docs/shanghai.md)."""
    from oracle.devchain.shanghai import tell

    tell(folder, lang)


@app.command()
def init(
    out: Annotated[Path, typer.Option(help="Folder to make the members' folders in.")],
    members: Annotated[int, typer.Option(min=1, max=32, help="How many members.")] = 4,
    quorum: Annotated[int, typer.Option(min=0, help="Signatures needed; 0: the safe default.")] = 0,
    quick: Annotated[bool, typer.Option(help="Cheap key derivation, for demonstrations only.")] = False,
    model_key: Annotated[
        bool, typer.Option(help="Only one key file, for a data scientist to sign bundles with.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Keys and a committee file for n members, each in a folder of its own."""
    from oracle.ceremony import make_committee, make_model_key

    if model_key:
        _show(make_model_key(out, _password(), quick=quick), as_json)
        return
    _show(make_committee(out, members, quorum or None, _password(), quick=quick), as_json)


@app.command()
def rotate(
    home: Home,
    member: Annotated[
        list[Path], typer.Option(help="member.json of each member, in the mask's order; repeat.")
    ],
    from_epoch: Annotated[int, typer.Option(min=1, help="The first epoch that the new committee signs.")],
    out: Annotated[Path, typer.Option(help="A new folder for what goes to the owner and the members.")],
    quorum: Annotated[int, typer.Option(min=0, help="Signatures needed; 0: the safe default.")] = 0,
    as_json: Json = False,
) -> None:
    """Deal a fresh secret for a new committee, and write what its owner and members need."""
    from oracle.verbs import deal_rotation

    _show(deal_rotation(home, _password(), member, from_epoch, quorum or None, out), as_json)


@app.command()
def read(
    rpc: RpcUrl,
    ledger: Ledger,
    protocols: Annotated[
        str | None, typer.Option(help="Known deployments to read, with commas: aave_v3,erc20.")
    ] = None,
    sources: Annotated[Path | None, typer.Option(help="Or a JSON file of what to read.")] = None,
    until_block: Annotated[
        int | None, typer.Option(help="Stop at this block (default: the final one).")
    ] = None,
    verify: Annotated[
        str | None, typer.Option(help="receipts: prove each range by its hashes; quorum=k: k must agree.")
    ] = None,
    confirmations: Annotated[
        int | None, typer.Option(min=0, help="For chains without finality: blocks on top that are enough.")
    ] = None,
    rate: Annotated[float | None, typer.Option(min=0.01, help="Most calls a second to each address.")] = None,
    as_json: Json = False,
) -> None:
    """Sync a ledger from a chain: every event, once, up to the final block. Ctrl-C loses nothing."""
    from oracle.verbs import read_chain

    _show(read_chain(rpc, sources, ledger, until_block, verify, confirmations, rate, protocols), as_json)


@app.command()
def export(
    ledger: Ledger, out: Annotated[Path, typer.Option(help="A new folder.")], as_json: Json = False
) -> None:
    """Write a ledger as Parquet, partitioned by block range."""
    from oracle.verbs import export_ledger

    _show(export_ledger(ledger, out), as_json)


@app.command(name="import")
def import_(
    folder: Annotated[Path, typer.Option(help="A folder that `export` made.")],
    ledger: Ledger,
    as_json: Json = False,
) -> None:
    """Add the chains of an exported folder to a new or an existing ledger."""
    from oracle.verbs import import_ledger

    _show(import_ledger(folder, ledger), as_json)


@ledger_app.command(name="check")
def check_ledger(
    ledger: Annotated[Path, typer.Option(help="The ledger's DuckDB file, or an exported folder.")],
    as_json: Json = False,
) -> None:
    """Look for gaps, duplicates and broken links; exit status 1 when there is one."""
    from oracle.verbs import check_ledger as check

    found = check(ledger)
    _show(found, as_json)
    if found["findings"]:
        count = len(found["findings"])
        raise Stop(
            f"{ledger} is unsound in {count} way{'s' * (count > 1)}, as listed: sync into a new ledger file."
        )


@app.command()
def replay(
    history: Annotated[Path, typer.Option(help="CSV of recorded LlamaLend loans.")],
    rpc: Annotated[str, typer.Option(help="Address of a fresh development chain (anvil --no-mining).")],
    sources: Annotated[Path, typer.Option(help="Where to write what `read` needs.")],
    as_json: Json = False,
) -> None:
    """Put recorded histories on a development chain as logs of the protocol's own shape."""
    from oracle.verbs import replay_history

    _show(replay_history(history, rpc, sources), as_json)


@app.command()
def features(
    chain_id: Annotated[int, typer.Option(help="Which chain of the ledger.")],
    at: Annotated[int, typer.Option(min=0, max=LATEST, help="Unix time: what was before it counts.")],
    ledger: Annotated[Path | None, typer.Option(help="The ledger's DuckDB file (engine duckdb).")] = None,
    population: Annotated[str, typer.Option(help="enrolled, or all (research).")] = "enrolled",
    engine: Annotated[str, typer.Option(help="duckdb, or spark.")] = "duckdb",
    ledger_parquet: Annotated[
        Path | None, typer.Option(help="A folder that `export` made (engine spark).")
    ] = None,
    master: Annotated[str, typer.Option(help="local[*], or a Spark master's address.")] = "local[*]",
    as_json: Json = False,
) -> None:
    """All features of a population at a moment; the same integers on either engine."""
    from oracle.verbs import show_features, show_features_on_spark

    if engine == "duckdb" and ledger:
        _show(show_features(ledger, chain_id, at, population), as_json)
    elif engine == "spark" and ledger_parquet:
        _show(show_features_on_spark(ledger_parquet, master, chain_id, at, population), as_json)
    else:
        raise Stop(
            "name --ledger for the engine duckdb, or --ledger-parquet for the engine spark;"
            f" {engine!r} was asked for."
        )


@app.command()
def score(ledger: Ledger, manifest: ManifestFile, epoch: Epoch, as_json: Json = False) -> None:
    """Scores of the manifest's population at the end of an epoch."""
    from oracle.verbs import show_scores

    _show(show_scores(ledger, manifest, epoch), as_json)


@app.command()
def explain(
    ledger: Ledger,
    manifest: ManifestFile,
    epoch: Epoch,
    account: Account,
    lang: Annotated[str, typer.Option(help="en or zh.")] = "en",
    target: Annotated[
        int | None, typer.Option(min=301, max=850, help="Plan for this score; else for the next band.")
    ] = None,
    as_json: Json = False,
) -> None:
    """One borrower's score taken apart: terms, points, reasons, and what would raise it."""
    from oracle.verbs import explain_account

    _show(explain_account(ledger, manifest, epoch, account, lang, target), as_json, lang=lang)


@app.command()
def report(home: Home, epoch: Epoch, as_json: Json = False) -> None:
    """What a node computed for an epoch: its report, digest and tree."""
    from oracle.verbs import show_report

    _show(show_report(home, epoch), as_json)


@app.command()
def node(
    home: Home,
    once: Annotated[bool, typer.Option(help="One round, then end.")] = False,
    dry_run: Annotated[bool, typer.Option(help="Do everything but sign and send.")] = False,
    as_json: Json = False,
) -> None:
    """A member of the committee: round after round. Without a key file it is a dry run."""
    from oracle.verbs import run_node

    run_node(home, _password(), once, dry_run, lambda result: _show(result, as_json))


@app.command()
def evidence(
    home: Home,
    submit: Annotated[bool, typer.Option(help="Bring proofs of two stories to the contract.")] = False,
    as_json: Json = False,
) -> None:
    """What members signed against this node's reports: who, which epoch and root, which borrowers differ."""
    from oracle.verbs import list_evidence, submit_evidence

    _show(submit_evidence(home, _password()) if submit else list_evidence(home), as_json)


@app.command()
def check(
    home: Annotated[Path | None, typer.Option(help="A node's folder, as `init` makes it.")] = None,
    lender: Annotated[str, typer.Option(help="Instead: the address of a contract that lends.")] = "",
    rpc: Annotated[list[str], typer.Option(help="With --lender: JSON-RPC address; repeat.")] = NOBODY,
    contract: Annotated[str, typer.Option(help="With --lender: the CreditOracle, if it names none.")] = "",
    view: Annotated[
        str | None, typer.Option(help="With --lender: a view to try, as limitNow(address).")
    ] = None,
    as_json: Json = False,
) -> None:
    """Can this node, or this lender, work? ok, fix or wait, each in one sentence; exit 1 for a fix."""
    from oracle.verbs import check_home, check_lending

    if lender and rpc:
        found = check_lending(rpc, lender, contract, view)
    elif home is not None:
        found = check_home(home, _given_password())
    else:
        raise typer.BadParameter("Missing option '--home' (or '--lender' and '--rpc')")
    _show(found, as_json)
    if found["fix"]:
        raise Stop(f"{found['fix']} of {len(found['rows'])} rows say fix: mend them from the top down.")


@app.command()
def adopt(home: Home, bundle: BundleFile, signer: Signers = NOBODY, as_json: Json = False) -> None:
    """Put a signed bundle's model into a node's folder: manifest, scorecard, and the card people read."""
    from oracle.verbs import adopt_model

    _show(adopt_model(bundle, signer, home), as_json)


@app.command()
def api(
    home: Home,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port to listen on.")] = 8000,
    database: Annotated[
        str | None, typer.Option(help="sqlite:///path or postgresql://…; default: a file in the home.")
    ] = None,
    node_key: Annotated[
        bool, typer.Option("--node-key", help="Sign reports with the node's identity (asks its password).")
    ] = False,
) -> None:
    """The service for borrowers and readers: the page, own score and proofs, consents, reads."""
    from oracle.api.serve import serve_api
    from oracle.keys import NodeKeys

    keys = NodeKeys.load(home / "identity.json", _password()) if node_key else None
    serve_api(home, host, port, database, keys)


@app.command()
def decide(
    home: Home,
    account: Account,
    fact: Annotated[str, typer.Option(help="The disputed fact's id, 0x and 64 hex digits.")],
    outcome: Annotated[str, typer.Option(help="upheld, not upheld, or unconfirmed.")],
    reasons: Annotated[Path, typer.Option(help="A text file for the borrower, at most 2,000 characters.")],
    database: Annotated[str | None, typer.Option(help="As of `api`.")] = None,
    as_json: Json = False,
) -> None:
    """Keep the reasons of a decision on a dispute; prints the call for the arbiter's own wallet."""
    from oracle.api.deciding import decide_dispute

    _show(decide_dispute(home, account, fact, outcome, reasons, database), as_json)


@app.command()
def prove(
    account: Account,
    home: Annotated[Path | None, typer.Option(help="A node's folder, as `init` makes it.")] = None,
    epoch: Annotated[int | None, typer.Option(min=1, help="Which epoch of the node's.")] = None,
    folder: Annotated[
        Path | None, typer.Option(help="Or one epoch's folder, with its secret: no node is needed.")
    ] = None,
    at_least: Annotated[int | None, typer.Option(help="Prove only this threshold, not the score.")] = None,
    as_json: Json = False,
) -> None:
    """A borrower's proof of the score, or only of "at least t". The chain alone gives none."""
    from oracle.verbs import make_proof, make_proof_from

    if folder and not home and epoch is None:
        _show(make_proof_from(folder, account, at_least), as_json)
    elif home and epoch is not None and not folder:
        _show(make_proof(home, epoch, account, at_least), as_json)
    else:
        raise typer.BadParameter("name --home and --epoch, or --folder")


@app.command()
def admits(
    home: Home,
    epoch: Annotated[int | None, typer.Option(min=1, help="Which epoch; default: the newest kept.")] = None,
    at_least: Annotated[
        str, typer.Option(help="Least scores to compare, multiples of 10 from 310 to 850.")
    ] = "600,650,700",
    statuses: Annotated[
        str, typer.Option(help="Records taken, as in CreditRules: 1 full, 2 thin, 4 also disputed, added up.")
    ] = "1,3,7",
    widest: Annotated[
        int | None, typer.Option(min=0, help="Also compare: only scores whose range is ± so many points.")
    ] = None,
    lang: Annotated[str, typer.Option(help="en or zh.")] = "en",
    as_json: Json = False,
) -> None:
    """Whom a lender's rule admits of an epoch, what to expect of them, and what an older score adds."""
    from oracle.admission import shown
    from oracle.verbs import show_admitted

    found = show_admitted(home, epoch, at_least, statuses, widest, lang)
    _show(found if as_json else shown(found), as_json, lang=lang)


@app.command()
def verify(
    report: Annotated[
        Path | None,
        typer.Argument(help="A report file, checked offline; with --explain a revert's data (0x…)"),
    ] = None,
    key: Annotated[
        list[str], typer.Option(help="Public key that may sign a report (GET /v1/operator); repeat.")
    ] = NOBODY,
    committee: Annotated[
        Path | None, typer.Option(help="committee.json, whose members may sign a report.")
    ] = None,
    rpc: Annotated[list[str], typer.Option(help="JSON-RPC address; repeat for more of one chain.")] = NOBODY,
    contract: Annotated[str, typer.Option(help="Address of the CreditOracle.")] = "",
    account: Annotated[str, typer.Option(help="An address, 0x and 40 hex digits.")] = "",
    proof: Annotated[Path | None, typer.Option(help="A proof, as `prove --json` prints it.")] = None,
    max_age: Annotated[
        int, typer.Option(min=1, max=2**64 - 1, help="Oldest snapshot accepted, in seconds.")
    ] = 14 * 86_400,
    explain: Annotated[
        bool, typer.Option("--explain", help="Of a refusal: the problem, its cause, and the way out.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Check a proof against the chain, as a lending contract would, or a report file offline."""
    if report is not None and explain:
        from oracle.verbs import explain_data

        _show(explain_data(str(report)), as_json)
        return
    if report is not None:
        from oracle.credit_report import verify_file

        _show(verify_file(report, key, committee), as_json, ("report",))
        return
    if not (rpc and contract and account and proof):
        raise typer.BadParameter(
            "Missing option '--rpc', '--contract', '--account' or '--proof' (or a report file)"
        )
    from oracle.contract import Refused
    from oracle.verbs import explain_refusal, verify_proof

    try:
        _show(verify_proof(rpc, contract, account, proof, max_age), as_json)
    except Refused as refused:
        if explain:
            _show(explain_refusal(account, refused), as_json)
        raise


@app.command()
def audit(
    rpc: RpcUrl,
    contract: Annotated[str, typer.Option(help="Address of the CreditOracle.")],
    epoch: Epoch,
    manifest: ManifestFile,
    ledger: Annotated[
        Path | None, typer.Option(help="A ledger to read on with (default: all is read anew).")
    ] = None,
    secret: Annotated[
        Path | None, typer.Option(help="The epoch's secret, from a member's folder: the root too.")
    ] = None,
    against: Annotated[
        Path | None, typer.Option(help="A node's folder, or a Parquet of scores: which borrower differs?")
    ] = None,
    verify_: Annotated[
        str | None, typer.Option("--verify", help="receipts: prove each range by its hashes; or quorum=k.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Rebuild a published epoch from the chain, without any secret; exit status 1 when it differs."""
    from oracle.verbs import audit_epoch

    found = audit_epoch(rpc, contract, epoch, manifest, ledger, secret, against, verify_)
    _show(found, as_json)
    if found["difference"]:
        raise Stop(f"{found['difference']}.")


@app.command()
def train(
    ledger: Ledger,
    deployment: Annotated[
        Path, typer.Option(help="JSON of where the model is for: schedule, sources, population.")
    ],
    cut: Cut,
    out: Annotated[Path, typer.Option(help="Folder for the manifest, named by its model id.")],
    bad: Bad = BAD,
    days_late: DaysLate = 7,
    horizon_days: Horizon = None,
    wallets: Wallets = "apart",
    owner: Annotated[str, typer.Option(help="Who answers for the model: a name on its card.")] = "",
    key: Annotated[
        Path | None, typer.Option(help="Key file that signs a bundle (`init --model-key` makes one).")
    ] = None,
    as_json: Json = False,
) -> None:
    """Fit a scorecard on a ledger; write manifest, card and, with --key, a signed bundle."""
    from oracle.modelling import open_key, outcome, train_model, wallets_of

    signer = None if key is None else open_key(key, _password())
    policy = outcome(bad, days_late, horizon_days)
    told = train_model(ledger, deployment, cut, out, policy, wallets_of(wallets), owner, signer)
    _show(told, as_json, BULKY)


@app.command()
def evaluate(
    ledger: Ledger,
    manifest: ModelFile,
    cut: Cut,
    bad: Bad = BAD,
    days_late: DaysLate = 7,
    horizon_days: Horizon = None,
    wallets: Wallets = "apart",
    signer: Signers = NOBODY,
    groups: Annotated[
        Path | None, typer.Option(help="CSV of account,group: are known groups treated alike?")
    ] = None,
    as_json: Json = False,
) -> None:
    """A model on a ledger's later loans: by segment, band and month, beside the best single feature."""
    from oracle.groups import read_groups
    from oracle.modelling import evaluate_model, outcome, wallets_of

    policy, known = outcome(bad, days_late, horizon_days), read_groups(groups) if groups else None
    told = evaluate_model(ledger, manifest, cut, policy, wallets_of(wallets), signer, known)
    _show(told, as_json, BULKY)


@app.command()
def compare(
    ledger: Ledger,
    champion: Annotated[Path, typer.Option(help="The model in use: a bundle, or a manifest file.")],
    challenger: Annotated[Path, typer.Option(help="The model that would take its place.")],
    cut: Cut,
    bad: Bad = BAD,
    days_late: DaysLate = 7,
    horizon_days: Horizon = None,
    wallets: Wallets = "apart",
    signer: Signers = NOBODY,
    as_json: Json = False,
) -> None:
    """Champion against challenger on the same later loans: a paired test, and who moves."""
    from oracle.modelling import compare_models, outcome, wallets_of

    policy = outcome(bad, days_late, horizon_days)
    told = compare_models(ledger, champion, challenger, cut, policy, wallets_of(wallets), signer)
    _show(told, as_json)


@app.command()
def card(
    bundle: BundleFile,
    out: Annotated[Path, typer.Option(help="Folder for the card, as Markdown and as a page.")],
    signer: Signers = NOBODY,
    as_json: Json = False,
) -> None:
    """The model card of a signed bundle: for whom, not for what, figures, limits."""
    from oracle.modelling import write_card

    _show(write_card(bundle, signer, out), as_json)


@app.command()
def drift(
    ledger: Ledger,
    bundle: BundleFile,
    signer: Signers = NOBODY,
    since: Annotated[
        int | None, typer.Option(min=0, max=LATEST, help="Unix time (default: the end of the training).")
    ] = None,
    as_json: Json = False,
) -> None:
    """Has the population moved away from the one that a model learned from? By month, against limits."""
    from oracle.modelling import drift_of

    _show(drift_of(ledger, bundle, signer, since), as_json, ("features",))


@app.command()
def propose(
    bundle: BundleFile,
    from_epoch: Annotated[int, typer.Option(min=1, help="The first epoch that the model scores.")],
    signer: Signers = NOBODY,
    rpc: Annotated[list[str], typer.Option(help="Where the registry's chain is read and written.")] = NOBODY,
    key: Annotated[Path | None, typer.Option(help="Keystore of a listed proposer, who pays the gas.")] = None,
    dry_run: Annotated[bool, typer.Option(help="Send nothing, whatever keys there are.")] = False,
    as_json: Json = False,
) -> None:
    """Put a model up for approval; shows what the owner's timelock does then. No key, dry run."""
    from oracle.keys import KeySigner
    from oracle.modelling import propose_model

    proposer = None if key is None else KeySigner.load(key, _password())
    _show(propose_model(bundle, signer, from_epoch, rpc, proposer, dry_run), as_json)


def _password() -> str:
    """The key files' password; Stop when none is given."""
    found = _given_password()
    if found is None:
        raise Stop(f"The key files need a password: set {PASSWORD}_FILE to a file that holds it.")
    return found


def _given_password() -> str | None:
    """The password from the variable, or from the file that the other variable names; None without."""
    path = os.environ.get(f"{PASSWORD}_FILE")
    try:
        found = Path(path).read_text(encoding="utf-8").rstrip("\n") if path else os.environ.get(PASSWORD)
    except OSError as error:
        raise Stop(f"{PASSWORD}_FILE names {path}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise Stop(f"{PASSWORD}_FILE names {path}, which holds no password in UTF-8.") from error
    return found or None


def _show(result: dict[str, Any], as_json: bool, leave_out: tuple[str, ...] = (), lang: str = "en") -> None:
    """The result as JSON, or as a table for people without what is only for programs."""
    import msgspec

    if as_json:
        typer.echo(msgspec.json.encode(result).decode())
        return
    from oracle.names import CHINESE
    from oracle.tables import as_text

    told = {name: value for name, value in result.items() if name not in leave_out}
    typer.echo(as_text(told, CHINESE if lang == "zh" else None))


if __name__ == "__main__":
    main()
