"""What an account offered last survives its process, and a damaged file is no empty one."""

import stat
from pathlib import Path

import pytest

from ledger_reader.errors import Stop
from oracle.journal import MOST_HASHES, Journal, Offer

PAYER = b"\x0a" * 20
OFFER = Offer(PAYER, 7, 10**9, 3 * 10**27, ("0x" + "ab" * 32, "0x" + "cd" * 32))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b'{"nonce":1,"tip":"1","fee":"2","hashes":["0x' + b"ab" * 32 + b'"]}',
        b'{"account":"0x0a","nonce":1,"tip":"1","fee":"2","hashes":["0x' + b"ab" * 32 + b'"]}',
        b'{"account":"0x'
        + b"0a" * 20
        + b'","nonce":-1,"tip":"1","fee":"2","hashes":["0x'
        + b"ab" * 32
        + b'"]}',
        b'{"account":"0x'
        + b"0a" * 20
        + b'","nonce":1,"tip":"-1","fee":"2","hashes":["0x'
        + b"ab" * 32
        + b'"]}',
        b'{"account":"0x' + b"0a" * 20 + b'","nonce":1,"tip":"1","fee":"2","hashes":[]}',
        b'{"account":"0x' + b"0a" * 20 + b'","nonce":1,"tip":"1","fee":"2","hashes":["0xab"]}',
    ],
)
def test_journal__damaged_file__stops(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "wallet.json"
    path.touch(mode=0o600)
    path.write_bytes(content)
    with pytest.raises(Stop, match="wallet"):
        Journal(path)


def test_journal__never_written__has_no_last(tmp_path: Path) -> None:
    assert Journal(tmp_path / "wallet.json").last_of(PAYER) is None
    assert not list(tmp_path.iterdir())


def test_journal__of_another_account__has_no_last_of_this_one(tmp_path: Path) -> None:
    Journal(tmp_path / "wallet.json").write(OFFER)
    assert Journal(tmp_path / "wallet.json").last_of(b"\x0b" * 20) is None
    assert Journal(tmp_path / "wallet.json").last_of(PAYER) == OFFER


def test_journal__written__is_read_by_the_next_process(tmp_path: Path) -> None:
    path = tmp_path / "wallet.json"
    Journal(path).write(OFFER)
    assert Journal(path).last_of(PAYER) == OFFER
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_journal__more_forms_than_are_kept__keeps_the_latest(tmp_path: Path) -> None:
    hashes = tuple(f"0x{n:064x}" for n in range(MOST_HASHES + 5))
    Journal(tmp_path / "wallet.json").write(Offer(PAYER, 7, 1, 2, hashes))
    last = Journal(tmp_path / "wallet.json").last_of(PAYER)
    assert last is not None
    assert last.hashes == hashes[5:]


def test_journal__without_a_path__remembers_while_it_lives() -> None:
    journal = Journal()
    journal.write(OFFER)
    assert journal.last_of(PAYER) == OFFER
