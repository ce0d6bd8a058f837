"""How far a population moved: population stability index and moved share, in integers.

PSI = Σ (a − e) × ln(a / e) over the bins' shares a (actual) and e (expected). Every bin counts half a
borrower more than it holds, on both sides, so that an empty bin is defined; in integers: 2 × count + 1.
Logarithms are fixed point (models/logarithm.py); results are rounded to the nearest basis point.
Source of the index: S. Lewis, An Introduction to Credit Scoring (1994); 1000 to 2500 bps is the usual
border between a shift to watch and one to act on.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.logarithm import FRACTION_BITS, ln_fixed
from models.segment import BAND_POINTS, LOWEST

BINS = 10


def psi_bps(expected: Sequence[int], actual: Sequence[int]) -> int:
    """PSI in basis points between two lists of bin counts of the same length (0 for equal shares)."""
    if len(expected) != len(actual) or not expected or min(*expected, *actual) < 0:
        raise ValueError(f"PSI needs two equally long lists of counts, got {list(expected)}, {list(actual)}")
    smooth_e, smooth_a = [2 * count + 1 for count in expected], [2 * count + 1 for count in actual]
    total_e, total_a = sum(smooth_e), sum(smooth_a)
    index = 0
    for count_e, count_a in zip(smooth_e, smooth_a, strict=True):
        share_e, share_a = count_e * total_a, count_a * total_e  # over the same denominator
        index += (share_a - share_e) * (ln_fixed(share_a) - ln_fixed(share_e))
    unit = total_e * total_a << FRACTION_BITS
    return (2 * 10_000 * index + unit) // (2 * unit)


def moved_bps(previous: NDArray[np.uint16], current: NDArray[np.uint16], more_than: int = 50) -> int:
    """Share in basis points, rounded down, of rows whose score moved by more than `more_than`; 0 of none."""
    if len(previous) == 0:
        return 0
    moved = np.abs(current.astype(np.int64) - previous.astype(np.int64)) > more_than
    return int(moved.sum()) * 10_000 // len(previous)


def score_bins(scores: NDArray[np.uint16]) -> tuple[int, ...]:
    """How many scores (300 to 850) lie in each of ten bins of 55 points, from 300–354 to 795–850."""
    bins = np.minimum((scores.astype(np.int64) - LOWEST) // BAND_POINTS, BINS - 1)
    return tuple(int(count) for count in np.bincount(bins, minlength=BINS))
