"""Seeded ledgers to train on: term loans of borrowers whose hidden ability drives what they do."""

from collections.abc import Mapping, Sequence
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from ibis.expr.types import Table

from ledger_reader.ledger import EVENTS
from models.features.catalogue import FEATURES
from models.training import ebm
from models.training.dataset import Dataset, Split, split_by_time
from models.training.export import learnable
from models.training.outcomes import Outcome

Row = tuple[int, str, int, int, int, int | None]


class Economy:
    """Writes ledgers; times are days after the start, wallets and loans are numbered."""

    day, start, lender = 86_400, 1_700_000_000, 999
    cut, end = start + 230 * day, start + 420 * day
    directions = {feature.name: int(feature.direction) for feature in FEATURES}  # noqa: RUF012

    @staticmethod
    def address(number: int) -> bytes:
        """The address of a wallet."""
        return number.to_bytes(20, "big")

    def ledger(self, rows: Sequence[Row]) -> Table:
        """Events (day, kind, wallet, counterparty, loan, due day or None) as the ledger's table."""
        ordered = sorted(rows, key=lambda row: (row[0], row[2], row[4], row[1]))
        records = [
            {
                "chain_id": 1,
                "block_number": row[0],
                "log_index": index,
                "leg": 0,
                "block_time": self.start + row[0] * self.day,
                "tx_hash": index.to_bytes(32, "big"),
                "protocol": "term_loans",
                "kind": row[1],
                "account": self.address(row[2]),
                "counterparty": self.address(row[3]),
                "asset": self.address(self.lender),
                "amount": 10_000,
                "value_cents": 10_000,
                "loan_id": row[4].to_bytes(32, "big"),
                "due_time": None if row[5] is None else self.start + row[5] * self.day,
            }
            for index, row in enumerate(ordered)
        ]
        columns = {name: [record[name] for record in records] for name in EVENTS.names}
        columns["amount"] = pa.array(columns["amount"]).cast(pa.decimal128(38, 0))
        return ibis.memtable(pa.table(columns, schema=EVENTS))

    def year(self, seed: int = 1, wallets: int = 160, newcomers: int = 0) -> Table:
        """Seven 30-day loans a wallet; the abler a wallet, the more seldom it pays late or never.

        Newcomers are so many further wallets that begin after the cut.
        """
        random = np.random.default_rng(seed)
        rows: list[Row] = []
        for wallet in range(1, wallets + newcomers + 1):
            begin = 0 if wallet <= wallets else 232
            risk, time = 0.6 * random.random() ** 2, begin + int(random.integers(0, 60))
            for number in range(7):
                loan = wallet * 100 + number
                rows.append((time, "borrow", wallet, self.lender, loan, time + 30))
                rows.append(self._ending(random, risk, wallet, loan, time + 30))
                time += int(random.integers(32, 50))
        return self.ledger(rows)

    def _ending(self, random: np.random.Generator, risk: float, wallet: int, loan: int, due: int) -> Row:
        if random.random() < risk:
            return (due + 14, "default", wallet, self.lender, loan, None)
        late = int(random.integers(1, 6)) if random.random() < risk else -int(random.integers(1, 25))
        return (due + late, "repay", wallet, wallet, loan, None)

    @staticmethod
    def dataset(features: Mapping[str, Sequence[int | None]], bad: Sequence[bool]) -> Dataset:
        """Rows with these features: one person and one opening time each."""
        rows = len(bad)
        return Dataset(
            **{  # each its own
                name: np.array([Economy.address(row) for row in range(rows)], dtype=object)
                for name in ("wallet", "person")
            },
            opened=np.arange(rows, dtype=np.int64),
            known_at=np.arange(rows, dtype=np.int64) + 1,
            bad=np.array(bad, dtype=np.bool_),
            returning=np.ones(rows, dtype=np.bool_),
            features=pd.DataFrame(
                {name: pd.array(column, dtype="Int64") for name, column in features.items()}
            ),
        )


@pytest.fixture(scope="session")
def economy() -> Economy:
    return Economy()


@pytest.fixture(scope="session")
def split(economy: Economy) -> Split:
    """Wallets shared: in this economy everybody borrows from the first month on."""
    return split_by_time(economy.year(), Outcome(), economy.cut, economy.end, wallets="shared")


@pytest.fixture(scope="session")
def machine(economy: Economy, split: Split) -> Any:
    return ebm.fit(split.train, learnable(economy.directions, proving=True), ebm.SETTINGS[3])
