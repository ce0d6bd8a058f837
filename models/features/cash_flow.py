"""Cash flow: known money in and out, in spans of 30 days counted back from the moment.

Rules that hold here: transfers of unknown value add nothing, and so can hide nothing either. What comes
in is others' act, so it counts in sums, smallest and typical months and streaks, all of which more money
can only raise; how much the amounts vary and when in the year they fall is measured on what goes out,
which only the person can do. Outflows below a dollar do not count: their sender may have been forged.
"""

from typing import Literal

import ibis
from ibis.expr.types import BooleanValue, IntegerValue, Table

from models.features.feature import FLOOR_CENTS, MAX_CENTS, MONTH_DAYS, MONTHS, Feature, total_cents
from models.integers import held, icount, isum, udiv

CIRCULAR = (
    "Sending one's own money round through other wallets; inflow net of what is sent back stands beside it."
)
SMOOTHED = "Splitting payments evenly over months, which is what it is meant to reward."
YEAR = "360 days"
NO_INFLOW = "Never: 0 when nothing of known value came in."
NO_OUTFLOW = "Never: 0 when nothing of known value went out."
NO_OUTFLOW_MISSING = "Missing when nothing of known value went out."
QUARTERS = 4


def _sum(flow: Literal["inflow", "outflow"], days: int, direction: Literal[0, 1], reason: int) -> Feature:
    """Known money of one direction in the last `days`, a multiple of 30."""
    spans = days // MONTH_DAYS
    came = flow == "inflow"
    return Feature(
        name=f"{flow}_{days}d_cents",
        unit="US cents",
        direction=direction,
        reason=reason,
        definition=f"Known value received from others in the last {days} days."
        if came
        else f"Known value sent to others, at least a dollar at a time, in the last {days} days.",
        window=f"{days} days",
        missing=NO_INFLOW if came else NO_OUTFLOW,
        gaming=CIRCULAR,
        view="months",
        value=lambda t: total_cents(t[f"{flow}_cents"], t.month < spans),
        empty=0,
    )


def _active(t: Table) -> BooleanValue:
    active: BooleanValue = (t.inflow_cents >= FLOOR_CENTS) & (t.month < MONTHS)
    return active


def _streak(t: Table) -> IntegerValue:
    """Months in a row, the latest first, in which money came in."""
    full = [(icount(t, _active(t) & (t.month < n)) == n).cast("int64") for n in range(1, MONTHS + 1)]
    streak = full[0]
    for each in full[1:]:
        streak = streak + each
    return streak


def _smallest(t: Table, months: int) -> IntegerValue:
    """Smallest monthly inflow of the latest `months`; 0 when one of them has no row."""
    lately = t.month < months
    smallest = ibis.coalesce(t.inflow_cents, 0).min(where=lately)
    least: IntegerValue = ibis.ifelse(icount(t, lately) == months, smallest, 0)
    return held(least, MAX_CENTS)


def _typical(t: Table) -> IntegerValue:
    """The seventh largest month; 0 when fewer have a row."""
    seventh = t.inflow_cents.max(where=(t["rank"] == 6) & (t.month < MONTHS))
    return held(ibis.coalesce(seventh, 0), MAX_CENTS)


def _earning_quarters(t: Table) -> IntegerValue:
    """Quarters of three months in which money came in."""
    earned = [
        (icount(t, _active(t) & (t.month >= 3 * q) & (t.month < 3 * q + 3)) > 0).cast("int64")
        for q in range(QUARTERS)
    ]
    return earned[0] + earned[1] + earned[2] + earned[3]


def _busiest_quarter(t: Table) -> IntegerValue:
    """Share of the largest quarter in the year's outflow; null without outflow."""
    quarters = [
        total_cents(t.outflow_cents, (t.month >= 3 * q) & (t.month < 3 * q + 3)) for q in range(QUARTERS)
    ]
    total = quarters[0] + quarters[1] + quarters[2] + quarters[3]
    return udiv(ibis.greatest(*quarters) * 10_000, total)


def _lowest_balance(t: Table) -> IntegerValue:
    """A balance not yet begun is 0; months without a row keep the one before."""
    lowest = held(t.balance_cents.min(), MAX_CENTS, -MAX_CENTS)
    begun = icount(t, t.month == MONTHS) > 0
    balance: IntegerValue = ibis.ifelse(begun, lowest, ibis.least(lowest, 0))
    return balance


def _volatility(t: Table) -> IntegerValue:
    """Mean distance of the months' outflow from their mean, against the most it can be; on whole dollars.

    With x the months and S their sum, the sum of |12 x − S| lies between 0 and 22 S. Null without outflow.
    """
    in_year = t.month < MONTHS
    year = udiv(held(t.year_outflow, MAX_CENTS), 100)
    month = udiv(held(ibis.coalesce(t.outflow_cents, 0), MAX_CENTS), 100)
    total = year.max()
    silent = (MONTHS - icount(t, in_year)) * total  # months without any event are 0 too
    distance = isum((month * MONTHS - year).abs(), in_year) + silent
    return held(udiv(distance * 10_000, total * (2 * (MONTHS - 1))), 10_000)


FEATURES = (
    _sum("inflow", 90, 1, 17),
    _sum("inflow", 360, 1, 17),
    Feature(
        name="inflow_months",
        unit="months of 12",
        direction=1,
        reason=9,
        definition="Of the last 12 spans of 30 days, those in which at least one dollar came in.",
        window=YEAR,
        missing=NO_INFLOW,
        gaming=CIRCULAR,
        view="months",
        value=lambda t: icount(t, _active(t)),
        empty=0,
    ),
    _sum("outflow", 90, 0, 18),
    Feature(
        name="outflow_months",
        unit="months of 12",
        direction=0,
        reason=18,
        definition="Of the last 12 spans of 30 days, those in which at least one dollar went out.",
        window=YEAR,
        missing=NO_OUTFLOW,
        gaming=CIRCULAR,
        view="months",
        value=lambda t: icount(t, (t.outflow_cents >= FLOOR_CENTS) & (t.month < MONTHS)),
        empty=0,
    ),
    _sum("inflow", 30, 1, 17),
    _sum("inflow", 180, 1, 17),
    _sum("outflow", 30, 0, 18),
    _sum("outflow", 180, 0, 18),
    _sum("outflow", 360, 0, 18),
    Feature(
        name="net_flow_90d_cents",
        unit="US cents",
        direction=1,
        reason=24,
        definition="Known value received less known value sent in the last 90 days; may be negative.",
        window="90 days",
        missing="Never: 0 without flows.",
        gaming=CIRCULAR,
        view="months",
        value=lambda t: total_cents(t.inflow_cents, t.month < 3) - total_cents(t.outflow_cents, t.month < 3),
        empty=0,
    ),
    Feature(
        name="covered_months",
        unit="months of 12",
        direction=1,
        reason=24,
        definition="Of the last 12 spans of 30 days, those with a dollar or more in and no more out than in.",
        window=YEAR,
        missing=NO_INFLOW,
        gaming=CIRCULAR,
        view="months",
        value=lambda t: icount(t, _active(t) & (ibis.coalesce(t.outflow_cents, 0) <= t.inflow_cents)),
        empty=0,
    ),
    Feature(
        name="inflow_streak_months",
        unit="months of 12",
        direction=1,
        reason=9,
        definition="Spans of 30 days in a row, from the latest back, in which at least one dollar came in.",
        window=YEAR,
        missing=NO_INFLOW,
        gaming=CIRCULAR,
        view="months",
        value=_streak,
        empty=0,
    ),
    Feature(
        name="smallest_inflow_month_180d_cents",
        unit="US cents",
        direction=1,
        reason=25,
        definition="Smallest known inflow of the last 6 spans of 30 days.",
        window="180 days",
        missing="Never: 0 when a span had no inflow.",
        gaming=CIRCULAR,
        view="months",
        value=lambda t: _smallest(t, 6),
        empty=0,
    ),
    Feature(
        name="typical_inflow_month_cents",
        unit="US cents",
        direction=1,
        reason=25,
        definition="Lower median of the known inflow of the last 12 spans of 30 days.",
        window=YEAR,
        missing="Never: 0 when fewer than 7 spans had inflow.",
        gaming=CIRCULAR,
        view="months",
        value=_typical,
        empty=0,
    ),
    Feature(
        name="earning_quarters",
        unit="quarters of 4",
        direction=1,
        reason=9,
        definition="Of the last 4 spans of 90 days, those in which at least one dollar came in a month.",
        window=YEAR,
        missing=NO_INFLOW,
        gaming=CIRCULAR,
        view="months",
        value=_earning_quarters,
        empty=0,
    ),
    Feature(
        name="outflow_volatility_bps",
        unit="basis points",
        direction=0,
        reason=26,
        definition="Mean distance of 12 spans' outflow (in dollars) from its mean, of the most possible.",
        window=YEAR,
        missing=NO_OUTFLOW_MISSING,
        gaming=SMOOTHED,
        view="months",
        value=_volatility,
    ),
    Feature(
        name="outflow_busiest_quarter_bps",
        unit="basis points",
        direction=0,
        reason=26,
        definition="Share of the largest of 4 spans of 90 days in the known value sent in 360 days.",
        window=YEAR,
        missing=NO_OUTFLOW_MISSING,
        gaming=SMOOTHED,
        view="months",
        value=_busiest_quarter,
    ),
    Feature(
        name="lowest_balance_360d_cents",
        unit="US cents",
        direction=1,
        reason=27,
        definition="Smallest sum of known flows since the beginning, at the ends of 12 spans of 30 days.",
        window="360 days of month ends, flows of the whole history",
        missing="Never: 0 without flows.",
        gaming="Parking borrowed money over month ends; what is owed stands beside it.",
        view="months",
        value=_lowest_balance,
        empty=0,
    ),
)
