"""The ledger on disk: refusals, transactions, rolling back, export; each failure one sentence."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ledger_reader.errors import Stop
from ledger_reader.ledger import BLOCKS, EVENTS, ChainBlock, Snapshot
from ledger_reader.sources import ChainSources, Source
from ledger_reader.store import LedgerStore

REPOSITORY = Path(__file__).parents[2]
ALICE = b"\xa1" * 20


def block_hash(number: int) -> bytes:
    return number.to_bytes(32)


def event(number: int, chain_id: int = 1, index: int = 0, **changes: Any) -> dict[str, Any]:
    row = dict.fromkeys(EVENTS.names) | {
        "chain_id": chain_id,
        "block_number": number,
        "log_index": index,
        "leg": 0,
        "block_time": number * 12,
        "tx_hash": bytes(32),
        "protocol": "erc20",
        "kind": "transfer_in",
        "account": ALICE,
    }
    return row | changes


def head(number: int, chain_id: int = 1) -> ChainBlock:
    return ChainBlock(chain_id, number, block_hash(number), number * 12)


def append(
    store: LedgerStore, numbers: list[int], end: int, chain_id: int = 1, after: int | None = None
) -> None:
    """One event in each of the blocks, read up to block `end`."""
    events = pa.Table.from_pylist([event(number, chain_id) for number in numbers], EVENTS)
    names = ("chain_id", "number", "hash", "parent_hash", "time")
    known = [
        dict(zip(names, (chain_id, n, block_hash(n), None, n * 12), strict=True)) for n in {*numbers, end}
    ]
    store.append(events, pa.Table.from_pylist(known, BLOCKS), head(end, chain_id), after)


def numbers_in(store: LedgerStore, *blocks: ChainBlock) -> list[int]:
    return sorted(store.events(Snapshot(blocks)).to_pyarrow()["block_number"].to_pylist())


def use(path: Path) -> None:
    """Open the ledger, add to it and read all of it."""
    with LedgerStore(path) as store:
        append(store, [6000], 6001)
        numbers_in(store, head(6001))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LedgerStore]:
    with LedgerStore(tmp_path / "new" / "ledger.duckdb") as opened:
        yield opened


# ------------------------------------------------------------------ the file


def test_open__another_process_has_it__stop_says_so(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    script = (
        "from ledger_reader.store import LedgerStore\n"
        f"with LedgerStore({str(path)!r}):\n    print(1, flush=True)\n    input()"
    )
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, cwd=REPOSITORY, stdin=-1, stdout=-1, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "1\n"
        with pytest.raises(Stop, match="in use by another process: stop that one") as caught:
            LedgerStore(path)
        other.communicate("\n")
    assert "\n" not in str(caught.value)
    LedgerStore(path).close()


@pytest.mark.parametrize("content", [b"hello" * 2000, b"\x00" * 4096, b"\xff" * 100_000])
def test_open__file_is_not_a_ledger__stop_says_so(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ledger"
    path.write_bytes(content)
    with pytest.raises(Stop, match="damaged or not a DuckDB file: move it away"):
        LedgerStore(path)
    assert path.read_bytes() == content


def test_open__file_was_cut_or_overwritten__stop_says_so(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    with LedgerStore(path) as store:
        append(store, list(range(5000)), 5000)
    whole = path.read_bytes()
    for damaged in (whole[: len(whole) // 2], whole[:12288] + b"\xee" * (len(whole) - 12288)):
        path.write_bytes(damaged)
        with pytest.raises(Stop, match="is damaged"):
            use(path)


def test_open__folder_instead_of_a_file__stop(tmp_path: Path) -> None:
    with pytest.raises(Stop, match="cannot be"):
        LedgerStore(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(Stop, match="cannot be made"):
        LedgerStore(tmp_path / "file" / "ledger")


def test_open__duckdb_file_of_something_else__stop(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "other")) as other:
        other.execute("CREATE TABLE cats (name VARCHAR)")
    with pytest.raises(Stop, match="a DuckDB file but not a ledger"):
        LedgerStore(tmp_path / "other")


@pytest.mark.parametrize("version", ["0", "3", "99", "-1", "two", "", "²"])
def test_open__schema_of_no_version_known__stop_names_both_and_changes_nothing(
    tmp_path: Path, version: str
) -> None:
    LedgerStore(tmp_path / "ledger").close()
    with duckdb.connect(str(tmp_path / "ledger")) as raw:
        raw.execute("UPDATE meta SET value = ?", [version])
    with pytest.raises(Stop, match=f"schema version {version}, and this program knows 1 to 2: use the"):
        LedgerStore(tmp_path / "ledger")
    with duckdb.connect(str(tmp_path / "ledger")) as raw:
        assert raw.execute("SELECT value FROM meta").fetchall() == [(version,)]


def test_open__meta_without_a_version__stop(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "ledger")) as raw:
        raw.execute("CREATE TABLE meta (key VARCHAR, value VARCHAR)")
    with pytest.raises(Stop, match="schema version none, and this program knows 1 to 2"):
        LedgerStore(tmp_path / "ledger")


# ------------------------------------------------------------------ append


@pytest.mark.parametrize("end", [5, 10])
def test_append__range_was_read_before__stop_and_nothing_is_added(store: LedgerStore, end: int) -> None:
    append(store, [1, 10], 10)
    with pytest.raises(Stop, match=f"holds chain 1 up to block 10: blocks up to {end} cannot be added again"):
        append(store, [], end)
    assert numbers_in(store, head(10)) == [1, 10]


@pytest.mark.parametrize("outside", [10, 21])
def test_append__row_outside_the_range__stop_and_nothing_is_added(store: LedgerStore, outside: int) -> None:
    append(store, [1], 10)
    with pytest.raises(Stop, match="takes blocks 11 to 20 of chain 1 now"):
        append(store, [15, outside], 20)
    assert store.head(1) == head(10)
    assert numbers_in(store, head(10)) == [1]


def test_append__rows_of_another_chain__stop(store: LedgerStore) -> None:
    events = pa.Table.from_pylist([event(3, chain_id=2)], EVENTS)
    with pytest.raises(Stop, match="of chain 2"):
        store.append(events, BLOCKS.empty_table(), head(5))


@pytest.mark.parametrize("bad_hash", [None, object()])
def test_append__fails_in_the_middle__whole_transaction_is_undone(store: LedgerStore, bad_hash: Any) -> None:
    append(store, [1], 10)
    with pytest.raises(duckdb.Error):
        store.append(
            pa.Table.from_pylist([event(15)], EVENTS), BLOCKS.empty_table(), ChainBlock(1, 20, bad_hash, 240)
        )
    assert store.head(1) == head(10)
    assert store.block_numbers(1) == [1, 10]
    append(store, [15], 20)
    assert numbers_in(store, head(20)) == [1, 15]


def test_append__killed_between_two__first_is_whole_and_second_can_be_added(tmp_path: Path) -> None:
    script = (
        "import os, signal\n"
        "from pathlib import Path\n"
        "from ledger_reader.store import LedgerStore\n"
        "from tests.ledger_reader.test_store import append, event, head, EVENTS, pa\n"
        f"store = LedgerStore({str(tmp_path / 'ledger')!r})\n"
        "append(store, [1, 2, 3], 10)\n"
        "with store._transaction():\n"
        "    store._insert('events', pa.Table.from_pylist([event(15)], EVENTS))\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], cwd=REPOSITORY, check=False)
    assert ended.returncode == -signal.SIGKILL
    with LedgerStore(tmp_path / "ledger") as store:
        assert store.head(1) == head(10)
        append(store, [15], 20)
        assert numbers_in(store, head(20)) == [1, 2, 3, 15]


def test_append__large_and_null_values__come_back_equal(store: LedgerStore) -> None:
    rows = [
        event(1, amount=10**28, value_cents=10**10, counterparty=ALICE, loan_id=bytes(32), due_time=5),
        event(1, index=1, amount=0, value_cents=0),
        event(1, index=2),
    ]
    table = pa.Table.from_pylist(rows, EVENTS)
    store.append(table, BLOCKS.empty_table(), head(1))
    back = store.events(Snapshot((head(1),))).order_by("log_index").to_pyarrow()
    assert back.to_pylist() == table.to_pylist()
    assert back.schema.types == EVENTS.types


# ------------------------------------------------------------------ reading


def test_events__not_read_that_far__stop(store: LedgerStore) -> None:
    with pytest.raises(Stop, match="has read chain 1 not at all: sync it to block 3 first"):
        store.events(Snapshot((head(3),)))
    append(store, [1], 10)
    with pytest.raises(Stop, match="up to block 10: sync it to block 11 first"):
        store.events(Snapshot((head(11),)))


def test_events__snapshot_of_another_fork__stop_names_both_hashes(store: LedgerStore) -> None:
    append(store, [1], 10)
    with pytest.raises(Stop, match=r"holds block 10 of chain 1 as 0x0+a, the snapshot names 0x0+b"):
        store.events(Snapshot((ChainBlock(1, 10, block_hash(11), 120),)))


def test_events__two_chains__each_up_to_its_own_block(store: LedgerStore) -> None:
    append(store, [1, 5, 9], 10, chain_id=1)
    append(store, [2, 4, 6], 10, chain_id=2)
    assert numbers_in(store, head(5, 1), head(4, 2)) == [1, 2, 4, 5]
    assert numbers_in(store, head(9, 1)) == [1, 5, 9]


# ------------------------------------------------------------------ rolling back


def test_roll_back__to_an_unknown_block__stop(store: LedgerStore) -> None:
    append(store, [1, 5], 10)
    with pytest.raises(Stop, match="back to block 7, which it does not know"):
        store.roll_back(1, 7)


def test_append__after_an_unknown_block__stop_and_nothing_is_lost(store: LedgerStore) -> None:
    append(store, [5], 10)
    with pytest.raises(Stop, match="back to block 7, which it does not know"):
        append(store, [8], 12, after=7)
    assert numbers_in(store, head(10)) == [5]


def test_append__after_an_older_block__replaces_what_came_later(store: LedgerStore) -> None:
    append(store, [5, 8], 10)
    append(store, [13], 20)
    append(store, [14], 20, chain_id=2)
    append(store, [6], 9, after=5)
    assert numbers_in(store, head(9)) == [5, 6]
    assert (store.head(1), store.block_numbers(1)) == (head(9), [5, 6, 9])
    assert numbers_in(store, head(20, 2)) == [14]


@pytest.mark.parametrize("bad_hash", [None, object()])
def test_append__after_an_older_block_fails__nothing_was_rolled_back(
    store: LedgerStore, bad_hash: Any
) -> None:
    append(store, [5, 8], 10)
    with pytest.raises(duckdb.Error):
        store.append(EVENTS.empty_table(), BLOCKS.empty_table(), ChainBlock(1, 20, bad_hash, 240), after=5)
    assert (store.head(1), numbers_in(store, head(10))) == (head(10), [5, 8])


def test_roll_back__to_a_block_with_an_event__goes_on_from_there(store: LedgerStore) -> None:
    append(store, [1, 5, 9], 10)
    append(store, [5, 9], 10, chain_id=2)
    assert store.roll_back(1, 5) == head(5)
    assert store.head(1) == head(5)
    assert store.block_numbers(1) == [1, 5]
    assert numbers_in(store, head(5), head(10, 2)) == [1, 5, 5, 9]
    append(store, [6], 8)
    assert numbers_in(store, head(8)) == [1, 5, 6]


# ------------------------------------------------------------------ sources and export


def test_bind__other_sources__stop__and_the_same_again__nothing(store: LedgerStore) -> None:
    store.bind(ChainSources(1, (Source("credit_oracle", ALICE, 0),), ()))
    store.bind(ChainSources(1, (Source("credit_oracle", ALICE, 0),), ()))
    store.bind(ChainSources(2, (), ()))
    with pytest.raises(Stop, match="read with other sources of chain 1"):
        store.bind(ChainSources(1, (Source("credit_oracle", ALICE, 1),), ()))


def test_export__folder_holds_something__stop(store: LedgerStore, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "file").write_text("")
    with pytest.raises(Stop, match="not an empty folder"):
        store.export(tmp_path / "out")


def test_export__two_chains_and_ranges__same_rows_by_folder(store: LedgerStore, tmp_path: Path) -> None:
    append(store, [1, 99_999, 100_000], 100_001, chain_id=1)
    append(store, [250_000], 250_001, chain_id=2)
    target = tmp_path / "it's out"
    store.export(target)
    folders = sorted(str(path.parent.relative_to(target)) for path in target.rglob("part-0.parquet"))
    assert folders == [
        f"{table}/{part}"
        for table in ("blocks", "events")
        for part in ("chain=1/from_block=0", "chain=1/from_block=100000", "chain=2/from_block=200000")
    ]
    tables = [pq.ParquetFile(path).read() for path in sorted((target / "events").rglob("*.parquet"))]
    back = pa.concat_tables(tables)
    assert back.schema.equals(EVENTS)
    ours = store.events(Snapshot((head(100_001), head(250_001, 2)))).to_pyarrow().cast(EVENTS)
    assert back.sort_by([("chain_id", "ascending"), ("block_number", "ascending")]) == ours.sort_by(
        [("chain_id", "ascending"), ("block_number", "ascending")]
    )
