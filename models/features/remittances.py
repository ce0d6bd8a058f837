"""Remittances: regular inflows from few senders, such as a relative abroad or an employer.

Rules that hold here: a sender is regular with a dollar or more in at least 6 of the last 12 spans of 30
days. More senders, and more money, can only raise what is told.
"""

from ibis.expr.types import BooleanValue, IntegerValue, Table

from models.features.feature import Feature, total_cents
from models.integers import icount

REGULAR_MONTHS = 6
YEAR = "360 days"
RING = "Sending one's own money to oneself by another wallet each month; net inflow stands beside it."


def _remitted(t: Table) -> IntegerValue:
    return total_cents(t.inflow_cents, _regular(t))


def _regular(t: Table) -> BooleanValue:
    return t.months_in >= REGULAR_MONTHS


FEATURES = (
    Feature(
        name="remittance_senders",
        unit="senders",
        direction=1,
        reason=29,
        definition="Distinct senders of a dollar or more in at least 6 of the last 12 spans of 30 days.",
        window=YEAR,
        missing="Never: 0 without senders.",
        gaming=RING,
        view="partners",
        value=lambda t: icount(t, _regular(t)),
        empty=0,
    ),
    Feature(
        name="longest_remittance_months",
        unit="months of 12",
        direction=1,
        reason=29,
        definition="Most of the last 12 spans of 30 days in which one and the same sender sent a dollar.",
        window=YEAR,
        missing="Never: 0 without senders.",
        gaming=RING,
        view="partners",
        value=lambda t: t.months_in.max(),
        empty=0,
    ),
    Feature(
        name="remitted_cents",
        unit="US cents",
        direction=1,
        reason=29,
        definition="Known value received from senders of a dollar or more in at least 6 of 12 spans.",
        window=YEAR,
        missing="Never: 0 without such senders.",
        gaming=RING,
        view="partners",
        value=_remitted,
        empty=0,
    ),
)
