"""Who is in which group, as only its holder knows: a CSV file that never leaves the machine.

Rules that hold here: two columns, account and group, in that order; an account stands once; groups are
labels for comparing, never features. A file that is anything else is refused in one sentence.
"""

import csv
import io
from pathlib import Path

from ledger_reader.errors import Stop
from oracle.settings import address_bytes
from oracle.verbs.arguments import content_of

HEADER = ["account", "group"]
UNTOLD = "(not told)"
MAX_LETTERS = 60


def read_groups(path: Path) -> dict[bytes, str]:
    """Group by account (20 bytes); Stop says which line is wrong."""
    try:
        rows = list(csv.reader(io.StringIO(content_of(path).decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise Stop(f"{path} is not CSV in UTF-8 ({error}); write two columns, account and group.") from error
    if not rows or rows[0] != HEADER:
        raise Stop(f"{path} begins with {rows[:1]}; its first line must be account,group.")
    found: dict[bytes, str] = {}
    for number, row in enumerate(rows[1:], 2):
        account, group = _entry(path, number, row)
        if account in found:
            raise Stop(f"{path}, line {number}: {row[0]} stands there a second time; name each account once.")
        found[account] = group
    return found


def _entry(path: Path, number: int, row: list[str]) -> tuple[bytes, str]:
    if len(row) != len(HEADER) or not 1 <= len(row[1]) <= MAX_LETTERS or not row[1].isprintable():
        raise Stop(
            f"{path}, line {number}: {str(row)[:80]} is not an account and a group of 1 to 60 letters."
        )
    try:
        return address_bytes(row[0]), row[1]
    except ValueError as error:
        raise Stop(f"{path}, line {number}: {error}.") from error
