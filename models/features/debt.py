"""Present debt: what is open, overdue and owed at the moment."""

import ibis
from ibis.expr.types import BooleanValue, IntegerValue, Table

from models.features.feature import MAX_CENTS, MONTHS, Feature
from models.integers import icount, idiv, isum

NOW = "the moment itself"
UNKNOWN = "Missing when something was borrowed and no borrowing has a known value; 0 without debt."
ELSEWHERE = "Borrowing from sources that are not read."
WORST_BPS = 1_000_000
"""Debt of a hundred times the monthly inflow, or any debt without inflow."""


def _owed(t: Table, where: BooleanValue) -> IntegerValue:
    """Known cents borrowed less known cents repaid, over the open loans of `where`."""
    left = ibis.greatest(t.principal_cents - ibis.coalesce(t.repaid_cents, 0), 0)
    total = ibis.least(ibis.coalesce(isum(left, where & t.known), 0), MAX_CENTS)
    borrowed, known = icount(t, t.opened.notnull()), icount(t, t.known)
    owed: IntegerValue = ibis.ifelse((borrowed > 0) & (known == 0), ibis.null("int64"), total)
    return owed


def _debt_to_inflow(t: Table) -> IntegerValue:
    yearly_bps = t.owed_cents * (10_000 * MONTHS)
    ratio: IntegerValue = ibis.cases(
        (t.owed_cents.isnull(), ibis.null("int64")),
        (t.owed_cents == 0, 0),
        else_=ibis.least(ibis.coalesce(idiv(yearly_bps, t.inflow_360d_cents), WORST_BPS), WORST_BPS),
    )
    return ratio


FEATURES = (
    Feature(
        name="loans_open",
        unit="loans",
        direction=-1,
        reason=5,
        definition="Loans that are open.",
        window=NOW,
        missing="Never: 0 without loans.",
        gaming=ELSEWHERE,
        view="loans",
        value=lambda t: icount(t, t.outcome == "open"),
        empty=0,
    ),
    Feature(
        name="loans_overdue",
        unit="loans",
        direction=-1,
        reason=3,
        definition="Open loans whose due time has passed.",
        window=NOW,
        missing="Never: 0 without loans.",
        gaming=ELSEWHERE,
        view="loans",
        value=lambda t: icount(t, (t.outcome == "open") & t.late),
        empty=0,
    ),
    Feature(
        name="overdue_cents",
        unit="US cents",
        direction=-1,
        reason=3,
        definition="Known value borrowed and not yet repaid of open loans whose due time has passed.",
        window=NOW,
        missing=UNKNOWN,
        gaming=ELSEWHERE,
        view="loans",
        value=lambda t: _owed(t, (t.outcome == "open") & t.late),
        empty=0,
    ),
    Feature(
        name="owed_cents",
        unit="US cents",
        direction=-1,
        reason=5,
        definition="Known value borrowed and not yet repaid of all open loans.",
        window=NOW,
        missing=UNKNOWN,
        gaming=ELSEWHERE,
        view="loans",
        value=lambda t: _owed(t, t.outcome == "open"),
        empty=0,
    ),
    Feature(
        name="debt_to_inflow_bps",
        unit="basis points",
        direction=-1,
        reason=5,
        definition="Value owed against a twelfth of the known inflow of 360 days, at most 1000000.",
        window="360 days of inflow",
        missing="Missing when the value owed is; 0 without debt; 1000000 for debt without inflow.",
        gaming="Sending oneself money through other wallets to look like income.",
        view="features",
        value=_debt_to_inflow,
        needs=("owed_cents", "inflow_360d_cents"),
    ),
)
