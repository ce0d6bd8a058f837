from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.segment import MISSING, Columns
from models.training import blend, boost, woe
from models.training.additive import Additive, Effect, with_special
from models.training.frame import Column
from models.training.rows import Rows

NUMBER, CODED, LABEL = (
    Column("number", 0, (), None),
    Column("coded", 0, (-9, 96), None),
    Column("label", 0, (), tuple("abcdefgh")),
)
SEED = 7


def rows_of(count: int, share: float = 0.3, seed: int = 1) -> Rows:
    """A number that tells, another with codes and gaps, and labels each with a risk of its own."""
    random = np.random.default_rng(seed)
    number, coded = random.integers(0, 100, count), random.poisson(3.0, count)
    label = random.integers(0, 8, count)
    risk = (number - 50) / 40 + coded / 4 + np.sin(5.0 * label) + random.logistic(size=count)
    bad = risk >= np.quantile(risk, 1 - share)
    coded[random.random(count) < 0.1], coded[random.random(count) < 0.1] = 96, -9
    coded = np.where(random.random(count) < 0.1, MISSING, coded)
    columns = {"number": number, "coded": coded, "label": label}
    kinds = {column.name: column for column in (NUMBER, CODED, LABEL)}
    return Rows(Columns(columns, count), kinds, bad, np.ones(count))


def faint(count: int, seed: int = 1) -> Rows:
    """Many columns that each tell a little: neither machine is best alone."""
    random = np.random.default_rng(seed)
    labels = {f"label {at}": random.integers(0, 6, count) for at in range(6)}
    numbers = {f"number {at}": random.integers(0, 100, count) for at in range(2)}
    risk = random.logistic(size=count) + sum(0.7 * (column % 2) for column in labels.values())
    risk += sum(0.7 * (column > 50) for column in numbers.values())
    kinds = {name: Column(name, 0, (), tuple("abcdef")) for name in labels}
    kinds |= {name: Column(name, 0, (), None) for name in numbers}
    return Rows(Columns(labels | numbers, count), kinds, risk >= np.quantile(risk, 0.7), np.ones(count))


@pytest.mark.parametrize(("count", "share"), [(300, 0.1), (1_700, 0.3)])
def test_fit__when_rows_are_very_few_or_many__then_the_boosting_machine_alone(
    count: int, share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blend, "best_weight", lambda *_: 0.5)  # would mix if it were asked
    rows = rows_of(count, share)
    found, boosted = blend.fit(rows, {}, 0, SEED, None), boost.fit(rows, {}, 0, SEED, None)
    assert [effect.cuts for effect in found.effects] == [effect.cuts for effect in boosted.effects]
    assert (found.held_out == boosted.held_out).all()
    assert (found.log_odds(rows.columns) == boosted.log_odds(rows.columns)).all()


def test_fit__when_rows_are_few__then_no_pair_however_strong() -> None:
    rows = rows_of(800)
    either = (rows.columns.values["number"] > 50) ^ (rows.columns.values["label"] > 3)
    found = blend.fit(Rows(rows.columns, rows.kinds, either & rows.bad, rows.weights), {}, 5, SEED, None)
    assert {len(effect.columns) for effect in found.effects} == {1}


def test_fit__when_rows_are_few__then_both_machines_speak_in_every_row() -> None:
    rows, other = faint(300), faint(1_000, seed=2)
    found, boosted = blend.fit(rows, {}, 5, SEED, None), boost.fit(rows, {}, 0, SEED, None)
    evidence = woe.fit(rows, {}, SEED, None)
    weight = blend.best_weight(boosted.held_out, evidence.held_out, rows)
    assert 0 < weight < 1
    for columns in (rows.columns, other.columns):
        wanted = (1 - weight) * boosted.log_odds(columns) + weight * evidence.log_odds(columns)
        np.testing.assert_allclose(found.log_odds(columns), wanted, atol=1e-9)
    np.testing.assert_allclose(found.held_out, (1 - weight) * boosted.held_out + weight * evidence.held_out)
    assert len({effect.columns for effect in found.effects}) == len(found.effects)


def test_best_weight__when_a_machine_knows_nothing__then_the_other_has_all() -> None:
    rows, random = rows_of(600), np.random.default_rng(3)
    truth, noise = np.where(rows.bad, 1.0, -1.0) + random.normal(size=600), random.normal(size=600)
    assert blend.best_weight(noise, truth, rows) >= 0.9
    assert blend.best_weight(truth, noise, rows) <= 0.1
    assert blend.best_weight(truth, truth, rows) == 0


def test_best_weight__when_each_knows_half__then_about_half() -> None:
    rows, random = rows_of(600), np.random.default_rng(3)
    first, second = (np.where(rows.bad, 1.0, -1.0) + 2 * random.normal(size=600) for _ in range(2))
    assert 0.3 <= blend.best_weight(first, second, rows) <= 0.7


AXES = st.lists(st.integers(-20, 20), max_size=4, unique=True).map(lambda cuts: tuple(sorted(cuts)))


@st.composite
def machines(draw: st.DrawFn, rows: int = 6) -> Additive:
    """Any machine over number, coded and their pair."""
    effects = []
    for names in draw(st.sampled_from([(), (("number",),), (("coded",), ("number", "coded"))])):
        cuts = tuple(with_special(draw(AXES), CODED.special if one == "coded" else ()) for one in names)
        effects.append(Effect(names, cuts, scores_of(draw, [len(axis) + 2 for axis in cuts]), np.ones(1)))
    return Additive(draw(st.floats(-3, 3)), tuple(effects), scores_of(draw, [rows]), scores_of(draw, [rows]))


def scores_of(draw: st.DrawFn, shape: list[int]) -> NDArray[np.float64]:
    return np.random.default_rng(draw(st.integers(0, 99))).normal(size=shape)


VALUES = st.lists(st.integers(-25, 100) | st.just(MISSING), min_size=6, max_size=6)


@given(machines(), machines(), st.sampled_from(blend.WEIGHTS), VALUES, VALUES)
def test_mixed__when_any_row_is_scored__then_the_weighted_mean_of_both(
    first: Additive, second: Additive, weight: float, number: list[int], coded: list[int]
) -> None:
    columns = Columns({"number": np.array(number), "coded": np.array(coded)}, 6)
    rows = Rows(columns, {}, np.arange(6) % 2 > 0, np.ones(6))
    found = blend.mixed(first, second, weight, rows)
    for mine, one, other in (
        (found.log_odds(columns), first.log_odds(columns), second.log_odds(columns)),
        (found.held_out, first.held_out, second.held_out),
        (found.deviations, first.deviations, second.deviations),
    ):
        np.testing.assert_allclose(mine, (1 - weight) * one + weight * other, atol=1e-9)
    assert all(effect.weights.shape == effect.scores.shape for effect in found.effects)
