"""Views: the ledger as the features see it, one set of rows for each (person, until).

Rules that hold here: a view is made only of events of the person's account with block_time < until,
so no feature can look ahead; several moments of one person never mix; every row carries `age`, its
seconds before until (at least 1); a window of d days holds the rows with age ≤ d × 86400. Months are
spans of 30 days counted back from until, 0 the latest.
"""

from collections.abc import Callable, Mapping

import ibis
from ibis.expr.types import BinaryScalar, BooleanValue, IntegerValue, Table

from models.features.feature import DAY, FIVE_YEARS, FLOOR_CENTS, MONTH_DAYS, MONTHS, View
from models.integers import icount, idiv, isum
from models.loans import ORDER, POSITION, loans

KINDS = ("deposit", "withdraw", "borrow", "repay", "liquidation", "default", "transfer_in", "transfer_out")
"""The kinds of events that features look at."""

POINT = ("point", "until")
"""What rows are grouped by: the number that stands for (person, until), which engines group faster."""


def events(ledger: Table, points: Table) -> Table:
    """The points' own events before each point's until: the ledger's columns, point, until, age, own.

    `points` has the columns person, until and point (a number of its own for each). `own` says that the
    account acted itself: not what it was sent, not what another repaid for it. A repayment whose payer
    the protocol does not log counts as its own.
    """
    rows = ledger.filter(ledger.kind.isin(KINDS))
    joined = rows.join(points, [rows.account == points.person, rows.block_time < points.until])
    joined = joined.mutate(age=joined.until - joined.block_time)
    return joined.mutate(own=_own(joined))


def loan_rows(rows: Table) -> Table:
    """Loans of models/loans.py with what has become of each until `until`.

    Adds ended (closed, or until while open), late (ended after its due time, or defaulted), bad (late,
    liquidated or self-liquidated), recent (ended within five years), days_late, known (its principal).
    """
    found = loans(rows, by=POINT)
    found = found.mutate(ended=ibis.coalesce(found.closed, found.until))
    past_due = ibis.coalesce(found.ended > found.due, False)
    late = past_due | (found.outcome == "defaulted")
    return found.mutate(
        late=late,
        bad=late | found.outcome.isin(("liquidated", "self_liquidated")),
        recent=found.ended >= found.until - FIVE_YEARS * DAY,
        days_late=ibis.ifelse(past_due, idiv(found.ended - found.due, DAY), 0),
        known=found.principal_cents.notnull(),
    )


def repayments(rows: Table) -> Table:
    """The person's own repayments after an own borrowing of the same position.

    Adds days (since the latest borrowing), rank (from 0, by days) and size (repayments of the point).
    """
    own = rows.filter(rows.kind.isin(("borrow", "repay")) & rows.own)
    so_far = ibis.cumulative_window(group_by=[*POINT, *POSITION], order_by=list(ORDER))
    borrowed = ibis.ifelse(own.kind == "borrow", own.block_time, ibis.null("int64"))
    own = own.mutate(borrowed=borrowed.max().over(so_far))
    paid = own.filter((own.kind == "repay") & own.borrowed.notnull())
    paid = paid.mutate(days=idiv(paid.block_time - paid.borrowed, DAY))
    by_days = ibis.window(group_by=list(POINT), order_by=["days", *ORDER])
    point = ibis.window(group_by=list(POINT))
    return paid.mutate(rank=ibis.row_number().over(by_days), size=paid.days.count().over(point))


def flows(rows: Table) -> Table:
    """Known money in and out of the last twelve months by month and counterparty.

    Columns: point, month (0 … 11), counterparty, inflow_cents, outflow_cents (null when none known),
    acts (own events). Transfers to oneself and fresh mints (from the zero address) are no income.
    """
    recent = rows.filter(rows.age <= MONTHS * MONTH_DAYS * DAY)
    recent = recent.mutate(month=idiv(recent.age - 1, MONTH_DAYS * DAY))
    other = ibis.coalesce((recent.counterparty != recent.account) & (recent.counterparty != _zero()), False)
    return recent.group_by([*POINT, "month", "counterparty"]).agg(
        inflow_cents=isum(recent.value_cents, (recent.kind == "transfer_in") & other),
        outflow_cents=isum(recent.value_cents, (recent.kind == "transfer_out") & other),
        acts=icount(recent, recent.own),
    )


def partners(rows: Table) -> Table:
    """One row a counterparty of the last twelve months: months and cents of known money in and out."""
    found = flows(rows)
    return found.group_by([*POINT, "counterparty"]).agg(**_in_and_out(found))


def months(rows: Table) -> Table:
    """One row a month with any event: known money in and out, and the person's own acts."""
    found = flows(rows)
    return found.group_by([*POINT, "month"]).agg(**_in_and_out(found), acts=isum(found.acts))


VIEWS: Mapping[View, Callable[[Table], Table]] = {
    "events": lambda rows: rows,
    "loans": loan_rows,
    "repayments": repayments,
    "partners": partners,
    "months": months,
}


def _own(rows: Table) -> BooleanValue:
    itself = ibis.coalesce(rows.counterparty == rows.account, False)
    always = rows.kind.isin(("borrow", "withdraw", "transfer_out"))
    unless_by_another = rows.kind.isin(("deposit", "repay")) & (rows.counterparty.isnull() | itself)
    return always | unless_by_another | ((rows.kind == "liquidation") & itself)


def _in_and_out(found: Table) -> dict[str, IntegerValue]:
    return {
        "inflow_cents": isum(found.inflow_cents),
        "outflow_cents": isum(found.outflow_cents),
        "months_in": icount(found, found.inflow_cents >= FLOOR_CENTS),
        "months_out": icount(found, found.outflow_cents >= FLOOR_CENTS),
    }


def _zero() -> BinaryScalar:
    return ibis.literal(bytes(20), type="binary")
