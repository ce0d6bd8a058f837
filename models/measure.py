"""Ledger → Features: every feature of every point, in one pass over the points' own events.

Rules that hold here: what is measured depends only on events of the person's wallets (models/persons.py)
with block_time < until, joined before anything else is derived, and on when its payers were first seen;
training (many moments a person) and production (one) take this same path; all outputs are int64,
null = missing; the order of rows is the caller's. The expressions are Ibis: DuckDB, or any engine that
Ibis drives, runs them; for DuckDB they are compiled once (models/query.py).
"""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Literal

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import numpy as np
import pyarrow as pa
from ibis.expr.types import Table

from ledger_reader.errors import Stop
from models import query
from models.disputes import Stand
from models.engine import collect, joinable, run
from models.facts import left_out
from models.features.catalogue import FEATURES, named
from models.features.feature import Feature, View
from models.loans import ORDER
from models.persons import members, ties
from models.scorecard import FeatureMatrix
from models.segment import MISSING
from models.views import POINT, views

Population = Literal["enrolled", "all"]


def measure(
    events: Table,
    points: Table,
    features: tuple[Feature, ...] = FEATURES,
    tied: Table | None = None,
) -> Table:
    """Columns person, until, then one int64 column a feature; one row for each distinct point.

    `events` has the ledger's columns, `points` person (binary, 20 bytes) and until (int64 seconds,
    exclusive). A point without any event has a row too: its features are `empty` or null. `tied` as in
    `persons.ties`; None where there are none.
    """
    points = numbered(points)
    direct = _with_needed(features)
    found = {
        view: _aggregated(table, [feature for feature in direct if feature.view == view])
        for view, table in views(events, members(points, tied)).items()
        if any(feature.view == view for feature in direct)
    }
    measured = _joined(points, found, direct)
    derived = {feature.name: feature.value(measured) for feature in features if feature.view == "features"}
    measured = measured.mutate(**derived)
    values = {f.name: ops.Cast(measured[f.name], dt.int64).to_expr() for f in features}
    return measured.select("person", "until", **values)


def measured(
    events: Table,
    points: Table,
    features: tuple[Feature, ...] = FEATURES,
    assumed: Iterable[Stand] = (),
) -> pa.Table:
    """The rows of `measure` with the ledger's links and disputes; facts `assumed` wrong are left out too."""
    found = ties(events, points, left_out(events, assumed))
    if events.get_backend().name != "duckdb":
        tied = None if found is None else joinable(found, events)
        return collect(measure(events, points, features, tied))
    tables = {query.ASKED.get_name(): collect(points.select("person", "until"))}
    if found is not None:
        tables[query.TIED.get_name()] = found
    return run(measure_sql(features, found is not None), query.LEDGER.get_name(), events, tables)


@cache
def measure_sql(features: tuple[Feature, ...], has_ties: bool) -> str:
    """The DuckDB SQL of `measure` over the tables of models/query.py, as kept where it was kept."""
    return (query.kept(has_ties) if features == FEATURES else None) or compile_measure(features, has_ties)


def compile_measure(features: tuple[Feature, ...], has_ties: bool) -> str:
    """The same, compiled."""
    tied = query.TIED if has_ties else None
    return query.compiled(measure(query.LEDGER, query.ASKED, features, tied))


def numbered(points: Table) -> Table:
    """The distinct (person, until) of `points`, and `point`, a number of its own for each."""
    # Ibis drops a cast that it thinks idle, but Spark takes a small literal for an int32: build the cast.
    until = ops.Cast(points.until, dt.int64).to_expr()
    points = points.select("person", until=until).distinct()
    in_order = ibis.window(order_by=["person", "until"])
    return points.mutate(point=ibis.row_number().over(in_order))


def population(events: Table, rule: Population, until: int) -> Table:
    """One column, person: who is scored at `until`.

    `enrolled`: the last of the account's enrolled and withdrawn events before until is enrolled.
    `all` (research): accounts with at least one loan or invoice before until.
    """
    before = events.filter(events.block_time < until)
    if rule == "all":
        kinds = ("borrow", "liquidation", "default", "invoice_issued", "invoice_accepted")
        return before.filter(before.kind.isin(kinds)).select(person="account").distinct()
    if rule != "enrolled":
        raise Stop(f"the population rule must be 'enrolled' or 'all', got {rule!r}.")
    choices = before.filter(before.kind.isin(("enrolled", "withdrawn")))
    latest_first = [choices[column].desc() for column in ORDER]
    window = ibis.window(group_by="account", order_by=latest_first)
    choices = choices.mutate(place=ibis.row_number().over(window))
    return choices.filter((choices.place == 0) & (choices.kind == "enrolled")).select(person="account")


def to_matrix(measured: pa.Table, features: tuple[Feature, ...] = FEATURES) -> FeatureMatrix:
    """The Arrow table of `measure` as arrays for `scorecard.score`, rows as they stand."""
    columns = [measured.column(feature.name).cast(pa.int64()).fill_null(MISSING) for feature in features]
    values = [column.to_numpy().astype(np.int64, copy=False) for column in columns]
    people = b"".join(measured.column("person").to_pylist())
    return FeatureMatrix(
        addresses=np.frombuffer(people, dtype=np.uint8).reshape(-1, 20),
        names=tuple(feature.name for feature in features),
        reasons=tuple(feature.reason for feature in features),
        values=np.column_stack(values) if values else np.empty((len(measured), 0), dtype=np.int64),
    )


def _with_needed(features: tuple[Feature, ...]) -> tuple[Feature, ...]:
    """The features that views give: those asked for, and those that asked-for ones read."""
    needed = {name: None for feature in features for name in feature.needs}
    asked = {feature.name for feature in features}
    extra = named(tuple(name for name in needed if name not in asked))
    return tuple(feature for feature in (*features, *extra) if feature.view != "features")


def _aggregated(table: Table, features: list[Feature]) -> Table:
    return table.group_by(list(POINT)).agg(**{feature.name: feature.value(table) for feature in features})


def _joined(points: Table, found: Mapping[View, Table], features: tuple[Feature, ...]) -> Table:
    """`points` with the features of all views; one without rows in a view gets their `empty` values."""
    joined = points
    for view, table in found.items():
        named_apart = table.drop("until").rename({f"_{view}": "point"})
        joined = joined.left_join(named_apart, points.point == named_apart[f"_{view}"])
    values = {
        f.name: joined[f.name]
        if f.empty is None
        else ibis.ifelse(joined[f"_{f.view}"].isnull(), f.empty, joined[f.name])
        for f in features
    }
    return joined.select("person", "until", **values)
