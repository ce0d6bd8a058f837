"""Platt scaling: from held-out log-odds to calibrated ones.

Rules that hold here: calibrated log-odds = slope × held-out log-odds + offset, fitted by logistic
regression with Platt's softened targets, so that neither a perfect nor a useless ranking runs off to
infinity; the slope stays between LEAST_SLOPE and MOST_SLOPE, for calibration never turns a ranking round.
Source: J. Platt, Probabilistic outputs for support vector machines (1999).
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

LEAST_SLOPE, MOST_SLOPE = 0.1, 2.0
STEPS = 50
RIDGE = 1e-6

Floats = NDArray[np.float64]


def platt(held_out: Floats, bad: NDArray[np.bool_], weights: Floats) -> tuple[float, float]:
    """Slope and offset, by Newton's method; both kinds of rows are needed."""
    of_bad, of_good = weights[bad].sum(), weights[~bad].sum()
    target = np.where(bad, (of_bad + 1) / (of_bad + 2), 1 / (of_good + 2))
    slope, offset = _newton(held_out, target, weights)
    limited = min(max(slope, LEAST_SLOPE), MOST_SLOPE)
    if limited != slope:
        offset = _newton(np.zeros_like(held_out), target, weights, limited * held_out)[1]
    return limited, offset


def losses(held_out: Floats, bad: NDArray[np.bool_], weights: Floats) -> Floats:
    """Log loss of each row once its held-out log-odds are calibrated (n)."""
    slope, offset = platt(held_out, bad, weights)
    found: Floats = np.logaddexp(0, np.where(bad, -1, 1) * (slope * held_out + offset))
    return found


def _newton(x: Floats, target: Floats, weights: Floats, fixed: Floats | float = 0.0) -> tuple[float, float]:
    share = float(np.average(target, weights=weights))
    found = np.array([1.0 if np.any(x) else 0.0, 0.0 if np.any(x) else np.log(share / (1 - share))])
    design = np.column_stack([x, np.ones_like(x)])
    for _ in range(STEPS):
        chance = expit(design @ found + fixed)
        gradient = design.T @ (weights * (target - chance))
        curvature = (design * (weights * chance * (1 - chance))[:, None]).T @ design + RIDGE * np.eye(2)
        step = np.clip(np.linalg.solve(curvature, gradient), -2.0, 2.0)
        found = found + step
        if np.abs(step).max() < 1e-9:
            break
    return float(found[0]), float(found[1])
