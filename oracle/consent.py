"""Consent: what a borrower signs to let one reader see one thing, and what that reader signs to see it; pure.

Rules that hold here: both are EIP-712 structs whose fields a wallet shows as words, under the domain
"Credit record", the oracle's chain and contract; one consent names one reader, one content, one purpose,
an end and a number of reads; a request repeats reader, content and purpose, so that a signature made for
one thing opens nothing else. "public" alone names no reader (address 0) and is not counted: anyone may
then have the score proved to a contract (EIP-3668). Field for field the same here, in the wallet and on
the page.
"""

import re
from dataclasses import dataclass, fields
from typing import Any

from ledger_reader.errors import Stop
from ledger_reader.keccak import keccak256
from models import plain
from oracle import sentences
from oracle.epoch import Deployment
from oracle.tree import check_threshold

DOMAIN_NAME, DOMAIN_VERSION = "Credit record", "1"
NOBODY = bytes(20)
"""The reader of a public consent."""

PUBLIC, BAND, SCORE, REPORT = "public", "band", "score", "report"
PURPOSES = (
    "loan application / 贷款申请",
    "trade credit / 商业赊销",
    "tenancy / 房屋租赁",
    "open to everyone / 对所有人公开",
)
"""What a record may be read for, in the words that the wallet shows; the last one is of `public` alone."""

MAX_SECONDS = 366 * 86_400
"""A consent ends at the latest so long after it is given."""

MAX_COUNT = 1_000
CLOCK_SKEW = 120
"""A request's time may be so many seconds from ours, either way."""

_AT_LEAST = re.compile(r"at least ([0-9]{3})")
_DOMAIN = (
    ("name", "string"),
    ("version", "string"),
    ("chainId", "uint256"),
    ("verifyingContract", "address"),
)
_CONSENT = (
    ("borrower", "address"),
    ("reader", "address"),
    ("readerName", "string"),
    ("what", "string"),
    ("purpose", "string"),
    ("threshold", "uint16"),
    ("notAfter", "uint64"),
    ("count", "uint32"),
    ("nonce", "uint256"),
)
_REQUEST = (
    ("borrower", "address"),
    ("reader", "address"),
    ("what", "string"),
    ("purpose", "string"),
    ("threshold", "uint16"),
    ("time", "uint64"),
    ("nonce", "uint256"),
)
CONSENT_TYPE, REQUEST_TYPE = "LetReaderSeeMyCreditRecord", "ReadCreditRecord"
_KINDS = {"EIP712Domain": _DOMAIN, CONSENT_TYPE: _CONSENT, REQUEST_TYPE: _REQUEST}


@dataclass(frozen=True, slots=True)
class Consent:
    """LetReaderSeeMyCreditRecord: addresses 20 bytes, `not_after` Unix seconds; `threshold` 0 but for
    "at least t".
    """

    borrower: bytes
    reader: bytes
    reader_name: str
    what: str
    purpose: str
    threshold: int
    not_after: int
    count: int
    nonce: int


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """ReadCreditRecord: what a reader asks for, at which Unix second."""

    borrower: bytes
    reader: bytes
    what: str
    purpose: str
    threshold: int
    time: int
    nonce: int


def consent_digest(consent: Consent, deployment: Deployment) -> bytes:
    """What the borrower signs (32 bytes): also the consent's id."""
    return _digest(CONSENT_TYPE, _values(consent), deployment)


def request_digest(request: ReadRequest, deployment: Deployment) -> bytes:
    """What the reader signs (32 bytes)."""
    return _digest(REQUEST_TYPE, _values(request), deployment)


def typed_data(asked: Consent | ReadRequest, deployment: Deployment) -> dict[str, Any]:
    """The same as plain JSON for `eth_signTypedData_v4`: what a wallet shows."""
    name = CONSENT_TYPE if isinstance(asked, Consent) else REQUEST_TYPE
    return {
        "types": {kind: [{"name": n, "type": t} for n, t in _KINDS[kind]] for kind in ("EIP712Domain", name)},
        "primaryType": name,
        "domain": {
            "name": DOMAIN_NAME,
            "version": DOMAIN_VERSION,
            "chainId": deployment.chain_id,
            "verifyingContract": "0x" + deployment.contract.hex(),
        },
        "message": to_json(asked),
    }


def to_json(asked: Consent | ReadRequest) -> dict[str, Any]:
    """Plain values under the struct's names; the nonce as decimal text, since it may be beyond 2^53."""
    values = {name: "0x" + v.hex() if isinstance(v, bytes) else v for name, v in _named(asked)}
    return values | {"nonce": str(asked.nonce)}


def check_consent(consent: Consent, borrower: bytes, now: int) -> None:
    """Stop unless the consent is its borrower's, names one content and reader, and ends in good time."""
    if consent.borrower != borrower:
        raise Stop(sentences.CONSENT_OF_ANOTHER)
    check_what(consent.what, consent.threshold)
    if (consent.what == PUBLIC) != (consent.reader == NOBODY):
        raise Stop(sentences.CONSENT_READER.of(public=PUBLIC))
    if consent.purpose not in (PURPOSES[-1:] if consent.what == PUBLIC else PURPOSES[:-1]):
        raise Stop(sentences.CONSENT_PURPOSE.of(purpose=consent.purpose[:40], purposes=list(PURPOSES)))
    plain.string(consent.reader_name, "the reader's name", 80)
    if not consent.reader_name.isprintable():
        raise Stop(sentences.CONSENT_NAME)
    plain.integer(consent.count, "count", 1, MAX_COUNT)
    if not now < consent.not_after <= now + MAX_SECONDS:
        raise Stop(sentences.CONSENT_END.of(end=consent.not_after))


def check_what(what: str, threshold: int) -> None:
    """Stop unless this is a content that can be consented to: "at least t" with that very threshold."""
    found = _AT_LEAST.fullmatch(what)
    if found:
        check_threshold(int(found[1]))
        if threshold != int(found[1]):
            raise Stop(sentences.CONSENT_THRESHOLD.of(threshold=threshold, what=what))
    elif what not in (PUBLIC, BAND, SCORE, REPORT):
        raise Stop(sentences.CONSENT_WHAT.of(what=what[:30]))
    elif threshold:
        raise Stop(sentences.CONSENT_NO_THRESHOLD.of(threshold=threshold, what=what))


def check_request(request: ReadRequest, now: int) -> None:
    """Stop unless the request asks for something that can be asked for, at this time."""
    check_what(request.what, request.threshold)
    if abs(now - request.time) > CLOCK_SKEW:
        raise Stop(sentences.REQUEST_TIME.of(theirs=request.time, skew=CLOCK_SKEW, ours=now))


def _named(asked: Consent | ReadRequest) -> list[tuple[str, Any]]:
    kinds = _CONSENT if isinstance(asked, Consent) else _REQUEST
    return list(zip((name for name, _ in kinds), _values(asked), strict=True))


def _values(asked: Consent | ReadRequest) -> tuple[Any, ...]:
    return tuple(getattr(asked, each.name) for each in fields(asked))


def _digest(name: str, values: tuple[Any, ...], deployment: Deployment) -> bytes:
    """keccak256(0x1901 ‖ domain separator ‖ struct hash), EIP-712."""
    where = (DOMAIN_NAME, DOMAIN_VERSION, deployment.chain_id, deployment.contract)
    return keccak256(b"\x19\x01" + _struct_hash("EIP712Domain", where) + _struct_hash(name, values))


def _struct_hash(name: str, values: tuple[Any, ...]) -> bytes:
    kinds = _KINDS[name]
    type_hash = keccak256(f"{name}({','.join(f'{kind} {field}' for field, kind in kinds)})".encode())
    words = (_word(value, kind) for value, (_, kind) in zip(values, kinds, strict=True))
    return keccak256(type_hash + b"".join(words))


def _word(value: Any, kind: str) -> bytes:
    if kind == "string":
        return keccak256(value.encode())
    word: bytes = value.rjust(32, b"\0") if kind == "address" else value.to_bytes(32, "big")
    return word
