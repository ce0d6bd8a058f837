"""ERC-20 tokens: payments between wallets.

    Transfer(address indexed from, address indexed to, uint256 value)
        `value` raw units went from `from` to `to`. Two legs: transfer_out of the sender (leg 0) and
        transfer_in of the receiver (leg 1). A mint (from the zero address) has leg 1 only and a burn
        leg 0 only, both without counterparty.

Floor: a transfer of 0 is dropped, and so is dust: of a pinned asset whatever is worth less than one
US cent, rounded down. Anybody can send nothing to (and, with many tokens, from) anybody, and that
must not count. An ERC-721 Transfer has four topics and is skipped. A token is decoded only when it
is a listed asset. A transfer to oneself keeps both legs.
"""

from ledger_reader.columns import Logs, Maybe, Rows, differ
from ledger_reader.protocols.protocol import NO_ONE, Event, Market, Protocol


def _transfer(logs: Logs, market: Market) -> list[Rows]:
    sender, receiver = logs.address("from"), logs.address("to")
    amount, cents, counts = market.money(logs.number("value"))
    is_sent, is_received = differ(sender, NO_ONE), differ(receiver, NO_ONE)
    money = (market.asset, amount, cents)
    paid = Rows(logs.at, 0, "transfer_out", sender, Maybe(receiver, is_received), *money)
    got = Rows(logs.at, 1, "transfer_in", receiver, Maybe(sender, is_sent), *money)
    return [paid.where(counts & is_sent), got.where(counts & is_received)]


PROTOCOL = Protocol(
    "erc20",
    (Event("Transfer(address indexed from, address indexed to, uint256 value)", _transfer),),
)
