"""Disputes: what an account says of a fact in its record, and what was decided of that.

Rules that hold here:
- Facts are named by hash (models/facts.py); words stay off chain. The latest row of an account and a fact
  before a moment tells how that stands at it.
- Open: asked, or decided as not confirmed. Upheld: the fact's rows are left out for that account. Not upheld,
  and withdrawn by the account: as if never asked. A decision of no known outcome leaves the dispute open.
- A dispute of a fact that does not exist marks the account all the same, and leaves nothing out.
- Only the account itself (on chain, by its transaction or signature) can dispute what stands in its record.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ibis.expr.types import Table

from models.engine import collect
from models.loans import ORDER
from models.persons import LATEST

KINDS = ("disputed", "dispute_decided")

UPHELD, NOT_UPHELD, UNCONFIRMED, WITHDRAWN = 1, 2, 3, 4
"""Outcomes, as `amount` of a dispute_decided row."""

State = Literal["open", "upheld", "settled"]


@dataclass(frozen=True)
class Stand:
    """How a dispute stood from its row at `since` to the next one at `before` (LATEST: it still does)."""

    account: bytes
    fact_id: bytes
    state: State
    since: int
    before: int

    def holds(self, until: int) -> bool:
        """Whether this is what is known at `until`, from rows before it."""
        return self.since < until <= self.before


def disputes_of(events: Table) -> list[Stand]:
    """All that was ever asked and decided, by account, fact and time, from whichever engine."""
    rows = events.filter(events.kind.isin(KINDS) & events.loan_id.notnull())
    return stands(collect(rows.select("account", "kind", "loan_id", "amount", *ORDER)).to_pylist())


def stands(rows: Iterable[Mapping[str, Any]]) -> list[Stand]:
    """The same of plain rows in any order."""
    rows_of: dict[tuple[bytes, bytes], list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        rows_of[row["account"], row["loan_id"]].append(row)
    found = []
    for account, fact_id in sorted(rows_of):
        ordered = sorted(rows_of[account, fact_id], key=lambda row: tuple(row[name] for name in ORDER))
        times = [*(row["block_time"] for row in ordered), LATEST]
        for row, before in zip(ordered, times[1:], strict=True):
            found.append(Stand(account, fact_id, _state(row), row["block_time"], before))
    return found


def _state(row: Mapping[str, Any]) -> State:
    outcome = None if row["amount"] is None else int(row["amount"])
    if row["kind"] == "disputed" or outcome not in (UPHELD, NOT_UPHELD, WITHDRAWN):
        return "open"
    return "upheld" if outcome == UPHELD else "settled"
