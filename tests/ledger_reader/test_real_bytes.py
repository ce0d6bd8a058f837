"""Logs of real receipts and blocks: what they mean was read by hand, or extracted by somebody else's tool."""

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger_reader.decode import PROTOCOLS
from ledger_reader.ledger import EVENTS, MAX_AMOUNT
from ledger_reader.logs import RawLog
from ledger_reader.sources import Asset, ChainSources, LendingMarket, Source
from tests.ledger_reader.meanings import BLOCK, MARKETS, TIME, decode, meaning, raw_log

DATA = Path(__file__).parents[3] / "shared" / "data"
REAL = json.loads((Path(__file__).parents[1] / "golden" / "ledger_real_receipts.json").read_text("utf-8"))


def unhex(text: str | None) -> bytes | None:
    return None if text is None else bytes.fromhex(text[2:])


ASSETS = tuple(
    Asset(bytes.fromhex(address[2:]), token["symbol"], token["decimals"], token["pin_cents"])
    for address, token in REAL["tokens"].items()
)
REAL_MARKETS = tuple(
    LendingMarket(
        bytes.fromhex(market["id"][2:]), bytes.fromhex(market["loan"][2:]), unhex(market["collateral"])
    )
    for market in REAL["morpho_markets"]
)


def sources_of(golden: dict[str, Any]) -> ChainSources:
    markets = REAL_MARKETS if golden["protocol"] == "morpho_blue" else ()
    address = bytes.fromhex(golden["address"][2:])
    source = Source(golden["protocol"], address, 0, unhex(golden["asset"]), markets=markets)
    return ChainSources(golden["chain_id"], (source,), ASSETS)


def logs_of(golden: dict[str, Any]) -> list[RawLog]:
    told = [golden, golden["after"]] if "after" in golden else [golden]
    return [
        raw_log(
            golden["address"],
            log["topics"],
            "0x" + "".join(word[2:] for word in log["data"]),
            index=log["log_index"],
        )
        for log in told
    ]


@pytest.mark.parametrize("golden", REAL["logs"], ids=lambda golden: golden["meaning"][:60])
def test_decode__real_log__means_what_was_read_by_hand(golden: dict[str, Any]) -> None:
    table = decode(logs_of(golden), {BLOCK: TIME}, sources_of(golden))
    assert [meaning(row) for row in table.to_pylist()] == golden["rows"]


def test_golden__of_real_receipts__covers_every_protocol_that_they_hold() -> None:
    rows = Counter(golden["protocol"] for golden in REAL["logs"] if golden["rows"])
    assert set(rows) >= {
        "aave_v2",
        "aave_v3",
        "compound_v2",
        "compound_v3",
        "erc20",
        "llamalend",
        "morpho_blue",
    }
    assert len({golden["transaction"] for golden in REAL["logs"]}) >= 25


# ------------------------------------------------------------------ beside the data


def of_data(folder: str) -> Path:
    path = DATA / folder
    if not path.is_dir():
        pytest.skip(f"the data set {folder} is not beside the checkout")
    return path


@pytest.fixture(scope="module")
def receipts() -> dict[str, Any]:
    """Real receipts by transaction hash."""
    found: dict[str, Any] = {}
    for path in sorted(of_data("rpc_lending_receipts").glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            answers = [json.loads(line)["result"] for line in lines]
        found |= {answer["transactionHash"]: answer for answer in answers if answer}
    return found


@pytest.mark.data
def test_golden__words__are_those_of_the_receipts(receipts: dict[str, Any]) -> None:
    for golden in REAL["logs"]:
        logs = {int(log["logIndex"], 16): log for log in receipts[golden["transaction"]]["logs"]}
        for told in logs_of(golden):
            log = logs[int(told.log_index, 16)]
            assert (log["address"], tuple(log["topics"]), log["data"]) == (
                told.address,
                told.topics,
                told.data,
            )


@pytest.mark.data
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_decode__all_logs_of_all_real_receipts__nothing_raises(
    protocol: str, receipts: dict[str, Any]
) -> None:
    logs = [
        raw_log(log["address"], log["topics"], log["data"], BLOCK, index)
        for index, log in enumerate(log for receipt in receipts.values() for log in receipt["logs"])
    ]
    assert len(logs) > 5_000
    addresses = sorted({bytes.fromhex(log.address[2:]) for log in logs})[:1000]
    assets = tuple(Asset(address, "T", 18, None) for address in addresses)
    extra: dict[str, Any] = {"decimals": 8} if protocol == "price_feed" else {}
    if protocol == "morpho_blue":
        extra["markets"] = [
            LendingMarket(m.id, addresses[0], addresses[1]) for m in (*REAL_MARKETS, *MARKETS)
        ]
    own = [None] * 1000 if protocol == "erc20" else addresses
    sources = tuple(
        Source(protocol, address, 0, asset, **extra) for address, asset in zip(addresses, own, strict=False)
    )
    table = decode(logs, {BLOCK: TIME}, ChainSources(1, sources, assets))
    assert table.schema == EVENTS
    if protocol == "erc20":
        assert table.num_rows > 1000


# ------------------------------------------------------------------ another tool's transfers


def read_json(name: str) -> Any:
    """One object a line, as the tool writes them."""
    with gzip.open(of_data("rpc_expected_transfers") / name, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


@pytest.mark.data
def test_decode__two_whole_blocks__agree_with_another_tools_transfers() -> None:
    """All but those that are dropped here by rule: transfers of nothing, and of NFTs (four topics)."""
    told = read_json("stream_17173049_expected_logs.json.gz")
    logs = [
        raw_log(log["address"], log["topics"], log["data"], log["block_number"], log["log_index"])
        for log in told
    ]
    currencies = {(log["block_number"], log["log_index"]) for log in told if len(log["topics"]) == 3}
    tokens = sorted({bytes.fromhex(log.address[2:]) for log in logs})
    chain = ChainSources(
        1,
        tuple(Source("erc20", token, 0) for token in tokens),
        tuple(Asset(token, "T", 18) for token in tokens),
    )
    rows = decode(logs, {17_173_049: TIME, 17_173_050: TIME + 12}, chain).to_pylist()
    transfers = read_json("stream_17173049_expected_token_transfers.json.gz")
    assert {transfer["block_number"] for transfer in transfers} == {17_173_049, 17_173_050}
    expected = [
        leg
        for transfer in transfers
        if (transfer["block_number"], transfer["log_index"]) in currencies and transfer["value"]
        for leg in legs_of(transfer)
    ]
    assert len(expected) > 500
    assert Counter(map(leg_seen, rows)) == Counter(expected)


def legs_of(transfer: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """What a transfer of the other tool is in the ledger."""
    sender, receiver = (bytes.fromhex(transfer[key][2:]) for key in ("from_address", "to_address"))
    token, amount = bytes.fromhex(transfer["token_address"][2:]), min(int(transfer["value"]), MAX_AMOUNT)
    where = transfer["block_number"], transfer["log_index"]
    if any(sender):
        yield *where, "transfer_out", sender, receiver if any(receiver) else None, token, amount
    if any(receiver):
        yield *where, "transfer_in", receiver, sender if any(sender) else None, token, amount


def leg_seen(row: dict[str, Any]) -> tuple[Any, ...]:
    where = row["block_number"], row["log_index"]
    return (*where, row["kind"], row["account"], row["counterparty"], row["asset"], int(row["amount"]))
