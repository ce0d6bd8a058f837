from __future__ import annotations

import hashlib
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.signing import SigningKey

from ledger_reader.errors import Stop
from ledger_reader.sources import ChainSources, Source
from models import manifest as manifests
from models import plain, registry
from models import scorecard as scorecards
from models.features.catalogue import feature_set_version
from models.manifest import Manifest
from models.registry import Bundle, pack, unpack
from models.rules import Rule
from models.schedule import Schedule
from models.scorecard import Scorecard, scorecard_id
from models.segment import Segment, Term


class Key:
    """A signer with a key of a fixed seed."""

    def __init__(self, seed: int) -> None:
        self.key = SigningKey(bytes([seed]) * 32)

    @property
    def identity_key(self) -> bytes:
        return bytes(self.key.verify_key)

    def sign(self, message: bytes) -> bytes:
        return self.key.sign(message).signature


OURS, STRANGER = Key(1), Key(2)
KNOWN = frozenset({OURS.identity_key})
TERM = Term(("loans_late",), ((1,),), (0, 20, -40))
CARD = Scorecard(
    "small",
    ("loans_late",),
    (Rule("borrower", "scored", (("loans_late", ">=", 0),)),),
    {"borrower": Segment(600, (TERM,), ((300, 900),), (50,) * 10)},
)
SOURCES = (ChainSources(1, (Source("credit_oracle", b"\x01" * 20, 1),), ()),)
MANIFEST = Manifest(
    scorecard_id(CARD),
    feature_set_version(),
    SOURCES,
    "enrolled",
    Schedule(1, b"\x01" * 20, 0, 60),
    (1,) * 10,
)
FACTS = {"evaluation": {"all": {"auc": {"value": 0.71}}}, "words": "逾期"}
BUNDLE = Bundle(OURS.identity_key, MANIFEST, CARD, FACTS, b"# card\n", b"<p>card</p>", b"not opened here")
PACKED = pack(BUNDLE, OURS)
HEADER_AT = len(registry.MAGIC) + 4


def _header_length() -> int:
    return int.from_bytes(PACKED[HEADER_AT - 4 : HEADER_AT], "big")


def _resigned(change: Any, by: Key = OURS, body: bytes | None = None) -> bytes:
    """The bundle with another header, signed anew: what a signer in error or in bad faith could make."""
    end = HEADER_AT + _header_length()
    header = plain.write(change(plain.read(PACKED[HEADER_AT:end], "header")))
    rest = PACKED[end + 64 :] if body is None else body
    signature = by.sign(registry.DOMAIN + header)
    return registry.MAGIC + len(header).to_bytes(4, "big") + header + signature + rest


def test_unpack__when_any_bit_is_flipped__then_stop_and_nothing_else() -> None:
    for at in range(len(PACKED)):
        altered = bytearray(PACKED)
        altered[at] ^= 1 << (at % 8)
        with pytest.raises(Stop, match=r"^[^\n]{20,300}$"):
            unpack(bytes(altered), KNOWN, "m.bundle")


@given(st.integers(0, len(PACKED) - 1))
def test_unpack__when_it_is_cut_off_anywhere__then_stop(length: int) -> None:
    with pytest.raises(Stop, match=r"fetch it again|cut off"):
        unpack(PACKED[:length], KNOWN, "m.bundle")


@given(st.binary(max_size=400))
def test_unpack__when_it_is_any_bytes__then_stop(content: bytes) -> None:
    with pytest.raises(Stop):
        unpack(content, KNOWN, "m.bundle")
    with pytest.raises(Stop):
        unpack(registry.MAGIC + content, KNOWN, "m.bundle")


def test_unpack__when_bytes_stand_after_the_last_part__then_stop() -> None:
    with pytest.raises(Stop, match="1 bytes after its last part, which nobody signed"):
        unpack(PACKED + b"x", KNOWN, "m.bundle")


def test_unpack__when_a_stranger_signed__then_stop_names_the_stranger() -> None:
    with pytest.raises(Stop, match=f"signed by 0x{STRANGER.identity_key.hex()}, which is none of the keys"):
        unpack(pack(BUNDLE, STRANGER), KNOWN, "m.bundle")


def test_unpack__when_a_stranger_signs_in_our_name__then_stop() -> None:
    with pytest.raises(Stop, match="header or signature were altered"):
        unpack(_resigned(lambda top: top, by=STRANGER), KNOWN, "m.bundle")


def test_unpack__when_no_key_is_known__then_stop() -> None:
    with pytest.raises(Stop, match="none of the keys you trust"):
        unpack(PACKED, frozenset(), "m.bundle")


def test_unpack__when_it_names_another_than_who_signed__then_stop() -> None:
    other = "0x" + STRANGER.identity_key.hex()
    both = KNOWN | {STRANGER.identity_key}
    with pytest.raises(Stop, match="names another signer"):
        unpack(_resigned(lambda top: top | {"signer": other}), both, "m.bundle")


@pytest.mark.parametrize("by", [OURS, STRANGER])
def test_unpack__when_the_format_is_newer__then_stop_says_update(by: Key) -> None:
    sentence = "newer than the 1 that this version reads" if by is STRANGER else "the format of m.bundle"
    with pytest.raises(Stop, match=sentence):
        unpack(_resigned(lambda top: top | {"format": 2}, by), KNOWN, "m.bundle")


def test_unpack__when_the_header_is_huge__then_stop_before_it_is_read() -> None:
    with pytest.raises(Stop, match="announces a header of 4294967295 bytes"):
        unpack(registry.MAGIC + b"\xff" * 4 + b"x" * 100, KNOWN, "m.bundle")


def test_unpack__when_a_part_is_over_its_limit__then_stop_before_it_is_read() -> None:
    def larger(top: Any) -> Any:
        return top | {"parts": [[n, 2**40 if n == "pipeline" else size, d] for n, size, d in top["parts"]]}

    with pytest.raises(Stop, match=r"the length of pipeline in m.bundle must be an integer from 0"):
        unpack(_resigned(larger), KNOWN, "m.bundle")


def test_unpack__when_parts_are_missing_or_in_another_order__then_stop() -> None:
    for change in (
        lambda top: top | {"parts": top["parts"][:-1]},
        lambda top: top | {"parts": top["parts"][::-1]},
        lambda top: top | {"extra": 1},
    ):
        with pytest.raises(Stop):
            unpack(_resigned(change), KNOWN, "m.bundle")


def test_pack__when_the_manifest_names_another_scorecard__then_stop() -> None:
    wrong = replace(BUNDLE, manifest=replace(MANIFEST, scorecard=b"\x09" * 32))
    with pytest.raises(Stop, match="names the scorecard 0x0909"):
        pack(wrong, OURS)


def test_pack__when_a_part_is_too_large__then_stop() -> None:
    with pytest.raises(Stop, match=r"the part card.md has 1048577 bytes"):
        pack(replace(BUNDLE, card_markdown=b"x" * ((1 << 20) + 1)), OURS)


def test_unpack__when_the_features_are_of_another_version__then_stop_says_which() -> None:
    newer = replace(BUNDLE, manifest=replace(MANIFEST, feature_set=b"\x07" * 32))
    with pytest.raises(Stop, match=r"made for the feature set 0x0707.* install the version it was made with"):
        unpack(pack(newer, OURS), KNOWN, "m.bundle")


@pytest.mark.parametrize("facts", [b"[1]", b"{", b'{"a": ' + b"[" * 100_000])
def test_unpack__when_signed_facts_make_no_sense__then_stop(facts: bytes) -> None:
    def with_facts(top: Any) -> Any:
        digest = hashlib.sha256(facts).hexdigest()
        return top | {
            "parts": [[n, len(facts), digest] if n == "facts" else [n, s, d] for n, s, d in top["parts"]]
        }

    body = b"".join(facts if name == "facts" else part for name, part in registry._parts(BUNDLE).items())
    with pytest.raises(Stop, match="the bundle's facts"):
        unpack(_resigned(with_facts, body=body), KNOWN, "m.bundle")


class _Bomb:
    def __reduce__(self) -> Any:
        return (pytest.fail, ("the pickle was opened",))


def test_unpack__when_the_pipeline_is_a_hostile_pickle__then_it_is_not_opened() -> None:
    found = unpack(pack(replace(BUNDLE, pipeline=pickle.dumps(_Bomb())), OURS), KNOWN, "m.bundle")
    assert found.pipeline.startswith(b"\x80")


def test_save__when_the_file_exists__then_stop_and_it_stays(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "m.bundle"
    registry.save(BUNDLE, OURS, path)
    with pytest.raises(Stop, match="never overwritten"):
        registry.save(replace(BUNDLE, facts={}), OURS, path)
    assert registry.load(path, KNOWN) == BUNDLE


def test_load__when_there_is_no_file__then_stop(tmp_path: Path) -> None:
    with pytest.raises(Stop, match="name an existing bundle"):
        registry.load(tmp_path / "none.bundle", KNOWN)


def test_load__when_the_file_is_too_large__then_stop_without_reading_it_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "MAX_FILE", 100)
    path = tmp_path / "m.bundle"
    path.write_bytes(PACKED)
    with pytest.raises(Stop, match="larger than the 100 bytes"):
        registry.load(path, KNOWN)


def test_unpack__when_all_is_well__then_the_bundle_and_its_model_id() -> None:
    found = unpack(PACKED, KNOWN | {STRANGER.identity_key}, "m.bundle")
    assert found == BUNDLE
    assert pack(found, OURS) == PACKED


def test_import__of_the_registry__loads_no_training_code() -> None:
    script = "import sys, models.registry; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not {"sklearn", "joblib", "interpret", "pandas", "models.training"} & set(done.stdout.split())


def test_install__into_a_node_folder__is_what_the_bundle_held(tmp_path: Path) -> None:
    identity = registry.install(BUNDLE, tmp_path)
    assert identity == BUNDLE.model_id
    assert manifests.load(tmp_path, identity) == MANIFEST
    assert scorecards.load(tmp_path, MANIFEST.scorecard) == CARD
    assert registry.read_card(tmp_path, identity) == b"# card\n"
    assert registry.read_card(tmp_path, bytes(32)) is None


def test_install__where_it_cannot__says_so(tmp_path: Path) -> None:
    (tmp_path / "cards").write_text("in the way")
    with pytest.raises(Stop, match="cannot be written"):
        registry.install(BUNDLE, tmp_path)
