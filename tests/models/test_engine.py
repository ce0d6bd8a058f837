"""Spark and DuckDB over one hostile ledger.

Spark needs Java and the extra `spark`: without them it is skipped aloud, in CI never.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from typing import TYPE_CHECKING, Any

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from typer.testing import CliRunner

from ledger_reader.errors import Stop
from ledger_reader.ledger import EVENTS
from models.engine import collect, spark_events
from models.measure import measured, population
from oracle.cli import app

if TYPE_CHECKING:
    from pathlib import Path

    from tests.models.conftest import Bench

READY = importlib.util.find_spec("pyspark") is not None and shutil.which("java") is not None


def test_collect__rows_in_memory__are_as_known_to_ibis_afterwards_as_before() -> None:
    rows = pa.table({"a": pa.array([1, None], pa.int64())})
    connection = ibis.duckdb.connect()
    kept = connection.create_table("kept", schema=ibis.schema({"a": "int64"}))
    known, unknown = (kept.union(ibis.memtable(rows)) for _ in range(2))
    assert connection.to_pyarrow(known).num_rows == 2
    for table in (known, unknown):
        assert collect(table).num_rows == 2
        assert connection.to_pyarrow(table).num_rows == 2


def test_spark_events__of_a_folder_without_export__stops(tmp_path: Path) -> None:
    with (
        pytest.raises(Stop, match="holds no events; make it with `credit-oracle export`"),
        spark_events(tmp_path),
    ):
        pass


@pytest.mark.parametrize("given", [["--engine", "spark"], ["--engine", "flink", "--ledger", "x"], []])
def test_features__without_what_the_engine_reads__stops(given: list[str]) -> None:
    result = CliRunner().invoke(app, ["features", "--chain-id", "1", "--at", "5", *given])
    assert isinstance(result.exception, Stop)
    assert "name --ledger for the engine duckdb" in str(result.exception)


AT = 2_000


def hostile_ledger(bench: Bench) -> pa.Table:
    """Forty hostile ledgers in one, each with people of its own, all of whom borrowed."""
    rows: list[dict[str, Any]] = []

    @settings(max_examples=40, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(drawn=bench.hostile())
    def draw(drawn: list[dict[str, Any]]) -> None:
        pair = (bench.me, bench.other)
        drawn = [*drawn, *(bench.event("borrow", 5, account=wallet) for wallet in pair)]
        person = {"loan_id": len(rows).to_bytes(32, "big"), "asset": None}
        drawn += [bench.event("linked", 1, account=wallet, **person) for wallet in pair]
        if len(drawn) % 2:
            drawn.append(bench.event("unlinked", 900, due=1_000, **person))
        rows.extend(bench.apart(drawn, len(rows)))

    draw()
    return bench.table(rows)


@pytest.mark.skipif(
    not READY and "CI" not in os.environ,
    reason="no Java or no pyspark: pip install 'credit-oracle[spark]'",
)
@pytest.mark.enable_socket  # the driver speaks to its own Java process
@pytest.mark.timeout(600)
def test_features__on_spark__are_the_integers_of_duckdb(bench: Bench, tmp_path: Path) -> None:
    part = tmp_path / "events" / "chain=1" / "from_block=0"
    part.mkdir(parents=True)
    ledger = hostile_ledger(bench)
    pq.write_table(ledger, part / "part-0.parquet")
    until = bench.start + AT * bench.day
    with spark_events(tmp_path, "local[*]") as events:
        people = population(events, "all", until)
        found = measured(events, people.mutate(until=ibis.literal(until, "int64")))
    assert len(found) >= 80
    assert {str(field.type) for field in found.schema} == {"binary", "int64"}
    expected = bench.measured(ledger.to_pylist(), [(person, until) for person in found["person"].to_pylist()])
    assert found.to_pylist() == expected


def test_hostile_ledger__drawn__holds_every_kind_and_unknown_amounts(bench: Bench) -> None:
    table = hostile_ledger(bench)
    assert len(set(table["kind"].to_pylist())) > 15
    assert table["amount"].null_count
    assert table.schema == EVENTS
