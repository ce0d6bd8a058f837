"""A bench for the models: rows in, what the product's own expressions make of them out.

The expressions are compiled and planned once and run on an embedded DuckDB, so that a property can be
tried on many small ledgers. `Bench.hostile` draws ledgers as an enemy would write them.
"""

from collections.abc import Sequence
from typing import Any

import ibis
import pyarrow as pa
import pytest
from hypothesis import strategies as st

from ledger_reader.ledger import EVENTS, MAX_AMOUNT, MAX_VALUE_CENTS
from models.features.catalogue import FEATURES
from models.features.feature import Feature
from models.loans import loans
from models.measure import measure_sql, measured
from models.query import POINTS

DAY = 86_400
START = 1_600_000_000
ME = b"\x01" * 20
OTHER = b"\x02" * 20
THIRD = b"\x03" * 20
KINDS = (
    "deposit", "withdraw", "borrow", "repay", "liquidation", "default", "transfer_in", "transfer_out",
    "loan_cancelled", "write_off", "recovery", "delinquent",
    "invoice_issued", "invoice_opened", "invoice_accepted", "invoice_disputed", "invoice_financed",
    "invoice_assigned", "invoice_split", "invoice_paid", "invoice_credited", "invoice_voided", "price",
    "enrolled",
)  # fmt: skip

Row = dict[str, Any]


class Bench:
    """Runs `measure` and `loans` on rows; event() writes a row with sensible defaults."""

    me, other, start, day = ME, OTHER, START, DAY

    def __init__(self) -> None:
        self.connection = ibis.duckdb.connect()
        events = self.connection.create_table("events", schema=ibis.Schema.from_pyarrow(EVENTS))
        self.connection.create_table("points", schema=ibis.Schema.from_pyarrow(POINTS))
        self.connection.con.execute("CREATE VIEW ledger AS FROM events")
        self.measure_sql = measure_sql(FEATURES, has_ties=False)
        self.loans_sql = str(ibis.to_sql(loans(events)))
        # Planning these queries takes as long as running them on a small ledger.
        self.connection.con.execute(f"PREPARE measuring AS {self.measure_sql}")
        self.connection.con.execute(f"PREPARE listing AS {self.loans_sql}")

    def event(self, kind: str, day: float, **given: Any) -> Row:
        """An event of `me` with `other`, `day` days after the start; due is in days too."""
        due = given.pop("due", None)
        row: Row = dict.fromkeys(EVENTS.names)
        row |= {
            "chain_id": 1,
            "block_number": 0,
            "log_index": 0,
            "leg": 0,
            "tx_hash": b"",
            "protocol": "term_loans",
        }
        row |= {"kind": kind, "account": ME, "counterparty": OTHER, "asset": b"\x0a" * 20, "loan_id": b"\x01"}
        row |= {
            "block_time": START + int(day * DAY),
            "due_time": None if due is None else START + int(due * DAY),
        }
        return row | given

    def table(self, rows: Sequence[Row]) -> pa.Table:
        """Rows as the ledger holds them, with block numbers that rise with time."""
        return pa.Table.from_pylist(_keyed(rows), schema=EVENTS)

    def loans(self, rows: Sequence[Row]) -> list[Row]:
        """Loans by account, in order of account, position and number."""
        self._fill("events", self.table(rows))
        found = self.connection.con.sql("EXECUTE listing").to_arrow_table().to_pylist()
        order = ("account", "chain_id", "protocol", "loan_id", "asset", "number")
        return sorted(found, key=lambda row: [(row[name] is not None, row[name]) for name in order])

    def measure(self, rows: Sequence[Row], points: Sequence[tuple[bytes, int]]) -> list[Row]:
        """Features in order of the points given; points are (account, until in seconds)."""
        self._fill("events", self.table(rows))
        self._fill(
            "points", pa.Table.from_pylist([{"person": p, "until": u} for p, u in points], schema=POINTS)
        )
        found = self.connection.con.sql("EXECUTE measuring").to_arrow_table().to_pylist()
        by_point = {(row["person"], row["until"]): row for row in found}
        assert len(by_point) == len(found)
        return [by_point[point] for point in points]

    def measured(
        self,
        rows: Sequence[Row],
        points: Sequence[tuple[bytes, int]],
        features: tuple[Feature, ...] = FEATURES,
    ) -> list[Row]:
        """The same with the links and disputes of the ledger, as nodes measure; some of the features."""
        self._fill("events", self.table(rows))
        asked = pa.Table.from_pylist([{"person": p, "until": u} for p, u in points], schema=POINTS)
        table = measured(self.connection.table("events"), ibis.memtable(asked), features)
        by_point = {(row["person"], row["until"]): row for row in table.to_pylist()}
        return [by_point[point] for point in points]

    def one(self, rows: Sequence[Row], day: float, account: bytes = ME) -> Row:
        """Features of one account as known `day` days after the start."""
        return self.measure(rows, [(account, START + int(day * DAY))])[0]

    def told(self, ledgers: Sequence[tuple[Sequence[Row], float]]) -> list[Row]:
        """Features of `me` in each ledger as known on its day: one run, each with people of its own."""
        rows = [row for number, (ledger, _) in enumerate(ledgers) for row in self.apart(ledger, number)]
        points = [
            (_renamed(ME, number) or b"", START + int(day * DAY)) for number, (_, day) in enumerate(ledgers)
        ]
        return [row | {"person": ME} for row in self.measure(rows, points)]

    def apart(self, rows: Sequence[Row], number: int) -> list[Row]:
        """The same ledger told of other people: a set of addresses for each number."""
        return [
            row | {column: _renamed(row[column], number) for column in ("account", "counterparty")}
            for row in rows
        ]

    def hostile(self, accounts: Sequence[bytes] = (ME, OTHER)) -> st.SearchStrategy[list[Row]]:
        """Ledgers as an enemy would write them: any kinds in any order, extreme and unknown amounts."""
        return st.lists(
            self._rows(
                kind=st.sampled_from(KINDS),
                account=st.sampled_from(accounts),
                counterparty=st.sampled_from((ME, OTHER, THIRD, bytes(20), None)),
                leg=st.sampled_from((0, 1)),
            ),
            max_size=25,
        )

    def strangers(self) -> st.SearchStrategy[list[Row]]:
        """What others can do: to `me`, in its name up to dust, for it, and among themselves."""
        known, anyone = st.sampled_from((OTHER, THIRD)), st.sampled_from((OTHER, THIRD, bytes(20), None))
        kinds = st.sampled_from
        dust = st.none() | st.integers(0, 99)
        return st.lists(
            self._rows(kind=st.just("transfer_in"), counterparty=anyone)
            | self._rows(kind=st.just("transfer_out"), counterparty=anyone, value_cents=dust)
            | self._rows(kind=kinds(("repay", "deposit")), counterparty=anyone)
            | self._rows(
                kind=kinds(("invoice_accepted", "invoice_disputed", "invoice_paid")), counterparty=anyone
            )
            | self._rows(kind=st.just("invoice_paid"), counterparty=anyone, leg=st.just(1))
            | self._rows(
                kind=st.sampled_from(KINDS),
                account=known,
                counterparty=st.sampled_from((ME, OTHER, THIRD)),
                leg=st.sampled_from((0, 1)),
            ),
            max_size=15,
        )

    def _rows(self, **given: st.SearchStrategy[Any]) -> st.SearchStrategy[Row]:
        usual: dict[str, st.SearchStrategy[Any]] = {
            "day": st.integers(0, 2_500) | st.integers(1_640, 2_000),
            "amount": st.none() | st.integers(0, 5) | st.sampled_from((0, 1, MAX_AMOUNT)),
            "value_cents": st.none() | st.sampled_from((0, 99, 100, 5_000, MAX_VALUE_CENTS)),
            "tx_hash": st.sampled_from((b"", b"\x01")),
            "loan_id": st.sampled_from((b"\x01", b"\x02", None)),
            "due_time": st.none() | st.sampled_from((-(2**63), 0, START + 900 * DAY, 2**63 - 1)),
        }
        return st.builds(self.event, **(usual | given))

    def _fill(self, name: str, table: pa.Table) -> None:
        self.connection.con.execute(f"DELETE FROM {name}")
        self.connection.con.register("given", table)
        self.connection.con.execute(f"INSERT INTO {name} SELECT * FROM given")
        self.connection.con.unregister("given")


def _renamed(address: bytes | None, number: int) -> bytes | None:
    """An address of its own for each ledger told together; nobody's stays nobody's."""
    if address is None or address == bytes(20):
        return address
    return address[:18] + number.to_bytes(2, "big")


def _keyed(rows: Sequence[Row]) -> list[Row]:
    """Rows with block numbers that rise with time, ties in the order given, as a chain has them."""
    ordered = sorted(rows, key=lambda row: row["block_time"])
    return [row | {"block_number": number} for number, row in enumerate(ordered)]


@pytest.fixture(scope="session")
def bench() -> Bench:
    return Bench()
