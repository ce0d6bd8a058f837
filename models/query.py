"""The SQL that measures on DuckDB: compiled from the expression, or as compiled before and kept.

Rules that hold here: the expressions of models/measure.py are what is meant; SQL is kept only of all
features, because every process wants it and compiling takes it two seconds. It is kept with a hash
of itself and of the sources that it was compiled from (SOURCES, which a test holds complete). Where that hash
is another, the expression is compiled, and `make test` asks for the file to be written anew.
"""

import re
from hashlib import blake2b
from pathlib import Path

import ibis
import pyarrow as pa
from ibis.expr.types import Table

from ledger_reader.ledger import EVENTS
from models.persons import TIES

ROOT = Path(__file__).parents[1]
FOLDER = Path(__file__).parent / "features"

SOURCES = (
    *("ledger_reader/errors.py", "ledger_reader/keccak.py", "ledger_reader/ledger.py"),
    *("models/engine.py", "models/integers.py", "models/loans.py", "models/measure.py", "models/persons.py"),
    *("models/plain.py", "models/query.py", "models/views.py", "models/vouching.py"),
    *(f"models/features/{path.name}" for path in sorted(FOLDER.glob("*.py")) if path.stem != "__init__"),
)
"""Every file of ours that the expression of all features is made by, from the repository's root."""

POINTS = pa.schema([pa.field("person", pa.binary()), pa.field("until", pa.int64())])

LEDGER, ASKED, TIED = (
    ibis.table(ibis.Schema.from_pyarrow(schema), name=name)
    for name, schema in (("ledger", EVENTS), ("points", POINTS), ("ties", TIES))
)
"""The tables that the SQL reads, by the names that it has for them."""

_DROPPED = re.compile(r"(?<= EXCLUDE \()[^()]+(?=\))")
_NEXT_TABLE = re.compile(r'\), (?="t\d+" AS \()')


def compiled(expression: Table) -> str:
    """DuckDB's SQL of an expression over LEDGER, ASKED and TIED, one named table a line."""
    sql = str(ibis.to_sql(expression, dialect="duckdb", pretty=False))
    # Ibis keeps dropped columns in a set: sorted, or else no two processes would write the same.
    sql = _DROPPED.sub(lambda names: ", ".join(sorted(names[0].split(", "))), sql)
    return _NEXT_TABLE.sub("),\n", sql) + "\n"


def kept_in(has_ties: bool) -> Path:
    """The file that keeps the SQL of all features."""
    return FOLDER / ("tied.sql" if has_ties else "untied.sql")


def with_head(sql: str) -> str:
    """What the file of this SQL holds: a first line that tells of what, and the SQL."""
    return f"{_head(sql)}\n{sql}"


def kept(has_ties: bool) -> str | None:
    """The SQL of all features; None when there is none, whole and of these very sources."""
    path = kept_in(has_ties)
    if not path.is_file():
        return None
    head, _, sql = path.read_text().partition("\n")
    return sql if head == _head(sql) else None


def _head(sql: str) -> str:
    found = blake2b(digest_size=16)
    for part in (sql.encode(), *((ROOT / name).read_bytes() for name in SOURCES)):
        found.update(len(part).to_bytes(8, "big") + part)
    return f"-- Written by `python docs/write_features.py`; do not edit. {found.hexdigest()}"
