"""Champion against challenger on the same rows: a paired test, and who would be told something else.

Rules that hold here: both are measured on exactly the same rows; the interval of the difference is a
paired bootstrap over people; DeLong's test stands beside it (it treats rows as independent, so its p is
too small where people have many rows); a move counts when the told score moves by more than 50 points.
Source of the test: E. DeLong, D. DeLong, D. Clarke-Pearson, Comparing the areas under two or more
correlated receiver operating characteristic curves (1988); its ranks as X. Sun, W. Xu (2014).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, rankdata

from ledger_reader.errors import Stop
from models.training.evaluate import DRAWS, Bools, Estimate, Floats, Sample, auc, bootstrap, surprise

MOVE = 50
"""A score that moves by more points than this is told as a move."""


@dataclass(frozen=True)
class DeLong:
    """Difference of two AUCs on the same rows, its standard error, and the two-sided p of no difference."""

    difference: float
    standard_error: float
    p: float


@dataclass(frozen=True)
class Moved:
    """Rows of one group: how many move by more than MOVE points, up and down, and the mean change."""

    group: str
    rows: int
    up: int
    down: int
    mean_change: float


@dataclass(frozen=True)
class Comparison:
    """`gain` is the challenger's AUC less the champion's; `moved` is over all rows first, then by group."""

    rows: int
    bad: int
    champion: Estimate
    challenger: Estimate
    gain: Estimate
    delong: DeLong
    log_loss_gain: Estimate
    moved: tuple[Moved, ...]

    @property
    def verdict(self) -> str:
        """One sentence: is a difference shown?"""
        if self.gain.low > 0:
            return "The challenger ranks better: the interval of the difference lies above 0."
        if self.gain.high < 0:
            return "The champion ranks better: the interval of the difference lies below 0."
        return "No difference is shown: the interval of the difference holds 0."


def compare(
    champion: Sample,
    challenger: Sample,
    groups: Mapping[str, NDArray[Any]] | None = None,
    draws: int = DRAWS,
) -> Comparison:
    """Two scores of the same rows; `groups` has a label a row by the name of what groups them.

    Stop when the rows differ or lack good or bad ones.
    """
    _check(champion, challenger)
    bad, risks = champion.bad, (-champion.total, -challenger.total)

    def measured(weights: Floats) -> list[float]:
        first, second = (auc(bad, risk, weights) for risk in risks)
        losses = [
            float(np.average(surprise(rows.bad, rows.chance), weights=weights))
            for rows in (champion, challenger)
        ]
        return [first, second, second - first, losses[0] - losses[1]]

    ours, theirs, gain, loss = bootstrap(champion, draws, measured)
    return Comparison(
        rows=len(champion),
        bad=int(bad.sum()),
        champion=ours,
        challenger=theirs,
        gain=gain,
        delong=delong(bad, risks[1], risks[0]),
        log_loss_gain=loss,
        moved=moves(champion.score, challenger.score, groups or {}),
    )


def delong(bad: Bools, first: Floats, second: Floats) -> DeLong:
    """The test of AUC(first) = AUC(second), both risks of the same rows; p is 1 when they never differ.

    Stop when there are fewer than two rows of a kind.
    """
    if min(bad.sum(), (~bad).sum()) < 2:
        raise Stop(
            f"DeLong's test needs two good and two bad rows, got {len(bad)} with {int(bad.sum())} bad."
        )
    parts = [_placements(bad, risk) for risk in (first, second)]
    difference = float(parts[0][0].mean() - parts[1][0].mean())
    variance = sum(float(np.var(one - other, ddof=1)) / len(one) for one, other in zip(*parts, strict=True))
    error = float(np.sqrt(variance))
    p = float(2 * norm.sf(abs(difference) / error)) if error > 0 else float(difference == 0)
    return DeLong(round(difference, 6), round(error, 6), round(p, 6))


def moves(before: Floats, after: Floats, groups: Mapping[str, NDArray[Any]]) -> tuple[Moved, ...]:
    """Who moves by more than MOVE points: everybody first, then each group in the order of its label."""
    change = after - before
    found = [_moved("all", change)]
    for name, labels in groups.items():
        for label in sorted(set(labels.tolist())):
            found.append(_moved(f"{name} {label}", change[labels == label]))
    return tuple(found)


def _placements(bad: Bools, risk: Floats) -> tuple[Floats, Floats]:
    """Of each bad row the share of good ones below it, of each good row that of bad ones above."""
    ranks = rankdata(risk)
    of_bad, of_good = ranks[bad] - rankdata(risk[bad]), ranks[~bad] - rankdata(risk[~bad])
    return of_bad / len(of_good), 1 - of_good / len(of_bad)


def _moved(group: str, change: Floats) -> Moved:
    return Moved(
        group=group,
        rows=len(change),
        up=int((change > MOVE).sum()),
        down=int((change < -MOVE).sum()),
        mean_change=round(float(change.mean()), 1),
    )


def _check(champion: Sample, challenger: Sample) -> None:
    same = len(champion) == len(challenger) and bool(
        (champion.bad == challenger.bad).all() and (champion.person == challenger.person).all()
    )
    if not same:
        raise Stop(
            f"the champion has {len(champion)} rows and the challenger {len(challenger)}, or their outcomes "
            "or people differ; score the same rows with both."
        )
    if not champion.has_both:
        raise Stop("the rows to compare on are all good or all bad; name a window that has both.")
