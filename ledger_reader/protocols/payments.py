"""Payments, our own (contracts/src/IPayments.sol): what a transfer of a coin was for, as its payer says.

    Paid(address indexed payer, address indexed payee, address indexed coin, uint256 amount, uint8 purpose, bytes32 memoHash)
        `payer` paid `amount` to `payee`: purpose of the payer, counterparty = `payee`, loan_id = the
        number of the purpose (0 none, 1 wage, 2 rent, 3 remittance, 4 trade, 5 other) as 32 bytes.
        The hash of the memo is not kept.

It is a second row beside the transfer of the coin itself, which alone is money moved. Dropped: coins that are
not listed assets, nothing, dust, and a payment to oneself.
"""  # noqa: E501 (a signature stays on one line)

from ledger_reader.columns import Logs, Rows, differ
from ledger_reader.protocols.protocol import Event, Market, Protocol


def _paid(logs: Logs, market: Market) -> list[Rows]:
    payer, payee, coin = map(logs.address, ("payer", "payee", "coin"))
    amount, cents, counts = market.known(coin, logs.number("amount"))
    rows = Rows(logs.at, 0, "purpose", payer, payee, coin, amount, cents, logs.id("purpose"))
    return [rows.where(counts & differ(payer, payee))]


PROTOCOL = Protocol(
    "payments",
    (
        Event(
            "Paid(address indexed payer, address indexed payee, address indexed coin, uint256 amount,"
            " uint8 purpose, bytes32 memoHash)",
            _paid,
        ),
    ),
)
