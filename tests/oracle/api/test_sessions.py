"""Sessions on both databases, and between replicas."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from eth_account.messages import encode_defunct
from sqlalchemy import select, update

from oracle.api import sessions as module
from oracle.api.sessions import NONCE_SECONDS, SESSION_SECONDS, STATEMENT, Sessions
from oracle.api.signatures import Signatures
from oracle.api.store import Store
from oracle.api.tables import nonces, sessions
from oracle.api.wallet_message import Refusal
from tests.oracle.api.conftest import MEI_ACCOUNT
from tests.oracle.conftest import CHAIN, MEI

DOMAIN = "score.example"


def replica(store: Store) -> Sessions:
    return Sessions(store, Signatures(), DOMAIN, CHAIN)


@pytest.fixture
def here(store: Store) -> Sessions:
    return replica(store)


def message(nonce: str, statement: str = STATEMENT) -> str:
    now, later = datetime.now(UTC), datetime.now(UTC) + timedelta(minutes=5)
    return (
        f"{DOMAIN} wants you to sign in with your Ethereum account:\n{MEI_ACCOUNT.address}\n\n{statement}\n\n"
        f"URI: https://{DOMAIN}\nVersion: 1\nChain ID: {CHAIN}\nNonce: {nonce}\n"
        f"Issued At: {now:%Y-%m-%dT%H:%M:%SZ}\nExpiration Time: {later:%Y-%m-%dT%H:%M:%SZ}"
    )


def signed(text: str) -> bytes:
    return bytes(MEI_ACCOUNT.sign_message(encode_defunct(text=text)).signature)


def test_sign_in__with_a_nonce_of_nobody__is_refused(here: Sessions) -> None:
    text = message("a" * 32)
    with pytest.raises(Refusal, match="used before"):
        here.sign_in(text, signed(text))


def test_sign_in__with_an_old_nonce__is_refused(here: Sessions, store: Store) -> None:
    text = message(here.new_nonce())
    with store.changing() as connection:
        connection.execute(update(nonces).values(ends=nonces.c.ends - NONCE_SECONDS - 1))
    with pytest.raises(Refusal, match="older than five minutes"):
        here.sign_in(text, signed(text))


def test_sign_in__that_says_something_else__is_refused(here: Sessions) -> None:
    text = message(here.new_nonce(), "Send me all your money.")
    with pytest.raises(Refusal, match="says something else"):
        here.sign_in(text, signed(text))


@pytest.mark.parametrize("signature", [b"", bytes(65), b"\xff" * 65, b"\x01" * 64, b"\x02" * 300])
def test_sign_in__signed_by_nobody__is_refused(here: Sessions, signature: bytes) -> None:
    with pytest.raises(Refusal, match="not that of the account"):
        here.sign_in(message(here.new_nonce()), signature)


def test_sign_in__at_one_replica__holds_at_another(here: Sessions, store: Store) -> None:
    text = message(here.new_nonce())
    token, account, ends = replica(store).sign_in(text, signed(text))
    assert account == MEI
    assert ends == pytest.approx(time.time() + SESSION_SECONDS, abs=5)
    assert here.account_of(token) == MEI
    with pytest.raises(Refusal, match="used before"):
        here.sign_in(text, signed(text))


@pytest.mark.parametrize("shift", [-27, 0])
def test_sign_in__by_a_wallet_that_counts_v_from_zero__is_the_same(here: Sessions, shift: int) -> None:
    text = message(here.new_nonce())
    signature = signed(text)
    assert here.sign_in(text, signature[:64] + bytes([signature[64] + shift]))[1] == MEI


def test_session__ended__is_over_here_at_once_and_elsewhere_soon(
    here: Sessions, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TRUST_SECONDS", 0.05)
    other = replica(store)
    token, _ = here.begin(MEI)
    assert other.account_of(token) == here.account_of(token) == MEI
    here.end(token)
    with pytest.raises(Refusal, match="not signed in"):
        here.account_of(token)
    time.sleep(0.1)
    with pytest.raises(Refusal, match="not signed in"):
        other.account_of(token)


def test_session__after_thirty_minutes__is_over(here: Sessions, store: Store) -> None:
    token, _ = here.begin(MEI)
    with store.changing() as connection:
        connection.execute(update(sessions).values(ends=int(time.time())))
    with pytest.raises(Refusal, match="signed out after 30 minutes"):
        here.account_of(token)


def test_session__in_the_database__is_no_token(here: Sessions, store: Store) -> None:
    token, _ = here.begin(MEI)
    with store.reading() as connection:
        (kept,) = connection.execute(select(sessions.c.token_hash)).scalars()
    assert token.encode() not in bytes(kept)
    with pytest.raises(Refusal):
        here.account_of(bytes(kept).hex())


def test_forget__ends_all_sessions_of_the_account_alone(here: Sessions) -> None:
    first, second, other = (here.begin(account)[0] for account in (MEI, MEI, b"\x99" * 20))
    assert {here.account_of(token) for token in (first, second, other)} == {MEI, b"\x99" * 20}
    here.forget(MEI)
    for token in (first, second):
        with pytest.raises(Refusal):
            here.account_of(token)
    assert here.account_of(other) == b"\x99" * 20
