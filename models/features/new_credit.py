"""New credit: how often and how lately the person borrowed; own acts only."""

import ibis
from ibis.expr.types import IntegerValue, Table

from models.features.feature import DAY, MAX_BPS, Feature
from models.integers import held, icount, udiv

PATIENCE = "Waiting before the next loan, which is what it is meant to reward."


def _largest_lately(t: Table) -> IntegerValue:
    """Largest known borrowing of 90 days; null when there were some and none has a known value."""
    lately = (t.kind == "borrow") & (t.age <= 90 * DAY)
    largest: IntegerValue = ibis.ifelse(icount(t, lately) == 0, 0, t.value_cents.max(where=lately))
    return largest


def _step_up(t: Table) -> IntegerValue:
    """What was newly borrowed against what was ever repaid well; MAX_BPS when that is nothing."""
    ratio = ibis.coalesce(udiv(t.largest_borrow_90d_cents * 10_000, t.largest_repaid_cents), MAX_BPS)
    known = t.largest_borrow_90d_cents.notnull() & t.largest_repaid_cents.notnull()
    step: IntegerValue = ibis.cases(
        (~known, ibis.null("int64")),
        (t.largest_borrow_90d_cents == 0, 0),
        else_=held(ratio, MAX_BPS),
    )
    return step


FEATURES = (
    Feature(
        name="borrows_30d",
        unit="borrowings",
        direction=-1,
        reason=8,
        definition="Times the person borrowed in the last 30 days.",
        window="30 days",
        missing="Never: 0 without borrowing.",
        gaming=PATIENCE,
        view="events",
        value=lambda t: icount(t, (t.kind == "borrow") & (t.age <= 30 * DAY)),
        empty=0,
    ),
    Feature(
        name="borrows_90d",
        unit="borrowings",
        direction=-1,
        reason=8,
        definition="Times the person borrowed in the last 90 days.",
        window="90 days",
        missing="Never: 0 without borrowing.",
        gaming=PATIENCE,
        view="events",
        value=lambda t: icount(t, (t.kind == "borrow") & (t.age <= 90 * DAY)),
        empty=0,
    ),
    Feature(
        name="borrows_total",
        unit="borrowings",
        direction=0,
        reason=8,
        definition="Times the person ever borrowed.",
        window="the whole history",
        missing="Never: 0 without borrowing.",
        gaming="Borrowing dust; the size of repaid loans stands beside it.",
        view="events",
        value=lambda t: icount(t, t.kind == "borrow"),
        empty=0,
    ),
    Feature(
        name="days_since_last_borrow",
        unit="days",
        direction=1,
        reason=8,
        definition="Days since the person last borrowed.",
        window="the whole history",
        missing="Missing when nothing was ever borrowed.",
        gaming=PATIENCE,
        view="events",
        value=lambda t: udiv(t.age.min(where=t.kind == "borrow"), DAY),
    ),
    Feature(
        name="largest_borrow_90d_cents",
        unit="US cents",
        direction=0,
        reason=8,
        definition="Largest known value borrowed at once in the last 90 days.",
        window="90 days",
        missing="Missing when something was borrowed in 90 days and no such borrowing has a known value; "
        "0 without borrowing.",
        gaming="Splitting one loan into many; the number of borrowings stands beside it.",
        view="events",
        value=_largest_lately,
        empty=0,
    ),
    Feature(
        name="step_up_bps",
        unit="basis points",
        direction=-1,
        reason=23,
        definition="Largest value borrowed in 90 days against the largest loan ever repaid and not late, "
        "at most 1000000.",
        window="90 days of borrowing, the whole history of repaying",
        missing="Missing when either value is; 0 without borrowing in 90 days.",
        gaming="Splitting one loan into many; the number of borrowings stands beside it.",
        view="features",
        value=_step_up,
        needs=("largest_borrow_90d_cents", "largest_repaid_cents"),
    ),
)
