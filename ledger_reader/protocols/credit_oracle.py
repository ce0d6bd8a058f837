"""CreditOracle, our own: who asked to be scored.

    Enrolled(address indexed account)
        `account` opted in: enrolled.
    Withdrawn(address indexed account)
        `account` opted out: withdrawn. The later of the two holds.

Neither has an amount, an asset or a counterparty.
"""

from ledger_reader.protocols.protocol import Event, Market, Protocol, Row, Words, address_in


def _enrolled(topics: Words, data: str, market: Market) -> list[Row]:  # noqa: ARG001 (one shape for all)
    return [Row(0, "enrolled", address_in(topics[1]))]


def _withdrawn(topics: Words, data: str, market: Market) -> list[Row]:  # noqa: ARG001 (one shape for all)
    return [Row(0, "withdrawn", address_in(topics[1]))]


PROTOCOL = Protocol(
    "credit_oracle",
    (
        Event("Enrolled(address indexed account)", _enrolled),
        Event("Withdrawn(address indexed account)", _withdrawn),
    ),
)
