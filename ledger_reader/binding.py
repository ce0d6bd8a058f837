"""The sources that a ledger's chain was read with: its rows of `sources` and `assets`.

Rules that hold here: the canonical JSON of the sources is kept whole, so that a ledger knows its own
prices and can be checked by itself; its keccak256 names it. A file of version 1 kept only the digest of
an older form (see schema.py), and gets the rest when it is next bound to the same sources.
"""

import duckdb
import msgspec

from ledger_reader.errors import Stop
from ledger_reader.keccak import keccak256
from ledger_reader.sources import ChainSources, from_json, to_json

_NEW_IN_2 = {"end_block", "decimals", "max_price_age"}


def bind(connection: duckdb.DuckDBPyConnection, chain: ChainSources) -> None:
    """Tie the chain to its sources, in the caller's transaction; Stop when it has others already."""
    known = connection.execute("SELECT digest, json FROM sources WHERE chain_id = ?", [chain.chain_id])
    row = next(iter(known.fetchall()), None)
    text = canonical(chain)
    digest = keccak256(text).hex()
    if row is not None and row[0] == digest:
        return
    if row is not None and row != (_digest_of_version_1(chain), None):
        raise Stop(
            f"it was read with other sources of chain {chain.chain_id} (digest {row[0][:8]}, now"
            f" {digest[:8]}): read into a new file, so that every source is read from its start."
        )
    connection.execute("DELETE FROM sources WHERE chain_id = ?", [chain.chain_id])
    connection.execute("INSERT INTO sources VALUES (?, ?, ?)", [chain.chain_id, digest, text.decode()])
    _write_assets(connection, chain)


def bound(connection: duckdb.DuckDBPyConnection, chain_id: int) -> ChainSources | None:
    """The sources that the chain is tied to; None when it never was in this version of the schema."""
    query = "SELECT json FROM sources WHERE chain_id = ? AND json IS NOT NULL"
    found = connection.execute(query, [chain_id]).fetchall()
    return parse(found[0][0]) if found else None


def parse(text: str) -> ChainSources:
    """The sources whose canonical JSON this is; Stop when it is not."""
    try:
        chains = from_json(msgspec.json.decode(text))
    except msgspec.DecodeError as error:
        raise Stop(f"Sources: {text[:40]!r} is not JSON.") from error
    if len(chains) != 1 or canonical(chains[0]) != text.encode():
        raise Stop(f"Sources: {text[:40]!r} is not the canonical form of one chain's sources.")
    return chains[0]


def canonical(chain: ChainSources) -> bytes:
    """JSON that is equal for equal sources."""
    return msgspec.json.encode(to_json((chain,)), order="sorted")


def _write_assets(connection: duckdb.DuckDBPyConnection, chain: ChainSources) -> None:
    fed = {feed.asset for feed in chain.feeds}
    for asset in chain.assets:
        price_source = "pin" if asset.pin_cents is not None else "feed" if asset.address in fed else "none"
        connection.execute(
            "INSERT INTO assets VALUES (?, ?, ?, ?, ?, ?)",
            [chain.chain_id, asset.address, asset.symbol, asset.decimals, price_source, asset.pin_cents],
        )


def _digest_of_version_1(chain: ChainSources) -> str | None:
    """The digest that version 1 gave the same sources; None when it could not have read them."""
    if any((source.end_block, source.decimals) != (None, None) for source in chain.sources):
        return None
    (plain,) = to_json((chain,))
    plain["sources"] = [_without_new(source) for source in plain["sources"]]
    return keccak256(msgspec.json.encode([_without_new(plain)], order="sorted")).hex()


def _without_new(plain: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in plain.items() if key not in _NEW_IN_2}
