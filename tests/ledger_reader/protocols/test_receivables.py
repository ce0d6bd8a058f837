"""Invoices: committed amounts are unknown, rows are of the right parties, events are the interface's."""

import re
from pathlib import Path

import pytest
from eth_abi.abi import encode

from ledger_reader.decode import PROTOCOLS
from ledger_reader.keccak import keccak256
from tests.ledger_reader.meanings import ANN, BEN, CAT, STRANGE, TOKEN, log_of, rows_of, source_of, told

CONTRACT = source_of("receivables", asset=None)
INTERFACE = Path(__file__).parents[3] / "contracts" / "src" / "IReceivables.sol"
DOCUMENT = keccak256(b"invoice 17")
INVOICE = keccak256(encode(["address", "address", "bytes32"], [ANN, BEN, DOCUMENT]))
SUM, DUE = 250_000_000, 1_900_000_000
NOT_READ = {"InvoiceOffered", "PaymentKept", "Collected"}
"""What says nothing of how anybody pays: an offer, and coin on its way."""


def issued(amount: int, currency: bytes = TOKEN, buyer: bytes = BEN) -> list[tuple[object, ...]]:
    commitment = b"" if amount else b"\x05" * 32
    words = (INVOICE, ANN, buyer, currency, amount, DUE, commitment, DOCUMENT)
    return told([log_of("receivables", "InvoiceIssued", *words)], CONTRACT)


@pytest.mark.parametrize("amount", [0, SUM])
def test_decode__currency_not_listed__is_skipped(amount: int) -> None:
    assert issued(amount, currency=STRANGE) == []


def test_decode__invoice_to_oneself__is_skipped() -> None:
    assert issued(SUM, buyer=ANN) == []


def test_decode__amount_below_a_cent__is_dropped() -> None:
    assert issued(9_999) == []


def test_decode__amount_committed_to__is_unknown_and_never_zero() -> None:
    assert issued(0) == [("invoice_issued", ANN, BEN, TOKEN, None, None)]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("InvoiceOpened", (TOKEN, 0)),
        ("InvoiceFinanced", (ANN, CAT, TOKEN, 0)),
        ("InvoiceSplit", (ANN, CAT, TOKEN, 0)),
        ("InvoicePaid", (BEN, TOKEN, 0, SUM)),
        ("InvoiceCredited", (TOKEN, 0, DOCUMENT)),
    ],
)
def test_decode__nothing_opened_advanced_given_paid_or_credited__is_dropped(
    name: str, words: tuple[int | bytes, ...]
) -> None:
    assert not rows_of([log_of("receivables", name, INVOICE, ANN, BEN, *words)], CONTRACT)


def test_decode__issued_then_accepted_then_paid__is_the_life_of_an_invoice() -> None:
    logs = [
        log_of("receivables", "InvoiceIssued", INVOICE, ANN, BEN, TOKEN, SUM, DUE, 0, DOCUMENT, index=0),
        log_of("receivables", "InvoiceAccepted", INVOICE, ANN, BEN, TOKEN, SUM, DUE, index=1),
        log_of("receivables", "InvoicePaid", INVOICE, ANN, BEN, CAT, TOKEN, SUM, 0, index=2),
    ]
    rows = rows_of(logs, CONTRACT)
    assert [(r["leg"], r["kind"], r["account"], r["counterparty"], r["due_time"]) for r in rows] == [
        (0, "invoice_issued", ANN, BEN, DUE),
        (0, "invoice_accepted", ANN, BEN, DUE),
        (1, "invoice_accepted", BEN, ANN, DUE),
        (0, "invoice_paid", ANN, CAT, None),
        (1, "invoice_paid", BEN, ANN, None),
    ]
    assert {row["loan_id"] for row in rows} == {INVOICE}
    assert {(int(row["amount"]), row["value_cents"]) for row in rows} == {(SUM, 25_000)}


def test_decode__financed_by_another__is_the_holders_row() -> None:
    log = log_of("receivables", "InvoiceFinanced", INVOICE, ANN, BEN, CAT, b"\xee" * 20, TOKEN, SUM)
    assert told([log], CONTRACT) == [("invoice_financed", CAT, b"\xee" * 20, TOKEN, SUM, 25_000)]


def test_interface__events__are_those_that_are_read() -> None:
    text = INTERFACE.read_text("utf-8")
    found = re.findall(r"event (\w+)\(([^)]*)\);", text)
    assert {name for name, _ in found} >= NOT_READ
    told = {
        f"{name}({', '.join(part.strip() for part in inside.split(','))})"
        for name, inside in found
        if name not in NOT_READ
    }
    assert {re.sub(r"\s+", " ", signature) for signature in told} == {
        event.signature for event in PROTOCOLS["receivables"].events
    }
