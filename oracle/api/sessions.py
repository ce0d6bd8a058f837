"""Sign-in with a wallet (EIP-4361): nonces used once, sessions that end.

Rules that hold here: domain, chain id, nonce, times and signature are checked before anything is
believed; nonces and sessions are random, held in memory only, bounded in number and age; tokens are
kept as hashes, so that a dump of this table signs nobody in.
"""

import hashlib
import secrets
import threading
import time
from datetime import UTC, datetime
from typing import TypeVar

from oracle.api import wallet_message
from oracle.api.wallet_message import Refusal

SESSION_SECONDS = 1_800
NONCE_SECONDS = 300
MOST = 10_000
"""Nonces, and sessions, kept at once; the oldest goes first."""

STATEMENT = "Sign in to read my credit record. No transaction, no money moves."


_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class Sessions:
    """Who is signed in; safe to use from several threads."""

    def __init__(self, domain: str, chain_id: int) -> None:
        self._domain, self._chain_id = domain, chain_id
        self._lock = threading.Lock()
        self._nonces: dict[str, float] = {}
        self._sessions: dict[bytes, tuple[float, bytes]] = {}

    def new_nonce(self) -> str:
        """A nonce for one sign-in within five minutes."""
        nonce = secrets.token_hex(16)
        with self._lock:
            _keep_newest(self._nonces)
            self._nonces[nonce] = time.monotonic() + NONCE_SECONDS
        return nonce

    def sign_in(self, message: str, signature: str) -> tuple[str, bytes]:
        """A session token and the 20-byte account that signed; Refusal says what is wrong."""
        parsed = wallet_message.read(message)
        self._use_nonce(parsed.nonce)
        if parsed.statement != STATEMENT:
            raise Refusal("The message says something else than this service asks for; sign in again.")
        wallet_message.check(parsed, signature, self._domain, self._chain_id, datetime.now(UTC))
        token, account = secrets.token_urlsafe(32), parsed.address
        with self._lock:
            _keep_newest(self._sessions)
            self._sessions[_hash(token)] = (time.monotonic() + SESSION_SECONDS, account)
        return token, account

    def account_of(self, token: str) -> bytes:
        """Whose session it is; Refusal when there is none or it has ended."""
        with self._lock:
            ends, account = self._sessions.get(_hash(token), (0.0, b""))
        if ends < time.monotonic():
            raise Refusal("You are not signed in, or were signed out after 30 minutes; sign in again.")
        return account

    def end(self, token: str) -> None:
        """Signs out."""
        with self._lock:
            self._sessions.pop(_hash(token), None)

    def _use_nonce(self, nonce: str) -> None:
        with self._lock:
            ends = self._nonces.pop(nonce, 0.0)
        if ends < time.monotonic():
            raise Refusal("This sign-in was used before, or is older than five minutes; sign in again.")


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _keep_newest(table: dict[_Key, _Value]) -> None:
    while len(table) >= MOST:
        table.pop(next(iter(table)))
