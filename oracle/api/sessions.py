"""Sign-in with a wallet (EIP-4361): nonces used once, sessions that end.

Rules that hold here: domain, chain id, nonce, times and signature are checked before anything is
believed; nonces and sessions are random, bounded in number and age, and in the database, so that any
replica knows them; tokens are kept as hashes. A replica believes what it read of a session for
TRUST_SECONDS, so a sign-out at one holds at all others after at most so long (at once at its own).
"""

import hashlib
import secrets
import threading
import time
from collections import OrderedDict
from datetime import UTC, datetime

from sqlalchemy import delete, func, insert, select

from oracle import sentences
from oracle.api import wallet_message
from oracle.api.signatures import Signatures
from oracle.api.store import Store
from oracle.api.tables import nonces, sessions
from oracle.api.wallet_message import Refusal

SESSION_SECONDS = 1_800
NONCE_SECONDS = 300
TRUST_SECONDS = 30.0
MOST_NONCES = 100_000
"""Nonces kept at once: who asks for more waits until some have ended."""

MOST_REMEMBERED = 20_000

STATEMENT = "Sign in to read my credit record. No transaction, no money moves."


class Sessions:
    """Who is signed in; safe to use from several threads and processes."""

    def __init__(self, store: Store, signatures: Signatures, domain: str, chain_id: int) -> None:
        self._store, self._signatures = store, signatures
        self._domain, self._chain_id = domain, chain_id
        self._lock = threading.Lock()
        self._remembered: OrderedDict[bytes, tuple[float, bytes]] = OrderedDict()

    def new_nonce(self) -> str:
        """A nonce for one sign-in within five minutes."""
        nonce, now = secrets.token_hex(16), int(time.time())
        with self._store.changing() as connection:
            connection.execute(delete(nonces).where(nonces.c.ends < now))
            if connection.execute(select(func.count()).select_from(nonces)).scalar_one() >= MOST_NONCES:
                raise Refusal(sentences.TOO_MANY_SIGN_IN)
            connection.execute(insert(nonces).values(nonce=nonce, ends=now + NONCE_SECONDS))
        return nonce

    def sign_in(self, message: str, signature: bytes) -> tuple[str, bytes, int]:
        """A session token, the 20-byte account that signed, and when it ends; Refusal says what is wrong."""
        parsed = wallet_message.read(message)
        self._use_nonce(parsed.nonce)
        if parsed.statement != STATEMENT:
            raise Refusal(sentences.MESSAGE_STATEMENT)
        wallet_message.check(parsed, self._domain, self._chain_id, datetime.now(UTC))
        if not self._signatures.signed(parsed.address, wallet_message.digest(parsed), signature):
            raise Refusal(sentences.SIGN_IN_SIGNATURE)
        token, ends = self.begin(parsed.address)
        return token, parsed.address, ends

    def begin(self, account: bytes) -> tuple[str, int]:
        """A session of an account that proved who it is: token and end."""
        token, now = secrets.token_urlsafe(32), int(time.time())
        ends = now + SESSION_SECONDS
        with self._store.changing() as connection:
            connection.execute(delete(sessions).where(sessions.c.ends < now))
            connection.execute(insert(sessions).values(token_hash=_hash(token), account=account, ends=ends))
        return token, ends

    def remembered(self, token: str) -> bytes | None:
        """Whose session it is, if that was read a moment ago; None says nothing."""
        with self._lock:
            until, account = self._remembered.get(_hash(token), (0.0, b""))
        return account if time.monotonic() < until else None

    def account_of(self, token: str) -> bytes:
        """Whose session it is; Refusal when there is none or it has ended."""
        found = self.remembered(token)
        if found is not None:
            return found
        now = time.time()
        query = select(sessions.c.account, sessions.c.ends).where(sessions.c.token_hash == _hash(token))
        with self._store.reading() as connection:
            row = connection.execute(query).one_or_none()
        if row is None or row.ends <= now:
            raise Refusal(sentences.NOT_SIGNED_IN)
        self._remember(_hash(token), min(TRUST_SECONDS, row.ends - now), bytes(row.account))
        return bytes(row.account)

    def end(self, token: str) -> None:
        """Signs out."""
        with self._lock:
            self._remembered.pop(_hash(token), None)
        with self._store.changing() as connection:
            connection.execute(delete(sessions).where(sessions.c.token_hash == _hash(token)))

    def forget(self, account: bytes) -> None:
        """Ends all sessions of an account."""
        with self._lock:
            for token in [token for token, (_, whose) in self._remembered.items() if whose == account]:
                del self._remembered[token]
        with self._store.changing() as connection:
            connection.execute(delete(sessions).where(sessions.c.account == account))

    def _remember(self, token: bytes, seconds: float, account: bytes) -> None:
        with self._lock:
            self._remembered[token] = (time.monotonic() + seconds, account)
            while len(self._remembered) > MOST_REMEMBERED:
                self._remembered.popitem(last=False)

    def _use_nonce(self, nonce: str) -> None:
        used = delete(nonces).where(nonces.c.nonce == nonce).returning(nonces.c.ends)
        with self._store.changing() as connection:
            ends = connection.execute(used).scalar()
        if ends is None or ends < time.time():
            raise Refusal(sentences.SIGN_IN_USED)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
