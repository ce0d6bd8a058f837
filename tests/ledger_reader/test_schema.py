"""Files of older versions: brought to this one whole or not at all, whatever happens on the way."""

import json
import random
import shutil
from pathlib import Path

import duckdb
import pytest

from ledger_reader.binding import bound
from ledger_reader.errors import Stop
from ledger_reader.keccak import keccak256
from ledger_reader.ledger import Snapshot
from ledger_reader.sources import Asset, ChainSources, Source
from ledger_reader.store import LedgerStore
from tests.ledger_reader.killing import kill
from tests.ledger_reader.ledgers import ALICE, append_rows, event, head, numbers_in

TOKEN = b"\x11" * 20
CHAIN = ChainSources(
    1, (Source("erc20", TOKEN, 0), Source("credit_oracle", ALICE, 4)), (Asset(TOKEN, "DEV", 6, 100),)
)

FIRST_VERSION = """
CREATE TABLE events (
    chain_id BIGINT NOT NULL, block_number BIGINT NOT NULL, log_index INTEGER NOT NULL,
    leg TINYINT NOT NULL, block_time BIGINT NOT NULL, tx_hash BLOB NOT NULL,
    protocol VARCHAR NOT NULL, kind VARCHAR NOT NULL, account BLOB NOT NULL, counterparty BLOB,
    asset BLOB, amount DECIMAL(38, 0), value_cents BIGINT, loan_id BLOB, due_time BIGINT);
CREATE TABLE blocks (
    chain_id BIGINT NOT NULL, number BIGINT NOT NULL, hash BLOB NOT NULL, parent_hash BLOB,
    time BIGINT NOT NULL);
CREATE TABLE heads (
    chain_id BIGINT NOT NULL, number BIGINT NOT NULL, hash BLOB NOT NULL, time BIGINT NOT NULL);
CREATE TABLE sources (chain_id BIGINT NOT NULL, digest VARCHAR NOT NULL);
CREATE TABLE meta (key VARCHAR NOT NULL, value VARCHAR NOT NULL);
INSERT INTO meta VALUES ('schema_version', '1');
"""
"""As the first release made its files; never to be changed."""

ROWS = """
INSERT INTO blocks SELECT c, b, repeat('\\x00'::BLOB, 24) || unhex(printf('%016x', b)), NULL, b * 12
    FROM range(1, 3) AS chains(c), range($blocks) AS numbers(b);
INSERT INTO events SELECT chain_id, number, 0, 0, time, hash, 'erc20', 'transfer_in', $alice, NULL, $token,
    10000000, 1000, NULL, NULL FROM blocks;
INSERT INTO heads SELECT chain_id, number, hash, time FROM blocks WHERE number = $blocks - 1;
"""


def first_digest(chain: ChainSources) -> str:
    """keccak256 of the JSON that version 1 wrote of its sources, spelled out."""
    plain = {
        "chain_id": chain.chain_id,
        "sources": [
            {
                "protocol": source.protocol,
                "address": "0x" + source.address.hex(),
                "start_block": source.start_block,
                "asset": None,
                "amounts": True,
            }
            for source in chain.sources
        ],
        "assets": [
            {"address": "0x" + asset.address.hex(), "symbol": "DEV", "decimals": 6, "pin_cents": 100}
            for asset in chain.assets
        ],
    }
    return keccak256(json.dumps([plain], separators=(",", ":"), sort_keys=True).encode()).hex()


def first_version(path: Path, blocks: int = 10) -> Path:
    """A ledger file of version 1: two chains, an event in each block, chain 1 bound to CHAIN."""
    with duckdb.connect(str(path)) as raw:
        raw.execute(FIRST_VERSION)
        for statement in ROWS.strip().split(";\n"):
            names = [name for name in ("blocks", "alice", "token") if f"${name}" in statement]
            values = {"blocks": blocks, "alice": ALICE, "token": TOKEN}
            raw.execute(statement.rstrip(";"), {name: values[name] for name in names})
        raw.execute("INSERT INTO sources VALUES (1, ?)", [first_digest(CHAIN)])
    return path


def version(path: Path) -> str:
    with duckdb.connect(str(path), read_only=True) as raw:
        return str(raw.execute("SELECT value FROM meta").fetchall()[0][0])


def test_open__version_1_without_one_of_its_tables__stop_and_nothing_is_changed(tmp_path: Path) -> None:
    path = first_version(tmp_path / "ledger")
    with duckdb.connect(str(path)) as raw:
        raw.execute("DROP TABLE heads")
    with pytest.raises(Stop, match="lacks a table of schema version 1: it is damaged"):
        LedgerStore(path)
    with duckdb.connect(str(path)) as raw:
        tables = {row[0] for row in raw.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    assert tables == {"events", "blocks", "sources", "meta"}
    assert version(path) == "1"


def test_open__version_1__is_brought_to_2_with_all_its_rows(tmp_path: Path) -> None:
    path = first_version(tmp_path / "ledger")
    with LedgerStore(path) as store:
        assert numbers_in(store, head(9, 1), head(9, 2)) == sorted([*range(10)] * 2)
        assert (store.head(1), store.block(2, 4)) == (head(9), head(4, 2))
        assert store.findings() == []
    assert version(path) == "2"
    with LedgerStore(path) as again:
        assert numbers_in(again, head(9, 1)) == [*range(10)]


def test_open__version_1__has_the_tables_of_a_new_file(tmp_path: Path) -> None:
    first_version(tmp_path / "old")
    columns = []
    for name in ("old", "new"):
        LedgerStore(tmp_path / name).close()
        with duckdb.connect(str(tmp_path / name)) as raw:
            query = (
                "SELECT table_name, column_name, data_type, is_nullable, column_index FROM duckdb_columns()"
            )
            columns.append(sorted(raw.execute(query).fetchall()))
    assert columns[0] == columns[1]
    assert len(columns[0]) > 30


def test_bind__ledger_of_version_1_other_sources__stop(tmp_path: Path) -> None:
    other = ChainSources(1, CHAIN.sources[:1], CHAIN.assets)
    ended = ChainSources(1, (Source("erc20", TOKEN, 0, end_block=9), *CHAIN.sources[:1]), CHAIN.assets)
    with LedgerStore(first_version(tmp_path / "ledger")) as store:
        for chain in (other, ended):
            with pytest.raises(Stop, match="read with other sources of chain 1"):
                store.bind(chain)


def test_bind__ledger_of_version_1_same_sources__goes_on_and_values_what_comes(tmp_path: Path) -> None:
    path = first_version(tmp_path / "ledger")
    with LedgerStore(path) as store:
        store.bind(CHAIN)
    with LedgerStore(path) as store:
        store.bind(CHAIN)
        append_rows(store, [event(10, asset=TOKEN, amount=5_000_000)], 12)
        events = store.events(Snapshot((head(12),))).to_pyarrow().to_pylist()
        assert [row["value_cents"] for row in events if row["block_number"] == 10] == [500]
        assert store.findings() == []
    with duckdb.connect(str(path)) as raw:
        assert bound(raw, 1) == CHAIN
        assert raw.execute("FROM assets").fetchall() == [(1, TOKEN, "DEV", 6, "pin", 100)]


def test_open__killed_while_it_migrates__is_one_version_or_the_other_and_opens(tmp_path: Path) -> None:
    old = first_version(tmp_path / "old", blocks=150_000)
    chance, versions = random.Random(3), set()
    for index in range(5):
        path = tmp_path / f"ledger{index}"
        shutil.copy(old, path)
        kill(f"ready()\nLedgerStore({str(path)!r})", after=chance.uniform(0, 0.08))
        # What a crash left in the log is read first, as the next opening would.
        duckdb.connect(str(path)).close()
        versions.add(version(path))
        with LedgerStore(path) as store:
            assert (store.head(1), store.head(2)) == (head(149_999), head(149_999, 2))
            assert store.findings() == []
    assert versions <= {"1", "2"}
