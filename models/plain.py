"""Plain JSON values, read strictly and written canonically: the form everything is hashed in.

Canonical: UTF-8, keys sorted, no spaces, integers only. Reading is strict so that one meaning
has one text: no floats, no NaN, no duplicate or unknown keys, no booleans for numbers, and
nothing larger than a stated size. Every failure is a Stop that names the place and the value.
"""

import json
from collections.abc import Iterable
from typing import Any, NoReturn

from ledger_reader.errors import Stop

MAX_BYTES = 4 * 1024 * 1024
"""Largest text that is parsed at all."""

INT64_MAX = 2**63 - 1


def write(plain: Any) -> bytes:
    """Canonical bytes of plain values (dicts, lists, str, int, bool, None)."""
    text = json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode()


def read(text: bytes | str, what: str) -> Any:
    """The plain values of a JSON text; Stop when it is too large, malformed, or holds a float."""
    raw = text.encode(errors="surrogatepass") if isinstance(text, str) else text
    if len(raw) > MAX_BYTES:
        raise Stop(f"{what} has {len(raw)} bytes, more than the {MAX_BYTES} allowed; is it the right file?")
    try:
        return json.loads(
            raw, parse_float=_no_float, parse_constant=_no_float, object_pairs_hook=_no_duplicates
        )
    except (ValueError, RecursionError) as error:
        raise Stop(f"{what} is not valid JSON: {error}; restore it from its source.") from error


def fields(plain: Any, names: Iterable[str], where: str) -> dict[str, Any]:
    """`plain` as an object with exactly these keys."""
    wanted = set(names)
    if not isinstance(plain, dict):
        raise Stop(f"{where} must be an object with {sorted(wanted)}, got {_show(plain)}.")
    if plain.keys() != wanted:
        missing, extra = sorted(wanted - plain.keys()), sorted(plain.keys() - wanted)
        raise Stop(f"{where} lacks the fields {missing} and has the unknown fields {extra}.")
    return plain


def items(plain: Any, where: str, low: int = 0, high: int = 4096) -> list[Any]:
    """`plain` as a list of `low` to `high` entries."""
    if not isinstance(plain, list) or not low <= len(plain) <= high:
        raise Stop(f"{where} must be a list of {low} to {high} entries, got {_show(plain)}.")
    return plain


def integer(plain: Any, where: str, low: int, high: int) -> int:
    """`plain` as an integer between `low` and `high`, both included."""
    if isinstance(plain, bool) or not isinstance(plain, int) or not low <= plain <= high:
        raise Stop(f"{where} must be an integer from {low} to {high}, got {_show(plain)}.")
    return plain


def string(plain: Any, where: str, limit: int = 100) -> str:
    """`plain` as a text of 1 to `limit` characters."""
    if not isinstance(plain, str) or not 1 <= len(plain) <= limit:
        raise Stop(f"{where} must be a text of 1 to {limit} characters, got {_show(plain)}.")
    if any("\ud800" <= character <= "\udfff" for character in plain):
        raise Stop(f"{where} must be a text of whole characters, got {_show(plain)}.")
    return plain


def choice(plain: Any, where: str, choices: tuple[str, ...]) -> str:
    """`plain` as one of `choices`."""
    if plain not in choices:
        raise Stop(f"{where} must be one of {list(choices)}, got {_show(plain)}.")
    return str(plain)


def hexadecimal(plain: Any, where: str, length: int) -> bytes:
    """`plain` as 0x and the lower-case hex of `length` bytes."""
    text = string(plain, where, 2 + 2 * length)
    try:
        raw = bytes.fromhex(text[2:])
    except ValueError:
        raw = b""
    if text != "0x" + raw.hex() or len(raw) != length:
        raise Stop(f"{where} must be 0x and {2 * length} lower-case hex digits, got {_show(plain)}.")
    return raw


def _no_float(text: str) -> NoReturn:
    raise Stop(f"the number {text[:40]} is not an integer; scores are made of integers only.")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Stop(f"the key {_show(twice)} stands twice in one object; keep one of them.")
    return found


def _show(plain: Any) -> str:
    text = repr(plain)
    return text if len(text) <= 60 else text[:57] + "..."
