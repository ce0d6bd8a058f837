"""Aave v2: one LendingPool, in which an account has one position; its logs are read as those of Aave v3.

    Deposit(address indexed reserve, address user, address indexed onBehalfOf, uint256 amount, uint16 indexed referral)
        `amount` of `reserve` was added to the balance of `onBehalfOf`: deposit, counterparty =
        `user`, who paid it, when that is another.
    Withdraw(address indexed reserve, address indexed user, address indexed to, uint256 amount)
        `user` took `amount` out of its own balance: withdraw, counterparty = `to` when that is another.
    Borrow(address indexed reserve, address user, address indexed onBehalfOf, uint256 amount, uint256 borrowRateMode, uint256 borrowRate, uint16 indexed referral)
        The debt of `onBehalfOf` grew by `amount`: borrow, counterparty = `user` when that is another.
    Repay(address indexed reserve, address indexed user, address indexed repayer, uint256 amount)
        The debt of `user` fell by `amount`: repay, counterparty = `repayer` when that is another.
    LiquidationCall(address indexed collateralAsset, address indexed debtAsset, address indexed user, uint256 debtToCover, uint256 liquidatedCollateralAmount, address liquidator, bool receiveAToken)
        `liquidator` closed `debtToCover` of the debt of `user`: liquidation in the debt's token,
        counterparty = `liquidator`.

Dropped: reserves that are not listed assets, nothing and dust. Loan ids as in Aave v3; a debt at a
stable and one at a variable rate in the same reserve are one.
"""  # noqa: E501 (a signature stays on one line)

from ledger_reader.protocols.aave_v3 import borrow, liquidate, repay, supply, withdraw
from ledger_reader.protocols.protocol import Event, Protocol

PROTOCOL = Protocol(
    "aave_v2",
    (
        Event(
            "Deposit(address indexed reserve, address user, address indexed onBehalfOf, uint256 amount,"
            " uint16 indexed referral)",
            supply,
        ),
        Event(
            "Withdraw(address indexed reserve, address indexed user, address indexed to, uint256 amount)",
            withdraw,
        ),
        Event(
            "Borrow(address indexed reserve, address user, address indexed onBehalfOf, uint256 amount,"
            " uint256 borrowRateMode, uint256 borrowRate, uint16 indexed referral)",
            borrow,
        ),
        Event(
            "Repay(address indexed reserve, address indexed user, address indexed repayer, uint256 amount)",
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
