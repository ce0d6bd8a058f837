"""Aave v3 and what was made of its code (Spark): one Pool, in which an account has one position.

    Supply(address indexed reserve, address user, address indexed onBehalfOf, uint256 amount, uint16 indexed referralCode)
        `amount` of `reserve` was added to the balance of `onBehalfOf`: deposit, counterparty =
        `user`, who paid it, when that is another (a gateway, or anybody).
    Withdraw(address indexed reserve, address indexed user, address indexed to, uint256 amount)
        `user` took `amount` out of its own balance: withdraw, counterparty = `to` when that is
        another. Through a gateway `user` is the gateway, to which the balance was sent before: the
        log does not tell for whom.
    Borrow(address indexed reserve, address user, address indexed onBehalfOf, uint256 amount, uint8 interestRateMode, uint256 borrowRate, uint16 indexed referralCode)
        The debt of `onBehalfOf` grew by `amount`, which takes its own consent (a credit
        delegation): borrow, counterparty = `user`, who got the money, when that is another.
    Repay(address indexed reserve, address indexed user, address indexed repayer, uint256 amount, bool useATokens)
        The debt of `user` fell by `amount`: repay, counterparty = `repayer` when that is another.
    LiquidationCall(address indexed collateralAsset, address indexed debtAsset, address indexed user, uint256 debtToCover, uint256 liquidatedCollateralAmount, address liquidator, bool receiveAToken)
        `liquidator` closed `debtToCover` of the debt of `user` against its will: liquidation in the
        debt's token, counterparty = `liquidator`. What was seized is not kept.

Dropped: reserves that are not listed assets, nothing and dust (see protocol.py). A debt is known by
pool and reserve: the loan id is the first 12 bytes of the pool's address and the 20 of the reserve.
Deposits and withdrawals have none, for they secure all debts of the account together. What a reserve
loses as bad debt is in no log of an account.
"""  # noqa: E501 (a signature stays on one line)

import numpy as np

from ledger_reader.columns import Logs, Rows, full
from ledger_reader.logs import Bytes
from ledger_reader.protocols.protocol import Event, Market, Protocol, entry, liquidation


def supply(logs: Logs, market: Market) -> list[Rows]:
    """The rows of Supply, and of Deposit of Aave v2."""
    return [_entry(logs, market, "deposit", "onBehalfOf", "user")]


def withdraw(logs: Logs, market: Market) -> list[Rows]:
    """The rows of Withdraw, the same in Aave v2."""
    return [_entry(logs, market, "withdraw", "user", "to")]


def borrow(logs: Logs, market: Market) -> list[Rows]:
    """The rows of Borrow, of the same words in Aave v2."""
    return [_entry(logs, market, "borrow", "onBehalfOf", "user", loan_id(logs, market, "reserve"))]


def repay(logs: Logs, market: Market) -> list[Rows]:
    """The rows of Repay, of which Aave v2 lacks the last word."""
    return [_entry(logs, market, "repay", "user", "repayer", loan_id(logs, market, "reserve"))]


def liquidate(logs: Logs, market: Market) -> list[Rows]:
    """The rows of LiquidationCall, the same in Aave v2."""
    user, liquidator, reserve = map(logs.address, ("user", "liquidator", "debtAsset"))
    debt = loan_id(logs, market, "debtAsset")
    return [liquidation(logs, market, user, liquidator, reserve, logs.number("debtToCover"), debt)]


def _entry(
    logs: Logs, market: Market, kind: str, account: str, other: str, debt: Bytes | None = None
) -> Rows:
    who, by, reserve = map(logs.address, (account, other, "reserve"))
    return entry(logs, market, kind, who, by, reserve, logs.number("amount"), debt)


def loan_id(logs: Logs, market: Market, reserve: str) -> Bytes:
    """Which debt: the pool and the reserve."""
    return np.concatenate((full(market.address[:12], len(logs)), logs.address(reserve)), axis=1)


PROTOCOL = Protocol(
    "aave_v3",
    (
        Event(
            "Supply(address indexed reserve, address user, address indexed onBehalfOf, uint256 amount,"
            " uint16 indexed referralCode)",
            supply,
        ),
        Event(
            "Withdraw(address indexed reserve, address indexed user, address indexed to, uint256 amount)",
            withdraw,
        ),
        Event(
            "Borrow(address indexed reserve, address user, address indexed onBehalfOf, uint256 amount,"
            " uint8 interestRateMode, uint256 borrowRate, uint16 indexed referralCode)",
            borrow,
        ),
        Event(
            "Repay(address indexed reserve, address indexed user, address indexed repayer, uint256 amount,"
            " bool useATokens)",
            repay,
        ),
        Event(
            "LiquidationCall(address indexed collateralAsset, address indexed debtAsset,"
            " address indexed user, uint256 debtToCover, uint256 liquidatedCollateralAmount,"
            " address liquidator, bool receiveAToken)",
            liquidate,
        ),
    ),
)
