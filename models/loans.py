"""Debts derived from the ledger: which loans there were, when each ended, and how.

Rules that hold here:
- A position is (chain, protocol, loan id, asset) of one account. A protocol with loan ids of its own
  has one debt a position; where the id is only the market, a position is opened again and again,
  and each opening is a loan of its own, numbered from 1.
- A borrow of more than nothing opens a loan when none is open, and adds to the one that is (also to what
  a liquidation left); of unknown amount it counts one raw unit. A repayment closes it when what was repaid
  reaches what was borrowed (interest makes that so at the end), or when its own amount is unknown. What is
  repaid beyond the debt is not carried over to the next loan. A default closes it, whatever its amount.
- A liquidation closes it too. If it covered only a part (Aave, Compound and Morpho sell half of a
  position), what is left goes on as the next loan, of no opening of its own: it is owed and can end
  badly, but nobody borrowed it anew, so it is no good deed to have repaid it and no loan to learn from.
- Compound v2 logs a liquidation twice, first as a repayment of the same amount in the same transaction:
  a liquidation right behind such a repayment (whoever made it) changes the debt no more.
- A liquidation or default where no debt seems open says that the latest loan had not ended yet: it
  ends that loan again, and the worst outcome stands (the order of OUTCOMES). Before any opening it ends
  loan number 0, opened before the ledger begins.
- A liquidation by the account itself is an outcome of its own (`self_liquidated`).
- A loan that its borrower cancelled was none: nothing of its position is told.
- A recovery is a repayment after the write-off. A write-off is a default where none was declared before.
- Rows are taken in the order (block_time, chain_id, block_number, log_index, leg), and only the rows
  given count: whoever asks for a moment passes the events before it, so nothing can look ahead.
"""

import ibis
from ibis.expr.types import BooleanValue, DecimalValue, IntegerValue, Table, Value

from models.integers import icount, isum

ORDER = ("block_time", "chain_id", "block_number", "log_index", "leg")
POSITION = ("chain_id", "protocol", "loan_id", "asset")
KINDS = ("borrow", "repay", "liquidation", "default", "loan_cancelled", "write_off", "recovery")
OUTCOMES = ("open", "repaid", "self_liquidated", "liquidated", "defaulted")

MAX_TIME = 2**40
"""Due times are held between 0 and this (the year 36,812), so that differences stay in range."""

_RAW = "decimal(38, 0)"


def loans(events: Table, by: tuple[str, ...] = ("account",)) -> Table:
    """One row a loan of `events` (the ledger's columns), grouped by the columns `by`.

    Columns: `by`, chain_id, protocol, loan_id, asset, number (1, 2, … in the position, or 0), began (its
    first row, which may be the liquidation that left it), opened (null if the opening is not in the ledger,
    or there was none: a liquidation left it), due (null if none; the earliest of its borrows), closed (null
    if open), outcome (one of OUTCOMES), borrowed (raw units; a borrow of unknown amount counts 1),
    outstanding (raw units still owed, 0 when closed), owed_cents (known value still owed, 0 when closed,
    null when unknown), principal_cents and repaid_cents (sums of the known values of its borrows and its
    repayments, null when none is known),
    largest_cents (the largest known value of a borrow). Times in Unix seconds.
    """
    return _summaries(_numbered(_balances(_debt_rows(events, by))), by)


def _debt_rows(events: Table, by: tuple[str, ...]) -> Table:
    """Rows about debt, with `change` of the debt (raw units), `cents` (its known value), and `stretch`.

    A stretch ends where a row ends all debt, however much it was; that row still belongs to it.
    """
    rows = _placed(events.filter(events.kind.isin(KINDS)), by)
    defaults = rows.kind.isin(("default", "write_off"))
    rows = rows.mutate(
        borrows=rows.kind == "borrow",
        repays=rows.kind.isin(("repay", "recovery")),
        forced=defaults | (rows.kind == "liquidation"),
        ends_all=(defaults | (rows.amount.isnull() & (rows.kind != "borrow"))).cast("int64"),
        units=ibis.ifelse(rows.amount < _raw(0), _raw(0), rows.amount),  # stays null when unknown
    )
    ended = isum(rows.ends_all, window=_so_far("position"))
    rows = rows.mutate(stretch=ended - rows.ends_all, told=_told_before(rows))
    counted = rows.repays | ((rows.kind == "liquidation") & ~rows.told)
    return rows.mutate(
        change=_signed(rows, counted, ibis.coalesce(rows.units, _raw(1)), ibis.coalesce(rows.units, _raw(0))),
        cents=_signed(rows, counted, *[ibis.coalesce(rows.value_cents, _cents(0))] * 2),
    )


def _placed(rows: Table, by: tuple[str, ...]) -> Table:
    """Only the columns needed, with `position` for (by, POSITION) and `place` in its order.

    Numbers, because engines sort and group them several times faster than ids of 32 bytes.
    """
    key = (*by, *POSITION)
    positions = rows.group_by([rows[name].name(f"_{name}") for name in key]).agg(
        is_cancelled=icount(rows, rows.kind == "loan_cancelled") > 0
    )
    positions = positions.filter(~positions.is_cancelled).drop("is_cancelled")
    numbered = ibis.window(order_by=[f"_{name}" for name in key])
    positions = positions.mutate(position=ibis.row_number().over(numbered))
    same = [rows[name].identical_to(positions[f"_{name}"]) for name in key]
    rows = rows.join(positions, same).drop(*(f"_{name}" for name in key))
    in_order = ibis.window(group_by="position", order_by=list(ORDER))
    rows = rows.mutate(place=ibis.row_number().over(in_order), itself=rows.counterparty == rows.account)
    declared = isum((rows.kind == "default").cast("int64"), window=_so_far("position"))
    rows = rows.mutate(declared=declared)
    rows = rows.filter((rows.kind != "write_off") | (rows.declared == 0))
    told = ("kind", "tx_hash", "block_time", "amount", "value_cents", "due_time", "itself")
    return rows.select(*key, "position", "place", *told)


def _told_before(rows: Table) -> BooleanValue:
    """Whether a liquidation repeats the repayment logged just before it in its transaction."""
    in_order = ibis.window(group_by="position", order_by="place")
    same = (rows.kind.lag().over(in_order) == "repay") & (rows.tx_hash.lag().over(in_order) == rows.tx_hash)
    told: BooleanValue = ibis.coalesce(same & (rows.units.lag().over(in_order) == rows.units), False)
    return told


def _signed(rows: Table, counted: BooleanValue, borrowed: Value, paid: Value) -> Value:
    """What a borrowing adds to a debt, or a repayment or liquidation takes from it."""
    nothing = paid - paid
    return ibis.cases((rows.borrows, borrowed), (counted, -paid), else_=nothing).cast(paid.type())


def _balances(rows: Table) -> Table:
    """Adds `balance` owed after each row (before it, where the row ends all) and `previous` balance.

    Within a stretch the debt is a sum held at zero from below: the running sum less its running
    minimum, where that is negative. `value_so_far` is the running sum of `cents` in the position.
    """
    rows = rows.mutate(
        running=rows.change.sum().over(_so_far("position", "stretch")).cast(_RAW),
        value_so_far=isum(rows.cents, window=_so_far("position")),
    )
    lowest = rows.running.min().over(_so_far("position", "stretch"))
    rows = rows.mutate(balance=(rows.running - ibis.least(lowest, _raw(0))).cast(_RAW))
    in_order = ibis.window(group_by=["position", "stretch"], order_by="place")
    return rows.mutate(previous=ibis.coalesce(rows.balance.lag().over(in_order), _raw(0)))


def _numbered(rows: Table) -> Table:
    """Adds which row opens and which closes a loan, its number, and the number of its `opening`.

    What a liquidation leaves gets a row of its own behind it, which opens the next loan.
    """
    owing = rows.balance > _raw(0)
    paid_off = rows.repays & (rows.previous > _raw(0)) & ~owing
    left = rows.forced & owing & (rows.ends_all == 0)
    rows = rows.mutate(
        left=left,
        rest=0,
        opens=rows.borrows & (rows.previous == _raw(0)) & owing,
        closes=rows.forced | ((rows.ends_all == 1) & owing) | paid_off,
    )
    no = ibis.literal(False)
    rest = rows.filter(rows.left).mutate(rest=1, change=ibis._.balance, cents=_cents(0), opens=no, closes=no)
    rows = rows.union(rest.mutate(borrows=no, repays=no, forced=no))
    begins = ibis.cumulative_window(group_by="position", order_by=["place", "rest"])
    rows = rows.mutate(
        number=isum(rows.opens.cast("int64") + rows.rest, window=begins),
        opening=isum(rows.opens.cast("int64"), window=begins),
    )
    return rows.filter((rows.number > 0) | rows.forced)


def _summaries(rows: Table, by: tuple[str, ...]) -> Table:
    """One row a loan."""
    due = ibis.least(ibis.greatest(rows.due_time, 0), MAX_TIME)
    grouped = rows.group_by(["position", "number", "opening"]).agg(
        **{name: rows[name].arbitrary() for name in (*by, *POSITION)},
        began=rows.block_time.min(),
        opened=rows.block_time.max(where=rows.opens),
        due=due.min(where=rows.borrows & rows.due_time.notnull()),
        closed=rows.block_time.max(where=rows.closes),
        ending=ibis.coalesce(_ending(rows).max(where=rows.closes), 0),
        borrowed=ibis.coalesce(rows.change.sum(where=rows.borrows).cast(_RAW), _raw(0)),
        left=rows.change.sum().cast(_RAW),
        principal_cents=isum(rows.value_cents, rows.borrows),
        largest_cents=rows.value_cents.max(where=rows.borrows),
        repaid_cents=isum(rows.value_cents, rows.repays),
        value_before=(rows.value_so_far - rows.cents).max(where=rows.opens),
        value_moved=isum(rows.cents),
        value_lowest=rows.value_so_far.min(),
    )
    outcome = ibis.cases(
        *((grouped.ending == code, name) for code, name in enumerate(OUTCOMES[1:], 1)), else_=OUTCOMES[0]
    )
    still_open = grouped.ending == 0
    return grouped.mutate(
        outcome=outcome,
        outstanding=ibis.ifelse(still_open, grouped.left, _raw(0)),
        owed_cents=ibis.ifelse(still_open, _value_owed(grouped), 0),
    ).drop("position", "ending", "left", "opening", "value_before", "value_moved", "value_lowest")


def _value_owed(grouped: Table) -> IntegerValue:
    """Known value borrowed less known value paid since the position was last opened.

    Held at zero from below as the debt itself is; null when no borrowing since then has a known value.
    """
    since = ibis.window(group_by=["position", "opening"])
    before = grouped.value_before.max().over(since)
    lowest = ibis.least(before, grouped.value_lowest.min().over(since))
    owed = before + isum(grouped.value_moved, window=since) - lowest
    known = grouped.principal_cents.count().over(since) > 0
    value: IntegerValue = ibis.ifelse(known, owed, ibis.null("int64"))
    return value


def _ending(rows: Table) -> IntegerValue:
    """The place in OUTCOMES of the loan that a closing row ends."""
    itself = ibis.coalesce(rows.itself, False)
    code: IntegerValue = ibis.cases(
        (rows.kind.isin(("default", "write_off")), 4),
        (rows.forced & itself, 2),
        (rows.forced, 3),
        else_=1,
    )
    return code


def _so_far(*group: str) -> ibis.expr.builders.WindowBuilder:
    return ibis.cumulative_window(group_by=list(group), order_by="place")


def _cents(value: int) -> IntegerValue:
    cents: IntegerValue = ibis.literal(value, type="int64")
    return cents


def _raw(amount: int) -> DecimalValue:
    value: DecimalValue = ibis.literal(amount, type=_RAW)
    return value
