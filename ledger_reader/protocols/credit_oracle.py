"""CreditOracle, our own: who asked to be scored.

    Enrolled(address indexed account)
        `account` opted in: enrolled.
    Withdrawn(address indexed account)
        `account` opted out: withdrawn. The later of the two holds.

Neither has an amount, an asset or a counterparty.
"""

from ledger_reader.columns import Logs, Rows
from ledger_reader.protocols.protocol import Event, Market, Protocol


def _enrolled(logs: Logs, market: Market) -> list[Rows]:  # noqa: ARG001 (one shape for all)
    return [Rows(logs.at, 0, "enrolled", logs.address("account"))]


def _withdrawn(logs: Logs, market: Market) -> list[Rows]:  # noqa: ARG001 (one shape for all)
    return [Rows(logs.at, 0, "withdrawn", logs.address("account"))]


PROTOCOL = Protocol(
    "credit_oracle",
    (
        Event("Enrolled(address indexed account)", _enrolled),
        Event("Withdrawn(address indexed account)", _withdrawn),
    ),
)
