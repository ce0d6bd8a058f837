"""What a verb found, on standard output; what shows it is loaded only then."""

from typing import Any

import typer


def show(result: dict[str, Any], as_json: bool, leave_out: tuple[str, ...] = (), lang: str = "en") -> None:
    """The result as JSON, or as a table for people, in their language, without what is only for programs."""
    import msgspec

    if as_json:
        typer.echo(msgspec.json.encode(result).decode())
        return
    from oracle.names import CHINESE
    from oracle.tables import as_text

    told = {name: value for name, value in result.items() if name not in leave_out}
    typer.echo(as_text(told, CHINESE if lang == "zh" else None))
