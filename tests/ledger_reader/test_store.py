"""The ledger on disk: refusals, transactions, rolling back, export; each failure one sentence."""

import random
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger_reader.errors import Stop
from ledger_reader.ledger import BLOCKS, EVENTS, ChainBlock, Snapshot
from ledger_reader.sources import Asset, ChainSources, Source
from ledger_reader.store import LedgerStore
from tests.ledger_reader.killing import kill, run
from tests.ledger_reader.ledgers import ALICE, append, append_rows, block_hash, event, fill, head, numbers_in

REPOSITORY = Path(__file__).parents[2]


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
        "from tests.ledger_reader.ledgers import append, event, head, EVENTS, pa\n"
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


# ------------------------------------------------------------------ values

COIN, FEED = b"\xc0" * 20, b"\xf0" * 20
PRICED = ChainSources(
    1, (Source("price_feed", FEED, 0, COIN, decimals=8),), (Asset(COIN, "COIN", 18),), 3_600
)


def coins(number: int, **changes: Any) -> dict[str, Any]:
    """One whole coin received in a block."""
    return event(number, index=1, asset=COIN, amount=10**18, **changes)


def price(number: int, dollars: int) -> dict[str, Any]:
    return event(
        number, kind="price", protocol="price_feed", account=FEED, asset=COIN, amount=dollars * 10**8
    )


def values_in(store: LedgerStore, end: int) -> dict[int, int | None]:
    rows = store.events(Snapshot((head(end),))).to_pyarrow().to_pylist()
    return {row["block_number"]: row["value_cents"] for row in rows if row["kind"] != "price"}


def test_append__sources_never_bound__values_are_unknown(store: LedgerStore) -> None:
    append_rows(store, [price(1, 2), coins(2)], 3)
    assert values_in(store, 3) == {2: None}


def test_append__price_in_an_earlier_range__counts_also_after_reopening(tmp_path: Path) -> None:
    with LedgerStore(tmp_path / "ledger") as store:
        store.bind(PRICED)
        append_rows(store, [coins(1), price(2, 2), coins(3)], 4)
        append_rows(store, [coins(5)], 6)
    with LedgerStore(tmp_path / "ledger") as store:
        append_rows(store, [coins(7), price(8, 3), coins(9), coins(400)], 400)
        assert values_in(store, 400) == {1: None, 3: 200, 5: 200, 7: 200, 9: 300, 400: None}


def test_append__after_a_roll_back__the_last_price_before_the_cut_counts_again(store: LedgerStore) -> None:
    store.bind(PRICED)
    append_rows(store, [price(1, 2), coins(2)], 4)
    append_rows(store, [price(5, 9), coins(6)], 7)
    store.roll_back(1, 4)
    append_rows(store, [coins(6)], 7)
    assert values_in(store, 7) == {2: 200, 6: 200}


def test_append__reorganisation__the_last_price_before_it_counts_again(store: LedgerStore) -> None:
    store.bind(PRICED)
    append_rows(store, [price(1, 2), coins(2)], 4)
    append_rows(store, [price(5, 9), coins(6)], 7)
    append_rows(store, [coins(6), price(7, 3), coins(8)], 9, after=4)
    append_rows(store, [coins(10)], 11)
    assert values_in(store, 11) == {2: 200, 6: 200, 8: 300, 10: 300}


def test_append__fails__its_prices_do_not_count(store: LedgerStore) -> None:
    store.bind(PRICED)
    append_rows(store, [price(1, 2)], 4)
    rows = pa.Table.from_pylist([price(5, 9)], EVENTS)
    with pytest.raises(duckdb.Error):
        store.append(rows, BLOCKS.empty_table(), ChainBlock(1, 5, None, 60))  # type: ignore[arg-type]
    append_rows(store, [coins(6)], 7)
    assert values_in(store, 7) == {6: 200}


def test_append__price_on_another_chain__does_not_count(store: LedgerStore) -> None:
    store.bind(PRICED)
    append_rows(store, [price(1, 2) | {"chain_id": 2}], 1, chain_id=2)
    append_rows(store, [coins(2)], 3)
    assert values_in(store, 3) == {2: None}


@settings(max_examples=12)
@given(
    st.lists(st.sampled_from(["price", "coins", "nothing"]), min_size=1, max_size=30),
    st.sets(st.integers(0, 28)),
    st.integers(0, 29),
)
def test_append__any_ranges_and_a_roll_back__give_the_ledger_of_one_range(
    kinds: list[str], ends: set[int], cut: int
) -> None:
    prices = [price(number, number + 1) for number, kind in enumerate(kinds) if kind == "price"]
    amounts = [coins(number) for number, kind in enumerate(kinds) if kind == "coins"]
    rows = sorted(prices + amounts, key=lambda row: int(row["block_number"]))
    last = len(kinds) - 1
    found = []
    for stops in ({last}, {stop for stop in ends if stop < last} | {last}):
        with tempfile.TemporaryDirectory() as folder, LedgerStore(Path(folder) / "ledger") as store:
            store.bind(PRICED)
            extend(store, rows, stops)
            if cut in store.block_numbers(1):
                store.roll_back(1, cut)
                extend(store, rows, stops)
            assert store.findings() == []
            events = store.events(Snapshot((head(last),))).order_by(["block_number", "log_index"])
            found.append(events.to_pyarrow().to_pylist())
    assert found[0] == found[1]
    assert len(found[0]) == len(rows)


def extend(store: LedgerStore, rows: list[dict[str, Any]], stops: set[int]) -> None:
    """Append what lies after the head, range by range."""
    before = store.head(1)
    low = -1 if before is None else before.number
    for stop in sorted(stops):
        if stop > low:
            append_rows(store, [row for row in rows if low < row["block_number"] <= stop], stop)
            low = stop


# ------------------------------------------------------------------ killed, full, oddly named


def test_append__killed_at_any_moment__is_whole_and_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    chance, killed = random.Random(5), 0
    for _ in range(5):
        script = (
            f"with LedgerStore({str(path)!r}) as store:\n"
            "    fill(store, 1, width=500)\n    ready()\n"
            "    while True:\n        fill(store, 1, width=500)"
        )
        killed += kill(script, after=chance.uniform(0, 0.2))
        with LedgerStore(path) as store:
            reached = store.head(1)
            assert reached is not None
            assert reached.number % 500 == 499
            assert numbers_in(store, reached) == list(range(reached.number + 1))
            assert store.findings() == []
    assert killed == 5


def test_append__disk_is_full__stop_and_what_was_there_stays(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    with LedgerStore(path) as store:
        fill(store, 1)
    script = (
        "import resource\n"
        "from ledger_reader.errors import Stop\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, 1_500_000))\n"
        f"store = LedgerStore({str(path)!r})\n"
        "try:\n    fill(store, 500)\nexcept Stop as stop:\n    print(stop)\n"
    )
    ended = run(script)
    (sentence,) = ended.splitlines()
    assert sentence.startswith(f"The ledger {path} cannot be used: ")
    with LedgerStore(path) as store:
        reached = store.head(1)
        assert reached is not None
        assert numbers_in(store, reached) == list(range(reached.number + 1))
        assert store.findings() == []
        fill(store, 1)


@pytest.mark.parametrize("name", ["账本 ledger", "it's", 'a"b', "a;b--c", "ü" * 60, "%d {x} $y"])
def test_open__path_with_odd_letters__works_whole(tmp_path: Path, name: str) -> None:
    path = tmp_path / name / name
    with LedgerStore(path) as store:
        append(store, [1, 2], 3)
    with LedgerStore(path) as store:
        assert numbers_in(store, head(3)) == [1, 2]
        store.export(tmp_path / name / "out")
    with LedgerStore(tmp_path / f"{name} 2") as again:
        assert again.import_parquet(tmp_path / name / "out") == [1]
        assert numbers_in(again, head(3)) == [1, 2]
    assert path.is_file()
