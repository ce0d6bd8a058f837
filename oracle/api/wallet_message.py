"""Sign-in messages of wallets, EIP-4361: read strictly, then checked against who asks and when.

Rules that hold here: the text is matched whole, line by line, as the standard orders it; only what this
service offers is accepted (version 1, one statement, an expiration time); times are UTC; the signature
is EIP-191's over the very text, and must be of the account that the text names (signatures.py).
See docs/decisions/0005 for why this is not a library.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ledger_reader.keccak import keccak256
from oracle import sentences

CLOCK_SKEW = timedelta(minutes=2)
"""How far a wallet's clock may be ahead of ours."""

LONGEST = timedelta(minutes=15)
"""A message may not be good for longer than this after it was issued."""

_TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?Z"
_FORM = re.compile(
    r"(?P<domain>[A-Za-z0-9.:\-\[\]]{1,255}) wants you to sign in with your Ethereum account:\n"
    r"(?P<address>0x[0-9a-fA-F]{40})\n\n"
    r"(?P<statement>[\x20-\x7e]{1,300})\n\n"
    r"URI: (?P<uri>[\x21-\x7e]{1,300})\n"
    r"Version: 1\n"
    r"Chain ID: (?P<chain_id>[1-9][0-9]{0,17})\n"
    r"Nonce: (?P<nonce>[A-Za-z0-9]{8,64})\n"
    rf"Issued At: (?P<issued>{_TIME})\n"
    rf"Expiration Time: (?P<expires>{_TIME})"
)


class Refusal(Exception):
    """Why nobody is signed in: one sentence for the person."""


@dataclass(frozen=True)
class WalletMessage:
    """A sign-in message: 20-byte `address`, times in UTC; `text` is what was signed."""

    text: str
    domain: str
    address: bytes
    statement: str
    chain_id: int
    nonce: str
    issued: datetime
    expires: datetime


def read(text: str) -> WalletMessage:
    """The message in a text; Refusal when it is not one, or its address has a wrong checksum (EIP-55)."""
    match = _FORM.fullmatch(text)
    if match is None:
        raise Refusal(sentences.MESSAGE_OF_NO_FORM)
    found = match.groupdict()
    if not _checksum_holds(found["address"]):
        raise Refusal(sentences.MESSAGE_CHECKSUM)
    return WalletMessage(
        text=text,
        domain=found["domain"],
        address=bytes.fromhex(found["address"][2:]),
        statement=found["statement"],
        chain_id=int(found["chain_id"]),
        nonce=found["nonce"],
        issued=_moment(found["issued"]),
        expires=_moment(found["expires"]),
    )


def check(message: WalletMessage, domain: str, chain_id: int, now: datetime) -> None:
    """Refusal unless the message is for this service, chain and time; the signature is not looked at."""
    if message.domain != domain:
        raise Refusal(sentences.MESSAGE_DOMAIN.of(theirs=message.domain, ours=domain))
    if message.chain_id != chain_id:
        raise Refusal(sentences.MESSAGE_CHAIN.of(theirs=message.chain_id, ours=chain_id))
    if not message.issued - CLOCK_SKEW <= now < message.expires or message.expires - message.issued > LONGEST:
        raise Refusal(sentences.MESSAGE_TIME)


def digest(message: WalletMessage) -> bytes:
    """What the wallet signs (32 bytes): EIP-191's personal message over the very text."""
    text = message.text.encode()
    return keccak256(b"\x19Ethereum Signed Message:\n" + str(len(text)).encode() + text)


def _moment(text: str) -> datetime:
    try:
        return datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
    except ValueError as error:
        raise Refusal(sentences.MESSAGE_NO_TIME.of(text=text)) from error


def _checksum_holds(address: str) -> bool:
    """EIP-55; addresses all in one case carry no checksum."""
    digits = address[2:]
    if digits in (digits.lower(), digits.upper()):
        return True
    hashed = keccak256(digits.lower().encode()).hex()
    return all(
        d == (d.upper() if int(h, 16) >= 8 else d.lower()) for d, h in zip(digits, hashed, strict=False)
    )
