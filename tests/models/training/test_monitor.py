from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger_reader.errors import Stop
from models.segment import MISSING, Segment, Term
from models.training import monitor

CUTS = tuple(range(10, 200, 10))
SEGMENT = Segment(
    600,
    (Term(("income",), (CUTS,), (0, *range(len(CUTS) + 1))), Term(("loans",), ((1,),), (0, 0, 5))),
    ((300, 1_000),),
    (50,) * 10,
)


def _columns(rows: int, shift: int = 0, seed: int = 1) -> dict[str, monitor.Int64s]:
    random = np.random.default_rng(seed)
    income = random.integers(0, 200, rows) + shift
    income[::17] = MISSING
    return {"income": income, "loans": random.integers(0, 3, rows)}


def _scores(rows: int, shift: int = 0, seed: int = 2) -> monitor.Int64s:
    return np.clip(np.random.default_rng(seed).normal(600 + shift, 60, rows), 300, 850).astype(np.int64)


BEFORE = monitor.baseline(SEGMENT, _columns(3_000), _scores(3_000))


def test_drift__when_a_feature_was_not_measured__then_stop() -> None:
    with pytest.raises(Stop, match=r"\['income', 'loans'\] of the baseline were not measured"):
        monitor.drift(BEFORE, {}, _scores(1), np.array([0]), 0)


@pytest.mark.parametrize(
    ("plain", "sentence"),
    [
        ({"scores": [1] * 9, "features": {}}, "the baseline of scores must be a list of 10 to 10"),
        ({"scores": [1] * 10, "features": []}, "must be an object of cuts and counts"),
        ({"scores": [1] * 10, "features": {"a": {"cuts": [1], "counts": [1, 1]}}}, "list of 3 to 3"),
        ({"scores": [-1] + [1] * 9, "features": {}}, "must be an integer from 0"),
    ],
)
def test_baseline__when_written_wrongly__then_stop(plain: object, sentence: str) -> None:
    with pytest.raises(Stop, match=sentence):
        monitor.baseline_from_plain(plain)


def test_baseline__when_written_and_read__then_the_same() -> None:
    assert monitor.baseline_from_plain(BEFORE.to_plain()) == BEFORE


def test_baseline__when_a_term_has_many_cuts__then_at_most_nine_that_part_the_rows_evenly() -> None:
    cuts, counts = BEFORE.features["income"]
    assert set(cuts) <= set(CUTS)
    assert len(cuts) == 9
    assert sum(counts) == 3_000
    assert max(counts[1:]) < 2 * min(counts[1:])


@given(st.integers(2, 11), st.integers(100, 5_000), st.integers(100, 5_000), st.integers(0, 2**32 - 1))
def test_noise__when_two_samples_are_of_one_population__then_seldom_exceeded(
    bins: int, before: int, now: int, seed: int
) -> None:
    random = np.random.default_rng(seed)
    over = 0
    for _ in range(40):
        one, other = (tuple(random.multinomial(n, np.full(bins, 1 / bins)).tolist()) for n in (before, now))
        over += monitor.shift("x", one, other).index_bps > monitor.noise_bps(bins, before, now)
    assert over <= 11  # about 2 expected; 12 or more has a chance of 10^-6


def test_shift__when_shares_are_known__then_the_index_of_its_formula() -> None:
    found = monitor.shift("x", (500, 500), (700, 300))
    assert found.index_bps == pytest.approx(10_000 * (0.2 * math.log(1.4) - 0.2 * math.log(0.6)), abs=10)
    assert found.verdict == "watch"


def test_shift__when_few_rows_could_show_as_much_by_chance__then_within_limits() -> None:
    found = monitor.shift("x", (1_000,) * 10, (8, 2, 2, 6, 4, 4, 2, 6, 4, 2))
    assert monitor.WATCH_BPS < found.index_bps < found.noise_bps
    assert found.verdict == "within"
    assert (
        monitor.shift("x", (1_000,) * 10, (800, 200, 200, 600, 400, 400, 200, 600, 400, 200)).verdict
        == "watch"
    )


def test_drift__when_nothing_moved__then_within_limits() -> None:
    months = monitor.drift(BEFORE, _columns(400, seed=5), _scores(400, seed=6), np.zeros(400, np.int64), 0)
    assert [month.rows for month in months] == [400]
    assert months[0].beyond == ()
    assert monitor.verdict(months).startswith("Within limits")


def test_drift__when_scores_fall__then_on_hold_and_the_month_is_named() -> None:
    times = np.repeat([-1, 0, monitor.MONTH - 1, monitor.MONTH], 200)
    scores = np.concatenate([_scores(600, seed=8), _scores(200, shift=-90, seed=9)])
    months = monitor.drift(BEFORE, _columns(800, seed=7), scores, times, 0)
    assert [(month.start, month.rows) for month in months] == [(0, 400), (monitor.MONTH, 200)]
    assert [month.score.verdict for month in months] == ["within", "beyond"]
    assert monitor.verdict(months).startswith("On hold")


def test_drift__when_only_a_feature_moved__then_it_is_to_be_looked_at() -> None:
    months = monitor.drift(
        BEFORE, _columns(400, shift=60, seed=5), _scores(400, seed=6), np.zeros(400, np.int64), 0
    )
    assert months[0].beyond == ("income",)
    assert monitor.verdict(months) == ("To be looked at: income moved beyond the limit, the score did not.")


def test_drift__when_a_month_has_few_rows__then_it_is_not_judged() -> None:
    months = monitor.drift(BEFORE, _columns(20, 90), _scores(20, -200), np.zeros(20, np.int64), 0)
    assert months[0].score.verdict == "too few rows"
    assert monitor.verdict(months) == "No month has 30 rows yet: nothing can be said."
