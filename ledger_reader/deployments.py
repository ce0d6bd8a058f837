"""The main deployments of the protocols, from protocols/deployments.json, as sources to read.

Rules that hold here: the file says how each address is known (`seen`); nothing is fetched. All listed
tokens of a chain are its assets whatever protocols are asked for, and are the sources of erc20. A file
of the same shape may be named instead, and is then the only one.
"""

import re
from collections.abc import Collection
from importlib import resources
from pathlib import Path
from typing import Literal

import msgspec

from ledger_reader.errors import Stop
from ledger_reader.sources import Asset, ChainSources, LendingMarket, Source

_HEX = re.compile(r"0x([0-9a-f]{2})*")

Seen = Literal["receipts", "hash", "public", "memory"]


class Token(msgspec.Struct, forbid_unknown_fields=True):
    """A token of a chain; `start_block`: not after its first transfer."""

    symbol: str
    address: str
    decimals: int
    pin_cents: int | None
    start_block: int
    seen: Seen


class Market(msgspec.Struct, forbid_unknown_fields=True):
    """A market of a contract that holds many."""

    id: str
    loan: str
    collateral: str | None


class Deployed(msgspec.Struct, forbid_unknown_fields=True):
    """A contract of a protocol; the optional fields are those of a Source."""

    protocol: str
    name: str
    address: str
    start_block: int
    asset: str | None
    seen: Seen
    end_block: int | None = None
    decimals: int | None = None
    markets: list[Market] = msgspec.field(default_factory=list)


class Chain(msgspec.Struct, forbid_unknown_fields=True):
    """What is listed of one chain."""

    chain_id: int
    name: str
    tokens: list[Token]
    contracts: list[Deployed]


class Deployments(msgspec.Struct, forbid_unknown_fields=True):
    """The whole file."""

    about: list[str]
    chains: list[Chain]


def deployments(path: Path | None = None) -> Deployments:
    """What the file lists, by default the one that ships; Stop says what is wrong with it."""
    file = path or resources.files("ledger_reader") / "protocols" / "deployments.json"
    try:
        return msgspec.json.decode(file.read_bytes(), type=Deployments)
    except OSError as error:
        raise Stop(f"{file} cannot be read: {error.strerror}.") from error
    except msgspec.DecodeError as error:
        raise Stop(f"{file} is not a file of deployments: {error}.") from error


def sources_of(chain_id: int, protocols: Collection[str], path: Path | None = None) -> ChainSources:
    """The listed contracts of these protocols on a chain; Stop for a chain or a protocol without any."""
    listed = deployments(path).chains
    chain = next((chain for chain in listed if chain.chain_id == chain_id), None)
    if chain is None:
        known = ", ".join(f"{chain.chain_id} ({chain.name})" for chain in listed) or "none"
        raise Stop(
            f"No deployments of chain {chain_id} are listed, only of {known}: name a file of your own."
        )
    found = tuple(source for source in _sources(chain) if source.protocol in protocols)
    missing = sorted(set(protocols) - {source.protocol for source in found})
    if missing or not found:
        known = ", ".join(sorted({source.protocol for source in _sources(chain)}))
        raise Stop(
            f"No {missing[0] if missing else 'protocol'} is listed on {chain.name}: choose of {known}."
        )
    return ChainSources(chain_id, found, _assets(chain))


def _sources(chain: Chain) -> list[Source]:
    tokens = [Source("erc20", _bytes(token.address), token.start_block) for token in chain.tokens]
    return tokens + [_source(contract) for contract in chain.contracts]


def _source(contract: Deployed) -> Source:
    return Source(
        protocol=contract.protocol,
        address=_bytes(contract.address),
        start_block=contract.start_block,
        asset=_bytes_or_none(contract.asset),
        end_block=contract.end_block,
        decimals=contract.decimals,
        markets=tuple(
            LendingMarket(_bytes(market.id), _bytes(market.loan), _bytes_or_none(market.collateral))
            for market in contract.markets
        ),
    )


def _assets(chain: Chain) -> tuple[Asset, ...]:
    return tuple(Asset(_bytes(t.address), t.symbol, t.decimals, t.pin_cents) for t in chain.tokens)


def _bytes_or_none(text: str | None) -> bytes | None:
    return None if text is None else _bytes(text)


def _bytes(text: str) -> bytes:
    if _HEX.fullmatch(text) is None:
        raise Stop(f"Deployments: {text[:70]!r} is not 0x and whole bytes of lower-case hex.")
    return bytes.fromhex(text[2:])
