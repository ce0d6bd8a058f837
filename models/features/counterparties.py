"""Counterparties: who pays the person, counted as good facts only, and whom it pays.

Rules that hold here: a sender can always send more, so how much hangs on one payer is told by what the
others paid (a payment by anyone can only raise it), not by the largest one's share. What share goes to
one receiver is the person's own doing, and so is told as a share.
"""

import ibis
from ibis.expr.types import IntegerValue, Table

from models.features.feature import FLOOR_CENTS, MAX_CENTS, Feature
from models.integers import held, icount, isum, udiv

RING = "A ring of own wallets paying each other; paying in costs money that then goes round."
REGULAR_MONTHS = 3


def _beyond_largest(t: Table) -> IntegerValue:
    rest = ibis.coalesce(isum(t.inflow_cents) - t.inflow_cents.max(), 0)
    return held(rest, MAX_CENTS)


def _largest_payee_share(t: Table) -> IntegerValue:
    """Null without outflow."""
    return udiv(held(t.outflow_cents.max(), MAX_CENTS) * 10_000, held(isum(t.outflow_cents), MAX_CENTS))


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
    Feature(
        name="inflow_beyond_largest_payer_cents",
        unit="US cents",
        direction=1,
        reason=28,
        definition="Known value received in 360 days from all senders but the one that sent most.",
        window="360 days",
        missing="Never: 0 with one sender or none.",
        gaming=RING,
        view="partners",
        value=_beyond_largest,
        empty=0,
    ),
    Feature(
        name="largest_payee_share_bps",
        unit="basis points",
        direction=0,
        reason=19,
        definition="Share of the receiver that got most in the known value sent in 360 days.",
        window="360 days",
        missing="Missing when nothing of known value went out.",
        gaming="Paying through several wallets of one's own.",
        view="partners",
        value=_largest_payee_share,
    ),
    Feature(
        name="regular_payees",
        unit="receivers",
        direction=0,
        reason=19,
        definition="Distinct receivers of a dollar or more in at least 3 of the last 12 spans of 30 days.",
        window="360 days",
        missing="Never: 0 without receivers.",
        gaming=RING,
        view="partners",
        value=lambda t: icount(t, t.months_out >= REGULAR_MONTHS),
        empty=0,
    ),
    Feature(
        name="one_way_payers",
        unit="senders",
        direction=1,
        reason=10,
        definition="Distinct senders of a dollar or more in a month, to whom the person sent nothing.",
        window="360 days",
        missing="Never: 0 without senders.",
        gaming="A ring of at least three wallets; each payment through it costs gas and time.",
        view="partners",
        value=lambda t: icount(t, (t.months_in >= 1) & t.outflow_cents.isnull()),
        empty=0,
    ),
)
