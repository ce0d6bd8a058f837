"""Which engine measures: DuckDB in this process, or Spark over an exported ledger.

Rules that hold here: the expressions are the same, and so are the integers. Spark reads the folder
`events` of an export in place; a master is local[*], or a cluster's address at which that folder has the
same path. Spark's own arithmetic stays in ANSI mode: what leaves int64 is an error, never a wrapped sum.
This is the only module that imports pyspark (the extra `spark`), and only when it is asked for.
"""

import itertools
import os
import shutil
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import ibis
import pyarrow as pa
from duckdb import DuckDBPyConnection as Connection
from ibis.expr.operations import InMemoryTable
from ibis.expr.types import Table

from ledger_reader.errors import Stop
from ledger_reader.ledger import EVENTS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

LOCAL = "local[*]"
_numbers = itertools.count()
SETTINGS = {
    "spark.sql.ansi.enabled": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
    # One query holds every feature: Spark's compiler would need more than its 64 KB a method.
    "spark.sql.codegen.wholeStage": "false",
}


@contextmanager
def spark_events(folder: Path, master: str = LOCAL) -> Iterator[Table]:
    """The events of an exported ledger on Spark, for as long as the session lasts.

    Stop when there is no export, no pyspark, no Java, or no such master.
    """
    found = folder / "events"
    if not found.is_dir() or not any(found.rglob("*.parquet")):
        raise Stop(f"{folder} holds no events; make it with `credit-oracle export`.")
    session = _session(master)
    try:
        session.read.parquet(str(found.absolute())).select(*EVENTS.names).createOrReplaceTempView("events")
        with _quiet():
            yield ibis.pyspark.connect(session).table("events")
    finally:
        session.stop()


def collect(table: Table) -> pa.Table:
    """The rows of a table as Arrow, from whichever engine it is bound to.

    Ibis itself would take them from Spark through pandas, where a null makes a column of integers one of
    floats, exact only below 2^53; from DuckDB it would load pandas, which takes 0.4 s, and not use it.
    """
    backend = table.get_backend()
    if backend.name == "pyspark":
        rows: pa.Table = backend.raw_sql(backend.compile(table)).toArrow()
        return rows
    with _in_memory(table) as connection:
        rows = connection.sql(backend.compile(table)).to_arrow_table()
    return rows.cast(table.schema().to_pyarrow())


def run(sql: str, name: str, events: Table, tables: Mapping[str, pa.Table]) -> pa.Table:
    """The rows of a DuckDB query over the events, which it calls `name`, and over `tables`, by name."""
    # Materialized, all columns of all events would be written down first.
    read = events.get_backend().compile(events)
    query = f"WITH {name} AS NOT MATERIALIZED ({read}) SELECT * FROM ({sql})"  # noqa: S608
    with _in_memory(events, tables) as connection:
        found: pa.Table = connection.sql(query).to_arrow_table()
    return found


@contextmanager
def _in_memory(table: Table, further: Mapping[str, pa.Table] = MappingProxyType({})) -> Iterator[Connection]:
    """DuckDB's connection behind a table, to which the rows in memory that it reads are known meanwhile.

    Those that Ibis has made known stay so: it would not do it again.
    """
    connection: Connection = table.get_backend().con
    known = {name for (name,) in connection.execute("SELECT view_name FROM duckdb_views()").fetchall()}
    in_memory = [each for each in table.op().find(InMemoryTable) if each.name not in known]
    tables = {**{each.name: each.data.to_pyarrow(each.schema) for each in in_memory}, **further}
    try:
        for name, rows in tables.items():
            connection.register(name, rows)
        yield connection
    finally:
        for name in tables:
            connection.unregister(name)


def joinable(rows: pa.Table, table: Table) -> Table:
    """Rows in memory as a table that the engine of `table` can join with its own.

    Ibis itself would take them to Spark through pandas too.
    """
    backend = table.get_backend()
    if backend.name != "pyspark":
        return ibis.memtable(rows)
    from pyspark.sql import SparkSession  # noqa: PLC0415 (an extra)

    name = f"rows_{next(_numbers)}"
    SparkSession.active().createDataFrame(rows).createOrReplaceTempView(name)
    return backend.table(name)


def _session(master: str) -> "SparkSession":
    if not shutil.which("java") and "JAVA_HOME" not in os.environ:
        raise Stop("Spark needs Java 17 or newer, and there is none: install it, or set JAVA_HOME.")
    try:
        with _quiet():
            from pyspark.errors import PySparkException  # noqa: PLC0415 (an extra)
            from pyspark.sql import SparkSession  # noqa: PLC0415
    except ImportError as error:
        raise Stop("Spark is not installed: pip install 'credit-oracle[spark]'.") from error
    builder = SparkSession.builder.master(master).appName("credit-oracle features")
    here = {"spark.sql.shuffle.partitions": "4", "spark.driver.host": "127.0.0.1"}
    for name, value in (here | SETTINGS if master.startswith("local") else SETTINGS).items():
        builder = builder.config(name, value)
    try:
        session = builder.getOrCreate()
    except PySparkException as error:
        raise Stop(f"Spark at {master} cannot be used: {str(error).splitlines()[0]}.") from error
    session.sparkContext.setLogLevel("ERROR")
    return session


@contextmanager
def _quiet() -> Iterator[None]:
    """Pyspark 4.3 warns that pandas 3 is new to it; nothing here passes through pandas."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
        yield
