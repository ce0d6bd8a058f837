"""Receivables: invoices issued and paid, and bills accepted and paid.

Rules that hold here: what buyers do can only add: they are counted as invoices accepted, invoices paid,
distinct buyers, and what the others than the largest paid. A dispute against a supplier is not counted,
for any buyer can raise one; nor is a late payment, but as one not made on time. Void and credited
(red-letter) invoices, sales and purchases are the person's own acts, and so are bills: whoever accepted one
owes it. Windows of a year are 360 days, as in cash flow.
"""

import ibis
from ibis.expr.types import BooleanValue, IntegerValue, Table

from models.features.feature import DAY, FIVE_YEARS, MAX_BPS, MAX_CENTS, Feature, total_cents
from models.integers import held, icount, idiv, isum, udiv

EVER = "the whole history"
YEAR = "360 days"
FIVE = "due in the last 5 years"
SHAM = "Billing a second wallet, which then has to pay; distinct and seasoned payers stand beside it."
NOBODY = "Billing wallets that never accept; accepted and paid invoices stand beside it."
NO_INVOICES = "Never: 0 without invoices."
NO_BILLS = "Never: 0 without bills."


def _issued(t: Table) -> BooleanValue:
    return (t.leg == 0) & (t.kind == "invoice_issued")


def _billed(t: Table) -> BooleanValue:
    return (t.leg == 1) & (t.kind == "invoice_accepted")


def _within(t: Table, days: int) -> BooleanValue:
    return t.age <= days * DAY


def _sales(t: Table, days: int) -> IntegerValue:
    """Known value issued less credited in the last `days`, at least 0."""
    when = _within(t, days)
    issued = ibis.coalesce(isum(t.value_cents, _issued(t) & when), 0)
    credited = isum(t.value_cents, (t.leg == 0) & (t.kind == "invoice_credited") & when)
    return held(issued - ibis.coalesce(credited, 0), MAX_CENTS, 0)


def _purchases(t: Table) -> IntegerValue:
    return total_cents(t.value_cents, _billed(t) & _within(t, 360))


def _share_of_issued(kind: str) -> IntegerValue:
    def share(t: Table) -> IntegerValue:
        lately = _within(t, 360)
        marked = icount(t, (t.leg == 0) & (t.kind == kind) & lately)
        return held(udiv(marked * 10_000, icount(t, _issued(t) & lately)), 10_000)

    return share


def _trend(t: Table) -> IntegerValue:
    earlier = t.sales_360d_cents - t.sales_180d_cents
    ratio = udiv(t.sales_180d_cents * 10_000, ibis.greatest(earlier, 0))  # null when nothing was sold before
    return held(ratio, MAX_BPS)


def _margin(t: Table) -> IntegerValue:
    left = t.sales_360d_cents - t.purchases_360d_cents
    return held(idiv(left * 10_000, t.sales_360d_cents), MAX_BPS, -MAX_BPS)  # null without sales


def _due(t: Table, leg: int) -> BooleanValue:
    """Invoices whose due time has passed, within five years."""
    return (t.leg == leg) & (t.due < t.until) & (t.due >= t.until - FIVE_YEARS * DAY)


def _paid_beyond_largest(t: Table) -> IntegerValue:
    sold = t.leg == 0
    rest = ibis.coalesce(isum(t.paid_cents, sold) - t.paid_cents.max(where=sold), 0)
    return held(rest, MAX_CENTS)


FEATURES = (
    Feature(
        name="invoices_issued_360d",
        unit="invoices",
        direction=0,
        reason=35,
        definition="Invoices that the person issued in the last 360 days.",
        window=YEAR,
        missing=NO_INVOICES,
        gaming=NOBODY,
        view="events",
        value=lambda t: icount(t, _issued(t) & _within(t, 360)),
        empty=0,
    ),
    Feature(
        name="invoices_accepted",
        unit="invoices",
        direction=1,
        reason=36,
        definition="Invoices of the person that a buyer accepted.",
        window=EVER,
        missing=NO_INVOICES,
        gaming=SHAM,
        view="invoices",
        value=lambda t: icount(t, (t.leg == 0) & t.accepted),
        empty=0,
    ),
    Feature(
        name="accepting_buyers",
        unit="buyers",
        direction=1,
        reason=36,
        definition="Distinct buyers that accepted an invoice of the person in the last 360 days.",
        window=YEAR,
        missing=NO_INVOICES,
        gaming=SHAM,
        view="traders",
        value=lambda t: icount(t, (t.leg == 0) & (t.accepted > 0)),
        empty=0,
    ),
    Feature(
        name="invoices_due",
        unit="invoices",
        direction=0,
        reason=11,
        definition="Invoices of the person whose due time has passed.",
        window=FIVE,
        missing=NO_INVOICES,
        gaming=NOBODY,
        view="invoices",
        value=lambda t: icount(t, _due(t, 0)),
        empty=0,
    ),
    Feature(
        name="invoices_paid_on_time",
        unit="invoices",
        direction=1,
        reason=11,
        definition="Invoices of the person that were paid in full by their due time, by anyone else.",
        window=EVER,
        missing=NO_INVOICES,
        gaming=SHAM,
        view="invoices",
        value=lambda t: icount(t, (t.leg == 0) & t.paid_on_time),
        empty=0,
    ),
    Feature(
        name="paying_buyers",
        unit="buyers",
        direction=1,
        reason=37,
        definition="Distinct payers, not the person itself, of the person's invoices in the last 360 days.",
        window=YEAR,
        missing=NO_INVOICES,
        gaming=SHAM,
        view="traders",
        value=lambda t: icount(t, (t.leg == 0) & (t.paid > 0)),
        empty=0,
    ),
    Feature(
        name="paid_beyond_largest_buyer_cents",
        unit="US cents",
        direction=1,
        reason=37,
        definition="Known value paid on invoices in 360 days by all others but the one that paid most.",
        window=YEAR,
        missing="Never: 0 with one paying buyer or none.",
        gaming=SHAM,
        view="traders",
        value=_paid_beyond_largest,
        empty=0,
    ),
    Feature(
        name="sales_360d_cents",
        unit="US cents",
        direction=0,
        reason=35,
        definition="Known value of invoices issued less credited in the last 360 days, at least 0.",
        window=YEAR,
        missing="Never: 0 without invoices of known value.",
        gaming=NOBODY,
        view="events",
        value=lambda t: _sales(t, 360),
        empty=0,
    ),
    Feature(
        name="sales_180d_cents",
        unit="US cents",
        direction=0,
        reason=35,
        definition="Known value of invoices issued less credited in the last 180 days, at least 0.",
        window="180 days",
        missing="Never: 0 without invoices of known value.",
        gaming=NOBODY,
        view="events",
        value=lambda t: _sales(t, 180),
        empty=0,
    ),
    Feature(
        name="sales_trend_bps",
        unit="basis points",
        direction=1,
        reason=38,
        definition="Sales of the last 180 days against those of the 180 days before, at most 1000000.",
        window="360 days",
        missing="Missing when the earlier 180 days had no sales of known value.",
        gaming=NOBODY,
        view="features",
        value=_trend,
        needs=("sales_180d_cents", "sales_360d_cents"),
    ),
    Feature(
        name="sales_margin_bps",
        unit="basis points",
        direction=1,
        reason=39,
        definition="Sales less purchases (bills accepted) of 360 days against sales, at least -1000000.",
        window=YEAR,
        missing="Missing when there were no sales of known value.",
        gaming="Not accepting bills on chain, or billing a second wallet.",
        view="features",
        value=_margin,
        needs=("sales_360d_cents", "purchases_360d_cents"),
    ),
    Feature(
        name="void_share_bps",
        unit="basis points",
        direction=-1,
        reason=40,
        definition="Invoices voided in 360 days against those issued, at most 10000.",
        window=YEAR,
        missing="Missing when no invoice was issued in 360 days.",
        gaming=NOBODY,
        view="events",
        value=_share_of_issued("invoice_voided"),
    ),
    Feature(
        name="red_letter_share_bps",
        unit="basis points",
        direction=-1,
        reason=40,
        definition="Credit (red-letter) notes in 360 days against invoices issued, at most 10000.",
        window=YEAR,
        missing="Missing when no invoice was issued in 360 days.",
        gaming=NOBODY,
        view="events",
        value=_share_of_issued("invoice_credited"),
    ),
    Feature(
        name="purchases_360d_cents",
        unit="US cents",
        direction=0,
        reason=41,
        definition="Known value of bills that the person accepted in the last 360 days.",
        window=YEAR,
        missing=NO_BILLS,
        gaming="Buying off chain.",
        view="events",
        value=_purchases,
        empty=0,
    ),
    Feature(
        name="bills_paid_on_time",
        unit="bills",
        direction=1,
        reason=42,
        definition="Bills that the person accepted and that were paid in full by their due time.",
        window=EVER,
        missing=NO_BILLS,
        gaming=SHAM,
        view="invoices",
        value=lambda t: icount(t, (t.leg == 1) & t.paid_on_time),
        empty=0,
    ),
    Feature(
        name="bills_overdue",
        unit="bills",
        direction=-1,
        reason=43,
        definition="Bills accepted and not disputed, past due and neither paid nor credited in full.",
        window=FIVE,
        missing=NO_BILLS,
        gaming="Disputing a bill that is right; disputes stand beside it.",
        view="invoices",
        value=lambda t: icount(t, _due(t, 1) & ~t.paid & ~t.disputed),
        empty=0,
    ),
    Feature(
        name="bills_disputed_360d",
        unit="disputes",
        direction=-1,
        reason=44,
        definition="Times that the person disputed a bill that it had been sent, in the last 360 days.",
        window=YEAR,
        missing=NO_BILLS,
        gaming="Leaving a bill unpaid instead, which counts as overdue.",
        view="events",
        value=lambda t: icount(t, (t.leg == 1) & (t.kind == "invoice_disputed") & _within(t, 360)),
        empty=0,
    ),
)
