"""The pictures of a model card and of the notebooks, one function each; every one returns a Figure.

Rules that hold here: no pyplot, so nothing is global and nothing is left open; one blue and one orange that
differ in lightness and for every kind of colour vision, never red against green; whatever a colour says, a
label, a hatch or a marker says too; shares are written in per cent. `as_svg` gives equal bytes for equal
figures.
"""

import io
import itertools
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from models.segment import Term
from models.training.compare import MOVE, Comparison
from models.training.curves import Calibrated, Lift, Pile
from models.training.evaluate import Floats
from models.training.fairness import Fairness
from models.training.monitor import LIMIT_BPS, WATCH_BPS, Month

BLUE, ORANGE, GREY, LIGHT = "#0B5394", "#C8780A", "#4D5661", "#A9C8E6"
SIZE = (6.4, 3.8)
SETTINGS: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "credit-oracle",
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "legend.frameon": False,
}
PERCENT = PercentFormatter(1.0, decimals=None)


def as_svg(figure: Figure) -> str:
    """The figure as SVG text, without a date; text stays text."""
    return _saved(figure, "svg", {"Date": None}).decode()


def as_png(figure: Figure) -> bytes:
    """The figure as PNG."""
    return _saved(figure, "png", None)


def calibration(points: Sequence[Calibrated]) -> Figure:
    """Stated chance of bad against the share that turned bad."""
    figure, axes = _axes(
        "Of those told x %, how many turned bad?", "stated chance of bad", "share that turned bad"
    )
    stated, observed = (np.array([getattr(p, name) for p in points]) for name in ("stated", "observed"))
    top = max(0.05, 1.08 * max(*(p.high for p in points), stated.max()))
    axes.plot([0, top], [0, top], color=GREY, linewidth=1, linestyle="--")
    axes.annotate("as stated", (0.97 * top, 0.97 * top), ha="right", va="bottom", rotation=0, color=GREY)
    axes.errorbar(
        stated, observed, yerr=_reach(points), fmt="o", color=BLUE, capsize=3, label="95 % interval"
    )
    axes.set(xlim=(0, top), ylim=(0, top))
    axes.xaxis.set_major_formatter(PERCENT)
    axes.yaxis.set_major_formatter(PERCENT)
    axes.legend(frameon=False, loc="upper left")
    return figure


def bands(points: Sequence[Calibrated]) -> Figure:
    """Stated and observed share of bad by the bands that borrowers read."""
    figure, axes = _axes("Bad loans by band: stated and seen", "", "share of bad")
    place = np.arange(len(points))
    axes.bar(
        place,
        [p.observed for p in points],
        0.6,
        color=LIGHT,
        edgecolor=BLUE,
        label="seen, with 95 % interval",
    )
    axes.errorbar(place, [p.observed for p in points], yerr=_reach(points), fmt="none", color=BLUE, capsize=4)
    axes.plot(place, [p.stated for p in points], "D", color=ORANGE, markersize=8, label="stated")
    axes.set_xticks(place, [f"{p.name}\n{p.rows:,} loans" for p in points])
    axes.yaxis.set_major_formatter(PERCENT)
    axes.legend(frameon=False, loc="upper right")
    return figure


def distribution(piles: Sequence[Pile]) -> Figure:
    """Where the scores of good and of bad loans lie, each as a share of its kind."""
    figure, axes = _axes("Where the scores lie", "score", "share of its kind")
    middle = np.array([(p.low + p.high) / 2 for p in piles])
    for shift, kind, colour, hatch in ((-12, "good", LIGHT, ""), (12, "bad", ORANGE, "///")):
        counts = np.array([getattr(p, kind) for p in piles])
        name = f"{kind} ({counts.sum():,.0f})"
        axes.bar(
            middle + shift,
            counts / max(counts.sum(), 1),
            23,
            color=colour,
            edgecolor=GREY,
            hatch=hatch,
            label=name,
        )
    axes.set_xticks([*(p.low for p in piles), piles[-1].high])
    axes.tick_params(axis="x", labelsize=8)
    axes.yaxis.set_major_formatter(PERCENT)
    axes.legend(frameon=False, loc="upper left")
    return figure


def lift(points: Sequence[Lift]) -> Figure:
    """The share of all bad loans among the riskiest ones."""
    figure, axes = _axes(
        "How many bad loans are among the riskiest?", "riskiest share of loans", "share of all bad loans"
    )
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle="--")
    axes.annotate("by chance", (0.75, 0.72), ha="left", va="top", color=GREY)
    axes.plot([0, *(p.share for p in points)], [0, *(p.captured for p in points)], "o-", color=BLUE)
    axes.annotate(
        "by the score",
        (points[2].share, points[2].captured),
        xytext=(-6, 8),
        textcoords="offset points",
        ha="right",
        color=BLUE,
    )
    axes.set(xlim=(0, 1.01), ylim=(0, 1.05))
    axes.xaxis.set_major_formatter(PERCENT)
    axes.yaxis.set_major_formatter(PERCENT)
    return figure


def drift(months: Sequence[Month]) -> Figure:
    """The score's index by month beside its limits and what chance would show; small months are left out."""
    figure, axes = _axes(
        "Has the population moved?", "month since training", "index of the score, basis points"
    )
    judged = [(at, m.score) for at, m in enumerate(months, 1) if m.score.verdict != "too few rows"]
    place = [at for at, _ in judged]
    top = max(LIMIT_BPS, *(score.index_bps for _, score in judged), 0)
    axes.plot(place, [score.index_bps for _, score in judged], "o-", color=BLUE, label="index of the score")
    noise = [score.noise_bps for _, score in judged]
    axes.plot(place, noise, "s:", color=GREY, markersize=4, label="below this: chance (95 %)")
    for limit, name, style in ((WATCH_BPS, "watch", "--"), (LIMIT_BPS, "limit", "-")):
        axes.axhline(limit, color=ORANGE, linewidth=1.2, linestyle=style, label=f"{name} ({limit:,})")
    axes.set(ylim=(0, 1.45 * top), xlim=(0.5, max(place, default=1) + 0.5))
    axes.set_xticks(place)
    axes.legend(frameon=False, loc="upper left", ncols=2)
    return figure


def separation(found: Fairness) -> Figure:
    """Share refused at the cut-off by group, of those who repaid and of those who did not."""
    figure, axes = _axes(f"Refused below {found.cut_off}, by {found.by}", "share refused", "")
    place = np.arange(len(found.groups))
    for name, field, colour, marker in (
        ("repaid in the end", "refused_good", BLUE, "o"),
        ("did not repay", "refused_bad", ORANGE, "D"),
    ):
        shares = [np.nan if (share := getattr(g, field)) is None else share for g in found.groups]
        axes.plot(shares, place, marker, color=colour, markersize=9, label=name)
    axes.set_yticks(place, [f"{g.name} ({g.rows:,})" for g in found.groups])
    axes.set(xlim=(-0.03, 1.03), ylim=(len(place) - 0.5, -0.9))
    axes.grid(axis="y", color=LIGHT, linewidth=1)
    axes.xaxis.set_major_formatter(PERCENT)
    axes.legend(frameon=False, loc="upper center", ncols=2)
    return figure


def moves(found: Comparison, before: Floats, after: Floats) -> Figure:
    """Score by the champion against that by the challenger; beyond the lines it moves by more than MOVE."""
    figure, axes = _axes(
        "Who would be told something else?", "score by the champion", "score by the challenger"
    )
    far = np.abs(after - before) > MOVE
    axes.plot(
        before[~far], after[~far], "o", color=BLUE, markersize=4, alpha=0.5, label=f"within {MOVE} points"
    )
    axes.plot(
        before[far],
        after[far],
        "D",
        color=ORANGE,
        markersize=5,
        label=f"moves more ({int(far.sum()):,} of {found.rows:,})",
    )
    for shift in (-MOVE, MOVE):
        axes.plot([300, 850], [300 + shift, 850 + shift], color=GREY, linewidth=1, linestyle="--")
    axes.set(xlim=(300, 850), ylim=(300, 850))
    axes.legend(frameon=False, loc="upper left")
    return figure


def points(term: Term) -> Figure:
    """The points of a term of one feature by its ranges, missing first."""
    cuts = term.cuts[0]
    between = [
        f"{low:,} to {high - 1:,}" if high - 1 > low else f"{low:,}" for low, high in itertools.pairwise(cuts)
    ]
    ranges = (
        ["missing", f"below {cuts[0]:,}", *between, f"{cuts[-1]:,} or more"] if cuts else ["missing", "known"]
    )
    figure, axes = _axes(term.name, "points", "", height=0.32 * len(ranges) + 1.2)
    bars = axes.barh(ranges, [0 if p is None else p for p in term.flat], color=LIGHT, edgecolor=BLUE)
    axes.bar_label(bars, padding=3, fmt="%+d")
    axes.axvline(0, color=GREY, linewidth=1)
    axes.margins(x=0.15)
    axes.invert_yaxis()
    return figure


def _axes(title: str, x: str, y: str, height: float = SIZE[1]) -> tuple[Figure, Axes]:
    with mpl.rc_context(SETTINGS):
        figure = Figure(figsize=(SIZE[0], height), layout="constrained")
        axes = figure.subplots()
        axes.set(title=title, xlabel=x, ylabel=y)
    return figure, axes


def _reach(found: Sequence[Calibrated]) -> Floats:
    """How far the intervals reach below and above the observed shares (2, n)."""
    below = [max(0.0, p.observed - p.low) for p in found]
    return np.array([below, [max(0.0, p.high - p.observed) for p in found]])


def _saved(figure: Figure, form: str, metadata: dict[str, None] | None) -> bytes:
    buffer = io.BytesIO()
    with mpl.rc_context(SETTINGS):
        figure.savefig(buffer, format=form, dpi=110, metadata=metadata)
    return buffer.getvalue()
