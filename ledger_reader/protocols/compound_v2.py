"""Compound v2 and what was made of its code: one cToken a market; nothing in its logs is indexed.

    Mint(address minter, uint256 mintAmount, uint256 mintTokens)
        `minter` put `mintAmount` of the underlying token in: deposit.
    Redeem(address redeemer, uint256 redeemAmount, uint256 redeemTokens)
        `redeemer` took `redeemAmount` of the underlying token out: withdraw.
    Borrow(address borrower, uint256 borrowAmount, uint256 accountBorrows, uint256 totalBorrows)
        The debt of `borrower` grew by `borrowAmount`: borrow.
    RepayBorrow(address payer, address borrower, uint256 repayAmount, uint256 accountBorrows, uint256 totalBorrows)
        The debt of `borrower` fell by `repayAmount`: repay, counterparty = `payer` when that is
        another. A liquidation emits this log too, some logs before its own, with the liquidator as
        payer: so it is a repay by another and then a liquidation of the same amount.
    LiquidateBorrow(address liquidator, address borrower, uint256 repayAmount, address cTokenCollateral, uint256 seizeTokens)
        `liquidator` closed `repayAmount` of the debt of `borrower`: liquidation, counterparty =
        `liquidator`. What was seized is not kept.

Amounts are of the underlying token, the source's asset; cETH, whose underlying is no token, is listed
under wrapped ether. Dropped: nothing and dust. The loan id is the cToken's address left-padded to 32
bytes: one debt an account and market, which can be opened again; deposits and withdrawals have none,
for they secure all debts of the account together. cTokens that change hands are ERC-20 transfers and
not read here. Bad debt is in no log.
"""  # noqa: E501 (a signature stays on one line)

from ledger_reader.columns import Logs, Rows
from ledger_reader.protocols.protocol import Event, Market, Protocol, entry, liquidation


def _mint(logs: Logs, market: Market) -> list[Rows]:
    account, amount = logs.address("minter"), logs.number("mintAmount")
    return [entry(logs, market, "deposit", account, account, market.asset, amount)]


def _redeem(logs: Logs, market: Market) -> list[Rows]:
    account, amount = logs.address("redeemer"), logs.number("redeemAmount")
    return [entry(logs, market, "withdraw", account, account, market.asset, amount)]


def _borrow(logs: Logs, market: Market) -> list[Rows]:
    account, amount = logs.address("borrower"), logs.number("borrowAmount")
    return [entry(logs, market, "borrow", account, account, market.asset, amount, market.position)]


def _repay(logs: Logs, market: Market) -> list[Rows]:
    account, payer, amount = logs.address("borrower"), logs.address("payer"), logs.number("repayAmount")
    return [entry(logs, market, "repay", account, payer, market.asset, amount, market.position)]


def _liquidate(logs: Logs, market: Market) -> list[Rows]:
    account, liquidator = logs.address("borrower"), logs.address("liquidator")
    amount = logs.number("repayAmount")
    return [liquidation(logs, market, account, liquidator, market.asset, amount, market.position)]


PROTOCOL = Protocol(
    "compound_v2",
    (
        Event("Mint(address minter, uint256 mintAmount, uint256 mintTokens)", _mint),
        Event("Redeem(address redeemer, uint256 redeemAmount, uint256 redeemTokens)", _redeem),
        Event(
            "Borrow(address borrower, uint256 borrowAmount, uint256 accountBorrows, uint256 totalBorrows)",
            _borrow,
        ),
        Event(
            "RepayBorrow(address payer, address borrower, uint256 repayAmount, uint256 accountBorrows,"
            " uint256 totalBorrows)",
            _repay,
        ),
        Event(
            "LiquidateBorrow(address liquidator, address borrower, uint256 repayAmount,"
            " address cTokenCollateral, uint256 seizeTokens)",
            _liquidate,
        ),
    ),
)
