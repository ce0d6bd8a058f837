"""Integrity: money that goes round, loans that pay each other, fresh wallets, a claim pledged twice.

Rules that hold here: a stranger must not be able to make anyone look dishonest, neither by sending money
(which would make an earlier payment to it "circular") nor by forging a ring around somebody. So loops and
rings are never held against a person: what came from wallets that were paid back, or from fresh ones,
merely does not count (features of direction +1 that leave it out). Held against a person are its own
acts alone: repaying right after borrowing, billing itself, having one claim financed twice. What counts
whoever cheats: loans that were real (a stranger lent, for a while, and got it back), and what came from
payers that vouch for the person (models/vouching.py).
"""

import ibis
from ibis.expr.types import BooleanValue, IntegerValue, Table

from models.features.feature import DAY, FLOOR_CENTS, MAX_CENTS, Feature, is_real, total_cents
from models.integers import held, icount

YEAR = "360 days"
LATELY = "365 days"
EVER = "the whole history"
REAL = "Loans of 20 dollars or more, open for 7 days or more, with a due time and repaid in full by then"
NO_LOANS = "Never: 0 without such loans."
NOT_VOUCHED = "Never: 0 without such payers."
REPAYING = "Borrowing from strangers and repaying them, which is what it is meant to reward."
BOUGHT = "Giving 1,000 dollars to strangers for every other wallet; docs/gaming.md counts what that costs."
AGED = "Ageing wallets for half a year before they pay in."
WAITING = "Waiting a day, which then costs a day's interest and shows in the days to repay."


def _net_inflow(t: Table) -> IntegerValue:
    """By sender, so that what is sent back to one takes nothing from what another sent."""
    kept = ibis.greatest(ibis.coalesce(t.inflow_cents, 0) - ibis.coalesce(t.outflow_cents, 0), 0)
    return total_cents(kept)


def _own_repayments(t: Table, where: BooleanValue) -> IntegerValue:
    return icount(t, where & (t.since < DAY) & (t.age <= 365 * DAY))


def _billed_itself(t: Table) -> IntegerValue:
    billed = ((t.leg == 0) & (t.kind == "invoice_issued")) | ((t.leg == 1) & (t.kind == "invoice_accepted"))
    return icount(t, billed & (t.counterparty == t.account) & (t.age <= 365 * DAY))


def _proves(t: Table) -> BooleanValue:
    """Loans with a due time, repaid by then, that were large and long enough to be worth a lie."""
    real: BooleanValue = is_real(t.principal_cents, t.ended - t.opened)
    return t.repaid & ~t.late & t.due.notnull() & real


FEATURES = (
    Feature(
        name="net_inflow_360d_cents",
        unit="US cents",
        direction=1,
        reason=12,
        definition="Known value received, less what the person sent to the same sender, sender by sender.",
        window=YEAR,
        missing="Never: 0 when nothing of known value came in.",
        gaming="A loop over at least three wallets; seasoned payers stand beside it.",
        view="partners",
        value=_net_inflow,
        empty=0,
    ),
    Feature(
        name="seasoned_payers",
        unit="senders",
        direction=1,
        reason=30,
        definition="Distinct senders of a dollar or more in a month, first seen at least 180 days ago.",
        window=YEAR,
        missing="Never: 0 without such senders.",
        gaming=AGED,
        view="partners",
        value=lambda t: icount(t, (t.months_in >= 1) & t.seasoned),
        empty=0,
    ),
    Feature(
        name="seasoned_inflow_cents",
        unit="US cents",
        direction=1,
        reason=30,
        definition="Known value received from senders that were first seen at least 180 days ago.",
        window=YEAR,
        missing="Never: 0 without such senders.",
        gaming=AGED,
        view="partners",
        value=lambda t: total_cents(t.inflow_cents, t.seasoned),
        empty=0,
    ),
    Feature(
        name="quick_repayments",
        unit="repayments",
        direction=-1,
        reason=31,
        definition="Own repayments less than a day after the person borrowed in the same position.",
        window=LATELY,
        missing="Never: 0 without own repayments.",
        gaming=WAITING,
        view="repayments",
        value=lambda t: _own_repayments(t, t.days < 1),
        empty=0,
    ),
    Feature(
        name="rolled_repayments",
        unit="repayments",
        direction=-1,
        reason=32,
        definition="Own repayments less than a day after the person borrowed in another position only.",
        window=LATELY,
        missing="Never: 0 without own repayments.",
        gaming=WAITING,
        view="repayments",
        value=lambda t: _own_repayments(t, t.days >= 1),
        empty=0,
    ),
    Feature(
        name="self_invoices",
        unit="invoices",
        direction=-1,
        reason=33,
        definition="Invoices that the person issued to itself, or accepted from itself.",
        window=LATELY,
        missing="Never: 0 without invoices.",
        gaming="A second wallet as buyer, which then has to be seasoned and to pay.",
        view="events",
        value=_billed_itself,
        empty=0,
    ),
    Feature(
        name="claims_pledged_twice",
        unit="claims",
        direction=-1,
        reason=34,
        definition="Claims (same buyer, asset, amount, due time) that were financed more than once.",
        window="5 years from the due time",
        missing="Never: 0 without financed invoices.",
        gaming="Changing amount or date by a little; the buyer's acceptance stands beside it.",
        view="pledges",
        value=lambda t: icount(t, t.financed >= 2),
        empty=0,
    ),
    Feature(
        name="loans_proved",
        unit="loans",
        direction=1,
        reason=45,
        definition=f"{REAL}.",
        window=EVER,
        missing=NO_LOANS,
        gaming=REPAYING,
        view="loans",
        value=lambda t: icount(t, _proves(t)),
        empty=0,
    ),
    Feature(
        name="loans_proved_365d",
        unit="loans",
        direction=1,
        reason=45,
        definition=f"{REAL}, in the last 365 days.",
        window=LATELY,
        missing=NO_LOANS,
        gaming=REPAYING,
        view="loans",
        value=lambda t: icount(t, _proves(t) & (t.ended >= t.until - 365 * DAY)),
        empty=0,
    ),
    Feature(
        name="largest_proved_cents",
        unit="US cents",
        direction=1,
        reason=45,
        definition=f"Known principal of the largest of these: {REAL}.",
        window=EVER,
        missing=NO_LOANS,
        gaming=REPAYING,
        view="loans",
        value=lambda t: held(ibis.coalesce(t.principal_cents.max(where=_proves(t)), 0), MAX_CENTS),
        empty=0,
    ),
    Feature(
        name="proved_total_cents",
        unit="US cents",
        direction=1,
        reason=45,
        definition=f"Known principal of these together: {REAL}.",
        window=EVER,
        missing=NO_LOANS,
        gaming=REPAYING,
        view="loans",
        value=lambda t: total_cents(t.principal_cents, _proves(t)),
        empty=0,
    ),
    Feature(
        name="vouched_payers",
        unit="senders",
        direction=1,
        reason=46,
        definition="Distinct senders of a dollar or more in a month that vouch for the person.",
        window=YEAR,
        missing=NOT_VOUCHED,
        gaming=BOUGHT,
        view="vouched",
        value=lambda t: icount(t, t.months_in >= 1),
        empty=0,
    ),
    Feature(
        name="vouched_months",
        unit="months of 12",
        direction=1,
        reason=46,
        definition="Most of 12 spans of 30 days in which one sender that vouches sent a dollar or more.",
        window=YEAR,
        missing=NOT_VOUCHED,
        gaming=BOUGHT,
        view="vouched",
        value=lambda t: t.months_in.max(),
        empty=0,
    ),
    Feature(
        name="vouched_inflow_cents",
        unit="US cents",
        direction=1,
        reason=46,
        definition="Known value received from senders that vouch for the person.",
        window=YEAR,
        missing=NOT_VOUCHED,
        gaming=BOUGHT,
        view="vouched",
        value=lambda t: total_cents(t.inflow_cents),
        empty=0,
    ),
    Feature(
        name="vouched_buyers",
        unit="buyers",
        direction=1,
        reason=46,
        definition="Distinct payers of the person's invoices that vouch for the person.",
        window=YEAR,
        missing=NOT_VOUCHED,
        gaming=BOUGHT,
        view="vouched",
        value=lambda t: icount(t, t.paid_cents >= FLOOR_CENTS),
        empty=0,
    ),
    Feature(
        name="vouched_sales_cents",
        unit="US cents",
        direction=1,
        reason=46,
        definition="Known value paid on the person's invoices by buyers that vouch for the person.",
        window=YEAR,
        missing=NOT_VOUCHED,
        gaming=BOUGHT,
        view="vouched",
        value=lambda t: total_cents(t.paid_cents),
        empty=0,
    ),
)
