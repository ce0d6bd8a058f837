"""The service for borrowers and readers."""

from pathlib import Path
from typing import Annotated

import typer

from oracle.commands.answer import show
from oracle.commands.options import Account, Home, Json
from oracle.commands.password import password

app = typer.Typer()


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

    keys = NodeKeys.load(home / "identity.json", password()) if node_key else None
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

    show(decide_dispute(home, account, fact, outcome, reasons, database), as_json)
