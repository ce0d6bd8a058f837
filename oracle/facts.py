"""The facts behind an epoch's scores, for the people whose they are; in the epoch's folder, not committed to.

Rules that hold here: no failure of making them stops a round, for nothing that is signed depends on them: an
epoch then stands without, which is logged and counted. `facts.parquet` is in order of account and read by
row group, so that one account's facts cost the same in a folder of a million; `disputes.parquet` holds what
is in dispute or was upheld, with the score as it is and as it would be without that fact. `events.parquet`,
where a node is set to keep it, is what the latest epoch was scored from: so the same is told of any fact,
when somebody asks (`told_without`). A fact's name (models/facts.py) is made when it is read: hashing the
facts of all, for the few who look, would take longer than scoring them.
"""

import logging
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import ibis
import pyarrow as pa
import pyarrow.parquet as pq
from ibis.expr.types import Table

from ledger_reader.errors import Retry, Stop
from models.disputes import disputes_of
from models.facts import event_fact, loan_fact
from models.manifest import Manifest
from models.measure import numbered, population
from models.persons import ties
from models.record import record
from models.scorecard import Scorecard, Scores
from models.scoring import score_without, scores_without
from oracle import metrics
from oracle.folder import DISPUTES, EVENTS, FACTS, drop_staging, folder_of, known_epochs, staging_of

log = logging.getLogger(__name__)

GROUP = 20_480
"""Rows of facts that are read for one account."""

MEMORY, THREADS = "256MB", 1
"""What telling of one fact may take of the service's machine."""

MOST_SAID = 300
"""Characters of a failure's own words that are logged."""

_DISPUTES = pa.schema(
    [
        pa.field("account", pa.binary()),
        pa.field("fact_id", pa.binary()),
        pa.field("state", pa.string()),
        pa.field("score_with", pa.int32()),
        pa.field("score_without", pa.int32()),
    ]
)
"""state: open or upheld; the scores are null once upheld, 0 where there is none."""


@dataclass(frozen=True)
class Fact:
    """One fact of `account`'s record, of `wallet` of its person; kind and outcome as in models/record.py.

    A fact can be disputed by its wallet alone. `excluded`: a dispute of it was upheld, and it counts for
    nothing. `score_with` and `score_without` tell what an open dispute is about; else None.
    """

    account: bytes
    wallet: bytes
    fact_id: bytes
    kind: str
    chain_id: int
    protocol: str
    block_number: int
    log_index: int
    tx_hash: bytes
    block_time: int
    counterparty: bytes | None
    asset: bytes | None
    value_cents: int | None
    due_time: int | None
    outcome: str
    disputed: bool
    excluded: bool
    score_with: int | None
    score_without: int | None


@dataclass(frozen=True)
class Model:
    """What an epoch was scored with."""

    manifest: Manifest
    card: Scorecard


def staged_facts(
    epochs: Path,
    epoch: int,
    events: Table,
    model: Model,
    until: int,
    scores: Scores,
    keeps_events: bool = False,
) -> Path | None:
    """A folder with the files, for `folder.write_epoch`; None when making them failed, whatever it was.

    With `keeps_events` the events are in it, and in no earlier epoch's folder any more.
    """
    try:
        staging = staging_of(epochs, epoch)
        write_facts(staging, events, model, until, scores)
        if keeps_events:
            for earlier in known_epochs(epochs):
                (folder_of(epochs, earlier) / EVENTS).unlink(missing_ok=True)
            write_events(staging, events)
    except Exception as failure:
        # The one place beside the loop where even a bug is caught: people want their record, but a committee
        # needs its root, and no member may lose it by what the others never see.
        metrics.facts_failures.inc()
        log.warning(
            "epoch %s stands without facts, its scores and root are not touched: %s: %s",
            epoch, type(failure).__name__, " ".join(str(failure).split())[:MOST_SAID],
        )  # fmt: skip
        drop_staging(epochs, epoch)
        return None
    return staging


def write_facts(folder: Path, events: Table, model: Model, until: int, scores: Scores) -> None:
    """Write both files into `folder`: a function of the arguments."""
    people = population(events, model.manifest.population, until)
    points = numbered(people.mutate(until=ibis.literal(until, "int64")))
    found = ties(events, points, {})
    told = record(events, points, None if found is None else ibis.memtable(found)).rename(account="person")
    told.to_parquet(folder / FACTS, row_group_size=GROUP, compression="zstd")
    pq.write_table(_disputes(events, model.card, until, scores), folder / DISPUTES)


def write_events(folder: Path, events: Table) -> None:
    """Write what an epoch is scored from into `folder`."""
    events.to_parquet(folder / EVENTS, compression="zstd")


def told_without(
    folder: Path, card: Scorecard, until: int, account: bytes, fact_id: bytes, seconds: float
) -> int:
    """An account's score without one fact, from the events in an epoch's folder; 0 is none.

    Retry when it takes longer than so many seconds.
    """
    began, late = time.monotonic(), f"rescoring without one fact took longer than {seconds:.0f} s."
    connection = ibis.duckdb.connect(memory_limit=MEMORY, threads=THREADS)
    over = threading.Timer(seconds, connection.con.interrupt)
    over.start()
    try:
        found = score_without(connection.read_parquet(folder / EVENTS), card, until, account, fact_id)
    except duckdb.InterruptException as error:
        raise Retry(late) from error
    finally:
        over.cancel()
        connection.disconnect()
    if time.monotonic() - began > seconds:
        raise Retry(late)
    return found


def facts_of(folder: Path, account: bytes) -> list[Fact]:
    """The facts of one account in an epoch's folder, loans and invoices first, then the latest first.

    Stop when the folder has none: it left the contract's ring, or an earlier version wrote it.
    """
    if not (folder / FACTS).is_file():
        raise Stop(f"{folder} holds no facts: name an epoch in the contract's ring, or run the node again.")
    rows = _rows(folder / FACTS, {account})
    told = _rows(folder / DISPUTES, {row["wallet"] for row in rows})
    disputes = {(row["account"], row["fact_id"]): row for row in told}
    return [_fact(row, disputes) for row in rows]


def _disputes(events: Table, card: Scorecard, until: int, scores: Scores) -> pa.Table:
    score_of = {address.tobytes(): place for place, address in enumerate(scores.addresses)}
    known = [d for d in disputes_of(events) if d.account in score_of and d.holds(until)]
    people = {dispute.account for dispute in known if dispute.state == "open"}
    without = {
        (row["account"], row["fact_id"]): row["score_without"]
        for row in scores_without(events, card, until, people).to_pylist()
    }
    rows = [
        {
            "account": dispute.account,
            "fact_id": dispute.fact_id,
            "state": dispute.state,
            "score_with": int(scores.score[score_of[dispute.account]]) if dispute.state == "open" else None,
            "score_without": without.get((dispute.account, dispute.fact_id)),
        }
        for dispute in known
        if dispute.state != "settled"
    ]
    return pa.Table.from_pylist(rows, schema=_DISPUTES)


def _rows(path: Path, accounts: set[bytes]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(path, filters=[("account", "in", accounts)]).to_pylist()
    return found


def _fact(row: dict[str, Any], disputes: dict[tuple[bytes, bytes], dict[str, Any]]) -> Fact:
    fact_id = (
        loan_fact(row["chain_id"], row["protocol"], row["loan_id"])
        if row["kind"] in ("loan", "invoice") and row["loan_id"] is not None
        else event_fact(row["chain_id"], row["block_number"], row["log_index"])
    )
    dispute = disputes.get((row["wallet"], fact_id), {})
    told = {name: value for name, value in row.items() if name != "loan_id"}
    return Fact(
        **told,
        fact_id=fact_id,
        disputed=dispute.get("state") == "open",
        excluded=dispute.get("state") == "upheld",
        score_with=dispute.get("score_with"),
        score_without=dispute.get("score_without"),
    )
