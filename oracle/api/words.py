"""Words that stay off chain: disputes, the arbiter's reasons, and what borrowers say of their own records.

Rules that hold here: on chain stands only keccak256(abi.encode(bytes32 salt, string kind, string words)),
whose salt is kept here and deleted with the words, so that short words cannot be found by trying; nobody
here decides, and nothing here changes a score.
"""

import secrets
import time
from typing import Any

from eth_abi.abi import encode
from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError

from ledger_reader.errors import Stop
from ledger_reader.keccak import keccak256
from models import plain
from oracle import sentences
from oracle.api.store import Store
from oracle.api.tables import decisions, disputes, own_statements

REASONS = ("not mine", "amount", "date", "already repaid", "counted twice", "other")
OUTCOMES = ("upheld", "not upheld", "unconfirmed")
"""What a decision says, as IDisputes.Outcome numbers them from 1 on."""

MOST_WORDS, MOST_REASONS = 500, 2_000
MOST_OF_ONE = 64
"""Disputes of one account whose words are kept: more than the contract lets be open."""

ANSWER_DAYS = 20


class Words:
    """All words in a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def dispute(self, account: bytes, fact_id: bytes, reason: str, words: str) -> bytes:
        """Keep why a fact is wrong; the hash for the chain. Stop when the words are too long, or too many."""
        plain.choice(reason, "the reason", REASONS)
        _check_words(words, MOST_WORDS)
        salt = secrets.token_bytes(32)
        hashed = words_hash(salt, reason, words)
        row = {"account": account, "fact_id": fact_id, "reason": reason, "words": words, "salt": salt}
        with self._store.changing() as connection:
            if len(connection.execute(_of(disputes, account)).all()) >= MOST_OF_ONE:
                raise Stop(sentences.DISPUTES_ROOM.of(most=MOST_OF_ONE))
            connection.execute(insert(disputes).values(words_hash=hashed, time=int(time.time()), **row))
        return hashed

    def decide(self, account: bytes, fact_id: bytes, outcome: str, reasons: str) -> bytes:
        """Keep the arbiter's reasons; the hash for the chain."""
        number = OUTCOMES.index(plain.choice(outcome, "the outcome", OUTCOMES)) + 1
        _check_words(reasons, MOST_REASONS)
        salt = secrets.token_bytes(32)
        hashed = words_hash(salt, outcome, reasons)
        row = {"account": account, "fact_id": fact_id, "outcome": number, "reasons": reasons, "salt": salt}
        with self._store.changing() as connection:
            connection.execute(insert(decisions).values(reasons_hash=hashed, time=int(time.time()), **row))
        return hashed

    def disputes_of(self, account: bytes) -> list[dict[str, Any]]:
        """An account's disputes, newest first, each with the decisions on its fact."""
        with self._store.reading() as connection:
            asked = [dict(row) for row in connection.execute(_of(disputes, account)).mappings()]
            decided = [dict(row) for row in connection.execute(_of(decisions, account)).mappings()]
        return [
            row | {"decisions": [each for each in decided if each["fact_id"] == row["fact_id"]]}
            for row in asked
        ]

    def state(self, account: bytes, words: str) -> None:
        """Replace what the account says of its own record; empty words take it back."""
        with self._store.changing() as connection:
            connection.execute(delete(own_statements).where(own_statements.c.account == account))
            if words:
                _check_words(words, MOST_WORDS)
                now = int(time.time())
                try:
                    connection.execute(insert(own_statements).values(account=account, words=words, time=now))
                except IntegrityError as error:
                    raise Stop(sentences.STATEMENT_CHANGED) from error

    def stated(self, account: bytes) -> dict[str, Any] | None:
        """What the account says of its own record."""
        query = select(own_statements).where(own_statements.c.account == account)
        with self._store.reading() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else {"words": row["words"], "time": row["time"]}


def words_hash(salt: bytes, kind: str, words: str) -> bytes:
    """What stands on chain for words (32 bytes)."""
    return keccak256(encode(("bytes32", "string", "string"), (salt, kind, words)))


def call_data(function: str, kinds: tuple[str, ...], values: tuple[Any, ...]) -> str:
    """The calldata of a function of IDisputes, as 0x hex."""
    return "0x" + (keccak256(f"{function}({','.join(kinds)})".encode())[:4] + encode(kinds, values)).hex()


def _check_words(words: str, most: int) -> None:
    plain.string(words, "the words", most)
    if "\0" in words:
        raise Stop(sentences.WORDS_WITH_NUL)


def _of(table: Any, account: bytes) -> Any:
    return select(table).where(table.c.account == account).order_by(table.c.time.desc())
