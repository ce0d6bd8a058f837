import json
import os
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from hypothesis import given
from hypothesis import strategies as st

from ledger_reader.errors import Retry, Stop
from oracle import committee, keys, report
from oracle.epoch import Deployment
from oracle.keys import Cost, KeySigner, NodeKeys, SignedLog

GOLDEN = Path(__file__).parents[1] / "golden" / "commitment.json"
CHEAP = Cost(passes=1, memory_bytes=8192, scrypt_n=2)
SEED, KEY = b"\5" * 32, b"\6" * 32
HOME = Deployment(31337, b"\1" * 20)
PASSWORD = "correct horse 电池"


def node_file(folder: Path) -> Path:
    path = folder / "node.json"
    NodeKeys(SEED).save(path, PASSWORD, CHEAP)
    return path


def keystore(folder: Path) -> Path:
    path = folder / "signer.json"
    KeySigner(KEY).save(path, PASSWORD, CHEAP)
    return path


def rewrite(path: Path, **changes: Any) -> None:
    plain = json.loads(path.read_text())
    plain.update(changes)
    path.write_text(json.dumps(plain))


def golden_report() -> report.EpochReport:
    found = json.loads(GOLDEN.read_text())["report"]
    return report.from_json({name: found[name] for name, _ in report.TYPE})


# ----------------------------------------------------------------------------------- key files


def test_load__with_a_wrong_password__stops(tmp_path: Path) -> None:
    for load, path in ((NodeKeys.load, node_file(tmp_path)), (KeySigner.load, keystore(tmp_path))):
        with pytest.raises(Stop, match="does not open: wrong password, or the file is damaged") as caught:
            load(path, "wrong")
        assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666, 0o610])
def test_load__file_that_others_can_reach__stops(tmp_path: Path, mode: int) -> None:
    for load, path in ((NodeKeys.load, node_file(tmp_path)), (KeySigner.load, keystore(tmp_path))):
        path.chmod(mode)
        with pytest.raises(Stop, match=rf"mode {mode:o}\): run chmod 600"):
            load(path, PASSWORD)


def test_load__missing_file__stops(tmp_path: Path) -> None:
    for load in (NodeKeys.load, KeySigner.load):
        with pytest.raises(Stop, match="No such file"):
            load(tmp_path / "none.json", PASSWORD)


def test_load__file_too_large__stops(tmp_path: Path) -> None:
    path = node_file(tmp_path)
    path.write_bytes(b" " * (keys.MAX_FILE_BYTES + 1))
    with pytest.raises(Stop, match="is no key file"):
        NodeKeys.load(path, PASSWORD)


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", '{"version": 3}', '{"crypto": 5, "version": 3}', '{"version": 9}']
)
def test_load__file_of_another_form__stops(tmp_path: Path, content: str) -> None:
    for load, path in ((NodeKeys.load, node_file(tmp_path)), (KeySigner.load, keystore(tmp_path))):
        path.write_text(content)
        with pytest.raises(Stop):
            load(path, PASSWORD)


@pytest.mark.parametrize("position", [2, 60, -1])
def test_load_node_keys__box_tampered_with__stops(tmp_path: Path, position: int) -> None:
    path = node_file(tmp_path)
    box = list(json.loads(path.read_text())["box"])
    box[position] = "0" if box[position] != "0" else "1"
    rewrite(path, box="".join(box))
    with pytest.raises(Stop, match="does not open"):
        NodeKeys.load(path, PASSWORD)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("passes", 0),
        ("passes", 10**6),
        ("memoryBytes", 2**40),
        ("memoryBytes", 1),
        ("salt", "0x00"),
        ("salt", 7),
    ],
)
def test_load_node_keys__costs_tampered_with__stops_before_deriving(
    tmp_path: Path, name: str, value: object
) -> None:
    path = node_file(tmp_path)
    costs = json.loads(path.read_text())["argon2id"]
    rewrite(path, argon2id={**costs, name: value})
    with pytest.raises(Stop, match=name):
        NodeKeys.load(path, PASSWORD)


def test_load_node_keys__another_identity_written_in_clear__stops(tmp_path: Path) -> None:
    path = node_file(tmp_path)
    rewrite(path, identityKey="0x" + "ab" * 32)
    with pytest.raises(Stop, match="identity key that is not its own"):
        NodeKeys.load(path, PASSWORD)


def test_load_keystore__ciphertext_tampered_with__stops(tmp_path: Path) -> None:
    path = keystore(tmp_path)
    crypto = json.loads(path.read_text())["crypto"]
    rewrite(path, crypto={**crypto, "ciphertext": "00" * 32})
    with pytest.raises(Stop, match="does not open"):
        KeySigner.load(path, PASSWORD)


def test_save__over_an_existing_file__stops_and_leaves_it(tmp_path: Path) -> None:
    path = node_file(tmp_path)
    before = path.read_bytes()
    with pytest.raises(Stop, match="exists and is not overwritten"):
        NodeKeys.generate().save(path, PASSWORD, CHEAP)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_save__into_a_folder_that_is_not_there__stops(tmp_path: Path) -> None:
    with pytest.raises(Stop, match="cannot be written"):
        NodeKeys(SEED).save(tmp_path / "none" / "node.json", PASSWORD, CHEAP)


def test_key_files__saved__open_again_and_are_private(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        node, signer = node_file(tmp_path), keystore(tmp_path)
    finally:
        os.umask(old)
    assert NodeKeys.load(node, PASSWORD).identity_key == NodeKeys(SEED).identity_key
    assert KeySigner.load(signer, PASSWORD).address == KeySigner(KEY).address
    assert {path.stat().st_mode & 0o777 for path in (node, signer)} == {0o600}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["node.json", "signer.json"]
    for path, secret in ((node, SEED), (signer, KEY)):
        assert secret.hex() not in path.read_text()


def test_keystore__by_other_software__opens(tmp_path: Path) -> None:
    path = tmp_path / "geth.json"
    path.write_text(json.dumps(Account.encrypt(KEY, PASSWORD, kdf="pbkdf2", iterations=2)))
    path.chmod(0o600)
    assert KeySigner.load(path, PASSWORD).address == KeySigner(KEY).address


def test_keys__printed__show_no_secret() -> None:
    shown = repr([NodeKeys(SEED), KeySigner(KEY)]) + str(vars(NodeKeys(SEED))) + str(vars(KeySigner(KEY)))
    for secret in (SEED, KEY):
        assert secret.hex() not in shown
        assert repr(secret)[2:-1] not in shown


def test_generate__twice__gives_different_keys() -> None:
    assert NodeKeys.generate().identity_key != NodeKeys.generate().identity_key
    assert KeySigner.generate().address != KeySigner.generate().address


# ---------------------------------------------------------------------------------- signatures


@pytest.mark.parametrize(
    "signature", [b"", bytes(64), bytes(65), bytes(64) + b"\2", bytes(32) + b"\xff" * 32 + b"\x1b"]
)
def test_to_compact__what_is_no_signature__stops(signature: bytes) -> None:
    with pytest.raises(Stop, match="check the signer"):
        keys.to_compact(signature)


@given(st.binary(min_size=32, max_size=32))
def test_sign_digest__any_digest__is_compact_and_recovers_to_the_signer(digest: bytes) -> None:
    signer = KeySigner(KEY)
    compact = keys.to_compact(signer.sign_digest(digest))
    assert len(compact) == 64
    assert committee.recover(digest, compact) == signer.address


def test_node_keys__sign__a_message_verifies_under_the_identity_key() -> None:
    found = NodeKeys(SEED)
    assert committee.identity_signed(found.identity_key, b"message", found.sign(b"message"))
    assert not committee.identity_signed(found.identity_key, b"massage", found.sign(b"message"))


# ------------------------------------------------------------------------------ sealed secrets


def test_open_secret__sealed_to_another__stops() -> None:
    box = keys.seal_secret(3, b"k" * 32, NodeKeys(KEY).identity_key)
    with pytest.raises(Stop, match="is not for this node"):
        keys.open_secret(box, NodeKeys(SEED))


@given(st.integers(0, 87), st.integers(1, 255))
def test_open_secret__altered_anywhere__stops(position: int, flip: int) -> None:
    box = bytearray(keys.seal_secret(3, b"k" * 32, NodeKeys(SEED).identity_key))
    box[position] ^= flip
    # The highest bit of an X25519 point is ignored by definition (RFC 7748), but it is hashed into the nonce.
    with pytest.raises(Stop, match="was altered"):
        keys.open_secret(bytes(box), NodeKeys(SEED))


def test_open_secret__box_of_something_else__stops(tmp_path: Path) -> None:
    from nacl.public import SealedBox
    from nacl.signing import SigningKey

    box = SealedBox(SigningKey(SEED).verify_key.to_curve25519_public_key()).encrypt(b"hello")
    with pytest.raises(Stop, match="holds no committee secret"):
        keys.open_secret(box, NodeKeys(SEED))


def test_seal_secret__of_another_length__is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes, got 31"):
        keys.seal_secret(3, b"k" * 31, NodeKeys(SEED).identity_key)


@given(st.integers(0, 2**63), st.binary(min_size=32, max_size=32))
def test_secret__sealed_to_a_member__opens_to_epoch_and_secret(epoch: int, secret: bytes) -> None:
    found = NodeKeys(SEED)
    assert keys.open_secret(keys.seal_secret(epoch, secret, found.identity_key), found) == (epoch, secret)


def test_secret_file__saved_again__holds_only_the_later_secret(tmp_path: Path) -> None:
    path, found = tmp_path / "secret.box", NodeKeys(SEED)
    keys.save_secret(path, 3, b"k" * 32, found)
    keys.save_secret(path, 4, b"l" * 32, found)
    assert keys.load_secret(path, found) == (4, b"l" * 32)
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_load_secret__readable_by_others__stops(tmp_path: Path) -> None:
    path, found = tmp_path / "secret.box", NodeKeys(SEED)
    keys.save_secret(path, 3, b"k" * 32, found)
    path.chmod(0o644)
    with pytest.raises(Stop, match="chmod 600"):
        keys.load_secret(path, found)


def test_write_durably__leftover_of_a_crash__is_replaced(tmp_path: Path) -> None:
    leftover = tmp_path / f".file.{os.getpid()}.tmp"
    leftover.write_bytes(b"half a fi")
    keys.write_durably(tmp_path / "file", b"whole", replace=True)
    assert (tmp_path / "file").read_bytes() == b"whole"
    assert not leftover.exists()


# ----------------------------------------------------------------------------- what was signed


def test_record__second_digest_for_an_epoch__stops(tmp_path: Path) -> None:
    with SignedLog(tmp_path / "signed.sqlite") as log:
        log.record(HOME, 7, b"a" * 32)
        with pytest.raises(Stop, match=rf"signed 0x{'61' * 32} for epoch 7 .* never signs a second"):
            log.record(HOME, 7, b"b" * 32)
        assert log.digest_of(HOME, 7) == b"a" * 32


def test_record__second_digest_after_a_restart__stops(tmp_path: Path) -> None:
    path = tmp_path / "signed.sqlite"
    with SignedLog(path) as log:
        log.record(HOME, 7, b"a" * 32)
    with SignedLog(path) as log, pytest.raises(Stop, match="never signs a second digest"):
        log.record(HOME, 7, b"b" * 32)


def test_record__second_digest_by_another_process_on_the_same_file__stops(tmp_path: Path) -> None:
    path = tmp_path / "signed.sqlite"
    with SignedLog(path) as one, SignedLog(path) as other:
        one.record(HOME, 7, b"a" * 32)
        with pytest.raises(Stop, match="never signs a second digest"):
            other.record(HOME, 7, b"b" * 32)


def test_signed_log__damaged_file__stops(tmp_path: Path) -> None:
    path = tmp_path / "signed.sqlite"
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(Stop, match="is damaged"):
        SignedLog(path)


def test_signed_log__in_a_folder_that_is_not_there__stops(tmp_path: Path) -> None:
    with pytest.raises(Stop, match="choose a folder"):
        SignedLog(tmp_path / "none" / "signed.sqlite")


def test_record__while_another_holds_the_file__asks_to_wait(tmp_path: Path) -> None:
    path = tmp_path / "signed.sqlite"
    with SignedLog(path, wait_seconds=0.01) as log:
        holder = sqlite3.connect(path, isolation_level=None)
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(Retry, match="cannot be used now"):
            log.record(HOME, 7, b"a" * 32)
        holder.close()
        log.record(HOME, 7, b"a" * 32)


def test_record__same_digest_other_epochs_and_deployments__is_fine(tmp_path: Path) -> None:
    elsewhere = replace(HOME, chain_id=1)
    with SignedLog(tmp_path / "signed.sqlite") as log:
        assert log.latest_epoch(HOME) == 0
        assert log.digest_of(HOME, 7) is None
        for where, epoch, digest in ((HOME, 7, b"a"), (HOME, 7, b"a"), (HOME, 5, b"b"), (elsewhere, 7, b"c")):
            log.record(where, epoch, digest * 32)
        assert log.latest_epoch(HOME) == 7
        assert log.digest_of(elsewhere, 7) == b"c" * 32
    assert (tmp_path / "signed.sqlite").stat().st_mode & 0o777 == 0o600


class Watcher:
    """A signer that says what the log held when it was asked to sign."""

    def __init__(self, log: SignedLog) -> None:
        self.log, self.signer = log, KeySigner(KEY)
        self.seen: list[bytes | None] = []

    @property
    def address(self) -> bytes:
        return self.signer.address

    def sign_report(self, found: report.EpochReport, deployment: Deployment) -> bytes:
        self.seen.append(self.log.digest_of(HOME, golden_report().epoch))
        return self.signer.sign_report(found, deployment)


class OtherKey(KeySigner):
    """A signer that says it holds one key and signs with another."""

    @property
    def address(self) -> bytes:
        return KeySigner(b"\7" * 32).address


def test_attest__a_signature_of_another_key__never_leaves_the_node(tmp_path: Path) -> None:
    with (
        SignedLog(tmp_path / "signed.sqlite") as log,
        pytest.raises(Stop, match=r"epoch \d+ is not that of 0x[0-9a-f]{40}: nothing was sent"),
    ):
        keys.attest(golden_report(), HOME, NodeKeys(SEED), OtherKey(KEY), log)


def test_attest__a_report__is_recorded_before_it_is_signed(tmp_path: Path) -> None:
    found, digest = golden_report(), report.digest(golden_report(), HOME)
    with SignedLog(tmp_path / "signed.sqlite") as log:
        watcher = Watcher(log)
        attestation = keys.attest(found, HOME, NodeKeys(SEED), watcher, log)
        assert watcher.seen == [digest]
        assert committee.recover(digest, attestation.signature) == watcher.address
        identity = NodeKeys(SEED).identity_key
        assert committee.identity_signed(identity, digest, attestation.identity_signature)
        with pytest.raises(Stop, match="never signs a second digest"):
            keys.attest(replace(found, root=bytes(32)), HOME, NodeKeys(SEED), watcher, log)
        assert len(watcher.seen) == 1


@pytest.mark.parametrize("key", [b"\6" * 31, b"\6" * 33, bytes(32), b"\xff" * 32])
def test_key_signer__of_what_is_no_private_key__is_refused(key: bytes) -> None:
    with pytest.raises(ValueError, match=r"32 bytes, got 3|Secret scalar"):
        KeySigner(key)
