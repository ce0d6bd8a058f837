"""How many blocks to ask a provider for at once, learnt from its refusals; pure.

Rules that hold here: a provider says "too much" in its own words and often what would do; words are
recognised in one place (tests tabulate whose they are) and only for refusals of eth_getLogs. Where they
name a widest range, it is never exceeded again; where they name a range that would work, it is asked
for next; where they say neither, the range is halved, and grown again while answers come. Whatever is
refused, ranges follow each other without gap or overlap, and each refusal makes the next one narrower.
"""

import re
from typing import NamedTuple

MAX_WIDTH = 2**63 - 1

_TOO_MUCH = re.compile(
    r"too (many|large|wide|big|high|much)|more than|range is|block range|range limit|ranges over|a .*range"
    r"|max(imum)?\b|response size|result set|limit|timeout|timed out|exceed|(larg|bigg|small)er than|narrow",
    re.IGNORECASE,
)
_OF_RESULTS = re.compile(r"result|response|logs (per|match)|many logs|time", re.IGNORECASE)
_NUMBER = r"(0x[0-9a-f]{1,16}|\d{1,19})"
_SUGGESTED = re.compile(
    rf"(?:range(?: should work)?:? \[?|\"from\": ?\"){_NUMBER}"
    rf"(?: ?- ?|, ?| to |\"[^}}]{{0,40}}\"to\": ?\"){_NUMBER}",
    re.IGNORECASE,
)
_WIDEST = re.compile(
    r"(?:limit(?:ed)?(?: to| of)?|max(?:imum)?[a-z ,\[\]]*|up to|over|at most|than|exceeds?|filter|>)"
    r"[a-z ]*[:=(]? ?(\d[\d,]{0,18})(k?)",
    re.IGNORECASE,
)


class Refusal(NamedTuple):
    """What a provider said of a range that is too much for it."""

    widest: int | None = None
    """The most blocks that it takes at once, if it said so."""

    until: int | None = None
    """The last block of the range that it proposes instead, if it does."""

    is_of_results: bool = False
    """Too many logs, which depends on the blocks; else too many blocks, which does not."""


def refusal(words: str, start: int, end: int) -> Refusal | None:
    """What `words` (message and data) say about the blocks from `start` to `end`; None: something else."""
    if not _TOO_MUCH.search(words):
        return None
    is_of_results = _OF_RESULTS.search(words) is not None
    widest = None if is_of_results else _widest(words, end - start + 1)
    return Refusal(widest, _suggested(words, start, end), is_of_results)


def _suggested(words: str, start: int, end: int) -> int | None:
    for first, last in _SUGGESTED.findall(words):
        if int(first, 0) == start and start <= int(last, 0) < end:
            return int(last, 0)
    return None


def _widest(words: str, asked: int) -> int | None:
    found = [int(n.replace(",", "") or 0) * (1000 if k else 1) for n, k in _WIDEST.findall(words)]
    fitting = [width for width in found if 1 <= width < asked]
    return fitting[-1] if fitting else None


class Widths:
    """The width of the next range for one provider."""

    def __init__(self) -> None:
        self._next = MAX_WIDTH
        self._refused = MAX_WIDTH + 1
        """The narrowest width that was refused for its blocks: it and wider ones are not asked for again."""
        self._answered = 0
        """The widest width that was answered."""

    def end(self, start: int, goal: int) -> int:
        """The last block of the range that begins at `start`, at most `goal`."""
        return min(goal, start + self._next - 1)

    def refused(self, start: int, end: int, what: Refusal) -> None:
        """The blocks from `start` to `end` (two at least) were too much: the next range is narrower."""
        asked = end - start + 1
        if not what.is_of_results:
            self._refused = min(self._refused, (what.widest or asked - 1) + 1)
        if what.widest is not None:
            self._next = what.widest
        elif what.until is not None:
            self._next = what.until - start + 1
        else:
            known = self._answered if not what.is_of_results and self._answered < asked else 0
            self._next = max(asked // 2, known)

    def answered(self, start: int, end: int) -> None:
        """The blocks from `start` to `end` were answered: a range as wide as was allowed lets it grow."""
        asked = end - start + 1
        self._answered = max(self._answered, asked)
        if asked >= self._next:
            grown = self._next + self._next // 4 + 1
            self._next = min(grown, max(self._next, (self._next + self._refused) // 2))
