from pathlib import Path

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from ledger_reader.errors import Stop
from ledger_reader.ledger import EVENTS
from models.features.catalogue import named
from models.training.dataset import measure_at
from models.training.evaluate import auc
from models.training.export import Rules
from models.training.recipes import MISDEEDS, RECEIVABLES, train
from oracle.devchain.deploy import DAY
from oracle.devchain.economy import plan
from oracle.devchain.rehearsal import rehearse
from oracle.devchain.trade import Trade, recorded_trade, rehearse_trade

RECORDED = Path(__file__).parents[4] / "shared" / "data" / "sme_invoices"


@pytest.fixture(scope="module")
def trade() -> Trade:
    return rehearse_trade(3, firms=60, days=360)


def test_recorded_trade__without_the_files__is_refused(tmp_path: Path) -> None:
    with pytest.raises(Stop, match="lacks the recorded invoices"):
        recorded_trade(tmp_path)


def test_rehearse_trade__twice__is_equal_and_of_the_ledgers_shape(trade: Trade) -> None:
    assert trade.events.schema == EVENTS
    again = rehearse_trade(3, firms=60, days=360)
    assert again.events.equals(trade.events)
    assert again.defaulted == trade.defaulted
    assert max(trade.events["block_time"].to_pylist()) < trade.until
    assert 10 < sum(trade.defaulted.values()) < 40


def test_rehearse_trade__measured__late_payers_default_more_often(trade: Trade) -> None:
    firms = list(trade.defaulted)
    found = measure_at(ibis.memtable(trade.events), firms, trade.until, named(("bills_overdue",)))
    overdue = found["bills_overdue"].to_numpy(dtype=float)
    assert auc(np.array(list(trade.defaulted.values())), overdue) > 0.65


def test_train__on_a_ledger_with_invoices__gives_receivables_a_segment_of_their_own() -> None:
    economy, trade = plan(7, 120, 240), rehearse_trade(3, firms=40, days=240)
    events = ibis.memtable(pa.concat_tables([rehearse(economy), trade.events]))
    asked = Rules().features() | {at[0] for at in (*RECEIVABLES.who, *RECEIVABLES.learns)}
    names = tuple(sorted(asked | set(RECEIVABLES.told)))
    cut, end = economy.start + 160 * DAY, economy.start + 240 * DAY
    found = train(events, cut, end, features=named(names), wallets="shared", files=(RECEIVABLES,), draws=10)
    facts, segment = found.facts.segments["receivables"], found.scorecard.segments["receivables"]
    assert facts.left_out is None
    assert facts.policy.of == "invoices"
    assert facts.rows > 100
    assert segment.cap == 599
    told = {name for term in segment.terms for name in term.features}
    assert told & set(MISDEEDS)
    assert told <= set(RECEIVABLES.told)


def _recorded(folder: Path, sales: list[tuple[float, str]], purchases: list[tuple[float, str]]) -> Trade:
    for name, rows in (("sales", sales), ("purchases", purchases)):
        pd.DataFrame(
            {
                "enterprise": "E1",
                "invoice_no": range(len(rows)),
                "date": pd.to_datetime("2019-03-05"),
                "counterparty": "B7",
                "gross_amount": [amount for amount, _ in rows],
                "status": [status for _, status in rows],
            }
        ).to_parquet(folder / f"{name}.parquet")
    (folder / "labels.csv").write_text("enterprise,rating,defaulted\nE1,A,0\n")
    return recorded_trade(folder)


def test_recorded_trade__of_each_kind__becomes_the_event_that_it_is(tmp_path: Path) -> None:
    sales = [(100.0, "valid"), (50.0, "void"), (-20.0, "valid")]
    found = _recorded(tmp_path, sales, [(30.0, "valid"), (40.0, "void")])
    told = [
        (row["kind"], row["leg"], row["value_cents"])
        for row in sorted(
            found.events.to_pylist(), key=lambda row: (row["leg"], row["kind"], row["value_cents"])
        )
    ]
    assert told == [
        ("invoice_credited", 0, 280),
        ("invoice_issued", 0, 700),
        ("invoice_issued", 0, 1_400),
        ("invoice_voided", 0, 700),
        ("invoice_accepted", 1, 420),
    ]
    assert list(found.defaulted.values()) == [False]


@pytest.mark.data
def test_recorded_trade__of_real_invoices__holds_eighty_firms() -> None:
    if not RECORDED.exists():
        pytest.skip(f"{RECORDED} is not there: put the data beside the checkout")
    found = recorded_trade(RECORDED)
    assert len(found.defaulted) == 80
    assert set(found.defaulted) <= set(found.events["account"].to_pylist())
