from pathlib import Path

import pytest
from eth_abi.abi import encode
from hypothesis import given
from hypothesis import strategies as st

from ledger_reader.errors import Stop
from ledger_reader.keccak import keccak256
from oracle.contract import load_abi
from oracle.devchain import replay
from oracle.devchain.replay import Emission, LoanRecord, emissions, read_llamalend_csv, time_of

HEADER = "Address,Asset,Start_Block,Status,End_Block\n"
ANN, BEN = "0x" + "11" * 20, "0x" + "22" * 20
GOOD = f"{ANN},weth,100,repaid,200.0\n"

records = st.builds(
    lambda account, market, opened, lasts, status: LoanRecord(
        account, market, opened, status, None if status == "active" else opened + lasts
    ),
    account=st.binary(min_size=20, max_size=20),
    market=st.sampled_from(["weth", "wbtc", "village"]),
    opened=st.integers(1, 50),
    lasts=st.integers(1, 50),
    status=st.sampled_from(["repaid", "self-liquidation", "forced-liquidation", "active"]),
)


def write(folder: Path, text: str) -> Path:
    path = folder / "loans.csv"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (f"{ANN},weth,100,repaid\n", "4 fields instead of 5"),
        (f"{ANN},weth,100,repaid,200,1\n", "6 fields instead of 5"),
        ("\n", "0 fields instead of 5"),
        ("0x1234,weth,100,repaid,200\n", "'0x1234' is not an address"),
        (f"{ANN},We th,100,repaid,200\n", "'We th' is not the name of a market"),
        (f"{ANN},weth,1e2,repaid,200\n", "'1e2' is not a block number"),
        (f"{ANN},weth,100.0,repaid,200\n", "'100.0' is not a block number"),
        (f"{ANN},weth,-1,repaid,200\n", "'-1' is not a block number"),
        (f"{ANN},weth,0,repaid,200\n", "block 0 is not from 1"),
        (f"{ANN},weth,100,repaid,9999999999\n", "block 9999999999 is not from 1"),
        (f"{ANN},weth,100,repaid,200.5\n", "'200.5' is not a block number"),
        (f"{ANN},weth,100,repaid,nan\n", "'nan' is not a block number"),
        (f"{ANN},weth,100,lost,200\n", "'lost' is none of repaid, self-liquidation"),
        (f"{ANN},weth,100,repaid,\n", "active exactly when it has no End_Block"),
        (f"{ANN},weth,100,active,200\n", "active exactly when it has no End_Block"),
        (f"{ANN},weth,100,repaid,100\n", "End_Block 100 must be after Start_Block 100"),
        (f"{ANN},weth,150,repaid,300\n", "has a loan in weth open then"),
        (f"{ANN},weth,199,active,\n", "has a loan in weth open then"),
    ],
)
def test_csv__bad_row__is_named_in_one_sentence(row: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(Stop, match="row 3: ") as stop:
        read_llamalend_csv(write(tmp_path, HEADER + GOOD + row))
    assert sentence in str(stop.value)
    assert "\n" not in str(stop.value)


@pytest.mark.parametrize("text", ["", "Address,Asset\n", GOOD])
def test_csv__other_columns__are_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(Stop, match="must begin with the columns Address,Asset,Start_Block,Status,End_Block"):
        read_llamalend_csv(write(tmp_path, text))


def test_csv__absent__is_refused(tmp_path: Path) -> None:
    with pytest.raises(Stop, match="cannot be read"):
        read_llamalend_csv(tmp_path / "absent.csv")


def test_csv__not_text__is_refused(tmp_path: Path) -> None:
    path = tmp_path / "loans.csv"
    path.write_bytes(HEADER.encode() + b"\xff\xfe\n")
    with pytest.raises(Stop, match="not a CSV file in UTF-8"):
        read_llamalend_csv(path)


def test_csv__good_rows__are_records_in_the_files_order(tmp_path: Path) -> None:
    text = HEADER + GOOD + f"{BEN},tbtc,90,active,\n{ANN},weth,200,forced-liquidation,201\n"
    ann, ben = b"\x11" * 20, b"\x22" * 20
    assert read_llamalend_csv(write(tmp_path, text)) == (
        LoanRecord(ann, "weth", time_of(100), "repaid", time_of(200)),
        LoanRecord(ben, "tbtc", time_of(90), "active", None),
        LoanRecord(ann, "weth", time_of(200), "forced-liquidation", time_of(201)),
    )


def test_time__of_block_18_million__is_its_own() -> None:
    assert time_of(18_000_000) == 1_693_066_895
    assert time_of(18_000_001) - time_of(18_000_000) == 12


def test_controller__of_a_known_market__is_its_own_and_else_derived() -> None:
    assert replay.controller("weth").hex() == "a920de414ea4ab66b97da1bfe9e6eca7d4219635"
    assert replay.controller("village") == keccak256(b"credit-oracle development market village")[12:]


def test_emissions__at_one_second__close_before_they_open() -> None:
    ann = b"\x11" * 20
    again = LoanRecord(ann, "weth", 20, "active", None)
    first = LoanRecord(ann, "weth", 10, "repaid", 20)
    assert [(e.time, e.opens) for e in emissions([again, first])] == [(10, True), (20, False), (20, True)]


@pytest.mark.parametrize(
    ("status", "event", "liquidator"),
    [
        ("repaid", "Repay(address,uint256,uint256)", None),
        ("self-liquidation", "Liquidate(address,address,uint256,uint256,uint256)", b"\x11" * 20),
        ("forced-liquidation", "Liquidate(address,address,uint256,uint256,uint256)", replay.LIQUIDATOR),
    ],
)
def test_emissions__of_a_closed_loan__end_by_its_status(
    status: replay.Status, event: str, liquidator: bytes | None
) -> None:
    account = (b"\x11" * 20).rjust(32, b"\0")
    _, end = emissions([LoanRecord(b"\x11" * 20, "weth", 10, status, 20)])
    who = () if liquidator is None else (liquidator.rjust(32, b"\0"),)
    assert end.topics == (keccak256(event.encode()), *who, account)


@given(st.lists(records, max_size=20))
def test_emissions__of_any_history__are_ordered_and_complete(history: list[LoanRecord]) -> None:
    found = emissions(history)
    assert [e.time for e in found] == sorted(e.time for e in found)
    assert sum(e.opens for e in found) == len(history)
    assert sum(not e.opens for e in found) == sum(record.closed is not None for record in history)


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=4), st.integers(0, 4))
def test_calldata__of_any_log__is_what_the_abi_says(topics: list[bytes], words: int) -> None:
    log = Emission(1, True, bytes(20), tuple(topics), words)
    signature = load_abi("LogReplayer").functions["replay"]
    assert replay.calldata(log) == signature.id + encode(signature.inputs, (topics, bytes(32 * words)))


def test_sources__of_a_history__carry_no_amounts() -> None:
    history = [LoanRecord(bytes(20), market, 1, "active", None) for market in ("weth", "wbtc", "weth")]
    found = replay.sources(history, 31_337, 5)
    assert {s.address for s in found.sources} == {replay.controller("weth"), replay.controller("wbtc")}
    assert not any(source.amounts for source in found.sources)
    assert {source.start_block for source in found.sources} == {5}
