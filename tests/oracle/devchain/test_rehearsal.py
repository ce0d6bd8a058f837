from collections import Counter
from pathlib import Path

import pytest

from ledger_reader.ledger import EVENTS, Snapshot
from ledger_reader.protocols.term_loans import NUMBER_BYTES
from ledger_reader.store import LedgerStore
from models.loans import loans
from oracle.devchain.economy import Plan, books, plan
from oracle.devchain.rehearsal import rehearse, rehearse_into


@pytest.fixture(scope="module")
def economy() -> Plan:
    return plan(4, 40, 200)


def test_rehearse__when_done_twice__then_equal_and_in_the_ledgers_shape(economy: Plan) -> None:
    found = rehearse(economy)
    assert found.schema == EVENTS
    assert found.equals(rehearse(economy))
    keys = list(zip(*(found[name].to_pylist() for name in ("block_number", "log_index", "leg")), strict=True))
    assert keys == sorted(set(keys))


def test_rehearse__when_counted__then_it_has_what_the_books_have(economy: Plan) -> None:
    kept, kinds = books(economy), Counter(rehearse(economy)["kind"].to_pylist())
    assert kinds["borrow"] == len(kept.loans) > 50
    assert kinds["default"] == kept.defaults > 0
    assert kinds["transfer_in"] == kept.transfers
    assert kinds["enrolled"] == len(kept.enrolled)


def test_rehearse__when_loans_are_derived__then_they_end_as_in_the_books(
    economy: Plan, tmp_path: Path
) -> None:
    kept = books(economy)
    with LedgerStore(tmp_path / "ledger.duckdb") as store:
        head = rehearse_into(store, economy)
        found = loans(store.events(Snapshot((head,)))).to_pyarrow().to_pylist()
    assert len(found) == len(kept.loans)
    for loan in found:
        entry = kept.loans[int.from_bytes(loan["loan_id"][-NUMBER_BYTES:], "big")]
        closed = entry.closed if entry.defaulted is None else entry.defaulted
        assert (loan["account"], loan["opened"], loan["due"]) == (entry.borrower, entry.drawn, entry.due)
        assert entry.defaulted is not None or loan["closed"] == closed
