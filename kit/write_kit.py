"""Writes what the kit holds copies of: Solidity sources, ABIs for TypeScript, the service's OpenAPI document.

`python kit/write_kit.py` writes the files; `--check` compares, and exits 1 with one sentence when one
differs. Rules that hold here: nothing in the kit that also stands elsewhere is written by hand. SOURCES are
copied with all that they import of ours, in the folders that their imports name. `npm run schema` then makes
src/schema.ts from openapi.json.
"""

import contextlib
import json
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from oracle.api.app import make_app
from oracle.api.operator import Operator
from oracle.api.service import open_service
from oracle.settings import load_settings, write_settings

KIT = Path(__file__).resolve().parent
CONTRACTS = KIT.parent / "contracts" / "src"
ABIS = KIT.parent / "oracle" / "abi"

SOURCES = (
    "CreditRules.sol",
    "IBorrowerFeed.sol",
    "ICreditOracle.sol",
    "IInvoiceFinance.sol",
    "ILoanPool.sol",
    "IOpenScores.sol",
    "IPayments.sol",
    "IReceivables.sol",
    "ITermLoans.sol",
    "IWalletLinks.sol",
    "dev/DevCoin.sol",
    "dev/MockCreditOracle.sol",
    "examples/MyLender.sol",
)
"""Below contracts/src."""

EXAMPLES = {"test/MyLender.t.sol": "MyLender.t.sol", "test/Vm.sol": "Vm.sol"}
"""Below contracts, and as which example: they import the package by its name, so that they can be copied."""

PACKAGE = "@credit-oracle/lender/contracts"

ABI_OF = {
    "creditOracle": ("CreditOracle",),
    "termLoans": ("TermLoans", "LoanPool", "CreditOracle"),
    "loanPool": ("LoanPool",),
    "openScores": ("OpenScores", "CreditOracle"),
}
"""Name in TypeScript, the contract, and the contracts whose errors it passes on."""

_IMPORT = re.compile(r'^import \{[^}]+\} from "(\.[^"]+)";', re.M)


def sources() -> dict[Path, str]:
    """The Solidity files, with all that they import of ours: where each goes, and its text."""
    waiting, found = [CONTRACTS / name for name in SOURCES], dict[Path, str]()
    while waiting:
        path = waiting.pop().resolve()
        target = KIT / "contracts" / path.relative_to(CONTRACTS)
        if target not in found:
            found[target] = path.read_text()
            waiting += [path.parent / name for name in _IMPORT.findall(found[target])]
    return found


def examples() -> dict[Path, str]:
    """The lender's tests, to be copied into a lender's own project."""
    folder = KIT / "contracts" / "examples"
    return {
        folder / name: (CONTRACTS.parent / path).read_text().replace('"../src/', f'"{PACKAGE}/')
        for path, name in EXAMPLES.items()
    }


def abis() -> str:
    """src/abi.ts: one constant a contract, one entry a line."""
    parts = ["// Written by write_kit.py from oracle/abi: do not edit.\n"]
    for name, (own, *passed_on) in ABI_OF.items():
        entries = [entry for entry in _entries(own) if entry["type"] != "constructor"]
        entries += [entry for other in passed_on for entry in _entries(other) if entry["type"] == "error"]
        lines = dict.fromkeys(json.dumps(_bare(entry)) for entry in entries)
        parts.append(f"export const {name} = [\n  " + ",\n  ".join(lines) + ",\n] as const;\n")
    return "\n".join(parts)


def _entries(contract: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((ABIS / f"{contract}.json").read_text())["abi"]
    return found


def _bare(value: Any) -> Any:
    """Without the compiler's own names of types, which no client reads."""
    if isinstance(value, dict):
        return {key: _bare(each) for key, each in value.items() if key != "internalType"}
    return [_bare(each) for each in value] if isinstance(value, list) else value


def document() -> str:
    """The OpenAPI document of a service; whose it is does not show in it."""
    home = {"chain_id": 1, "contract": "0x" + "00" * 20, "rpc": {"1": ["http://127.0.0.1:1"]}}
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        write_settings(Path(folder), {**home, "listen": "127.0.0.1:0", "peers": {}})
        service = open_service(stack, load_settings(Path(folder)), Operator(), "score.example")
        told = TestClient(make_app(service)).get("/v1/openapi.json").json()
    return json.dumps(told, indent=1, ensure_ascii=False) + "\n"


def files() -> dict[Path, str]:
    """Everything that is written, and its text."""
    return {**sources(), **examples(), KIT / "src" / "abi.ts": abis(), KIT / "openapi.json": document()}


def stale() -> Iterator[str]:
    """What of the kit is not as it would be written, the copies that nothing needs any more included."""
    found = files()
    for path, text in found.items():
        if not path.exists() or path.read_text() != text:
            yield str(path.relative_to(KIT))
    for path in (KIT / "contracts").rglob("*.sol"):
        if path not in found:
            yield f"{path.relative_to(KIT)} (of no use)"


def main(arguments: list[str]) -> None:
    """Writes or, with `--check`, compares; any other argument is a usage error (exit 2)."""
    if arguments not in ([], ["--check"]):
        sys.stderr.write("usage: write_kit.py [--check]\n")
        raise SystemExit(2)
    if arguments:
        differing = list(stale())
        if differing:
            sys.exit(f"kit/ does not match its sources: {', '.join(differing)}; run kit/write_kit.py")
        return
    for path, text in files().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


if __name__ == "__main__":
    main(sys.argv[1:])
