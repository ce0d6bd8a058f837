import threading
import time
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, delete, insert, make_url, select, text

from ledger_reader.errors import Retry, Stop
from oracle.api import store as module
from oracle.api.store import HEAD, MIGRATIONS, Store
from oracle.api.tables import metadata, nonces, requests


@pytest.mark.parametrize("url", ["", "nothing", "mysql://host/name", "sqlite3:///x"])
def test_open__no_address_of_a_database__is_one_sentence(url: str) -> None:
    with pytest.raises(Stop, match=r"use sqlite:///|are served|is no address"):
        Store(url)


def test_open__server_away__is_tried_again_later(tmp_path: Path) -> None:
    with pytest.raises(Retry, match="does not answer now"):
        Store(f"postgresql://nobody@/none?host={tmp_path}")


def test_migrations__make_just_the_tables_that_are_used(store: Store) -> None:
    with store.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_head__is_the_latest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_migrations__of_an_older_database__keep_its_rows(database: str) -> None:
    """As a service of the first version left it, with a request of the last minutes."""
    url = make_url(database)
    engine = create_engine(url.set(drivername=url.drivername.replace("postgresql", "postgresql+psycopg")))
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(text("INSERT INTO nonces VALUES ('a', 1)"))
        connection.execute(text("INSERT INTO requests VALUES (:digest, 2)"), {"digest": b"\x07" * 32})
    engine.dispose()
    with Store(database) as store, store.reading() as connection:
        assert connection.execute(select(nonces)).all() == [("a", 1)]
        assert connection.execute(select(requests)).all() == [(b"\x07" * 32, 2, None)]
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_open__new_file__is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "private.sqlite"
    with Store(f"sqlite:///{path}") as store, store.changing() as connection:
        connection.execute(insert(nonces).values(nonce="a", ends=1))
        modes = {each.name: oct(each.stat().st_mode & 0o777) for each in tmp_path.iterdir()}
    assert modes == dict.fromkeys([path.name, f"{path.name}-wal", f"{path.name}-shm"], "0o600")


def test_scrub__while_something_else_reads__says_that_it_is_not_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BUSY_SECONDS", 0.1)
    path = tmp_path / "read.sqlite"
    with Store(f"sqlite:///{path}") as store:
        with store.changing() as connection:
            connection.execute(insert(nonces).values(nonce="secret words", ends=1))
        with store.snapshot() as reader:
            assert reader.execute(select(nonces)).all() == [("secret words", 1)]
            with store.changing() as connection:
                connection.execute(delete(nonces))
            assert reader.execute(select(nonces)).all() == [("secret words", 1)]
            with pytest.raises(Retry, match="not overwritten yet"):
                store.scrub()
        store.scrub()
        assert b"secret words" not in b"".join(each.read_bytes() for each in tmp_path.iterdir())


def test_migrations__at_once_by_several__happen_once(database: str) -> None:
    faults: list[BaseException] = []

    def start() -> None:
        try:
            Store(database).close()
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


def test_changing__an_error_in_the_middle__leaves_nothing(store: Store) -> None:
    def half() -> None:
        with store.changing() as connection:
            connection.execute(insert(nonces).values(nonce="a", ends=1))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    with store.reading() as connection:
        assert connection.execute(select(nonces)).all() == []


def test_changing__on_sqlite__what_was_read_holds_until_the_end(tmp_path: Path) -> None:
    counts: list[int] = []
    with Store(f"sqlite:///{tmp_path / 'one.sqlite'}") as store:

        def add() -> None:
            with store.changing() as connection:
                count = len(connection.execute(select(nonces)).all())
                time.sleep(0.05)
                connection.execute(insert(nonces).values(nonce=str(count), ends=1))
                counts.append(count)

        threads = [threading.Thread(target=add) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(counts) == [0, 1, 2]


def test_changing__on_disk__is_there_after_opening_again(database: str) -> None:
    with Store(database) as first, first.changing() as connection:
        connection.execute(insert(nonces).values(nonce="a", ends=1))
    with Store(database) as second, second.reading() as connection:
        assert connection.execute(select(nonces.c.nonce)).scalars().all() == ["a"]
