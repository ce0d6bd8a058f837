"""Length of history: how long there has been something to see."""

import ibis
from ibis.expr.types import IntegerValue, Table

from models.features.feature import DAY, FLOOR_CENTS, MONTHS, Feature
from models.integers import icount, udiv, up_to_quantile

EVER = "the whole history"
AGED = "Ageing a wallet in advance, or buying an old one."


def _days_since_own_act(t: Table) -> IntegerValue:
    """Null when there was none; what a former wallet did is none."""
    acts = t.own & t.parted.isnull() & (t.kind != "deposit") & (t.kind != "repay")
    return udiv(t.age.min(where=acts), DAY)


FEATURES = (
    Feature(
        name="record_days",
        unit="days",
        direction=1,
        reason=7,
        definition="Days since the first event: a loan, deposit, invoice or transfer of a listed asset.",
        window=EVER,
        missing="Never: 0 without events.",
        gaming=AGED,
        view="events",
        value=lambda t: ibis.coalesce(udiv(t.age.max(where=t.parted.isnull()), DAY), 0),
        empty=0,
    ),
    Feature(
        name="days_since_first_borrow",
        unit="days",
        direction=1,
        reason=7,
        definition="Days since the person first borrowed.",
        window=EVER,
        missing="Missing when nothing was ever borrowed.",
        gaming=AGED,
        view="events",
        value=lambda t: udiv(t.age.max(where=t.kind == "borrow"), DAY),
    ),
    Feature(
        name="typical_days_to_repay",
        unit="days",
        direction=0,
        reason=15,
        definition="Lower median of the days from a borrowing to the person's own repayments that follow it.",
        window=EVER,
        missing="Missing when no repayment is known to be the person's own.",
        gaming="Holding dust loans open; the size of repaid loans stands beside it.",
        view="repayments",
        value=lambda t: t.days.max(where=up_to_quantile(t["rank"], t["size"], 1, 2)),
    ),
    Feature(
        name="active_months",
        unit="months of 12",
        direction=1,
        reason=16,
        definition="Of the last 12 spans of 30 days, those in which the person did something itself.",
        window="360 days",
        missing="Never: 0 without events.",
        gaming="A script that acts once a month; costs gas each time.",
        view="months",
        value=lambda t: icount(t, (t.acts > 0) & (t.month < MONTHS)),
        empty=0,
    ),
    Feature(
        name="days_since_first_inflow",
        unit="days",
        direction=1,
        reason=7,
        definition="Days since the person first received a dollar or more from another.",
        window=EVER,
        missing="Never: 0 when nothing of known value came in.",
        gaming=AGED,
        view="events",
        value=lambda t: ibis.coalesce(udiv(t.age.max(where=t.paid_in >= FLOOR_CENTS), DAY), 0),
        empty=0,
    ),
    Feature(
        name="days_since_own_act",
        unit="days",
        direction=0,
        reason=16,
        definition="Days since the person last borrowed, withdrew, sent a dollar or acted on an invoice.",
        window=EVER,
        missing="Missing when the person never did anything itself.",
        gaming="A script that acts each day; costs gas each time.",
        view="events",
        value=_days_since_own_act,
    ),
)
