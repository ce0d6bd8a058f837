"""A ledger: read, moved, looked over; and recorded histories, put on a chain."""

from pathlib import Path
from typing import Annotated

import typer

from ledger_reader.errors import Stop
from oracle.commands.answer import show
from oracle.commands.options import Json, Ledger, RpcUrl

app = typer.Typer()
ledger_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
"""The verbs under `ledger`."""


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
    from oracle.verbs.ledgers import read_chain

    show(read_chain(rpc, sources, ledger, until_block, verify, confirmations, rate, protocols), as_json)


@app.command()
def export(
    ledger: Ledger, out: Annotated[Path, typer.Option(help="A new folder.")], as_json: Json = False
) -> None:
    """Write a ledger as Parquet, partitioned by block range."""
    from oracle.verbs.ledgers import export_ledger

    show(export_ledger(ledger, out), as_json)


@app.command(name="import")
def import_(
    folder: Annotated[Path, typer.Option(help="A folder that `export` made.")],
    ledger: Ledger,
    as_json: Json = False,
) -> None:
    """Add the chains of an exported folder to a new or an existing ledger."""
    from oracle.verbs.ledgers import import_ledger

    show(import_ledger(folder, ledger), as_json)


@ledger_app.command(name="check")
def check_ledger(
    ledger: Annotated[Path, typer.Option(help="The ledger's DuckDB file, or an exported folder.")],
    as_json: Json = False,
) -> None:
    """Look for gaps, duplicates and broken links; exit status 1 when there is one."""
    from oracle.verbs.ledgers import check_ledger as check

    found = check(ledger)
    show(found, as_json)
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
    from oracle.verbs.replays import replay_history

    show(replay_history(history, rpc, sources), as_json)
