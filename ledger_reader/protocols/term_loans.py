"""TermLoans, our own pool: small uncollateralised loans, each with an id and a due date.

    LoanDrawn(uint256 indexed loanId, address indexed borrower, uint128 principal, uint128 owed, uint64 dueTime, bool starter)
        `borrower` drew `principal` and has to pay `owed` by `dueTime`: borrow of the amount owed,
        counterparty = the pool, due_time set. Whether it was a starter loan is not kept.
    LoanRepaid(uint256 indexed loanId, address indexed borrower, address indexed payer, uint128 amount, uint128 outstanding)
        `payer` paid `amount` for the loan of `borrower`: repay, counterparty = payer.
    LoanDefaulted(uint256 indexed loanId, address indexed borrower, uint128 unpaid)
        The loan stayed unpaid past its due time and grace: default of the amount unpaid,
        counterparty = the pool.

The loan id is the protocol's own, as 32 bytes. Amounts are of the source's asset.
"""  # noqa: E501 (a signature stays on one line)

from ledger_reader.columns import Bytes, Logs, Numbers, Rows
from ledger_reader.protocols.protocol import Event, Market, Protocol


def _drawn(logs: Logs, market: Market) -> list[Rows]:
    return [_rows(logs, market, "borrow", market.address, "owed", logs.time("dueTime"))]


def _repaid(logs: Logs, market: Market) -> list[Rows]:
    return [_rows(logs, market, "repay", logs.address("payer"), "amount")]


def _defaulted(logs: Logs, market: Market) -> list[Rows]:
    return [_rows(logs, market, "default", market.address, "unpaid")]


def _rows(
    logs: Logs, market: Market, kind: str, other: Bytes | bytes, amount: str, due: Numbers | None = None
) -> Rows:
    money = market.money(logs.number(amount))[:2]
    loan_id, borrower = logs.id("loanId"), logs.address("borrower")
    return Rows(logs.at, 0, kind, borrower, other, market.asset, *money, loan_id, due)


PROTOCOL = Protocol(
    "term_loans",
    (
        Event(
            "LoanDrawn(uint256 indexed loanId, address indexed borrower, uint128 principal, uint128 owed,"
            " uint64 dueTime, bool starter)",
            _drawn,
        ),
        Event(
            "LoanRepaid(uint256 indexed loanId, address indexed borrower, address indexed payer,"
            " uint128 amount, uint128 outstanding)",
            _repaid,
        ),
        Event("LoanDefaulted(uint256 indexed loanId, address indexed borrower, uint128 unpaid)", _defaulted),
    ),
)
