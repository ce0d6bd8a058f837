"""What a protocol file exports: its name, its events, and how an event's words become rows.

Rules that hold here: pure; an event is declared by its Solidity signature with `indexed` written
out, from which follow its topic0, how many topics it has and how many data words it needs. A log
whose topics differ in number, whose data is shorter, or which has an indexed address with dirt in
its upper twelve bytes, is not this event and is skipped; longer data is read as far as it is
declared, and of an address in the data the lower twenty bytes count. Numbers are read as whole
256-bit words and saturate, so that no log can raise.
Events with dynamic arguments (strings, arrays) need a reader of their own and are not declared here.

Lending protocols share `entry`: the account is whom the debt or the balance belongs to, the
counterparty is who else had a hand in it and null when nobody had. A token that is not listed is
skipped, and so is nothing (0) and dust (of a pinned token less than one US cent, rounded down):
anybody may put a speck into anybody's account or repay one, and that must not count. A token
without a pin has no value yet at decode, so of it only 0 is dropped.
"""

import re
from binascii import unhexlify
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from ledger_reader.keccak import keccak256
from ledger_reader.ledger import MAX_AMOUNT, MAX_TIME, MAX_VALUE_CENTS
from ledger_reader.logs import RawLog
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


_Values = tuple[int, str, bytes, bytes | None, bytes | None, int | None, int | None, bytes | None, int | None]

full_row: Callable[[_Values], Row] = partial(tuple.__new__, Row)
"""A row of all its values in order, in a third of the time that Row() takes: for the commonest events."""


class Worth(NamedTuple):
    """What is known of a token: US cents of one whole token, if pinned, and raw units of one."""

    pin_cents: int | None
    unit: int


_UNKNOWN = Worth(None, 1)

Money = tuple[int | None, int | None]
"""(raw amount, value in US cents): saturated, the value rounded down, null where unknown."""


@dataclass(frozen=True, slots=True)
class Market:
    """A source as its protocol sees it, with what is known of its asset and of all listed ones."""

    address: bytes
    asset: bytes | None
    has_amounts: bool
    worth: Worth
    """Of the source's own asset."""

    position: bytes
    """The loan id of protocols without ids: the market's address left-padded to 32 bytes."""

    listed: Mapping[bytes | None, Worth]
    """By address, the listed tokens; None is in it too: the unknown token of a source without an asset."""

    lends: Mapping[str, tuple[bytes, bytes | None]]
    """Of one contract that holds many markets: by id (0x hex), the lent token and the collateral."""

    def money(self, raw: int) -> Money:
        """A raw amount of the source's own asset."""
        return self._money(raw, self.worth)

    def known(self, asset: bytes | None, raw: int) -> Money | None:
        """A raw amount of the token `asset`; None when it is not listed, nothing, or dust."""
        worth = self.listed.get(asset)
        if worth is None:
            return None
        money = self._money(raw, worth)
        return None if money[0] == 0 or money[1] == 0 else money

    def _money(self, raw: int, worth: Worth) -> Money:
        if not self.has_amounts:
            return None, None
        pin, unit = worth
        amount = raw if raw < MAX_AMOUNT else MAX_AMOUNT
        if pin is None:
            return amount, None
        cents = raw * pin // unit
        return amount, cents if cents < MAX_VALUE_CENTS else MAX_VALUE_CENTS


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
    joined: Callable[[Sequence[RawLog]], Sequence[RawLog]] | None = None
    """Where a log means what it means only together with the next: all logs → the same, such ones joined."""


def worths(assets: Sequence[Asset]) -> Mapping[bytes | None, Worth]:
    """What is known of the listed tokens, for `market`."""
    known: dict[bytes | None, Worth] = {None: _UNKNOWN}
    return known | {asset.address: Worth(asset.pin_cents, 10**asset.decimals) for asset in assets}


def market(source: Source, listed: Mapping[bytes | None, Worth]) -> Market:
    """The market of a source; an erc20 source is its own asset."""
    token = source.address if source.protocol == "erc20" else source.asset
    return Market(
        address=source.address,
        asset=token,
        has_amounts=source.amounts,
        worth=listed.get(token, _UNKNOWN),
        position=bytes(12) + source.address,
        listed=listed,
        lends={f"0x{m.id.hex()}": (m.loan, m.collateral) for m in source.markets},
    )


def entry(
    market: Market,
    kind: str,
    account: bytes,
    other: bytes,
    asset: bytes | None,
    raw: int,
    loan_id: bytes | None = None,
) -> list[Row]:
    """The row of `raw` units of a listed token; none for an unlisted token, nothing or dust.

    `other` is the counterparty, unless it is the account itself.
    """
    money = market.known(asset, raw)
    if money is None:
        return []
    amount, cents = money
    counterparty = None if other == account else other
    return [full_row((0, kind, account, counterparty, asset, amount, cents, loan_id, None))]


def liquidation(
    market: Market, account: bytes, liquidator: bytes, asset: bytes | None, raw: int, loan_id: bytes
) -> list[Row]:
    """As `entry`, for debt closed from without: the liquidator is named also when it is the account."""
    money = market.known(asset, raw)
    if money is None:
        return []
    return [Row(0, "liquidation", account, liquidator, asset, *money, loan_id)]


def legs(*rows: Row) -> list[Row]:
    """Rows of one log, numbered as they stand."""
    return [row._replace(leg=leg) for leg, row in enumerate(rows)]


def address_in(topic: str) -> bytes:
    """The address in an indexed word."""
    return unhexlify(topic[26:])


def address_at(data: str, index: int) -> bytes:
    """The address in the `index`-th word of the data."""
    start = 26 + 64 * index
    return unhexlify(data[start : start + 40])


def word(data: str, index: int) -> int:
    """The `index`-th 32-byte word of the data as an unsigned integer."""
    start = 2 + 64 * index
    return int.from_bytes(unhexlify(data[start : start + 64]))


def time_in(data: str, index: int) -> int:
    """The `index`-th word as Unix seconds, saturated at MAX_TIME."""
    return min(word(data, index), MAX_TIME)
