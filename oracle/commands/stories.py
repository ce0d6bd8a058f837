"""The whole story, told on a chain of its own."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from oracle.commands.options import Seed

app = typer.Typer()


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
