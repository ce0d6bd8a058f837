"""What a node writes to standard error: lines for people, or one JSON object a line for machines.

Rules that hold here: `CREDIT_ORACLE_LOG_FORMAT=json` chooses JSON, `CREDIT_ORACLE_LOG` the level; a JSON
line always has time, level, logger and message, and the epoch and phase that its process was in when it was
written (and the member, where it is about one); an address is shown by scheme, host and port only, since
providers put keys into the rest; no key and no password is ever handed to a logger.
"""

import json
import logging
import os
import re
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TextIO

from ledger_reader.errors import Stop

LEVEL, FORMAT = "CREDIT_ORACLE_LOG", "CREDIT_ORACLE_LOG_FORMAT"
PEOPLE, MACHINES = "text", "json"
OURS = ("node", "ledger_reader", "oracle")
FIELDS = ("epoch", "phase", "member")
"""What a log call may say beside its message, by `extra`."""

_ADDRESS = re.compile(r"""\b(https?|wss?)://([^\s/?#'"<>]*@)?([^\s/?#'"<>@]+)([/?#][^\s'"<>]*)?""", re.I)


def configure(stream: TextIO | None = None) -> None:
    """Set up logging for this process, once; Stop when a variable holds what it cannot."""
    chosen, level = os.environ.get(FORMAT, PEOPLE), os.environ.get(LEVEL, "INFO").upper()
    if chosen not in (PEOPLE, MACHINES):
        raise Stop(f"{FORMAT} is {chosen[:20]!r}: set it to {PEOPLE} or {MACHINES}.")
    if level not in logging.getLevelNamesMapping():
        raise Stop(f"{LEVEL} is {level[:20]!r}: set it to DEBUG, INFO, WARNING or ERROR.")
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(Machines() if chosen == MACHINES else People())
    handler.addFilter(Whereabouts())
    logging.basicConfig(handlers=[handler], force=True)
    for name in OURS:
        logging.getLogger(name).setLevel(level)


def last_sentence(error: Exception) -> str:
    """How a process says what it ended with: redacted, and a JSON object where the log is one."""
    said = redacted(str(error))
    if os.environ.get(FORMAT) != MACHINES:
        return f"credit-oracle: {said}"
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    told = {"time": now, "level": "CRITICAL", "logger": "credit-oracle", "message": said}
    return json.dumps(told, ensure_ascii=False)


def redacted(text: str) -> str:
    """The text with every address cut down to scheme, host and port; where something was cut stands `…`."""
    return _ADDRESS.sub(_shown, text)


def _shown(found: re.Match[str]) -> str:
    scheme, user, host, rest = found.groups()
    return f"{scheme}://{'…@' if user else ''}{host}{'/…' if rest and rest != '/' else rest or ''}"


class People(logging.Formatter):
    """Time, level, logger, message; redacted, tracebacks too."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """One line (and a traceback's lines, if there is one)."""
        return redacted(super().format(record))


class Machines(logging.Formatter):
    """One JSON object a line; redacted, tracebacks too."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON."""
        told: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": redacted(record.getMessage()),
        }
        told |= {name: getattr(record, name) for name in _held(record, FIELDS)}
        if record.exc_info:
            told["traceback"] = redacted(self.formatException(record.exc_info))
        return json.dumps(told, ensure_ascii=False)


class Whereabouts(logging.Filter):
    """Remembers the epoch and phase that were last named, and gives them to the lines that name none."""

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[str, object] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Lets every record pass."""
        self._last |= {name: getattr(record, name) for name in _held(record, ("epoch", "phase"))}
        for name, value in self._last.items():
            setattr(record, name, value)
        return True


def _held(record: logging.LogRecord, names: Iterable[str]) -> list[str]:
    return [name for name in names if getattr(record, name, None) is not None]
