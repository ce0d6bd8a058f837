from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger_reader.errors import Stop
from oracle.array_file import map_array, write_array


def test_map_array__no_file__stops(tmp_path: Path) -> None:
    with pytest.raises(Stop, match=r"a\.npy is missing: let the node compute the epoch again"):
        map_array(tmp_path / "a.npy")


def test_map_array__archive_of_several__stops(tmp_path: Path) -> None:
    with (tmp_path / "a.npy").open("wb") as file:
        np.savez(file, a=np.arange(3), b=np.arange(3))
    with pytest.raises(Stop, match="several arrays"):
        map_array(tmp_path / "a.npy")


def test_map_array__cut_anywhere__stops(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    write_array(path, np.arange(40, dtype=np.int64))
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(Stop, match="compute the epoch again"):
            map_array(path)


@given(st.binary(max_size=300))
def test_map_array__any_bytes__stops_or_is_an_array(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.mktemp("arrays") / "a.npy"
    path.write_bytes(b"\x93NUMPY\x01\x00" + content)
    with pytest.raises(Stop):
        map_array(path)


def test_write_array__over_another__leaves_the_new_one_and_nothing_beside(tmp_path: Path) -> None:
    write_array(tmp_path / "a.npy", np.arange(3))
    mapped = map_array(tmp_path / "a.npy")
    write_array(tmp_path / "a.npy", np.arange(5))
    assert mapped.tolist() == [0, 1, 2]  # whoever had it open goes on reading what it opened
    assert map_array(tmp_path / "a.npy").tolist() == [0, 1, 2, 3, 4]
    assert [each.name for each in tmp_path.iterdir()] == ["a.npy"]
    assert not mapped.flags.writeable
