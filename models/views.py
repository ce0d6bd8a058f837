"""Views: the ledger as the features see it, one set of rows for each (person, until).

Rules that hold here:
- A view is made only of events of the person's wallets (models/persons.py) with block_time < until, so no
  feature can look ahead; several moments of one person never mix.
- Every row carries `age`, its seconds before until (at least 1); a window of d days holds the rows with
  age ≤ d × 86400. Months are spans of 30 days counted back from until, 0 the latest.
- Between wallets that are or were one person nothing moves: transfers and invoices are left out. What one
  does for another (repay, deposit, liquidate) while they are, the other did itself. Each wallet's debts are
  its own positions.
- Of a former wallet only liquidations before the two were parted, and bad loans opened before, are seen.
- What an upheld dispute leaves out, and the borrowing of a cancelled loan, is not seen (models/facts.py).
"""

from collections.abc import Mapping

import ibis
from ibis.expr.types import BinaryScalar, BooleanValue, IntegerValue, Table

from models.features.feature import DAY, FIVE_YEARS, FLOOR_CENTS, MONTH_DAYS, MONTHS, View
from models.integers import icount, isum, udiv
from models.loans import KINDS as LOAN_KINDS
from models.loans import ORDER, POSITION, loans
from models.persons import is_among_kin, is_inside, is_left_out, of_person
from models.vouching import vouched

DEBTS = ("borrow", "repay", "liquidation", "default")
TRANSFERS = ("transfer_in", "transfer_out")
INVOICES = (
    "invoice_issued", "invoice_accepted", "invoice_disputed", "invoice_financed", "invoice_paid",
    "invoice_credited", "invoice_voided",
)  # fmt: skip
KINDS = ("deposit", "withdraw", *DEBTS, *TRANSFERS, *INVOICES)
"""The kinds of events that features look at."""

MOVING = tuple(kind for kind in KINDS if kind not in ("default", "invoice_financed", "invoice_paid"))
"""Those that can be an own act or move money."""

POINT = ("point", "until")
"""What rows are grouped by: the number that stands for (person, until), which engines group faster."""

INVOICE = (*POINT, "leg", "chain_id", "protocol", "loan_id")
"""One invoice as its supplier (leg 0) or its buyer (leg 1) sees it."""

OLDER = MONTHS
"""The month that stands for all before the last twelve."""

SEASONED_DAYS = 180
"""How long ago a payer must have been seen first to be no fresh wallet."""


def logged(ledger: Table, members: Table, kinds: tuple[str, ...] = KINDS) -> Table:
    """The points' own events before each point's until, with the ledger's columns and more.

    `members` as in `persons.members`. Adds point, person, until, member, parted and age. A counterparty of
    the same person is the account itself.
    """
    rows = ledger.filter(ledger.kind.isin(kinds))
    joined = rows.join(members, [rows.account == members.wallet, rows.block_time < members.until])
    if "bundle" in members.columns:
        joined = _among_others(joined.filter(~is_left_out(joined)).drop("without"))
    return joined.drop("wallet").mutate(age=joined.until - joined.block_time)


def events(ledger: Table, members: Table, kinds: tuple[str, ...] = KINDS) -> Table:
    """The same with month (0 the latest … 11, or OLDER), own, and known flows (see `_flows`).

    `own` says that the person acted itself: not what it was sent, not what another repaid for it. A repayment
    whose payer the protocol does not log counts as its own.
    """
    rows = logged(ledger, members, kinds)
    month = ibis.least(udiv(rows.age - 1, MONTH_DAYS * DAY), OLDER)
    return rows.mutate(own=_own(rows), month=month, **_flows(rows))


def _among_others(joined: Table) -> Table:
    """Without what moves among kin; what else another wallet of its person does, the account did itself."""
    joined = joined.filter(~(joined.kind.isin((*TRANSFERS, *INVOICES)) & is_among_kin(joined)))
    counterparty = ibis.ifelse(is_inside(joined), joined.account, joined.counterparty)
    return joined.mutate(counterparty=counterparty).drop("bundle", "kin")


def loan_rows(rows: Table, members: Table) -> Table:
    """Loans of models/loans.py with what has become of each until `until`; of former wallets the bad ones.

    Adds ended (closed, or until while open), late (ended after its due time, or defaulted), bad (late,
    liquidated or self-liquidated), repaid (and opened by a borrowing: no rest of a liquidated one), recent
    (ended within five years), days_late, known (its principal), parted. A former wallet's loan was not
    opened by this person and is no good deed: opened and values of what was borrowed are null.
    """
    found = loans(rows, by=("member",))
    owners = members.select(*POINT, "parted", _member="member")
    found = found.join(owners, found.member == owners["_member"]).drop("_member")
    found = found.mutate(ended=ibis.coalesce(found.closed, found.until))
    past_due = ibis.coalesce(found.ended > found.due, False)
    late = past_due | (found.outcome == "defaulted")
    found = found.mutate(late=late, bad=late | found.outcome.isin(("liquidated", "self_liquidated")))
    found = found.filter(found.parted.isnull() | (found.bad & (found.began < found.parted)))
    own = found.parted.isnull()
    borrowed = {
        name: ibis.ifelse(own, found[name], ibis.null("int64"))
        for name in ("opened", "principal_cents", "largest_cents")
    }
    found = found.mutate(**borrowed)
    return found.mutate(
        repaid=(found.outcome == "repaid") & found.opened.notnull(),
        recent=found.ended >= found.until - FIVE_YEARS * DAY,
        days_late=ibis.ifelse(past_due, udiv(found.ended - found.due, DAY), 0),
        known=found.principal_cents.notnull(),
    )


def repayments(rows: Table) -> Table:
    """The person's own repayments, payer known, after an own borrowing of the same position.

    Adds days (since the latest borrowing there), rank (from 0, by days), size (repayments of the point)
    and since (seconds since the latest borrowing anywhere).
    """
    paid_itself = (rows.kind == "repay") & (rows.counterparty == rows.account)
    own = rows.filter((rows.kind == "borrow") | paid_itself)
    borrowed = ibis.ifelse(own.kind == "borrow", own.block_time, ibis.null("int64"))
    here = ibis.cumulative_window(group_by=["member", *POSITION], order_by=list(ORDER))
    anywhere = ibis.cumulative_window(group_by=list(POINT), order_by=list(ORDER))
    own = own.mutate(borrowed=borrowed.max().over(here), lately=borrowed.max().over(anywhere))
    paid = own.filter((own.kind == "repay") & own.borrowed.notnull())
    paid = paid.mutate(days=udiv(paid.block_time - paid.borrowed, DAY), since=paid.block_time - paid.lately)
    by_days = ibis.window(group_by=list(POINT), order_by=["days", *ORDER])
    point = ibis.window(group_by=list(POINT))
    return paid.mutate(rank=ibis.row_number().over(by_days), size=paid.days.count().over(point))


def partners(rows: Table, ledger: Table) -> Table:
    """One row a counterparty of the last twelve months with money of known value in or out.

    Columns: point, counterparty, inflow_cents, outflow_cents (null when none known), months_in,
    months_out (months with at least a dollar), seasoned (its own first event is old enough).
    Transfers to oneself and fresh mints (from nobody) are no income.
    """
    year = rows.filter(rows.month < OLDER)
    monthly = year.filter(year.paid_in.notnull() | year.paid_out.notnull())
    monthly = monthly.group_by([*POINT, "counterparty", "month"]).agg(
        inflow_cents=isum(monthly.paid_in), outflow_cents=isum(monthly.paid_out)
    )
    found = monthly.group_by([*POINT, "counterparty"]).agg(
        inflow_cents=isum(monthly.inflow_cents),
        outflow_cents=isum(monthly.outflow_cents),
        months_in=icount(monthly, monthly.inflow_cents >= FLOOR_CENTS),
        months_out=icount(monthly, monthly.outflow_cents >= FLOOR_CENTS),
    )
    seen = ledger.group_by(_payer="account").agg(first_seen=ledger.block_time.min())
    found = found.left_join(seen, found.counterparty == seen["_payer"]).drop("_payer")
    old_enough = found.first_seen <= found.until - SEASONED_DAYS * DAY
    return found.mutate(seasoned=ibis.coalesce(old_enough, False))


def months(rows: Table) -> Table:
    """One row a month with any event (0 the latest … 11, and OLDER): known money and own acts.

    Columns: point, month, inflow_cents, outflow_cents (null when none known), acts, balance_cents (known
    flows since the beginning up to that month's end), year_outflow (of the last twelve months), rank of
    the month by inflow (from 0, the largest first; OLDER last).
    """
    found = rows.group_by([*POINT, "month"]).agg(
        inflow_cents=isum(rows.paid_in),
        outflow_cents=isum(rows.paid_out),
        flow_cents=isum(ibis.coalesce(rows.moved_in, 0) - ibis.coalesce(rows.moved_out, 0)),
        acts=icount(rows, rows.own),
    )
    in_year = found.month < OLDER
    earned = ibis.ifelse(in_year, ibis.coalesce(found.inflow_cents, 0), -1)
    spent = ibis.ifelse(in_year, ibis.coalesce(found.outflow_cents, 0), 0)
    since = ibis.cumulative_window(group_by=list(POINT), order_by=found.month.desc())
    by_inflow = ibis.window(group_by=list(POINT), order_by=[ibis.desc(earned), found.month])
    return found.mutate(
        balance_cents=isum(found.flow_cents, window=since),
        year_outflow=isum(spent, window=ibis.window(group_by=list(POINT))),
        rank=ibis.row_number().over(by_inflow),
    )


def invoices(rows: Table) -> Table:
    """One row an invoice that the person issued (leg 0) or accepted (leg 1).

    Columns: those of INVOICE, other (buyer or supplier), asset, amount, due (null when unknown), began,
    accepted, financed (times), disputed, paid and paid_on_time (in full, by anyone but the supplier itself;
    of an unknown amount by any payment). What the supplier credited counts as paid for the buyer, who
    owes it no longer, once something was paid in time. Amount and due are what the person itself put its
    name to.
    """
    told = rows.select(
        *INVOICE, "account", "kind", "counterparty", "asset", "amount", "due_time", "block_time"
    )
    return _with_payments(_promised(told), _settling(told))


def _settling(told: Table) -> Table:
    """Payments, not those of the supplier to itself, and what the buyer no longer owes by a credit note."""
    by_another = (told.leg == 1) | ~ibis.coalesce(told.counterparty == told.account, False)
    credit = (told.kind == "invoice_credited") & (told.leg == 1)
    rows = told.filter(((told.kind == "invoice_paid") & by_another) | credit)
    return rows.mutate(pays=rows.kind == "invoice_paid")


def _promised(told: Table) -> Table:
    """One row an invoice with what the person itself put its name to."""
    mine = ibis.ifelse(told.leg == 0, told.kind == "invoice_issued", told.kind == "invoice_accepted")
    found = told.group_by(list(INVOICE)).agg(
        other=told.counterparty.max(where=mine),
        asset=told.asset.max(where=mine),
        amount=told.amount.max(where=mine),
        due=told.due_time.min(where=mine),
        began=told.block_time.min(where=mine),
        accepted=icount(told, told.kind == "invoice_accepted") > 0,
        disputed=icount(told, told.kind == "invoice_disputed") > 0,
        financed=icount(told, told.kind == "invoice_financed"),
    )
    return found.filter(found.began.notnull())


def _with_payments(found: Table, payments: Table) -> Table:
    """Adds paid and paid_on_time to invoices."""
    known = found.select(*(found[name].name(f"_{name}") for name in INVOICE), "due", of="amount")
    keys = [payments[name].identical_to(known[f"_{name}"]) for name in INVOICE]
    joined = payments.select(*INVOICE, "block_time", "amount", "pays").join(known, keys)
    in_time = ibis.coalesce(joined.block_time <= joined.due, False) & joined.pays
    amount = ibis.greatest(joined.amount, ibis.literal(0, "decimal(38, 0)"))
    sums = joined.group_by([f"_{name}" for name in INVOICE]).agg(
        of=joined.of.max(),
        all=amount.sum().cast("decimal(38, 0)"),
        settled_early=amount.sum(where=in_time | ~joined.pays).cast("decimal(38, 0)"),
        unknown=icount(joined, joined.amount.isnull()) > 0,
        unknown_early=icount(joined, joined.amount.isnull() & in_time) > 0,
        any_early=icount(joined, in_time) > 0,
    )
    sums = sums.mutate(
        paid=sums.of.isnull() | sums.unknown | (sums["all"] >= sums.of),
        paid_on_time=sums.unknown_early
        | (sums.any_early & (sums.of.isnull() | (sums.settled_early >= sums.of))),
    )
    back = [found[name].identical_to(sums[f"_{name}"]) for name in INVOICE]
    joined = found.left_join(sums.select(*(f"_{name}" for name in INVOICE), "paid", "paid_on_time"), back)
    joined = joined.drop(*(f"_{name}" for name in INVOICE))
    return joined.mutate(
        paid=ibis.coalesce(joined.paid, False), paid_on_time=ibis.coalesce(joined.paid_on_time, False)
    )


def traders(rows: Table) -> Table:
    """One row a buyer of the person's receivables (leg 0), or a supplier that it accepted from (leg 1).

    Columns: point, leg, counterparty, accepted (rows), paid_cents (known value, null when none known), paid
    (rows); of the last twelve months.
    """
    told = rows.filter((rows.month < OLDER) & (rows.counterparty != rows.account))
    paid = told.kind == "invoice_paid"
    return told.group_by([*POINT, "leg", "counterparty"]).agg(
        accepted=icount(told, told.kind == "invoice_accepted"),
        paid=icount(told, paid),
        paid_cents=isum(told.value_cents, paid),
    )


def pledges(rows: Table) -> Table:
    """One row a claim that the person issued and had financed: same buyer, asset, amount and due time.

    Column financed: how many times, over all invoices that say the same.
    """
    told = _promised(rows)
    claims = told.filter((told.leg == 0) & (told.financed > 0) & told.other.notnull() & told.due.notnull())
    claims = claims.filter(claims.amount.notnull() & (claims.due >= claims.until - FIVE_YEARS * DAY))
    return claims.group_by([*POINT, "other", "asset", "amount", "due"]).agg(financed=isum(claims.financed))


def views(ledger: Table, members: Table) -> Mapping[View, Table]:
    """Every view by name, made of the points' own events in the ledger; `members` as in `persons.members`.

    Each view reads the kinds of events that it needs for itself: shared rows, an engine would write down
    with all their columns first, which takes longer than reading a ledger of columns several times.
    """
    present = of_person(members)
    every = events(ledger, members)
    lasting = every.parted.isnull() | ((every.kind == "liquidation") & (every.block_time < every.parted))
    claims = logged(ledger, present, ("invoice_issued", "invoice_accepted", "invoice_financed"))
    return {
        "events": every.filter(lasting),
        "loans": loan_rows(logged(ledger, members, LOAN_KINDS), members),
        "repayments": repayments(logged(ledger, present, ("borrow", "repay"))),
        "partners": partners(events(ledger, present, TRANSFERS), ledger),
        "months": months(events(ledger, present, MOVING)),
        "invoices": invoices(logged(ledger, present, INVOICES)),
        "traders": traders(events(ledger, present, ("invoice_accepted", "invoice_paid"))),
        "pledges": pledges(claims),
        "vouched": vouched(_lately(events(ledger, present, ("transfer_in", "invoice_paid"))), ledger, POINT),
    }


def _lately(rows: Table) -> Table:
    return rows.filter(rows.month < OLDER)


def _own(rows: Table) -> BooleanValue:
    itself = ibis.coalesce(rows.counterparty == rows.account, False)
    always = rows.kind.isin(("borrow", "withdraw"))
    spent = (rows.kind == "transfer_out") & ibis.coalesce(rows.value_cents >= FLOOR_CENTS, False)
    unless_by_another = rows.kind.isin(("deposit", "repay")) & (rows.counterparty.isnull() | itself)
    as_supplier = (rows.leg == 0) & rows.kind.isin(("invoice_issued", "invoice_credited", "invoice_voided"))
    as_buyer = (rows.leg == 1) & rows.kind.isin(("invoice_accepted", "invoice_disputed"))
    liquidates = (rows.kind == "liquidation") & itself
    return always | spent | unless_by_another | as_supplier | as_buyer | liquidates


def _flows(rows: Table) -> dict[str, IntegerValue]:
    """Known cents by direction, null otherwise; an outflow below the floor may be another's doing.

    moved_*: between the account and anyone else; paid_*: between it and another wallet than nobody's.
    """
    itself = ibis.coalesce(rows.counterparty == rows.account, False)
    wallet = ibis.coalesce(rows.counterparty != _zero(), False)
    comes = (rows.kind == "transfer_in") & ~itself
    goes = (rows.kind == "transfer_out") & ~itself & (rows.value_cents >= FLOOR_CENTS)
    nothing = ibis.null("int64")
    return {
        "moved_in": ibis.ifelse(comes, rows.value_cents, nothing),
        "moved_out": ibis.ifelse(goes, rows.value_cents, nothing),
        "paid_in": ibis.ifelse(comes & wallet, rows.value_cents, nothing),
        "paid_out": ibis.ifelse(goes & wallet, rows.value_cents, nothing),
    }


def _zero() -> BinaryScalar:
    return ibis.literal(bytes(20), type="binary")
