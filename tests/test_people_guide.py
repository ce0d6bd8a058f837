"""docs/people-on-chain.md cannot rot: its gas is the snapshot's, its types are the contracts'."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "docs" / "people-on-chain.md").read_text()
CONTRACTS = ROOT / "contracts"
GAS = re.compile(r"^\| ([\w ,]+) \| ([\d,]+) \|$", re.M)
SIGNED = re.compile(r"^\| (\w+) \| `(\w+\([\w ,]+\))` \|$", re.M)


def test_guide__its_gas__is_the_snapshots() -> None:
    measured = json.loads((CONTRACTS / "snapshots" / "people.json").read_text())
    told = {call: figure.replace(",", "") for call, figure in GAS.findall(GUIDE)}
    assert told == measured


def test_guide__what_is_signed__is_what_the_contracts_hash() -> None:
    told = SIGNED.findall(GUIDE)
    assert [name for name, _ in told] == ["Payments", "WalletLinks", "Disputes"]
    for name, signature in told:
        source = _bare((CONTRACTS / "src" / f"{name}.sol").read_text())
        assert _bare(f"keccak256({signature})") in source
        assert f"EIP712({name},1)" in source


def _bare(text: str) -> str:
    """Without quotes and white space: Solidity joins neighbouring texts."""
    return re.sub(r'["\s]', "", text)
