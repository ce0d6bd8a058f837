"""Vouching: whose payments say anything about a person, so that a ring of its own wallets says nothing.

Rules that hold here:
- Wallets cost nothing, so who pays whom proves nothing by itself. A payer's word is taken once it has parted
  with real money to strangers: its witnesses are accounts to which it sent WITNESS_CENTS in all and which
  have themselves repaid a real loan (one with a due time, in time, of PROOF_CENTS or more for PROOF_DAYS).
- A payer vouches for a person from its LEAST_WITNESSES-th witness on, and for its n-th payee only with more
  than n / PAYEES_A_WITNESS of them: whoever buys a payer's standing pays for it anew with each wallet.
- A witness, once it is one, stays one, and only a first payment fixes a payee's place: nothing that others do
  later takes anyone's vouching away. All times are of the rows before them, so nothing looks ahead.
- Money made from nothing, sent to oneself or of unknown value makes nobody a witness.
"""

import ibis
from ibis.expr.types import DecimalValue, Table

from models.features.feature import DAY, FLOOR_CENTS, is_real
from models.integers import icount, isum, udiv
from models.loans import ORDER

WITNESS_CENTS = 100_000
"""What a payer must have sent an account, in all, before that one is its witness, less what came back."""

WITNESS_DAYS = 60
"""From the first payment to a witness to the one that makes it one: not who paid out savings once."""

LEAST_WITNESSES = 4
"""One of them may be the person itself, so at least three are strangers to it."""

PAYEES_A_WITNESS = 2

_RAW = "decimal(38, 0)"

LOAN = ("account", "chain_id", "protocol", "loan_id", "asset")


def vouched(rows: Table, ledger: Table, point: tuple[str, ...]) -> Table:
    """One row a payer that vouches for the person of a point, of those that paid it in the last year.

    `rows` are the points' own transfers received and invoices paid, with the columns `point` names, account,
    counterparty, month and paid_in. Columns: `point`, counterparty, months_in (months with at least a
    dollar), inflow_cents (known transfers), paid_cents (known invoices paid), both null when none known.
    """
    payers = standing(ledger)
    sold = (rows.kind == "invoice_paid") & (rows.leg == 0)
    paid = rows.filter((rows.kind == "transfer_in") | sold)
    paid = paid.mutate(cents=ibis.ifelse(paid.kind == "invoice_paid", paid.value_cents, ibis.null("int64")))
    by_wallet = paid.group_by([*point, "account", "counterparty", "month"]).agg(
        inflow_cents=isum(paid.paid_in), paid_cents=isum(paid.cents)
    )
    same = [by_wallet.account == payers.payee, by_wallet.counterparty == payers.payer]
    found = by_wallet.join(payers, [*same, payers.since < by_wallet.until])
    monthly = found.group_by([*point, "counterparty", "month"]).agg(
        inflow_cents=isum(found.inflow_cents), paid_cents=isum(found.paid_cents)
    )
    return monthly.group_by([*point, "counterparty"]).agg(
        months_in=icount(monthly, monthly.inflow_cents >= FLOOR_CENTS),
        inflow_cents=isum(monthly.inflow_cents),
        paid_cents=isum(monthly.paid_cents),
    )


def standing(ledger: Table) -> Table:
    """Columns payer, payee, since: from when on the payer vouches for the payee (Unix seconds)."""
    witnesses = _witnesses(ledger)
    payees = _payees(ledger, witnesses)
    needed = ibis.greatest(udiv(payees.place, PAYEES_A_WITNESS) + 1, LEAST_WITNESSES)
    payees = payees.mutate(needed=needed)
    found = payees.join(
        witnesses, [payees.payer == witnesses.payer, payees.needed == witnesses.number], rname="_{name}"
    )
    return found.select("payer", "payee", since=ibis.greatest(found.since, found.begun))


def proofs(ledger: Table) -> Table:
    """Columns account, proved: when each account that did first repaid a real loan in time."""
    borrowed = ledger.filter((ledger.kind == "borrow") & ledger.due_time.notnull())
    loans = borrowed.group_by(list(LOAN)).agg(
        opened=borrowed.block_time.min(),
        due=borrowed.due_time.min(),
        owed=borrowed.amount.sum().cast(_RAW),
        cents=isum(borrowed.value_cents),
    )
    ends = ledger.filter(ledger.kind.isin(("repay", "default")))
    ends = ends.select(*LOAN, "block_time", "block_number", "log_index", "leg", "kind", "amount")
    rows = loans.join(ends, [loans[name].identical_to(ends[name]) for name in LOAN], rname="_{name}")
    so_far = ibis.cumulative_window(group_by=list(LOAN), order_by=list(ORDER))
    repaid = ibis.ifelse(rows.kind == "repay", ibis.greatest(rows.amount, _raw(0)), _raw(0))
    rows = rows.mutate(
        repaid=repaid.sum().over(so_far).cast(_RAW),
        broken=isum((rows.kind == "default").cast("int64"), window=so_far),
    )
    whole = rows.filter((rows.repaid >= rows.owed) & (rows.broken == 0))
    closed = whole.group_by(list(LOAN)).agg(
        proved=whole.block_time.min(),
        opened=whole.opened.min(),
        due=whole.due.min(),
        cents=whole.cents.min(),
    )
    real = closed.filter(is_real(closed.cents, closed.proved - closed.opened) & (closed.proved <= closed.due))
    return real.group_by("account").agg(proved=real.proved.min())


def _witnesses(ledger: Table) -> Table:
    """Columns payer, account, since, number (from 1, the earliest first)."""
    rows = _flows(ledger, proofs(ledger))
    so_far = ibis.cumulative_window(group_by=["payer", "account"], order_by=list(ORDER))
    rows = rows.mutate(
        kept=isum(rows.cents, window=so_far),
        began=rows.block_time.min(where=rows.cents > 0).over(so_far),
    )
    served = rows.filter(
        (rows.kept >= WITNESS_CENTS) & (rows.cents > 0) & (rows.block_time >= rows.began + WITNESS_DAYS * DAY)
    )
    found = served.group_by(["payer", "account"]).agg(
        since=ibis.greatest(served.block_time.min(), served.proved.min())
    )
    earliest = ibis.window(group_by="payer", order_by=["since", "account"])
    return found.mutate(number=ibis.row_number().over(earliest) + 1)


def _payees(ledger: Table, witnesses: Table) -> Table:
    """Columns payer, payee, begun, place (from 1, in order of the first payment), of payers with standing."""
    enough = witnesses.filter(witnesses.number == LEAST_WITNESSES)
    paid = _moved(ledger, "transfer_in").semi_join(enough, "payer")
    paid = paid.filter(paid.value_cents >= FLOOR_CENTS)
    found = paid.group_by("payer", payee="account").agg(begun=paid.block_time.min())
    in_order = ibis.window(group_by="payer", order_by=["begun", "payee"])
    return found.mutate(place=ibis.row_number().over(in_order) + 1)


def _flows(ledger: Table, proved: Table) -> Table:
    """What payers sent to accounts that have proved themselves, and (negative) what these sent back."""
    sent, back = _moved(ledger, "transfer_in"), _moved(ledger, "transfer_out")
    rows = sent.mutate(cents=sent.value_cents).union(back.mutate(cents=-back.value_cents))
    return rows.join(proved, "account")


def _moved(ledger: Table, kind: str) -> Table:
    """Transfers of known value between an account and another, its `payer`, that is not nobody."""
    rows = ledger.filter(
        (ledger.kind == kind)
        & (ledger.counterparty != ledger.account)
        & (ledger.counterparty != ibis.literal(bytes(20), type="binary"))
        & ledger.value_cents.notnull()
    )
    return rows.select(*ORDER, "account", "value_cents", payer="counterparty")


def _raw(amount: int) -> DecimalValue:
    value: DecimalValue = ibis.literal(amount, type=_RAW)
    return value
