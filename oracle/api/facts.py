"""A borrower's facts in an epoch's folder, as the node wrote them there: facts.parquet and without.parquet.

Rules that hold here: the files are only read, and only the rows of one account; an epoch without them has no
facts to show.
"""

from pathlib import Path
from typing import Any

FACTS, WITHOUT = "facts.parquet", "without.parquet"


def facts_of(folder: Path, account: bytes) -> list[dict[str, Any]]:
    """All facts of a 20-byte account as plain values, bytes as 0x hex, names in camel case; newest first.

    Where a fact is disputed, `scoreWith` and `scoreWithout` say what it does.
    """
    without = {row["fact_id"]: row for row in _rows(folder / WITHOUT, account)}
    found = []
    for row in _rows(folder / FACTS, account):
        scores = without.get(row["fact_id"], {})
        row |= {name: scores.get(name) for name in ("score_with", "score_without")}
        found.append({_camel(name): _plain(value) for name, value in row.items() if name != "account"})
    return sorted(found, key=lambda fact: -(fact.get("blockTime") or 0))


def _rows(path: Path, account: bytes) -> list[dict[str, Any]]:
    if not path.is_file():
        return []
    from pyarrow import parquet  # noqa: PLC0415 (slow to load, and asked for rarely)

    found: list[dict[str, Any]] = parquet.read_table(path, filters=[("account", "=", account)]).to_pylist()
    return found


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


def _plain(value: Any) -> Any:
    return "0x" + value.hex() if isinstance(value, bytes) else value
