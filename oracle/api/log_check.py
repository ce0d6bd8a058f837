"""The access log held against its own chain of hashes, and against links that somebody noted.

Rules that hold here: no entry is touched; a borrower's note is `number:link`, as GET /v1/me/reads shows both.
Whoever changes the log can make its chain anew, sound in itself: only a note of before tells.
"""

import re
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from ledger_reader.errors import Stop
from oracle.api import access_log
from oracle.api.operator import load_operator
from oracle.api.service import database_of
from oracle.api.store import Store
from oracle.api.tables import log_entries, log_head
from oracle.settings import load_settings

_NOTE = re.compile(r"([1-9][0-9]{0,17}):0x([0-9a-f]{64})")


def check_log(home: Path, database: str | None = None, noted: tuple[str, ...] = ()) -> dict[str, Any]:
    """How many `entries` there are, the last `link`, and all `faults` in words; Stop when a note is none."""
    notes = [_note(text) for text in noted]
    settings, operator = load_settings(home), load_operator(home)
    with Store(database_of(settings, operator, database)) as store, store.snapshot() as connection:
        faults = list(access_log.faults(connection))
        number, link = connection.execute(select(log_head.c.number, log_head.c.link)).one()
        faults += [fault for note in notes for fault in _differing(connection, *note)]
    return {"entries": number, "link": "0x" + bytes(link).hex(), "noted": len(notes), "faults": faults}


def _note(text: str) -> tuple[int, bytes]:
    found = _NOTE.fullmatch(text)
    if found is None:
        raise Stop(f"{text[:90]!r} is no note of a link: write its number, a colon, 0x and 64 hex digits")
    return int(found[1]), bytes.fromhex(found[2])


def _differing(connection: Connection, number: int, link: bytes) -> list[str]:
    kept = connection.execute(select(log_entries.c.link).where(log_entries.c.number == number)).scalar()
    return [] if kept == link else [f"link {number} is not the one that was noted"]
