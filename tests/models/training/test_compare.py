from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger_reader.errors import Stop
from models.training.compare import compare, delong, moves
from models.training.evaluate import Floats, Sample, auc, sample


def _pair(better: float, rows: int = 600) -> tuple[Sample, Sample]:
    """A champion, and a challenger that knows so much more."""
    random = np.random.default_rng(9)
    hidden = random.normal(0, 1, rows)
    bad = random.random(rows) < 1 / (1 + np.exp(1 + 1.5 * hidden))
    totals = [600 + 60 * (hidden + random.normal(0, noise, rows)) for noise in (1.5, 1.5 - better)]
    chances = [1 / (1 + np.exp((total - 500) / 57.7)) for total in totals]
    ours, theirs = (sample(bad, total, chance) for total, chance in zip(totals, chances, strict=True))
    return ours, theirs


def test_compare__when_the_rows_differ__then_stop() -> None:
    ours, theirs = _pair(1.0)
    other = sample(~theirs.bad, theirs.total, theirs.chance)
    for wrong in (other, theirs.rows(np.arange(600) < 500)):
        with pytest.raises(Stop, match="score the same rows with both"):
            compare(ours, wrong)


def test_compare__when_all_are_good__then_stop() -> None:
    good = sample([0, 0], [1, 2], [0.1, 0.1])
    with pytest.raises(Stop, match="all good or all bad"):
        compare(good, good)


def test_delong__when_one_row_is_bad__then_stop() -> None:
    with pytest.raises(Stop, match="two good and two bad"):
        delong(np.array([True, False, False]), np.arange(3.0), np.arange(3.0))


def test_compare__when_both_are_the_same__then_no_difference_is_shown() -> None:
    ours, _ = _pair(1.0)
    found = compare(ours, ours, draws=50)
    assert (found.gain.value, found.gain.low, found.gain.high, found.delong.p) == (0, 0, 0, 1)
    assert found.verdict.startswith("No difference")
    assert (found.moved[0].up, found.moved[0].down) == (0, 0)


def test_compare__when_the_challenger_knows_more__then_it_is_shown_and_the_other_way_round() -> None:
    ours, theirs = _pair(1.3)
    found, back = compare(ours, theirs, draws=200), compare(theirs, ours, draws=200)
    assert found.verdict.startswith("The challenger")
    assert back.verdict.startswith("The champion")
    assert found.gain.low > 0
    assert found.delong.p < 0.001
    assert back.gain.value == -found.gain.value
    assert found.log_loss_gain.low > 0


def test_delong__when_compared_with_the_bootstrap__then_about_the_same_error() -> None:
    ours, theirs = _pair(0.5)
    found = compare(ours, theirs, draws=1_000)
    assert found.delong.difference == pytest.approx(found.gain.value, abs=1e-4)
    spread = (found.gain.high - found.gain.low) / (2 * 1.96)
    assert found.delong.standard_error == pytest.approx(spread, rel=0.15)


PAIRS = st.lists(
    st.tuples(st.booleans(), st.integers(0, 4), st.integers(0, 4)), min_size=4, max_size=25
).filter(lambda rows: 2 <= sum(bad for bad, *_ in rows) <= len(rows) - 2)


@given(PAIRS)
def test_delong__when_worked_out_by_its_definition__then_equal(rows: list[tuple[bool, int, int]]) -> None:
    bad = np.array([row[0] for row in rows])
    risks = [np.array([float(row[at]) for row in rows]) for at in (1, 2)]

    def placed(risk: Floats) -> Floats:
        x, y = risk[bad][:, None], risk[~bad][None, :]
        placed_: Floats = (x > y) + (x == y) / 2
        return placed_

    apart = placed(risks[0]) - placed(risks[1])
    variance = (
        np.var(apart.mean(axis=1), ddof=1) / bad.sum() + np.var(apart.mean(axis=0), ddof=1) / (~bad).sum()
    )
    found = delong(bad, *risks)
    assert found.difference == pytest.approx(auc(bad, risks[0]) - auc(bad, risks[1]), abs=1e-6)
    assert found.standard_error == pytest.approx(np.sqrt(variance), abs=1e-6)


def test_moves__when_scores_change__then_counted_by_group_beyond_fifty_points_only() -> None:
    before = np.array([600.0, 600, 600, 600])
    after = np.array([650.0, 651, 549, 600])
    found = moves(before, after, {"work": np.array(["b", "a", "a", "b"])})
    assert [(one.group, one.rows, one.up, one.down) for one in found] == [
        ("all", 4, 1, 1),
        ("work a", 2, 1, 1),
        ("work b", 2, 0, 0),
    ]
    assert found[0].mean_change == pytest.approx(12.5)
