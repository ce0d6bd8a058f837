"""A node's committee secrets: taken in, turned on, given to members, never turned back, deleted in time."""

import stat
from pathlib import Path

import pytest

from ledger_reader.errors import Retry, Stop
from oracle import folder
from oracle.committee import Committee
from oracle.committee_secret import DEALT_FILE, Secrets, salts_of
from oracle.epoch import Deployment, epoch_secret, next_secret, secret_at, secret_hash
from oracle.keys import NodeKeys, open_secret, save_secret, write_durably

KEYS, OTHER = NodeKeys(b"\5" * 32), NodeKeys(b"\6" * 32)
HOME = Deployment(31337, b"\1" * 20)
DEALT = b"\x07" * 32
NAME = secret_hash(DEALT)


def committee(named: bytes = NAME) -> Committee:
    return Committee((b"\1" * 20,), (KEYS.identity_key,), 1, named)


@pytest.fixture
def secrets(tmp_path: Path) -> Secrets:
    return Secrets(tmp_path, KEYS)


def dealt(home: Path, epoch: int = 3) -> None:
    save_secret(home / DEALT_FILE, epoch, DEALT, KEYS)


def test_take_in__sealed_to_another__stops_and_keeps_the_file(tmp_path: Path, secrets: Secrets) -> None:
    save_secret(tmp_path / DEALT_FILE, 3, DEALT, OTHER)
    with pytest.raises(Stop, match="is not for this node"):
        secrets.take_in()
    assert (tmp_path / DEALT_FILE).exists()


def test_take_in__nothing_dealt__holds_nothing(secrets: Secrets) -> None:
    secrets.take_in()
    assert secrets.held(NAME) is None


def test_take_in__a_secret_turned_on_since__is_never_turned_back(tmp_path: Path, secrets: Secrets) -> None:
    dealt(tmp_path)
    secrets.take_in()
    secrets.turn_to(NAME, 4)
    dealt(tmp_path)
    secrets.take_in()
    assert secrets.held(NAME) == (4, next_secret(DEALT))
    assert not (tmp_path / DEALT_FILE).exists()


def test_salts__no_secret_and_no_folder__waits_in_one_sentence(tmp_path: Path, secrets: Secrets) -> None:
    with pytest.raises(Retry, match=f"does not hold the secret 0x{NAME.hex()}.* epoch 3: it asks the other"):
        salts_of(secrets, tmp_path / "epochs", HOME, committee(), 3)


def test_salts__secret_turned_past_and_folder_gone__waits_for_the_next_epoch(
    tmp_path: Path, secrets: Secrets
) -> None:
    secrets.keep(NAME, 5, DEALT)
    with pytest.raises(Retry, match="turned on to epoch 5 and the folder of epoch 3 is gone"):
        salts_of(secrets, tmp_path / "epochs", HOME, committee(), 3)


def test_salts__secret_of_another_committee__is_not_used(tmp_path: Path, secrets: Secrets) -> None:
    secrets.keep(NAME, 3, DEALT)
    with pytest.raises(Retry, match="does not hold the secret"):
        salts_of(secrets, tmp_path / "epochs", HOME, committee(b"\x09" * 32), 3)


def test_salts__before_and_after_the_turn__are_the_same(tmp_path: Path, secrets: Secrets) -> None:
    epochs = tmp_path / "epochs"
    secrets.keep(NAME, 1, DEALT)
    before = salts_of(secrets, epochs, HOME, committee(), 3)
    assert before == epoch_secret(secret_at(DEALT, 3), HOME, 3)
    folder.folder_of(epochs, 3).mkdir(parents=True)
    write_durably(folder.folder_of(epochs, 3) / "secret", before.hex().encode(), replace=False)
    secrets.turn_to(NAME, 3)
    assert salts_of(secrets, epochs, HOME, committee(), 3) == before
    secrets.turn_to(NAME, 4)
    assert salts_of(secrets, epochs, HOME, committee(), 3) == before


def test_turn__twice_or_back__turns_once(secrets: Secrets) -> None:
    secrets.keep(NAME, 3, DEALT)
    for epoch in (4, 4, 3):
        secrets.turn_to(NAME, epoch)
    assert secrets.held(NAME) == (4, next_secret(DEALT))


def test_turn__its_own_epoch_computed__who_lacks_it_is_given_the_same_salts(tmp_path: Path) -> None:
    mine, others = (Secrets(tmp_path / name, keys) for name, keys in (("mine", KEYS), ("others", OTHER)))
    for name in ("mine", "others"):
        (tmp_path / name).mkdir()
    mine.keep(NAME, 1, DEALT)
    before = salts_of(mine, tmp_path / "epochs", HOME, committee(), 3)
    mine.turn_to(NAME, 3)
    others.keep(NAME, *open_secret(mine.box_for(NAME, 3, OTHER.identity_key), OTHER))
    assert salts_of(others, tmp_path / "epochs", HOME, committee(), 3) == before


def test_turn__away_for_many_epochs__comes_to_the_same_as_one_by_one(secrets: Secrets) -> None:
    secrets.keep(NAME, 1, DEALT)
    secrets.turn_to(NAME, 10)
    assert secrets.held(NAME) == (10, secret_at(DEALT, 10))


def test_box__of_an_epoch_turned_past__is_not_given(secrets: Secrets) -> None:
    secrets.keep(NAME, 4, DEALT)
    with pytest.raises(Stop, match="of epoch 4 and cannot be turned back to 3"):
        secrets.box_for(NAME, 3, OTHER.identity_key)
    with pytest.raises(Stop, match="is not in this node's folder"):
        secrets.box_for(b"\x09" * 32, 4, OTHER.identity_key)


def test_box__of_a_later_epoch__holds_nothing_of_the_earlier(secrets: Secrets) -> None:
    secrets.keep(NAME, 3, DEALT)
    box = secrets.box_for(NAME, 5, OTHER.identity_key)
    assert open_secret(box, OTHER) == (5, secret_at(DEALT, 5, 3))
    with pytest.raises(Stop):
        open_secret(box, KEYS)


def test_forget__what_was_used_up__goes_and_what_is_to_come_stays(tmp_path: Path, secrets: Secrets) -> None:
    old, used, named, coming = (bytes([n]) * 32 for n in range(1, 5))
    for dealt_hash, epoch in ((old, 2), (used, 4), (named, 2), (coming, 9)):
        secrets.keep(dealt_hash, epoch, DEALT)
    secrets.forget(5, {named})
    assert {each.name for each in (tmp_path / "secrets").iterdir()} == {named.hex(), coming.hex()}


def test_forget__a_process_died_writing_a_secret__the_half_written_copy_goes(
    tmp_path: Path, secrets: Secrets
) -> None:
    secrets.keep(NAME, 5, DEALT)
    leftover = tmp_path / "secrets" / f".{NAME.hex()}.4711.tmp"
    save_secret(leftover, 4, DEALT, KEYS)
    secrets.forget(5, set())
    assert [each.name for each in (tmp_path / "secrets").iterdir()] == [NAME.hex()]


def test_forget__of_the_epoch_just_computed__stays_for_who_asks(secrets: Secrets) -> None:
    secrets.keep(NAME, 5, DEALT)
    secrets.forget(5, {b"\x09" * 32})
    assert secrets.held(NAME) == (5, DEALT)


def test_files__of_secrets__are_for_their_owner_only(tmp_path: Path, secrets: Secrets) -> None:
    secrets.keep(NAME, 3, DEALT)
    path = tmp_path / "secrets" / NAME.hex()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert DEALT not in path.read_bytes()
