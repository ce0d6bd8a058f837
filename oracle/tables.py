"""Results as plain text for people: aligned, no colour where none is wanted, nothing cut off."""

from collections.abc import Mapping, Sequence
from typing import Any
from unicodedata import east_asian_width


def as_text(result: dict[str, Any], names: Mapping[str, str] | None = None) -> str:
    """Names and values in two columns; a list of objects becomes a table. `names`: shown for a name."""
    called = names or {}
    lines: list[str] = []
    width = max((width_of(called.get(name, name)) for name in result), default=0)
    for name, value in result.items():
        shown = called.get(name, name)
        if isinstance(value, list | tuple) and value and isinstance(value[0], dict):
            lines += ["", shown, *_table(value, called)]
        else:
            lines.append(f"{_padded(shown, width)}  {_cell(value, called)}")
    return "\n".join(lines)


def width_of(text: str) -> int:
    """Columns on a terminal: Chinese characters take two."""
    return sum(1 + (east_asian_width(each) in "WF") for each in text)


def _table(rows: Sequence[dict[str, Any]], called: Mapping[str, str]) -> list[str]:
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = [[called.get(name, name) for name in names]]
    cells += [[_cell(row.get(name), called) for name in names] for row in rows]
    widths = [max(width_of(row[i]) for row in cells) for i in range(len(names))]
    return ["  ".join(map(_padded, row, widths)).rstrip() for row in cells]


def _padded(cell: str, width: int) -> str:
    return cell + " " * (width - width_of(cell))


def _cell(value: Any, called: Mapping[str, str]) -> str:
    if value is None:
        return "-"
    if isinstance(value, dict):
        return ", ".join(f"{called.get(name, name)} {_cell(each, called)}" for name, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_cell(each, called) for each in value)
    return str(value)
