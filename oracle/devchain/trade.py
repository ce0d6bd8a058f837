"""Small firms and their invoices, as ledgers: simulated ones, and recorded VAT invoices.

Rules that hold here: what comes out are rows of the ledger's shape and, apart from them, which firms
defaulted; no feature is worked out here. Simulated firms are a function of the seed: a hidden ability moves
how many buyers a firm has, how regularly it sells, what it voids and takes back, whether it pays its own
bills, and in the end whether it defaults. Of recorded invoices a sale is issued, a void one also voided, a
negative one a credit (red-letter) note, a purchase a bill that the firm accepted; one yuan counts as 14
US cents throughout, which ranks nobody differently.
"""

from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pandas as pd
import pyarrow as pa

from ledger_reader.errors import Stop
from ledger_reader.keccak import keccak256
from ledger_reader.ledger import EVENTS, MAX_VALUE_CENTS
from oracle.devchain.anvil import GENESIS_TIME
from oracle.devchain.deploy import DAY
from oracle.devchain.people import chance, normal, places
from oracle.devchain.rehearsal import CHAIN_ID

CENTS_A_YUAN = 14
BUYERS, SELLERS = 40, 25

Row = dict[str, Any]


@dataclass(frozen=True)
class Trade:
    """Events of firms' invoices up to `until` (Unix seconds, exclusive), and whether each firm defaulted."""

    events: pa.Table
    until: int
    defaulted: dict[bytes, bool]


def rehearse_trade(seed: int, firms: int = 150, days: int = 720) -> Trade:
    """The simulated firms of a seed, and what they and their buyers did in so many days."""
    rows: list[Row] = []
    defaulted: dict[bytes, bool] = {}
    for firm in places(seed, "small firm", firms):
        dice = Random(f"{seed}/firm/{firm.hex()}")
        ability = normal(dice)
        rows += _sales(dice, seed, firm, ability, days) + _bills(dice, seed, firm, ability, days)
        defaulted[firm] = dice.random() < chance(-1.2 - 1.8 * ability)
    return Trade(
        _table([row for row in rows if row["block_time"] < GENESIS_TIME + days * DAY]),
        GENESIS_TIME + days * DAY,
        defaulted,
    )


def recorded_trade(folder: Path) -> Trade:
    """Recorded VAT invoices of a folder: sales.parquet, purchases.parquet, labels.csv; Stop without them."""
    try:
        sales, purchases = (pd.read_parquet(folder / f"{name}.parquet") for name in ("sales", "purchases"))
        labels = pd.read_csv(folder / "labels.csv")
    except OSError as error:
        raise Stop(f"{folder} lacks the recorded invoices ({error}); name another folder.") from error
    valid = sales["status"] == "valid"
    parts = [
        _recorded(sales[sales["gross_amount"] > 0], "invoice_issued", 0),
        _recorded(sales[~valid & (sales["gross_amount"] > 0)], "invoice_voided", 0),
        _recorded(sales[valid & (sales["gross_amount"] < 0)], "invoice_credited", 0),
        _recorded(
            purchases[(purchases["status"] == "valid") & (purchases["gross_amount"] > 0)],
            "invoice_accepted",
            1,
        ),
    ]
    events = _in_order(pd.concat(parts, ignore_index=True))
    defaulted = {
        _who(name): bool(bad) for name, bad in zip(labels["enterprise"], labels["defaulted"], strict=True)
    }
    return Trade(events, int(max(events["block_time"].to_pylist())) + 1, defaulted)


def _sales(dice: Random, seed: int, firm: bytes, ability: float, days: int) -> list[Row]:
    buyers = dice.sample(
        places(seed, "buyer", BUYERS), max(2, min(12, round(5 + 2 * ability + normal(dice))))
    )
    rows, day, number, size = [], dice.randrange(30), 0, dice.randrange(20_000, 200_000)
    while day < days:
        number += 1
        invoice = keccak256(firm + number.to_bytes(4, "big"))
        cents = size * dice.randrange(50, 150) // 100
        due = day + 30
        fate = (firm, dice.choice(buyers), invoice, cents, due)
        rows.append(_row("invoice_issued", day, 0, *fate))
        if dice.random() < chance(-3.5 - ability):
            rows.append(_row("invoice_voided", day + 1, 0, *fate))
        else:
            rows += _settled(dice, day, fate, ability)
        day += max(2, round(9 - 2 * ability + 3 * normal(dice)))
    return rows


def _settled(dice: Random, day: int, fate: tuple[bytes, bytes, bytes, int, int], ability: float) -> list[Row]:
    """The buyer accepts and pays, now and then late; some of it is taken back."""
    rows = _both("invoice_accepted", day + 2, *fate)
    late = dice.randrange(1, 25) if dice.random() < chance(-1.5 - 0.6 * ability) else -dice.randrange(12)
    rows += _both("invoice_paid", fate[4] + late, *fate)
    if dice.random() < chance(-4 - 0.8 * ability):
        firm, buyer, invoice, cents, due = fate
        rows += _both("invoice_credited", day + 9, firm, buyer, invoice, cents // 2, due)
    return rows


def _bills(dice: Random, seed: int, firm: bytes, ability: float, days: int) -> list[Row]:
    """What the firm buys, and whether it pays in time."""
    sellers = dice.sample(places(seed, "seller", SELLERS), 3)
    rows, day, number = [], dice.randrange(30), 0
    while day < days:
        number += 1
        bill = keccak256(b"bill" + firm + number.to_bytes(4, "big"))
        seller, cents, due = dice.choice(sellers), dice.randrange(20_000, 120_000), day + 30
        rows += _both("invoice_accepted", day, seller, firm, bill, cents, due)
        if dice.random() > chance(-2.5 - 1.5 * ability):
            rows += _both("invoice_paid", due - dice.randrange(10), seller, firm, bill, cents, due)
        day += dice.randrange(10, 40)
    return rows


def _both(
    kind: str, day: int, seller: bytes, buyer: bytes, invoice: bytes, cents: int, due: int
) -> list[Row]:
    return [
        _row(kind, day, 0, seller, buyer, invoice, cents, due),
        _row(kind, day, 1, buyer, seller, invoice, cents, due),
    ]


def _row(
    kind: str, day: int, leg: int, account: bytes, other: bytes, invoice: bytes, cents: int, due: int
) -> Row:
    return {
        "block_time": GENESIS_TIME + day * DAY,
        "leg": leg,
        "kind": kind,
        "account": account,
        "counterparty": other,
        "amount": cents,
        "value_cents": cents,
        "loan_id": invoice,
        "due_time": GENESIS_TIME + due * DAY,
    }


def _recorded(rows: pd.DataFrame, kind: str, leg: int) -> pd.DataFrame:
    cents = (rows["gross_amount"].abs() * CENTS_A_YUAN).round().clip(upper=MAX_VALUE_CENTS).astype("int64")
    return pd.DataFrame(
        {
            "block_time": rows["date"].astype("datetime64[s]").astype("int64"),
            "leg": leg,
            "kind": kind,
            "account": rows["enterprise"].map(_who),
            "counterparty": rows["counterparty"].map(_who),
            "amount": cents,
            "value_cents": cents,
            "loan_id": [
                keccak256(f"{e} {n}".encode())
                for e, n in zip(rows["enterprise"], rows["invoice_no"], strict=True)
            ],
            "due_time": None,
        }
    )


def _who(name: str) -> bytes:
    return keccak256(name.encode())[12:]


def _table(rows: list[Row]) -> pa.Table:
    return _in_order(pd.DataFrame(rows))


def _in_order(rows: pd.DataFrame) -> pa.Table:
    """Rows with made-up places on a chain, in order of time; a day is a block."""
    rows = rows.sort_values(
        ["block_time", "account", "loan_id", "kind", "leg"], kind="stable", ignore_index=True
    )
    columns = {
        "chain_id": pa.array([CHAIN_ID] * len(rows), pa.int64()),
        "block_number": pa.array(rows["block_time"] // DAY, pa.int64()),
        "log_index": pa.array(range(len(rows)), pa.int32()),
        "tx_hash": pa.array([keccak256(index.to_bytes(8, "big")) for index in range(len(rows))], pa.binary()),
        "protocol": pa.array(["receivables"] * len(rows)),
        "asset": pa.nulls(len(rows), pa.binary()),
        "amount": pa.array(rows["amount"], pa.int64()).cast(pa.decimal128(38, 0)),
    }
    given = [name for name in EVENTS.names if name not in columns]
    columns |= {name: pa.array(rows[name].tolist(), EVENTS.field(name).type) for name in given}
    return pa.table([columns[name] for name in EVENTS.names], schema=EVENTS)
