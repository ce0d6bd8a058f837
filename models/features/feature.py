"""What a feature is: an integer about one person as known at one moment, with everything said about it.

Rules that hold here:
- A feature is an aggregate over the rows of one view (models/views.py) or over other features.
- No stranger can lower a score: a feature of direction 0 or −1, and whether a feature is missing,
  depends on the person's own acts and debts; what others send or repay can only move a feature of
  direction +1 up and one of direction −1 down.
- No adverse event counts longer than five years after it ended.
- Unknown amounts are unknown, never zero.
- A year of cash flow is 12 spans of 30 days (360 days), so that months, quarters and the year nest.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import ibis
from ibis.expr.types import BooleanValue, IntegerValue, Table

from models.integers import held, isum

DAY = 86_400
MONTH_DAYS = 30
MONTHS = 12
FIVE_YEARS = 1_825
"""Days after which an adverse event no longer counts."""

FLOOR_CENTS = 100
"""Flows below one dollar are dust: they make no month active and nobody a payer."""

MAX_CENTS = 10**13
"""Sums of cents are held at this, so that products with basis points stay in int64."""

MAX_BPS = 1_000_000
"""Ratios without a natural end are held at this: a hundred to one."""

PROOF_CENTS, PROOF_DAYS = 2_000, 7
"""A loan smaller or shorter than this proves nothing: it costs its borrower cents."""

View = Literal[
    "events", "loans", "repayments", "partners", "months", "invoices", "traders", "pledges", "vouched",
    "features",
]  # fmt: skip


def total_cents(cents: IntegerValue, where: BooleanValue | None = None) -> IntegerValue:
    """Known cents together, held at MAX_CENTS; 0 when none are known."""
    return held(ibis.coalesce(isum(cents, where), 0), MAX_CENTS)


def is_real(principal_cents: IntegerValue, seconds: IntegerValue) -> BooleanValue:
    """Whether a loan of known principal was large enough, and open for long enough, to prove something."""
    real: BooleanValue = (principal_cents >= PROOF_CENTS) & (seconds >= PROOF_DAYS * DAY)
    return real


@dataclass(frozen=True)
class Feature:
    """One integer a person. The texts are one line each; they go into docs and the feature-set hash.

    `direction`: +1 higher is safer, −1 lower is safer, 0 neither. `reason`: code in models/reasons.py.
    `value` makes the aggregate from its `view`; where a person has no row there, the feature is
    `empty` (None = missing). `needs` names the features that a feature of view `features` reads.
    `revision` rises whenever the number changes for some ledger while the texts stay.
    """

    name: str
    unit: str
    direction: Literal[-1, 0, 1]
    reason: int
    definition: str
    window: str
    missing: str
    gaming: str
    view: View
    value: Callable[[Table], IntegerValue]
    empty: int | None = None
    needs: tuple[str, ...] = ()
    revision: int = 1
