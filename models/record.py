"""The record: every fact that a wallet's features rest on, as its owner reads it; one row a fact.

Rules that hold here: the rows are those of the views (models/views.py), so of all wallets of the person, and
of former ones only what is bad; facts of upheld disputes stand in it too, for their owner to see. At most
MOST facts of the last five years a point, loans and invoices before payments, the latest first.
"""

import ibis
from ibis.expr.types import BooleanValue, StringValue, Table

from models.features.feature import DAY, FIVE_YEARS, FLOOR_CENTS
from models.loans import KINDS as LOAN_KINDS
from models.loans import ORDER
from models.persons import members as members_of
from models.persons import of_person
from models.views import DEBTS, INVOICES, TRANSFERS, events, invoices, loan_rows, logged

MOST = 200
"""Facts told of one person."""

TITLE = (
    "chain_id", "protocol", "loan_id", "block_number", "log_index", "tx_hash", "block_time", "counterparty",
    "asset", "value_cents", "due_time",
)  # fmt: skip
"""What is told of the event that began a fact: columns of the ledger."""

LOAN = ("member", "chain_id", "protocol", "loan_id")
OUTCOMES = ("repaid", "open", "late", "overdue", "self_liquidated", "liquidated", "defaulted")
"""What became of a loan, the worse the later; of several in one market the worst is told."""


def record(ledger: Table, points: Table, tied: Table | None) -> Table:
    """Columns person, wallet, kind (loan, invoice, deposit or payment), those of TITLE, outcome; in order.

    `points` has the columns person, until and point, `tied` is as in `persons.ties`. outcome: one of OUTCOMES
    or cancelled; of invoices paid, paid_late, disputed, overdue, open or issued; else received, sent,
    deposited or withdrawn.
    """
    members = members_of(points, tied)
    present = of_person(members)
    parts = [_loans(ledger, members), _invoices(ledger, present), _others(ledger, present)]
    found = ibis.union(*parts)
    in_order = ibis.window(
        group_by="point", order_by=[found.kind == "payment", *(found[name].desc() for name in ORDER)]
    )
    found = found.mutate(place=ibis.row_number().over(in_order))
    found = found.filter(found.place < MOST).order_by(["person", "place"])
    return found.select("person", "wallet", "kind", *TITLE, "outcome")


def _loans(ledger: Table, members: Table) -> Table:
    rows = logged(ledger, members, LOAN_KINDS)
    told = loan_rows(rows, members)
    worst = ibis.cases(
        *((told.outcome == name, place) for place, name in enumerate(OUTCOMES) if place >= 4),
        (told.late & (told.outcome == "open"), 3),
        (told.late, 2),
        (told.outcome == "open", 1),
        else_=0,
    )
    told = told.group_by([told[name].name(f"_{name}") for name in LOAN]).agg(
        worst=worst.max(), ended=told.ended.max()
    )
    began = _first(rows.filter(rows.kind.isin(DEBTS)), LOAN, rows.kind != "borrow")
    found = began.left_join(told, [began[name].identical_to(told[f"_{name}"]) for name in LOAN])
    found = found.filter(found.worst.notnull() | ((found.kind == "borrow") & found.parted.isnull()))
    said = ibis.cases(*((found.worst == n, name) for n, name in enumerate(OUTCOMES)), else_="cancelled")
    # A loan is told of for as long as it can count: five years after it ended.
    age = ibis.least(found.age, ibis.coalesce(found.until - found.ended, found.age))
    return _told(found.mutate(age=age), ibis.literal("loan"), said)


def _invoices(ledger: Table, present: Table) -> Table:
    rows = logged(ledger, present, INVOICES)
    told = invoices(rows)
    said = ibis.cases(
        (told.paid_on_time, "paid"),
        (told.paid, "paid_late"),
        (told.disputed, "disputed"),
        (told.accepted & ibis.coalesce(told.due < told.until, False), "overdue"),
        (told.accepted, "open"),
        else_="issued",
    )
    key = ("point", "leg", "chain_id", "protocol", "loan_id")
    told = told.select(*(told[name].name(f"_{name}") for name in key), said=said)
    mine = ibis.ifelse(rows.leg == 0, rows.kind == "invoice_issued", rows.kind == "invoice_accepted")
    began = _first(rows.filter(mine), key, rows.kind != "invoice_issued")
    found = began.join(told, [began[name].identical_to(told[f"_{name}"]) for name in key])
    return _told(found, ibis.literal("invoice"), found.said)


def _others(ledger: Table, present: Table) -> Table:
    """Transfers of at least a dollar, deposits and withdrawals."""
    rows = events(ledger, present, ("deposit", "withdraw", *TRANSFERS))
    moved = rows.kind.isin(TRANSFERS)
    counts = (rows.paid_in >= FLOOR_CENTS) | (rows.paid_out >= FLOOR_CENTS)
    rows = rows.filter(~moved | ibis.coalesce(counts, False))
    said = ibis.cases(
        (rows.kind == "transfer_in", "received"),
        (rows.kind == "transfer_out", "sent"),
        (rows.kind == "deposit", "deposited"),
        else_="withdrawn",
    )
    kind = ibis.ifelse(rows.kind.isin(TRANSFERS), ibis.literal("payment"), ibis.literal("deposit"))
    return _told(rows, kind, said)


def _first(rows: Table, key: tuple[str, ...], last: BooleanValue) -> Table:
    """The first row of each key, those of `last` behind all others."""
    rows = rows.mutate(last=last)
    in_order = ibis.window(group_by=list(key), order_by=["last", *ORDER])
    rows = rows.mutate(place=ibis.row_number().over(in_order))
    return rows.filter(rows.place == 0)


def _told(rows: Table, kind: StringValue, outcome: StringValue) -> Table:
    lately = rows.mutate(said_kind=kind, said_outcome=outcome).filter(rows.age <= FIVE_YEARS * DAY)
    return lately.select(
        "point", "person", *TITLE, "leg", wallet="account", kind="said_kind", outcome="said_outcome"
    )
