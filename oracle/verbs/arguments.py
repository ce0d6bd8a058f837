"""What a person names on the command line: a file, an address, a language; refused in one sentence."""

from pathlib import Path
from typing import Literal

from ledger_reader.errors import Stop
from models import plain
from oracle.settings import address_bytes


def content_of(path: Path) -> bytes:
    """A file's bytes, no more than may be parsed; Stop when it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(plain.MAX_BYTES + 1)
    except OSError as error:
        raise Stop(f"{path}: {error.strerror}; name an existing file.") from error


def address_of(text: str) -> bytes:
    """The 20 bytes of an address, as `settings.address_bytes`; Stop when it is none."""
    try:
        return address_bytes(text)
    except ValueError as error:
        raise Stop(f"{error}.") from error


def language_of(text: str) -> Literal["en", "zh"]:
    """One of the two languages in which people are told; Stop when it is another."""
    if text == "zh":
        return "zh"
    if text == "en":
        return "en"
    raise Stop(f"the language must be en or zh, got {text!r}.")
