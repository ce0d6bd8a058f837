from __future__ import annotations

import numpy as np
import pytest

from ledger_reader.errors import Stop
from models.training.evaluate import sample
from models.training.fairness import fairness

BAD = np.array(([True] * 10 + [False] * 30) * 2)
GROUP = np.repeat(["x", "y"], 40)
"""Two groups of ten bad and thirty good rows each."""


def test_fairness__when_labels_are_missing__then_stop() -> None:
    rows = sample(BAD, np.zeros(80), np.full(80, 0.25))
    with pytest.raises(Stop, match=r"work has \(79,\) labels for 80 rows"):
        fairness(rows, "work", GROUP[1:])


def test_fairness__when_one_group_is_refused_more__then_the_gaps_are_those_shares() -> None:
    score = np.full(80, 700)
    score[:5], score[10:16] = 600, 600  # of x: 5 of 10 bad and 6 of 30 good
    score[40:49] = 600  # of y: 9 of 10 bad and no good one
    found = fairness(sample(BAD, score, np.full(80, 0.25), score), "work", GROUP, draws=50)
    assert [(g.name, g.refused_good, g.refused_bad, g.observed) for g in found.groups] == [
        ("x", 0.2, 0.5, 0.25),
        ("y", 0.0, 0.9, 0.25),
    ]
    assert found.gap_refused_good is not None
    assert found.gap_refused_bad is not None
    assert found.gap_calibration is not None
    assert (found.gap_refused_good.value, found.gap_refused_bad.value) == (0.2, 0.4)
    assert found.gap_calibration.value == 0
    assert found.gap_refused_good.low <= 0.2 <= found.gap_refused_good.high


def test_fairness__when_chances_are_off_in_one_group__then_the_calibration_gap_shows_it() -> None:
    chance = np.where(GROUP == "x", 0.25, 0.45)
    found = fairness(sample(BAD, np.arange(80), chance), "work", GROUP, draws=20)
    assert found.gap_calibration is not None
    assert found.gap_calibration.value == pytest.approx(0.2)


def test_fairness__when_a_group_is_small_or_one_sided__then_it_is_named_but_not_counted() -> None:
    labels = np.array(["few"] * 5 + ["x"] * 35 + ["y"] * 40)
    rows = sample(BAD, np.arange(80), np.full(80, 0.25))
    found = fairness(rows, "work", labels, draws=20)
    assert [(g.name, g.counted) for g in found.groups] == [("few", False), ("x", True), ("y", True)]
    assert found.groups[0].auc is None
    assert found.groups[0].refused_good is None
    alone = fairness(rows, "work", np.full(80, "x"), draws=20)
    assert alone.gap_refused_good is None
