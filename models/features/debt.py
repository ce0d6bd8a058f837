"""Present debt: what is open, overdue and owed at the moment."""

import ibis
from ibis.expr.types import BooleanValue, IntegerValue, Table

from models.features.feature import MAX_CENTS, MONTHS, Feature, total_cents
from models.integers import held, icount, isum, udiv

NOW = "the moment itself"
UNKNOWN = "Missing when something was borrowed and no borrowing has a known value; 0 without debt."
ELSEWHERE = "Borrowing from sources that are not read."
WORST_BPS = 1_000_000
"""Debt of a hundred times the monthly inflow, or any debt without inflow."""


def _owed(t: Table, where: BooleanValue) -> IntegerValue:
    """Known cents owed over the open loans of `where`; null when nothing borrowed has a known value."""
    total = total_cents(t.owed_cents, where)
    borrowed, known = icount(t, t.opened.notnull()), icount(t, t.known)
    owed: IntegerValue = ibis.ifelse((borrowed > 0) & (known == 0), ibis.null("int64"), total)
    return owed


def _debt_to_inflow(t: Table) -> IntegerValue:
    yearly_bps = t.owed_cents * (10_000 * MONTHS)
    ratio: IntegerValue = ibis.cases(
        (t.owed_cents.isnull(), ibis.null("int64")),
        (t.owed_cents == 0, 0),
        else_=ibis.least(ibis.coalesce(udiv(yearly_bps, t.inflow_360d_cents), WORST_BPS), WORST_BPS),
    )
    return ratio


def _owed_to_borrowed(t: Table) -> IntegerValue:
    """Over everything ever borrowed, so that whoever repays a part can only lower it."""
    borrowed = held(isum(t.principal_cents), MAX_CENTS)
    share = held(udiv(_owed(t, t.outcome == "open") * 10_000, borrowed), 10_000)
    nothing = (icount(t, t.opened.notnull()) == 0) | ibis.coalesce(borrowed == 0, False)
    known: IntegerValue = ibis.ifelse(nothing, 0, share)
    return known


def _net_deposits(t: Table) -> IntegerValue:
    put, taken = isum(t.value_cents, t.kind == "deposit"), isum(t.value_cents, t.kind == "withdraw")
    net: IntegerValue = ibis.coalesce(put, 0) - ibis.coalesce(taken, 0)
    return held(net, MAX_CENTS, 0)


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
    Feature(
        name="owed_to_borrowed_bps",
        unit="basis points",
        direction=-1,
        reason=21,
        definition="Known value owed against the known value of everything ever borrowed.",
        window=NOW,
        missing="Missing when something was borrowed and no borrowing has a known value; 0 without loans.",
        gaming="Borrowing and repaying the same money again and again; quick repayments stand beside it.",
        view="loans",
        value=_owed_to_borrowed,
        empty=0,
    ),
    Feature(
        name="net_deposits_cents",
        unit="US cents",
        direction=1,
        reason=22,
        definition="Known value deposited in lending markets less that withdrawn, at least 0.",
        window="the whole history",
        missing="Never: 0 when nothing of known value was deposited.",
        gaming="Depositing borrowed money for a day; what is owed stands beside it.",
        view="events",
        value=_net_deposits,
        empty=0,
    ),
)
