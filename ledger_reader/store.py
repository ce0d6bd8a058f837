"""The ledger on disk: one DuckDB file, used by one process.

Rules that hold here: rows, blocks, their range and the new head go in by one transaction, so that a
crash repeats work and never skips or doubles an event; what is appended must lie wholly after the
head of its chain (uniqueness by range: a primary key would cost more than the rest together);
a ledger belongs to the sources it was begun with; values are computed once, on append, from the
prices that those sources tell; every failure of the file is one sentence.
"""

from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import duckdb
import ibis
import pyarrow as pa
import pyarrow.compute as pc

from ledger_reader import audit, binding, parquet, schema
from ledger_reader.errors import Stop
from ledger_reader.ledger import BLOCKS, EVENTS, NO_EVENTS, ChainBlock, Snapshot
from ledger_reader.sources import ChainSources
from ledger_reader.values import last_prices, valued

if TYPE_CHECKING:
    from collections.abc import Iterator

    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend


class LedgerStore:
    """The ledger in the file `path`; made when absent, brought to this version when older.

    Stop when it is locked, damaged or of a newer version.

    `memory_limit` as DuckDB writes it ("400MB"), `threads` for its workers; both DuckDB's own when None.
    """

    def __init__(self, path: Path | str, memory_limit: str | None = None, threads: int | None = None) -> None:
        self.path = Path(path)
        settings = {"memory_limit": memory_limit, "threads": threads}
        self._bound: dict[int, ChainSources] = {}
        self._prices: dict[int, tuple[int, pa.Table]] = {}
        """By chain: the last price rows up to and including a block."""
        self._connection = _open(self.path, {k: v for k, v in settings.items() if v is not None})
        try:
            with self._speaking():
                self._prepare()
        except BaseException:
            self._connection.close()
            raise

    @cached_property
    def connection(self) -> "Backend":
        """The Ibis backend over the same file; made when it is first asked for."""
        return ibis.duckdb.from_connection(self._connection)

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
        events, prices = self._valued(events, head.chain_id, last)
        with self._transaction():
            if after is not None:
                self._delete_after(head.chain_id, after)
            self._insert("events", events)
            self._insert("blocks", blocks)
            self._connection.execute(
                "INSERT INTO ranges VALUES (?, ?, ?, ?)",
                [head.chain_id, last + 1, head.number, events.num_rows],
            )
            self._set_head(head)
        self._prices[head.chain_id] = (head.number, prices)

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
        with self._transaction():
            try:
                binding.bind(self._connection, chain)
            except Stop as stop:
                raise Stop(f"{self._name()} cannot take these sources: {stop}") from stop
        self._bound[chain.chain_id] = chain

    def events(self, snapshot: Snapshot) -> "ir.Table":
        """Rows of the snapshot's chains up to its blocks, columns of EVENTS; Stop when not read that far."""
        table = self.connection.table("events")
        chosen = ibis.literal(False)
        for block in snapshot.blocks:
            self._check_read(block)
            chosen = chosen | ((table.chain_id == block.chain_id) & (table.block_number <= block.number))
        return table.filter(chosen)

    def export(self, folder: Path | str) -> None:
        """Write all of the ledger as Parquet (see parquet.py) into a new folder; Stop if there is one."""
        with self._speaking():
            parquet.write(self._connection, Path(folder))

    def import_parquet(self, folder: Path | str) -> list[int]:
        """Add the chains of an exported folder, all or none; their ids.

        Stop when this ledger holds one of them already, or when the folder is damaged, of another schema
        or unsound (see audit.py).
        """
        with self._transaction():
            chain_ids = parquet.read(self._connection, Path(folder))
            unsound = [each for chain_id in chain_ids for each in audit.findings(self._connection, chain_id)]
            if unsound:
                raise Stop(f"{folder} is not imported: {unsound[0].sentence}.")
        return chain_ids

    def findings(self) -> list[audit.Finding]:
        """Everything that is wrong with the ledger, by chain: gaps, duplicates, broken links."""
        with self._speaking():
            return audit.all_findings(self._connection)

    def held(self) -> list[audit.Held]:
        """How much the ledger holds of each chain."""
        with self._speaking():
            return audit.held(self._connection)

    def _prepare(self) -> None:
        version = schema.version_of(self._connection)
        if version is None:
            raise Stop(f"{self._name()} is a DuckDB file but not a ledger: name another file.")
        if isinstance(version, str) or version > schema.VERSION:
            raise Stop(
                f"{self._name()} has schema version {version}, and this program knows 1 to {schema.VERSION}:"
                " use the program that wrote it, or read into a new ledger file."
            )
        if version < schema.VERSION:
            try:
                with self._transaction():
                    schema.migrate(self._connection, version)
            except duckdb.CatalogException as error:
                raise Stop(
                    f"{self._name()} lacks a table of schema version {version}: it is damaged,"
                    " sync into a new one."
                ) from error

    def _valued(self, events: pa.Table, chain_id: int, last: int) -> tuple[pa.Table, pa.Table]:
        """The events of the range after block `last` with their values; the last prices at its end."""
        chain = self._sources(chain_id)
        if chain is None:
            return events, NO_EVENTS
        before = self._last_prices(chain, last)
        events = valued(events, chain, before)
        return events, last_prices(pa.concat_tables([before, events])) if chain.feeds else before

    def _sources(self, chain_id: int) -> ChainSources | None:
        """The sources that the chain is bound to; None when it never was in this version of the schema."""
        if chain_id not in self._bound:
            with self._speaking():
                found = binding.bound(self._connection, chain_id)
            if found is None:
                return None
            self._bound[chain_id] = found
        return self._bound[chain_id]

    def _last_prices(self, chain: ChainSources, last: int) -> pa.Table:
        known = self._prices.get(chain.chain_id)
        if known is not None and known[0] == last:
            return known[1]
        if not chain.feeds or last < 0:
            return NO_EVENTS
        with self._speaking():
            found = self._connection.sql(
                """SELECT * FROM events WHERE chain_id = ? AND kind = 'price' AND block_number <= ?
                QUALIFY row_number() OVER (
                    PARTITION BY asset ORDER BY block_number DESC, log_index DESC) = 1""",
                params=[chain.chain_id, last],
            ).to_arrow_table()
        return found.cast(EVENTS)

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
        self._connection.execute(
            "DELETE FROM ranges WHERE chain_id = ? AND from_block > ?", [chain_id, number]
        )
        self._connection.execute(
            """UPDATE ranges SET to_block = $number, events = (
                SELECT count(*) FROM events
                WHERE events.chain_id = $chain AND block_number BETWEEN from_block AND $number)
            WHERE chain_id = $chain AND to_block > $number""",
            {"chain": chain_id, "number": number},
        )

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
    if isinstance(error, duckdb.TransactionException):
        return "Failed to commit" in str(error)
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
