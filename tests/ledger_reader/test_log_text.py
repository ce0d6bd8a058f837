"""The text of logs becomes the table that a parser of JSON would make of it, whatever a provider sends."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger_reader import log_text
from ledger_reader.logs import LogTable, RawLog, check, joined
from tests.ledger_reader.meanings import raw_log

PLAIN = (",", ":")
ANN, BEN = bytes.fromhex("a1" * 20), bytes.fromhex("b0" * 20)
TOPIC = "0x" + "07" * 32


def hexed(size: int) -> st.SearchStrategy[str]:
    return st.binary(min_size=size, max_size=size).map(lambda raw: f"0x{raw.hex()}")


numbers = st.integers(0, 2**40).map(hex)
raw_logs = st.builds(
    RawLog,
    address=st.sampled_from([f"0x{ANN.hex()}", f"0x{BEN.hex()}"]),
    topics=st.lists(st.sampled_from([TOPIC]) | hexed(32), max_size=4).map(tuple),
    data=st.integers(0, 70).flatmap(hexed),
    block_number=numbers,
    block_hash=hexed(32),
    transaction_hash=hexed(32),
    log_index=numbers,
    block_timestamp=st.none() | numbers,
)


def told(log: RawLog, **others: Any) -> dict[str, Any]:
    """As a node tells it: a number that we do not read stands in it too."""
    plain: dict[str, Any] = json.loads(msgspec.json.encode(log))
    return plain | {"transactionIndex": "0x1f"} | others


def as_list(several: Sequence[bytes]) -> LogTable:
    """Of the list that they are in an answer, as long as it can be read without being parsed."""
    table = log_text.read_list(memoryview(b",".join(several)))
    return log_text.read(several) if table is None else table


WAYS = pytest.mark.parametrize("read", [log_text.read, as_list], ids=["apart", "as a list"])
Read = Callable[[Sequence[bytes]], LogTable]


def texts(logs: Sequence[Any], separators: tuple[str, str] = PLAIN) -> list[bytes]:
    return [json.dumps(log, separators=separators).encode() for log in logs]


# ------------------------------------------------------------------ the same as a parser


@WAYS
@given(logs=st.lists(raw_logs, max_size=12), separators=st.sampled_from([PLAIN, (", ", ": "), (" ,", " :")]))
def test_read__logs_of_many_shapes__are_what_a_parser_finds(
    read: Read, logs: list[RawLog], separators: tuple[str, str]
) -> None:
    assert read(texts([told(log) for log in logs], separators)).raw() == logs


@WAYS
@given(log=raw_logs, random=st.randoms(use_true_random=False))
def test_read__fields_in_any_order_and_others_between__are_found_by_name(
    read: Read, log: RawLog, random: Any
) -> None:
    fields = [*told(log, note="a, {b}: c", more="0x" + "9" * 40).items()]
    random.shuffle(fields)
    assert read(texts([dict(fields)])).raw() == [log]


def test_read__hex_in_capitals__same_bytes() -> None:
    log = raw_log("0x" + "AB" * 20, [TOPIC.upper().replace("X", "x")], "0xFF")
    small = raw_log("0x" + "ab" * 20, [TOPIC], "0xff")
    assert log_text.of([log]).raw() == log_text.of([small]).raw() == [small]


def of_data(data: str, **others: Any) -> bytes:
    return texts([told(raw_log(f"0x{ANN.hex()}", [TOPIC], data), **others)])[0]


MISLEADING: dict[str, Callable[[str, str], bytes]] = {
    "a name that stands twice": lambda data, other: b'{"data":"%b",' % other.encode() + of_data(data)[1:],
    "a name in another object": lambda data, other: of_data(data, inner={"data": other}),
    "a name in a text": lambda data, other: of_data(data, note=f'x","data":"{other}'),
    "an escaped name": lambda data, other: of_data(data, more=other).replace(b'"data"', rb'"d\u0061ta"'),
    "topics twice": lambda data, _: b'{"topics":[],' + of_data(data)[1:],
}
"""By what is odd: a log's text of these data, in which others stand too."""


@WAYS
@pytest.mark.parametrize("odd", MISLEADING.values(), ids=MISLEADING)
@pytest.mark.parametrize("second", ["0x11", "0x22"])
@pytest.mark.parametrize("other", ["0x11", "0x33"])
def test_read__text_that_positions_could_mislead__is_what_a_parser_finds(
    read: Read, odd: Callable[[str, str], bytes], second: str, other: str
) -> None:
    several = [odd("0x11", other), odd(second, "0x44"), of_data("0x55")]
    expected = [msgspec.json.decode(text, type=RawLog) for text in several]
    assert [log.data for log in expected] == ["0x11", second, "0x55"]
    assert read(several).raw() == expected


@given(st.lists(raw_logs, max_size=12))
def test_read_list__plain_logs__need_no_parser(logs: list[RawLog]) -> None:
    table = log_text.read_list(memoryview(b",".join(texts([told(log) for log in logs]))))
    assert table is not None
    assert table.raw() == logs


@pytest.mark.parametrize(
    "form",
    ["LL", "L;L", "L L", "L, L", "L,,L", "L,null,L", "L][L", " L", "L,", ",L", "[L]", "L,7", "7,L", " ", "7"],
)
def test_read_list__anything_but_a_comma_between_logs__must_be_parsed(form: str) -> None:
    content = form.encode().replace(b"L", texts([LOG])[0])
    assert log_text.read_list(memoryview(content)) is None


# ------------------------------------------------------------------ malformed

LOG = told(raw_log(f"0x{ANN.hex()}", [TOPIC, TOPIC], "0x" + "22" * 32)) | {"blockTimestamp": "0x10"}
MALFORMED = {
    "data that is not hex": LOG | {"data": "0x" + "2g" * 32},
    "half a byte": LOG | {"data": "0x222"},
    "data without 0x": LOG | {"data": "22" * 33},
    "spaces": LOG | {"data": "0x" + " 2" * 32},
    "a topic that is not hex": LOG | {"topics": ["0x" + "7z" * 32, TOPIC]},
    "a topic without 0x": LOG | {"topics": ["77" * 33, TOPIC]},
    "a hash that is not hex": LOG | {"blockHash": "0x" + "zz" * 32},
    "a short address": LOG | {"address": "0x11"},
    "a number that is none": LOG | {"blockNumber": "0xz"},
    "an empty number": LOG | {"logIndex": "0x"},
    "a negative number": LOG | {"logIndex": "-0x1"},
    "a number past 63 bits": LOG | {"blockNumber": "0x8000000000000000"},
    "a time that is none": LOG | {"blockTimestamp": "soon"},
    "digits of another script": LOG | {"data": "0x٣٣"},
}


@WAYS
@pytest.mark.parametrize("log", MALFORMED.values(), ids=MALFORMED)
@pytest.mark.parametrize("among", [0, 1, 3])
def test_read__malformed_log__is_refused_wherever_it_stands(
    read: Read, log: dict[str, Any], among: int
) -> None:
    with pytest.raises(ValueError, match="a malformed log: an address, topic, hash, number or data"):
        read(texts([LOG] * among + [log] + [LOG] * (3 - among)))


@WAYS
def test_read__removed_log__is_refused(read: Read) -> None:
    with pytest.raises(ValueError, match="marked as removed"):
        read(texts([LOG, LOG | {"removed": True}]))


@WAYS
@pytest.mark.parametrize("text", [b"null", b"7", b"[]", b"{}", b'{"address":null}', b"\xff"])
def test_read__no_log__decode_error(read: Read, text: bytes) -> None:
    with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)):
        read([*texts([LOG]), text])


@WAYS
def test_read__as_many_shapes_as_logs__are_refused_instead_of_taking_for_ever(
    read: Read,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(log_text, "MOST_SHAPES", 10)
    several = [LOG | {"data": "0x" + "00" * size} for size in range(11)]
    assert len(read(texts(several[:10]))) == 10
    with pytest.raises(ValueError, match="more than 10 shapes"):
        read(texts(several))


# ------------------------------------------------------------------ tables


@given(st.lists(raw_logs, max_size=8), st.randoms(use_true_random=False))
def test_take__any_order__is_the_logs_in_that_order(logs: list[RawLog], random: Any) -> None:
    order = list(range(len(logs)))
    random.shuffle(order)
    table = log_text.of(logs).take(np.array(order, np.int64))
    assert table.raw() == [logs[place] for place in order]
    assert all((np.diff(group.at) > 0).all() for group in table.groups)


@given(st.lists(st.lists(raw_logs, max_size=4), min_size=1, max_size=4))
def test_joined__tables__are_the_logs_one_behind_the_other(parts: list[list[RawLog]]) -> None:
    assert joined([log_text.of(part) for part in parts]).raw() == [log for part in parts for log in part]


def numbered(*places: tuple[int, int]) -> list[RawLog]:
    return [raw_log(f"0x{ANN.hex()}", [TOPIC], "0x", block, index) for block, index in places]


def test_check__out_of_order__is_put_in_order() -> None:
    table = check(log_text.of(numbered((9, 1), (8, 2), (9, 0), (8, 11))), {ANN}, 8, 9)
    assert table.raw() == numbered((8, 2), (8, 11), (9, 0), (9, 1))


@pytest.mark.parametrize(
    ("places", "words"),
    [
        ([(8, 0), (7, 0)], "a log of block 7, outside 8 to 9"),
        ([(10, 0)], "a log of block 10, outside 8 to 9"),
        ([(8, 2**31)], "a log of the number 2147483648 in its block"),
        ([(9, 3), (8, 2), (9, 3)], "log 3 of block 9 twice"),
    ],
)
def test_check__wrong_place__value_error_names_it(places: list[tuple[int, int]], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        check(log_text.of(numbered(*places)), {ANN}, 8, 9)


def test_check__contract_that_was_not_asked_for__value_error_names_it() -> None:
    with pytest.raises(ValueError, match=f"a log of '0x{ANN.hex()}', which was not asked for"):
        check(log_text.of(numbered((8, 0))), {BEN}, 8, 9)
