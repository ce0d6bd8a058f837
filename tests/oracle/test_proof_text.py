"""Proofs as short texts: one proof, one text; what is cut off or altered is no proof."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger_reader.errors import Stop
from oracle.proof_text import (
    MAX_CHARACTERS,
    PREFIX,
    from_base45,
    proof_of,
    read_proof,
    to_base45,
    write_proof,
)
from oracle.tree import AtLeastProof, ScoreProof, to_json, verify_at_least
from tests.oracle.conftest import MEI, Kept

HASHES = st.binary(min_size=32, max_size=32)
PATHS = st.lists(HASHES, max_size=32).map(tuple)
EPOCHS, BYTES, SHORTS = (st.integers(0, 2**bits - 1) for bits in (64, 8, 16))
PROOFS = st.builds(AtLeastProof, EPOCHS, BYTES, SHORTS, HASHES, HASHES, PATHS) | st.builds(
    ScoreProof, EPOCHS, BYTES, SHORTS, SHORTS, HASHES, HASHES, HASHES, PATHS
)
CODEWORDS_19_L = 795
"""Bytes of data in a QR code of version 19 with the least correction (ISO/IEC 18004)."""

DEEP = AtLeastProof(2**64 - 1, 1, 850, b"\xff" * 32, b"\xff" * 32, (b"\xff" * 32,) * 20)


@given(account=st.binary(min_size=20, max_size=20), proof=PROOFS)
def test_text__of_any_proof__reads_back_and_survives_trimming(
    account: bytes, proof: AtLeastProof | ScoreProof
) -> None:
    text = write_proof(account, proof)
    assert text == text.strip()
    assert read_proof(text) == (account, proof)


@pytest.mark.parametrize(
    ("raw", "text"), [(b"AB", "BB8"), (b"Hello!!", "%69 VD92EX0"), (b"base-45", "UJCLQE7W581")]
)
def test_base45__of_the_standards_examples__is_theirs(raw: bytes, text: str) -> None:
    assert (to_base45(raw), from_base45(text)) == (text, raw)


def test_text__of_a_million_borrowers__fits_qr_version_19_l() -> None:
    text = write_proof(b"\xff" * 20, DEEP)
    bits = 4 + 11 + 11 * (len(text) // 2) + 6 * (len(text) % 2)
    assert bits <= 8 * CODEWORDS_19_L
    assert len(text) == 1_108 < MAX_CHARACTERS


@given(cut=st.integers(0, 1_107))
def test_text__cut_off__is_no_proof_or_another_path(cut: int) -> None:
    """Whole nodes missing leave a proof that leads to no root: that is for the root to say."""
    try:
        _, found = read_proof(write_proof(MEI, DEEP)[:cut])
    except Stop:
        return
    assert isinstance(found, AtLeastProof)
    assert replace(found, path=DEEP.path) == DEEP
    assert len(found.path) < len(DEEP.path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "begins with CP1:"),
        ("cp1:00", "begins with CP1:"),
        (PREFIX + "0" * MAX_CHARACTERS, "at most 2048"),
        (PREFIX, "of no kind"),
        (PREFIX + "30", "of no kind"),
        (PREFIX + "20", "cut off"),
        (PREFIX + "10", "cut off"),
        (PREFIX + "1", "altered at '1'"),
        (PREFIX + ":::", "altered at ':::'"),
        (PREFIX + "::", "altered at '::'"),
        (PREFIX + "a0", "altered at 'a0'"),
        (PREFIX + "中0", "altered at '中0'"),
    ],
)
def test_text__that_is_no_proof__is_refused_in_one_sentence(text: str, says: str) -> None:
    with pytest.raises(Stop, match=says):
        read_proof(text)


def test_text__of_a_real_proof__convinces_as_its_json_does(kept: Kept) -> None:
    proof = kept.tree.at_least_proof(kept.tree.index_of(MEI), 700)
    account, found = read_proof(write_proof(MEI, proof))
    assert isinstance(found, AtLeastProof)
    verify_at_least(kept.report.root, account, found)
    assert proof_of({"kind": "atLeast", "text": "ignored", **to_json(proof)}) == found
