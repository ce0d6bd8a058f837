"""The ledger on disk: one DuckDB file, used by one process.

Rules that hold here: rows, blocks and the new head go in by one transaction, so that a crash
repeats work and never skips or doubles an event; what is appended must lie wholly after the
head of its chain (uniqueness by range: a primary key would cost more than the rest together);
a ledger belongs to the sources it was begun with; every failure of the file is one sentence.
"""

from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import duckdb
import ibis
import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from ledger_reader.errors import Stop
from ledger_reader.keccak import keccak256
from ledger_reader.ledger import BLOCKS, EVENTS, ChainBlock, Snapshot
from ledger_reader.sources import ChainSources, to_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

SCHEMA_VERSION = "1"

_SCHEMA = """
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
"""

_EXPORT = """
COPY (SELECT *, chain_id AS chain, block_number - block_number % 100000 AS from_block
    FROM events ORDER BY chain_id, block_number, log_index, leg)
"""
_AS_PARQUET = "(FORMAT parquet, COMPRESSION zstd, PARTITION_BY (chain, from_block))"


class LedgerStore:
    """The ledger in the file `path`; made when absent; Stop when locked, damaged or of another version.

    `memory_limit` as DuckDB writes it ("400MB"), `threads` for its workers; both DuckDB's own when None.
    """

    def __init__(self, path: Path | str, memory_limit: str | None = None, threads: int | None = None) -> None:
        self.path = Path(path)
        settings = {"memory_limit": memory_limit, "threads": threads}
        self._connection = _open(self.path, {k: v for k, v in settings.items() if v is not None})
        try:
            with self._speaking():
                self._prepare()
            self.connection: Backend = ibis.duckdb.from_connection(self._connection)
            """The Ibis backend over the same file."""
        except BaseException:
            self._connection.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the file back; the store cannot be used afterwards."""
        self._connection.close()

    def append(self, events: pa.Table, blocks: pa.Table, head: ChainBlock, after: int | None = None) -> None:
        """Add all that was read after the old head, or after the block `after`, up to `head`.

        `events` and `blocks` in the shape of EVENTS and BLOCKS, of head's chain only, each row once; Stop
        when any row lies outside (after, head]. With `after`, everything later than that block is first
        deleted (a reorganisation), in the same transaction; Stop when the ledger does not know that block.
        """
        events, blocks = events.cast(EVENTS), blocks.cast(BLOCKS)
        before = self.head(head.chain_id) if after is None else self._known(head.chain_id, after)
        last = -1 if before is None else before.number
        if head.number <= last:
            raise Stop(
                f"{self._name()} already holds chain {head.chain_id} up to block {last}:"
                f" blocks up to {head.number} cannot be added again."
            )
        self._check_within(events, "block_number", head, last)
        self._check_within(blocks, "number", head, last)
        with self._transaction():
            if after is not None:
                self._delete_after(head.chain_id, after)
            self._insert("events", events)
            self._insert("blocks", blocks)
            self._set_head(head)

    def head(self, chain_id: int) -> ChainBlock | None:
        """The finalized block up to which the chain was read; None when it was never read."""
        rows = self._rows("SELECT chain_id, number, hash, time FROM heads WHERE chain_id = ?", [chain_id])
        return ChainBlock(*rows[0]) if rows else None

    def block(self, chain_id: int, number: int) -> ChainBlock | None:
        """A block that the ledger knows (it holds an event or ended a range); None otherwise."""
        rows = self._rows(
            "SELECT chain_id, number, hash, time FROM blocks WHERE chain_id = ? AND number = ?",
            [chain_id, number],
        )
        return ChainBlock(*rows[0]) if rows else None

    def block_numbers(self, chain_id: int) -> list[int]:
        """Numbers of all blocks that the ledger knows of one chain, ascending."""
        rows = self._rows("SELECT number FROM blocks WHERE chain_id = ? ORDER BY number", [chain_id])
        return [row[0] for row in rows]

    def roll_back(self, chain_id: int, to_block: int) -> ChainBlock:
        """Forget everything of the chain after block `to_block`, which the ledger must know; the new head."""
        head = self._known(chain_id, to_block)
        with self._transaction():
            self._delete_after(chain_id, to_block)
            self._set_head(head)
        return head

    def bind(self, chain: ChainSources) -> None:
        """Tie the chain's part of this ledger to its sources; Stop when it was read with other sources."""
        digest = keccak256(msgspec.json.encode(to_json((chain,)), order="sorted")).hex()
        rows = self._rows("SELECT digest FROM sources WHERE chain_id = ?", [chain.chain_id])
        if not rows:
            with self._transaction():
                self._connection.execute("INSERT INTO sources VALUES (?, ?)", [chain.chain_id, digest])
        elif rows[0][0] != digest:
            raise Stop(
                f"{self._name()} was read with other sources of chain {chain.chain_id} (digest"
                f" {rows[0][0][:8]}, now {digest[:8]}): read into a new file, so that every source is"
                " read from its start."
            )

    def events(self, snapshot: Snapshot) -> "ir.Table":
        """Rows of the snapshot's chains up to its blocks, columns of EVENTS; Stop when not read that far."""
        table = self.connection.table("events")
        chosen = ibis.literal(False)
        for block in snapshot.blocks:
            self._check_read(block)
            chosen = chosen | ((table.chain_id == block.chain_id) & (table.block_number <= block.number))
        return table.filter(chosen)

    def export(self, folder: Path | str) -> None:
        """Write the events as Parquet (zstd), one folder a chain and 100,000 blocks; Stop if there is one."""
        target = Path(folder)
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise Stop(f"{target} exists and is not an empty folder: name a new one to export to.")
        quoted = str(target).replace("'", "''")
        with self._speaking():
            target.parent.mkdir(parents=True, exist_ok=True)
            self._connection.execute(f"{_EXPORT} TO '{quoted}' {_AS_PARQUET}")

    def _prepare(self) -> None:
        tables = {row[0] for row in self._rows("SELECT table_name FROM duckdb_tables()", [])}
        if not tables:
            with self._transaction():
                self._connection.execute(_SCHEMA)
                self._connection.execute("INSERT INTO meta VALUES ('schema_version', ?)", [SCHEMA_VERSION])
            return
        if "meta" not in tables:
            raise Stop(f"{self._name()} is a DuckDB file but not a ledger: name another file.")
        rows = self._rows("SELECT value FROM meta WHERE key = 'schema_version'", [])
        version = rows[0][0] if rows else "none"
        if version != SCHEMA_VERSION:
            raise Stop(
                f"{self._name()} has schema version {version}, this program writes {SCHEMA_VERSION}:"
                " read into a new ledger file."
            )

    def _check_within(self, rows: pa.Table, column: str, head: ChainBlock, after: int) -> None:
        if not rows.num_rows:
            return
        numbers = pc.min_max(rows[column]).as_py()
        chains = pc.min_max(rows["chain_id"]).as_py()
        if numbers["min"] <= after or numbers["max"] > head.number or set(chains.values()) != {head.chain_id}:
            raise Stop(
                f"{self._name()} takes blocks {after + 1} to {head.number} of chain {head.chain_id} now,"
                f" not blocks {numbers['min']} to {numbers['max']} of chain {chains['min']}: none was added."
            )

    def _check_read(self, block: ChainBlock) -> None:
        head = self.head(block.chain_id)
        if head is None or head.number < block.number:
            reach = "not at all" if head is None else f"up to block {head.number}"
            raise Stop(
                f"{self._name()} has read chain {block.chain_id} {reach}:"
                f" sync it to block {block.number} first."
            )
        known = self.block(block.chain_id, block.number)
        if known is not None and known.hash != block.hash:
            raise Stop(
                f"{self._name()} holds block {block.number} of chain {block.chain_id} as"
                f" 0x{known.hash.hex()}, the snapshot names 0x{block.hash.hex()}: sync again, or ask"
                " which node is on a fork."
            )

    def _known(self, chain_id: int, number: int) -> ChainBlock:
        """A block that the ledger can be rolled back to; Stop when it does not know it."""
        found = self.block(chain_id, number)
        if found is None:
            raise Stop(
                f"{self._name()} cannot roll chain {chain_id} back to block {number}, which it does not"
                " know: name a block that holds an event or ended a range."
            )
        return found

    def _delete_after(self, chain_id: int, number: int) -> None:
        self._connection.execute(
            "DELETE FROM events WHERE chain_id = ? AND block_number > ?", [chain_id, number]
        )
        self._connection.execute("DELETE FROM blocks WHERE chain_id = ? AND number > ?", [chain_id, number])

    def _insert(self, name: str, rows: pa.Table) -> None:
        self._connection.register("incoming", rows)
        self._connection.execute(f"INSERT INTO {name} SELECT * FROM incoming")  # noqa: S608
        self._connection.unregister("incoming")

    def _set_head(self, head: ChainBlock) -> None:
        self._connection.execute("DELETE FROM heads WHERE chain_id = ?", [head.chain_id])
        self._connection.execute(
            "INSERT INTO heads VALUES (?, ?, ?, ?)", [head.chain_id, head.number, head.hash, head.time]
        )

    def _rows(self, query: str, values: list[Any]) -> list[Any]:
        with self._speaking():
            return self._connection.execute(query, values).fetchall()

    def _name(self) -> str:
        return f"The ledger {self.path}"

    @contextmanager
    def _transaction(self) -> "Iterator[None]":
        with self._speaking():
            self._connection.execute("BEGIN")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    @contextmanager
    def _speaking(self) -> "Iterator[None]":
        """Turn DuckDB's complaints about the file or the disk into one sentence; others crash."""
        try:
            yield
        except duckdb.Error as error:
            if _is_of_the_file(error):
                raise _file_stop(self.path, error) from error
            raise


def _open(path: Path, settings: dict[str, Any]) -> duckdb.DuckDBPyConnection:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return duckdb.connect(str(path), config=settings)
    except OSError as error:
        raise Stop(f"The ledger {path} cannot be made: {error.strerror}.") from error
    except duckdb.Error as error:
        raise _file_stop(path, error) from error


def _is_of_the_file(error: duckdb.Error) -> bool:
    kinds = (
        duckdb.IOException,
        duckdb.FatalException,
        duckdb.SerializationException,
        duckdb.OutOfMemoryException,
    )
    return isinstance(error, kinds) or "corrupt" in str(error).lower()


def _file_stop(path: Path, error: duckdb.Error) -> Stop:
    text = str(error).splitlines()[0]
    if "lock" in text and "onflicting" in text:
        return Stop(f"The ledger {path} is in use by another process: stop that one, or name another file.")
    if isinstance(error, duckdb.OutOfMemoryException):
        return Stop(
            f"The ledger {path} needs more memory than its limit allows: raise memory_limit ({text})."
        )
    if "not a valid" in text or "orrupt" in text or "not read enough" in text or "erializ" in text:
        return Stop(
            f"The ledger {path} is damaged or not a DuckDB file: move it away and sync into a new one."
        )
    return Stop(f"The ledger {path} cannot be used: {text}.")
