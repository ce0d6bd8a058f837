"""Drift: has the population moved away from the one that the scorecard learned from?

Rules that hold here: the population stability index (PSI) of the score is over its ten bins, the
characteristic stability index (CSI) of a feature over at most eleven ranges between cuts of its terms,
missing first; both come from models/stability.py, in basis points, as the nodes report them. Even an
unmoved population gives an index above 0 when few rows are counted: an index is beyond its limit only
when it also exceeds what 95 % of samples of that size would show (B. Yurdakul, Statistical properties
of population stability index, 2018: the index is about chi-squared times (1/n + 1/m)). Months
are spans of 30 days.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from ledger_reader.errors import Stop
from models import plain
from models.features.feature import DAY, MONTH_DAYS
from models.segment import BAND_POINTS, LOWEST, MAX_CUT, Segment, cells
from models.stability import BINS, psi_bps

WATCH_BPS, LIMIT_BPS = 1_000, 2_500
MONTH = MONTH_DAYS * DAY
LEAST_ROWS = 30
"""A month with fewer rows is shown, and judged by nothing."""

Int64s = NDArray[np.int64]


@dataclass(frozen=True)
class Baseline:
    """How the training rows were spread: ten counts by score; cuts and counts by cell of each feature."""

    scores: tuple[int, ...]
    features: Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]]

    def to_plain(self) -> dict[str, Any]:
        """Plain values for JSON."""
        features = {
            n: {"cuts": list(cuts), "counts": list(counts)} for n, (cuts, counts) in self.features.items()
        }
        return {"scores": list(self.scores), "features": features}


@dataclass(frozen=True)
class Shift:
    """The index of the score or of one feature; `noise_bps` is what 95 % of unmoved samples stay below."""

    name: str
    index_bps: int
    noise_bps: int
    verdict: str


@dataclass(frozen=True)
class Month:
    """A month's rows: from when (Unix seconds), the score's shift and the features', worst first."""

    start: int
    rows: int
    score: Shift
    features: tuple[Shift, ...]

    @property
    def beyond(self) -> tuple[str, ...]:
        """Names of what is beyond its limit."""
        return tuple(one.name for one in (self.score, *self.features) if one.verdict == "beyond")


def baseline(segment: Segment, columns: Mapping[str, Int64s], scores: Int64s) -> Baseline:
    """The spread of some rows over the cells of a segment's features, and over the bins of the score."""
    features = {}
    for name, cuts in _all_cuts(segment).items():
        few = _coarse(cuts, columns[name])
        features[name] = (few, _counts(few, columns[name]))
    return Baseline(_score_counts(scores), features)


def baseline_from_plain(part: Any) -> Baseline:
    """A baseline from JSON, fully checked; Stop names what is wrong."""
    top = plain.fields(part, ("scores", "features"), "the baseline")
    if not isinstance(top["features"], dict):
        raise Stop("the baseline's features must be an object of cuts and counts by name.")
    features = {}
    for name, found in top["features"].items():
        where = f"the baseline of {name}"
        one = plain.fields(found, ("cuts", "counts"), where)
        cuts = tuple(
            plain.integer(cut, f"a cut of {where}", -MAX_CUT, MAX_CUT)
            for cut in plain.items(one["cuts"], where)
        )
        features[name] = (cuts, _whole(one["counts"], where, len(cuts) + 2))
    return Baseline(_whole(top["scores"], "the baseline of scores", BINS), features)


def drift(
    before: Baseline, columns: Mapping[str, Int64s], scores: Int64s, times: Int64s, since: int
) -> tuple[Month, ...]:
    """The rows by month of `times` (Unix seconds) from `since` on; months without rows are left out.

    Stop when a feature of the baseline was not measured.
    """
    if absent := sorted(set(before.features) - set(columns)):
        raise Stop(
            f"the features {absent} of the baseline were not measured; measure what the model was trained on."
        )
    found = []
    month = (times - since) // MONTH
    for number in sorted(set(month[month >= 0].tolist())):
        here = month == number
        found.append(
            _month(
                before, {n: columns[n][here] for n in before.features}, scores[here], since + number * MONTH
            )
        )
    return tuple(found)


def verdict(months: Sequence[Month]) -> str:
    """One sentence over all months: what, if anything, is beyond its limit in the latest one that counts."""
    judged = [month for month in months if month.score.verdict != "too few rows"]
    if not judged:
        return f"No month has {LEAST_ROWS} rows yet: nothing can be said."
    last = judged[-1]
    if last.score.verdict == "beyond":
        return "On hold: in the latest month the score is beyond its limit."
    if last.beyond:
        return f"To be looked at: {', '.join(last.beyond)} moved beyond the limit, the score did not."
    return "Within limits: in the latest month nothing is beyond its limit."


def shift(name: str, before: tuple[int, ...], now: tuple[int, ...]) -> Shift:
    """One index with its noise and verdict: within, watch, beyond, or too few rows."""
    index, noise = psi_bps(before, now), noise_bps(len(before), sum(before), sum(now))
    if sum(now) < LEAST_ROWS:
        return Shift(name, index, noise, "too few rows")
    if index <= max(WATCH_BPS, noise):
        return Shift(name, index, noise, "within")
    return Shift(name, index, noise, "beyond" if index > LIMIT_BPS else "watch")


def noise_bps(bins: int, before: int, now: int) -> int:
    """What 95 % of indices of two samples of one population stay below, rounded up; 0 without rows."""
    if not before or not now or bins < 2:
        return 0
    return int(np.ceil(10_000 * chi2.ppf(0.95, bins - 1) * (1 / before + 1 / now)))


def _month(before: Baseline, columns: Mapping[str, Int64s], scores: Int64s, start: int) -> Month:
    shifts = [
        shift(name, counts, _counts(cuts, columns[name])) for name, (cuts, counts) in before.features.items()
    ]
    return Month(
        start=start,
        rows=len(scores),
        score=shift("score", before.scores, _score_counts(scores)),
        features=tuple(sorted(shifts, key=lambda one: -one.index_bps)),
    )


def _all_cuts(segment: Segment) -> dict[str, tuple[int, ...]]:
    found: dict[str, set[int]] = {}
    for term in segment.terms:
        for name, cuts in zip(term.features, term.cuts, strict=True):
            found.setdefault(name, set()).update(cuts)
    return {name: tuple(sorted(cuts)) for name, cuts in found.items()}


def _coarse(cuts: tuple[int, ...], values: Int64s) -> tuple[int, ...]:
    """At most nine of the cuts, such that about equally many values lie between them."""
    counts = np.array(_counts(cuts, values)[1:])
    below = np.cumsum(counts)[:-1]
    wanted = np.arange(1, BINS) * counts.sum() / BINS
    return (
        tuple(cuts[at] for at in sorted({int(np.abs(below - one).argmin()) for one in wanted}))
        if cuts
        else ()
    )


def _counts(cuts: tuple[int, ...], values: Int64s) -> tuple[int, ...]:
    return tuple(np.bincount(cells(cuts, values), minlength=len(cuts) + 2).tolist())


def _score_counts(scores: Int64s) -> tuple[int, ...]:
    bins = np.minimum((scores - LOWEST) // BAND_POINTS, BINS - 1)
    return tuple(np.bincount(bins, minlength=BINS).tolist())


def _whole(part: Any, where: str, length: int) -> tuple[int, ...]:
    return tuple(
        plain.integer(one, f"a count of {where}", 0, 10**12)
        for one in plain.items(part, where, length, length)
    )
