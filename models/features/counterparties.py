"""Counterparties: who pays the person, counted as good facts only, and whom it pays."""

from models.features.feature import FLOOR_CENTS, Feature
from models.integers import icount

RING = "A ring of own wallets paying each other; paying in costs money that then goes round."
REGULAR_MONTHS = 3

FEATURES = (
    Feature(
        name="payers",
        unit="senders",
        direction=1,
        reason=10,
        definition="Distinct senders of at least one dollar in a month of the last 12 spans of 30 days.",
        window="360 days",
        missing="Never: 0 without senders.",
        gaming=RING,
        view="partners",
        value=lambda t: icount(t, t.months_in >= 1),
        empty=0,
    ),
    Feature(
        name="regular_payers",
        unit="senders",
        direction=1,
        reason=10,
        definition="Distinct senders of a dollar or more in at least 3 of the last 12 spans of 30 days.",
        window="360 days",
        missing="Never: 0 without senders.",
        gaming=RING,
        view="partners",
        value=lambda t: icount(t, t.months_in >= REGULAR_MONTHS),
        empty=0,
    ),
    Feature(
        name="payees",
        unit="receivers",
        direction=0,
        reason=19,
        definition="Distinct receivers of at least one dollar in the last 360 days.",
        window="360 days",
        missing="Never: 0 without receivers.",
        gaming=RING,
        view="partners",
        value=lambda t: icount(t, t.outflow_cents >= FLOOR_CENTS),
        empty=0,
    ),
)
