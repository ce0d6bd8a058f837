"""What can be wrong with a ledger, as questions put to its tables.

Rules that hold here: nothing is changed; the tables `events`, `blocks`, `heads` and `ranges` may be
those of a ledger file or views of an exported folder; a check counts what is wrong and names the first
block of it; whatever needs the rows of a block together goes span by span, so that memory is bounded.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import duckdb
import numpy as np

from ledger_reader.ledger import KINDS, MAX_AMOUNT, MAX_TIME, MAX_VALUE_CENTS
from ledger_reader.schema import SPAN, spans


class Finding(NamedTuple):
    """One kind of thing that is wrong with one chain: how many rows, and the first block of them."""

    chain_id: int
    wrong: str
    rows: int
    first_block: int | None

    @property
    def sentence(self) -> str:
        """In words, without a full stop."""
        where = "" if self.first_block is None else f", first at block {self.first_block}"
        return f"chain {self.chain_id} has {self.rows} × {self.wrong}{where}"


class Held(NamedTuple):
    """What is held of one chain: the head's number (None without one), rows of blocks and events."""

    chain_id: int
    head: int | None
    blocks: int
    events: int


_IN_CHAIN = {
    "event of an unknown kind": f"""
        SELECT count(*), min(block_number) FROM events
        WHERE chain_id = $chain AND kind NOT IN {KINDS}""",  # noqa: S608
    "event numbered below 0": """
        SELECT count(*), min(block_number) FROM events
        WHERE chain_id = $chain AND (block_number < 0 OR log_index < 0 OR leg < 0)""",
    "amount out of range": f"""
        SELECT count(*), min(block_number) FROM events
        WHERE chain_id = $chain AND amount NOT BETWEEN 0 AND {MAX_AMOUNT}""",  # noqa: S608
    "value out of range": f"""
        SELECT count(*), min(block_number) FROM events
        WHERE chain_id = $chain AND value_cents NOT BETWEEN 0 AND {MAX_VALUE_CENTS}""",  # noqa: S608
    "time out of range": f"""
        SELECT count(*), min(block_number) FROM events WHERE chain_id = $chain
            AND (block_time NOT BETWEEN 0 AND {MAX_TIME} OR due_time NOT BETWEEN 0 AND {MAX_TIME})""",  # noqa: S608
    "address or hash of a wrong length": """
        SELECT count(*), min(block_number) FROM events WHERE chain_id = $chain
            AND (octet_length(account) <> 20 OR octet_length(counterparty) <> 20 OR octet_length(asset) <> 20
                OR octet_length(tx_hash) <> 32 OR octet_length(loan_id) <> 32)""",
    "event after the head": """
        SELECT count(*), min(block_number) FROM events WHERE chain_id = $chain
            AND block_number > coalesce((SELECT max(number) FROM heads WHERE chain_id = $chain), -1)""",
    "block after the head": """
        SELECT count(*), min(number) FROM blocks WHERE chain_id = $chain
            AND number > coalesce((SELECT max(number) FROM heads WHERE chain_id = $chain), -1)""",
    "block with a hash or number that is none": """
        SELECT count(*), min(number) FROM blocks WHERE chain_id = $chain
            AND (number < 0 OR octet_length(hash) <> 32 OR octet_length(parent_hash) <> 32)""",
    "head that is not among the blocks": """
        SELECT count(*), min(number) FROM heads WHERE chain_id = $chain
            AND NOT EXISTS (FROM blocks AS b WHERE b.chain_id = $chain AND b.number = heads.number
                AND b.hash = heads.hash AND b.time = heads.time)""",
    "head too many": """
        SELECT count(*) - 1, max(number) FROM heads WHERE chain_id = $chain HAVING count(*) > 1""",
    "block earlier than the one before": """
        SELECT count(*), min(number) FROM (
            SELECT number, time < lag(time) OVER (ORDER BY number) AS falls
            FROM blocks WHERE chain_id = $chain) WHERE falls""",
    "gap or overlap between ranges read": """
        SELECT count(*), min(from_block) FROM (
            SELECT from_block, to_block,
                lag(to_block, 1, -1) OVER (ORDER BY from_block, to_block) AS before
            FROM ranges WHERE chain_id = $chain) WHERE from_block <> before + 1 OR to_block < from_block""",
    "range end that is not the head": """
        SELECT count(*), min(number) FROM heads WHERE chain_id = $chain
            AND number IS DISTINCT FROM (SELECT max(to_block) FROM ranges WHERE chain_id = $chain)""",
}
"""Name of what is wrong → how many and where first, of one chain."""

_IN_SPAN = {
    "event held more than once": """
        SELECT coalesce(sum(n - 1), 0), min(block_number) FROM (
            SELECT block_number, count(*) AS n FROM events
            WHERE chain_id = $chain AND block_number BETWEEN $low AND $high
            GROUP BY block_number, log_index, leg HAVING n > 1)""",
    "event of a block that is not known": """
        SELECT count(*), min(block_number) FROM events AS e
        WHERE chain_id = $chain AND block_number BETWEEN $low AND $high AND NOT EXISTS (
            FROM blocks AS b
            WHERE b.chain_id = $chain AND b.number BETWEEN $low AND $high AND b.number = e.block_number)""",
    "event with another time than its block": """
        SELECT count(*), min(block_number) FROM events AS e JOIN blocks AS b ON b.number = e.block_number
        WHERE e.chain_id = $chain AND e.block_number BETWEEN $low AND $high
            AND b.chain_id = $chain AND b.number BETWEEN $low AND $high AND b.time <> e.block_time""",
    "block held more than once": """
        SELECT coalesce(sum(n - 1), 0), min(number) FROM (
            SELECT number, count(*) AS n FROM blocks
            WHERE chain_id = $chain AND number BETWEEN $low AND $high GROUP BY number HAVING n > 1)""",
    "block that does not follow its parent": """
        SELECT count(*), min(b.number) FROM blocks AS b JOIN blocks AS a ON a.number = b.number - 1
        WHERE b.chain_id = $chain AND b.number BETWEEN $low AND $high AND a.chain_id = $chain
            AND a.number BETWEEN $low - 1 AND $high AND b.parent_hash <> a.hash""",
}
"""The same of the blocks from $low to $high."""


def chains(connection: duckdb.DuckDBPyConnection) -> list[int]:
    """Every chain that has a row anywhere, ascending."""
    tables = ("events", "blocks", "heads", "ranges")
    query = " UNION ".join(f"SELECT chain_id FROM {table}" for table in tables)  # noqa: S608
    return [row[0] for row in connection.execute(f"{query} ORDER BY chain_id").fetchall()]


def held(connection: duckdb.DuckDBPyConnection) -> list[Held]:
    """What there is of each chain, ascending."""
    query = """
        SELECT (SELECT max(number) FROM heads WHERE chain_id = $chain),
            (SELECT count(*) FROM blocks WHERE chain_id = $chain),
            (SELECT count(*) FROM events WHERE chain_id = $chain)"""
    rows = [(each, connection.execute(query, {"chain": each}).fetchall()[0]) for each in chains(connection)]
    return [Held(chain_id, *counts) for chain_id, counts in rows]


def all_findings(connection: duckdb.DuckDBPyConnection) -> list[Finding]:
    """Everything that is wrong with any chain, in order of chain."""
    return [each for chain_id in chains(connection) for each in findings(connection, chain_id)]


def findings(connection: duckdb.DuckDBPyConnection, chain_id: int) -> list[Finding]:
    """Everything that is wrong with one chain, in the order of the checks above."""
    found = {}
    for wrong, query in _IN_CHAIN.items():
        found[wrong] = connection.execute(query, {"chain": chain_id}).fetchall()
    for low in _lows(connection, chain_id):
        span = {"chain": chain_id, "low": low, "high": low + SPAN - 1}
        for wrong, query in _IN_SPAN.items():
            found.setdefault(wrong, []).extend(connection.execute(query, span).fetchall())
    found["range with rows lost or added"] = [_miscounted(connection, chain_id)]
    return [Finding(chain_id, wrong, *_sum(rows)) for wrong, rows in found.items() if _sum(rows)[0]]


def _lows(connection: duckdb.DuckDBPyConnection, chain_id: int) -> list[int]:
    """First blocks of the spans that hold anything of the chain."""
    held = {*spans(connection, "events", "block_number"), *spans(connection, "blocks", "number")}
    return sorted(low for chain, low in held if chain == chain_id)


def _miscounted(connection: duckdb.DuckDBPyConnection, chain_id: int) -> tuple[int, int | None]:
    """How many ranges hold another number of rows than when they were read, and the first block."""
    ranges = connection.execute(
        "SELECT from_block, events FROM ranges WHERE chain_id = ? ORDER BY from_block", [chain_id]
    ).fetchnumpy()
    starts, expected = ranges["from_block"], ranges["events"]
    held = np.zeros(len(starts) + 1, np.int64)
    for numbers, counts in _counts(connection, chain_id):
        np.add.at(held, np.searchsorted(starts, numbers, side="right"), counts)
    wrong = np.flatnonzero(held[1:] != expected)
    outside = int(held[0] > 0)
    return len(wrong) + outside, int(starts[wrong[0]]) if len(wrong) else None


def _counts(connection: duckdb.DuckDBPyConnection, chain_id: int) -> Iterator[tuple[Any, Any]]:
    """(block numbers, rows in each), a span at a time."""
    for low in _lows(connection, chain_id):
        found = connection.execute(
            """SELECT block_number, count(*) AS n FROM events
            WHERE chain_id = ? AND block_number BETWEEN ? AND ? GROUP BY block_number""",
            [chain_id, low, low + SPAN - 1],
        ).fetchnumpy()
        yield found["block_number"], found["n"]


def _sum(rows: list[Any]) -> tuple[int, int | None]:
    firsts = [first for _, first in rows if first is not None]
    return sum(int(count) for count, _ in rows), min(firsts, default=None)
