"""Signatures read back from calldata, of a committee with real keys."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger_reader.errors import Stop
from ledger_reader.rpc import Rpc
from oracle.auditing.publication import Publication, decode_publication, faults
from oracle.committee import Committee
from oracle.contract import CreditOracle
from oracle.keys import KeySigner, to_compact
from tests.oracle.test_contract import ADDRESS, REPORT

SIGNERS = [KeySigner(bytes(31) + bytes([number])) for number in range(1, 5)]
COMMITTEE = Committee(
    tuple(each.address for each in SIGNERS), tuple(bytes([n]) * 32 for n in range(1, 5)), 3, b"\x09" * 32
)
DIGEST = b"\x42" * 32
SIGNATURES = tuple(to_compact(each.sign_digest(DIGEST)) for each in SIGNERS)
SOUND = Publication(REPORT, 0b1011, (SIGNATURES[0], SIGNATURES[1], SIGNATURES[3]))
HERE = "0x" + ADDRESS.hex()


@pytest.fixture(scope="module")
def oracle() -> Iterator[CreditOracle]:
    with Rpc("http://127.0.0.1:1") as rpc:
        yield CreditOracle(rpc, ADDRESS)


def calldata(oracle: CreditOracle, found: Publication) -> str:
    pairs = [(each[:32], each[32:]) for each in found.signatures]
    return "0x" + oracle.call_data("publish", found.report.values(), found.mask, pairs).hex()


# ------------------------------------------------------------------------------------ refusals


def test_decode__another_contract_function_or_no_function__stops(oracle: CreditOracle) -> None:
    sound = calldata(oracle, SOUND)
    other = "0x" + oracle.call_data("modelAt", 3).hex()
    for to, sent in (
        ("0x" + "00" * 20, sound),
        ("None", sound),
        (HERE, other),
        (HERE, "0x"),
        (HERE, sound[:-64]),
        (HERE, sound[:-1]),
        (HERE, sound[:10] + "zz" + sound[12:]),
        (HERE, sound + "00" * 2**17),
    ):
        with pytest.raises(Stop, match="is no plain call of publish"):
            decode_publication(oracle, "0xabc", to, sent)


@given(st.binary(max_size=900))
def test_decode__any_bytes__stops_and_never_crashes(content: bytes) -> None:
    with Rpc("http://127.0.0.1:1") as rpc:
        found = CreditOracle(rpc, ADDRESS)
        with pytest.raises(Stop):
            decode_publication(
                found, "0xabc", HERE, "0x" + found.abi.functions["publish"].id.hex() + content.hex()
            )


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (replace(SOUND, mask=0b11011), "names members beyond the 4"),
        (Publication(REPORT, 0b0011, SIGNATURES[:2]), "2 members are named, the quorum is 3"),
        (replace(SOUND, signatures=SIGNATURES[:2]), "3 members are named beside 2 signatures"),
        (replace(SOUND, signatures=(SIGNATURES[0],) * 3), "member 1 is 0x"),
        (replace(SOUND, signatures=SIGNATURES[:3]), "member 3 is 0x"),
        (replace(SOUND, signatures=(bytes(64), *SOUND.signatures[1:])), "member 0's signature: "),
        (replace(SOUND, mask=0b0111), "member 2 is 0x"),
    ],
)
def test_faults__anything_that_is_no_quorum__is_named(found: Publication, sentence: str) -> None:
    assert sentence in faults(found, COMMITTEE, DIGEST)[0]


def test_faults__of_another_digest__every_signature_is_anothers() -> None:
    assert len(faults(SOUND, COMMITTEE, b"\x43" * 32)) == 3


# ---------------------------------------------------------------------------------------- sound


def test_decode__as_a_wallet_sends_it__is_the_publication(oracle: CreditOracle) -> None:
    assert (
        decode_publication(oracle, "0xabc", HERE.upper().replace("X", "x"), calldata(oracle, SOUND)) == SOUND
    )


def test_faults__of_a_quorum__are_none() -> None:
    assert faults(SOUND, COMMITTEE, DIGEST) == []
