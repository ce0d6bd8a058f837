"""The cheapest honest way to a target score, found by trying all of them on the scorecard's own tables.

Rules that hold here: every combination of the actions is tried, at most one of each group in its order,
none longer than twelve months; each is scored twice, with what its steps do at worst and at best; a plan
reaches the target only if both scores do. Cheapest is the least effort (days), then the fewest steps,
then the order of the actions. So the answer depends on the values, the card and the target alone.
"""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from ledger_reader.errors import Stop
from models.actions import STEPS, Action, Row
from models.scorecard import Scorecard, rate
from models.segment import HIGHEST, MISSING

Choice = tuple[Action, int]


@dataclass(frozen=True)
class Step:
    """One action of a plan, on the values `before` it; the score rises by `low` to `high` points."""

    action: Action
    choice: int
    before: Mapping[str, int | None]
    days: int
    effort: int
    low: int
    high: int


@dataclass(frozen=True)
class Plan:
    """Steps to `target`, and the scores (`low` to `high`) after them; no steps when none reaches it.

    `most` is the highest score that any of the tried ways is sure to reach within twelve months.
    """

    target: int
    score: int
    steps: tuple[Step, ...]
    low: int
    high: int
    most: int

    @property
    def days(self) -> int:
        """How long the plan takes."""
        return sum(step.days for step in self.steps)


@dataclass(frozen=True)
class _Way:
    """A combination of choices with the values along it: cautious and hopeful, from the present on."""

    choices: tuple[Choice, ...]
    cautious: tuple[Row, ...]
    hopeful: tuple[Row, ...]

    @property
    def effort(self) -> int:
        steps = zip(self.choices, self.cautious, strict=False)
        return sum(action.effort(row, choice) for (action, choice), row in steps)


def plan(card: Scorecard, values: Mapping[str, int | None], target: int) -> Plan:
    """The cheapest plan to `target` from these feature values; Stop when it is no score above the present."""
    start: Row = {name: values[name] for name in card.features if name in values}
    if absent := [name for name in card.features if name not in start]:
        raise Stop(f"scorecard {card.name!r} needs the features {absent}, which are not among the values.")
    ways = [_Way((), (start,), (start,)), *_ways(start)]
    scores = _scores(card, [row for way in ways for row in (way.cautious[-1], way.hopeful[-1])])
    present = scores[0]
    if not present < target <= HIGHEST:
        raise Stop(f"a plan's target must lie above the score of {present} and be at most 850, got {target}.")
    sure = [min(pair) for pair in zip(scores[::2], scores[1::2], strict=True)]
    reaching = [way for way, low in zip(ways, sure, strict=True) if low >= target]
    if not reaching:
        return Plan(target, present, (), present, present, max(sure))
    best = min(reaching, key=lambda way: (way.effort, len(way.choices)))  # ties: the first that was tried
    low, high = _bounds(_scores(card, [best.cautious[-1], best.hopeful[-1]]))
    return Plan(target, present, _steps(card, best), low, high, max(sure))


def _ways(start: Row) -> Iterator[_Way]:
    """Every combination of at least one step that is possible from `start`."""
    options: list[list[Choice | None]] = [
        [None, *((action, choice) for action in group for choice in action.choices)] for group in STEPS
    ]
    for combination in itertools.product(*options):
        choices = tuple(choice for choice in combination if choice is not None)
        way = _walk(start, choices)
        if choices and way is not None:
            yield way


def _walk(start: Row, choices: tuple[Choice, ...]) -> _Way | None:
    """The values along the choices; None where one of them is not possible."""
    cautious, hopeful = [start], [start]
    for action, choice in choices:
        if not (action.possible(cautious[-1]) and action.possible(hopeful[-1])):
            return None
        cautious.append(action.after(cautious[-1], choice, False))
        hopeful.append(action.after(hopeful[-1], choice, True))
    return _Way(choices, tuple(cautious), tuple(hopeful))


def _steps(card: Scorecard, way: _Way) -> tuple[Step, ...]:
    low, high = _scores(card, list(way.cautious)), _scores(card, list(way.hopeful))
    found = []
    for index, (action, choice) in enumerate(way.choices):
        gains = [track[index + 1] - track[index] for track in (low, high)]
        before = way.cautious[index]
        effort, days = action.effort(before, choice), action.days(choice)
        found.append(Step(action, choice, before, days, effort, *_bounds(gains)))
    return tuple(found)


def _scores(card: Scorecard, rows: list[Row]) -> list[int]:
    """Each row's score by the card, 0 where insufficient."""
    values = [[MISSING if (value := row[name]) is None else value for name in card.features] for row in rows]
    found: list[int] = rate(card, np.array(values, dtype=np.int64)).score.tolist()
    return found


def _bounds(values: list[int]) -> tuple[int, int]:
    return min(values), max(values)
