"""How long a rich economy takes without a chain, straight into Parquet, and how much memory.

`--borrowers` (10,000; `--quick` 500) live `--days` (365) on two processes; each borrower's year is
about 440 rows. `seconds` is all: planning, rehearsing, merging into a ledger file, exporting.
`plan_seconds` is until every town is written down, `cpu_seconds` what all processes computed, which other
work on the machine does not lengthen. `memory_mb` is the peak of this process and twice
that of its largest child, as if all had peaked at once. `--folder` keeps the Parquet.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from typing import Any

import pyarrow.parquet as pq

from oracle.devchain.scale import rehearse_to_parquet

WORKERS = 2


def measure(folder: Path, borrowers: int, days: int) -> dict[str, Any]:
    planned, began = 0.0, time.perf_counter()

    def on_progress(done: int, all_: int) -> None:
        nonlocal planned
        planned = time.perf_counter() - began
        print(f"{done} of {all_} towns, {planned:.0f} s", flush=True)

    rehearse_to_parquet(folder, 7, borrowers, days, WORKERS, on_progress)
    seconds = time.perf_counter() - began
    files = list((folder / "events").rglob("*.parquet"))
    used = [getrusage(who) for who in (RUSAGE_SELF, RUSAGE_CHILDREN)]
    own, child = (each.ru_maxrss // 1024 for each in used)
    return {
        "borrowers": borrowers,
        "days": days,
        "events": sum(pq.read_metadata(file).num_rows for file in files),
        "parquet_mb": sum(file.stat().st_size for file in files) >> 20,
        "seconds": round(seconds, 1),
        "plan_seconds": round(planned, 1),
        "cpu_seconds": round(sum(each.ru_utime + each.ru_stime for each in used), 1),
        "memory_mb": own + WORKERS * child,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--borrowers", type=int, default=10_000)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--folder", type=Path, help="a new folder for the Parquet, to keep it")
    parser.add_argument("--quick", action="store_true", help="500 borrowers")
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line")
    arguments = parser.parse_args()
    borrowers = 500 if arguments.quick else arguments.borrowers
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary) / "ledger"
        found = measure(folder, borrowers, arguments.days)
    if arguments.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name:14} {value:>12,}")


if __name__ == "__main__":
    main()
