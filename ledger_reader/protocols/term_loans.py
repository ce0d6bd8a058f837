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

from ledger_reader.protocols.protocol import (
    Event,
    Market,
    Protocol,
    Row,
    Words,
    address_in,
    time_in,
    word,
)


def _drawn(topics: Words, data: str, market: Market) -> list[Row]:
    return [_row("borrow", topics, market.address, word(data, 1), market, time_in(data, 2))]


def _repaid(topics: Words, data: str, market: Market) -> list[Row]:
    return [_row("repay", topics, address_in(topics[3]), word(data, 0), market)]


def _defaulted(topics: Words, data: str, market: Market) -> list[Row]:
    return [_row("default", topics, market.address, word(data, 0), market)]


def _row(
    kind: str, topics: Words, counterparty: bytes, raw: int, market: Market, due: int | None = None
) -> Row:
    loan_id, borrower = bytes.fromhex(topics[1][2:]), address_in(topics[2])
    amount, cents = market.money(raw)
    return Row(0, kind, borrower, counterparty, market.asset, amount, cents, loan_id, due)


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
