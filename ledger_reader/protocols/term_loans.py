"""TermLoans, our own book over pools: small uncollateralised loans, each with an id and due dates.

    LoanDrawn(uint256 indexed loanId, address indexed borrower, address indexed pool, address coin, uint128 principal, uint128 owed, uint64 dueTime, uint16 instalments, bool starter)
        `borrower` drew `principal` and has to pay `owed`, the last of it by `dueTime`: borrow of the amount
        owed, counterparty = the pool, due_time set. Instalments, and whether it was a starter loan,
        are not kept.
    LoanRepaid(uint256 indexed loanId, address indexed borrower, address indexed payer, address coin, uint128 amount, uint128 outstanding)
        `payer` paid `amount` for the loan of `borrower`: repay, counterparty = payer.
    LoanCancelled(uint256 indexed loanId, address indexed borrower, address indexed pool, address coin, uint128 principal)
        `borrower` gave `principal` back while that costs nothing: loan_cancelled, counterparty = the pool.
    LoanDelinquent(uint256 indexed loanId, address indexed borrower, address indexed pool, address coin, uint128 overdue, uint128 fee, uint64 dueTime)
        `overdue` of the instalment of `dueTime` stood unpaid past it: delinquent of the amount
        overdue, counterparty = the pool, due_time set. The late fee is not kept.
    LoanDefaulted(uint256 indexed loanId, address indexed borrower, address indexed pool, address coin, uint128 unpaid)
        The loan stayed unpaid past a due time and grace: default of the amount unpaid, counterparty = the pool.
    LoanWrittenOff(uint256 indexed loanId, address indexed borrower, address indexed pool, address coin, uint128 unpaid)
        The pool gave `unpaid` up: write_off, counterparty = the pool. The borrower owes it still.
    LoanRecovered(uint256 indexed loanId, address indexed borrower, address indexed payer, address coin, uint128 amount, uint128 outstanding)
        `payer` paid `amount` of what was given up: recovery, counterparty = payer.
    GuaranteeLocked(uint256 indexed loanId, address indexed guarantor, address indexed borrower, address coin, uint128 amount)
        `guarantor` stands for `amount` of the loan of `borrower`: guarantee of the guarantor,
        counterparty = `borrower`.
    GuaranteeCalled(uint256 indexed loanId, address indexed guarantor, address indexed borrower, address coin, uint128 amount)
        `amount` of it went to the pool: guarantee_called, as above.
    GuaranteeReleased(uint256 indexed loanId, address indexed guarantor, address indexed borrower, address coin, uint128 amount)
        `amount` of it is free again: guarantee_released, as above.

GuaranteeReturned is not read: what a guarantor gets back of a called guarantee is a transfer of the coin.
The loan id is the contract's address and the loan's number as 12 bytes, so that two books never share one.
The asset is the event's coin; rows in a coin that is not a listed asset are dropped. Nothing else is, dust
neither: a default of less than a cent is one, and the last payment may be as small.
"""  # noqa: E501 (a signature stays on one line)

import numpy as np

from ledger_reader.columns import Logs, Rows, full
from ledger_reader.logs import Bytes
from ledger_reader.protocols.protocol import Event, Market, Protocol, RowsOf

NUMBER_BYTES = 12
"""Of a loan id, those that are the loan's number in its contract."""

_OF_LOAN = "uint256 indexed loanId, address indexed borrower, address indexed"
_OF_GUARANTOR = "uint256 indexed loanId, address indexed guarantor, address indexed borrower"


def loan_id(contract: bytes, number: int) -> bytes:
    """The ledger's id of a loan: the contract's 20 bytes, then its number; OverflowError beyond 12 bytes."""
    return contract + number.to_bytes(NUMBER_BYTES, "big")


def _rows_of(kind: str, account: str, other: str, amount: str, has_due: bool = False) -> RowsOf:
    """One row a log, of the arguments of these names."""

    def rows(logs: Logs, market: Market) -> list[Rows]:
        coin, due = logs.address("coin"), logs.time("dueTime") if has_due else None
        raw, cents, _ = market.known(coin, logs.number(amount))
        parties = logs.address(account), logs.address(other)
        found = Rows(logs.at, 0, kind, *parties, coin, raw, cents, _loan_ids(logs, market), due)
        return [found.where(market.is_listed(coin))]

    return rows


def _loan_ids(logs: Logs, market: Market) -> Bytes:
    contract, numbers = full(market.address, len(logs)), logs.id("loanId")[:, -NUMBER_BYTES:]
    return np.concatenate((contract, numbers), axis=1)


PROTOCOL = Protocol(
    "term_loans",
    (
        Event(
            f"LoanDrawn({_OF_LOAN} pool, address coin, uint128 principal, uint128 owed, uint64 dueTime,"
            " uint16 instalments, bool starter)",
            _rows_of("borrow", "borrower", "pool", "owed", has_due=True),
        ),
        Event(
            f"LoanRepaid({_OF_LOAN} payer, address coin, uint128 amount, uint128 outstanding)",
            _rows_of("repay", "borrower", "payer", "amount"),
        ),
        Event(
            f"LoanCancelled({_OF_LOAN} pool, address coin, uint128 principal)",
            _rows_of("loan_cancelled", "borrower", "pool", "principal"),
        ),
        Event(
            f"LoanDelinquent({_OF_LOAN} pool, address coin, uint128 overdue, uint128 fee, uint64 dueTime)",
            _rows_of("delinquent", "borrower", "pool", "overdue", has_due=True),
        ),
        Event(
            f"LoanDefaulted({_OF_LOAN} pool, address coin, uint128 unpaid)",
            _rows_of("default", "borrower", "pool", "unpaid"),
        ),
        Event(
            f"LoanWrittenOff({_OF_LOAN} pool, address coin, uint128 unpaid)",
            _rows_of("write_off", "borrower", "pool", "unpaid"),
        ),
        Event(
            f"LoanRecovered({_OF_LOAN} payer, address coin, uint128 amount, uint128 outstanding)",
            _rows_of("recovery", "borrower", "payer", "amount"),
        ),
        Event(
            f"GuaranteeLocked({_OF_GUARANTOR}, address coin, uint128 amount)",
            _rows_of("guarantee", "guarantor", "borrower", "amount"),
        ),
        Event(
            f"GuaranteeCalled({_OF_GUARANTOR}, address coin, uint128 amount)",
            _rows_of("guarantee_called", "guarantor", "borrower", "amount"),
        ),
        Event(
            f"GuaranteeReleased({_OF_GUARANTOR}, address coin, uint128 amount)",
            _rows_of("guarantee_released", "guarantor", "borrower", "amount"),
        ),
    ),
)
