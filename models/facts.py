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
from models.persons import Omitted, place_of
from models.views import INVOICES, KINDS

OF_LOANS = (*LOAN_KINDS, "delinquent")
OF_INVOICES = (*INVOICES, "invoice_opened", "invoice_assigned", "invoice_split")
NAMED = (*OF_LOANS, *OF_INVOICES)
"""Kinds of rows whose fact is named by their loan id, where they have one."""


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


def left_out(events: Table, assumed: Iterable[Stand] = ()) -> dict[bytes, list[Omitted]]:
    """The events of each wallet that count for nothing, and when.

    Those are events of facts whose dispute was upheld, and the borrowings of cancelled loans; `assumed` are
    left out too, whatever was decided of them.
    """
    upheld = [stand for stand in disputes_of(events) if stand.state == "upheld"]
    found: dict[bytes, list[Omitted]] = defaultdict(list)
    for account, event in [*_of_facts(events, [*upheld, *assumed]), *_cancelled(events)]:
        found[account].append(event)
    return dict(found)


def _of_facts(events: Table, disputes: Iterable[Stand]) -> list[tuple[bytes, Omitted]]:
    """The accounts' rows that belong to the facts."""
    of: dict[tuple[bytes, bytes], list[Stand]] = defaultdict(list)
    for stand in disputes:
        of[stand.account, stand.fact_id].append(stand)
    told = _rows_of({account for account, _ in of}, events, (*KINDS, *LOAN_KINDS))
    return [
        (row["account"], Omitted(place_of(row), stand.since, stand.before))
        for row in told
        for stand in of.get((row["account"], fact_of(row)), ())
    ]


def _cancelled(events: Table) -> list[tuple[bytes, Omitted]]:
    """The borrowings of loans that were cancelled, from then on."""
    told = collect(
        events.filter(events.kind == "loan_cancelled").select("account", *POSITION, "block_time")
    ).to_pylist()
    times: dict[tuple[Any, ...], int] = {}
    for row in told:
        key, time = _loan(row), row["block_time"]
        times[key] = min(time, times.get(key, time))
    borrowed = _rows_of({row["account"] for row in told}, events, ("borrow",))
    return [
        (row["account"], Omitted(place_of(row), times[_loan(row)])) for row in borrowed if _loan(row) in times
    ]


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


def _loan(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("account", *POSITION))


def _word(number: int) -> bytes:
    return number.to_bytes(32, "big")


def _text(text: str) -> bytes:
    """The tail of abi.encode for a text of at most 32 bytes."""
    return _word(len(text)) + text.encode().ljust(32, b"\0")
