"""A loan as TermLoans tells it: ITermLoans.Loan, field by field."""

from enum import IntEnum
from typing import NamedTuple

STARTER_ROW = 0
"""The row of loans without a proof, in every pool."""


class State(IntEnum):
    """ITermLoans.State."""

    NONE = 0
    OPEN = 1
    REPAID = 2
    CANCELLED = 3
    DEFAULTED = 4
    WRITTEN_OFF = 5
    OVERDUE = 6


class Loan(NamedTuple):
    """ITermLoans.Loan: `Loan(*book.read("loanOf", number)[0])`."""

    borrower: str
    start: int
    interval: int
    instalments: int
    marked: int
    state: int
    pool: str
    grace: int
    cooling_off: int
    late_fee_bps: int
    row: int
    principal: int
    owed: int
    outstanding: int
    fees: int
