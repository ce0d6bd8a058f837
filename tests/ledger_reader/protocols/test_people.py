"""Payments, wallet links and disputes: golden logs, what is dropped, and events that are the interfaces'."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger_reader.decode import PROTOCOLS
from ledger_reader.sources import from_json
from tests.ledger_reader.meanings import (
    ANN,
    BEN,
    BLOCK,
    COIN,
    STRANGE,
    TIME,
    TOKEN,
    decode,
    log_of,
    meaning,
    raw_log,
    rows_of,
    source_of,
    told,
)

ROOT = Path(__file__).parents[3]
GOLDEN = json.loads((ROOT / "tests" / "golden" / "ledger_people.json").read_text("utf-8"))
(CHAIN,) = from_json(GOLDEN["sources"])
FACT, MEMO = b"\x0f" * 32, b"\x0e" * 32
DOLLAR = 1_000_000
NAMES = {"payments": "IPayments", "wallet_links": "IWalletLinks", "disputes": "IDisputes"}
UNREAD = {"ArbiterSet(address indexed arbiter)"}
"""Events that say nothing of a borrower."""


def paid(amount: int, coin: bytes = TOKEN, payee: bytes = BEN) -> list[tuple[object, ...]]:
    log = log_of("payments", "Paid", ANN, payee, coin, amount, 3, MEMO)
    return told([log], source_of("payments", asset=None))


def decided(outcome: int) -> list[dict[str, Any]]:
    log = log_of("disputes", "DisputeDecided", ANN, FACT, outcome, MEMO)
    return rows_of([log], source_of("disputes", asset=None))


@pytest.mark.parametrize("golden", GOLDEN["logs"], ids=lambda golden: golden["meaning"])
def test_decode__golden_log__means_what_its_sentence_says(golden: dict[str, Any]) -> None:
    data = "0x" + "".join(word[2:] for word in golden["data"])
    table = decode([raw_log(golden["address"], golden["topics"], data)], {BLOCK: TIME}, CHAIN)
    assert [meaning(row) for row in table.to_pylist()] == golden["rows"]


@pytest.mark.parametrize(
    ("amount", "coin", "payee"),
    [(DOLLAR, STRANGE, BEN), (0, TOKEN, BEN), (0, COIN, BEN), (9_999, TOKEN, BEN), (DOLLAR, TOKEN, ANN)],
    ids=["a coin not listed", "nothing", "nothing of a coin without a pin", "dust", "to oneself"],
)
def test_decode__payment_that_says_nothing__is_dropped(amount: int, coin: bytes, payee: bytes) -> None:
    assert paid(amount, coin, payee) == []


def test_decode__payment_of_a_coin_without_a_pin__has_no_value_yet() -> None:
    assert paid(1, COIN) == [("purpose", ANN, BEN, COIN, 1, None)]


@given(st.sampled_from([0, 1, 2, 3, 4, 5, 255]) | st.integers(0, 2**256 - 1))
def test_decode__any_outcome__is_a_row_if_it_is_one(outcome: int) -> None:
    found = [int(row["amount"]) for row in decided(outcome)]
    assert found == ([outcome] if outcome in (1, 2, 3) else [])


def test_decode__outcome_and_withdrawal__have_no_asset_and_no_value() -> None:
    withdrawal = log_of("disputes", "DisputeWithdrawn", ANN, FACT)
    (withdrawn,) = rows_of([withdrawal], source_of("disputes", asset=TOKEN))
    for row in (*decided(1), withdrawn):
        assert (row["account"], row["loan_id"], row["asset"], row["value_cents"]) == (ANN, FACT, None, None)


@pytest.mark.parametrize("protocol", NAMES)
def test_interface__events__are_those_that_are_read(protocol: str) -> None:
    text = (ROOT / "contracts" / "src" / f"{NAMES[protocol]}.sol").read_text("utf-8")
    found = re.findall(r"event (\w+)\(([^)]*)\);", text)
    plain = {f"{name}({', '.join(part.strip() for part in inside.split(','))})" for name, inside in found}
    numbered = {re.sub(r"\b(Purpose|Outcome) ", "uint8 ", signature) for signature in plain}
    assert numbered - UNREAD == {event.signature for event in PROTOCOLS[protocol].events}
