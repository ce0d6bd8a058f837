import json
import stat
from pathlib import Path
from typing import Any

import pytest
from eth_abi.abi import decode
from eth_account import Account

from ledger_reader.errors import Stop
from oracle.ceremony import (
    IDENTITY_FILE,
    MEMBER_FILE,
    SECRET_FILE,
    SIGNED_LOG,
    SIGNER_FILE,
    make_committee,
    make_rotation,
    read_member,
)
from oracle.committee import Committee, default_quorum, from_json
from oracle.committee_secret import Secrets
from oracle.contract import load_abi
from oracle.epoch import secret_hash
from oracle.keys import KeySigner, NodeKeys, load_secret, open_secret

PASSWORD = "correct horse 电池"
MEMBERS = 2


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A committee of two, in a folder that did not exist."""
    return make_committee(tmp_path_factory.mktemp("made") / "new", MEMBERS, None, PASSWORD, quick=True)


def homes(made: dict[str, Any]) -> list[Path]:
    return [Path(home) for home in made["homes"]]


def committee(made: dict[str, Any]) -> Committee:
    return from_json(json.loads(Path(made["committeeFile"]).read_bytes()))


# ------------------------------------------------------------------------------------ refusals


def test_make_committee__folder_not_empty__is_refused_and_untouched(tmp_path: Path) -> None:
    (tmp_path / "node-1").mkdir()
    (tmp_path / "node-1" / "identity.json").write_bytes(b"precious")
    with pytest.raises(Stop, match="is not empty; name a new folder, keys are never overwritten"):
        make_committee(tmp_path, 1, None, PASSWORD, quick=True)
    assert [each.name for each in tmp_path.rglob("*")] == ["node-1", "identity.json"]
    assert (tmp_path / "node-1" / "identity.json").read_bytes() == b"precious"


@pytest.mark.parametrize("inside", ["", "deeper"])
def test_make_committee__a_file_where_the_folder_should_be__is_refused(tmp_path: Path, inside: str) -> None:
    (tmp_path / "file").write_bytes(b"precious")
    with pytest.raises(Stop, match="file"):
        make_committee(tmp_path / "file" / inside, 1, None, PASSWORD, quick=True)
    assert (tmp_path / "file").read_bytes() == b"precious"


@pytest.mark.parametrize(("members", "quorum"), [(4, 1), (4, 5), (1, 2), (7, 2), (3, -1), (32, 10)])
def test_make_committee__quorum_out_of_range__is_refused_before_any_file(
    tmp_path: Path, members: int, quorum: int
) -> None:
    with pytest.raises(Stop, match=f"a quorum of {members} members is from .* not {quorum}"):
        make_committee(tmp_path / "new", members, quorum, PASSWORD, quick=True)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("members", [0, 33])
def test_make_committee__too_few_or_too_many_members__is_refused(tmp_path: Path, members: int) -> None:
    with pytest.raises(Stop, match=f"from 1 to 32 members, not {members}"):
        make_committee(tmp_path / "new", members, None, PASSWORD, quick=True)
    assert not list(tmp_path.iterdir())


def test_made_keys__with_a_wrong_password__stay_shut(made: dict[str, Any]) -> None:
    home = homes(made)[0]
    for load, name in ((NodeKeys.load, IDENTITY_FILE), (KeySigner.load, SIGNER_FILE)):
        with pytest.raises(Stop, match="does not open: wrong password"):
            load(home / name, PASSWORD + " ")


def test_made_secret__with_another_members_keys__stays_shut(made: dict[str, Any]) -> None:
    first, second = homes(made)
    keys = NodeKeys.load(second / IDENTITY_FILE, PASSWORD)
    with pytest.raises(Stop, match="is not for this node"):
        load_secret(first / SECRET_FILE, keys)


# --------------------------------------------------------------------------------------- happy


def test_made_files__of_every_member__are_for_their_owner_only(made: dict[str, Any]) -> None:
    folder = Path(made["committeeFile"]).parent
    assert sorted(each.name for each in folder.iterdir()) == ["committee.json", "node-1", "node-2"]
    for home in homes(made):
        assert mode(home) == 0o700
        assert sorted(each.name for each in home.iterdir()) == sorted(
            (IDENTITY_FILE, SIGNER_FILE, SECRET_FILE, MEMBER_FILE, SIGNED_LOG)
        )
        assert {mode(each) for each in home.iterdir()} == {0o600}


def test_made_members__each__open_the_same_secret_that_the_committee_names(made: dict[str, Any]) -> None:
    found = committee(made)
    opened = []
    for index, home in enumerate(homes(made)):
        keys = NodeKeys.load(home / IDENTITY_FILE, PASSWORD)
        assert keys.identity_key == found.identity_keys[index]
        assert KeySigner.load(home / SIGNER_FILE, PASSWORD).address == found.members[index]
        opened.append(load_secret(home / SECRET_FILE, keys))
    ((epoch, secret),) = set(opened)
    assert epoch == 1
    assert secret_hash(secret) == found.secret_hash


def test_make_committee__what_it_returns__is_plain_and_holds_no_secret(made: dict[str, Any]) -> None:
    home = homes(made)[0]
    keys = NodeKeys.load(home / IDENTITY_FILE, PASSWORD)
    key = Account.decrypt((home / SIGNER_FILE).read_text(), PASSWORD)
    _, secret = load_secret(home / SECRET_FILE, keys)
    told = json.dumps(made)
    for hidden in (secret.hex(), bytes(key).hex(), PASSWORD):
        assert hidden not in told
    assert from_json({name: made[name] for name in ("members", "identityKeys", "quorum", "secretHash")}) == (
        committee(made)
    )
    assert "never backed up" in made["backUp"]


@pytest.mark.parametrize(("members", "quorum", "expected"), [(2, None, 2), (2, 1, 1), (1, None, 1)])
def test_make_committee__quorum_given_or_not__is_it_or_the_default(
    tmp_path: Path, members: int, quorum: int | None, expected: int
) -> None:
    made = make_committee(tmp_path, members, quorum, PASSWORD, quick=True)
    assert committee(made).quorum == made["quorum"] == expected
    assert default_quorum(members) >= expected


def test_make_committee__twice__makes_other_keys_and_another_secret(
    made: dict[str, Any], tmp_path: Path
) -> None:
    again = make_committee(tmp_path, MEMBERS, None, PASSWORD, quick=True)
    for name in ("members", "identityKeys"):
        assert not set(made[name]) & set(again[name])
    assert made["secretHash"] != again["secretHash"]


def test_make_committee__what_it_says_of_its_files__is_all_of_them_and_only_public_ones_leave(
    made: dict[str, Any],
) -> None:
    told = {row["file"]: row for row in made["files"]}
    assert set(told) == {each.name for each in homes(made)[0].iterdir()}
    assert [name for name, row in told.items() if row["leaves"] != "never"] == ["member.json"]
    assert {name for name, row in told.items() if row["backUp"] == "never"} == {SECRET_FILE, "signed.sqlite"}


# ------------------------------------------------------------------------------------ rotation


@pytest.mark.parametrize("content", [b"", b"{}", b'{"address":"0x12","identityKey":"0x34"}', b"[" * 9_000])
def test_read_member__no_such_file_content__is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / MEMBER_FILE).write_bytes(content)
    with pytest.raises(Stop, match=r"member\.json"):
        read_member(tmp_path / MEMBER_FILE)
    with pytest.raises(Stop, match=r"No such file.*`init` writes member\.json"):
        read_member(tmp_path / "absent")


def test_make_rotation__one_member_twice__is_refused_before_any_file(
    made: dict[str, Any], tmp_path: Path
) -> None:
    home = homes(made)[0]
    keys, twice = NodeKeys.load(home / IDENTITY_FILE, PASSWORD), [home / MEMBER_FILE] * 2
    with pytest.raises(Stop, match="members 0 and 1 share the address"):
        make_rotation(home, keys, twice, 5, None, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert not (home / "secrets").exists()


def test_make_rotation__dealt__each_member_opens_its_own_box_and_no_other(
    made: dict[str, Any], tmp_path: Path
) -> None:
    first, second = homes(made)
    keys = NodeKeys.load(first / IDENTITY_FILE, PASSWORD)
    files = [home / MEMBER_FILE for home in (second, first)]
    told = make_rotation(tmp_path, keys, files, 5, None, tmp_path / "out")
    named = bytes.fromhex(told["secretHash"][2:])
    boxes = [Path(each).read_bytes() for each in told["secrets"]]
    both = [NodeKeys.load(home / IDENTITY_FILE, PASSWORD) for home in (second, first)]
    opened = {open_secret(box, own) for box, own in zip(boxes, both, strict=True)}
    ((epoch, secret),) = opened
    assert (epoch, secret_hash(secret)) == (5, named)
    with pytest.raises(Stop):
        open_secret(boxes[0], both[1])
    assert Secrets(tmp_path, keys).held(named) == (5, secret)
    assert secret.hex() not in json.dumps(told)


def test_make_rotation__calldata__schedules_what_the_committee_file_says(
    made: dict[str, Any], tmp_path: Path
) -> None:
    first, second = homes(made)
    keys = NodeKeys.load(first / IDENTITY_FILE, PASSWORD)
    told = make_rotation(tmp_path, keys, [second / MEMBER_FILE], 9, None, tmp_path / "out")
    signature = load_abi("CreditOracle").functions["scheduleCommittee"]
    call = bytes.fromhex(told["calldata"][2:])
    (members, identity_keys, quorum, secret), from_epoch = decode(signature.inputs, call[4:])
    assert (call[:4], from_epoch, quorum) == (signature.id, 9, 1)
    assert members == (told["members"][0],)
    assert ["0x" + key.hex() for key in identity_keys] == told["identityKeys"]
    assert "0x" + secret.hex() == told["secretHash"]
    assert not (tmp_path / "secrets").exists(), "a dealer that is no member keeps nothing"
    written = json.loads((tmp_path / "out" / "committee.json").read_bytes())
    assert from_json(written) == from_json({name: told[name] for name in written})
