"""A scorecard with what it takes to read a researcher's table: scores and chances without scikit-learn.

Rules that hold here: the total of a row is the scorecard's own look-up on the frame's integers; the
chance of bad is Law's, of the unclamped total; the scorecard's calibration table is the same law for
clamped scores in basis points. The written form is canonical JSON and holds integers only.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ledger_reader.keccak import keccak256
from models import plain
from models import scorecard as cards
from models.scorecard import Scorecard
from models.segment import HIGHEST, LOWEST, Columns, Segment
from models.training.frame import Frame
from models.training.frame import from_plain as frame_from_plain

FORMAT = 1
SEGMENT = "rows"
"""The one segment of a scorecard learned from a table: every row is scored."""

DOUBLING = 40

Floats = NDArray[np.float64]
Int64s = NDArray[np.int64]


@dataclass(frozen=True)
class Law:
    """`score` points mean odds of good to bad of `odds` to 1, and 40 points more double them."""

    score: int
    odds: int

    def chance(self, totals: Int64s) -> Floats:
        """Chance of bad of each unclamped total (n)."""
        with np.errstate(over="ignore"):
            chance: Floats = 1 / (1 + self.odds * np.exp2((totals - self.score) / DOUBLING))
        return chance

    def steps(self) -> tuple[tuple[int, int], ...]:
        """The calibration table: least score and chance of bad in basis points, where the latter changes."""
        scores = np.arange(LOWEST, HIGHEST + 1, dtype=np.int64)
        bps = np.rint(self.chance(scores) * 10_000).astype(np.int64)
        firsts = np.flatnonzero(np.diff(bps, prepend=-1))
        return tuple((int(scores[at]), int(bps[at])) for at in firsts)

    def even(self) -> int:
        """The largest total that is more likely bad than not."""
        low, high = self.score - 2_000, self.score + 2_000
        totals = np.arange(low, high, dtype=np.int64)
        return int(totals[self.chance(totals) > 0.5][-1])


@dataclass(frozen=True)
class TabularScorecard:
    """Frame, scorecard and law: everything that a prediction needs."""

    frame: Frame
    scorecard: Scorecard
    law: Law

    @property
    def segment(self) -> Segment:
        """The tables."""
        return self.scorecard.segments[SEGMENT]

    def totals(self, table: Any) -> Int64s:
        """Base plus points of each row of a DataFrame or array, unclamped; higher is safer (n)."""
        columns = self.frame.integers(table)
        return self.segment.totals(Columns(columns, len(table)))

    def scores(self, table: Any) -> Int64s:
        """Scores from 300 to 850 (n)."""
        return np.clip(self.totals(table), LOWEST, HIGHEST)

    def chance(self, table: Any) -> Floats:
        """Calibrated chance of bad of each row (n)."""
        return self.law.chance(self.totals(table))


def to_json(card: TabularScorecard) -> bytes:
    """Canonical JSON: the frame's columns, the scorecard as it is hashed, the law."""
    return plain.write(
        {
            "format": FORMAT,
            "columns": [column.to_plain() for column in card.frame.columns],
            "scorecard": cards.to_json(card.scorecard).decode(),
            "law": {"score": card.law.score, "odds": card.law.odds},
        }
    )


def from_json(text: bytes | str) -> TabularScorecard:
    """The scorecard of a JSON text, fully checked; Stop names the first thing that is wrong."""
    top = plain.fields(
        plain.read(text, "the tabular scorecard"),
        ("format", "columns", "scorecard", "law"),
        "the tabular scorecard",
    )
    plain.integer(top["format"], "the tabular scorecard's format", FORMAT, FORMAT)
    law = plain.fields(top["law"], ("score", "odds"), "the law")
    return TabularScorecard(
        frame=frame_from_plain(top["columns"]),
        scorecard=cards.from_json(plain.string(top["scorecard"], "the scorecard", plain.MAX_BYTES)),
        law=Law(
            plain.integer(law["score"], "the law's score", -100_000, 100_000),
            plain.integer(law["odds"], "the law's odds", 1, 10_000),
        ),
    )


def identity(card: TabularScorecard) -> bytes:
    """keccak256 of the canonical JSON (32 bytes)."""
    return keccak256(to_json(card))
