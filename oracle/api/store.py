"""The service's database: SQLite in the node's folder by default, PostgreSQL by its address.

Rules that hold here: `changing` is one transaction, whole or not at all, and on SQLite takes the write lock
when it begins, so that what is read in it still holds when it writes; `reading` sees what is committed.
Starting brings the tables to this version's form (Alembic), in one transaction that two replicas cannot be
in at once. Several processes may share one database. Objects are safe to use from several threads.
"""

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

from ledger_reader.errors import Retry, Stop
from oracle import sentences

MIGRATIONS = Path(__file__).parent / "migrations"
HEAD = "0002"
"""The latest migration: a database that has it is opened without loading Alembic."""

BUSY_SECONDS = 10
"""How long a connection to SQLite waits for another that writes."""

_LOCK = 0x63726564
"""PostgreSQL's advisory lock of those who migrate ("cred")."""


class Store:
    """An open database, migrated; a context manager."""

    def __init__(self, url: str) -> None:
        """`url`: sqlite:///path or postgresql://user@host/name; Stop when it is neither."""
        self._engine = _engine(url)
        self._now = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        self._migrate()

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes all connections."""
        self._engine.dispose()

    @contextmanager
    def changing(self) -> Iterator[Connection]:
        """A connection in a transaction, committed at its end; Retry when the database is away."""
        with _speaking(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection for looking only."""
        with _speaking(), self._now.connect() as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """A connection that sees one moment of the database, whatever is written meanwhile."""
        is_postgres = self._engine.dialect.name == "postgresql"
        chosen = {"isolation_level": "REPEATABLE READ"} if is_postgres else {"looks": True}
        with _speaking(), self._engine.execution_options(**chosen).connect() as connection:
            yield connection

    def scrub(self) -> None:
        """What was deleted leaves SQLite's write-ahead log too; PostgreSQL's vacuum does this itself.

        Retry when it cannot, since something else has been reading for BUSY_SECONDS.
        """
        if self._engine.dialect.name == "sqlite":
            with self.reading() as connection:
                busy, _, _ = connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)")).one()
            if busy:
                raise Retry(sentences.NOT_OVERWRITTEN)

    @property
    def engine(self) -> Any:
        """SQLAlchemy's engine, for what must watch every statement."""
        return self._engine

    def _migrate(self) -> None:
        if self._version() == HEAD:
            return
        from alembic import command  # noqa: PLC0415 (needed once, and slow to load)
        from alembic.config import Config  # noqa: PLC0415

        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        with self.changing() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    def _version(self) -> str | None:
        with self.reading() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None
            return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _engine(url: str) -> Any:
    try:
        found = make_url(url)
    except ArgumentError as error:
        raise Stop("the database is no address: use sqlite:///path or postgresql://user@host/name") from error
    if found.get_backend_name() == "sqlite":
        _make_private(found.database)
        engine = create_engine(found, connect_args={"timeout": BUSY_SECONDS})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    if found.get_backend_name() == "postgresql":
        try:
            return create_engine(found.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
        except ImportError as error:
            raise Stop("PostgreSQL needs psycopg: install credit-oracle with the extra [postgres]") from error
    raise Stop(f"the database is {found.get_backend_name()!r}; sqlite and postgresql are served")


def _make_private(path: str | None) -> None:
    """A new file is its owner's alone, for it holds people's words; SQLite's files beside it follow it."""
    if path and path != ":memory:" and not path.startswith("file:"):
        with contextlib.suppress(OSError):  # it is there, or cannot be: SQLite says so
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver begins nothing of its own accord
    _use_write_ahead_log(connection)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")  # what is erased is overwritten


def _use_write_ahead_log(connection: Any) -> None:
    """Several processes may open a new file at once; for this SQLite does not wait as it does elsewhere."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    chosen = connection.get_execution_options()
    if chosen.get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql("BEGIN" if chosen.get("looks") else "BEGIN IMMEDIATE")


@contextmanager
def _speaking() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        raise Retry(sentences.DATABASE_AWAY.of(what=type(error.orig).__name__)) from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise Retry(sentences.DATABASE_LOST) from error
        raise
