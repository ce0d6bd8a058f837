from pathlib import Path

import pyarrow as pa
import pytest

from ledger_reader.errors import Stop
from ledger_reader.ledger import ChainBlock, Snapshot
from ledger_reader.store import LedgerStore
from oracle.devchain import scale
from oracle.devchain.anvil import GENESIS_TIME
from oracle.devchain.deploy import DAY
from oracle.devchain.economy import plan
from oracle.devchain.people import address, demo_address
from oracle.devchain.rehearsal import addresses, rehearse

BORROWERS, DAYS = 24, 50


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger of three towns of eight borrowers, merged thirty days at a time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scale, "TOWN", 8)
        folder = tmp_path_factory.mktemp("scale") / "ledger"
        scale.rehearse_to_parquet(folder, 5, BORROWERS, DAYS)
    return folder


def events(folder: Path, path: Path) -> tuple[pa.Table, ChainBlock]:
    with LedgerStore(path) as store:
        (chain,) = store.import_parquet(folder)
        head = store.head(chain)
        assert head is not None
        assert not store.findings()
        return store.events(Snapshot((head,))).to_pyarrow(), head


@pytest.mark.parametrize(
    ("borrowers", "days", "sentence"),
    [(2, 5, "from 3 to 1000000 borrowers, not 2"), (1_000_001, 5, "not 1000001"), (5, 0, "days must be")],
)
def test_rehearse_to_parquet__out_of_range__is_refused_and_leaves_nothing(
    borrowers: int, days: int, sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(Stop, match=sentence):
        scale.rehearse_to_parquet(tmp_path / "ledger", 1, borrowers, days)
    assert not list(tmp_path.iterdir())


def test_towns__of_any_size__hold_all_borrowers_and_seeds_of_their_own() -> None:
    million = scale.towns(7, 1_000_000)
    assert sum(town.borrowers for town in million) == 1_000_000
    assert len({town.seed for town in million}) == len(million) == 2_000
    assert scale.towns(7, 499) == (scale.Town(0, 7, 499),)
    assert len(million) * scale.BLOCK_SECONDS < 9 * 3_600, "or blocks of two slots would meet"


def test_ledger__of_several_towns__is_sound_and_has_the_rows_of_each(ledger: Path, tmp_path: Path) -> None:
    found, head = events(ledger, tmp_path / "ledger.duckdb")
    coin, rows = address(5, "coin of all towns"), list[dict[str, object]]()
    for number in range(3):
        seed = scale._seed(5, number)
        start = GENESIS_TIME + number * scale.BLOCK_SECONDS
        economy = plan(seed, 8, DAYS, start, rich=True, has_cast=number == 0)
        rows += rehearse(economy, addresses(seed) | {"coin": coin}).drop_columns(["block_number"]).to_pylist()
    rows.sort(key=lambda row: (row["block_time"], row["log_index"], row["leg"]))
    order = [(name, "ascending") for name in ("block_number", "log_index", "leg")]
    assert found.sort_by(order).drop_columns(["block_number"]).to_pylist() == rows
    assert head.time == GENESIS_TIME + DAYS * DAY
    assert len({row["loan_id"] for row in rows if row["kind"] == "borrow"}) > 20


def test_ledger__of_several_towns__has_the_cast_once(ledger: Path, tmp_path: Path) -> None:
    found, _ = events(ledger, tmp_path / "ledger.duckdb")
    enrolled = [row["account"] for row in found.to_pylist() if row["kind"] == "enrolled"]
    assert enrolled.count(demo_address("Mei")) == 1
    assert len(enrolled) == len(set(enrolled)) > BORROWERS


def test_ledger__by_other_numbers_of_processes__is_the_same(ledger: Path, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scale, "TOWN", 8)
        patch.setattr(scale, "MERGED_BORROWER_DAYS", 7 * BORROWERS)
        scale.rehearse_to_parquet(tmp_path / "again", 5, BORROWERS, DAYS, workers=1)
    one, _ = events(ledger, tmp_path / "one.duckdb")
    other, _ = events(tmp_path / "again", tmp_path / "other.duckdb")
    order = [(name, "ascending") for name in ("block_number", "log_index", "leg")]
    assert one.sort_by(order).equals(other.sort_by(order))
