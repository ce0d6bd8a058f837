import re

import pytest

from ledger_reader.errors import Stop
from models import plain


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "is not valid JSON"),
        ("[1.0]", "1.0 is not an integer"),
        ("[1e3]", "1e3 is not an integer"),
        ("[NaN]", "NaN is not an integer"),
        ('{"a":1,"a":2}', "'a' stands twice"),
        ("[" * 100_000, "is not valid JSON"),
        (b"\xff", "is not valid JSON"),
        (b" " * (plain.MAX_BYTES + 1), "more than the"),
        ("1" * 5_000, "is not valid JSON"),
    ],
    ids=str,
)
def test_read__of_bad_text__stops_with_the_reason(text: bytes | str, sentence: str) -> None:
    with pytest.raises(Stop, match=re.escape(sentence)):
        plain.read(text, "the file")


@pytest.mark.parametrize("value", [True, None, "1", 11, -1, [1]])
def test_integer__of_anything_else__stops(value: object) -> None:
    with pytest.raises(Stop, match="must be an integer from 0 to 10"):
        plain.integer(value, "x", 0, 10)


@pytest.mark.parametrize("value", ["0xAB", "ab", "0xab00", "0xzz", "0x a", 171])
def test_hexadecimal__of_another_form__stops(value: object) -> None:
    with pytest.raises(Stop, match="x must be"):
        plain.hexadecimal(value, "x", 1)


def test_fields__missing_or_unknown__are_named() -> None:
    with pytest.raises(Stop, match=r"lacks the fields \['b'\] and has the unknown fields \['c'\]"):
        plain.fields({"a": 1, "c": 2}, ("a", "b"), "it")
    with pytest.raises(Stop, match="it must be an object"):
        plain.fields([1], ("a",), "it")


def test_write__of_any_order__is_canonical() -> None:
    assert plain.write({"b": [1, None], "a": "信"}) == '{"a":"信","b":[1,null]}'.encode()
    assert plain.read(plain.write({"b": 1, "a": "信"}), "it") == {"a": "信", "b": 1}


def test_hexadecimal__of_its_own_form__gives_the_bytes() -> None:
    assert plain.hexadecimal("0xab", "x", 1) == b"\xab"
