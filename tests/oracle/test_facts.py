"""The facts behind an epoch's scores: written beside them, read by account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ledger_reader.errors import Retry, Stop
from ledger_reader.ledger import EVENTS
from models.facts import event_fact, loan_fact
from models.rules import Rule
from models.scorecard import Scorecard, Scores
from models.scoring import score_population
from models.segment import Segment, Term
from oracle import facts, folder, metrics
from oracle.facts import Fact, Model, facts_of

if TYPE_CHECKING:
    from pathlib import Path

    from ibis.expr.types import Table

    from tests.oracle.conftest import Kept

DAY, START = 86_400, 1_600_000_000
UNTIL = START + 400 * DAY
ME, MATE, SHOP, COIN = (bytes([letter]) * 20 for letter in (1, 2, 3, 0xAA))
LOANS = {
    name: bytes([number]).rjust(32, b"\0") for number, name in enumerate(("good", "bad", "off", "mate"), 1)
}


def event(kind: str, day: int, protocol: str = "term_loans", **given: Any) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(EVENTS.names)
    row |= {"chain_id": 1, "block_number": day, "log_index": 0, "leg": 0, "block_time": START + day * DAY}
    row |= {"tx_hash": bytes([day % 256]) * 32, "protocol": protocol, "kind": kind, "account": ME}
    return row | {"counterparty": SHOP, "asset": COIN, "amount": 100, "value_cents": 10_000} | given


def loan(name: str, day: int, ending: str, **given: Any) -> list[dict[str, Any]]:
    said = {"loan_id": LOANS[name], **given}
    due = START + (day + 30) * DAY
    return [event("borrow", day, due_time=due, **said), event(ending, day + 20, **said)]


LEDGER = [
    event("transfer_in", 5, "erc20"),
    event("transfer_out", 6, "erc20", value_cents=99),
    *loan("good", 10, "repay"),
    *loan("bad", 50, "default"),
    *loan("off", 90, "loan_cancelled"),
    *loan("mate", 130, "liquidation", account=MATE),
    event("invoice_issued", 160, "receivables", loan_id=b"\x0b" * 32, due_time=START + 170 * DAY),
    event("deposit", 165, "aave_v3"),
    *(event("linked", 200, "wallet_links", account=one, loan_id=b"\x51" * 32) for one in (ME, MATE)),
    event("disputed", 210, "disputes", loan_id=loan_fact(1, "term_loans", LOANS["bad"])),
    event("disputed", 211, "disputes", loan_id=loan_fact(1, "term_loans", LOANS["good"])),
    event("dispute_decided", 212, "disputes", loan_id=loan_fact(1, "term_loans", LOANS["good"]), amount=1),
    event("borrow", 220, account=SHOP, loan_id=b"\x0c" * 32),
]


class Everybody:
    """As much of a manifest as scoring reads."""

    population = "all"


@dataclass(frozen=True)
class Scored:
    """A ledger and the scores made of it."""

    events: Table
    model: Model
    scores: Scores


@pytest.fixture(scope="module")
def scored() -> Scored:
    rows = [row | {"log_index": place} for place, row in enumerate(LEDGER)]
    connection = ibis.duckdb.connect()
    events = connection.create_table("events", schema=ibis.Schema.from_pyarrow(EVENTS))
    connection.con.register("given", pa.Table.from_pylist(rows, schema=EVENTS))
    connection.con.execute("INSERT INTO events SELECT * FROM given")
    term = Term(("loans_defaulted",), ((1,),), (0, 0, -200))
    segment = Segment(base=700, terms=(term,), calibration=((300, 100),), width=(10,) * 10)
    card = Scorecard("small", ("loans_defaulted",), (Rule("all", "scored", ()),), {"all": segment})
    scores = score_population(events, Everybody(), card, UNTIL)  # type: ignore[arg-type]
    return Scored(events, Model(Everybody(), card), scores)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def written(scored: Scored, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("facts")
    facts.write_facts(path, scored.events, scored.model, UNTIL, scored.scores)
    return path


def told(found: list[Fact]) -> list[tuple[str, str, bytes]]:
    return [(fact.kind, fact.outcome, fact.wallet) for fact in found]


def test_facts_of__an_account__tell_each_fact_once_payments_last(written: Path) -> None:
    assert told(facts_of(written, ME)) == [
        ("deposit", "deposited", ME),
        ("invoice", "issued", ME),
        ("loan", "liquidated", MATE),
        ("loan", "cancelled", ME),
        ("loan", "defaulted", ME),
        ("loan", "repaid", ME),
        ("payment", "received", ME),
    ]
    assert told(facts_of(written, SHOP)) == [("loan", "open", SHOP)]
    assert facts_of(written, b"\x77" * 20) == []


def test_facts_of__wallets_of_one_person__are_the_same(written: Path) -> None:
    mine, mates = facts_of(written, ME), facts_of(written, MATE)
    assert {fact.account for fact in mates} == {MATE}
    assert [(fact.wallet, fact.fact_id) for fact in mine] == [(fact.wallet, fact.fact_id) for fact in mates]


def test_facts_of__what_was_disputed__say_how_it_stands_and_what_is_at_stake(written: Path) -> None:
    found = {fact.fact_id: fact for fact in facts_of(written, ME)}
    bad, good = (found[loan_fact(1, "term_loans", LOANS[name])] for name in ("bad", "good"))
    assert (bad.disputed, bad.excluded, bad.score_with, bad.score_without) == (True, False, 500, 700)
    assert (good.disputed, good.excluded, good.score_with, good.score_without) == (False, True, None, None)
    assert sum(fact.disputed or fact.excluded for fact in found.values()) == 2
    assert (bad.block_time, bad.due_time, bad.value_cents) == (START + 50 * DAY, START + 80 * DAY, 10_000)
    payment = found[event_fact(1, 5, 0)]
    assert (payment.kind, payment.counterparty, payment.tx_hash) == ("payment", SHOP, bytes([5]) * 32)


def test_told_without__a_fact__is_the_score_of_a_record_that_never_held_it(
    scored: Scored, written: Path
) -> None:
    facts.write_events(written, scored.events)
    bad, good = (loan_fact(1, "term_loans", LOANS[name]) for name in ("bad", "good"))
    asked = (written, scored.model.card, UNTIL, ME)
    assert (facts.told_without(*asked, bad, 60), facts.told_without(*asked, good, 60)) == (700, 500)
    with pytest.raises(Retry, match="took longer than 0 s"):
        facts.told_without(*asked, bad, 0)


def test_staged_facts__with_events__leaves_them_in_the_latest_epoch_alone(
    scored: Scored, tmp_path: Path
) -> None:
    earlier = folder.folder_of(tmp_path, 1) / folder.EVENTS
    earlier.parent.mkdir(parents=True)
    earlier.touch()
    staged = (tmp_path, 2, scored.events, scored.model, UNTIL, scored.scores)
    plain_ones = facts.staged_facts(*staged)
    assert plain_ones is not None
    assert not (plain_ones / folder.EVENTS).exists()
    assert earlier.exists()
    found = facts.staged_facts(*staged, keeps_events=True)
    assert found is not None
    assert pq.read_metadata(found / folder.EVENTS).num_rows == len(LEDGER)
    assert not earlier.exists()


def test_write_facts__of_a_population__are_in_order_of_account(written: Path) -> None:
    accounts = pq.read_table(written / folder.FACTS)["account"].to_pylist()
    assert accounts == sorted(accounts)
    assert set(accounts) == {ME, MATE, SHOP}


def test_facts_of__a_folder_without_facts__stops(tmp_path: Path) -> None:
    with pytest.raises(Stop, match="holds no facts: name an epoch in the contract's ring"):
        facts_of(tmp_path, ME)


def test_write_epoch__with_staged_files__holds_them_until_the_epoch_leaves_the_ring(kept: Kept) -> None:
    epochs = kept.settings.epochs
    staging = folder.staging_of(epochs, kept.report.epoch)
    (staging / folder.FACTS).write_bytes(b"facts")
    known = folder.known_epochs(epochs)
    final = folder.write_epoch(epochs, kept.tree, kept.report, staging)
    assert (final / folder.FACTS).read_bytes() == b"facts"
    assert not staging.exists()
    assert folder.known_epochs(epochs) == known
    folder.prune(epochs, keep=1, newest=kept.report.epoch + 1)
    assert not (final / folder.FACTS).exists()


def failures() -> float:
    return metrics.registry.get_sample_value("credit_oracle_facts_failures_total") or 0.0


def test_staged_facts__that_can_be_written__are_what_write_facts_writes(
    scored: Scored, written: Path, tmp_path: Path
) -> None:
    before = failures()
    staging = facts.staged_facts(tmp_path, 3, scored.events, scored.model, UNTIL, scored.scores)
    assert staging is not None
    assert facts_of(staging, ME) == facts_of(written, ME)
    assert failures() == before


def test_staged_facts__with_a_file_in_the_way__are_none_and_one_sentence_says_so(
    scored: Scored, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder.folder_of(tmp_path, 3).with_suffix(".facts").write_text("a file")
    before = failures()
    assert facts.staged_facts(tmp_path, 3, scored.events, scored.model, UNTIL, scored.scores) is None
    assert failures() == before + 1
    (said,) = [record.getMessage() for record in caplog.records]
    assert said.startswith(
        "epoch 3 stands without facts, its scores and root are not touched: FileExistsError"
    )
    assert "\n" not in said


def test_staged_facts__of_a_damaged_ledger__are_none_and_nothing_half_made_is_left(
    scored: Scored, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Hashes that are no numbers: they are read late, when the first file has been begun."""
    damaged = scored.events.mutate(tx_hash=scored.events.tx_hash.cast("string").cast("int64"))
    assert facts.staged_facts(tmp_path, 3, damaged, scored.model, UNTIL, scored.scores) is None
    assert list(tmp_path.iterdir()) == []
    assert len(caplog.records) == 1
    assert len(caplog.records[0].getMessage()) < 2 * facts.MOST_SAID
