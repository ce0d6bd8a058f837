"""Outcomes: which loans turned out bad, and from when on that was known.

Rules that hold here:
- A policy says which endings are bad, how many days late is bad, and within which horizon.
- A label counts only when it was known before `known_before`; loans are derived from the events
  before it, so nothing can look ahead. What is not known by then is censored: left out, never good.
- Known when: with a horizon, once it has passed, for every loan alike; without one, a loan with a due
  time once the last day of grace has passed (even if it closed before: else early repayments would
  be counted and the late ones of the same day not yet), any other loan once it has closed.
- Loans without a due time that opened shortly before the cut-off are in only if they closed fast.
  That distorts the base rate of their period, so the fit takes the base rate of each opening period
  as given (models/training/ebm.py). Weighing them by the inverse probability of censoring was tried
  on LlamaLend: the inner cross-validation was no better for it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from ibis.expr.types import Table
from numpy.typing import NDArray

from ledger_reader.errors import Stop
from models.features.feature import DAY
from models.loans import OUTCOMES, POSITION, loans

NEVER = 2**62
"""Later than any time of a ledger."""

Int64s = NDArray[np.int64]


@dataclass(frozen=True)
class Outcome:
    """What makes a loan bad: its ending, or being late by more than `days_late` (None: never by itself).

    With `horizon_days` only what happened within that many days of opening counts; without, for ever.
    """

    bad: tuple[str, ...] = ("defaulted", "liquidated", "self_liquidated")
    days_late: int | None = 7
    horizon_days: int | None = None

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.bad) - set(OUTCOMES[2:])):
            raise Stop(f"the endings {unknown} cannot be bad; choose from {list(OUTCOMES[2:])}.")
        if self.days_late is not None and self.days_late < 0:
            raise Stop(f"days_late must be 0 or more, got {self.days_late}.")
        if self.horizon_days is not None and self.horizon_days < 1:
            raise Stop(f"horizon_days must be at least 1, got {self.horizon_days}.")


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
    frame = frame.sort_values(["opened", "account", *POSITION, "number"], ignore_index=True)
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


def to_frame(table: Table) -> pd.DataFrame:
    """The rows of a table, int64 as pandas' nullable Int64 (so that a null makes no floats)."""
    frame: pd.DataFrame = table.to_pyarrow().to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
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
