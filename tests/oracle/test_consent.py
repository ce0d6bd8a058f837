from typing import Any

import pytest
from eth_account.messages import _hash_eip191_message, encode_typed_data
from hypothesis import given
from hypothesis import strategies as st

from ledger_reader.errors import Stop
from oracle.consent import (
    CLOCK_SKEW,
    MAX_COUNT,
    MAX_SECONDS,
    NOBODY,
    PURPOSES,
    Consent,
    ReadRequest,
    check_consent,
    check_request,
    check_what,
    consent_digest,
    request_digest,
    typed_data,
)
from oracle.epoch import Deployment

NOW = 1_790_000_000
BORROWER, READER = b"\x11" * 20, b"\x22" * 20
HERE = Deployment(31_337, b"\x33" * 20)

addresses = st.binary(min_size=20, max_size=20)
words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=80)
consents = st.builds(
    Consent,
    borrower=addresses,
    reader=addresses,
    reader_name=words,
    what=words,
    purpose=words,
    threshold=st.integers(0, 2**16 - 1),
    not_after=st.integers(0, 2**64 - 1),
    count=st.integers(0, 2**32 - 1),
    nonce=st.integers(0, 2**256 - 1),
)
requests = st.builds(
    ReadRequest,
    borrower=addresses,
    reader=addresses,
    what=words,
    purpose=words,
    threshold=st.integers(0, 2**16 - 1),
    time=st.integers(0, 2**64 - 1),
    nonce=st.integers(0, 2**256 - 1),
)
deployments = st.builds(Deployment, st.integers(1, 2**63 - 1), addresses)


def good(**changed: Any) -> Consent:
    values: dict[str, Any] = {
        "borrower": BORROWER,
        "reader": READER,
        "reader_name": "Corner Lending",
        "what": "at least 650",
        "purpose": PURPOSES[0],
        "threshold": 650,
        "not_after": NOW + 3_600,
        "count": 1,
        "nonce": 7,
    }
    return Consent(**values | changed)


# ---------------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"borrower": READER}, "another account"),
        ({"reader": NOBODY}, "names no reader"),
        ({"what": "public", "threshold": 0}, "names no reader"),
        ({"what": "everything", "threshold": 0}, "cannot be read"),
        ({"what": "at least 655", "threshold": 655}, "cannot be proved"),
        ({"what": "at least 300", "threshold": 300}, "cannot be proved"),
        ({"threshold": 640}, "must be the same"),
        ({"what": "band"}, "means nothing"),
        ({"purpose": "marketing"}, "is none of"),
        ({"purpose": PURPOSES[-1]}, "is none of"),
        ({"reader_name": ""}, "text of 1 to 80"),
        ({"reader_name": "x" * 81}, "text of 1 to 80"),
        ({"reader_name": "Corner\u202egnidneL"}, "cannot be shown"),
        ({"count": 0}, "count must be"),
        ({"count": MAX_COUNT + 1}, "count must be"),
        ({"not_after": NOW}, "in the future"),
        ({"not_after": NOW + MAX_SECONDS + 1}, "within a year"),
    ],
)
def test_check_consent__not_a_good_one__is_refused(changed: dict[str, Any], why: str) -> None:
    with pytest.raises(Stop, match=why):
        check_consent(good(**changed), BORROWER, NOW)


def test_check_consent__a_good_one__passes() -> None:
    check_consent(good(), BORROWER, NOW)
    check_consent(good(what="public", threshold=0, reader=NOBODY, purpose=PURPOSES[-1]), BORROWER, NOW)


@pytest.mark.parametrize("skew", [CLOCK_SKEW + 1, -CLOCK_SKEW - 1])
def test_check_request__clock_off__is_refused(skew: int) -> None:
    request = ReadRequest(BORROWER, READER, "band", PURPOSES[0], 0, NOW + skew, 1)
    with pytest.raises(Stop, match="set the clock"):
        check_request(request, NOW)


@pytest.mark.parametrize("skew", [CLOCK_SKEW, 0, -CLOCK_SKEW])
def test_check_request__clock_near_enough__passes(skew: int) -> None:
    check_request(ReadRequest(BORROWER, READER, "band", PURPOSES[0], 0, NOW + skew, 1), NOW)


@given(st.text(max_size=30), st.integers(0, 2**16))
def test_check_what__any_words__are_refused_or_say_their_threshold(what: str, threshold: int) -> None:
    try:
        check_what(what, threshold)
    except Stop:
        return
    assert what in ("public", "band", "score", "report", f"at least {threshold}")


# --------------------------------------------------------------------------------------------- what is signed


@given(st.one_of(consents, requests), deployments)
def test_digest__of_anything__is_what_a_wallet_signs(asked: Consent | ReadRequest, where: Deployment) -> None:
    ours = consent_digest(asked, where) if isinstance(asked, Consent) else request_digest(asked, where)
    assert ours == _hash_eip191_message(encode_typed_data(full_message=typed_data(asked, where)))


@given(consents, st.data())
def test_digest__one_field_changed__is_another(asked: Consent, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(asked.__slots__))
    other = getattr(data.draw(consents.filter(lambda o: getattr(o, name) != getattr(asked, name))), name)
    changed = Consent(**{each: getattr(asked, each) for each in asked.__slots__} | {name: other})
    assert consent_digest(changed, HERE) != consent_digest(asked, HERE)


def test_digest__elsewhere__is_another() -> None:
    digests = {
        consent_digest(good(), where)
        for where in (HERE, Deployment(1, HERE.contract), Deployment(HERE.chain_id, b"\x34" * 20))
    }
    assert len(digests) == 3
