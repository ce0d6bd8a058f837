from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger_reader.errors import Stop
from models import scorecard as cards
from models.features.catalogue import FEATURES
from models.rules import DEBTS, INSUFFICIENT, readings
from models.segment import MISSING, Columns, term_points
from models.training import ebm, export
from models.training.assess import place
from models.training.dataset import Dataset, Split, to_columns
from models.training.evaluate import auc, unclamped
from models.training.recipes import reference

if TYPE_CHECKING:
    from tests.models.training.conftest import Economy

CUTS = st.lists(st.floats(-1e6, 1e6), max_size=12, unique=True).map(sorted)


def test_scale__when_the_odds_are_none__then_stop() -> None:
    with pytest.raises(Stop, match="odds of at least 1, got 600 at 0"):
        export.Scale(odds=0)


@given(cuts=CUTS, data=st.data())
def test_integer_term__when_cuts_are_floats__then_integers_fall_on_the_same_side(
    cuts: list[float], data: st.DataObject
) -> None:
    scores = np.array(data.draw(st.lists(st.floats(-3, 3), min_size=len(cuts) + 3, max_size=len(cuts) + 3)))
    term = export.integer_term("payees", np.array(cuts), scores, 0)
    near = [math.floor(cut) + step for cut in cuts for step in (-1, 0, 1, 2)]
    values = np.array([*near, -(2**40), 0, 2**40], dtype=np.int64)
    floats = scores[1 + np.searchsorted(cuts, values, side="right")]
    wanted = np.rint(-floats * export.POINTS_A_LOG_ODDS).astype(np.int64)
    assert term_points(term, Columns({"payees": values}, len(values))).tolist() == wanted.tolist()


@given(cuts=CUTS, data=st.data(), direction=st.sampled_from([-1, 1]))
def test_integer_term__when_bound__then_points_follow_the_direction(
    cuts: list[float], data: st.DataObject, direction: int
) -> None:
    scores = np.array(data.draw(st.lists(st.floats(-3, 3), min_size=len(cuts) + 3, max_size=len(cuts) + 3)))
    term = export.integer_term("payees", np.array(cuts), scores, direction)
    steps = direction * np.diff(term.table()[1:])
    assert (steps > 0).all()  # equal neighbours are merged


def test_integer_term__when_missing__then_the_first_score() -> None:
    scores = np.array([math.log(2), 0.0, math.log(2), 0.0])
    term = export.integer_term("payees", np.array([2.5]), scores, 0)
    assert (term.cuts, term.points) == (((3,),), (-40, 0, -40))
    found = term_points(term, Columns({"payees": np.array([MISSING, 2, 3], dtype=np.int64)}, 3))
    assert found.tolist() == [-40, 0, -40]


@given(st.lists(st.tuples(st.integers(300, 850), st.booleans()), min_size=2, max_size=300))
def test_calibration__when_made_of_any_outcomes__then_it_falls_from_300(
    pairs: list[tuple[int, bool]],
) -> None:
    scores, bad = np.array([score for score, _ in pairs]), np.array([is_bad for _, is_bad in pairs])
    steps = export.calibration(scores, bad)
    assert steps[0][0] == 300
    assert all(a[0] < b[0] and a[1] > b[1] for a, b in itertools.pairwise(steps))
    assert all(0 <= chance <= 10_000 for _, chance in steps)


def test_calibration__when_scores_tell_bad_from_good__then_shares_are_near_theirs() -> None:
    scores = np.repeat([400, 600], 500)
    bad = np.arange(1000) % 10 < np.where(scores == 400, 5, 1)
    assert export.calibration(scores, bad) == ((300, 4961), (600, 1039))


def test_band_widths__when_bands_are_empty__then_the_wider_of_the_nearest() -> None:
    widths = export.band_widths(np.array([300, 420, 420, 850]), np.array([10.0, 20.0, 20.0, 0.0]))
    assert widths == (17, 33, 33, 33, 33, 33, 10, 10, 10, 10)


def test_band_widths__when_there_are_no_rows__then_nothing_is_known() -> None:
    assert export.band_widths(np.array([], dtype=np.int64), np.array([])) == (550,) * 10


@pytest.fixture(scope="module")
def card(economy: Economy, split: Split, machine: Any) -> cards.Scorecard:
    fitted = export.Fitted(machine, ebm.Chosen(ebm.SETTINGS[3], {}), split.train)
    rules, scale = export.Rules(), export.Scale()
    directions = export.learnable(economy.directions, proving=True)
    return export.scorecard("test", fitted, {}, directions, rules, scale)


def _matrix(rows: Dataset) -> cards.FeatureMatrix:
    columns = to_columns(rows.features)
    return cards.FeatureMatrix(
        addresses=np.frombuffer(b"".join(rows.wallet), dtype=np.uint8).reshape(-1, 20),
        names=tuple(columns),
        reasons=(1,) * len(columns),
        values=np.column_stack(list(columns.values())),
    )


def test_scorecard__when_written_and_read__then_the_same(card: cards.Scorecard) -> None:
    assert cards.from_json(cards.to_json(card)) == card


def test_scorecard__when_points_are_summed_by_hand__then_they_are_the_score(
    card: cards.Scorecard, split: Split
) -> None:
    rows = split.train.rows(np.arange(1_000) % len(split.train))
    columns = Columns(to_columns(rows.features), len(rows))
    segments = place(card, rows.features).segment
    unproven, failed = segments == export.UNPROVEN, segments == export.FAILED
    by_hand, nothing_added = (
        segment.base + np.sum([term_points(term, columns) for term in segment.terms], axis=0)
        for segment in (card.segments[export.FULL], card.segments[export.UNPROVEN])
    )
    assert unproven.any()
    assert (nothing_added <= by_hand).all()
    by_hand[unproven] = nothing_added[unproven]
    limit = np.where(unproven | failed, export.UNPROVEN_CAP, 850)
    scores = cards.score(card, _matrix(rows))
    order = np.lexsort(_matrix(rows).addresses.T[::-1])
    given_score = scores.status != INSUFFICIENT
    assert len(rows) == 1_000
    assert given_score.sum() > 500
    np.testing.assert_array_equal(scores.total[given_score], by_hand[order][given_score])
    np.testing.assert_array_equal(scores.score[given_score], np.clip(by_hand, 300, limit)[order][given_score])


def test_scorecard__when_rounded_to_integers__then_it_ranks_as_the_floats_do(
    card: cards.Scorecard, split: Split, machine: Any
) -> None:
    segment = card.segments[export.FULL]
    for rows in (split.train, split.test):
        floats = ebm.predict(machine, rows.features)
        total = unclamped(segment, rows.features)
        assert abs(auc(rows.bad, floats) - auc(rows.bad, -total.astype(float))) <= 0.002
        apart = np.abs(total - export.to_score(segment, machine, floats))
        assert apart.max() <= 1 + len(machine.term_features_) / 2


def test_scorecard__when_a_record_is_short__then_the_points_are_equal_and_the_range_is_wider(
    card: cards.Scorecard,
) -> None:
    full, short = card.segments[export.FULL], card.segments[export.SHORT]
    assert (full.base, full.terms, full.calibration) == (short.base, short.terms, short.calibration)
    assert all(
        wide > narrow >= export.LEAST_WIDTH for narrow, wide in zip(full.width, short.width, strict=True)
    )


def test_scorecard__when_no_debt_was_repaid__then_nothing_adds_points_and_the_score_is_capped(
    card: cards.Scorecard,
) -> None:
    full, unproven = card.segments[export.FULL], card.segments[export.UNPROVEN]
    empty = {f.name: np.array([MISSING if f.empty is None else f.empty], np.int64) for f in FEATURES}
    nothing = Columns(empty, 1)
    for segment in (full, unproven):
        assert segment.totals(nothing) == full.totals(nothing)
    for term in unproven.terms:
        assert max(p or 0 for p in term.flat) == term_points(term, nothing)
    assert sum(max(p or 0 for p in term.flat) for term in unproven.terms) < sum(
        max(p or 0 for p in term.flat) for term in full.terms
    )
    assert (full.cap, unproven.cap) == (850, 599)
    assert unproven.calibration[-1][0] <= 599


def test_scorecard__when_a_loan_defaulted_in_the_last_year__then_the_points_are_equal_and_capped(
    card: cards.Scorecard, split: Split
) -> None:
    full, failed = card.segments[export.FULL], card.segments[export.FAILED]
    assert (full.base, full.terms, failed.cap) == (failed.base, failed.terms, 599)
    placed = place(card, split.train.features)
    lately = export.meets(export.Rules().failed, split.train.features)
    assert lately.any()
    assert set(placed.segment[lately]) <= {export.FAILED, export.UNPROVEN}
    assert failed.clamped(np.array([300, 599, 600, 850])).tolist() == [300, 599, 599, 599]


def test_learnable__when_loans_can_be_proved__then_neither_flows_nor_unproved_repayments() -> None:
    every = {feature.name: int(feature.direction) for feature in FEATURES}
    proving, secured = export.learnable(every, proving=True), export.learnable(every, proving=False)
    forged = {"inflow_360d_cents", "payers", "remitted_cents", "invoices_paid_on_time", "outflow_months"}
    assert not forged & (proving.keys() | secured.keys())
    assert {"loans_proved", "loans_late", "vouched_months", "bills_overdue"} <= proving.keys()
    assert secured.keys() - proving.keys() == export.UNPROVING
    assert every.keys() >= export.FORGEABLE | export.UNPROVING


def test_rules__when_thin_files_have_segments__then_each_is_a_reading_beside_that_of_debts() -> None:
    file = export.ThinFile("payments", (("inflow_months", ">=", 3),), (("inflow_months", ">=", 1),))
    rules = export.Rules().in_order([file])
    assert [rule.segment for rule in rules] == [
        export.FAILED, export.FULL, export.FAILED, export.SHORT, export.UNPROVEN, "payments",
    ]  # fmt: skip
    assert readings(rules) == (DEBTS, "payments")


def test_scorecard__when_odds_double__then_forty_points(
    card: cards.Scorecard, split: Split, machine: Any
) -> None:
    segment = card.segments[export.FULL]
    log_odds = np.array([0.0, -math.log(2), -2 * math.log(2)])
    assert np.diff(export.to_score(segment, machine, log_odds)).tolist() == [40, 40]


def test_integer_segment__when_the_scale_lies_off__then_the_mean_is_moved_inside(
    economy: Economy, split: Split, machine: Any
) -> None:
    scale = export.Scale(score=850, odds=1)
    segment = export.integer_segment(machine, split.train, economy.directions, scale)
    assert round(float(unclamped(segment, split.train.features).mean())) == export.MOST_MEAN


def test_reference__when_made__then_it_counts_the_rows_with_a_score(
    card: cards.Scorecard, split: Split
) -> None:
    scores = cards.score(card, _matrix(split.train))
    assert sum(reference(card, split.train)) == (scores.status != INSUFFICIENT).sum() > 0
