"""From a ledger to features, scores and what made one."""

from pathlib import Path
from typing import Annotated

import typer

from ledger_reader.errors import Stop
from oracle.commands.answer import show
from oracle.commands.options import LATEST, Account, Epoch, Json, Ledger, ManifestFile

app = typer.Typer()


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
    from oracle.verbs.scores import show_features, show_features_on_spark

    if engine == "duckdb" and ledger:
        show(show_features(ledger, chain_id, at, population), as_json)
    elif engine == "spark" and ledger_parquet:
        show(show_features_on_spark(ledger_parquet, master, chain_id, at, population), as_json)
    else:
        raise Stop(
            "name --ledger for the engine duckdb, or --ledger-parquet for the engine spark;"
            f" {engine!r} was asked for."
        )


@app.command()
def score(ledger: Ledger, manifest: ManifestFile, epoch: Epoch, as_json: Json = False) -> None:
    """Scores of the manifest's population at the end of an epoch."""
    from oracle.verbs.scores import show_scores

    show(show_scores(ledger, manifest, epoch), as_json)


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
    from oracle.verbs.scores import explain_account

    show(explain_account(ledger, manifest, epoch, account, lang, target), as_json, lang=lang)
