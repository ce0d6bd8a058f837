"""What a protocol file exports: its name, its events, and how an event's words become rows.

Rules that hold here: pure; an event is declared by its Solidity signature with `indexed` written
out, from which follow its topic0, how many topics it has and how many data words it needs. A log
whose topics differ in number, whose data is shorter, or which has an indexed address with dirt in
its upper twelve bytes, is not this event and is skipped; longer data is read as far as it is
declared. Numbers are read as whole 256-bit words and saturate, so that no log can raise.
Events with dynamic arguments (strings, arrays) need a reader of their own and are not declared here.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ledger_reader.keccak import keccak256
from ledger_reader.ledger import MAX_AMOUNT, MAX_TIME, MAX_VALUE_CENTS
from ledger_reader.sources import Asset, Source

NO_ONE = bytes(20)
"""The zero address: what tokens are minted from and burned to."""


class Row(NamedTuple):
    """One leg of one event, in the order of the ledger's own columns."""

    leg: int
    kind: str
    account: bytes
    counterparty: bytes | None = None
    asset: bytes | None = None
    amount: int | None = None
    value_cents: int | None = None
    loan_id: bytes | None = None
    due_time: int | None = None


@dataclass(frozen=True, slots=True)
class Market:
    """A source as its protocol sees it, with what is known of its asset."""

    address: bytes
    asset: bytes | None
    has_amounts: bool
    pin_cents: int | None
    unit: int
    """Raw units of one whole token; 1 when the asset is not listed."""

    position: bytes
    """The loan id of protocols without ids: the market's address left-padded to 32 bytes."""

    def money(self, raw: int) -> tuple[int | None, int | None]:
        """(amount, value in US cents) of a raw amount: saturated, rounded down, null where unknown."""
        if not self.has_amounts:
            return None, None
        cents = None if self.pin_cents is None else min(raw * self.pin_cents // self.unit, MAX_VALUE_CENTS)
        return min(raw, MAX_AMOUNT), cents


Words = Sequence[str]
"""0x hex: topics in full, topic0 first."""

RowsOf = Callable[[Words, str, Market], Sequence[Row]]
"""(topics, data as 0x hex, market) → the rows of one log; shape checked before."""


@dataclass(frozen=True)
class Event:
    """One event: its signature with `indexed` arguments marked, and its row function."""

    signature: str
    rows: RowsOf

    @property
    def topic0(self) -> str:
        """keccak256 of the canonical signature, as 0x hex."""
        name = self.signature.split("(")[0]
        types = ",".join(argument.split()[0] for argument in self._arguments())
        return f"0x{keccak256(f'{name}({types})'.encode()).hex()}"

    @property
    def indexed_types(self) -> tuple[str, ...]:
        """Types of the indexed arguments: topics 1, 2, 3."""
        return tuple(a.split()[0] for a in self._arguments() if a.split()[1] == "indexed")

    @property
    def data_words(self) -> int:
        """How many 32-byte words the data must have at least."""
        return len(self._arguments()) - len(self.indexed_types)

    def _arguments(self) -> list[str]:
        inside = re.fullmatch(r"\w+\((.*)\)", self.signature)
        if inside is None:
            raise ValueError(f"{self.signature!r} is not an event signature")
        return [argument.strip() for argument in inside[1].split(",")]


@dataclass(frozen=True)
class Protocol:
    """One protocol: the name that sources use, and its events."""

    name: str
    events: tuple[Event, ...]


def market(source: Source, assets: Sequence[Asset]) -> Market:
    """The market of a source; an erc20 source is its own asset."""
    token = source.address if source.protocol == "erc20" else source.asset
    known = next((asset for asset in assets if asset.address == token), None)
    return Market(
        address=source.address,
        asset=token,
        has_amounts=source.amounts,
        pin_cents=known.pin_cents if known else None,
        unit=10**known.decimals if known else 1,
        position=bytes(12) + source.address,
    )


def address_in(topic: str) -> bytes:
    """The address in an indexed word."""
    return bytes.fromhex(topic[26:])


def word(data: str, index: int) -> int:
    """The `index`-th 32-byte word of the data as an unsigned integer."""
    start = 2 + 64 * index
    return int(data[start : start + 64], 16)


def time_in(data: str, index: int) -> int:
    """The `index`-th word as Unix seconds, saturated at MAX_TIME."""
    return min(word(data, index), MAX_TIME)
