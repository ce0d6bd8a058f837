"""A million borrowers scored with a scorecard of 40 terms, without and with reasons, beside LightGBM.

The card has 30 terms of one feature (up to 30 cuts) and 10 pairs (up to 8 cuts an axis) over 30
features, two segments and three rules; a twentieth of the values is missing. LightGBM gets 200 trees of
31 leaves, learned on rows of the same kind, and predicts on the same rows with all processors; we use one.
Scores alone are timed as LightGBM is, from feature values in memory to numbers in the same order; with
reasons, what an epoch does: rows put in address order too. Each figure is the best of three runs.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.rules import Rule
from models.scorecard import FeatureMatrix, Scorecard, rate, score
from models.segment import MISSING, Segment, Term

FEATURES = tuple(f"feature_{index}" for index in range(30))
PAIRS = tuple((index, (7 * index + 3) % 30) for index in range(10))
ROWS, QUICK_ROWS = 1_000_000, 100_000
TREES, LEAVES, LEARN_ROWS = 200, 31, 50_000
RUNS = 3


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_ROWS:,} rows, scaled to a million")
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line")
    arguments = parser.parse_args()
    rows = QUICK_ROWS if arguments.quick else ROWS
    found, notes = run(rows)
    for name, seconds in found.items():
        print(f"{name:<16} {'-' if seconds is None else f'{seconds:8.2f} s'}")
    if arguments.quick:
        notes["rows"] = f"{rows:,} rows, times scaled to {ROWS:,}"
    for name, note in notes.items():
        print(f"{name:<16} {note}")
    if arguments.json:
        print(json.dumps({**found, "notes": notes}))
    return 0


def run(rows: int) -> tuple[dict[str, float | None], dict[str, str]]:
    """Seconds for a million rows, by figure, and notes on those that could not be measured."""
    rng = np.random.default_rng(20_261_124)
    card, matrix = a_card(rng), a_matrix(rng, rows)
    times = ROWS / rows
    found: dict[str, float | None] = {
        "score_1m_s": times * best(lambda: rate(card, matrix.values)),
        "reasons_1m_s": times * best(lambda: score(card, matrix)),
    }
    try:
        found["lightgbm_1m_s"] = times * lightgbm_seconds(rng, card, matrix)
    except ImportError:
        return found | {"lightgbm_1m_s": None}, {"lightgbm_1m_s": "lightgbm is not installed (extra bench)"}
    return found, {}


def best(work: Callable[[], Any]) -> float:
    """Seconds of the fastest of a few runs."""
    seconds = []
    for _ in range(RUNS):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def a_card(rng: np.random.Generator) -> Scorecard:
    """Two segments of 40 terms each over all features."""
    segments = {name: a_segment(rng) for name in ("borrower", "payments")}
    rules = (
        Rule("borrower", "scored", ((FEATURES[0], ">=", 2_000),)),
        Rule("borrower", "thin", ((FEATURES[0], ">=", 500),)),
        Rule("payments", "thin", ((FEATURES[1], ">=", 0),)),
    )
    return Scorecard("benchmark", FEATURES, rules, segments)


def a_segment(rng: np.random.Generator) -> Segment:
    singles = tuple(a_term(rng, (name,), 30) for name in FEATURES)
    pairs = tuple(a_term(rng, (FEATURES[left], FEATURES[right]), 8) for left, right in PAIRS)
    return Segment(600, singles + pairs, ((300, 5_000), (600, 500)), (40,) * 10, 800)


def a_term(rng: np.random.Generator, features: tuple[str, ...], most: int) -> Term:
    cuts = tuple(
        tuple(sorted(set(rng.lognormal(6, 2, int(rng.integers(most // 2, most + 1))).astype(int).tolist())))
        for _ in features
    )
    table = rng.integers(-15, 16, [len(axis) + 2 for axis in cuts]).tolist()
    return Term(features, cuts, tuple(tuple(row) for row in table) if len(features) == 2 else tuple(table))


def a_matrix(rng: np.random.Generator, rows: int) -> FeatureMatrix:
    values = rng.lognormal(6, 2, (rows, len(FEATURES))).astype(np.int64)
    values[rng.random(values.shape) < 0.05] = MISSING
    addresses = rng.integers(0, 256, (rows, 20), dtype=np.uint8)
    codes = tuple(1 + index % 20 for index in range(len(FEATURES)))
    return FeatureMatrix(addresses, FEATURES, codes, values)


def lightgbm_seconds(rng: np.random.Generator, card: Scorecard, matrix: FeatureMatrix) -> float:
    """Seconds in which LightGBM predicts the rows of `matrix`; what it learns is good or bad by our score."""
    import lightgbm

    learned = a_matrix(rng, LEARN_ROWS)
    scores = rate(card, learned.values)
    bad = rng.random(LEARN_ROWS) < 1 / (1 + np.exp((scores.total - 600) / 40))
    model = lightgbm.LGBMClassifier(n_estimators=TREES, num_leaves=LEAVES, verbose=-1)
    model.fit(floats(learned.values), bad)
    rows = floats(matrix.values)
    return best(lambda: model.booster_.predict(rows))


def floats(values: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.where(values == MISSING, np.nan, values.astype(np.float64))


if __name__ == "__main__":
    sys.exit(main())
