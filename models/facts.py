"""Facts: what a record is made of, each under the name that a dispute calls it by.

Rules that hold here: a loan (one contract's loan, or all of one market) and an invoice are one fact each,
named by chain, protocol and id; any other event is a fact of its own, named by its place on chain. Names are
hashes that the account can make itself. Only rows of the account that disputes are ever left out for it: the
other side's record, and what the account means to others (how long it has been seen), stay as they are.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa
from ibis.expr.types import Table

from ledger_reader.keccak import keccak256
from models.disputes import Stand, disputes_of
from models.engine import collect, joinable
from models.loans import KINDS as LOAN_KINDS
from models.loans import POSITION
from models.views import INVOICES, KINDS

EVENT = ("chain_id", "block_number", "log_index")
OF_LOANS = (*LOAN_KINDS, "delinquent")
OF_INVOICES = (*INVOICES, "invoice_opened", "invoice_assigned", "invoice_split")
NAMED = (*OF_LOANS, *OF_INVOICES)
"""Kinds of rows whose fact is named by their loan id, where they have one."""

LEFT_OUT = pa.schema(
    [
        pa.field("account", pa.binary()),
        *(pa.field(name, pa.int64()) for name in EVENT),
        pa.field("since", pa.int64()),
        pa.field("before", pa.int64()),
    ]
)
"""Rows of the ledger that count for nothing at any until with since < until ≤ before."""

FOREVER = 2**63 - 1


def loan_fact(chain_id: int, protocol: str, loan_id: bytes) -> bytes:
    """Of an invoice too: keccak256(abi.encode("loan", uint256 chainId, keccak256(protocol), bytes32 id))."""
    return keccak256(
        _word(128) + _word(chain_id) + keccak256(protocol.encode()) + loan_id.rjust(32, b"\0") + _text("loan")
    )


def event_fact(chain_id: int, block_number: int, log_index: int) -> bytes:
    """keccak256(abi.encode("event", uint256 chainId, uint256 blockNumber, uint256 logIndex))."""
    return keccak256(_word(128) + _word(chain_id) + _word(block_number) + _word(log_index) + _text("event"))


def fact_of(row: Mapping[str, Any]) -> bytes:
    """The fact that a row of the ledger belongs to."""
    if row["kind"] in NAMED and row["loan_id"] is not None:
        return loan_fact(row["chain_id"], row["protocol"], row["loan_id"])
    return event_fact(row["chain_id"], row["block_number"], row["log_index"])


def left_out(events: Table, assumed: Iterable[Stand] = ()) -> pa.Table | None:
    """The rows of LEFT_OUT: of facts whose dispute was upheld, and the borrowings of cancelled loans.

    `assumed` are left out too, whatever was decided of them. None when there are no such rows.
    """
    upheld = [stand for stand in disputes_of(events) if stand.state == "upheld"]
    rows = [*_of_facts(events, [*upheld, *assumed]), *_cancelled(events)]
    return pa.Table.from_pylist(rows, schema=LEFT_OUT) if rows else None


def _of_facts(events: Table, disputes: Iterable[Stand]) -> list[dict[str, Any]]:
    """The accounts' rows that belong to the facts."""
    of: dict[tuple[bytes, bytes], list[Stand]] = defaultdict(list)
    for stand in disputes:
        of[stand.account, stand.fact_id].append(stand)
    told = _rows_of({account for account, _ in of}, events, (*KINDS, *LOAN_KINDS))
    return [
        _left_out(row, stand.since, stand.before)
        for row in told
        for stand in of.get((row["account"], fact_of(row)), ())
    ]


def _cancelled(events: Table) -> list[dict[str, Any]]:
    """The borrowings of loans that were cancelled, from then on."""
    told = collect(
        events.filter(events.kind == "loan_cancelled").select("account", *POSITION, "block_time")
    ).to_pylist()
    times: dict[tuple[Any, ...], int] = {}
    for row in told:
        key, time = _loan(row), row["block_time"]
        times[key] = min(time, times.get(key, time))
    borrowed = _rows_of({row["account"] for row in told}, events, ("borrow",))
    return [_left_out(row, times[_loan(row)], None) for row in borrowed if _loan(row) in times]


def _rows_of(accounts: set[bytes], events: Table, kinds: tuple[str, ...]) -> list[dict[str, Any]]:
    if not accounts:
        return []
    chosen = joinable(pa.table({"of": pa.array(sorted(accounts), pa.binary())}), events)
    rows = events.filter(events.kind.isin(kinds))
    rows = rows.semi_join(chosen, rows.account == chosen.of)
    told: list[dict[str, Any]] = collect(
        rows.select("account", "kind", *POSITION, "block_number", "log_index").distinct()
    ).to_pylist()
    return told


def _left_out(row: Mapping[str, Any], since: int, before: int | None) -> dict[str, Any]:
    key = {name: row[name] for name in ("account", *EVENT)}
    return key | {"since": since, "before": FOREVER if before is None else before}


def _loan(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("account", *POSITION))


def _word(number: int) -> bytes:
    return number.to_bytes(32, "big")


def _text(text: str) -> bytes:
    """The tail of abi.encode for a text of at most 32 bytes."""
    return _word(len(text)) + text.encode().ljust(32, b"\0")
