"""Morpho Blue: one contract of many isolated markets, each of a lent token and a collateral.

    Supply(bytes32 indexed id, address indexed caller, address indexed onBehalf, uint256 assets, uint256 shares)
        `caller` lent `assets` in the name of `onBehalf`: deposit of the lent token.
    Withdraw(bytes32 indexed id, address caller, address indexed onBehalf, address indexed receiver, uint256 assets, uint256 shares)
        `assets` that `onBehalf` had lent were taken back: withdraw of the lent token.
    Borrow(bytes32 indexed id, address caller, address indexed onBehalf, address indexed receiver, uint256 assets, uint256 shares)
        The debt of `onBehalf` grew by `assets`, by its own will or that of whom it authorised: borrow.
    Repay(bytes32 indexed id, address indexed caller, address indexed onBehalf, uint256 assets, uint256 shares)
        The debt of `onBehalf` fell by `assets`: repay.
    SupplyCollateral(bytes32 indexed id, address indexed caller, address indexed onBehalf, uint256 assets)
        `assets` of the collateral were put up for `onBehalf`: deposit of the collateral.
    WithdrawCollateral(bytes32 indexed id, address caller, address indexed onBehalf, address indexed receiver, uint256 assets)
        `assets` of the collateral of `onBehalf` were taken back: withdraw of the collateral.
    Liquidate(bytes32 indexed id, address indexed caller, address indexed borrower, uint256 repaidAssets, uint256 repaidShares, uint256 seizedAssets, uint256 badDebtAssets, uint256 badDebtShares)
        `caller` closed `repaidAssets` of the debt of `borrower`: liquidation, counterparty =
        `caller`. Where the collateral did not suffice the lenders lost `badDebtAssets`: a second
        row, default of that much, counterparty = the contract. What was seized is not kept.

The counterparty, but for a liquidation, is `caller` when that is another; the receiver is not kept. An id
says nothing of the tokens, so the source lists its markets. Dropped: markets that are not listed, the
collateral of a market listed without one, nothing and dust. The loan id, of debt and collateral, is
the market's id; lending has none, for it secures no debt.
"""  # noqa: E501 (a signature stays on one line)

from ledger_reader.columns import Logs, Rows, legs, looked_up
from ledger_reader.logs import Bytes
from ledger_reader.protocols.protocol import Event, Market, Protocol, RowsOf, entry, liquidation


def _lent(kind: str, is_debt: bool) -> RowsOf:
    """Rows in the lent token."""

    def rows(logs: Logs, market: Market) -> list[Rows]:
        return [_entry(logs, market, kind, has_id=is_debt, is_collateral=False)]

    return rows


def _collateral(kind: str) -> RowsOf:
    """Rows in the collateral."""

    def rows(logs: Logs, market: Market) -> list[Rows]:
        return [_entry(logs, market, kind, has_id=True, is_collateral=True)]

    return rows


def _entry(logs: Logs, market: Market, kind: str, *, has_id: bool, is_collateral: bool) -> Rows:
    logs, token = _of_listed(logs, market, is_collateral)
    who, by, loan_id = logs.address("onBehalf"), logs.address("caller"), logs.id("id") if has_id else None
    return entry(logs, market, kind, who, by, token, logs.number("assets"), loan_id)


def _liquidate(logs: Logs, market: Market) -> list[Rows]:
    logs, token = _of_listed(logs, market, is_collateral=False)
    loan_id, caller, borrower = logs.id("id"), logs.address("caller"), logs.address("borrower")
    closed = liquidation(logs, market, borrower, caller, token, logs.number("repaidAssets"), loan_id)
    lost = logs.number("badDebtAssets")
    return legs(closed, entry(logs, market, "default", borrower, market.address, token, lost, loan_id))


def _of_listed(logs: Logs, market: Market, is_collateral: bool) -> tuple[Logs, Bytes]:
    """The logs of listed markets that have such a token, and the token of each."""
    nothing = (None, None)
    tokens = looked_up(logs.id("id"), lambda key: market.lends.get(key, nothing)[is_collateral], 20)
    return logs.where(tokens.known), tokens.values[tokens.known]


PROTOCOL = Protocol(
    "morpho_blue",
    (
        Event(
            "Supply(bytes32 indexed id, address indexed caller, address indexed onBehalf, uint256 assets,"
            " uint256 shares)",
            _lent("deposit", is_debt=False),
        ),
        Event(
            "Withdraw(bytes32 indexed id, address caller, address indexed onBehalf,"
            " address indexed receiver, uint256 assets, uint256 shares)",
            _lent("withdraw", is_debt=False),
        ),
        Event(
            "Borrow(bytes32 indexed id, address caller, address indexed onBehalf,"
            " address indexed receiver, uint256 assets, uint256 shares)",
            _lent("borrow", is_debt=True),
        ),
        Event(
            "Repay(bytes32 indexed id, address indexed caller, address indexed onBehalf, uint256 assets,"
            " uint256 shares)",
            _lent("repay", is_debt=True),
        ),
        Event(
            "SupplyCollateral(bytes32 indexed id, address indexed caller, address indexed onBehalf,"
            " uint256 assets)",
            _collateral("deposit"),
        ),
        Event(
            "WithdrawCollateral(bytes32 indexed id, address caller, address indexed onBehalf,"
            " address indexed receiver, uint256 assets)",
            _collateral("withdraw"),
        ),
        Event(
            "Liquidate(bytes32 indexed id, address indexed caller, address indexed borrower,"
            " uint256 repaidAssets, uint256 repaidShares, uint256 seizedAssets, uint256 badDebtAssets,"
            " uint256 badDebtShares)",
            _liquidate,
        ),
    ),
)
