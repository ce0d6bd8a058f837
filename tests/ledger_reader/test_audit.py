"""Each thing that can be wrong with a ledger is found, named and counted; a sound one has no findings."""

from pathlib import Path
from typing import Any

import duckdb
import pytest

from ledger_reader.audit import Held
from ledger_reader.ledger import MAX_AMOUNT, MAX_TIME, MAX_VALUE_CENTS
from ledger_reader.store import LedgerStore
from tests.ledger_reader.ledgers import append, append_rows, event

FAR = 250_000
"""A block of another span than the first."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Two chains; chain 1 in three ranges over two spans, every block linked to its parent."""
    with LedgerStore(tmp_path / "ledger") as store:
        append(store, [1, 2, 3], 10)
        append(store, [11, 12], 20)
        append_rows(store, [event(FAR, index=index, amount=10**28) for index in (0, 1)], FAR + 1)
        append(store, [2, 5], 9, chain_id=2)
    return tmp_path / "ledger"


def found(path: Path, *statements: str) -> list[tuple[Any, ...]]:
    """Findings after somebody wrote into the file."""
    with duckdb.connect(str(path)) as raw:
        for statement in statements:
            raw.execute(statement)
    with LedgerStore(path) as store:
        return [tuple(finding) for finding in store.findings()]


COPY = "INSERT INTO events SELECT * FROM events WHERE block_number = {} AND log_index = 0 AND chain_id = 1"
COUNTED = "UPDATE ranges SET events = events + {} WHERE chain_id = 1 AND from_block = {}"
SET = "UPDATE events SET"
ODD = "address or hash of a wrong length"


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([COPY.format(2), COUNTED.format(1, 0)], (1, "event held more than once", 1, 2)),
        ([COPY.format(FAR), COUNTED.format(1, 21)], (1, "event held more than once", 1, FAR)),
        (
            ["INSERT INTO blocks SELECT * FROM blocks WHERE number = 5"],
            (2, "block held more than once", 1, 5),
        ),
        (["DELETE FROM events WHERE block_number = 11"], (1, "range with rows lost or added", 1, 11)),
        (["DELETE FROM events WHERE chain_id = 2"], (2, "range with rows lost or added", 1, 0)),
        ([COUNTED.format(1, 21)], (1, "range with rows lost or added", 1, 21)),
        (
            ["DELETE FROM ranges WHERE from_block = 11", "DELETE FROM events WHERE block_number IN (11, 12)"],
            (1, "gap or overlap between ranges read", 1, 21),
        ),
        (
            ["UPDATE ranges SET from_block = 10 WHERE from_block = 11"],
            (1, "gap or overlap between ranges read", 1, 10),
        ),
        (
            ["UPDATE ranges SET from_block = 1 WHERE chain_id = 2"],
            (2, "gap or overlap between ranges read", 1, 1),
        ),
        (
            ["DELETE FROM blocks WHERE number = 12"],
            (1, "event of a block that is not known", 1, 12),
        ),
        (
            ["UPDATE blocks SET parent_hash = repeat('\\x01'::BLOB, 32) WHERE number = 12"],
            (1, "block that does not follow its parent", 1, 12),
        ),
        (
            ["UPDATE blocks SET hash = repeat('\\x01'::BLOB, 32) WHERE number = 10"],
            (1, "block that does not follow its parent", 1, 11),
        ),
        (["UPDATE heads SET number = 200000 WHERE chain_id = 1"], (1, "event after the head", 2, FAR)),
        (["DELETE FROM heads WHERE chain_id = 2"], (2, "block after the head", 3, 2)),
        (["INSERT INTO heads SELECT * FROM heads WHERE chain_id = 2"], (2, "head too many", 1, 9)),
        (["UPDATE heads SET time = time + 1"], (1, "head that is not among the blocks", 1, FAR + 1)),
        (["UPDATE heads SET number = 8 WHERE chain_id = 2"], (2, "range end that is not the head", 1, 8)),
        ([f"{SET} kind = 'Repay' WHERE block_number = 3"], (1, "event of an unknown kind", 1, 3)),
        ([f"{SET} amount = -1 WHERE block_number = 5"], (2, "amount out of range", 1, 5)),
        ([f"{SET} amount = {MAX_AMOUNT + 1}"], (1, "amount out of range", 7, 1)),
        ([f"{SET} value_cents = {MAX_VALUE_CENTS + 1}"], (2, "value out of range", 2, 2)),
        ([f"{SET} value_cents = -1 WHERE log_index = 1"], (1, "value out of range", 1, FAR)),
        (
            [f"{SET} due_time = {MAX_TIME + 1} WHERE log_index = 1"],
            (1, "time out of range", 1, FAR),
        ),
        ([f"{SET} due_time = -1 WHERE log_index = 1"], (1, "time out of range", 1, FAR)),
        ([f"{SET} leg = -1 WHERE block_number = 12"], (1, "event numbered below 0", 1, 12)),
        (
            [f"{SET} block_number = -1 WHERE block_number = 1"],
            (1, "event numbered below 0", 1, -1),
        ),
        (
            [f"{SET} block_time = block_time + 1 WHERE block_number = 11"],
            (1, "event with another time than its block", 1, 11),
        ),
        (
            [
                "UPDATE blocks SET time = 1 WHERE number = 11",
                f"{SET} block_time = 1 WHERE block_number = 11",
            ],
            (1, "block earlier than the one before", 1, 11),
        ),
        ([f"{SET} account = '' WHERE block_number = 5"], (2, ODD, 1, 5)),
        ([f"{SET} counterparty = '\\x01'::BLOB WHERE block_number = 5"], (2, ODD, 1, 5)),
        ([f"{SET} asset = '\\x01'::BLOB WHERE block_number = 5"], (2, ODD, 1, 5)),
        ([f"{SET} tx_hash = account WHERE block_number = 5"], (2, ODD, 1, 5)),
        ([f"{SET} loan_id = account WHERE block_number = 5"], (2, ODD, 1, 5)),
        (
            ["UPDATE blocks SET hash = '' WHERE number = 5"],
            (2, "block with a hash or number that is none", 1, 5),
        ),
    ],
)
def test_findings__one_thing_is_wrong__is_named_and_counted(
    path: Path, statements: list[str], expected: tuple[Any, ...]
) -> None:
    assert expected in found(path, *statements)


def test_findings__block_before_a_span_is_replaced__the_first_of_the_span_does_not_follow(
    tmp_path: Path,
) -> None:
    with LedgerStore(tmp_path / "ledger") as store:
        append(store, [99_999, 100_000], 100_001)
        assert store.findings() == []
    change = "UPDATE blocks SET hash = repeat('\\x01'::BLOB, 32) WHERE number = 99999"
    (only,) = found(tmp_path / "ledger", change)
    assert only == (1, "block that does not follow its parent", 1, 100_000)


def test_findings__a_sentence__names_chain_count_and_block(path: Path) -> None:
    with duckdb.connect(str(path)) as raw:
        raw.execute(f"{SET} kind = 'x' WHERE block_number = 5")
    with LedgerStore(path) as store:
        (finding,) = store.findings()
    assert finding.sentence == "chain 2 has 1 × event of an unknown kind, first at block 5"


def test_findings__empty_ledger__none(tmp_path: Path) -> None:
    with LedgerStore(tmp_path / "ledger") as store:
        assert store.findings() == []
        assert store.held() == []


def test_findings__sound_ledger__none_also_after_a_roll_back(path: Path) -> None:
    with LedgerStore(path) as store:
        assert store.findings() == []
        assert store.held() == [Held(1, FAR + 1, 9, 7), Held(2, 9, 3, 2)]
        store.roll_back(1, 12)
        assert store.findings() == []
        store.roll_back(1, 2)
        append(store, [3], 15, after=1)
        assert store.findings() == []
        assert store.held()[0] == Held(1, 15, 3, 2)


def test_findings__a_number_at_its_limit__none(path: Path) -> None:
    limits = f"amount = {MAX_AMOUNT}, value_cents = {MAX_VALUE_CENTS}, due_time = {MAX_TIME}"
    assert found(path, f"{SET} {limits}", f"{SET} due_time = 0 WHERE leg = 0") == []
