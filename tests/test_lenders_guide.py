"""docs/lenders.md cannot rot: its lender is the one that forge tests, and no error is missing."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "docs" / "lenders.md").read_text()
LENDING = (ROOT / "docs" / "lending.md").read_text()
PEOPLE = (ROOT / "docs" / "people-on-chain.md").read_text()
CONTRACTS = ROOT / "contracts"
ROW = re.compile(r"^\| `(\w+)\(", re.M)
ERROR = re.compile(r"^\s*error (\w+)\(", re.M)
ONLY_IN_TESTS = {"DevCoin", "LogReplayer"}


def known_errors() -> set[str]:
    """What contracts and scripts declare, and what OpenZeppelin's parts of them can answer."""
    sources = [*CONTRACTS.glob("src/*.sol"), *CONTRACTS.glob("script/*.sol")]
    declared = {name for path in sources for name in ERROR.findall(path.read_text())}
    files = [path for path in (ROOT / "oracle" / "abi").glob("*.json") if path.stem not in ONLY_IN_TESTS]
    abis = [json.loads(path.read_text())["abi"] for path in files]
    return declared | {entry["name"] for abi in abis for entry in abi if entry["type"] == "error"}


def test_guide__its_lender__is_the_one_that_is_compiled_and_tested() -> None:
    source = (CONTRACTS / "src" / "examples" / "MyLender.sol").read_text().split("\n", 1)[1]
    block = GUIDE.split("```solidity\n")[1].split("```")[0]
    assert block == source
    contract = block[block.index("contract MyLender") :]
    assert len(contract.splitlines()) <= 40


def test_guide__its_page__is_the_example_that_the_kit_runs() -> None:
    assert (ROOT / "kit" / "examples" / "borrow.ts").read_text() in GUIDE


def test_guides__their_tables__hold_every_error_once_and_no_other() -> None:
    rows = ROW.findall(GUIDE) + ROW.findall(LENDING) + ROW.findall(PEOPLE)
    assert len(rows) == len(set(rows)), "an error has two rows"
    assert set(rows) == known_errors()
