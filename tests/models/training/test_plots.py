from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from models.segment import Term
from models.training import plots
from models.training.compare import compare
from models.training.curves import by_band, calibration_curve, distribution, lift_curve
from models.training.evaluate import sample
from models.training.fairness import fairness
from models.training.monitor import Month, Shift

RANDOM = np.random.default_rng(4)
TOTAL = RANDOM.normal(600, 90, 300).clip(300, 850).round()
ROWS = sample(RANDOM.random(300) < 0.2, TOTAL, np.full(300, 0.2), TOTAL)
OTHER = sample(ROWS.bad, TOTAL + RANDOM.normal(0, 60, 300), ROWS.chance)
MONTHS = [
    Month(0, 40, Shift("score", 900, 800, "within"), ()),
    Month(1, 3, Shift("score", 9_000, 9_900, "too few rows"), ()),
]

FIGURES: dict[str, Callable[[], Figure]] = {
    "calibration": lambda: plots.calibration(calibration_curve(ROWS)),
    "bands": lambda: plots.bands(by_band(ROWS)),
    "distribution": lambda: plots.distribution(distribution(ROWS)),
    "lift": lambda: plots.lift(lift_curve(ROWS)),
    "drift": lambda: plots.drift(MONTHS),
    "no drift yet": lambda: plots.drift(MONTHS[1:]),
    "separation": lambda: plots.separation(fairness(ROWS, "work", np.repeat(["a", "b", "c"], 100), draws=5)),
    "moves": lambda: plots.moves(compare(ROWS, OTHER, draws=5), ROWS.score, OTHER.score),
    "points": lambda: plots.points(Term(("payees",), ((1, 2, 9),), (0, -5, 3, 8, 12))),
    "points without cuts": lambda: plots.points(Term(("payees",), ((),), (0, 4))),
}


@pytest.mark.parametrize("name", FIGURES)
def test_plot__when_drawn_twice__then_equal_svg_with_its_words_as_text(name: str) -> None:
    figure = FIGURES[name]()
    first, second = plots.as_svg(figure), plots.as_svg(FIGURES[name]())
    assert first == second
    title = figure.axes[0].get_title(loc="left")
    assert title
    assert f">{title.replace('%', '%')}<" in first


def test_plot__when_drawn__then_nothing_global_is_left_open() -> None:
    import matplotlib.pyplot as plt

    before: list[Any] = plt.get_fignums()
    plots.as_png(FIGURES["lift"]())
    assert plt.get_fignums() == before


def test_points__when_a_range_holds_one_value__then_it_is_named_alone() -> None:
    axes = FIGURES["points"]().axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        "missing", "below 1", "1", "2 to 8", "9 or more",
    ]  # fmt: skip


def test_drift__when_a_month_has_too_few_rows__then_it_is_not_drawn() -> None:
    line = FIGURES["drift"]().axes[0].lines[0]
    assert np.asarray(line.get_xdata()).tolist() == [1]
