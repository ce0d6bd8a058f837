"""Wordings in English and Chinese, with a person's own figures in them.

Rules that hold here: a figure is shown the same way wherever it stands; a wording whose figures are not all
known says nothing, so that no sentence ever holds a blank or a made-up zero.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

Language = Literal["en", "zh"]


class Count(int):
    """A count in a text: `{n}` writes it with thousands separated, `{n:loan|loans}` the fitting word."""

    def __format__(self, words: str) -> str:
        if not words:
            return int.__format__(self, ",")
        one, many = words.split("|")
        return one if self == 1 else many


def money(cents: int) -> str:
    """US cents as people read them."""
    sign, cents = ("-" if cents < 0 else ""), abs(cents)
    return f"{sign}{cents // 100:,}.{cents % 100:02d} USD"


def percent(bps: int) -> str:
    """Whole percent of basis points, rounded down."""
    return f"{bps // 100}"


@dataclass(frozen=True)
class Figure:
    """A figure in a text: the feature it comes from, and how its value is shown."""

    feature: str
    show: Callable[[int], str | int] = Count


@dataclass(frozen=True)
class Variant:
    """One wording of a reason: both languages, and the figures that its placeholders need."""

    english: str
    chinese: str
    figures: Mapping[str, Figure]

    def text(self, values: Mapping[str, int | None], language: Language) -> str | None:
        """The wording with its figures from feature `values`; None when one of them is not known."""
        shown: dict[str, str | int] = {}
        for place, figure in self.figures.items():
            value = values.get(figure.feature)
            if value is None:
                return None
            shown[place] = figure.show(value)
        return (self.english if language == "en" else self.chinese).format(**shown)
