"""A ledger as Parquet: what is refused, that nothing is half done, and that every reader gets the same."""

import hashlib
import json
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger_reader import parquet
from ledger_reader.errors import Stop
from ledger_reader.ledger import BLOCKS, EVENTS, KINDS, MAX_AMOUNT, MAX_TIME, MAX_VALUE_CENTS, Snapshot
from ledger_reader.sources import Asset, ChainSources, Source
from ledger_reader.store import LedgerStore
from tests.ledger_reader.killing import kill
from tests.ledger_reader.ledgers import append, append_rows, event, fill, head, numbers_in

TOKEN, COIN, PLAIN, FEED = b"\x11" * 20, b"\xc0" * 20, b"\x0d" * 20, b"\xf0" * 20
CHAIN = ChainSources(
    1,
    (Source("erc20", TOKEN, 0), Source("price_feed", FEED, 3, COIN, decimals=8)),
    (Asset(TOKEN, "DEV", 6, 100), Asset(COIN, "币", 18), Asset(PLAIN, "PLAIN", 0)),
)
ROWS = [
    event(
        1, amount=10**28, value_cents=10**10, counterparty=TOKEN, asset=TOKEN, loan_id=bytes(32), due_time=5
    ),
    event(99_999, index=2**31 - 1, leg=127, amount=0, value_cents=0, protocol="币", kind="repay"),
    event(100_000, tx_hash=b"\xff" * 32, asset=COIN, amount=9),
]


def fill_ledger(path: Path) -> None:
    with LedgerStore(path) as store:
        store.bind(CHAIN)
        append_rows(store, ROWS[:1], 50)
        append_rows(store, ROWS[1:], 100_001)
        append(store, [250_000], 250_001, chain_id=2)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A ledger of two chains, exported."""
    fill_ledger(tmp_path / "ledger")
    with LedgerStore(tmp_path / "ledger") as store:
        store.export(tmp_path / "out")
    return tmp_path / "out"


def tables(path: Path) -> dict[str, list[Any]]:
    """Every table of a ledger file, sorted."""
    with duckdb.connect(str(path), read_only=True) as raw:
        names = [row[0] for row in raw.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
        return {name: raw.execute(f"FROM {name} ORDER BY ALL").fetchall() for name in names}


def part(folder: Path, table: str = "events", first: int = 0) -> Path:
    return folder / table / "chain=1" / f"from_block={first}" / "part-0.parquet"


def rewrite(path: Path, change: Callable[[pa.Table], pa.Table]) -> None:
    """The file again, its rows changed."""
    pq.write_table(change(pq.ParquetFile(path).read()), path)


def but(name: str, values: list[Any]) -> Callable[[pa.Table], pa.Table]:
    def change(rows: pa.Table) -> pa.Table:
        place = rows.schema.get_field_index(name)
        field = rows.schema.field(name)
        return rows.set_column(place, field, pa.array(values, field.type))

    return change


def overwritten(content: bytes) -> bytes:
    """Everything between the first bytes and the footer is something else."""
    end = len(content) - int.from_bytes(content[-8:-4], "little") - 8
    return content[:4] + b"\xee" * (end - 4) + content[end:]


def flip(path: Path, place: int) -> None:
    """One bit of the file is another."""
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


# --------------------------------------------------------------------------------------- refused


Damage = Callable[[Path], object]

BROKEN: dict[str, tuple[Damage, str]] = {
    "no ledger.json": (lambda f: (f / "ledger.json").unlink(), "is not an exported ledger"),
    "ledger.json of nothing": (lambda f: (f / "ledger.json").write_bytes(b""), "is not an exported ledger"),
    "ledger.json a list": (lambda f: (f / "ledger.json").write_bytes(b"[]"), "schema version None"),
    "another version": (
        lambda f: (f / "ledger.json").write_bytes(b'{"schema_version": 3}'),
        "schema version 3, and this program reads 2",
    ),
    "no heads": (lambda f: (f / "heads.parquet").unlink(), "heads.parquet cannot be read as Parquet"),
    "an empty file": (lambda f: part(f).write_bytes(b""), "part-0.parquet cannot be read as Parquet"),
    "no Parquet": (lambda f: part(f).write_bytes(b"PAR1" * 999), "part-0.parquet cannot be read as Parquet"),
    "cut in two": (lambda f: part(f).write_bytes(part(f).read_bytes()[:-99]), "cannot be read as Parquet"),
    "a lost partition": (lambda f: shutil.rmtree(part(f).parent), "2 × range with rows lost or added"),
    "a lost table": (lambda f: shutil.rmtree(f / "events"), "range with rows lost or added"),
    "lost blocks": (lambda f: part(f, "blocks").unlink(), "event of a block that is not known"),
    "a stray file": (lambda f: shutil.copy(part(f), f / "events"), "is not in a folder chain=…/from_block=…"),
    "other columns": (
        lambda f: rewrite(part(f), lambda rows: rows.drop("due_time")),
        "has other columns than a ledger of version 2",
    ),
    "another type": (
        lambda f: rewrite(part(f), lambda rows: rows.cast(EVENTS.set(2, pa.field("log_index", pa.int64())))),
        "has other columns",
    ),
    "columns in another order": (
        lambda f: rewrite(part(f), lambda rows: rows.select(EVENTS.names[::-1])),
        "has other columns",
    ),
    "nothing allowed where something must be": (
        lambda f: rewrite(part(f), lambda rows: rows.cast(EVENTS.set(0, pa.field("chain_id", pa.int64())))),
        "has other columns",
    ),
    "a page overwritten": (
        lambda f: part(f).write_bytes(overwritten(part(f).read_bytes())),
        "cannot be read",
    ),
    "another amount": (
        lambda f: rewrite(part(f), but("amount", [1, 0])),
        "part-0.parquet is not the file that was exported",
    ),
    "a flipped bit": (
        lambda f: flip(f / "assets.parquet", 4),
        "assets.parquet is not the file that was exported",
    ),
    "digests that are none": (
        lambda f: (f / "ledger.json").write_bytes(b'{"schema_version": 2, "sha256": 1}'),
        "ledger.json is not the file that was exported",
    ),
    "events among the blocks": (
        lambda f: shutil.copy(part(f), part(f, "blocks")),
        "has other columns than a ledger",
    ),
    "sources of another form": (
        lambda f: rewrite(f / "sources.parquet", but("json", ["[{}]"])),
        r"Sources: sources\[0\] lacks the key",
    ),
    "sources that are no JSON": (
        lambda f: rewrite(f / "sources.parquet", but("json", ["{"])),
        "'{' is not JSON",
    ),
    "sources of another chain": (
        lambda f: rewrite(f / "sources.parquet", but("chain_id", [2])),
        "the sources of chain 1 at chain 2",
    ),
    "an unknown kind": (
        lambda f: rewrite(part(f), but("kind", ["mint", "repay"])),
        "is not imported: chain 1 has 1 × event of an unknown kind, first at block 1",
    ),
    "an amount too large": (
        lambda f: rewrite(part(f), but("amount", [MAX_AMOUNT + 1, 0])),
        "is not imported: chain 1 has 1 × amount out of range",
    ),
}

ONLY_IMPORT: dict[str, tuple[Damage, str]] = {
    "text that is none": (
        lambda f: rewrite(part(f), but("protocol", pa.array([b"\xff", b"x"]).cast(pa.string(), safe=False))),
        "part-0.parquet cannot be read",
    ),
    "another order": (
        lambda f: rewrite(part(f), lambda rows: rows.take([1, 0])),
        "has rows out of order or twice",
    ),
    "a row twice": (
        lambda f: rewrite(part(f), lambda rows: rows.take([0, 0, 1])),
        "has rows out of order or twice",
    ),
    "a file twice": (
        lambda f: shutil.copy(part(f), part(f).with_name("part-1.parquet")),
        "has rows out of order or twice",
    ),
    "another chain": (lambda f: rewrite(part(f), but("chain_id", [1, 2])), "of another chain or block range"),
    "another range": (
        lambda f: rewrite(part(f), but("block_number", [1, 100_000])),
        "of another chain or block range",
    ),
    "an empty range": (
        lambda f: part(f).parent.rename(f / "events" / "chain=1" / "from_block=7"),
        "of another chain or block range",
    ),
}


@pytest.mark.parametrize("name", [*BROKEN, *ONLY_IMPORT])
def test_import__folder_is_broken__stop_and_the_ledger_stays_as_it_was(
    folder: Path, tmp_path: Path, name: str
) -> None:
    damage, sentence = (BROKEN | ONLY_IMPORT)[name]
    damage(folder)
    with LedgerStore(tmp_path / "mine") as store:
        append(store, [5], 6, chain_id=9)
        before = store.held()
        with pytest.raises(Stop, match=sentence) as caught:
            store.import_parquet(folder)
        assert "\n" not in str(caught.value)
        assert store.held() == before
        append(store, [7], 8, chain_id=9)


@pytest.mark.parametrize("name", BROKEN)
def test_audited__folder_is_broken__is_found_or_refused_in_one_sentence(folder: Path, name: str) -> None:
    damage, sentence = BROKEN[name]
    damage(folder)
    if name.startswith("sources"):
        pytest.skip("the check asks nothing of the sources; import does")
    try:
        said = [finding.sentence for finding in parquet.audited(folder)[1]]
    except Stop as stop:
        said = [str(stop)]
    assert said
    assert any(sentence.removeprefix("is not imported: ").split(",")[0] in each for each in said)


def test_import__chain_is_there_already__stop_names_its_block(folder: Path, tmp_path: Path) -> None:
    with LedgerStore(tmp_path / "ledger") as store:
        before = store.held()
        with pytest.raises(Stop, match="holds chain 1, which the ledger holds up to block 100001: import"):
            store.import_parquet(folder)
        assert store.held() == before


def test_import__chain_is_bound_to_other_sources__stop(folder: Path, tmp_path: Path) -> None:
    with LedgerStore(tmp_path / "mine") as store:
        store.bind(ChainSources(1, (), ()))
        with pytest.raises(Stop, match="read with other sources of chain 1"):
            store.import_parquet(folder)
        assert store.held() == []


@pytest.mark.parametrize("place", ["file", "full"])
def test_export__place_is_taken__stop_and_it_stays(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("precious")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("precious")
    fill_ledger(tmp_path / "ledger")
    with (
        LedgerStore(tmp_path / "ledger") as store,
        pytest.raises(Stop, match="not an empty folder: name a new"),
    ):
        store.export(tmp_path / place)
    assert (tmp_path / "file").read_text() == (tmp_path / "full" / "file").read_text() == "precious"


def test_export__place_cannot_be_written__stop(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    fill_ledger(tmp_path / "ledger")
    with LedgerStore(tmp_path / "ledger") as store:
        with pytest.raises(Stop, match="cannot be written: Not a directory"):
            store.export(tmp_path / "file" / "out")
        append(store, [250_005], 250_006, chain_id=2)


def test_export__table_turns_unreadable__stop_and_no_folder_is_left(tmp_path: Path) -> None:
    fill_ledger(tmp_path / "ledger")
    with LedgerStore(tmp_path / "ledger") as store:
        store._connection.execute("ALTER TABLE heads ALTER number TYPE VARCHAR")
        store._connection.execute("UPDATE heads SET number = 'x'")
        with pytest.raises((Stop, pa.ArrowInvalid)):
            store.export(tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["ledger"]


# ------------------------------------------------------------------------------------------ killed


def test_import__killed_at_any_moment__is_whole_or_was_never_there(tmp_path: Path) -> None:
    with LedgerStore(tmp_path / "ledger") as store:
        fill(store, 2, width=50_000)
        store.export(tmp_path / "out")
    chance, path = random.Random(4), tmp_path / "mine"
    for _ in range(4):
        script = (
            f"store = LedgerStore({str(path)!r})\nready()\nstore.import_parquet({str(tmp_path / 'out')!r})"
        )
        killed = kill(script, after=chance.uniform(0, 0.25))
        with LedgerStore(path) as store:
            assert store.held() in ([], [(1, 99_999, 100_000, 100_000)])
            assert store.findings() == []
            if store.held() or not killed:
                break
    with LedgerStore(path) as store:
        if not store.held():
            store.import_parquet(tmp_path / "out")
        assert numbers_in(store, head(99_999)) == list(range(100_000))


# -------------------------------------------------------------------------------------- round trips


def test_import__into_a_new_ledger__every_table_is_equal_and_it_goes_on(folder: Path, tmp_path: Path) -> None:
    with LedgerStore(tmp_path / "mine") as store:
        assert store.import_parquet(folder) == [1, 2]
    assert tables(tmp_path / "mine") == tables(tmp_path / "ledger")
    assert len(tables(tmp_path / "mine")["assets"]) == 3
    with LedgerStore(tmp_path / "mine") as store:
        store.bind(CHAIN)
        append_rows(store, [event(100_005, asset=TOKEN, amount=10**6)], 100_005)
        rows = store.events(Snapshot((head(100_005),))).to_pyarrow().to_pylist()
        assert [row["value_cents"] for row in rows if row["block_number"] == 100_005] == [100]


def test_import__into_a_ledger_of_another_chain__both_are_there(folder: Path, tmp_path: Path) -> None:
    with LedgerStore(tmp_path / "mine") as store:
        append(store, [5], 6, chain_id=9)
        store.import_parquet(folder)
        assert [(each.chain_id, each.events) for each in store.held()] == [(1, 3), (2, 1), (9, 1)]
        assert store.findings() == []


def test_export__empty_ledger__is_imported_as_nothing(tmp_path: Path) -> None:
    with LedgerStore(tmp_path / "ledger") as store:
        store.export(tmp_path / "out")
    assert parquet.audited(tmp_path / "out") == ([], [])
    with LedgerStore(tmp_path / "mine") as store:
        assert store.import_parquet(tmp_path / "out") == []
        assert store.held() == []


def test_audited__sound_folder__holds_what_the_ledger_holds(folder: Path, tmp_path: Path) -> None:
    with LedgerStore(tmp_path / "ledger") as store:
        assert parquet.audited(folder) == (store.held(), [])


def test_export__folder__holds_the_documented_files_of_exactly_the_schema(folder: Path) -> None:
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    whole = ["assets.parquet", "heads.parquet", "ledger.json", "ranges.parquet", "sources.parquet"]
    spans = ("chain=1/from_block=0", "chain=1/from_block=100000", "chain=2/from_block=200000")
    parts = [f"{table}/{span}/part-0.parquet" for table in ("blocks", "events") for span in spans]
    assert files == sorted([*whole, *parts])
    told = json.loads((folder / "ledger.json").read_bytes())
    sealed = {path: hashlib.sha256((folder / path).read_bytes()).hexdigest() for path in told["sha256"]}
    assert told == {"schema_version": 2, "sha256": sealed}
    assert len(sealed) == len(list(folder.rglob("*.parquet")))
    for path in (folder / "events").rglob("*.parquet"):
        file = pq.ParquetFile(path)
        assert file.schema_arrow.equals(EVENTS)
        assert file.metadata.row_group(0).column(0).compression == "ZSTD"
    assert all(pq.read_schema(path).equals(BLOCKS) for path in (folder / "blocks").rglob("*.parquet"))
    assert not [path for path in folder.parent.iterdir() if "unfinished" in path.name]


# ------------------------------------------------------------------------------------- other readers


def expected() -> list[dict[str, Any]]:
    other = event(250_000, chain_id=2)
    rows = pa.Table.from_pylist([*ROWS, other], EVENTS).to_pylist()
    return sorted(rows, key=lambda row: (row["chain_id"], row["block_number"]))


def test_export__read_by_duckdb_in_place__same_rows_and_partitions_as_columns(folder: Path) -> None:
    with duckdb.connect() as raw:
        files = f"read_parquet('{folder}/events/*/*/*.parquet', hive_partitioning = true)"
        back = raw.sql(f"SELECT * FROM {files} ORDER BY chain_id, block_number").to_arrow_table()
        parts = raw.sql(f"SELECT DISTINCT chain, from_block FROM {files} ORDER BY ALL").fetchall()
    assert back.select(EVENTS.names).to_pylist() == expected()
    assert back.select(EVENTS.names).schema.types == EVENTS.types
    assert back.column_names == [*EVENTS.names, "chain", "from_block"]
    assert parts == [(1, 0), (1, 100_000), (2, 200_000)]


def test_export__read_by_pyarrow_and_pandas_in_place__same_rows(folder: Path) -> None:
    back = ds.dataset(folder / "events", format="parquet", partitioning="hive").to_table()
    ordered = back.select(EVENTS.names).sort_by([("chain_id", "ascending"), ("block_number", "ascending")])
    assert ordered.to_pylist() == expected()
    assert ordered.schema.types == EVENTS.types
    frame = pd.read_parquet(folder / "events", dtype_backend="pyarrow").sort_values(
        ["chain_id", "block_number"]
    )
    assert frame["amount"].astype(object).where(frame["amount"].notna(), None).tolist() == [
        row["amount"] for row in expected()
    ]
    assert frame["tx_hash"].tolist() == [row["tx_hash"] for row in expected()]
    assert set(frame.columns) == {*EVENTS.names, "chain", "from_block"}


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    """A local Spark; skips aloud where there is none."""
    sql = pytest.importorskip("pyspark.sql", reason="pyspark is not installed: pip install -e '.[spark]'")
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java, and there is no `java` on the PATH")
    session = (
        sql.SparkSession.builder.master("local[1]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .getOrCreate()
    )
    yield session
    session.stop()


@pytest.mark.e2e
@pytest.mark.enable_socket
@pytest.mark.filterwarnings("default")
def test_export__read_by_spark_in_place__same_rows(folder: Path, spark: Any) -> None:
    frame = spark.read.parquet(str(folder / "events"))
    assert frame.columns == [*EVENTS.names, "chain", "from_block"]
    types = {name: kind for name, kind in frame.dtypes if name in EVENTS.names}
    assert (types["amount"], types["leg"], types["tx_hash"], types["value_cents"]) == (
        "decimal(38,0)",
        "tinyint",
        "binary",
        "bigint",
    )
    rows = [row.asDict() for row in frame.orderBy("chain_id", "block_number").collect()]
    back = [
        {name: bytes(row[name]) if isinstance(row[name], bytearray) else row[name] for name in EVENTS.names}
        for row in rows
    ]
    assert back == expected()
    assert frame.where("from_block = 100000").count() == 1


# ----------------------------------------------------------------------------- any rows come back equal

KEY = ("block_number", "log_index", "leg")
words = st.binary(min_size=32, max_size=32)
addresses = st.binary(min_size=20, max_size=20)
any_rows = st.fixed_dictionaries(
    {
        "block_number": st.sampled_from([0, 1, 99_999, 100_000, 2**40, 2**59]) | st.integers(0, 3 * 10**5),
        "log_index": st.integers(0, 2**31 - 1),
        "leg": st.integers(0, 127),
        "tx_hash": words,
        "protocol": st.text(max_size=5).filter(lambda text: text < "\ud800" or text > "\udfff"),
        "kind": st.sampled_from(KINDS),
        "account": addresses,
        "counterparty": st.none() | addresses,
        "asset": st.none() | addresses,
        "amount": st.none() | st.integers(0, MAX_AMOUNT),
        "value_cents": st.none() | st.integers(0, MAX_VALUE_CENTS),
        "loan_id": st.none() | words,
        "due_time": st.none() | st.integers(0, MAX_TIME),
    }
)


@settings(max_examples=15)
@given(
    st.lists(any_rows, max_size=12, unique_by=lambda row: tuple(row[name] for name in KEY)),
    st.sampled_from([1, 137, 2**63 - 1]),
)
def test_export_and_import__any_rows__come_back_exactly(rows: list[dict[str, Any]], chain_id: int) -> None:
    rows = [{"chain_id": chain_id, "block_time": 7, **row} for row in rows]
    rows.sort(key=lambda row: tuple(row[name] for name in KEY))
    last = max((row["block_number"] for row in rows), default=0) + 1
    with tempfile.TemporaryDirectory() as name:
        here = Path(name)
        with LedgerStore(here / "one") as one:
            append_rows(one, rows, last, chain_id)
            one.export(here / "out")
        with LedgerStore(here / "two") as two:
            two.import_parquet(here / "out")
            known = two.head(chain_id)
            assert known is not None
            events = two.events(Snapshot((known,))).order_by(list(KEY)).to_pyarrow()
        assert events.to_pylist() == pa.Table.from_pylist(rows, EVENTS).to_pylist()
        assert tables(here / "one") == tables(here / "two")


@given(st.binary(max_size=300) | st.recursive(st.none() | st.integers(), st.lists).map(msgspec.json.encode))
def test_audited__any_ledger_json__is_refused_in_one_sentence(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "ledger.json").write_bytes(content)
        with pytest.raises(Stop, match=r"is not an exported ledger|schema version") as caught:
            parquet.audited(Path(name))
    assert "\n" not in str(caught.value)
