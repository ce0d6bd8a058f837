"""Repayment history: how the person's own debts ended."""

import ibis
from ibis.expr.types import BooleanValue, IntegerValue, Table

from models.features.feature import DAY, FIVE_YEARS, MAX_CENTS, Feature, total_cents
from models.integers import held, icount, isum, udiv

FIVE = "5 years after it ended"
EVER = "the whole history"
DUST = "Repaying dust loans to oneself; the size of repaid loans stands beside it."
NEW_WALLET = "Starting afresh with an empty wallet, which then has no history either."


def _largest_repaid(t: Table) -> IntegerValue:
    """Largest known borrowing repaid on time; null when nothing borrowed has a known value."""
    repaid = t.largest_cents.max(where=t.repaid & ~t.late)
    borrowed, known = icount(t, t.opened.notnull()), icount(t, t.known)
    largest: IntegerValue = ibis.ifelse(
        (borrowed > 0) & (known == 0), ibis.null("int64"), ibis.coalesce(repaid, 0)
    )
    return largest


def _repaid_total(t: Table) -> IntegerValue:
    """Known principal of all loans repaid on time; null when nothing borrowed has a known value."""
    repaid = total_cents(t.principal_cents, t.repaid & ~t.late)
    borrowed, known = icount(t, t.opened.notnull()), icount(t, t.known)
    total: IntegerValue = ibis.ifelse((borrowed > 0) & (known == 0), ibis.null("int64"), repaid)
    return total


def _liquidated_cents(t: Table) -> IntegerValue:
    """Known debt covered by others' liquidations; null when there were some and none has a known value."""
    forced = (t.kind == "liquidation") & ~t.own & (t.age <= FIVE_YEARS * DAY)
    total = held(isum(t.value_cents, forced), MAX_CENTS)  # null over none known
    sold: IntegerValue = ibis.ifelse(icount(t, forced) == 0, 0, total)
    return sold


def _days_since(t: Table, where: BooleanValue) -> IntegerValue:
    """Days since the last loan of `where` ended, FIVE_YEARS when there is none that recent."""
    days: IntegerValue = udiv(t.until.max() - t.ended.max(where=where & t.recent), DAY)
    return ibis.coalesce(days, FIVE_YEARS)


def _on_time_share(t: Table) -> IntegerValue:
    """Of loans that ended, or should have; the bad ones of the last five years only. 10000 over none."""
    good = icount(t, t.repaid & ~t.late)
    bad = icount(t, t.bad & t.recent)
    share: IntegerValue = ibis.coalesce(udiv(good * 10_000, good + bad), 10_000)
    return ibis.ifelse(icount(t, t.opened.notnull()) > 0, share, ibis.null("int64"))


FEATURES = (
    Feature(
        name="loans_repaid",
        unit="loans",
        direction=1,
        reason=6,
        definition="Loans that were repaid, early, on time or late.",
        window=EVER,
        missing="Never: 0 without loans.",
        gaming=DUST,
        view="loans",
        value=lambda t: icount(t, t.repaid),
        empty=0,
    ),
    Feature(
        name="loans_repaid_365d",
        unit="loans",
        direction=1,
        reason=6,
        definition="Loans repaid, and not late, in the last 365 days.",
        window="365 days",
        missing="Never: 0 without loans.",
        gaming=DUST,
        view="loans",
        value=lambda t: icount(t, t.repaid & ~t.late & (t.ended >= t.until - 365 * DAY)),
        empty=0,
    ),
    Feature(
        name="largest_repaid_cents",
        unit="US cents",
        direction=1,
        reason=6,
        definition="Largest value borrowed at once, of loans that were repaid and not late.",
        window=EVER,
        missing="Missing when something was borrowed and no borrowing has a known value; 0 without loans.",
        gaming="A flash of borrowed money back and forth; days to repay stand beside it.",
        view="loans",
        value=_largest_repaid,
        empty=0,
    ),
    Feature(
        name="loans_late",
        unit="loans",
        direction=-1,
        reason=1,
        definition="Loans repaid after their due time, still open after it, or defaulted.",
        window=FIVE,
        missing="Never: 0 without loans.",
        gaming=NEW_WALLET,
        view="loans",
        value=lambda t: icount(t, t.late & t.recent),
        empty=0,
    ),
    Feature(
        name="longest_late_days",
        unit="days",
        direction=-1,
        reason=1,
        definition="Most days that a loan was repaid, or is still open, after its due time.",
        window=FIVE,
        missing="Never: 0 when nothing was late.",
        gaming="Paying a day late always; the number of late loans stands beside it.",
        view="loans",
        value=lambda t: ibis.coalesce(t.days_late.max(where=t.recent), 0),
        empty=0,
    ),
    Feature(
        name="loans_defaulted",
        unit="loans",
        direction=-1,
        reason=2,
        definition="Loans declared in default by their contract.",
        window=FIVE,
        missing="Never: 0 without loans.",
        gaming=NEW_WALLET,
        view="loans",
        value=lambda t: icount(t, (t.outcome == "defaulted") & t.recent),
        empty=0,
    ),
    Feature(
        name="liquidations",
        unit="times",
        direction=-1,
        reason=4,
        definition="Times that another liquidated the person's debt.",
        window="5 years",
        missing="Never: 0 without liquidations.",
        gaming="Liquidating oneself first; self-liquidations are counted beside it.",
        view="events",
        value=lambda t: icount(t, (t.kind == "liquidation") & ~t.own & (t.age <= FIVE_YEARS * DAY)),
        empty=0,
    ),
    Feature(
        name="self_liquidations",
        unit="times",
        direction=-1,
        reason=13,
        definition="Times that the person liquidated its own debt.",
        window="5 years",
        missing="Never: 0 without liquidations.",
        gaming="Liquidating through a second wallet, which counts as a liquidation.",
        view="events",
        value=lambda t: icount(t, (t.kind == "liquidation") & t.own & (t.age <= FIVE_YEARS * DAY)),
        empty=0,
    ),
    Feature(
        name="loans_bad_365d",
        unit="loans",
        direction=-1,
        reason=14,
        definition="Loans overdue, or ended late, in default or liquidated in the last 365 days.",
        window="365 days",
        missing="Never: 0 without loans.",
        gaming="Waiting a year; the five-year counts stand beside it.",
        view="loans",
        value=lambda t: icount(t, t.bad & (t.ended >= t.until - 365 * DAY)),
        empty=0,
    ),
    Feature(
        name="days_since_bad",
        unit="days",
        direction=1,
        reason=14,
        definition="Days since a loan last ended late, in default or liquidated; 0 while one is overdue.",
        window=FIVE,
        missing="Never: 1825, the most there is, when there was none in five years.",
        gaming=NEW_WALLET,
        view="loans",
        value=lambda t: _days_since(t, t.bad),
        empty=FIVE_YEARS,
    ),
    Feature(
        name="days_since_late",
        unit="days",
        direction=1,
        reason=1,
        definition="Days since a loan last ended late or in default; 0 while one is overdue.",
        window=FIVE,
        missing="Never: 1825, the most there is, when there was none in five years.",
        gaming=NEW_WALLET,
        view="loans",
        value=lambda t: _days_since(t, t.late),
        empty=FIVE_YEARS,
    ),
    Feature(
        name="on_time_share_bps",
        unit="basis points",
        direction=1,
        reason=20,
        definition="Share of loans repaid and not late, of those and the late or liquidated ones.",
        window="good loans always, bad ones for 5 years after they ended",
        missing="Missing when nothing was ever borrowed; 10000 while no loan has ended.",
        gaming=DUST,
        view="loans",
        value=_on_time_share,
    ),
    Feature(
        name="repaid_total_cents",
        unit="US cents",
        direction=1,
        reason=6,
        definition="Known principal of all loans that were repaid and not late, together.",
        window=EVER,
        missing="Missing when something was borrowed and no borrowing has a known value; 0 without loans.",
        gaming="Borrowing and repaying the same money again and again; quick repayments stand beside it.",
        view="loans",
        value=_repaid_total,
        empty=0,
    ),
    Feature(
        name="loans_repaid_early",
        unit="loans",
        direction=1,
        reason=20,
        definition="Loans with a due time that were repaid at least a day before it.",
        window=EVER,
        missing="Never: 0 without loans.",
        gaming=DUST,
        view="loans",
        value=lambda t: icount(t, t.repaid & (t.ended <= t.due - DAY)),
        empty=0,
    ),
    Feature(
        name="liquidated_cents",
        unit="US cents",
        direction=-1,
        reason=4,
        definition="Known value of the person's debt that others covered by liquidating it.",
        window="5 years",
        missing="Missing when there were some and none has a known value; 0 without liquidations.",
        gaming="Liquidating oneself first; self-liquidations are counted beside it.",
        view="events",
        value=_liquidated_cents,
        empty=0,
    ),
)
