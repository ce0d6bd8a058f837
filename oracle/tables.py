"""Results as plain text for people: aligned, no colour where none is wanted, nothing cut off."""

from collections.abc import Sequence
from typing import Any
from unicodedata import east_asian_width


def as_text(result: dict[str, Any]) -> str:
    """Names and values in two columns; a list of objects becomes a table."""
    lines: list[str] = []
    width = max((len(name) for name in result), default=0)
    for name, value in result.items():
        if isinstance(value, list | tuple) and value and isinstance(value[0], dict):
            lines += ["", name, *_table(value)]
        else:
            lines.append(f"{name:<{width}}  {_cell(value)}")
    return "\n".join(lines)


def width_of(text: str) -> int:
    """Columns on a terminal: Chinese characters take two."""
    return sum(1 + (east_asian_width(each) in "WF") for each in text)


def _table(rows: Sequence[dict[str, Any]]) -> list[str]:
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = [names, *([_cell(row.get(name)) for name in names] for row in rows)]
    widths = [max(width_of(row[i]) for row in cells) for i in range(len(names))]
    return ["  ".join(map(_padded, row, widths)).rstrip() for row in cells]


def _padded(cell: str, width: int) -> str:
    return cell + " " * (width - width_of(cell))


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, dict):
        return ", ".join(f"{name} {_cell(each)}" for name, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_cell(each) for each in value)
    return str(value)
