"""Golden meanings of logs, hostile logs, and that every protocol says what its events mean."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger_reader.decode import PROTOCOLS, topics
from ledger_reader.errors import Stop
from ledger_reader.ledger import EVENTS, KINDS, MAX_AMOUNT, MAX_TIME, MAX_VALUE_CENTS
from ledger_reader.logs import RawLog
from ledger_reader.protocols.protocol import Event
from ledger_reader.sources import Asset, ChainSources, Source, from_json
from tests.ledger_reader.meanings import BLOCK, TIME, decode, meaning, raw_log

GOLDEN = Path(__file__).parents[1] / "golden"
FIRST_LIGHT = json.loads((GOLDEN / "ledger_first_light.json").read_text("utf-8"))
(CHAIN,) = from_json(FIRST_LIGHT["sources"])


# ------------------------------------------------------------------ golden


@pytest.mark.parametrize("golden", FIRST_LIGHT["logs"], ids=lambda golden: golden["meaning"])
def test_decode__golden_log__means_what_its_sentence_says(golden: dict[str, Any]) -> None:
    data = "0x" + "".join(word[2:] for word in golden["data"])
    table = decode([raw_log(golden["address"], golden["topics"], data)], {BLOCK: TIME}, CHAIN)
    assert [meaning(row) for row in table.to_pylist()] == golden["rows"]


# ------------------------------------------------------------------ rules


def test_decode__unknown_protocol__stop_names_those_known() -> None:
    chain = ChainSources(1, (Source("aave_v9", bytes(20), 0),), ())
    with pytest.raises(Stop, match="'aave_v9' is not known: use one of aave_v2, aave_v3, compound_v2"):
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
