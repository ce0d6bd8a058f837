"""Spark and DuckDB over one hostile ledger.

Spark needs Java and the extra `spark`: without them it is skipped aloud, in CI never.
"""

from __future__ import annotations

import importlib.util
import json
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
from models.measure import measure
from oracle.cli import app

if TYPE_CHECKING:
    from pathlib import Path

    from tests.models.conftest import Bench

READY = importlib.util.find_spec("pyspark") is not None and shutil.which("java") is not None
needs_spark = [
    pytest.mark.skipif(
        not READY and "CI" not in os.environ,
        reason="no Java or no pyspark: pip install 'credit-oracle[spark]'",
    ),
    pytest.mark.enable_socket,  # the driver speaks to its own Java process
    pytest.mark.timeout(600),
]


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


def hostile_ledger(bench: Bench) -> pa.Table:
    """Every kind of hostile row, many times over."""
    rows: list[dict[str, Any]] = []

    @settings(max_examples=40, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(drawn=bench.hostile())
    def draw(drawn: list[dict[str, Any]]) -> None:
        rows.extend(drawn)

    draw()
    rows.append(bench.event("enrolled", 3))
    return bench.table(rows)


@pytest.fixture
def exported(bench: Bench, tmp_path: Path) -> Path:
    part = tmp_path / "events" / "chain=1" / "from_block=0"
    part.mkdir(parents=True)
    pq.write_table(hostile_ledger(bench), part / "part-0.parquet")
    return tmp_path


class TestSpark:
    pytestmark = needs_spark

    def test_measure__on_spark__gives_the_integers_of_duckdb(self, bench: Bench, exported: Path) -> None:
        days = [bench.start + day * bench.day for day in (100, 900, 2_000, 2_600)]
        points = [(account, until) for account in (bench.me, bench.other) for until in days]
        expected = bench.measure(hostile_ledger(bench).to_pylist(), points)
        with spark_events(exported, "local[*]") as events:
            people = events.select(person=events.account).distinct()
            moments = [people.mutate(until=ibis.literal(until, "int64")) for until in days]
            found = collect(measure(events, ibis.union(*moments)))
        values = {(row["person"], row["until"]): row for row in found.to_pylist()}
        assert [values[point] for point in points] == expected
        assert {str(field.type) for field in found.schema} == {"binary", "int64"}
        result = CliRunner().invoke(
            app,
            ["features", "--engine", "spark", "--ledger-parquet", str(exported), "--chain-id", "1", "--at",
             str(days[2]), "--json"],
        )  # fmt: skip
        (row,) = json.loads(result.output)["rows"]
        assert row.pop("account") == "0x" + bench.me.hex()
        assert row == {name: expected[2][name] for name in row}


def test_hostile_ledger__drawn__holds_every_kind_and_unknown_amounts(bench: Bench) -> None:
    table = hostile_ledger(bench)
    assert len(set(table["kind"].to_pylist())) > 15
    assert table["amount"].null_count
    assert table.schema == EVENTS
