"""The deployments that ship are valid sources, and those said to be seen in real receipts are."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from ledger_reader.decode import PROTOCOLS, topics
from ledger_reader.deployments import deployments, sources_of
from ledger_reader.errors import Stop
from ledger_reader.keccak import keccak256
from ledger_reader.sources import from_json, to_json

SHIPPED = deployments()
RECEIPTS = Path(__file__).parents[3] / "shared" / "data" / "rpc_lending_receipts"
TOKEN = {
    "symbol": "T",
    "address": "0x" + "11" * 20,
    "decimals": 6,
    "pin_cents": 100,
    "start_block": 5,
    "seen": "memory",
}
POOL = {
    "protocol": "aave_v3",
    "name": "Pool",
    "address": "0x" + "33" * 20,
    "start_block": 7,
    "asset": None,
    "seen": "memory",
}


def written(folder: Path, token: dict[str, Any] | None = None, pool: dict[str, Any] | None = None) -> Path:
    chain = {
        "chain_id": 5,
        "name": "Village",
        "tokens": [TOKEN | (token or {})],
        "contracts": [POOL | (pool or {})],
    }
    path = folder / "deployments.json"
    path.write_text(json.dumps({"about": [], "chains": [chain]}))
    return path


def test_deployments__no_file__stop(tmp_path: Path) -> None:
    with pytest.raises(Stop, match=r"none\.json cannot be read: No such file"):
        deployments(tmp_path / "none.json")


def test_deployments__not_json__stop(tmp_path: Path) -> None:
    path = tmp_path / "deployments.json"
    path.write_text("{")
    with pytest.raises(Stop, match="is not a file of deployments"):
        deployments(path)


@pytest.mark.parametrize(
    ("pool", "sentence"),
    [
        ({"seen": "somewhere"}, "is not a file of deployments: Invalid enum value 'somewhere'"),
        ({"extra": 1}, "unknown field `extra`"),
        ({"address": "33" * 21}, "'3333.*' is not 0x and whole bytes"),
        ({"address": "0xzz"}, "'0xzz' is not 0x and whole bytes"),
        ({"address": "0x33"}, "is not of 20 bytes"),
        ({"asset": "0x" + "44" * 20}, "is not listed"),
        ({"address": TOKEN["address"]}, "lists the source 0x1111.* twice"),
        ({"start_block": -1}, "the start block -1"),
    ],
)
def test_sources_of__one_thing_is_wrong__stop_names_it(
    pool: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(Stop, match=sentence):
        sources_of(5, ["aave_v3", "erc20"], written(tmp_path, pool=pool))


def test_sources_of__chain_not_listed__stop_tells_which_are() -> None:
    with pytest.raises(Stop, match=r"No deployments of chain 77 are listed, only of 1 \(Ethereum\), 10 "):
        sources_of(77, ["erc20"])


@pytest.mark.parametrize("protocols", [["aave_v3", "term_loans"], ["aave_v9"], []])
def test_sources_of__protocol_not_listed__stop_tells_which_are(protocols: list[str]) -> None:
    with pytest.raises(Stop, match="is listed on Ethereum: choose of aave_v2, aave_v3, compound_v2"):
        sources_of(1, protocols)


def test_sources_of__own_file__holds_instead(tmp_path: Path) -> None:
    chain = sources_of(5, ["aave_v3"], written(tmp_path))
    assert [(s.protocol, s.start_block) for s in chain.sources] == [("aave_v3", 7)]
    assert [asset.symbol for asset in chain.assets] == ["T"]


def test_sources_of__two_protocols_of_ethereum__are_theirs_only() -> None:
    chain = sources_of(1, ["aave_v3", "erc20"])
    assert {source.protocol for source in chain.sources} == {"aave_v3", "erc20"}
    wanted = {event.topic0 for name in ("aave_v3", "erc20") for event in PROTOCOLS[name].events}
    assert set(topics(chain)) == wanted


@pytest.mark.parametrize("chain", SHIPPED.chains, ids=lambda chain: chain.name)
def test_sources_of__everything_that_ships__is_valid(chain: Any) -> None:
    names = {"erc20", *(contract.protocol for contract in chain.contracts)}
    assert names <= set(PROTOCOLS)
    sources = sources_of(chain.chain_id, names)
    assert len(sources.sources) == len(chain.tokens) + len(chain.contracts)
    assert from_json(to_json((sources,))) == (sources,)


def test_deployments__of_ethereum__hold_every_protocol_of_others() -> None:
    ethereum = next(chain for chain in SHIPPED.chains if chain.chain_id == 1)
    ours = {"credit_oracle", "disputes", "payments", "receivables", "term_loans", "wallet_links"}
    assert {contract.protocol for contract in ethereum.contracts} | {"erc20"} == set(PROTOCOLS) - ours


def market_id(loan: str, collateral: str, oracle: str, rates: str, lltv: int) -> str:
    """As Morpho Blue makes it: the hash of the market's five parameters."""
    addresses = b"".join(
        bytes.fromhex(part[2:]).rjust(32, b"\0") for part in (loan, collateral, oracle, rates)
    )
    return f"0x{keccak256(addresses + lltv.to_bytes(32, 'big')).hex()}"


ETHEREUM_RATES = "0x870ac11d48b15db9a138cf899d20f13f79ba00bc"
BASE_RATES = "0x46415998764c29ab2a25cbea6254146d50d22687"
ORACLES = {
    "0xb323495f7e": ("0x48f7e36eb6b826b2df4b2e630b62cd25e89e40e2", ETHEREUM_RATES, 86),
    "0x3a85e61975": ("0xdddd770badd886df3864029e4b377b5f6a2b6b83", ETHEREUM_RATES, 86),
    "0xc54d7acf14": ("0x2a01eb9496094da03c4e364def50f5ad1280ad72", ETHEREUM_RATES, 94.5),
    "0xa921ef34e2": ("0x008bf4b1cda0cc9f0e882e0697f036667652e1ef", ETHEREUM_RATES, 86),
    "0x64d65c9a2d": ("0xa6d6950c9f177f1de7f7757fb33539e3ec60182a", ETHEREUM_RATES, 86),
    "0x9103c3b4e8": ("0x663becd10dae6c4a3dcd89f1d76c1174199639b9", BASE_RATES, 86),
    "0x8793cf302b": ("0xfea2d58cefcb9fcb597723c6bae66ffe4193afe4", BASE_RATES, 86),
}
"""By beginning of the id: oracle, interest rate model, loan to value in percent."""


def test_deployments__markets_of_morpho__are_the_hashes_of_their_tokens() -> None:
    markets = [
        market for chain in SHIPPED.chains for contract in chain.contracts for market in contract.markets
    ]
    proven = 0
    for market in markets:
        if market.id[:12] in ORACLES:
            oracle, rates, percent = ORACLES[market.id[:12]]
            lltv = int(percent * 10**16)
            assert market.id == market_id(market.loan, market.collateral or "0x", oracle, rates, lltv)
            proven += 1
    assert (proven, len(markets)) == (7, 8)


@pytest.mark.data
def test_deployments__said_to_be_seen__emit_or_move_in_real_receipts() -> None:
    if not RECEIPTS.is_dir():
        pytest.skip(f"the real receipts are not beside the checkout ({RECEIPTS.name})")
    emitted: dict[str, set[str]] = {}
    for path in sorted(RECEIPTS.glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for answer in filter(None, (json.loads(line)["result"] for line in lines)):
                for log in answer["logs"]:
                    emitted.setdefault(log["address"].lower(), set()).update(log["topics"][:1])
    for chain in SHIPPED.chains:
        for token in chain.tokens:
            if token.seen == "receipts":
                assert PROTOCOLS["erc20"].events[0].topic0 in emitted[token.address], token
        for contract in chain.contracts:
            if contract.seen == "receipts":
                events = {event.topic0 for event in PROTOCOLS[contract.protocol].events}
                assert events & emitted[contract.address], contract
