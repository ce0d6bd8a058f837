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

from ledger_reader.protocols.protocol import (
    Event,
    Market,
    Protocol,
    Row,
    Words,
    address_at,
    address_in,
    entry,
    liquidation,
    word,
)


def supply(topics: Words, data: str, market: Market) -> list[Row]:
    """The rows of Supply, and of Deposit of Aave v2."""
    reserve, owner = address_in(topics[1]), address_in(topics[2])
    return entry(market, "deposit", owner, address_at(data, 0), reserve, word(data, 1))


def withdraw(topics: Words, data: str, market: Market) -> list[Row]:
    """The rows of Withdraw, the same in Aave v2."""
    reserve, user = address_in(topics[1]), address_in(topics[2])
    return entry(market, "withdraw", user, address_in(topics[3]), reserve, word(data, 0))


def borrow(topics: Words, data: str, market: Market) -> list[Row]:
    """The rows of Borrow, of the same words in Aave v2."""
    reserve, owner = address_in(topics[1]), address_in(topics[2])
    debt = loan_id(market, reserve)
    return entry(market, "borrow", owner, address_at(data, 0), reserve, word(data, 1), debt)


def repay(topics: Words, data: str, market: Market) -> list[Row]:
    """The rows of Repay, of which Aave v2 lacks the last word."""
    reserve, user = address_in(topics[1]), address_in(topics[2])
    debt = loan_id(market, reserve)
    return entry(market, "repay", user, address_in(topics[3]), reserve, word(data, 0), debt)


def liquidate(topics: Words, data: str, market: Market) -> list[Row]:
    """The rows of LiquidationCall, the same in Aave v2."""
    reserve, user = address_in(topics[2]), address_in(topics[3])
    debt = loan_id(market, reserve)
    return liquidation(market, user, address_at(data, 2), reserve, word(data, 0), debt)


def loan_id(market: Market, reserve: bytes) -> bytes:
    """Which debt: the pool and the reserve."""
    return market.address[:12] + reserve


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
