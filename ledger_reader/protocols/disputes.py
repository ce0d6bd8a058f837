"""Disputes, our own (contracts/src/IDisputes.sol): which facts of its record an account says are wrong.

    Disputed(address indexed account, bytes32 indexed factId, bytes32 wordsHash)
        `account` disputes the fact: disputed, loan_id = `factId`. The hash of its words is not kept.
    DisputeWithdrawn(address indexed account, bytes32 indexed factId)
        It no longer does: dispute_decided, loan_id = `factId`, amount = 4.
    DisputeDecided(address indexed account, bytes32 indexed factId, uint8 outcome, bytes32 reasonsHash)
        The arbiter decided: dispute_decided, loan_id = `factId`, amount = `outcome`: 1 upheld, 2 not
        upheld, 3 not confirmed, which leaves the dispute open.

An outcome that is none of these is dropped. The amount is a number in no asset and has no value.
"""

import numpy as np

from ledger_reader.columns import Logs, Numbers, Rows
from ledger_reader.protocols.protocol import Event, Market, Protocol

UPHELD, NOT_UPHELD, UNCONFIRMED, WITHDRAWN = 1, 2, 3, 4
"""The amount of dispute_decided."""


def _disputed(logs: Logs, market: Market) -> list[Rows]:  # noqa: ARG001 (one shape for all)
    return [Rows(logs.at, 0, "disputed", logs.address("account"), loan_id=logs.id("factId"))]


def _withdrawn(logs: Logs, market: Market) -> list[Rows]:  # noqa: ARG001 (one shape for all)
    return [_decision(logs, np.full(len(logs), WITHDRAWN))]


def _decided(logs: Logs, market: Market) -> list[Rows]:  # noqa: ARG001 (one shape for all)
    outcome = logs.number("outcome")
    return [_decision(logs, outcome).where((outcome >= UPHELD) & (outcome <= UNCONFIRMED))]


def _decision(logs: Logs, outcome: Numbers) -> Rows:
    account, fact = logs.address("account"), logs.id("factId")
    return Rows(logs.at, 0, "dispute_decided", account, amount=outcome, loan_id=fact)


PROTOCOL = Protocol(
    "disputes",
    (
        Event("Disputed(address indexed account, bytes32 indexed factId, bytes32 wordsHash)", _disputed),
        Event("DisputeWithdrawn(address indexed account, bytes32 indexed factId)", _withdrawn),
        Event(
            "DisputeDecided(address indexed account, bytes32 indexed factId, uint8 outcome,"
            " bytes32 reasonsHash)",
            _decided,
        ),
    ),
)
