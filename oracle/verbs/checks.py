"""Can a node, or a lender, work? Row by row, and how many rows say `fix`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from oracle.check.checkup import check_node
from oracle.check.lending import check_lender
from oracle.check.row import Row
from oracle.verbs.arguments import address_of


def check_home(home: Path, password: str | None) -> dict[str, Any]:
    """What `check` found, row by row, and how many rows say `fix`."""
    return {"home": str(home), **_told(check_node(home, password))}


def check_lending(urls: Sequence[str], lender: str, contract: str, view: str | None) -> dict[str, Any]:
    """The same of a contract that lends; `contract`: its CreditOracle where it names none, else empty."""
    rows = check_lender(urls, address_of(lender), address_of(contract) if contract else None, view)
    return {"lender": lender, **_told(rows)}


def _told(rows: list[Row]) -> dict[str, Any]:
    return {
        "fix": sum(row.state == "fix" for row in rows),
        "rows": [{"what": row.what, "state": row.state, "says": row.says} for row in rows],
    }
