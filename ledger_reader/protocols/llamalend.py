"""crvUSD and LlamaLend: one Controller a market, one position a borrower and market.

    Borrow(address indexed user, uint256 collateral_increase, uint256 loan_increase)
        `user` took `loan_increase` of the borrowed token: borrow. When the debt did not grow and
        collateral came in, it is a deposit.
    Repay(address indexed user, uint256 collateral_decrease, uint256 loan_decrease)
        The debt of `user` fell by `loan_decrease`, whoever paid: repay. When the debt did not
        fall and collateral went out, it is a withdraw.
    RemoveCollateral(address indexed user, uint256 collateral_decrease)
        `user` took collateral out and left its debt as it is: withdraw. Nothing taken is dropped.
    Liquidate(address indexed liquidator, address indexed user, uint256 collateral_received, uint256 stablecoin_received, uint256 debt)
        `liquidator` closed `debt` of `user`: liquidation with the liquidator as counterparty. A
        borrower who closes an own position under water is both: counterparty = account.

Amounts are of the borrowed token, the source's asset. What a deposit or withdraw moves is of the
collateral token, which the logs do not name: raw amount, no asset, no value. Both words 0: a borrow
or repay of unknown amount; a source without amounts: always so. A liquidation of debt 0 has an
unknown amount too. The loan id is the Controller's address left-padded to 32 bytes: positions have
no id and can be opened again.
"""  # noqa: E501 (a signature stays on one line)

from ledger_reader.columns import Logs, Rows, capped, without
from ledger_reader.ledger import MAX_AMOUNT
from ledger_reader.logs import Bytes
from ledger_reader.protocols.protocol import Event, Market, Protocol


def _borrow(logs: Logs, market: Market) -> list[Rows]:
    return _changes(logs, market, "borrow", "deposit", "loan_increase", "collateral_increase")


def _repay(logs: Logs, market: Market) -> list[Rows]:
    return _changes(logs, market, "repay", "withdraw", "loan_decrease", "collateral_decrease")


def _changes(
    logs: Logs, market: Market, of_debt: str, of_collateral: str, debt: str, collateral: str
) -> list[Rows]:
    is_collateral = (logs.number(debt) == 0) & (logs.number(collateral) != 0) & market.has_amounts
    others = logs.where(~is_collateral)
    moved = _collateral(logs.where(is_collateral), market, of_collateral, collateral)
    return [moved, _of_debt(others, market, of_debt, debt)]


def _collateral(logs: Logs, market: Market, kind: str, amount: str) -> Rows:
    """Rows in the collateral, a token that the source does not name."""
    moved = capped(logs.number(amount), MAX_AMOUNT) if market.has_amounts else None
    return Rows(logs.at, 0, kind, logs.address("user"), amount=moved, loan_id=market.position)


def _of_debt(logs: Logs, market: Market, kind: str, debt: str, other: Bytes | None = None) -> Rows:
    """Rows in the debt's token; of a debt that does not change the amount is unknown."""
    raw = logs.number(debt)
    amount, cents, _ = market.money(raw)
    told = without(amount, raw == 0), without(cents, raw == 0)
    return Rows(logs.at, 0, kind, logs.address("user"), other, market.asset, *told, market.position)


def _remove(logs: Logs, market: Market) -> list[Rows]:
    rows = _collateral(logs, market, "withdraw", "collateral_decrease")
    return [rows.where(logs.number("collateral_decrease") != 0) if market.has_amounts else rows]


def _liquidate(logs: Logs, market: Market) -> list[Rows]:
    return [_of_debt(logs, market, "liquidation", "debt", logs.address("liquidator"))]


PROTOCOL = Protocol(
    "llamalend",
    (
        Event("Borrow(address indexed user, uint256 collateral_increase, uint256 loan_increase)", _borrow),
        Event("Repay(address indexed user, uint256 collateral_decrease, uint256 loan_decrease)", _repay),
        Event("RemoveCollateral(address indexed user, uint256 collateral_decrease)", _remove),
        Event(
            "Liquidate(address indexed liquidator, address indexed user, uint256 collateral_received,"
            " uint256 stablecoin_received, uint256 debt)",
            _liquidate,
        ),
    ),
)
