"""`credit-oracle`: one short function a verb, each calling one library function.

Rules that hold here: results go to standard output, as a table for people or as one JSON object
with `--json`; logs and progress go to standard error; exit status 0 done, 1 refused or failed with
one sentence, 2 usage.

What a verb is called and takes is in oracle/commands/, one file a group, which load nothing but typer: a
verb imports what it does inside its own function, from oracle/verbs/ or a library, where imports stand at
the top as everywhere. So `--help` is quick, and each process loads what its verb needs and no more.
"""

import sys

import typer

from ledger_reader.errors import Interrupted, Retry, Stop
from oracle import logs
from oracle.commands import committee, ledger, modelling, node, proofs, scoring, service, stories

app = typer.Typer(
    help="A decentralized credit-score oracle: read, score, agree, publish, prove.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for group in (stories, committee, ledger, scoring, node, service, proofs, modelling):
    app.add_typer(group.app)  # without a name: its verbs are the command's own, in this order
app.add_typer(ledger.ledger_app, name="ledger", help="Care for a ledger.")


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


if __name__ == "__main__":
    main()
