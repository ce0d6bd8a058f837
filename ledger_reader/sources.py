"""What to read: which contracts of which chain, under which protocol, from which block.

Sources are part of the manifest, so they are part of the model id: two nodes that read
different contracts can never sign the same report. Canonical form is JSON with addresses as
lower-case 0x hex; `sources` and `assets` are in order of address within protocol, and of address.
Rules that hold here: a `ChainSources` is valid once made (whatever order it was written in, it is
kept sorted); no contract is listed twice; every token that is named is a listed asset; an erc20
source is itself a listed asset and carries amounts, for otherwise strangers could send nothing
and it would count. An asset has one price at any block: a pin, or feeds whose block spans do not
overlap. JSON is read strictly: unknown keys, other types, other orders are refused.
"""

import re
from dataclasses import asdict, dataclass, fields
from itertools import pairwise
from typing import Any

from ledger_reader.errors import Stop
from ledger_reader.ledger import MAX_VALUE_CENTS

MAX_CHAINS = 64
MAX_LISTED = 1_000
"""Most sources, and most assets, of one chain."""

MAX_DECIMALS = 36
MAX_AGE = 366 * 86_400
"""Longest max_price_age, in seconds."""

DEFAULT_PRICE_AGE = 90_000
"""A feed that beats once a day is late after an hour more (seconds)."""

PRICE_FEED = "price_feed"
"""The protocol of sources that tell the price of their asset."""

MAX_INT = 2**63 - 1

_ADDRESS = re.compile(r"0x[0-9a-f]{40}")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")


@dataclass(frozen=True)
class Source:
    """One contract (20-byte address) read under one protocol from `start_block` to `end_block`, inclusive.

    `asset` is the token its amounts are in (none where the event or the contract itself says).
    `amounts` is false for a deployment whose logs carry no meaningful amounts: they enter the
    ledger as null (unknown), never as zero. A price_feed is one aggregator: `asset` is what it prices,
    `decimals` those of its answers in US dollars; the next aggregator of the asset starts after its end.
    """

    protocol: str
    address: bytes
    start_block: int
    asset: bytes | None = None
    amounts: bool = True
    end_block: int | None = None
    decimals: int | None = None


@dataclass(frozen=True)
class Asset:
    """A listed token: only listed assets are decoded. `pin_cents`: US cents of one whole token."""

    address: bytes
    symbol: str
    decimals: int
    pin_cents: int | None = None


@dataclass(frozen=True)
class ChainSources:
    """Everything read from one chain; kept sorted, no address listed twice; Stop when it is not valid.

    `max_price_age`: seconds (of block time) after which a price no longer counts.
    """

    chain_id: int
    sources: tuple[Source, ...]
    assets: tuple[Asset, ...]
    max_price_age: int = DEFAULT_PRICE_AGE

    def __post_init__(self) -> None:
        where = f"chain {self.chain_id!r}"
        _require(_is_int(self.chain_id, 1, MAX_INT), f"{where}: the chain id must be from 1 to {MAX_INT}")
        _require(
            _is_int(self.max_price_age, 1, MAX_AGE),
            f"{where} has the max_price_age {_short(self.max_price_age)}; 1 to {MAX_AGE} seconds are allowed",
        )
        _check_count(where, "sources", self.sources)
        _check_count(where, "assets", self.assets)
        for asset in self.assets:
            _check_asset(where, asset)
        for source in self.sources:
            _check_source(where, source, {asset.address for asset in self.assets})
        object.__setattr__(
            self, "sources", tuple(sorted(self.sources, key=lambda s: (s.protocol, s.address)))
        )
        object.__setattr__(self, "assets", tuple(sorted(self.assets, key=lambda a: a.address)))
        _check_once(where, "source", sorted(source.address for source in self.sources))
        _check_once(where, "asset", [asset.address for asset in self.assets])
        _check_feeds(where, self)

    @property
    def feeds(self) -> tuple[Source, ...]:
        """The price feeds, by asset and then by block span."""
        feeds = [source for source in self.sources if source.protocol == PRICE_FEED]
        return tuple(sorted(feeds, key=lambda feed: (feed.asset or b"", feed.start_block)))


def to_json(sources: tuple[ChainSources, ...]) -> list[dict[str, Any]]:
    """Plain JSON values of the sources, in order of chain id, addresses as 0x hex."""
    chains = sorted(sources, key=lambda chain: chain.chain_id)
    return [
        {
            "chain_id": chain.chain_id,
            "sources": [_plain(source) for source in chain.sources],
            "assets": [_plain(asset) for asset in chain.assets],
            "max_price_age": chain.max_price_age,
        }
        for chain in chains
    ]


def from_json(plain: Any) -> tuple[ChainSources, ...]:
    """The sources that `to_json` wrote; Stop names the first thing that is wrong."""
    _require(isinstance(plain, list), f"the sources must be a list of chains, not {_short(plain)}")
    _require(1 <= len(plain) <= MAX_CHAINS, f"there must be 1 to {MAX_CHAINS} chains, not {len(plain)}")
    chains = tuple(_chain(value, f"sources[{index}]") for index, value in enumerate(plain))
    for before, after in pairwise(chain.chain_id for chain in chains):
        _require(before < after, f"chain {after} must come before chain {before}, and each once")
    return chains


def _chain(value: Any, where: str) -> ChainSources:
    _check_keys(value, where, ("chain_id", "sources", "assets", "max_price_age"))
    for key in ("sources", "assets"):
        _require(isinstance(value[key], list), f"{where}.{key} must be a list, not {_short(value[key])}")
        _check_count(where, key, value[key])
    sources = tuple(_source(item, f"{where}.sources[{i}]") for i, item in enumerate(value["sources"]))
    assets = tuple(_asset(item, f"{where}.assets[{i}]") for i, item in enumerate(value["assets"]))
    chain = ChainSources(value["chain_id"], sources, assets, value["max_price_age"])
    _require(chain.sources == sources, f"{where}.sources must be in order of protocol, then address")
    _require(chain.assets == assets, f"{where}.assets must be in order of address")
    return chain


def _source(value: Any, where: str) -> Source:
    _check_keys(value, where, tuple(field.name for field in fields(Source)))
    asset = value["asset"]
    return Source(
        protocol=value["protocol"],
        address=_address(value["address"], f"{where}.address"),
        start_block=value["start_block"],
        asset=None if asset is None else _address(asset, f"{where}.asset"),
        amounts=value["amounts"],
        end_block=value["end_block"],
        decimals=value["decimals"],
    )


def _asset(value: Any, where: str) -> Asset:
    _check_keys(value, where, tuple(field.name for field in fields(Asset)))
    address = _address(value["address"], f"{where}.address")
    return Asset(address, value["symbol"], value["decimals"], value["pin_cents"])


def _check_source(where: str, source: Source, listed: set[bytes]) -> None:
    _require(
        isinstance(source.protocol, str) and _NAME.fullmatch(source.protocol) is not None,
        f"{where}: {_short(source.protocol)} is not the name of a protocol",
    )
    _check_bytes(where, "source", source.address)
    name = f"{where}: the source {source.protocol} 0x{source.address.hex()}"
    _require(
        _is_int(source.start_block, 0, MAX_INT), f"{name} has the start block {_short(source.start_block)}"
    )
    _require(
        isinstance(source.amounts, bool),
        f"{name} has {_short(source.amounts)} for amounts, not true or false",
    )
    _require(
        source.end_block is None or _is_int(source.end_block, source.start_block, MAX_INT),
        f"{name} has the end block {_short(source.end_block)}, not one from {source.start_block} on",
    )
    _check_decimals(name, source)
    if source.protocol == "erc20":
        _require(source.address in listed, f"{name} must be a listed asset too (decimals, pin)")
        _require(source.asset in (None, source.address), f"{name} is its own asset, so leave asset empty")
        _require(source.amounts, f"{name} must carry amounts")
    elif source.asset is not None:
        _check_bytes(where, "asset", source.asset)
        _require(
            source.asset in listed, f"{name} is in the asset 0x{source.asset.hex()}, which is not listed"
        )


def _check_decimals(name: str, source: Source) -> None:
    if source.protocol == PRICE_FEED:
        _require(source.asset is not None, f"{name} must name the asset that it prices")
        _require(source.amounts, f"{name} must carry amounts")
        _require(
            _is_int(source.decimals, 0, MAX_DECIMALS),
            f"{name} has answers of {_short(source.decimals)} decimals; 0 to {MAX_DECIMALS} are allowed",
        )
    else:
        _require(source.decimals is None, f"{name} is no price feed, so leave decimals empty")


def _check_feeds(where: str, chain: ChainSources) -> None:
    pinned = {asset.address for asset in chain.assets if asset.pin_cents is not None}
    for feed in chain.feeds:
        priced = feed.asset or b""
        _require(priced not in pinned, f"{where} both pins and feeds the asset 0x{priced.hex()}")
    for before, after in pairwise(chain.feeds):
        _require(
            before.asset != after.asset
            or (before.end_block is not None and before.end_block < after.start_block),
            f"{where}: the feed 0x{before.address.hex()} must end before block {after.start_block}, where the"
            f" next feed of its asset starts",
        )


def _check_asset(where: str, asset: Asset) -> None:
    _check_bytes(where, "asset", asset.address)
    name = f"{where}: the asset 0x{asset.address.hex()}"
    _require(
        isinstance(asset.symbol, str) and 1 <= len(asset.symbol) <= 32 and asset.symbol.isprintable(),
        f"{name} needs a symbol of 1 to 32 printable characters, not {_short(asset.symbol)}",
    )
    _require(
        _is_int(asset.decimals, 0, MAX_DECIMALS),
        f"{name} has {_short(asset.decimals)} decimals; 0 to {MAX_DECIMALS} are allowed",
    )
    _require(
        asset.pin_cents is None or _is_int(asset.pin_cents, 1, MAX_VALUE_CENTS),
        f"{name} is pinned to {_short(asset.pin_cents)} cents; 1 to {MAX_VALUE_CENTS} are allowed",
    )


def _check_bytes(where: str, what: str, address: Any) -> None:
    _require(
        isinstance(address, bytes) and len(address) == 20,
        f"{where}: the address {_short(address)} of a(n) {what} is not of 20 bytes",
    )


def _check_count(where: str, what: str, items: Any) -> None:
    _require(len(items) <= MAX_LISTED, f"{where} lists {len(items)} {what}; at most {MAX_LISTED} are allowed")


def _check_once(where: str, what: str, addresses: list[bytes]) -> None:
    for before, after in pairwise(addresses):
        _require(before != after, f"{where} lists the {what} 0x{after.hex()} twice")


def _check_keys(value: Any, where: str, keys: tuple[str, ...]) -> None:
    _require(isinstance(value, dict), f"{where} must be an object, not {_short(value)}")
    for key in keys:
        _require(key in value, f"{where} lacks the key {key!r}")
    for key in value:
        _require(key in keys, f"{where} has the unknown key {_short(key)}")


def _address(value: Any, where: str) -> bytes:
    good = isinstance(value, str) and _ADDRESS.fullmatch(value) is not None
    _require(good, f"{where} must be 0x and 40 lower-case hex digits, not {_short(value)}")
    return bytes.fromhex(value[2:])


def _plain(item: Source | Asset) -> dict[str, Any]:
    return {key: f"0x{v.hex()}" if isinstance(v, bytes) else v for key, v in asdict(item).items()}


def _is_int(value: Any, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _require(condition: bool, sentence: str) -> None:
    if not condition:
        raise Stop(f"Sources: {sentence}.")
