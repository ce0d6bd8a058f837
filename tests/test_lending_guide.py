"""docs/lending.md cannot rot: its gas is the snapshot's, its bounds are the contracts'."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "docs" / "lending.md").read_text()
CONTRACTS = ROOT / "contracts"
GAS = re.compile(r"^\| ([\w ,]+) \| ([\d,]+) \|$", re.M)
CONSTANT = re.compile(r"`([A-Z_]{4,})` \((\d[\d,]*)\)")


def test_guide__its_gas__is_the_snapshots() -> None:
    measured = json.loads((CONTRACTS / "snapshots" / "loans.json").read_text())
    told = {call: figure.replace(",", "") for call, figure in GAS.findall(GUIDE)}
    assert told == measured


def test_guide__its_limits__are_the_contracts() -> None:
    sources = "".join(path.read_text() for path in (CONTRACTS / "src").glob("*.sol"))
    told = CONSTANT.findall(GUIDE)
    assert len(told) >= 5
    for name, figure in told:
        assert re.search(rf"constant {name} = {figure.replace(',', '_?')};", sources), name
