"""What holds for every protocol: events are documented, and arguments become the columns that they should.

SAYS is written from the events' meaning by the names of their arguments; the decoders go by position.
"""

import importlib
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger_reader.decode import PROTOCOLS
from ledger_reader.ledger import EVENTS, KINDS, MAX_AMOUNT, MAX_TIME, MAX_VALUE_CENTS
from ledger_reader.logs import RawLog
from ledger_reader.protocols.protocol import Event
from ledger_reader.sources import ChainSources, Source
from tests.ledger_reader.meanings import (
    ANN,
    ASSETS,
    BARE,
    BEN,
    BLOCK,
    CAT,
    COIN,
    MARKET,
    POOL,
    STRANGE,
    TIME,
    TOKEN,
    decode,
    event_of,
    log_of,
    raw_log,
    rows_of,
    source_of,
)


class Says(NamedTuple):
    """A row in names of arguments; OWN the source's asset; `always`: the counterparty is never left out."""

    kind: str
    account: str
    counterparty: str | None = None
    asset: str | None = None
    amount: str | None = None
    loan_id: str | None = None
    due_time: str | None = None
    always: bool = False
    hides: bool = False
    """An amount of 0 is unknown."""


OWN, US, BOTH = "(own asset)", "(contract)", "(contract and asset)"


def invoice(kind: str, due: str | None = None, hides: bool = True, amount: str = "amount") -> Says:
    return Says(kind, "supplier", "buyer", "currency", amount, "invoiceId", due, True, hides)


def of_both(row: Says) -> tuple[Says, Says]:
    return row, row._replace(account="buyer", counterparty="supplier")


def of_holder(kind: str, new: str, amount: str, hides: bool = False) -> Says:
    return Says(kind, "holder", new, "currency", amount, "invoiceId", None, True, hides)


AAVE = {
    "Withdraw": (Says("withdraw", "user", "to", "reserve", "amount"),),
    "Borrow": (Says("borrow", "onBehalfOf", "user", "reserve", "amount", BOTH),),
    "Repay": (Says("repay", "user", "repayer", "reserve", "amount", BOTH),),
    "LiquidationCall": (
        Says("liquidation", "user", "liquidator", "debtAsset", "debtToCover", BOTH, always=True),
    ),
}
SUPPLIED = (Says("deposit", "onBehalfOf", "user", "reserve", "amount"),)
SAYS: dict[str, dict[str, tuple[Says, ...]]] = {
    "aave_v2": {"Deposit": SUPPLIED, **AAVE},
    "aave_v3": {"Supply": SUPPLIED, **AAVE},
    "compound_v2": {
        "Mint": (Says("deposit", "minter", None, OWN, "mintAmount"),),
        "Redeem": (Says("withdraw", "redeemer", None, OWN, "redeemAmount"),),
        "Borrow": (Says("borrow", "borrower", None, OWN, "borrowAmount", US),),
        "RepayBorrow": (Says("repay", "borrower", "payer", OWN, "repayAmount", US),),
        "LiquidateBorrow": (
            Says("liquidation", "borrower", "liquidator", OWN, "repayAmount", US, always=True),
        ),
    },
    "compound_v3": {
        "Supply": (Says("repay", "dst", "from", OWN, "amount", US),),
        "Withdraw": (Says("borrow", "src", "to", OWN, "amount", US),),
        "Transfer": (),
        "SupplyCollateral": (Says("deposit", "dst", "from", "asset", "amount", US),),
        "WithdrawCollateral": (Says("withdraw", "src", "to", "asset", "amount", US),),
        "AbsorbDebt": (Says("liquidation", "borrower", "absorber", OWN, "basePaidOut", US, always=True),),
        "AbsorbCollateral": (Says("withdraw", "borrower", "absorber", "asset", "collateralAbsorbed", US),),
    },
    "credit_oracle": {
        "Enrolled": (Says("enrolled", "account"),),
        "Withdrawn": (Says("withdrawn", "account"),),
    },
    "disputes": {"Disputed": (Says("disputed", "account", loan_id="factId"),)},
    "receivables": {
        "InvoiceIssued": (invoice("invoice_issued", "dueTime"),),
        "InvoiceOpened": (invoice("invoice_opened", hides=False),),
        "InvoiceAccepted": of_both(invoice("invoice_accepted", "dueTime")),
        "InvoiceDisputed": of_both(invoice("invoice_disputed")),
        "InvoiceFinanced": (of_holder("invoice_financed", "financier", "advance"),),
        "InvoiceAssigned": (of_holder("invoice_assigned", "newHolder", "amount", hides=True),),
        "InvoiceSplit": (of_holder("invoice_split", "newHolder", "amount"),),
        "InvoicePaid": (
            invoice("invoice_paid", hides=False)._replace(counterparty="payer"),
            of_both(invoice("invoice_paid", hides=False))[1],
        ),
        "InvoiceCredited": of_both(invoice("invoice_credited", hides=False)),
        "InvoiceVoided": (invoice("invoice_voided"),),
    },
    "wallet_links": {
        "Linked": (Says("linked", "wallet", "with", loan_id="person", always=True),),
        "Unlinked": (Says("unlinked", "wallet", loan_id="person", due_time="effectiveTime"),),
    },
}
"""All events but those with rules of their own: see OF_THEIR_OWN."""

OF_THEIR_OWN = {
    "disputes": {"DisputeWithdrawn", "DisputeDecided"},
    "erc20": {"Transfer"},
    "llamalend": {"Borrow", "Repay", "RemoveCollateral", "Liquidate"},
    "morpho_blue": {event.signature.split("(")[0] for event in PROTOCOLS["morpho_blue"].events},
    "payments": {"Paid"},
    "price_feed": {"AnswerUpdated"},
    "term_loans": {event.signature.split("(")[0] for event in PROTOCOLS["term_loans"].events},
}
"""Told by their own test files or by golden logs."""


def test_says__of_every_protocol__tells_every_event() -> None:
    told = {name: set(SAYS.get(name, {})) | OF_THEIR_OWN.get(name, set()) for name in PROTOCOLS}
    events = {
        name: {event.signature.split("(")[0] for event in protocol.events}
        for name, protocol in PROTOCOLS.items()
    }
    assert told == events


addresses = st.sampled_from([ANN, BEN, CAT])
tokens = st.sampled_from([TOKEN, COIN, STRANGE])
amounts = st.sampled_from([0, 1, 9_999, 10_000, MAX_AMOUNT, 2**256 - 1]) | st.integers(0, 2**256 - 1)


def values_of(argument: str, assets: set[str | None]) -> st.SearchStrategy[Any]:
    """Of an argument as it is declared; `assets` name those that are tokens."""
    kind, *_, name = argument.split()
    if kind == "address":
        return tokens if name in assets else addresses
    if kind == "bytes32":
        return st.sampled_from([MARKET, BARE, b"\x79" * 32]) | st.binary(min_size=32, max_size=32)
    return st.booleans().map(int) if kind == "bool" else amounts


def arguments_of(event: Event) -> list[str]:
    return event.signature.split("(")[1].removesuffix(")").split(", ")


@st.composite
def told_logs(draw: st.DrawFn) -> tuple[str, str, dict[str, Any]]:
    """(protocol, event, value of each argument by name)."""
    protocol = draw(st.sampled_from(sorted(SAYS)))
    name = draw(st.sampled_from(sorted(SAYS[protocol])))
    arguments = arguments_of(event_of(protocol, name))
    assets = {says.asset for says in SAYS[protocol][name]}
    return protocol, name, {argument.split()[-1]: draw(values_of(argument, assets)) for argument in arguments}


def expected_row(says: Says, values: dict[str, Any]) -> dict[str, Any] | None:
    """The row in the ledger's columns, None where the rules drop it."""
    account = values[says.account]
    other = POOL if says.counterparty == US else values.get(says.counterparty or "")
    row: dict[str, Any] = {"kind": says.kind, "account": account, "value_cents": None, "amount": None}
    row["counterparty"] = None if other == account and not says.always else other
    row["asset"] = asset = TOKEN if says.asset == OWN else values.get(says.asset or "")
    row["due_time"] = min(values[says.due_time], MAX_TIME) if says.due_time else None
    ids = {US: POOL.rjust(32, b"\0"), BOTH: POOL[:12] + (asset or b"")}
    row["loan_id"] = ids.get(says.loan_id or "") or values.get(says.loan_id or "")
    if says.amount is None:
        return row
    raw = values[says.amount]
    if asset == STRANGE or (raw == 0 and not says.hides):
        return None
    if raw == 0:
        return row
    row["amount"] = min(raw, MAX_AMOUNT)
    if asset == TOKEN:
        row["value_cents"] = min(raw * 100 // 10**6, MAX_VALUE_CENTS)
    return None if row["value_cents"] == 0 else row


@given(told_logs())
def test_decode__any_well_formed_log__each_column_is_the_argument_of_that_name(
    told: tuple[str, str, dict[str, Any]],
) -> None:
    protocol, name, values = told
    rows = rows_of([log_of(protocol, name, *values.values())], source_of(protocol))
    expected = [row for says in SAYS[protocol][name] if (row := expected_row(says, values))]
    if protocol == "receivables" and values["supplier"] == values["buyer"]:
        expected = []
    assert [{key: row[key] for key in expected[0]} for row in rows] == expected if expected else not rows
    assert [row["leg"] for row in rows] == list(range(len(expected)))


# ------------------------------------------------------------------ hostile logs


@st.composite
def hostile(draw: st.DrawFn) -> tuple[Source, list[RawLog]]:
    """Logs of one contract: right first topics, any number of topics, any bytes of data."""
    protocol = draw(st.sampled_from(sorted(PROTOCOLS)))
    source = source_of(protocol, draw(st.sampled_from([None, TOKEN, COIN])))
    first = st.sampled_from([event.topic0 for event in PROTOCOLS[protocol].events])
    people = addresses.map(lambda address: address.rjust(32, b"\0"))
    word = st.binary(min_size=32, max_size=32) | people | amounts.map(lambda n: n.to_bytes(32, "big"))
    hexed = word.map(lambda raw: f"0x{raw.hex()}")
    some = st.lists(word, max_size=9).map(b"".join) | st.binary(max_size=99)
    shape = st.tuples(first, st.lists(hexed, max_size=3), some.map(lambda raw: f"0x{raw.hex()}"))
    told = draw(st.lists(shape, max_size=8))
    address = f"0x{source.address.hex()}"
    return source, [raw_log(address, [t, *ts], data, index=n) for n, (t, ts, data) in enumerate(told)]


@given(hostile())
def test_decode__hostile_logs_of_any_protocol__never_raises_and_every_row_is_in_range(
    told: tuple[Source, list[RawLog]],
) -> None:
    source, logs = told
    table = decode(logs, {BLOCK: TIME}, ChainSources(1, (source,), ASSETS))
    assert table.schema == EVENTS
    for row in table.to_pylist():
        assert row["kind"] in KINDS
        assert len(row["account"]) == 20
        assert row["counterparty"] is None or len(row["counterparty"]) == 20
        assert row["asset"] in (None, TOKEN, COIN)
        assert row["loan_id"] is None or len(row["loan_id"]) == 32
        assert row["amount"] is None or 0 <= row["amount"] <= MAX_AMOUNT
        assert row["value_cents"] is None or 0 <= row["value_cents"] <= MAX_VALUE_CENTS
        assert row["due_time"] is None or 0 <= row["due_time"] <= MAX_TIME
    keys = [(row["log_index"], row["leg"]) for row in table.to_pylist()]
    assert keys == sorted(set(keys))


# ------------------------------------------------------------------ documentation


@pytest.mark.parametrize("name", PROTOCOLS)
def test_protocol__every_event__is_documented_with_its_signature(name: str) -> None:
    module = importlib.import_module(f"ledger_reader.protocols.{name}")
    text = module.__doc__ or ""
    assert module.PROTOCOL is PROTOCOLS[name]
    for event in PROTOCOLS[name].events:
        assert f"\n    {event.signature}\n        " in text
    listed = [line for line in text.splitlines() if line.startswith("    ") and line[4] != " "]
    assert len(listed) == len(PROTOCOLS[name].events), "it documents what it does not read"


@pytest.mark.parametrize("name", sorted(set(PROTOCOLS) - {"credit_oracle", "llamalend"}))
def test_protocol__of_others_events__says_what_is_dropped(name: str) -> None:
    text = importlib.import_module(f"ledger_reader.protocols.{name}").__doc__ or ""
    assert "dropped" in text.lower()


def test_protocols__every_file__is_one() -> None:
    folder = Path(importlib.import_module("ledger_reader.protocols.protocol").__file__ or "").parent
    files = {path.stem for path in folder.glob("*.py")} - {"__init__", "protocol"}
    assert files == set(PROTOCOLS) == {protocol.name for protocol in PROTOCOLS.values()}


WELL_KNOWN = {
    ("aave_v2", "LiquidationCall"): "e413a321e8681d831f4dbccbca790d2952b56f977908e45be37335533e005286",
    ("compound_v2", "Borrow"): "13ed6866d4e1ee6da46f845c46d7e54120883d75c5ea9a2dacc1c4ca8984ab80",
    ("compound_v3", "AbsorbDebt"): "1547a878dc89ad3c367b6338b4be6a65a5dd74fb77ae044da1e8747ef1f4f62f",
    ("compound_v3", "AbsorbCollateral"): "9850ab1af75177e4a9201c65a2cf7976d5d28e40ef63494b44366f86b2f9412e",
    ("morpho_blue", "Liquidate"): "a4946ede45d0c6f06a0f5ce92c9ad3b4751452d2fe0e25010783bcab57a67e41",
    ("price_feed", "AnswerUpdated"): "0559884fd3a460db3073b7fc896cc77986f16e378210ded43186175bf646fc5f",
}
"""First topics of events that no receipt beside the checkout holds, as explorers show them."""


@pytest.mark.parametrize(("protocol", "name"), WELL_KNOWN)
def test_topic0__of_a_well_known_event__is_the_one_everybody_knows(protocol: str, name: str) -> None:
    assert event_of(protocol, name).topic0 == f"0x{WELL_KNOWN[protocol, name]}"
