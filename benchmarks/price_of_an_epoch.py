"""What each oracle pays on chain for one epoch of scores, per borrower, at 1, 1,000 and 1,000,000 borrowers.

Ours is measured now: benchmarks/gas.py runs first (a development chain, the committed bytecode, steady
state). The peers' figures are constants: receipts' gasUsed of their own contracts on the same kind of chain
(anvil 1.7.1, Osaka rules), measured on 2026-11-23 before this was written. None of them publishes a
commitment to many values, so each borrower would be a feed, an attestation or a slot of its own: the
comparison is of what their design asks for, not of what they were made for. Reading is beside it, because a
pull oracle pays nothing until somebody reads. What grows with the number in one transaction is split into
as many transactions as the gas limit of one (EIP-7825) asks for. `--quick` is the same run.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

BORROWERS = (1, 1_000, 1_000_000)

TRANSACTION_LIMIT = 16_777_216
"""Most gas that one transaction may use: 2^24 (EIP-7825)."""

# Measured: receipt's gasUsed; a read is the marginal cost inside a consumer, cold, without calldata.
OCR2_TRANSMIT, OCR2_READ = 94_686, 8_018  # one value, n = 4, f + 1 signatures; latestRoundData
SCRIBE_POKE = 81_875  # one value, bar = 5, aggregated Schnorr
PYTH_ONE, PYTH_FIVE = 192_093, 278_871  # one update of one feed, of five feeds
REDSTONE_READ = 23_402  # signed values in the reader's calldata, 3 signers; nothing is published
EAS_ONE, EAS_BATCHED, EAS_READ = 222_548, 188_228, 26_196  # attest; each within a batch; read
MAPPING_UPDATE, MAPPING_READ = 5_922, 5_394  # slots written by one owner: no committee, no agreement
TRANSACTION_BASE = 21_000


@dataclass(frozen=True)
class Peer:
    """One oracle: what an epoch of n borrowers costs, and what a read costs (None: not measured)."""

    name: str
    key: str
    epoch_gas: Callable[[int], int]
    read_gas: int | None


def batched(fixed: int, each: int) -> Callable[[int], int]:
    """N values, as many a transaction as the limit lets through, each transaction `fixed` dearer."""
    most = (TRANSACTION_LIMIT - fixed) // each
    return lambda n: -(-n // most) * fixed + n * each


def peers(ours: dict[str, int]) -> list[Peer]:
    """Ours first, from the figures of gas.py; then the others, from the constants above."""
    one_more_feed = (PYTH_FIVE - PYTH_ONE) // 4
    proof, stored = ours["verify_score_d20"], ours["read_stored"]
    return [
        Peer("this, 3 of 4 sign (read: proof)", "ours_3_of_4", lambda _: ours["publish_3_of_4"], proof),
        Peer("this, 7 of 10 sign (read: stored)", "ours_7_of_10", lambda _: ours["publish_7_of_10"], stored),
        Peer("Chainlink OCR2, n = 4", "ocr2", lambda n: n * OCR2_TRANSMIT, OCR2_READ),
        Peer("Chronicle Scribe, bar = 5", "scribe", lambda n: n * SCRIBE_POKE, None),
        Peer("Pyth, feeds in batches", "pyth", batched(PYTH_ONE - one_more_feed, one_more_feed), None),
        Peer("RedStone, 3 signers (pull)", "redstone", lambda _: 0, REDSTONE_READ),
        Peer("EAS, attestations in batches", "eas", batched(EAS_ONE - EAS_BATCHED, EAS_BATCHED), EAS_READ),
        Peer("a mapping, one owner", "mapping", batched(TRANSACTION_BASE, MAPPING_UPDATE), MAPPING_READ),
    ]


def measured() -> dict[str, int]:
    """What gas.py prints; its own words and exit status when it fails."""
    script = Path(__file__).with_name("gas.py")
    done = subprocess.run(
        [sys.executable, script, "--json"],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        cwd=script.parents[1],
    )
    if done.returncode != 0:
        sys.exit(f"benchmarks/gas.py ended with {done.returncode}, so there is no figure of ours")
    found: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    return found


def per_borrower(gas: int, borrowers: int) -> float:
    """Gas a borrower, to three digits behind the point: below one it is still told apart from nothing."""
    return round(gas / borrowers, 3)


def shown(value: float | None) -> str:
    """Whole gas from ten up, two digits behind the point below."""
    if value is None:
        return "not measured"
    return f"{value:,.0f}" if value >= 10 or value == 0 else f"{value:,.2f}"


def table(rows: list[Peer]) -> str:
    """Markdown, for the README."""
    lines = [
        "| gas per borrower per epoch | 1 borrower | 1,000 | 1,000,000 | one read |",
        "|---|---:|---:|---:|---:|",
    ]
    for row in rows:
        cells = [shown(per_borrower(row.epoch_gas(n), n)) for n in BORROWERS]
        lines.append(f"| {row.name} | {' | '.join(cells)} | {shown(row.read_gas)} |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the same run, which takes seconds")
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line")
    arguments = parser.parse_args()
    rows = peers(measured())
    print(table(rows))
    if arguments.json:
        figures = {f"{row.key}_{n}": per_borrower(row.epoch_gas(n), n) for row in rows for n in BORROWERS}
        reads = {f"{row.key}_read": row.read_gas for row in rows}
        missing = {name: "the peer's read was not measured" for name, gas in reads.items() if gas is None}
        print(json.dumps({**figures, **reads, "notes": missing}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
