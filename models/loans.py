"""Debts derived from the ledger: which loans there were, when each ended, and how.

Rules that hold here:
- A position is (chain, protocol, loan id, asset) of one account. A protocol with loan ids of its own
  has one debt a position; where the id is only the market, a position is opened again and again,
  and each opening is a loan of its own, numbered from 1.
- A borrow opens a loan when none is open. A repayment closes it when what was repaid reaches what
  was borrowed (interest makes that so at the end), or when either amount is unknown. What is repaid
  beyond the debt is not carried over to the next loan. A liquidation or a default closes it.
- A liquidation or default where no debt seems open says that the latest loan had not ended yet: it
  ends that loan again. Before any opening it ends loan number 0, opened before the ledger begins.
- A liquidation by the account itself is an outcome of its own (`self_liquidated`).
- Rows are taken in the order (block_time, chain_id, block_number, log_index, leg), and only the rows
  given count: whoever asks for a moment passes the events before it, so nothing can look ahead.
"""

import ibis
from ibis.expr.types import DecimalValue, IntegerValue, Table

from models.integers import isum

ORDER = ("block_time", "chain_id", "block_number", "log_index", "leg")
POSITION = ("chain_id", "protocol", "loan_id", "asset")
KINDS = ("borrow", "repay", "liquidation", "default")
OUTCOMES = ("open", "repaid", "self_liquidated", "liquidated", "defaulted")

MAX_TIME = 2**40
"""Due times are held between 0 and this (the year 36,812), so that differences stay in range."""

_RAW = "decimal(38, 0)"


def loans(events: Table, by: tuple[str, ...] = ("account",)) -> Table:
    """One row a loan of `events` (the ledger's columns), grouped by the columns `by`.

    Columns: `by`, chain_id, protocol, loan_id, asset, number (1, 2, … in the position, or 0), opened
    (null if the opening is not in the ledger), due (null if none; the earliest of its borrows), closed
    (null if open), outcome (one of OUTCOMES), borrowed (raw units; a borrow of unknown amount counts
    1), outstanding (raw units still owed, 0 when closed), principal_cents and repaid_cents (sums of the
    known values of its borrows and its repayments, null when none is known). Times in Unix seconds.
    """
    return _summaries(_numbered(_balances(_debt_rows(events), by), by), by)


def _debt_rows(events: Table) -> Table:
    """Rows about debt, with `change` of the debt (raw units) and `resets` (1 where any debt ends)."""
    rows = events.filter(events.kind.isin(KINDS))
    forced = rows.kind.isin(("liquidation", "default"))
    amount = ibis.ifelse(rows.amount < _raw(0), _raw(0), rows.amount)  # stays null when unknown
    borrows, repays, unknown = rows.kind == "borrow", rows.kind == "repay", rows.amount.isnull()
    return rows.mutate(
        borrows=borrows,
        repays=repays,
        forced=forced,
        resets=(forced | (repays & unknown)).cast("int64"),
        change=ibis.cases(
            (borrows, ibis.coalesce(amount, _raw(1))),
            (repays, ibis.coalesce(-amount, _raw(0)).cast(_RAW)),
            else_=_raw(0),
        ),
    )


def _balances(rows: Table, by: tuple[str, ...]) -> Table:
    """Adds `balance` owed after each row (before it, where the row resets) and `previous` balance.

    Between resets the debt is a sum held at zero from below: the running sum less its running
    minimum, where that is negative.
    """
    position = (*by, *POSITION)
    rows = rows.mutate(stretch=_running_count(rows.resets, position) - rows.resets)
    stretch = (*position, "stretch")
    rows = rows.mutate(running=rows.change.sum().over(_so_far(stretch)).cast(_RAW))
    rows = rows.mutate(lowest=ibis.least(rows.running.min().over(_so_far(stretch)), _raw(0)))
    rows = rows.mutate(balance=(rows.running - rows.lowest).cast(_RAW))
    in_order = ibis.window(group_by=list(stretch), order_by=list(ORDER))
    return rows.mutate(previous=ibis.coalesce(rows.balance.lag().over(in_order), _raw(0)))


def _numbered(rows: Table, by: tuple[str, ...]) -> Table:
    """Adds which row opens and which closes a loan, and its number; stray rows before any are left out."""
    owing = rows.balance > _raw(0)
    paid_off = rows.repays & (rows.previous > _raw(0)) & ~owing
    rows = rows.mutate(
        opens=rows.borrows & (rows.previous == _raw(0)) & owing,
        closes=rows.forced | ((rows.resets == 1) & owing) | paid_off,
    )
    rows = rows.mutate(number=_running_count(rows.opens.cast("int64"), (*by, *POSITION)))
    return rows.filter((rows.number > 0) | rows.forced)


def _summaries(rows: Table, by: tuple[str, ...]) -> Table:
    """One row a loan."""
    due = ibis.least(ibis.greatest(rows.due_time, 0), MAX_TIME)
    grouped = rows.group_by([*by, *POSITION, "number"]).agg(
        opened=rows.block_time.max(where=rows.opens),
        due=due.min(where=rows.borrows & rows.due_time.notnull()),
        closed=rows.block_time.max(where=rows.closes),
        ending=ibis.coalesce(_ending(rows).max(where=rows.closes), 0),
        borrowed=ibis.coalesce(rows.change.sum(where=rows.borrows).cast(_RAW), _raw(0)),
        left=rows.change.sum().cast(_RAW),
        principal_cents=isum(rows.value_cents, rows.borrows),
        repaid_cents=isum(rows.value_cents, rows.repays),
    )
    outcome = ibis.cases(
        *((grouped.ending == code, name) for code, name in enumerate(OUTCOMES[1:], 1)), else_=OUTCOMES[0]
    )
    left = ibis.ifelse(grouped.ending == 0, grouped.left, _raw(0))
    return grouped.mutate(outcome=outcome, outstanding=left).drop("ending", "left")


def _ending(rows: Table) -> IntegerValue:
    """The place in OUTCOMES of the loan that a closing row ends."""
    itself = ibis.coalesce(rows.counterparty == rows.account, False)
    code: IntegerValue = ibis.cases(
        (rows.kind == "default", 4),
        (rows.forced & itself, 2),
        (rows.forced, 3),
        else_=1,
    )
    return code


def _running_count(flags: IntegerValue, group: tuple[str, ...]) -> IntegerValue:
    """How many flags stand at or before each row of its group, in the ledger's order."""
    return isum(flags, window=_so_far(group))


def _so_far(group: tuple[str, ...]) -> ibis.expr.builders.WindowBuilder:
    return ibis.cumulative_window(group_by=list(group), order_by=list(ORDER))


def _raw(amount: int) -> DecimalValue:
    value: DecimalValue = ibis.literal(amount, type=_RAW)
    return value
