"""docs/receivables.md cannot rot: gas is the snapshot's, typed data the contract's, calls the interface's."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
CONTRACTS = ROOT / "contracts"
GUIDE = (ROOT / "docs" / "receivables.md").read_text("utf-8")
GAS = re.compile(r"^\| ([^|`]+) \| ([\d,]+) \|$", re.M)
TYPE = re.compile(r"^ +((?:Acceptance|Dispute)\(.*\))$", re.M)


def test_guide__its_gas__is_that_of_the_snapshot() -> None:
    measured = json.loads((CONTRACTS / "snapshots" / "receivables.json").read_text())
    shown = {call: gas.replace(",", "") for call, gas in GAS.findall(GUIDE)}
    assert shown == measured


def test_guide__its_typed_data__is_what_the_contract_hashes() -> None:
    source = (CONTRACTS / "src" / "Receivables.sol").read_text()
    hashed = {
        "".join(re.findall(r'"([^"]*)"', inside)) for inside in re.findall(r"keccak256\(([^;]*)\);", source)
    }
    shown = set(TYPE.findall(GUIDE))
    assert len(shown) == 2
    assert shown <= hashed


def test_guide__the_calls_it_names__are_there() -> None:
    abis = [
        json.loads((ROOT / "oracle" / "abi" / f"{name}.json").read_text())["abi"]
        for name in ("Receivables", "InvoiceFinance")
    ]
    known = {entry["name"] for abi in abis for entry in abi if "name" in entry}
    named = set(re.findall(r"`([a-z]\w+)(?:\([^`]*\))?`", GUIDE))
    fields = {"status", "amount", "outstanding", "dueTime", "endTime"}
    assert named - fields <= known
