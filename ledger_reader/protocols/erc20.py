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

from ledger_reader.protocols.protocol import (
    NO_ONE,
    Event,
    Market,
    Protocol,
    Row,
    Words,
    address_in,
    full_row,
    word,
)


def _transfer(topics: Words, data: str, market: Market) -> list[Row]:
    amount, cents = market.money(word(data, 0))
    if amount == 0 or cents == 0:
        return []
    sender, receiver, asset = address_in(topics[1]), address_in(topics[2]), market.asset
    if sender == NO_ONE:
        return [] if receiver == NO_ONE else [Row(1, "transfer_in", receiver, None, asset, amount, cents)]
    if receiver == NO_ONE:
        return [Row(0, "transfer_out", sender, None, asset, amount, cents)]
    return [
        full_row((0, "transfer_out", sender, receiver, asset, amount, cents, None, None)),
        full_row((1, "transfer_in", receiver, sender, asset, amount, cents, None, None)),
    ]


PROTOCOL = Protocol(
    "erc20",
    (Event("Transfer(address indexed from, address indexed to, uint256 value)", _transfer),),
)
