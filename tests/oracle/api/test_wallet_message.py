from datetime import UTC, datetime, timedelta

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct
from hypothesis import given
from hypothesis import strategies as st

from oracle.api.signatures import signer_of
from oracle.api.wallet_message import Refusal, check, digest, read

MEI = Account.from_key(b"\x07" * 32)
NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
DOMAIN, CHAIN = "127.0.0.1:8000", 31337


def message(**changed: str) -> str:
    parts = {
        "domain": DOMAIN,
        "address": MEI.address,
        "chain": str(CHAIN),
        "issued": "2026-11-23T13:59:00Z",
        "expires": "2026-11-23T14:04:00Z",
    } | changed
    return (
        f"{parts['domain']} wants you to sign in with your Ethereum account:\n{parts['address']}\n\n"
        f"Sign in to read my credit record. No transaction, no money moves.\n\nURI: http://{DOMAIN}\n"
        f"Version: 1\nChain ID: {parts['chain']}\nNonce: abcdefgh12345678\n"
        f"Issued At: {parts['issued']}\nExpiration Time: {parts['expires']}"
    )


def signature(text: str) -> bytes:
    return bytes(MEI.sign_message(encode_defunct(text=text)).signature)


@given(st.text(max_size=400))
def test_read__any_text__is_refused_and_never_crashes(text: str) -> None:
    with pytest.raises(Refusal):
        read(text)


@pytest.mark.parametrize(
    "text",
    [
        message() + "\n",
        message().replace("Version: 1", "Version: 2"),
        message().replace("Nonce: abcdefgh12345678", "Nonce: ab"),
        message(domain="evil\nURI: x"),
        message(issued="2026-13-41T99:00:00Z"),
        message(chain="0"),
        message(address=MEI.address.swapcase().replace("0X", "0x")),
    ],
)
def test_read__not_quite_the_form__is_refused(text: str) -> None:
    with pytest.raises(Refusal):
        read(text)


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"domain": "evil.example"}, "is for evil.example"),
        ({"chain": "1"}, "is on chain 1"),
        ({"expires": "2026-11-23T14:00:00Z"}, "not good at this time"),
        ({"issued": "2026-11-23T14:03:00Z"}, "not good at this time"),
        ({"expires": "2027-11-23T14:04:00Z"}, "not good at this time"),
    ],
)
def test_check__for_another_page_chain_or_time__is_refused(changed: dict[str, str], word: str) -> None:
    text = message(**changed)
    with pytest.raises(Refusal, match=word):
        check(read(text), DOMAIN, CHAIN, NOW)


def test_digest__is_the_one_that_wallets_sign() -> None:
    found = read(message())
    assert signer_of(digest(found), signature(found.text)) == found.address


def test_digest__of_another_text__has_another_signer() -> None:
    found = read(message())
    assert signer_of(digest(found), signature(message(expires="2026-11-23T14:03:00Z"))) != found.address


def test_check__own_message_in_time__passes() -> None:
    found = read(message())
    check(found, DOMAIN, CHAIN, NOW)
    assert found.address == bytes.fromhex(MEI.address[2:])
    assert found.expires - found.issued == timedelta(minutes=5)
