"""One line of what `check` found, in one of three words, and how its probes are asked.

Rules that hold here: `ok` needs nothing; `fix` means that somebody has to act, and the sentence says who and
how; `wait` passes by itself, or is a choice, and is no failure. A probe that is refused becomes a row, one
that does not end in time too: no probe can stop another one, or the whole.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from typing import Literal

from ledger_reader.errors import Retry, Stop
from oracle.logs import redacted

State = Literal["ok", "fix", "wait"]
Probe = Callable[[], "list[Row]"]

PROBE_SECONDS = 25.0
"""How long all probes of one step may take together; they run side by side."""


@dataclass(frozen=True)
class Row:
    """`what` was looked at, how it stands, and one sentence."""

    what: str
    state: State
    says: str


def ok(what: str, says: str) -> Row:
    """Nothing to do."""
    return Row(what, "ok", says)


def fix(what: str, says: str) -> Row:
    """Somebody has to act."""
    return Row(what, "fix", redacted(says))


def pending(what: str, says: str) -> Row:
    """`wait`: passes by itself, or is a choice."""
    return Row(what, "wait", redacted(says))


def told(what: str, probe: Probe) -> list[Row]:
    """The probe's rows; one row when it is refused: `fix` of a Stop, `wait` of a Retry."""
    try:
        return probe()
    except Stop as reason:
        return [fix(what, str(reason))]
    except Retry as reason:
        return [pending(what, str(reason))]


def side_by_side(probes: Sequence[tuple[str, Probe]]) -> list[Row]:
    """The rows of all probes, in the order given; one that does not end in time gives a `fix`."""
    futures = [_started(what, probe) for what, probe in probes]
    wait(futures, timeout=PROBE_SECONDS)
    rows: list[Row] = []
    for (what, _), future in zip(probes, futures, strict=True):
        late = [fix(what, f"no answer within {PROBE_SECONDS:.0f} s: look at what it talks to.")]
        rows += future.result() if future.done() else late
    return rows


def _started(what: str, probe: Probe) -> "Future[list[Row]]":
    """The probe in a daemon thread: one that hangs does not keep the program from ending."""
    future: Future[list[Row]] = Future()

    def run() -> None:
        try:
            future.set_result(told(what, probe))
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, name=f"check {what}", daemon=True).start()
    return future
