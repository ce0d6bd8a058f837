"""Options that several verbs take, under the same name and with the same words."""

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")]
Ledger = Annotated[Path, typer.Option(help="The ledger's DuckDB file.")]
ManifestFile = Annotated[Path, typer.Option("--manifest", help="A manifest file, as `train` writes it.")]
Home = Annotated[Path, typer.Option(help="A node's folder, as `init` makes it.")]
RpcUrl = Annotated[list[str], typer.Option("--rpc", help="JSON-RPC address; repeat for more of one chain.")]
Account = Annotated[str, typer.Option(help="An address, 0x and 40 hex digits.")]
Epoch = Annotated[int, typer.Option(min=1, help="Which epoch.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed of everything random.")]
LATEST = 253_402_300_799
"""The last second of the year 9999."""

BundleFile = Annotated[Path, typer.Option(help="A signed bundle, as `train --key` writes it.")]
Signers = Annotated[
    list[str], typer.Option(help="Public key of a bundle's maker that you trust; repeat for more.")
]
NOBODY: list[str] = []
