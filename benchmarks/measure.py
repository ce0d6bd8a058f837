"""How long all features take, and how much memory: 2, 20 and 100 million events on two threads of DuckDB.

The ledger is made up (a hundred events an account over four years: transfers two thirds, loans, invoices)
and the same for every run. Each measurement runs in a process of its own, so that its peak memory is its
own; DuckDB is held to `--memory` and spills the rest. `seconds_*` is all features of all accounts at one
moment, from the file to Arrow.

`pandas_ratio` is pandas' seconds over ours for the same 66 numbers from the same file: of 8 kinds of
events the sum and the count within 30, 90, 180 and 360 days (64), the distinct counterparties, and the
longest gap between two borrowings (a lag). pandas reads only the columns it needs, as Arrow, with
accounts and counterparties as integer codes. `pandas_memory_ratio` is its peak memory over ours.
`share_N_ratio` is the time for N % of the accounts over that for all: what a measurement of only the
changed accounts would cost at least. `spark_equal` is 1 when Spark gives the same integers for a small
ledger. `--quick` runs 200,000 events in place of 2 million and leaves out the larger ones. 100 million
events take eight minutes and 15 GB of disk: asked for by `--largest`.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from typing import Any

import duckdb
import ibis
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from ibis.expr.types import Table

from ledger_reader.errors import Stop
from ledger_reader.ledger import EVENTS
from models.engine import collect, spark_events
from models.features.catalogue import FEATURES
from models.features.feature import DAY
from models.integers import icount, isum
from models.measure import measure

START, YEARS = 1_600_000_000, 4
UNTIL = START + YEARS * 365 * DAY
EVENTS_EACH = 100
SUBSET_MEMORY = "1GB"
"""DuckDB's limit beside pandas, which has none."""

SHARES = (1, 10, 25, 50)
WINDOWS = (30, 90, 180, 360)
KINDS = (
    "transfer_in", "transfer_out", "borrow", "repay", "deposit", "withdraw", "invoice_issued", "invoice_paid",
)  # fmt: skip

NOTES = {
    "pandas": "64 windowed sums and counts, one distinct count, one lag, of the same file, in both",
    "seconds": "wall clock, which other work on the machine lengthens: cpu_seconds stand beside it",
}

_LEDGER = """
CREATE TABLE events AS
WITH drawn AS (
    SELECT i, hash(i, 1) % {people} AS who, hash(i, 2) % 1000 AS share, hash(i, 3) AS h3, hash(i, 4) AS h4,
        {start} + (i * {span}) // {events} AS t FROM range({events}) numbers(i)),
told AS (
    SELECT *, CASE
        WHEN share < 330 THEN 'transfer_in' WHEN share < 640 THEN 'transfer_out'
        WHEN share < 700 THEN 'borrow' WHEN share < 780 THEN 'repay' WHEN share < 786 THEN 'liquidation'
        WHEN share < 789 THEN 'default' WHEN share < 820 THEN 'deposit' WHEN share < 840 THEN 'withdraw'
        WHEN share < 890 THEN 'invoice_issued' WHEN share < 930 THEN 'invoice_accepted'
        WHEN share < 970 THEN 'invoice_paid' WHEN share < 975 THEN 'invoice_disputed'
        WHEN share < 985 THEN 'invoice_financed' WHEN share < 995 THEN 'invoice_credited'
        ELSE 'invoice_voided' END AS kind,
        CASE WHEN h3 % 10 < 8 THEN (who * 31 + h4 % 12) % {people} ELSE h4 % {people} END AS other
    FROM drawn)
SELECT 1::BIGINT AS chain_id, (i // 20)::BIGINT AS block_number, (i % 20)::INTEGER AS log_index,
    (CASE WHEN kind = 'transfer_in' THEN 1
        WHEN kind IN ('invoice_accepted', 'invoice_paid', 'invoice_disputed') THEN h3 % 2
        ELSE 0 END)::TINYINT AS leg,
    t::BIGINT AS block_time, unhex(md5(i::VARCHAR)) AS tx_hash,
    CASE WHEN kind LIKE 'transfer%' THEN 'erc20' WHEN kind LIKE 'invoice%' THEN 'receivables'
        WHEN h3 % 3 = 0 THEN 'term_loans' ELSE 'aave_v3' END AS protocol,
    kind, unhex(md5(who::VARCHAR) || '00000000') AS account,
    unhex(md5(other::VARCHAR) || '00000000') AS counterparty,
    unhex(repeat(lpad((h3 % 4)::VARCHAR, 2, '0'), 20)) AS asset,
    (1000000 + h4 % 1000000000)::DECIMAL(38, 0) AS amount,
    CASE WHEN h3 % 50 = 0 THEN NULL ELSE (100 + h4 % 100000)::BIGINT END AS value_cents,
    CASE WHEN kind LIKE 'transfer%' THEN NULL
        WHEN kind LIKE 'invoice%' THEN unhex(lpad(to_hex(h4 % 5), 64, '0'))
        WHEN h3 % 3 = 0 THEN unhex(lpad(to_hex(h4 % 6), 64, '0')) ELSE unhex(repeat('ab', 32)) END AS loan_id,
    CASE WHEN (kind = 'borrow' AND h3 % 3 = 0) OR kind LIKE 'invoice%' THEN t + 2592000 END::BIGINT
        AS due_time
FROM told ORDER BY i
"""


def main() -> int:
    """Measure, and print each figure as it comes."""
    options = _options()
    if options.child:
        print(json.dumps(child(options.child, options.ledger, options.memory, options.share)))
        return 0
    figures: dict[str, Any] = dict.fromkeys(
        (
            "seconds_2m",
            "seconds_20m",
            "seconds_100m",
            "peak_mb_20m",
            "peak_mb_100m",
            "pandas_ratio",
            "spark_equal",
        )
    )
    notes = dict(NOTES)
    with tempfile.TemporaryDirectory() as folder:
        _of_sizes(Path(folder), options, figures, notes)
        figures["spark_equal"] = _spark_equal(Path(folder), notes)
    print(json.dumps({**figures, "notes": notes}))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--largest", action="store_true", help="also 100 million events")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--memory", default="3GB", help="DuckDB's limit; the process needs some more")
    parser.add_argument("--child", choices=("all", "subset", "pandas"), help=argparse.SUPPRESS)
    parser.add_argument("--ledger", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--share", type=int, default=100, help=argparse.SUPPRESS)
    return parser.parse_args()


def _of_sizes(
    folder: Path, options: argparse.Namespace, figures: dict[str, Any], notes: dict[str, str]
) -> None:
    """Every size asked for; the comparison with pandas and the curve on the largest but 100 million."""
    sizes = {"2m": 200_000 if options.quick else 2_000_000}
    if options.quick:
        notes["quick"] = "seconds_2m is of 200,000 events; the larger sizes are left out"
    else:
        sizes["20m"] = 20_000_000
    if options.largest:
        sizes["100m"] = 100_000_000
    else:
        notes["100m"] = "null: asked for by --largest only, it takes eight minutes and 15 GB of disk"
    for name, events in sizes.items():
        ledger = folder / f"{name}.duckdb"
        make_ledger(ledger, events)
        told = run("all", ledger, options.memory)
        _say(f"{events:,} events, {len(FEATURES)} features", told)
        figures[f"seconds_{name}"] = told["seconds"]
        figures[f"cpu_seconds_{name}"] = told["cpu_seconds"]
        if name != "2m":
            figures[f"peak_mb_{name}"] = told["peak_mb"]
        if name == ("2m" if options.quick else "20m"):
            _curve(ledger, options.memory, told["seconds"], figures)
            _against_pandas(ledger, figures)
        ledger.unlink()


def _curve(ledger: Path, memory: str, whole: float, figures: dict[str, Any]) -> None:
    for share in SHARES:
        told = run("all", ledger, memory, share)
        _say(f"{share} % of the accounts", told)
        figures[f"share_{share}_ratio"] = round(told["seconds"] / whole, 3)


def _against_pandas(ledger: Path, figures: dict[str, Any]) -> None:
    ours, theirs = run("subset", ledger, SUBSET_MEMORY), run("pandas", ledger, SUBSET_MEMORY)
    _say("66 numbers, DuckDB", ours)
    _say("66 numbers, pandas", theirs)
    if ours["checksum"] != theirs["checksum"]:
        raise Stop(f"the numbers differ: ours add up to {ours['checksum']}, pandas' to {theirs['checksum']}.")
    figures["pandas_ratio"] = round(theirs["seconds"] / ours["seconds"], 2)
    figures["pandas_memory_ratio"] = round(theirs["peak_mb"] / ours["peak_mb"], 2)


def make_ledger(path: Path, events: int) -> None:
    """A ledger's table of `events` rows, in order of time."""
    with duckdb.connect(str(path)) as connection:
        connection.execute("SET threads = 2")
        connection.execute("SET memory_limit = '3GB'")
        connection.execute(
            _LEDGER.format(people=events // EVENTS_EACH, start=START, span=YEARS * 365 * DAY, events=events)
        )


def run(what: str, ledger: Path, memory: str, share: int = 100) -> dict[str, Any]:
    """What a process of its own tells of one measurement: seconds, peak_mb, checksum."""
    command = [sys.executable, __file__, "--child", what, "--ledger", str(ledger), "--memory", memory]
    done = subprocess.run([*command, "--share", str(share)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Stop(f"measuring {what} of {ledger.name} failed: {done.stderr.strip()[-500:]}")
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def child(what: str, ledger: Path, memory: str, share: int) -> dict[str, Any]:
    """One measurement in this process."""
    began = time.perf_counter()
    checksum = 0
    if what == "pandas":
        checksum = by_pandas(ledger)
    else:
        settings = {"memory_limit": memory, "temp_directory": str(ledger.with_suffix(".spill"))}
        connection = ibis.duckdb.connect(ledger, read_only=True, threads=2, **settings)
        events = connection.table("events")
        if what == "all":
            collect(measure(events, _points(events, share)))
        else:
            table = collect(subset(events))
            checksum = sum(pc.sum(column).as_py() for column in table.drop(["account"]).columns)
    seconds, used = time.perf_counter() - began, getrusage(RUSAGE_SELF)
    return {
        "seconds": round(seconds, 2),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 2),
        "peak_mb": _peak_mb(),
        "checksum": checksum,
    }


def _peak_mb() -> int:
    """The peak of this process alone: getrusage may tell the parent's, from before exec."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) // 1024


def _points(events: Table, share: int) -> Table:
    """So many per cent of the accounts, at the end of the ledger."""
    people = events.select(person=events.account).distinct()
    if share < 100:
        first = ibis.literal(bytes([share * 256 // 100]), type="binary")
        people = people.filter(people.person < first)
    return people.mutate(until=ibis.literal(UNTIL, "int64"))


def subset(events: Table) -> Table:
    """The 66 numbers that pandas measures too."""
    lately = events.filter(events.kind.isin(KINDS) & (UNTIL - events.block_time <= WINDOWS[-1] * DAY))
    sums = {}
    for days in WINDOWS:
        within = UNTIL - lately.block_time <= days * DAY
        sums[f"{days}_count"] = icount(lately, within)
        sums[f"{days}_cents"] = isum(lately.value_cents, within)
    by_kind = lately.group_by(["account", "kind"]).agg(**sums)
    wide = by_kind.group_by(_wide="account").agg(
        **{f"{kind}_{name}": isum(by_kind[name], by_kind.kind == kind) for kind in KINDS for name in sums}
    )
    pairs = events.select("account", "counterparty").distinct()
    whole = pairs.group_by("account").agg(partners=pairs.counterparty.count())
    whole = whole.left_join(wide, whole.account == wide["_wide"]).drop("_wide")
    borrowed = events.filter(events.kind == "borrow").select(
        "account", "block_time", "block_number", "log_index"
    )
    in_order = ibis.window(group_by="account", order_by=["block_time", "block_number", "log_index"])
    gaps = borrowed.mutate(gap=borrowed.block_time - borrowed.block_time.lag().over(in_order))
    longest = gaps.group_by(_account="account").agg(longest_gap=gaps.gap.max())
    return whole.left_join(longest, whole.account == longest["_account"]).drop("_account")


def by_pandas(ledger: Path) -> int:
    """The same by pandas; only accounts and kinds as codes, columns as narrow as they go; the sum of all."""
    import pandas as pd

    with duckdb.connect(str(ledger), read_only=True) as connection:
        connection.execute("SET threads = 2")
        query = "SELECT account, counterparty, kind, block_time, value_cents FROM events"
        arrow = connection.sql(query).to_arrow_table()
    columns = {}
    for name in ("account", "counterparty", "kind"):
        coded = arrow[name].combine_chunks().dictionary_encode()
        columns[name] = coded.indices.to_numpy()
        if name == "kind":
            kinds = {kind: code for code, kind in enumerate(coded.dictionary.to_pylist())}
    frame = pd.DataFrame(columns)
    frame["age"] = UNTIL - arrow["block_time"].to_numpy()
    frame["cents"] = arrow["value_cents"].fill_null(0).to_numpy()
    del arrow
    total = int(
        frame.drop_duplicates(["account", "counterparty"]).groupby("account")["counterparty"].count().sum()
    )
    for kind in KINDS:
        rows = frame.loc[frame["kind"] == kinds[kind], ["account", "age", "cents"]]
        for days in WINDOWS:
            found = rows[rows["age"] <= days * DAY].groupby("account")["cents"].agg(["count", "sum"])
            total += int(found["count"].sum()) + int(found["sum"].sum())
    borrowed = frame.loc[frame["kind"] == kinds["borrow"], ["account", "age"]]  # in order of time already
    gaps = -borrowed.groupby("account")["age"].diff()
    return total + int(gaps.groupby(borrowed["account"]).max().sum())


def _spark_equal(folder: Path, notes: dict[str, str]) -> int | None:
    """1 when Spark and DuckDB give the same for a small ledger; None, with a note, where Spark cannot run."""
    ledger, part = folder / "small.duckdb", folder / "export" / "events" / "chain=1" / "from_block=0"
    make_ledger(ledger, 5_000)
    part.mkdir(parents=True)
    connection = ibis.duckdb.connect(ledger, read_only=True)
    events = connection.table("events")
    pq.write_table(events.to_pyarrow().cast(EVENTS), part / "part-0.parquet")
    ours = _sorted(collect(measure(events, _points(events, 100))))
    try:
        with spark_events(folder / "export") as on_spark:
            theirs = _sorted(collect(measure(on_spark, _points(on_spark, 100))))
    except Stop as error:
        notes["spark_equal"] = f"null: {error}"
        return None
    return int(ours.to_pylist() == theirs.to_pylist())


def _sorted(measured: pa.Table) -> pa.Table:
    return measured.sort_by("person")


def _say(what: str, told: dict[str, Any]) -> None:
    print(f"{what}: {told['seconds']} s ({told['cpu_seconds']} s of processors), {told['peak_mb']:,} MB")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Stop as error:
        print(error, file=sys.stderr)
        sys.exit(1)
