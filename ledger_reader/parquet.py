"""A ledger as a folder of Parquet files (zstd), and back.

    events/chain=1/from_block=20000000/part-0.parquet     the schema EVENTS, in order of the key
    blocks/chain=1/from_block=20000000/part-0.parquet     the schema BLOCKS, in order of number
    heads.parquet ranges.parquet sources.parquet assets.parquet     see schema.py
    ledger.json                                           {"schema_version": 2, "sha256": {path: digest, …}}

Rules that hold here: files hold exactly their schema, so that any engine reads `events` in place
(`chain` and `from_block` are only in the paths, named like no column); one partition is in memory at a
time; a folder appears whole or not at all; what is read back is checked, in one transaction of the
caller: schema, order, partition, that no chain is in the ledger already, and last that every file is the one
that was written: a flipped bit can leave sound Parquet with another amount. (Older exports have no digests.)
"""

import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ledger_reader import audit, binding, schema
from ledger_reader.errors import Stop
from ledger_reader.ledger import BLOCKS, EVENTS
from ledger_reader.schema import ASSETS, HEADS, RANGES, SOURCES, SPAN

_KEYS = {"events": ("block_number", "log_index", "leg"), "blocks": ("number",)}
"""Tables in partitions, and what orders the rows of a chain."""

_PARTITIONED = {"events": EVENTS, "blocks": BLOCKS}
_WHOLE = {"heads": HEADS, "ranges": RANGES, "sources": SOURCES, "assets": ASSETS}

_ROWS = 122_880
"""Rows of a row group: what DuckDB's own have."""

_PARTITION = re.compile(r"chain=(\d{1,19})/from_block=(\d{1,19})/[^/]+\.parquet")


def write(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Write all tables into a new folder; Stop when it exists and is not empty."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Stop(f"{folder} exists and is not an empty folder: name a new one to export to.")
    unfinished = folder.with_name(f"{folder.name}.unfinished-{os.getpid()}")
    try:
        _write_tables(connection, unfinished)
        if folder.exists():
            folder.rmdir()
        unfinished.rename(folder)
    except OSError as error:
        raise Stop(f"{folder} cannot be written: {error.strerror or error}.") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def read(connection: duckdb.DuckDBPyConnection, folder: Path) -> list[int]:
    """Add an exported folder to the ledger's tables, in the caller's transaction; the ids of its chains."""
    _check_version(folder)
    heads = _read_whole(folder, "heads")
    chain_ids = sorted(set(heads["chain_id"].to_pylist()))
    _check_new(connection, folder, chain_ids)
    _insert(connection, "heads", heads)
    _insert(connection, "ranges", _read_whole(folder, "ranges"))
    _read_sources(connection, folder, chain_ids)
    for table in _KEYS:
        for path in _checked(folder, table):
            _insert_file(connection, table, path)
    return chain_ids


def audited(folder: Path) -> tuple[list[audit.Held], list[audit.Finding]]:
    """What an exported folder holds and what is wrong with it; Stop when it cannot be read at all."""
    _check_version(folder)
    with duckdb.connect() as connection:
        _make_views(connection, folder)
        try:
            found = audit.held(connection), audit.all_findings(connection)
        except duckdb.Error as error:
            raise Stop(f"{folder} cannot be read as Parquet: {str(error).splitlines()[0]}.") from error
    if not found[1]:  # else that says more
        check_unaltered(folder)
    return found


def check_unaltered(folder: Path) -> None:
    """Stop unless the files of an exported folder are those that were written, byte by byte."""
    written = msgspec.json.decode((folder / "ledger.json").read_bytes()).get("sha256")
    if written is None:
        return
    found = _digests(folder)
    names = sorted(found.keys() | written.keys()) if isinstance(written, dict) else ["ledger.json"]
    for name in names:
        if not isinstance(written, dict) or found.get(name) != written.get(name):
            raise Stop(f"{folder / name} is not the file that was exported: copy it, or export, again.")


def _make_views(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Make the folder's files the connection's tables, in place; Stop when one has another schema."""
    for table, shape in (_PARTITIONED | _WHOLE).items():
        paths = [path for path, _, _ in _partitions(folder, table)] if table in _KEYS else None
        paths = [folder / f"{table}.parquet"] if paths is None else paths
        for path in paths:
            _open(path, shape).close()
        if paths:
            connection.execute(f"CREATE VIEW {table} AS FROM {_source(paths)}")
        else:
            connection.register(table, shape.empty_table())


def _write_tables(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    folder.mkdir(parents=True)
    for table, shape in _PARTITIONED.items():
        (folder / table).mkdir()
        key = _KEYS[table]
        for chain_id, first in list(schema.spans(connection, table, key[0])):
            query = (
                f"FROM {table} WHERE chain_id = {chain_id}"
                f" AND {key[0]} BETWEEN {first} AND {first + SPAN - 1} ORDER BY {', '.join(key)}"
            )
            path = folder / table / f"chain={chain_id}" / f"from_block={first}" / "part-0.parquet"
            _write_file(connection, query, shape, path)
    for table, shape in _WHOLE.items():
        _write_file(connection, f"FROM {table} ORDER BY ALL", shape, folder / f"{table}.parquet")
    told = {"schema_version": schema.VERSION, "sha256": _digests(folder)}
    (folder / "ledger.json").write_bytes(msgspec.json.encode(told))


def _digests(folder: Path) -> dict[str, str]:
    """SHA-256 of each Parquet file, by its path in the folder."""
    found = {}
    for path in sorted(folder.rglob("*.parquet")):
        with path.open("rb") as file:
            found[path.relative_to(folder).as_posix()] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def _write_file(connection: duckdb.DuckDBPyConnection, query: str, shape: pa.Schema, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # The reader is closed whatever happens: an open one would lock the connection.
    with (
        pq.ParquetWriter(path, shape, compression="zstd") as writer,
        connection.sql(query).to_arrow_reader(_ROWS) as reader,
    ):
        for batch in reader:
            writer.write_batch(batch.cast(shape))


def _check_version(folder: Path) -> None:
    try:
        found = msgspec.json.decode((folder / "ledger.json").read_bytes())
    except (OSError, msgspec.DecodeError) as error:
        raise Stop(f"{folder} is not an exported ledger: it has no readable ledger.json.") from error
    version = found.get("schema_version") if isinstance(found, dict) else None
    if version != schema.VERSION:
        raise Stop(
            f"{folder} has schema version {version!r}, and this program reads {schema.VERSION}:"
            " export it again by this program."
        )


def _check_new(connection: duckdb.DuckDBPyConnection, folder: Path, chain_ids: list[int]) -> None:
    held = connection.execute("SELECT chain_id, number FROM heads ORDER BY chain_id").fetchall()
    for chain_id, number in held:
        if chain_id in chain_ids:
            raise Stop(
                f"{folder} holds chain {chain_id}, which the ledger holds up to block {number}:"
                " import into a new ledger file."
            )


def _read_sources(connection: duckdb.DuckDBPyConnection, folder: Path, chain_ids: list[int]) -> None:
    """Bind the chains as they were bound; `assets` follow from their sources."""
    for row in _read_whole(folder, "sources").to_pylist():
        if row["json"] is not None:
            chain = binding.parse(row["json"])
            if chain.chain_id != row["chain_id"]:
                raise Stop(f"{folder} has the sources of chain {chain.chain_id} at chain {row['chain_id']}.")
            binding.bind(connection, chain)
        elif row["chain_id"] in chain_ids:
            connection.execute("INSERT INTO sources VALUES (?, ?, NULL)", [row["chain_id"], row["digest"]])


def _read_whole(folder: Path, table: str) -> pa.Table:
    path = folder / f"{table}.parquet"
    with _open(path, _WHOLE[table]) as file, _speaking(path):
        return file.read()


def _checked(folder: Path, table: str) -> Iterator[Path]:
    """The files of a partitioned table in order of chain and key; Stop at the first that is not."""
    last: tuple[int, ...] = ()
    names = ["chain_id", *_KEYS[table]]
    for path, chain_id, first in _partitions(folder, table):
        with _open(path, _PARTITIONED[table]) as file, _speaking(path):
            for batch in file.iter_batches(_ROWS, columns=names):
                rows = pa.Table.from_batches([batch]).select(names)
                _check_partition(rows, path, chain_id, _KEYS[table][0], first)
                last = _check_order(rows, path, last)
        yield path


def _partitions(folder: Path, table: str) -> list[tuple[Path, int, int]]:
    """(file, chain id, first block) in order of chain and block."""
    found = []
    for path in (folder / table).rglob("*.parquet"):
        place = _PARTITION.fullmatch(path.relative_to(folder / table).as_posix())
        if place is None:
            raise Stop(f"{path} is not in a folder chain=…/from_block=…: move it away.")
        found.append((path, int(place[1]), int(place[2])))
    return sorted(found, key=lambda each: (each[1], each[2], each[0].name))


def _check_partition(rows: pa.Table, path: Path, chain_id: int, column: str, first: int) -> None:
    chains, numbers = pc.min_max(rows["chain_id"]).as_py(), pc.min_max(rows[column]).as_py()
    if rows.num_rows and (
        set(chains.values()) != {chain_id} or numbers["min"] < first or numbers["max"] >= first + SPAN
    ):
        raise Stop(f"{path} holds rows of another chain or block range than its folder says.")


def _check_order(rows: pa.Table, path: Path, last: tuple[int, ...]) -> tuple[int, ...]:
    """The last key; Stop unless each key is greater than the one before, the first than `last`."""
    columns = [column.to_numpy().astype(np.int64) for column in rows.columns]
    if not rows.num_rows:
        return last
    greater, equal = np.zeros(rows.num_rows - 1, np.bool_), np.ones(rows.num_rows - 1, np.bool_)
    for column in columns:
        greater |= equal & (column[1:] > column[:-1])
        equal &= column[1:] == column[:-1]
    if not greater.all() or not last < tuple(int(column[0]) for column in columns):
        raise Stop(f"{path} has rows out of order or twice.")
    return tuple(int(column[-1]) for column in columns)


def _open(path: Path, shape: pa.Schema) -> pq.ParquetFile:
    with _speaking(path):
        file = pq.ParquetFile(path)
        if not file.schema_arrow.equals(shape):
            file.close()
            raise Stop(f"{path} has other columns than a ledger of version {schema.VERSION}.")
        return file


@contextmanager
def _speaking(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise Stop(f"{path} cannot be read as Parquet: {str(error).splitlines()[0]}.") from error


def _insert(connection: duckdb.DuckDBPyConnection, table: str, rows: pa.Table) -> None:
    connection.register("incoming", rows)
    connection.execute(f"INSERT INTO {table} FROM incoming")
    connection.unregister("incoming")


def _insert_file(connection: duckdb.DuckDBPyConnection, table: str, path: Path) -> None:
    """By DuckDB's own reader: Arrow tables would be kept in memory until the transaction ends."""
    try:
        connection.execute(f"INSERT INTO {table} FROM {_source([path])}")
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error as error:
        raise Stop(f"{path} cannot be read into the ledger: {str(error).splitlines()[0]}.") from error


def _source(paths: list[Path]) -> str:
    files = ", ".join(_quoted(path) for path in paths)
    return f"read_parquet([{files}], hive_partitioning = false)"


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
