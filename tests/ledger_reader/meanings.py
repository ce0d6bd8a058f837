"""What tests of decoding share: a log of a few words, and its rows as a golden file writes them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from ledger_reader import decode as decoding
from ledger_reader import log_text
from ledger_reader.decode import PROTOCOLS
from ledger_reader.logs import RawLog
from ledger_reader.protocols.protocol import Event
from ledger_reader.sources import Asset, ChainSources, LendingMarket, Source

BLOCK, TIME = 7, 1_700_000_000
HASH = "0x" + "ab" * 32
COLUMNS = (
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

TOKEN, COIN, STRANGE = b"\x11" * 20, b"\x12" * 20, b"\x19" * 20
"""A token pinned to a dollar with 6 decimals, one without a pin, and one that is not listed."""

POOL = b"\x33" * 20
ANN, BEN, CAT = (bytes([n]) * 20 for n in (0xA1, 0xB0, 0xCA))
ASSETS = (Asset(TOKEN, "DEV", 6, 100), Asset(COIN, "COIN", 18))
MARKET, BARE = b"\x77" * 32, b"\x78" * 32
MARKETS = (LendingMarket(MARKET, TOKEN, COIN), LendingMarket(BARE, COIN, None))
"""Of Morpho Blue: one with a collateral, one without."""


def raw_log(address: str, log_topics: Iterable[str], data: str, block: int = BLOCK, index: int = 0) -> RawLog:
    return RawLog(address, tuple(log_topics), data, hex(block), HASH, HASH, hex(index))


def decode(logs: Iterable[RawLog], times: Mapping[int, int], chain: ChainSources) -> pa.Table:
    """The rows of logs that are given one by one."""
    return decoding.decode(log_text.of(logs), times, chain)


def meaning(row: dict[str, Any]) -> dict[str, Any]:
    """The columns that say what a row means, as a golden file writes them; nulls left out."""
    told = {name: row[name] for name in COLUMNS if row[name] is not None}
    if "amount" in told:
        told["amount"] = str(told["amount"])
    return {name: f"0x{value.hex()}" if isinstance(value, bytes) else value for name, value in told.items()}


def source_of(protocol: str, asset: bytes | None = TOKEN) -> Source:
    """The contract POOL under a protocol, with whatever else its protocol asks of a source."""
    if protocol == "erc20":
        return Source(protocol, TOKEN, 0)
    if protocol == "price_feed":
        return Source(protocol, POOL, 0, COIN, decimals=8)
    return Source(protocol, POOL, 0, asset, markets=MARKETS if protocol == "morpho_blue" else ())


def event_of(protocol: str, name: str) -> Event:
    return next(event for event in PROTOCOLS[protocol].events if event.signature.startswith(f"{name}("))


def word_of(value: int | bytes) -> str:
    """A 32-byte word without 0x: addresses as numbers, ids of 32 bytes as they are."""
    return f"{int.from_bytes(value) if isinstance(value, bytes) else value % 2**256:064x}"


def log_of(protocol: str, name: str, *values: int | bytes, index: int = 0) -> RawLog:
    """A log of the event, its arguments in the order of the signature."""
    event = event_of(protocol, name)
    arguments = event.signature.split("(")[1].split(", ")
    assert len(arguments) == len(values), event.signature
    told = [(" indexed " in a, word_of(value)) for a, value in zip(arguments, values, strict=True)]
    topics = [event.topic0, *(f"0x{text}" for is_topic, text in told if is_topic)]
    data = "0x" + "".join(text for is_topic, text in told if not is_topic)
    return raw_log(f"0x{source_of(protocol).address.hex()}", topics, data, index=index)


def rows_of(
    logs: Sequence[RawLog], source: Source, assets: tuple[Asset, ...] = ASSETS
) -> list[dict[str, Any]]:
    """The rows of logs, whole, as the ledger holds them."""
    found: list[dict[str, Any]] = decode(logs, {BLOCK: TIME}, ChainSources(1, (source,), assets)).to_pylist()
    return found


def told(logs: Sequence[RawLog], source: Source) -> list[tuple[Any, ...]]:
    """(kind, account, counterparty, asset, amount, value) of each row, amounts as plain integers."""
    return [
        (
            row["kind"],
            row["account"],
            row["counterparty"],
            row["asset"],
            None if row["amount"] is None else int(row["amount"]),
            row["value_cents"],
        )
        for row in rows_of(logs, source)
    ]
