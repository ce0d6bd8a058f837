"""The access log: who read what of whom, by which consent; appended to, never changed, chained by hashes.

Rules that hold here: entry n is keyed BLAKE2b over its details with a salt of its own; link n is BLAKE2b over
link n − 1, n and the entry; so no entry can be altered, left out or put in without every later link
changing, and whoever noted a link (each borrower is shown those of the own reads) can hold it against the
log. The chain is over salted hashes: when a borrower's details and salts are deleted, it still verifies
and says nothing of them.
"""

import hashlib
import secrets
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from models import plain
from oracle.api.tables import log_entries, log_head, read_details

SALT_BYTES = 32
START = bytes(32)
"""Link 0."""


def append(connection: Connection, details: dict[str, Any]) -> None:
    """One more entry, in the caller's transaction: columns of `read_details` but number and salt."""
    # The update takes the row's lock, so that of two who append one waits.
    bumped = (
        update(log_head).values(number=log_head.c.number + 1).returning(log_head.c.number, log_head.c.link)
    )
    number, before = connection.execute(bumped).one()
    salt = secrets.token_bytes(SALT_BYTES)
    entry = entry_of(salt, details)
    link = link_of(before, number, entry)
    connection.execute(insert(log_entries).values(number=number, entry=entry, link=link))
    connection.execute(insert(read_details).values(number=number, salt=salt, **details))
    connection.execute(update(log_head).values(link=link))


def entry_of(salt: bytes, details: dict[str, Any]) -> bytes:
    """The 32-byte hash that stands for one read: BLAKE2b, keyed with the salt, over canonical JSON."""
    shown = {name: "0x" + v.hex() if isinstance(v, bytes) else v for name, v in details.items()}
    return hashlib.blake2b(plain.write(shown), key=salt, digest_size=32).digest()


def link_of(before: bytes, number: int, entry: bytes) -> bytes:
    """Link `number` (32 bytes) of the chain."""
    return hashlib.blake2b(before + number.to_bytes(8, "big") + entry, digest_size=32).digest()


def reads_of(connection: Connection, borrower: bytes, most: int = 1_000) -> list[dict[str, Any]]:
    """The latest reads of one borrower's record, newest first: details, salt, number and link."""
    query = (
        select(read_details, log_entries.c.link)
        .join(log_entries, log_entries.c.number == read_details.c.number)
        .where(read_details.c.borrower == borrower)
        .order_by(read_details.c.number.desc())
        .limit(most)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def forget(connection: Connection, borrower: bytes) -> int:
    """Delete a borrower's details and salts; how many there were. The chain stays as it is."""
    return connection.execute(delete(read_details).where(read_details.c.borrower == borrower)).rowcount


def faults(connection: Connection) -> Iterator[str]:
    """Every place where the log is not what was written, in words; nothing when it is sound."""
    before, expected = START, 1
    details = {row["number"]: dict(row) for row in connection.execute(select(read_details)).mappings()}
    for number, entry, link in connection.execute(select(log_entries).order_by(log_entries.c.number)):
        if number != expected:
            yield f"entry {expected} is missing"
        if link != link_of(before, number, entry):
            yield f"link {number} does not follow from the one before"
        known = details.get(number)
        if known and entry_of(known["salt"], _hashed(known)) != entry:
            yield f"the details of entry {number} were altered"
        before, expected = link, number + 1
    if tuple(connection.execute(select(log_head.c.number, log_head.c.link)).one()) != (expected - 1, before):
        yield f"the log ends at entry {expected - 1}, not where its head says"


def _hashed(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in ("number", "salt")}
