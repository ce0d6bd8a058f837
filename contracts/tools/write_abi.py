"""Writes oracle/abi/*.json from the contracts' sources, so that the Python package needs no compiler.

`python contracts/tools/write_abi.py` builds with forge and writes the files; `--check` builds, compares, and
exits 1 with one sentence when a file differs. Builds carry no metadata, so the same sources give the same
bytes on every machine. Needs only the standard library, Node and `npm ci --ignore-scripts` in contracts/.
"""

import json
import subprocess
import sys
from pathlib import Path

CONTRACTS = Path(__file__).resolve().parents[1]
TARGET = CONTRACTS.parent / "oracle" / "abi"
NAMES = (
    "CreditOracle",
    "Bonds",
    "ModelRegistry",
    "TermLoans",
    "LoanPool",
    "Receivables",
    "InvoiceFinance",
    "Payments",
    "WalletLinks",
    "Disputes",
    "Rescorer",
    "OpenScores",
    "BorrowerFeed",
    "CreditRules",
    "MyLender",
    "DevCoin",
    "LogReplayer",
)


def build() -> None:
    """Runs `forge build` on src/; a failed build or a missing forge ends the program with one sentence."""
    forge = CONTRACTS / "node_modules" / ".bin" / "forge"
    if not forge.exists():
        sys.exit(f"{forge} is missing: run `npm ci --ignore-scripts` in {CONTRACTS}")
    done = subprocess.run([forge, "build", "src"], cwd=CONTRACTS, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"forge build failed: {done.stdout}{done.stderr}")


def render(name: str) -> str:
    """The committed form of one contract: its name, ABI, creation code and runtime code, as JSON text."""
    built = json.loads((CONTRACTS / "out" / f"{name}.sol" / f"{name}.json").read_text())
    shown = {
        "contractName": name,
        "abi": built["abi"],
        "bytecode": built["bytecode"]["object"],
        "deployedBytecode": built["deployedBytecode"]["object"],
    }
    return json.dumps(shown, indent=1) + "\n"


def main(arguments: list[str]) -> None:
    """Writes or, with `--check`, compares; any other argument is a usage error (exit 2)."""
    if arguments not in ([], ["--check"]):
        sys.stderr.write("usage: write_abi.py [--check]\n")
        raise SystemExit(2)
    build()
    texts = {TARGET / f"{name}.json": render(name) for name in NAMES}
    if arguments:
        stale = [path.name for path, text in texts.items() if not path.exists() or path.read_text() != text]
        if stale:
            names = ", ".join(stale)
            sys.exit(f"oracle/abi/ does not match contracts/src: {names}; run contracts/tools/write_abi.py")
        return
    for path, text in texts.items():
        path.write_text(text)


if __name__ == "__main__":
    main(sys.argv[1:])
