"""Outcomes: which loans, or which invoices, turned out bad, and from when on that was known.

Rules that hold here:
- A policy says which endings are bad, how many days late is bad, and within which horizon.
- A label counts only when it was known before `known_before`; loans are derived from the events
  before it, so nothing can look ahead. What is not known by then is censored: left out, never good.
- Known when: with a horizon, once it has passed, for every loan alike; without one, a loan with a due
  time once the last day of grace has passed (even if it closed before: else early repayments would
  be counted and the late ones of the same day not yet), any other loan once it has closed.
- An invoice is a row of its supplier, observed the moment before the buyer accepted it; bad when it was
  not paid in full by the last day of grace. One without a due time, credited or voided is left out.
- Loans without a due time that opened shortly before the cut-off are in only if they closed fast.
  That distorts the base rate of their period, so the fit takes the base rate of each opening period
  as given (models/training/ebm.py). Weighing them by the inverse probability of censoring was tried
  on LlamaLend: the inner cross-validation was no better for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa
from ibis.expr.types import Table
from numpy.typing import NDArray

from ledger_reader.errors import Stop
from models.features.feature import DAY
from models.loans import OUTCOMES, POSITION, loans

INVOICES = (
    "invoice_issued", "invoice_accepted", "invoice_paid", "invoice_credited", "invoice_voided",
)  # fmt: skip
"""The kinds of events that tell how an invoice went."""

NEVER = 2**62
"""Later than any time of a ledger."""

Int64s = NDArray[np.int64]


@dataclass(frozen=True)
class Outcome:
    """What makes a loan bad: its ending, or being late by more than `days_late` (None: never by itself).

    With `horizon_days` only what happened within that many days of opening counts; without, for ever.
    `of` invoices: what makes an invoice bad is being late alone.
    """

    bad: tuple[str, ...] = ("defaulted", "liquidated", "self_liquidated")
    days_late: int | None = 7
    horizon_days: int | None = None
    of: Literal["loans", "invoices"] = "loans"

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.bad) - set(OUTCOMES[2:])):
            raise Stop(f"the endings {unknown} cannot be bad; choose from {list(OUTCOMES[2:])}.")
        if self.days_late is not None and self.days_late < 0:
            raise Stop(f"days_late must be 0 or more, got {self.days_late}.")
        if self.horizon_days is not None and self.horizon_days < 1:
            raise Stop(f"horizon_days must be at least 1, got {self.horizon_days}.")


def label(events: Table, policy: Outcome, known_before: int) -> pd.DataFrame:
    """The policy's loans or invoices, as `label_loans` describes them."""
    labelled = label_loans if policy.of == "loans" else label_invoices
    return labelled(events, policy, known_before)


def label_loans(events: Table, policy: Outcome, known_before: int) -> pd.DataFrame:
    """One row a loan opened before `known_before` (Unix seconds, exclusive), as known by then.

    Columns: person (20 bytes), opened, known_at (int64 seconds; from `known_before` on = censored), bad
    (bool, meaningless while censored), returning (bool: the person had opened a loan before). In order
    of opened, then person. A loan whose opening is not in the ledger has no moment to be scored at and
    is left out.
    """
    found = loans(events.filter(events.block_time < known_before))
    found = found.filter(found.opened.notnull())
    frame = to_frame(found.select("account", *POSITION, "number", "opened", "due", "closed", "outcome"))
    return _labelled(frame.sort_values(["opened", "account", *POSITION, "number"], ignore_index=True), policy)


def label_invoices(events: Table, policy: Outcome, known_before: int) -> pd.DataFrame:
    """One row an accepted invoice with a due time, as known by `known_before`; columns as of loans.

    person is the supplier, opened the time of acceptance, returning says that the supplier had an
    invoice accepted before.
    """
    rows = events.filter((events.block_time < known_before) & events.kind.isin(INVOICES) & (events.leg == 0))
    frame = to_frame(
        rows.select("chain_id", "protocol", "loan_id", "kind", "account", "block_time", "due_time", "amount")
    )
    frame = frame.sort_values(["block_time", "chain_id", "protocol", "loan_id", "kind"], ignore_index=True)
    found = [_invoice(one) for _, one in frame.groupby(["chain_id", "protocol", "loan_id"], sort=False)]
    columns = ["account", "opened", "due", "closed", "outcome"]
    told = pd.DataFrame([one for one in found if one is not None], columns=columns)
    told = told.astype({"opened": "Int64", "due": "Int64", "closed": "Int64"})
    return _labelled(told.sort_values(["opened", "account", "due"], ignore_index=True), policy)


def _invoice(rows: pd.DataFrame) -> tuple[bytes, int, int, int | None, str] | None:
    """Supplier, acceptance, due time, when paid in full, ending; None when it is not to be counted."""
    issued, accepted, paid = (
        rows[rows["kind"] == f"invoice_{kind}"] for kind in ("issued", "accepted", "paid")
    )
    due = pd.concat([issued, accepted])["due_time"].dropna()
    undone = rows["kind"].isin(["invoice_credited", "invoice_voided"]).any()
    if issued.empty or accepted.empty or due.empty or undone:
        return None
    owed = issued["amount"].iloc[0]
    enough = paid["amount"].isna() | pd.isna(owed) | (paid["amount"].fillna(0).cumsum() >= owed)
    closed = int(paid["block_time"][enough].iloc[0]) if enough.any() else None
    ending = "open" if closed is None else "repaid"
    return issued["account"].iloc[0], int(accepted["block_time"].iloc[0]), int(due.iloc[0]), closed, ending


def _labelled(frame: pd.DataFrame, policy: Outcome) -> pd.DataFrame:
    known_at, bad = known_and_bad(frame, policy)
    return pd.DataFrame(
        {
            "person": frame["account"],
            "opened": frame["opened"].astype(np.int64),
            "known_at": known_at,
            "bad": bad,
            "returning": frame.groupby("account")["opened"].rank(method="min").gt(1),
        }
    )


def to_frame(table: Table | pa.Table) -> pd.DataFrame:
    """The rows of a table, int64 as pandas' nullable Int64 (so that a null makes no floats)."""
    rows = table if isinstance(table, pa.Table) else table.to_pyarrow()
    frame: pd.DataFrame = rows.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
    return frame


def known_and_bad(frame: pd.DataFrame, policy: Outcome) -> tuple[Int64s, NDArray[np.bool_]]:
    """When each loan's label was known (int64 seconds, NEVER while open), and whether it was bad.

    `frame` has opened, due, closed (seconds, null if none) and outcome.
    """
    closed, grace_end = _seconds(frame["closed"]), _grace_end(frame["due"], policy)
    turned_bad = np.where(frame["outcome"].isin(policy.bad), closed, NEVER)
    turned_bad = np.minimum(turned_bad, np.where(closed > grace_end, grace_end, NEVER))
    if policy.horizon_days is None:
        return np.where(grace_end < NEVER, grace_end, closed), turned_bad < NEVER
    horizon = frame["opened"].to_numpy(dtype=np.int64) + policy.horizon_days * DAY
    return horizon, turned_bad <= horizon


def _grace_end(due: pd.Series[int], policy: Outcome) -> Int64s:
    """The last second at which a loan is not yet bad for being late; NEVER without a due time."""
    if policy.days_late is None:
        return np.full(len(due), NEVER, dtype=np.int64)
    seconds = _seconds(due)
    return np.where(seconds < NEVER, seconds + policy.days_late * DAY, NEVER)


def _seconds(column: pd.Series[int]) -> Int64s:
    return np.asarray(column.astype("Int64").fillna(NEVER), dtype=np.int64)
