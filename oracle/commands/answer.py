"""What a verb found, on standard output; what shows it is loaded only then."""

from typing import Any

import typer


def show(result: dict[str, Any], as_json: bool, leave_out: tuple[str, ...] = ()) -> None:
    """The result as JSON, or as a table for people without what is only for programs."""
    import msgspec

    if as_json:
        typer.echo(msgspec.json.encode(result).decode())
        return
    from oracle.tables import as_text

    typer.echo(as_text({name: value for name, value in result.items() if name not in leave_out}))
