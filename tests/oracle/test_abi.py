"""The committed ABIs: what the Python side takes from them fits the contracts' sources and its own types.

Rebuilding them needs `npm ci --ignore-scripts` in contracts/; without it those tests are skipped aloud, in CI
never.
"""

import importlib.util
import json
import os
import subprocess
import sys
from importlib import resources
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ledger_reader.keccak import keccak256
from ledger_reader.protocols import credit_oracle, term_loans
from oracle.report import TYPE

CONTRACTS = Path(__file__).resolve().parents[2] / "contracts"
SCRIPT = CONTRACTS / "tools" / "write_abi.py"
FORGE = CONTRACTS / "node_modules" / ".bin" / "forge"
NAMES = (
    "CreditOracle",
    "Bonds",
    "ModelRegistry",
    "TermLoans",
    "LoanPool",
    "DevCoin",
    "LogReplayer",
    "Rescorer",
)

needs_forge = pytest.mark.skipif(
    not FORGE.exists() and "CI" not in os.environ,
    reason="no forge: run `npm ci --ignore-scripts` in contracts/",
)


def read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((resources.files("oracle") / "abi" / f"{name}.json").read_bytes())
    return found


def writer() -> ModuleType:
    """contracts/tools/write_abi.py as a module of its own, so that a test can aim it elsewhere."""
    spec = importlib.util.spec_from_file_location("write_abi", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def event_ids(name: str) -> set[str]:
    """The first topics of a contract's events, by its ABI; no event here has a tuple but those left out."""
    events = [entry for entry in read(name)["abi"] if entry["type"] == "event"]
    return {
        "0x" + keccak256(f"{e['name']}({','.join(i['type'] for i in e['inputs'])})".encode()).hex()
        for e in events
        if all(not i["type"].startswith("tuple") for i in e["inputs"])
    }


def test_write_abi__when_asked_for_something_else__then_usage_and_2() -> None:
    done = subprocess.run([sys.executable, SCRIPT, "--chek"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "usage: write_abi.py [--check]\n"


def test_write_abi__when_forge_is_missing__then_one_sentence(tmp_path: Path) -> None:
    module = writer()
    module.CONTRACTS = tmp_path  # type: ignore[attr-defined]
    with pytest.raises(SystemExit, match="forge is missing: run `npm ci --ignore-scripts`"):
        module.main(["--check"])


@needs_forge
def test_write_abi__when_a_file_differs_or_is_missing__then_it_is_named(tmp_path: Path) -> None:
    module = writer()
    module.TARGET = tmp_path  # type: ignore[attr-defined]
    module.main([])
    module.main(["--check"])
    (tmp_path / "TermLoans.json").write_text("{}\n")
    (tmp_path / "DevCoin.json").unlink()
    with pytest.raises(SystemExit, match=r"does not match contracts/src: TermLoans.json, DevCoin.json; run"):
        module.main(["--check"])


@needs_forge
def test_abi__when_rebuilt_from_the_sources__then_nothing_differs() -> None:
    done = subprocess.run([sys.executable, SCRIPT, "--check"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", NAMES)
def test_abi__of_each_contract__then_its_code_fits_a_chain(name: str) -> None:
    found = read(name)
    runtime = bytes.fromhex(found["deployedBytecode"].removeprefix("0x"))
    assert found["contractName"] == name
    assert bytes.fromhex(found["bytecode"].removeprefix("0x"))
    assert 0 < len(runtime) <= 24_576, "EIP-170"


def test_abi__of_the_log_replayer__then_its_runtime_code_works_at_any_address() -> None:
    found = read("LogReplayer")
    assert found["bytecode"].endswith(found["deployedBytecode"].removeprefix("0x")), (
        "it must have no immutables"
    )


def test_abi__of_publish__then_its_report_is_the_type_that_python_signs() -> None:
    publish = next(entry for entry in read("CreditOracle")["abi"] if entry.get("name") == "publish")
    fields = [(part["name"], part["type"]) for part in publish["inputs"][0]["components"]]
    assert fields == [tuple(field) for field in TYPE]


def test_abi__of_events__then_the_ledger_reads_the_same_topics() -> None:
    assert {event.topic0 for event in credit_oracle.PROTOCOL.events} <= event_ids("CreditOracle")
    assert {event.topic0 for event in term_loans.PROTOCOL.events} <= event_ids("TermLoans")
