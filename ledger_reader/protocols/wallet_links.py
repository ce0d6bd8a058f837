"""WalletLinks, our own (contracts/src/IWalletLinks.sol): which wallets are one person.

    Linked(bytes32 indexed person, address indexed wallet, address indexed with)
        `wallet` is in `person` from now on: linked, counterparty = `with`, loan_id = `person`. The first
        link of a person tells both wallets, each with the other.
    Unlinked(bytes32 indexed person, address indexed wallet, uint64 effectiveTime)
        `wallet` is in `person` until `effectiveTime`, not from then on: unlinked, loan_id = `person`,
        due_time = `effectiveTime`. The last wallet but one takes the last one with it.

Neither has an amount or an asset, and nothing is dropped: a wallet is linked only by its own word.
"""

from ledger_reader.columns import Logs, Rows
from ledger_reader.protocols.protocol import Event, Market, Protocol


def _linked(logs: Logs, market: Market) -> list[Rows]:  # noqa: ARG001 (one shape for all)
    wallet, other = logs.address("wallet"), logs.address("with")
    return [Rows(logs.at, 0, "linked", wallet, other, loan_id=logs.id("person"))]


def _unlinked(logs: Logs, market: Market) -> list[Rows]:  # noqa: ARG001 (one shape for all)
    wallet, person, due = logs.address("wallet"), logs.id("person"), logs.time("effectiveTime")
    return [Rows(logs.at, 0, "unlinked", wallet, loan_id=person, due_time=due)]


PROTOCOL = Protocol(
    "wallet_links",
    (
        Event("Linked(bytes32 indexed person, address indexed wallet, address indexed with)", _linked),
        Event("Unlinked(bytes32 indexed person, address indexed wallet, uint64 effectiveTime)", _unlinked),
    ),
)
