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

from ledger_reader.protocols.protocol import (
    Event,
    Market,
    Protocol,
    Row,
    RowsOf,
    Words,
    address_at,
    address_in,
    entry,
    legs,
    liquidation,
    word,
)


def _lent(kind: str, account: int, caller: int | None, is_debt: bool) -> RowsOf:
    """Rows in the lent token; `account` and `caller` are topics, no `caller`: it is the first data word."""

    def rows(topics: Words, data: str, market: Market) -> list[Row]:
        tokens = market.lends.get(topics[1].lower())
        if tokens is None:
            return []
        other = address_at(data, 0) if caller is None else address_in(topics[caller])
        raw = word(data, 1 if caller is None else 0)
        loan_id = _id(topics) if is_debt else None
        return entry(market, kind, address_in(topics[account]), other, tokens[0], raw, loan_id)

    return rows


def _collateral(kind: str, account: int, caller: int | None) -> RowsOf:
    """Rows in the collateral; `account` and `caller` as for `_lent`."""

    def rows(topics: Words, data: str, market: Market) -> list[Row]:
        _, token = market.lends.get(topics[1].lower(), (b"", None))
        if token is None:
            return []
        other = address_at(data, 0) if caller is None else address_in(topics[caller])
        raw = word(data, 1 if caller is None else 0)
        return entry(market, kind, address_in(topics[account]), other, token, raw, _id(topics))

    return rows


def _liquidate(topics: Words, data: str, market: Market) -> list[Row]:
    tokens = market.lends.get(topics[1].lower())
    if tokens is None:
        return []
    caller, borrower = address_in(topics[2]), address_in(topics[3])
    closed = liquidation(market, borrower, caller, tokens[0], word(data, 0), _id(topics))
    lost = entry(market, "default", borrower, market.address, tokens[0], word(data, 3), _id(topics))
    return legs(*closed, *lost)


def _id(topics: Words) -> bytes:
    return bytes.fromhex(topics[1][2:])


PROTOCOL = Protocol(
    "morpho_blue",
    (
        Event(
            "Supply(bytes32 indexed id, address indexed caller, address indexed onBehalf, uint256 assets,"
            " uint256 shares)",
            _lent("deposit", account=3, caller=2, is_debt=False),
        ),
        Event(
            "Withdraw(bytes32 indexed id, address caller, address indexed onBehalf,"
            " address indexed receiver, uint256 assets, uint256 shares)",
            _lent("withdraw", account=2, caller=None, is_debt=False),
        ),
        Event(
            "Borrow(bytes32 indexed id, address caller, address indexed onBehalf,"
            " address indexed receiver, uint256 assets, uint256 shares)",
            _lent("borrow", account=2, caller=None, is_debt=True),
        ),
        Event(
            "Repay(bytes32 indexed id, address indexed caller, address indexed onBehalf, uint256 assets,"
            " uint256 shares)",
            _lent("repay", account=3, caller=2, is_debt=True),
        ),
        Event(
            "SupplyCollateral(bytes32 indexed id, address indexed caller, address indexed onBehalf,"
            " uint256 assets)",
            _collateral("deposit", account=3, caller=2),
        ),
        Event(
            "WithdrawCollateral(bytes32 indexed id, address caller, address indexed onBehalf,"
            " address indexed receiver, uint256 assets)",
            _collateral("withdraw", account=2, caller=None),
        ),
        Event(
            "Liquidate(bytes32 indexed id, address indexed caller, address indexed borrower,"
            " uint256 repaidAssets, uint256 repaidShares, uint256 seizedAssets, uint256 badDebtAssets,"
            " uint256 badDebtShares)",
            _liquidate,
        ),
    ),
)
