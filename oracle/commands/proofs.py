"""Scores shown and checked: by a borrower, a lender, an auditor."""

from pathlib import Path
from typing import Annotated

import typer

from ledger_reader.errors import Stop
from oracle.commands.answer import show
from oracle.commands.options import NOBODY, Account, Epoch, Home, Json, ManifestFile, RpcUrl

app = typer.Typer()


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
    from oracle.verbs.epochs import make_proof, make_proof_from

    if folder and not home and epoch is None:
        show(make_proof_from(folder, account, at_least), as_json)
    elif home and epoch is not None and not folder:
        show(make_proof(home, epoch, account, at_least), as_json)
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
    from oracle.verbs.admissions import show_admitted

    found = show_admitted(home, epoch, at_least, statuses, widest, lang)
    show(found if as_json else shown(found), as_json, lang=lang)


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
        from oracle.verbs.proofs import explain_data

        show(explain_data(str(report)), as_json)
        return
    if report is not None:
        from oracle.credit_report import verify_file

        show(verify_file(report, key, committee), as_json, ("report",))
        return
    if not (rpc and contract and account and proof):
        raise typer.BadParameter(
            "Missing option '--rpc', '--contract', '--account' or '--proof' (or a report file)"
        )
    from oracle.contract import Refused
    from oracle.verbs.proofs import explain_refusal, verify_proof

    try:
        show(verify_proof(rpc, contract, account, proof, max_age), as_json)
    except Refused as refused:
        if explain:
            show(explain_refusal(account, refused), as_json)
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
    from oracle.verbs.audits import audit_epoch

    found = audit_epoch(rpc, contract, epoch, manifest, ledger, secret, against, verify_)
    show(found, as_json)
    if found["difference"]:
        raise Stop(f"{found['difference']}.")
