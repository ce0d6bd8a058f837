"""The tables of a ledger file and the steps that bring an older file to them.

Rules that hold here: step n turns a file of version n into one of version n + 1, and a new file is
made by all of them, so that an old file and a new one never differ; a step that shipped is never
changed, a further one is added; the caller runs them in one transaction.

`ranges` tells how the chain was read: contiguous block ranges and the number of rows each brought,
which is how a loss is noticed. `sources` holds the canonical JSON of what was read; a ledger of version
1 kept only its digest, of a form without the keys added since.
"""

from collections.abc import Iterator
from typing import Any

import duckdb
import pyarrow as pa

_VERSION_1 = """
CREATE TABLE events (
    chain_id BIGINT NOT NULL, block_number BIGINT NOT NULL, log_index INTEGER NOT NULL,
    leg TINYINT NOT NULL, block_time BIGINT NOT NULL, tx_hash BLOB NOT NULL,
    protocol VARCHAR NOT NULL, kind VARCHAR NOT NULL, account BLOB NOT NULL, counterparty BLOB,
    asset BLOB, amount DECIMAL(38, 0), value_cents BIGINT, loan_id BLOB, due_time BIGINT);
CREATE TABLE blocks (
    chain_id BIGINT NOT NULL, number BIGINT NOT NULL, hash BLOB NOT NULL, parent_hash BLOB,
    time BIGINT NOT NULL);
CREATE TABLE heads (
    chain_id BIGINT NOT NULL, number BIGINT NOT NULL, hash BLOB NOT NULL, time BIGINT NOT NULL);
CREATE TABLE sources (chain_id BIGINT NOT NULL, digest VARCHAR NOT NULL);
CREATE TABLE meta (key VARCHAR NOT NULL, value VARCHAR NOT NULL);
INSERT INTO meta VALUES ('schema_version', '1');
"""

_VERSION_2 = """
ALTER TABLE sources ADD COLUMN json VARCHAR;
CREATE TABLE assets (
    chain_id BIGINT NOT NULL, address BLOB NOT NULL, symbol VARCHAR NOT NULL, decimals INTEGER NOT NULL,
    price_source VARCHAR NOT NULL, pin_cents BIGINT);
CREATE TABLE ranges (
    chain_id BIGINT NOT NULL, from_block BIGINT NOT NULL, to_block BIGINT NOT NULL, events BIGINT NOT NULL);
INSERT INTO ranges
    SELECT chain_id, 0, number,
        (SELECT count(*) FROM events WHERE events.chain_id = heads.chain_id) FROM heads;
UPDATE meta SET value = '2' WHERE key = 'schema_version';
"""

STEPS = (_VERSION_1, _VERSION_2)

VERSION = len(STEPS)

HEADS = pa.schema(
    [
        pa.field("chain_id", pa.int64(), nullable=False),
        pa.field("number", pa.int64(), nullable=False),
        pa.field("hash", pa.binary(), nullable=False),
        pa.field("time", pa.int64(), nullable=False),
    ]
)

RANGES = pa.schema(
    [pa.field(name, pa.int64(), nullable=False) for name in ("chain_id", "from_block", "to_block", "events")]
)

SOURCES = pa.schema(
    [
        pa.field("chain_id", pa.int64(), nullable=False),
        pa.field("digest", pa.string(), nullable=False),
        pa.field("json", pa.string()),
    ]
)

ASSETS = pa.schema(
    [
        pa.field("chain_id", pa.int64(), nullable=False),
        pa.field("address", pa.binary(), nullable=False),
        pa.field("symbol", pa.string(), nullable=False),
        pa.field("decimals", pa.int32(), nullable=False),
        # pin, feed or none
        pa.field("price_source", pa.string(), nullable=False),
        pa.field("pin_cents", pa.int64()),
    ]
)

SPAN = 100_000
"""Blocks of one partition: what export writes and the check reads at a time."""


def version_of(connection: duckdb.DuckDBPyConnection) -> int | str | None:
    """The file's schema version, 0 when it is empty, text when it is unreadable, None for no ledger."""
    tables = {row[0] for row in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    if not tables:
        return 0
    if "meta" not in tables:
        return None
    rows = connection.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchall()
    text = str(rows[0][0]) if rows else "none"
    return int(text) if text.isascii() and text.isdigit() and text != "0" else text


def migrate(connection: duckdb.DuckDBPyConnection, version: int) -> None:
    """Run the steps that the file of that version lacks; inside the caller's transaction."""
    for step in STEPS[version:]:
        connection.execute(step)


def spans(connection: duckdb.DuckDBPyConnection, table: str, column: str) -> Iterator[tuple[int, int]]:
    """(chain id, first block) of every partition that holds rows, ascending."""
    query = f"SELECT DISTINCT chain_id, {column} - {column} % {SPAN} FROM {table} ORDER BY ALL"  # noqa: S608
    rows: list[Any] = connection.execute(query).fetchall()
    yield from ((chain_id, first) for chain_id, first in rows)
