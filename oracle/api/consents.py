"""Who may read whose record: given, counted, stopped; every read is one transaction with its log entry.

Rules that hold here: a consent's count falls in the very statement that checks it, so two requests at once
never use the last read twice; a stopped consent opens nothing from that moment on; a request is good once.
A request that no consent allows runs the same statements whether the address is known here or not.
"""

import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, and_, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from ledger_reader.errors import Stop
from oracle import consent as consents_
from oracle import sentences
from oracle.api import access_log
from oracle.api.store import Store
from oracle.api.tables import consents, requests
from oracle.consent import CLOCK_SKEW, PUBLIC, Consent, ReadRequest
from oracle.epoch import Deployment

MOST_OF_ONE = 200
"""Consents of one borrower that are kept; the page never needs so many."""


class NoConsent(Stop):
    """The one answer to a reader who may not read, whatever the reason."""

    def __init__(self) -> None:
        super().__init__(sentences.NO_CONSENT)


class Consents:
    """All consents in a store; `clock` gives Unix seconds."""

    def __init__(self, store: Store, deployment: Deployment, clock: Callable[[], float] = time.time) -> None:
        self._store, self._deployment, self._clock = store, deployment, clock

    def give(self, consent: Consent, signature: bytes, borrower: bytes) -> bytes:
        """Keep a consent whose signature was checked; its id. Stop when it is not good, or not new."""
        now = int(self._clock())
        consents_.check_consent(consent, borrower, now)
        identity = consents_.consent_digest(consent, self._deployment)
        row = asdict(consent) | {"nonce": str(consent.nonce), "remaining": consent.count, "given": now}
        try:
            with self._store.changing() as connection:
                _make_room(connection, borrower, now)
                connection.execute(insert(consents).values(id=identity, signature=signature, **row))
        except IntegrityError as error:
            raise Stop(sentences.CONSENT_GIVEN) from error
        return identity

    def stop(self, identity: bytes, borrower: bytes) -> None:
        """From now on the consent opens nothing; Stop when the borrower has none of this id."""
        changed = (
            update(consents)
            .where(consents.c.id == identity, consents.c.borrower == borrower, consents.c.stopped.is_(None))
            .values(stopped=int(self._clock()))
        )
        with self._store.changing() as connection:
            if not connection.execute(changed).rowcount:
                raise Stop(sentences.CONSENT_NOT_RUNNING.of(consent="0x" + identity.hex()))

    def of(self, borrower: bytes) -> list[dict[str, Any]]:
        """All consents of a borrower, newest first: rows of the table, and whether each is `active`."""
        query = select(consents).where(consents.c.borrower == borrower).order_by(consents.c.given.desc())
        now = int(self._clock())
        with self._store.reading() as connection:
            rows = [dict(row) for row in connection.execute(query).mappings()]
        return [row | {"active": _is_active(row, now)} for row in rows]

    def is_public(self, borrower: bytes) -> bool:
        """Whether the borrower lets everyone have the score proved."""
        query = select(consents.c.id).where(_active(borrower, bytes(20), PUBLIC, int(self._clock()))).limit(1)
        with self._store.reading() as connection:
            return connection.execute(query).first() is not None

    def use(self, request: ReadRequest) -> bytes:
        """Count one read whose request's signature was checked, and log it; the consent's id.

        NoConsent when nothing allows it; Stop when the same request was made before.
        """
        now = int(self._clock())
        consents_.check_request(request, now)
        digest = consents_.request_digest(request, self._deployment)
        try:
            with self._store.changing() as connection:
                connection.execute(delete(requests).where(requests.c.ends < now))
                made = {"digest": digest, "ends": now + 2 * CLOCK_SKEW, "borrower": request.borrower}
                connection.execute(insert(requests).values(made))
                used = connection.execute(_counted(request, now)).scalar()
                if used is not None:
                    access_log.append(connection, _details(request, used, now))
        except IntegrityError as error:
            raise Stop(sentences.REQUEST_USED) from error
        if used is None:
            raise NoConsent
        return bytes(used)

    def reads_of(self, borrower: bytes) -> list[dict[str, Any]]:
        """The borrower's access log, newest first."""
        with self._store.reading() as connection:
            return access_log.reads_of(connection, borrower)


def _active(borrower: bytes, reader: bytes, what: str, now: int) -> Any:
    return and_(
        consents.c.borrower == borrower,
        consents.c.reader == reader,
        consents.c.what == what,
        consents.c.not_after >= now,
        consents.c.stopped.is_(None),
        consents.c.remaining > 0,
    )


def _counted(request: ReadRequest, now: int) -> Any:
    """One statement: of the consents that allow the request, the first to end has one read less."""
    allowed = _active(request.borrower, request.reader, request.what, now) & (
        consents.c.purpose == request.purpose
    )
    first = select(consents.c.id).where(allowed).order_by(consents.c.not_after, consents.c.id).limit(1)
    # The condition stands again outside: a row that another transaction changed meanwhile is held against
    # it anew.
    return (
        update(consents)
        .where(consents.c.id == first.scalar_subquery(), allowed)
        .values(remaining=consents.c.remaining - 1)
        .returning(consents.c.id)
    )


def _details(request: ReadRequest, consent: bytes, now: int) -> dict[str, Any]:
    return {
        "borrower": request.borrower,
        "reader": request.reader,
        "consent": bytes(consent),
        "what": request.what,
        "purpose": request.purpose,
        "result": "shown",
        "time": now,
    }


def _is_active(row: dict[str, Any], now: int) -> bool:
    return row["stopped"] is None and row["remaining"] > 0 and row["not_after"] >= now


def _make_room(connection: Connection, borrower: bytes, now: int) -> None:
    """With too many, forget what expired (nobody can give it again); Stop when nothing did."""
    own = consents.c.borrower == borrower
    kept = select(func.count()).select_from(consents).where(own)
    if connection.execute(kept).scalar_one() < MOST_OF_ONE:
        return
    if not connection.execute(delete(consents).where(own, consents.c.not_after < now)).rowcount:
        raise Stop(sentences.CONSENT_ROOM.of(most=MOST_OF_ONE))
