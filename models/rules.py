"""Rules: in which ways a record can be read, and which of them counts.

Rules that hold here:
- Rules of one reading stand in order; the first whose conditions hold reads the record by its segment. A
  missing value meets no condition.
- Of several readings the one with the highest score counts (of equal ones the earlier rule's), and a record
  is `scored` if any reading says so. So what others do can open another reading, and takes none away: nobody
  is moved to a lower number by a loan that a stranger repaid, or by one more payer.
- Without a reading there is no number (`insufficient`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ledger_reader.errors import Stop
from models.segment import MISSING, Columns, Int64s, Segment

INSUFFICIENT, SCORED, THIN = 0, 1, 2
STATUS = {"scored": SCORED, "thin": THIN}

DEBTS = "debts"
"""The reading by loans: the only one of most scorecards."""

Condition = tuple[str, str, int]
"""A feature, '>=' or '<=', and a value."""


@dataclass(frozen=True)
class Rule:
    """Borrowers that meet every condition (feature, '>=' or '<=', value) get this segment and status."""

    segment: str
    status: str
    when: tuple[Condition, ...]
    reading: str = DEBTS

    def __post_init__(self) -> None:
        if self.status not in STATUS:
            raise Stop(f"a rule's status must be scored or thin, got {self.status!r}.")
        for feature, sign, _ in self.when:
            if sign not in (">=", "<="):
                raise Stop(f"the condition on {feature} must use >= or <=, got {sign!r}.")

    def holds(self, values: Mapping[str, Int64s], rows: int) -> NDArray[np.bool_]:
        """Which rows meet every condition; a missing value meets none."""
        met = np.ones(rows, dtype=np.bool_)
        for condition in self.when:
            met &= fulfils(condition, values)
        return met


def fulfils(condition: Condition, values: Mapping[str, Int64s]) -> NDArray[np.bool_]:
    """Which rows meet one condition."""
    feature, sign, value = condition
    column = values[feature]
    met: NDArray[np.bool_] = column >= value if sign == ">=" else column <= value
    met &= column != MISSING
    return met


def readings(rules: Sequence[Rule]) -> tuple[str, ...]:
    """The names of the readings, in order of their first rules."""
    return tuple(dict.fromkeys(rule.reading for rule in rules))


def decide(
    rules: Sequence[Rule], segments: Mapping[str, Segment], columns: Columns
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Of each row the place of the rule whose number counts (-1: none), and the status (both n)."""
    chosen = np.full(columns.rows, -1, dtype=np.int64)
    status = np.full(columns.rows, INSUFFICIENT, dtype=np.int64)
    for reading in readings(rules):
        found = _first(rules, reading, columns)
        for code in (THIN, SCORED):
            says = [place for place, rule in enumerate(rules) if STATUS[rule.status] == code]
            status[np.isin(found, says) & (status != SCORED)] = code
        chosen = _higher(rules, segments, columns, chosen, found)
    return chosen, status


def _first(rules: Sequence[Rule], reading: str, columns: Columns) -> Int64s:
    """The place of the first rule of the reading that holds for each row, -1 where none does (n)."""
    found = np.full(columns.rows, -1, dtype=np.int64)
    for place in reversed(range(len(rules))):
        if rules[place].reading == reading:
            found[rules[place].holds(columns.values, columns.rows)] = place
    return found


def _higher(
    rules: Sequence[Rule], segments: Mapping[str, Segment], columns: Columns, ours: Int64s, other: Int64s
) -> Int64s:
    """Of two rules a row the one with the higher score, of equal ones the earlier; -1 is none (n)."""
    chosen = np.where(ours < 0, other, ours)
    both = np.flatnonzero((ours >= 0) & (other >= 0))
    if len(both):
        part = columns.take(both)
        old, new = ours[both], other[both]
        gain = _scores(rules, segments, part, new) - _scores(rules, segments, part, old)
        chosen[both] = np.where((gain > 0) | ((gain == 0) & (new < old)), new, old)
    return chosen


def _scores(
    rules: Sequence[Rule], segments: Mapping[str, Segment], columns: Columns, places: Int64s
) -> Int64s:
    """The scores of rows by the segments of these rules (n)."""
    found = np.zeros(columns.rows, dtype=np.int64)
    for place in sorted(set(places.tolist())):
        at, segment = np.flatnonzero(places == place), segments[rules[place].segment]
        found[at] = segment.clamped(segment.totals(columns.take(at)))
    return found
