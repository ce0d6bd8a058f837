"""Float → integer: the one bridge from a fitted machine to a segment of the scorecard.

Rules that hold here:
- Points are round(−log-odds of bad × 40 / ln 2): 40 points double the odds of good to bad. The base
  is such that 600 points mean odds of 10 to 1 (Scale); should the training rows then lie outside 400 to 700
  on average, all scores are moved so that they do (the calibration is made afterwards, so it is right).
- A float cut f divides integers exactly as the integer cut ceil(f) does; cuts that become equal are
  merged (no integer lies between them), and so are neighbouring cells with equal points.
- Points of a feature with a direction are made monotone once more. A feature that was never missing
  in training has the average, 0 points, when it is. A term whose cells all have the same points is dropped.
- A segment of records without real repaid debt has a cap (UNPROVEN_CAP), applied before calibration; and
  nothing in such a record adds points: a term gives at most what an empty record gets.
- No machine learns from what one's own wallets can move upward for the price of gas (FORGEABLE), nor, where
  loans can be proved, from how many were repaid without proof (docs/gaming.md).
- Calibration: out-of-fold scores (no person in two folds), bins of equal count drawn towards the base
  rate, isotonic regression, basis points. It holds for the base rate of the training window.
- Width: 1.645 standard deviations (90 %) of a row's score over machines fitted to bootstrap samples of
  people (B. Efron, Bootstrap methods: another look at the jackknife, 1979), by band of the score.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from interpret.glassbox import ExplainableBoostingClassifier
from numpy.typing import NDArray
from sklearn.isotonic import isotonic_regression
from sklearn.model_selection import StratifiedGroupKFold

from ledger_reader.errors import Stop
from models.features import cash_flow, counterparties, receivables, remittances
from models.features.catalogue import BY_NAME
from models.features.feature import FIVE_YEARS
from models.rules import Condition, Rule
from models.scorecard import Scorecard
from models.segment import BAND_POINTS, HIGHEST, LOWEST, MISSING, Segment, Term, cells
from models.training import ebm
from models.training.dataset import Dataset, to_columns
from models.training.evaluate import unclamped
from models.training.outcomes import Outcome

POINTS_A_LOG_ODDS = 40 / math.log(2)
LEAST_MEAN, MOST_MEAN = 400, 700

FOLDS = 5
ROWS_A_STEP, MOST_STEPS = 50, 20
PRIOR_ROWS = 10

BANDS = 10
NORMAL_90 = 1.645
RESAMPLES, RESAMPLE_BAGS = 16, 2
LEAST_WIDTH = 10
THIN_WIDENING_PERCENT = 150

FULL, SHORT, UNPROVEN = "borrower", "borrower_short", "borrower_unproven"
"""Segments of full records, short ones, and those without repaid debt: the same points, wider intervals
for the latter two, and a cap for the last.
"""

FAILED = "borrower_failed"
"""Full and short records with a default, and something bad in the last year: the same points, a cap, the
wider intervals. Whoever builds a record to run with the last loan shall not run with it a second time.
"""

UNPROVEN_CAP = 599
"""Highest score without real repaid debt: one below the band 'steady'."""

FORGEABLE = frozenset(
    feature.name
    for family in (cash_flow, counterparties, remittances, receivables)
    for feature in family.FEATURES
    if feature.direction >= 0
) | {
    "seasoned_payers",
    "seasoned_inflow_cents",
    "net_inflow_360d_cents",
    "net_deposits_cents",
    "active_months",
    "debt_to_inflow_bps",
}
"""What a ring of one's own wallets moves upward with the same money again and again."""

UNPROVING = frozenset(
    ("loans_repaid", "loans_repaid_365d", "largest_repaid_cents", "repaid_total_cents", "loans_repaid_early")
) | {"on_time_share_bps", "owed_to_borrowed_bps", "step_up_bps", "typical_days_to_repay"}
"""What secured loans to oneself, or loans of a dollar for a day, move as real ones do."""

Floats = NDArray[np.float64]
Int64s = NDArray[np.int64]
Fold = tuple[ExplainableBoostingClassifier, NDArray[np.intp]]


@dataclass(frozen=True)
class Scale:
    """Where the scale is fixed: `score` points mean odds of good to bad of `odds` to 1."""

    score: int = 600
    odds: int = 10

    def __post_init__(self) -> None:
        if not LOWEST <= self.score <= HIGHEST or self.odds < 1:
            raise Stop(
                f"a scale needs a score from {LOWEST} to {HIGHEST} and odds of at least 1, got {self.score} "
                f"at {self.odds}."
            )


@dataclass(frozen=True)
class ThinFile:
    """A segment of its own for thin files: who is in it, its outcome (None: the loans' own), its cap.

    It learns from rows that meet `learns`, which may be wider than `who`: the young records of a kind are
    many, and what they tell holds for the older ones too. Of the features it learns `told` alone, if any
    are named.
    """

    name: str
    who: tuple[Condition, ...]
    learns: tuple[Condition, ...]
    policy: Outcome | None = None
    cap: int = UNPROVEN_CAP
    told: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rules:
    """Alternatives, each a list of conditions that must all hold: who is `scored`, else who is `thin`.

    A thin record must be `proven` too; where one of `unproven` holds, the capped segment takes what is not.
    What proves nothing, such as a secured loan to oneself, tells nothing, but a bad loan does. Records that
    are `failed` (no conditions: none are) have a cap too. Each thin file is a reading beside that of debts:
    its conditions must be such that others can fulfil them for somebody, and never undo them.
    """

    scored: tuple[tuple[Condition, ...], ...] = ((("loans_proved", ">=", 2), ("record_days", ">=", 90)),)
    thin: tuple[tuple[Condition, ...], ...] = ((("borrows_total", ">=", 1),),)
    proven: tuple[Condition, ...] = (("loans_proved", ">=", 1),)
    unproven: tuple[tuple[Condition, ...], ...] = ((("days_since_bad", "<=", FIVE_YEARS - 1),),)
    failed: tuple[Condition, ...] = (("loans_defaulted", ">=", 1), ("loans_bad_365d", ">=", 1))

    def in_order(self, files: Sequence[ThinFile] = ()) -> tuple[Rule, ...]:
        """The rules of the scorecard: the reading by debts, and one a thin file."""
        failed = [self.failed] if self.failed else []
        return (
            *(Rule(FAILED, "scored", (*when, *bad)) for bad in failed for when in self.scored),
            *(Rule(FULL, "scored", when) for when in self.scored),
            *(Rule(FAILED, "thin", (*when, *self.proven, *bad)) for bad in failed for when in self.thin),
            *(Rule(SHORT, "thin", (*when, *self.proven)) for when in self.thin),
            *(Rule(UNPROVEN, "thin", when) for when in self.unproven),
            *(Rule(file.name, "thin", file.who, reading=file.name) for file in files),
        )

    @property
    def _all(self) -> tuple[tuple[Condition, ...], ...]:
        return (*self.scored, *self.thin, self.proven, *self.unproven, self.failed)

    def features(self) -> set[str]:
        """Names of the features that the conditions read."""
        return {condition[0] for when in self._all for condition in when}


SECURED = Rules(
    scored=((("loans_repaid", ">=", 2), ("record_days", ">=", 90)),),
    proven=(("loans_repaid", ">=", 1),),
    unproven=((("borrows_total", ">=", 1),),),
)
"""Where all debt is secured and has no due time, nothing is proved by repaying it; there is but that."""


def learnable(directions: Mapping[str, int], proving: bool) -> dict[str, int]:
    """The directions of the features that machines may learn from; `proving`: whether loans can be proved."""
    left_out = FORGEABLE | UNPROVING if proving else FORGEABLE
    return {name: direction for name, direction in directions.items() if name not in left_out}


@dataclass(frozen=True)
class Fitted:
    """A machine, the setting that was chosen for it, and the rows it was fitted on."""

    machine: ExplainableBoostingClassifier
    chosen: ebm.Chosen
    rows: Dataset


def told_by(file: ThinFile, directions: Mapping[str, int]) -> dict[str, int]:
    """The directions of the features that a thin file's segment learns from."""
    return {name: at for name, at in directions.items() if not file.told or name in file.told}


def fitted(rows: Dataset, directions: Mapping[str, int]) -> Fitted:
    """A machine on these rows and the features that have a direction, even if it is 0.

    With the setting that an inner cross-validation chooses.
    """
    chosen = ebm.choose(rows, directions)
    return Fitted(ebm.fit(rows, directions, chosen.setting), chosen, rows)


def scorecard(
    name: str,
    borrower: Fitted,
    thin: Mapping[ThinFile, Fitted],
    directions: Mapping[str, int],
    rules: Rules,
    scale: Scale,
) -> Scorecard:
    """The integer scorecard: the borrowers' segments from one machine, each thin file's from its own.

    Its features are those of its terms and rules, in the order of the measured ones.
    """
    segments = _borrower_segments(borrower, directions, rules, scale)
    segments |= {
        file.name: _thin_segment(file, found, told_by(file, directions), scale)
        for file, found in thin.items()
    }
    used = rules.features() | {feature for file in thin for feature, _, _ in file.who}
    used |= {feature for segment in segments.values() for term in segment.terms for feature in term.features}
    return Scorecard(
        name=name,
        features=tuple(str(feature) for feature in borrower.rows.features if feature in used),
        rules=rules.in_order(tuple(thin)),
        segments=segments,
    )


def meets(when: Sequence[Condition], features: pd.DataFrame) -> NDArray[np.bool_]:
    """Which rows meet every condition; a missing value meets none."""
    return Rule(FULL, "scored", tuple(when)).holds(to_columns(features), len(features))


def _borrower_segments(
    borrower: Fitted, directions: Mapping[str, int], rules: Rules, scale: Scale
) -> dict[str, Segment]:
    rows, setting = borrower.rows, borrower.chosen.setting
    plain = integer_segment(borrower.machine, rows, directions, scale)
    capped = replace(adding_nothing(plain), cap=UNPROVEN_CAP)
    folds = held_out_machines(rows, directions, setting)
    full, short = _widths(plain, rows, score_deviations(rows, directions, setting), rules)
    held_out = held_out_scores(plain, rows, folds)
    calibrated = replace(plain, calibration=calibration(plain.clamped(held_out), rows.bad))
    segments = {FULL: replace(calibrated, width=full), SHORT: replace(calibrated, width=short)}
    if rules.failed:
        failed = replace(plain, cap=UNPROVEN_CAP, width=short)
        own = meets(rules.failed, rows.features)
        segments[FAILED] = replace(failed, calibration=_calibration_of(failed, held_out, rows, own))
    held_out = _held_out_unproven(plain, rows, directions, folds)
    of_capped = _calibration_of(capped, held_out, rows, ~meets(rules.proven, rows.features))
    return segments | {UNPROVEN: replace(capped, calibration=of_capped, width=short)}


def _calibration_of(
    segment: Segment, held_out: Int64s, rows: Dataset, own: NDArray[np.bool_]
) -> tuple[tuple[int, int], ...]:
    """The segment's calibration on its own rows, on all where these are too few."""
    some = own if ebm.is_enough(rows.rows(own)) else np.ones_like(own)
    return calibration(segment.clamped(held_out[some]), rows.bad[some])


def adding_nothing(segment: Segment) -> Segment:
    """The segment with every term (of one feature) held at the points of an empty record.

    A term that then has the same points everywhere goes into the base.
    """
    held = []
    for term in segment.terms:
        empty = BY_NAME[term.features[0]].empty
        value = np.array([MISSING if empty is None else empty], dtype=np.int64)
        most = int(term.table()[cells(term.cuts[0], value)[0]])
        held.append(replace(term, points=tuple(min(points, most) for points in term.table().tolist())))
    still = [term for term in held if len(set(term.flat)) == 1]
    base = segment.base + sum(int(term.table()[0]) for term in still)
    return replace(segment, base=base, terms=tuple(term for term in held if term not in still))


def _thin_segment(file: ThinFile, found: Fitted, directions: Mapping[str, int], scale: Scale) -> Segment:
    rows, setting = found.rows, found.chosen.setting
    segment = replace(integer_segment(found.machine, rows, directions, scale), cap=file.cap)
    folds = held_out_machines(rows, directions, setting)
    held_out = segment.clamped(held_out_scores(segment, rows, folds))
    scores = segment.clamped(unclamped(segment, rows.features))
    half = band_widths(scores, score_deviations(rows, directions, setting))
    wider = tuple(_width(one * THIN_WIDENING_PERCENT // 100) for one in half)
    return replace(segment, calibration=calibration(held_out, rows.bad), width=wider)


def integer_segment(
    machine: ExplainableBoostingClassifier, rows: Dataset, directions: Mapping[str, int], scale: Scale
) -> Segment:
    """Base and terms of the machine; calibration and width still say nothing (10000 bps, 550 points)."""
    terms = integer_terms(machine, directions)
    base = scale.score - POINTS_A_LOG_ODDS * (float(machine.intercept_[0]) + math.log(scale.odds))
    segment = Segment(round(base), terms, ((LOWEST, 10_000),), (HIGHEST - LOWEST,) * BANDS)
    mean = round(float(unclamped(segment, rows.features).mean()))
    return replace(segment, base=segment.base + min(max(mean, LEAST_MEAN), MOST_MEAN) - mean)


def integer_terms(machine: ExplainableBoostingClassifier, directions: Mapping[str, int]) -> tuple[Term, ...]:
    """The machine's terms, but those whose cells all have the same points."""
    found = [
        integer_term(name, cuts[0], scores, directions[name])
        for name, cuts, scores in zip(
            machine.feature_names_in_, machine.bins_, machine.term_scores_, strict=True
        )
    ]
    return tuple(term for term in found if len(set(term.flat)) > 1)


def integer_term(name: str, cuts: Floats, scores: Floats, direction: int) -> Term:
    """The term of one feature; `scores` (2 + number of cuts, and one for unknown levels): log-odds of bad.

    The first score is that of a missing value; then one a bin, a bin's lower cut belonging to it.
    """
    points = np.rint(-scores[1:-1] * POINTS_A_LOG_ODDS).astype(np.int64)
    if direction:
        points = direction * np.maximum.accumulate(direction * points)
    missing = int(np.rint(-scores[0] * POINTS_A_LOG_ODDS))
    whole: list[int] = []
    cells = [int(points[0])]
    for cut, value in zip((math.ceil(cut) for cut in cuts), points[1:].tolist(), strict=True):
        if whole and whole[-1] == cut:
            cells.pop()
            whole.pop()
        if value != cells[-1]:
            whole.append(cut)
            cells.append(value)
    return Term((name,), (tuple(whole),), (missing, *cells))


def to_score(segment: Segment, machine: ExplainableBoostingClassifier, log_odds: Floats) -> Int64s:
    """Unrounded log-odds of bad on the segment's scale, rounded once (n)."""
    zero = segment.base + POINTS_A_LOG_ODDS * float(machine.intercept_[0])
    return np.rint(zero - POINTS_A_LOG_ODDS * log_odds).astype(np.int64)


def held_out_machines(rows: Dataset, directions: Mapping[str, int], setting: ebm.Setting) -> list[Fold]:
    """Machines, each with the positions of the rows whose people it has not seen; together all rows."""
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=ebm.SEED % 2**32)
    people = pd.factorize(rows.person)[0]
    return [
        (ebm.fit(rows.rows(fitted_on), directions, setting, ebm.INNER_BAGS), judged)
        for fitted_on, judged in folds.split(rows.opened, rows.bad, people)
    ]


def held_out_scores(segment: Segment, rows: Dataset, folds: Sequence[Fold]) -> Int64s:
    """Unclamped scores of rows by machines that have not seen their people (n)."""
    found = np.zeros(len(rows), dtype=np.int64)
    for machine, judged in folds:
        found[judged] = to_score(segment, machine, ebm.predict(machine, rows.rows(judged).features))
    return found


def _held_out_unproven(
    plain: Segment, rows: Dataset, directions: Mapping[str, int], folds: Sequence[Fold]
) -> Int64s:
    """As `held_out_scores`, where nothing adds points."""
    found = np.zeros(len(rows), dtype=np.int64)
    for machine, judged in folds:
        segment = adding_nothing(replace(plain, terms=integer_terms(machine, directions)))
        found[judged] = unclamped(segment, rows.rows(judged).features)
    return found


def calibration(scores: Int64s, bad: NDArray[np.bool_]) -> tuple[tuple[int, int], ...]:
    """Steps (least score, chance of bad in bps), falling, from clamped scores and outcomes of n rows."""
    order = np.argsort(scores, kind="stable")
    count = min(MOST_STEPS, max(2, len(scores) // ROWS_A_STEP))
    firsts = np.unique([scores[part[0]] for part in np.array_split(order, count)])
    step = np.searchsorted(firsts, scores, side="right") - 1
    rows, mean = np.bincount(step), bad.mean()
    share = (np.bincount(step, weights=bad) + PRIOR_ROWS * mean) / (rows + PRIOR_ROWS)
    falling = isotonic_regression(share, sample_weight=rows, increasing=False)
    steps: list[tuple[int, int]] = []
    for first, chance in zip(firsts.tolist(), np.rint(falling * 10_000).astype(int).tolist(), strict=True):
        if not steps or chance != steps[-1][1]:
            steps.append((first if steps else LOWEST, chance))
    return tuple(steps)


def score_deviations(rows: Dataset, directions: Mapping[str, int], setting: ebm.Setting) -> Floats:
    """Standard deviation of each row's score, in points, over machines fitted to resamples of people (n)."""
    random, people = np.random.default_rng(ebm.SEED), pd.factorize(rows.person)[0]
    of_person = [np.flatnonzero(people == person) for person in range(people.max() + 1)]
    found: list[Floats] = []
    while len(found) < RESAMPLES:
        drawn = rows.rows(
            np.concatenate([of_person[i] for i in random.integers(0, len(of_person), len(of_person))])
        )
        if ebm.is_enough(drawn):
            found.append(ebm.predict(ebm.fit(drawn, directions, setting, RESAMPLE_BAGS), rows.features))
    deviation: Floats = np.std(found, axis=0, ddof=1) * POINTS_A_LOG_ODDS
    return deviation


def band_widths(scores: Int64s, deviations: Floats) -> tuple[int, ...]:
    """Half-width of a 90 % interval in each of the ten bands of clamped scores, at least LEAST_WIDTH.

    A band without rows takes the wider of its nearest neighbours; with no rows at all, nothing is known.
    """
    band = np.minimum((scores - LOWEST) // BAND_POINTS, BANDS - 1)
    some = sorted(set(band.tolist()))
    if not some:
        return (HIGHEST - LOWEST,) * BANDS
    mean_square = {one: float(np.mean(deviations[band == one] ** 2)) for one in some}
    half = {one: math.ceil(NORMAL_90 * math.sqrt(square)) for one, square in mean_square.items()}
    near = [[one for one in some if abs(one - at) == min(abs(b - at) for b in some)] for at in range(BANDS)]
    return tuple(_width(max(half[one] for one in ones)) for ones in near)


def _widths(
    segment: Segment, rows: Dataset, deviations: Floats, rules: Rules
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Widths of full and of short records; those of short ones are wider in every band."""
    scores = segment.clamped(unclamped(segment, rows.features))
    full = np.zeros(len(rows), dtype=np.bool_)
    for when in rules.scored:
        full |= meets(when, rows.features)
    everyone = band_widths(scores, deviations)
    of_full = band_widths(scores[full], deviations[full]) if full.any() else everyone
    of_short = band_widths(scores[~full], deviations[~full]) if not full.all() else everyone
    wider = (max(pair) * THIN_WIDENING_PERCENT // 100 for pair in zip(of_full, of_short, strict=True))
    return of_full, tuple(_width(half) for half in wider)


def _width(half: int) -> int:
    return min(max(half, LEAST_WIDTH), HIGHEST - LOWEST)
