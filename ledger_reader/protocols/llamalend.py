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

from ledger_reader.ledger import MAX_AMOUNT
from ledger_reader.protocols.protocol import Event, Market, Protocol, Row, Words, address_in, word


def _borrow(topics: Words, data: str, market: Market) -> list[Row]:
    return [_change("borrow", "deposit", topics, data, market)]


def _repay(topics: Words, data: str, market: Market) -> list[Row]:
    return [_change("repay", "withdraw", topics, data, market)]


def _change(of_debt: str, of_collateral: str, topics: Words, data: str, market: Market) -> Row:
    user, collateral, debt = address_in(topics[1]), word(data, 0), word(data, 1)
    if market.has_amounts and debt == 0 and collateral > 0:
        return Row(0, of_collateral, user, amount=min(collateral, MAX_AMOUNT), loan_id=market.position)
    amount, cents = market.money(debt) if debt else (None, None)
    return Row(0, of_debt, user, None, market.asset, amount, cents, market.position)


def _remove(topics: Words, data: str, market: Market) -> list[Row]:
    taken = min(word(data, 0), MAX_AMOUNT) if market.has_amounts else None
    row = Row(0, "withdraw", address_in(topics[1]), amount=taken, loan_id=market.position)
    return [] if taken == 0 else [row]


def _liquidate(topics: Words, data: str, market: Market) -> list[Row]:
    liquidator, user, debt = address_in(topics[1]), address_in(topics[2]), word(data, 2)
    amount, cents = market.money(debt) if debt else (None, None)
    return [Row(0, "liquidation", user, liquidator, market.asset, amount, cents, market.position)]


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
