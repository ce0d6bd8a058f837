"""What a protocol file exports: its name, its events, and how an event's words become rows.

Rules that hold here: pure; an event is declared by its Solidity signature with `indexed` written
out, from which follow its topic0, how many topics it has, how many data words it needs and where each
argument stands. A log whose topics differ in number, whose data is shorter, or which has an indexed address
with dirt in its upper twelve bytes, is not this event and is skipped; longer data is read as far as it is
declared, and of an address in the data the lower twenty bytes count. Numbers are read as whole
256-bit words and saturate, so that no log can raise. All logs of an event become rows together, by column
(see columns.py). Events with dynamic arguments (strings, arrays) need a reader of their own and are not
declared here.

Lending protocols share `entry`: the account is whom the debt or the balance belongs to, the
counterparty is who else had a hand in it and null when nobody had. A token that is not listed is
skipped, and so is nothing (0) and dust (of a pinned token less than one US cent, rounded down):
anybody may put a speck into anybody's account or repay one, and that must not count. A token
without a pin has no value yet at decode, so of it only 0 is dropped.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ledger_reader.columns import Column, Logs, Mask, Maybe, Numbers, Rows, capped, differ, each, full, scaled
from ledger_reader.keccak import keccak256
from ledger_reader.ledger import MAX_AMOUNT, MAX_VALUE_CENTS
from ledger_reader.logs import Bytes, RawLog
from ledger_reader.sources import Asset, Source

NO_ONE = bytes(20)
"""The zero address: what tokens are minted from and burned to."""


class Worth(NamedTuple):
    """What is known of a token: US cents of one whole token, if pinned, and raw units of one."""

    pin_cents: int | None
    unit: int


_UNKNOWN = Worth(None, 1)


class Money(NamedTuple):
    """Raw amounts and their values in US cents: saturated, rounded down, null where unknown.

    `counts`: of a listed token, not nothing, not dust.
    """

    amount: Column
    cents: Column
    counts: Mask


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

    lends: Mapping[bytes, tuple[bytes, bytes | None]]
    """Of one contract that holds many markets: by id, the lent token and the collateral."""

    def money(self, raw: Numbers) -> Money:
        """Raw amounts of the source's own asset, listed or not."""
        return self._money(raw, self.worth)

    def known(self, asset: Bytes | bytes | None, raw: Numbers) -> Money:
        """Raw amounts of a token, or of one each; those of tokens that are not listed do not count."""
        if isinstance(asset, np.ndarray):
            return self._of_tokens(each(asset), raw)
        money = self._money(raw, self.listed.get(asset, _UNKNOWN))
        return money if asset in self.listed else money._replace(counts=np.zeros(len(raw), np.bool_))

    def is_listed(self, tokens: Bytes) -> Mask:
        """Which of the tokens are listed."""
        return np.array([token in self.listed for token in each(tokens)], np.bool_)

    def _of_tokens(self, tokens: Sequence[bytes], raw: Numbers) -> Money:
        kinds = {token: place for place, token in enumerate(dict.fromkeys(tokens))}
        if len(kinds) == 1:
            return self.known(tokens[0], raw)
        of = np.array([kinds[token] for token in tokens], np.int64)
        counts, known = np.zeros(len(raw), np.bool_), np.zeros(len(raw), np.bool_)
        cents = np.zeros(len(raw), np.int64)
        for token, place in kinds.items():
            mine = of == place
            money = self.known(token, raw[mine])
            counts[mine] = money.counts
            if money.cents is not None:
                cents[mine], known[mine] = money.cents, True
        amount = capped(raw, MAX_AMOUNT) if self.has_amounts else None
        return Money(amount, Maybe(cents, known), counts)

    def _money(self, raw: Numbers, worth: Worth) -> Money:
        if not self.has_amounts:
            return Money(None, None, np.ones(len(raw), np.bool_))
        counts: Mask = raw != 0
        if worth.pin_cents is None:
            return Money(capped(raw, MAX_AMOUNT), None, counts)
        cents = capped(scaled(raw, worth.pin_cents, worth.unit), MAX_VALUE_CENTS).astype(np.int64)
        return Money(capped(raw, MAX_AMOUNT), cents, counts & (cents != 0))


RowsOf = Callable[[Logs, Market], Sequence[Rows]]
"""(logs of one event and market, their shape checked before) → their rows."""


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

    @cached_property
    def indexed_types(self) -> tuple[str, ...]:
        """Types of the indexed arguments: topics 1, 2, 3."""
        return tuple(a.split()[0] for a in self._arguments() if a.split()[1] == "indexed")

    @property
    def data_words(self) -> int:
        """How many 32-byte words the data must have at least."""
        return len(self._arguments()) - len(self.indexed_types)

    @cached_property
    def names(self) -> Mapping[str, int]:
        """In which word each argument stands: topics first, then the data."""
        parts = [argument.split() for argument in self._arguments()]
        in_order = sorted(parts, key=lambda part: part[1] != "indexed")
        return {part[-1]: place for place, part in enumerate(in_order)}

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
        lends={m.id: (m.loan, m.collateral) for m in source.markets},
    )


def entry(
    logs: Logs,
    market: Market,
    kind: str,
    account: Bytes,
    other: Bytes | bytes,
    asset: Bytes | bytes | None,
    raw: Numbers,
    loan_id: Column = None,
) -> Rows:
    """The rows of `raw` units of a listed token; none for an unlisted token, nothing or dust.

    `other` is the counterparty, unless it is the account itself.
    """
    amount, cents, counts = market.known(asset, raw)
    counterparty = Maybe(full(other, len(logs)), differ(account, other))
    return Rows(logs.at, 0, kind, account, counterparty, asset, amount, cents, loan_id).where(counts)


def liquidation(
    logs: Logs,
    market: Market,
    account: Bytes,
    liquidator: Bytes,
    asset: Bytes | bytes | None,
    raw: Numbers,
    loan_id: Column,
) -> Rows:
    """As `entry`, for debt closed from without: the liquidator is named also when it is the account."""
    amount, cents, counts = market.known(asset, raw)
    return Rows(logs.at, 0, "liquidation", account, liquidator, asset, amount, cents, loan_id).where(counts)
