"""Golden meanings of logs, hostile logs, and that every protocol says what its events mean."""

import gzip
import importlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger_reader.decode import PROTOCOLS, decode, topics
from ledger_reader.errors import Stop
from ledger_reader.ledger import EVENTS, KINDS, MAX_AMOUNT, MAX_TIME, MAX_VALUE_CENTS
from ledger_reader.logs import RawLog
from ledger_reader.protocols.protocol import Event
from ledger_reader.sources import Asset, ChainSources, Source, from_json

GOLDEN = Path(__file__).parents[1] / "golden"
RECEIPTS = Path(__file__).parents[3] / "shared" / "data" / "rpc_lending_receipts"
FIRST_LIGHT = json.loads((GOLDEN / "ledger_first_light.json").read_text("utf-8"))
REAL = json.loads((GOLDEN / "ledger_real_receipts.json").read_text("utf-8"))
(CHAIN,) = from_json(FIRST_LIGHT["sources"])
BLOCK, TIME = 7, 1_700_000_000
HASH = "0x" + "ab" * 32


def raw_log(address: str, log_topics: list[str], data: str, block: int = BLOCK, index: int = 0) -> RawLog:
    return RawLog(address, tuple(log_topics), data, hex(block), HASH, HASH, hex(index))


def meaning(row: dict[str, Any]) -> dict[str, Any]:
    """The columns that say what a row means, as a golden file writes them; nulls left out."""
    columns = (
        "leg",
        "kind",
        "account",
        "counterparty",
        "asset",
        "amount",
        "value_cents",
        "loan_id",
        "due_time",
    )
    told = {name: row[name] for name in columns if row[name] is not None}
    if "amount" in told:
        told["amount"] = str(told["amount"])
    return {name: f"0x{value.hex()}" if isinstance(value, bytes) else value for name, value in told.items()}


# ------------------------------------------------------------------ golden


@pytest.mark.parametrize("golden", FIRST_LIGHT["logs"], ids=lambda golden: golden["meaning"])
def test_decode__golden_log__means_what_its_sentence_says(golden: dict[str, Any]) -> None:
    data = "0x" + "".join(word[2:] for word in golden["data"])
    table = decode([raw_log(golden["address"], golden["topics"], data)], {BLOCK: TIME}, CHAIN)
    assert [meaning(row) for row in table.to_pylist()] == golden["rows"]


@pytest.fixture(scope="module")
def receipts() -> dict[str, Any]:
    """Real receipts by transaction hash."""
    if not RECEIPTS.is_dir():
        pytest.skip(f"the real receipts are not beside the checkout ({RECEIPTS.name})")
    found: dict[str, Any] = {}
    for path in sorted(RECEIPTS.glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            answers = [json.loads(line)["result"] for line in lines]
        found |= {answer["transactionHash"]: answer for answer in answers if answer}
    return found


@pytest.mark.data
@pytest.mark.parametrize("golden", REAL["logs"], ids=lambda golden: golden["meaning"][:60])
def test_decode__real_log__means_what_was_read_by_hand(
    golden: dict[str, Any], receipts: dict[str, Any]
) -> None:
    logs = receipts[golden["transaction"]]["logs"]
    log = next(log for log in logs if int(log["logIndex"], 16) == golden["log_index"])
    asset = bytes.fromhex(golden["asset"][2:])
    own = Asset(asset, "TOKEN", REAL["decimals"][golden["asset"]], 100)
    source = Source(golden["protocol"], bytes.fromhex(log["address"][2:]), 0, asset)
    chain = ChainSources(golden["chain_id"], (source,), (own,))
    table = decode([raw_log(log["address"], log["topics"], log["data"])], {BLOCK: TIME}, chain)
    assert [meaning(row) for row in table.to_pylist()] == golden["rows"]


@pytest.mark.data
def test_decode__all_logs_of_all_real_receipts__nothing_raises(receipts: dict[str, Any]) -> None:
    logs = [
        raw_log(log["address"], log["topics"], log["data"], BLOCK, index)
        for receipt in receipts.values()
        for index, log in enumerate(receipt["logs"])
    ]
    addresses = sorted({bytes.fromhex(log.address[2:]) for log in logs})
    erc20, rest = addresses[:900], addresses[900:1800]
    names = [name for name in PROTOCOLS if name != "erc20"]
    sources = [Source("erc20", address, 0) for address in erc20]
    sources += [Source(names[n % len(names)], address, 0) for n, address in enumerate(rest[:100])]
    chain = ChainSources(1, tuple(sources), tuple(Asset(address, "T", 18, 100) for address in erc20))
    table = decode(logs, {BLOCK: TIME}, chain)
    assert table.schema == EVENTS
    assert table.num_rows > 1000


# ------------------------------------------------------------------ rules


def test_decode__unknown_protocol__stop_names_those_known() -> None:
    chain = ChainSources(1, (Source("aave_v9", bytes(20), 0),), ())
    with pytest.raises(Stop, match="'aave_v9' is not known: use one of credit_oracle, erc20, llamalend"):
        decode([], {}, chain)


def test_decode__log_before_the_start_block__is_not_decoded() -> None:
    source = Source("credit_oracle", b"o" * 20, BLOCK + 1)
    log_topics = [PROTOCOLS["credit_oracle"].events[0].topic0, "0x" + "0" * 24 + "a1" * 20]
    logs = [raw_log(f"0x{source.address.hex()}", log_topics, "0x", block) for block in (BLOCK, BLOCK + 1)]
    table = decode(logs, {BLOCK: TIME, BLOCK + 1: TIME + 12}, ChainSources(1, (source,), ()))
    assert table["block_number"].to_pylist() == [BLOCK + 1]
    assert table["block_time"].to_pylist() == [TIME + 12]


def test_decode__log_after_the_end_block__is_not_decoded() -> None:
    source = Source("credit_oracle", b"o" * 20, 0, end_block=BLOCK)
    log_topics = [PROTOCOLS["credit_oracle"].events[0].topic0, "0x" + "0" * 24 + "a1" * 20]
    logs = [raw_log(f"0x{source.address.hex()}", log_topics, "0x", block) for block in (BLOCK, BLOCK + 1)]
    table = decode(logs, {BLOCK: TIME, BLOCK + 1: TIME + 12}, ChainSources(1, (source,), ()))
    assert table["block_number"].to_pylist() == [BLOCK]


def test_decode__no_logs__empty_table_of_the_same_shape() -> None:
    table = decode([], {}, CHAIN)
    assert table.schema == EVENTS
    assert table.num_rows == 0


def test_decode__address_and_topics_in_capitals__same_rows() -> None:
    golden = FIRST_LIGHT["logs"][0]
    capital = ["0x" + topic[2:].upper() for topic in golden["topics"]]
    log = raw_log("0x" + golden["address"][2:].upper(), capital, golden["data"][0])
    rows = [meaning(row) for row in decode([log], {BLOCK: TIME}, CHAIN).to_pylist()]
    assert rows == golden["rows"]


def test_topics__of_a_chain__are_of_its_protocols_only() -> None:
    enrolment = ChainSources(1, (Source("credit_oracle", b"o" * 20, 0),), ())
    assert topics(enrolment) == sorted(event.topic0 for event in PROTOCOLS["credit_oracle"].events)


def test_topic0__transfer__is_the_one_everybody_knows() -> None:
    expected = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
    assert PROTOCOLS["erc20"].events[0].topic0 == expected


def test_event__not_a_signature__value_error() -> None:
    with pytest.raises(ValueError, match="not an event signature"):
        _ = Event("Transfer", lambda *_: []).topic0


@pytest.mark.parametrize("name", PROTOCOLS)
def test_protocol__every_event__is_documented_with_its_signature(name: str) -> None:
    module = importlib.import_module(f"ledger_reader.protocols.{name}")
    assert module.PROTOCOL is PROTOCOLS[name]
    for event in PROTOCOLS[name].events:
        assert f"\n    {event.signature}\n        " in (module.__doc__ or "")


def test_protocols__every_file__is_listed() -> None:
    folder = Path(importlib.import_module("ledger_reader.protocols.protocol").__file__ or "").parent
    files = {path.stem for path in folder.glob("*.py")} - {"__init__", "protocol"}
    assert files == set(PROTOCOLS)


# ------------------------------------------------------------------ hostile logs

ADDRESSES = [f"0x{source.address.hex()}" for source in CHAIN.sources]
TOPICS = topics(CHAIN)
hex_word = st.one_of(
    st.sampled_from(["0x" + "0" * 64, "0x" + "f" * 64, "0x" + "0" * 24 + "a1" * 20]),
    st.binary(min_size=32, max_size=32).map(lambda raw: f"0x{raw.hex()}"),
    st.binary(min_size=20, max_size=20).map(lambda raw: f"0x{'0' * 24}{raw.hex()}"),
)
hostile_logs = st.builds(
    raw_log,
    st.sampled_from([*ADDRESSES, "0x" + "99" * 20]),
    st.tuples(st.sampled_from(TOPICS), st.lists(hex_word, max_size=3)).map(lambda pair: [pair[0], *pair[1]])
    | st.lists(hex_word, max_size=4),
    st.lists(hex_word, max_size=6).map(lambda words: "0x" + "".join(word[2:] for word in words))
    | st.binary(max_size=200).map(lambda raw: f"0x{raw.hex()}"),
)


@given(st.lists(hostile_logs, max_size=20))
def test_decode__hostile_logs__never_raises_and_every_row_is_in_range(logs: list[RawLog]) -> None:
    table = decode(logs, {BLOCK: TIME}, CHAIN)
    assert table.schema == EVENTS
    for row in table.to_pylist():
        assert row["kind"] in KINDS
        assert len(row["account"]) == 20
        assert row["counterparty"] is None or len(row["counterparty"]) == 20
        assert row["loan_id"] is None or len(row["loan_id"]) == 32
        assert row["amount"] is None or 0 <= row["amount"] <= MAX_AMOUNT
        assert row["value_cents"] is None or 0 <= row["value_cents"] <= MAX_VALUE_CENTS
        assert row["due_time"] is None or 0 <= row["due_time"] <= MAX_TIME


@given(st.integers(0, 2**256 - 1), st.integers(0, 36), st.none() | st.integers(1, MAX_VALUE_CENTS))
def test_decode__any_amount_any_pin__is_the_exact_floor_or_the_limit(
    raw: int, decimals: int, pin: int | None
) -> None:
    token = Asset(b"t" * 20, "T", decimals, pin)
    chain = ChainSources(1, (Source("erc20", token.address, 0),), (token,))
    people = ["0x" + "0" * 24 + "a1" * 20, "0x" + "0" * 24 + "b0" * 20]
    log = raw_log(f"0x{token.address.hex()}", [PROTOCOLS["erc20"].events[0].topic0, *people], f"0x{raw:064x}")
    rows = decode([log], {BLOCK: TIME}, chain).to_pylist()
    cents = None if pin is None else raw * pin // 10**decimals
    if raw == 0 or cents == 0:
        assert rows == []
        return
    assert [int(row["amount"]) for row in rows] == [min(raw, MAX_AMOUNT)] * 2
    assert [row["value_cents"] for row in rows] == [
        cents if cents is None else min(cents, MAX_VALUE_CENTS)
    ] * 2


@given(st.lists(hostile_logs, max_size=10), st.lists(hostile_logs, max_size=10))
def test_decode__two_parts__equal_the_whole(one: list[RawLog], two: list[RawLog]) -> None:
    whole = decode(one + two, {BLOCK: TIME}, CHAIN).to_pylist()
    parts = [decode(part, {BLOCK: TIME}, CHAIN).to_pylist() for part in (one, two)]
    assert whole == parts[0] + parts[1]
