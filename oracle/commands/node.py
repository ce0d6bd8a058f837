"""A member's node: its rounds, what it found, whether it can work."""

from pathlib import Path
from typing import Annotated

import typer

from ledger_reader.errors import Stop
from oracle.commands.answer import show
from oracle.commands.options import NOBODY, BundleFile, Epoch, Home, Json, Signers
from oracle.commands.password import given_password, password

app = typer.Typer()


@app.command()
def report(home: Home, epoch: Epoch, as_json: Json = False) -> None:
    """What a node computed for an epoch: its report, digest and tree."""
    from oracle.verbs.epochs import show_report

    show(show_report(home, epoch), as_json)


@app.command()
def node(
    home: Home,
    once: Annotated[bool, typer.Option(help="One round, then end.")] = False,
    dry_run: Annotated[bool, typer.Option(help="Do everything but sign and send.")] = False,
    as_json: Json = False,
) -> None:
    """A member of the committee: round after round. Without a key file it is a dry run."""
    from oracle.verbs.rounds import run_node

    run_node(home, password(), once, dry_run, lambda result: show(result, as_json))


@app.command()
def evidence(
    home: Home,
    submit: Annotated[bool, typer.Option(help="Bring proofs of two stories to the contract.")] = False,
    as_json: Json = False,
) -> None:
    """What members signed against this node's reports: who, which epoch and root, which borrowers differ."""
    from oracle.verbs.evidence import list_evidence, submit_evidence

    show(submit_evidence(home, password()) if submit else list_evidence(home), as_json)


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
    from oracle.verbs.checks import check_home, check_lending

    if lender and rpc:
        found = check_lending(rpc, lender, contract, view)
    elif home is not None:
        found = check_home(home, given_password())
    else:
        raise typer.BadParameter("Missing option '--home' (or '--lender' and '--rpc')")
    show(found, as_json)
    if found["fix"]:
        raise Stop(f"{found['fix']} of {len(found['rows'])} rows say fix: mend them from the top down.")


@app.command()
def adopt(home: Home, bundle: BundleFile, signer: Signers = NOBODY, as_json: Json = False) -> None:
    """Put a signed bundle's model into a node's folder: manifest, scorecard, and the card people read."""
    from oracle.verbs.bundles import adopt_model

    show(adopt_model(bundle, signer, home), as_json)
