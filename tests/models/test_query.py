import shutil
from pathlib import Path

import pytest

from models import query
from models.features.catalogue import FEATURES, named
from models.measure import measure_sql
from tests.oracle.test_layers import loaded_by


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The sources and what is kept of them, in a folder that a test may change."""
    for name in (*query.SOURCES, "models/features/untied.sql", "models/features/tied.sql"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(query.ROOT / name, tmp_path / name)
    monkeypatch.setattr(query, "ROOT", tmp_path)
    monkeypatch.setattr(query, "FOLDER", tmp_path / "models" / "features")
    return tmp_path


def test_kept__after_any_source_changed__is_nothing(copied: Path) -> None:
    for name in query.SOURCES:
        text = (copied / name).read_text()
        (copied / name).write_text(text + "\n")
        assert query.kept(False) is None
        (copied / name).write_text(text)
        assert query.kept(False) is not None


@pytest.mark.parametrize("has_ties", [False, True])
def test_kept__when_damaged_or_absent__is_nothing(copied: Path, has_ties: bool) -> None:
    path = query.kept_in(has_ties)
    path.write_text(path.read_text()[:-2])
    assert query.kept(has_ties) is None
    path.unlink()
    assert query.kept(has_ties) is None


def test_sources__are_every_file_that_the_expression_is_made_by() -> None:
    loaded = loaded_by("models.query", "models.views", "models.features.catalogue")
    ours = {name for name in loaded if name.partition(".")[0] in ("models", "ledger_reader")}
    packages = {"models", "models.features", "ledger_reader"}
    read = {name.removesuffix(".py").replace("/", ".") for name in query.SOURCES}
    assert read == (ours - packages) | {"models.measure"}


def test_measure_sql__of_all_features__is_the_kept_one() -> None:
    assert measure_sql(FEATURES, has_ties=False) == query.kept(False)
    assert measure_sql(FEATURES, has_ties=True) == query.kept(True)
    assert 'FROM "ties"' in measure_sql(FEATURES, has_ties=True)


def test_measure_sql__of_some_features__is_compiled_in_their_order() -> None:
    asked = named(("payers", "borrows_30d"))
    sql = measure_sql(asked, has_ties=False)
    assert sql.index('"payers" AS BIGINT') < sql.index('"borrows_30d" AS BIGINT')
    assert '"loans_open"' not in sql
