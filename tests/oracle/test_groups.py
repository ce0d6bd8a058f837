"""Groups of accounts: what is refused, and what is read."""

from pathlib import Path

import pytest

from ledger_reader.errors import Stop
from oracle.groups import read_groups

ANN, BEN = "0x" + "a1" * 20, "0x" + "b2" * 20


def put(folder: Path, content: bytes) -> Path:
    path = folder / "groups.csv"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "its first line must be account,group"),
        (b"group,account\n", "its first line must be account,group"),
        (b"account,group\n0x12,north\n", "line 2: '0x12' is not an address"),
        (b"account,group\n" + ANN.encode() + b"\n", "line 2: .* is not an account and a group"),
        (b"account,group\n" + ANN.encode() + b",\n", "line 2: .* is not an account and a group"),
        (b"account,group\n" + ANN.encode() + b"," + b"n" * 61 + b"\n", "a group of 1 to 60 letters"),
        (b"account,group\n" + f"{ANN},north\n{ANN},south\n".encode(), "line 3: .* a second time"),
        (b"account,group\n" + ANN.encode() + b",\xff\n", "is not CSV in UTF-8"),
        (b'account,group\n"' + ANN.encode(), "is not CSV in UTF-8"),
    ],
)
def test_read_groups__of_another_form__stops_in_one_sentence(
    tmp_path: Path, content: bytes, sentence: str
) -> None:
    with pytest.raises(Stop, match=sentence) as caught:
        read_groups(put(tmp_path, content))
    assert "\n" not in str(caught.value)


def test_read_groups__no_file__stops(tmp_path: Path) -> None:
    with pytest.raises(Stop, match="name an existing file"):
        read_groups(tmp_path / "none.csv")


def test_read_groups__well_formed__is_read_in_any_language(tmp_path: Path) -> None:
    content = f'\ufeffaccount,group\r\n{ANN},农村\r\n{BEN},"north, by sea"\r\n'.encode()
    assert read_groups(put(tmp_path, content)) == {
        bytes.fromhex(ANN[2:]): "农村",
        bytes.fromhex(BEN[2:]): "north, by sea",
    }
