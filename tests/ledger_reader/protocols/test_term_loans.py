"""Loans of a book over pools: ids, coins, and what is never dropped; single meanings are golden."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger_reader.decode import PROTOCOLS
from ledger_reader.ledger import KINDS, MAX_AMOUNT, MAX_VALUE_CENTS
from ledger_reader.protocols.term_loans import loan_id
from ledger_reader.sources import ChainSources, Source
from tests.ledger_reader.meanings import (
    ANN,
    ASSETS,
    BEN,
    BLOCK,
    CAT,
    COIN,
    POOL,
    STRANGE,
    TIME,
    TOKEN,
    decode,
    log_of,
    raw_log,
    rows_of,
    source_of,
)

INTERFACE = Path(__file__).parents[3] / "contracts" / "src" / "ITermLoans.sol"
BOOK = source_of("term_loans", asset=None)
DUE = 1_900_000_000
EVENTS = {event.signature.split("(")[0]: event for event in PROTOCOLS["term_loans"].events}
AMOUNT = {
    "LoanDrawn": "owed",
    "LoanCancelled": "principal",
    "LoanDelinquent": "overdue",
    "LoanDefaulted": "unpaid",
    "LoanWrittenOff": "unpaid",
}
"""Which argument is the row's amount, where it is not called so."""

names, coins = st.sampled_from(sorted(EVENTS)), st.sampled_from([TOKEN, COIN, STRANGE])
amounts = st.sampled_from([0, 1, 9_999, 10_000, 2**128 - 1]) | st.integers(0, 2**128 - 1)


def emitted(name: str, coin: bytes, amount: int, number: int = 1, index: int = 0) -> Any:
    """A log of ANN's loan with this amount; every other number in it is another."""
    told: dict[str, int | bytes] = {"loanId": number, "borrower": ANN, "guarantor": BEN, "coin": coin}
    told |= {"pool": CAT, "payer": CAT, AMOUNT.get(name, "amount"): amount, "dueTime": DUE}
    arguments = [part.split()[-1] for part in EVENTS[name].signature[:-1].split("(")[1].split(", ")]
    return log_of("term_loans", name, *(told.get(each, 77_000_000) for each in arguments), index=index)


@pytest.mark.parametrize("name", EVENTS)
def test_decode__coin_not_listed__is_dropped(name: str) -> None:
    assert not rows_of([emitted(name, STRANGE, 5_000_000)], BOOK)


@given(st.lists(st.tuples(names, coins, amounts), max_size=12))
def test_decode__any_loans_of_listed_coins__are_told_whole(told: list[tuple[str, bytes, int]]) -> None:
    rows = rows_of([emitted(*each, index=place) for place, each in enumerate(told)], BOOK)
    listed = [(place, *each) for place, each in enumerate(told) if each[1] != STRANGE]
    assert [(row["log_index"], row["asset"], int(row["amount"])) for row in rows] == [
        (place, coin, min(amount, MAX_AMOUNT)) for place, _, coin, amount in listed
    ]
    assert [row["value_cents"] for row in rows] == [
        min(amount // 10_000, MAX_VALUE_CENTS) if coin == TOKEN else None for _, _, coin, amount in listed
    ]
    for row, (_, name, _, _) in zip(rows, listed, strict=True):
        assert row["kind"] in KINDS
        assert row["account"] == (BEN if name.startswith("Guarantee") else ANN)
        assert row["counterparty"] == (ANN if name.startswith("Guarantee") else CAT)
        assert row["due_time"] == (DUE if name in ("LoanDrawn", "LoanDelinquent") else None)


def test_decode__same_number_in_two_books__is_two_loans() -> None:
    other, logs = Source("term_loans", b"\x34" * 20, 0), [emitted("LoanDefaulted", TOKEN, 5_000_000, 7)]
    logs.append(raw_log(f"0x{other.address.hex()}", logs[0].topics, logs[0].data, index=1))
    rows = decode(logs, {BLOCK: TIME}, ChainSources(1, (BOOK, other), ASSETS)).to_pylist()
    assert [row["loan_id"] for row in rows] == [loan_id(POOL, 7), loan_id(other.address, 7)]
    assert loan_id(POOL, 7) == POOL + bytes(11) + b"\x07"


def test_loan_id__number_beyond_twelve_bytes__is_refused() -> None:
    with pytest.raises(OverflowError):
        loan_id(POOL, 2**96)


def test_interface__events_of_loans_and_guarantees__are_those_that_are_read_but_one() -> None:
    found = re.findall(r"event (\w+)\(([^)]*)\);", INTERFACE.read_text("utf-8"))
    told = {f"{name}({' '.join(inside.split())})" for name, inside in found if "indexed loanId" in inside}
    read = {event.signature for event in EVENTS.values()}
    assert read < told
    assert {signature.split("(")[0] for signature in told - read} == {"GuaranteeReturned"}
