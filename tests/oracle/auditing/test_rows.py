from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger_reader.errors import Stop
from oracle.auditing.rows import COLUMNS, Difference, Rows, first_difference, read_rows, rows_of
from oracle.settings import address_text
from tests.oracle.conftest import EPOCH, Kept
from tests.oracle.test_tree import scores_of

people = st.dictionaries(
    st.integers(0, 12).map(lambda n: n.to_bytes(20, "little")), st.integers(300, 305), max_size=8
)


def rows(scores: dict[bytes, int]) -> Rows:
    made = scores_of([(address, 1, scores[address]) for address in sorted(scores)])
    nothing = np.zeros(len(scores), dtype=np.uint16)
    return rows_of(replace(made, width=nothing, reasons=nothing.astype(np.uint32)))


def columns(*values: object) -> dict[str, list[object]]:
    return {name: list(values) for name in COLUMNS}


def naive(ours: dict[bytes, int], theirs: dict[bytes, int]) -> tuple[bytes, int | None, int | None] | None:
    differ = [a for a in sorted(ours.keys() | theirs.keys()) if ours.get(a) != theirs.get(a)]
    return (differ[0], ours.get(differ[0]), theirs.get(differ[0])) if differ else None


# ------------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    "table",
    [
        {"address": ["0x12"]},
        {"address": [b"\x01" * 19], **columns(1)},
        {"address": ["0x" + "11" * 20], **columns("much")},
        {"address": [None], **columns(1)},
    ],
)
def test_read_rows__a_parquet_of_something_else__stops(tmp_path: Path, table: dict[str, Any]) -> None:
    pq.write_table(pa.table(table), tmp_path / "rows.parquet")
    with pytest.raises(Stop, match="cannot be compared with"):
        read_rows(tmp_path / "rows.parquet", EPOCH)


def test_read_rows__a_borrower_twice__stops(tmp_path: Path) -> None:
    table = {"address": ["0x" + "11" * 20] * 2, **columns(1, 2)}
    pq.write_table(pa.table(table), tmp_path / "rows.parquet")
    with pytest.raises(Stop, match="names a borrower twice"):
        read_rows(tmp_path / "rows.parquet", EPOCH)


def test_read_rows__no_such_file_or_an_empty_folder__stops(tmp_path: Path) -> None:
    with pytest.raises(Stop, match="cannot be compared with"):
        read_rows(tmp_path / "none.parquet", EPOCH)
    with pytest.raises(Stop, match="is missing"):
        read_rows(tmp_path, EPOCH)


# ---------------------------------------------------------------------------------- what is found


@given(people, people)
def test_first_difference__any_two__is_that_of_the_naive_search(
    ours: dict[bytes, int], theirs: dict[bytes, int]
) -> None:
    found, expected = first_difference(rows(ours), rows(theirs)), naive(ours, theirs)
    if expected is None:
        assert found is None
        return
    address, mine, other = expected
    assert found is not None
    assert found.address == address
    if mine is None or other is None:
        assert (found.column, found.ours is None, found.theirs is None) == (
            "address",
            mine is None,
            other is None,
        )
    else:
        assert found == Difference(address, "score", mine, other)


@pytest.mark.parametrize("column", COLUMNS)
def test_first_difference__in_one_column__names_it(column: str) -> None:
    ours, theirs = rows({b"\x01" * 20: 300, b"\x02" * 20: 301}), rows({b"\x01" * 20: 300, b"\x02" * 20: 301})
    theirs.columns[column][1] += 1
    found = first_difference(ours, theirs)
    assert found is not None
    assert (found.address, found.column) == (b"\x02" * 20, column)
    value = int(ours.columns[column][1])
    assert str(found) == f"0x{'02' * 20} has {column} {value + 1} there, {value} by our reckoning"


def test_difference__of_who_is_there__says_on_which_side() -> None:
    one, both = rows({b"\x01" * 20: 300}), rows({b"\x01" * 20: 300, b"\x02" * 20: 301})
    assert str(first_difference(both, one)) == f"0x{'02' * 20} is missing there"
    assert str(first_difference(one, both)) == f"0x{'02' * 20} is there and not in our scores"


def test_read_rows__of_a_node_an_epochs_folder_and_a_parquet__are_the_same(
    kept: Kept, tmp_path: Path
) -> None:
    expected, home = rows_of(kept.tree.scores), kept.settings.home
    order = [2, 0, 1]
    shuffled = {name: expected.columns[name][order] for name in COLUMNS}
    addresses = [address_text(expected.addresses[at].tobytes()) for at in order]
    pq.write_table(pa.table({"address": addresses, **shuffled}), tmp_path / "rows.parquet")
    raw = [expected.addresses[at].tobytes() for at in order]
    pq.write_table(pa.table({"address": pa.array(raw, pa.binary(20)), **shuffled}), tmp_path / "raw.parquet")
    for path in (home, home / "epochs" / f"{EPOCH:08d}", tmp_path / "rows.parquet", tmp_path / "raw.parquet"):
        assert first_difference(expected, read_rows(path, EPOCH)) is None
