"""Observation points, their features and labels, and the split by time.

Rules that hold here:
- A loan is observed the moment before it was opened (until = opened, exclusive): measured with the
  same code as in production, from events strictly before that moment.
- The split is by time. Train: opened and its label known before the cut. Test: opened from the cut
  on, and its label known before the end. Loans opened before the cut whose label came after it are
  censored: in neither part.
- A wallet may have rows on both sides: the question is how well the past of a borrower tells its
  future, and a returning borrower's past is what the test features are made of. No label of a test
  row is known to any training row. (Cross-validation inside training never shares a wallet.)
- Returning: the person had opened a loan before, in any market that the ledger reads.
"""

from dataclasses import dataclass

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
from ibis.expr.types import Table
from numpy.typing import NDArray

from ledger_reader.errors import Stop
from models.features.catalogue import FEATURES
from models.features.feature import Feature
from models.measure import measure
from models.segment import MISSING
from models.training.outcomes import Outcome, label_loans, to_frame

EXACT = 2**53
"""Integers below this are exact as floats; features stay below by their limits."""


@dataclass(frozen=True)
class Dataset:
    """One row a loan, in order of `opened`.

    person: object array of 20 bytes; opened, known_at: int64 seconds; bad, returning: bool;
    features: one Int64 column a feature, <NA> = missing.
    """

    person: NDArray[np.object_]
    opened: NDArray[np.int64]
    known_at: NDArray[np.int64]
    bad: NDArray[np.bool_]
    returning: NDArray[np.bool_]
    features: pd.DataFrame

    def __len__(self) -> int:
        return len(self.opened)

    def rows(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> "Dataset":
        """The rows of a mask or of positions."""
        features = self.features.take(np.arange(len(self))[chosen])
        return Dataset(
            person=self.person[chosen],
            opened=self.opened[chosen],
            known_at=self.known_at[chosen],
            bad=self.bad[chosen],
            returning=self.returning[chosen],
            features=features.reset_index(drop=True),
        )


@dataclass(frozen=True)
class Split:
    """A data set cut in time, and how many loans opened before the cut were left out as censored."""

    train: Dataset
    test: Dataset
    censored: int


def observe(
    events: Table, policy: Outcome, known_before: int, features: tuple[Feature, ...] = FEATURES
) -> Dataset:
    """All loans whose outcome was known before `known_before` (Unix seconds), with their features."""
    labels = label_loans(events, policy, known_before)
    return _dataset(events, labels.query("known_at < @known_before"), features)


def split_by_time(
    events: Table, policy: Outcome, cut: int, end: int, features: tuple[Feature, ...] = FEATURES
) -> Split:
    """Loans opened before and from `cut` on (Unix seconds), with what is known before `cut` and `end`.

    Stop when either part lacks good or bad loans: nothing can then be learned or measured.
    """
    if not cut < end:
        raise Stop(f"the cut {cut} must lie before the end {end} of what is known; name an earlier cut.")
    early, late = label_loans(events, policy, cut), label_loans(events, policy, end)
    known, late = early.query("known_at < @cut"), late.query("opened >= @cut and known_at < @end")
    _check(known, f"opened and known before the cut {cut}")
    _check(late, f"opened from the cut {cut} on and known before {end}")
    both = _dataset(events, pd.concat([known, late]), features)
    in_train = np.arange(len(both)) < len(known)
    return Split(both.rows(in_train), both.rows(~in_train), censored=len(early) - len(known))


def to_floats(features: pd.DataFrame) -> NDArray[np.float64]:
    """Features as the floats that training uses (rows, columns), NaN = missing; Stop if one is not exact."""
    values: NDArray[np.float64] = features.to_numpy(dtype=np.float64, na_value=np.nan)
    inexact: NDArray[np.bool_] = np.any(np.abs(values) >= EXACT, axis=0)
    if inexact.any():
        names = [str(name) for name, large in zip(features, inexact, strict=True) if large]
        raise Stop(f"the features {names} exceed ±2^53 and are not exact as floats; scale them down.")
    return values


def to_columns(features: pd.DataFrame) -> dict[str, NDArray[np.int64]]:
    """Features as the scorecard reads them: int64 arrays by name, MISSING for null."""
    return {str(name): features[name].fillna(MISSING).to_numpy(dtype=np.int64) for name in features}


def _dataset(events: Table, labels: pd.DataFrame, features: tuple[Feature, ...]) -> Dataset:
    points = pa.table(
        {
            "person": pa.array(labels["person"].tolist(), pa.binary()),
            "until": pa.array(labels["opened"].to_numpy(), pa.int64()),
        }
    )
    frame = to_frame(measure(events, ibis.memtable(points), features))
    frame["until"] = frame["until"].astype(np.int64)
    joined = labels.merge(frame, left_on=["person", "opened"], right_on=["person", "until"], how="left")
    return Dataset(
        person=joined["person"].to_numpy(dtype=object),
        opened=joined["opened"].to_numpy(dtype=np.int64),
        known_at=joined["known_at"].to_numpy(dtype=np.int64),
        bad=joined["bad"].to_numpy(dtype=np.bool_),
        returning=joined["returning"].to_numpy(dtype=np.bool_),
        features=joined[[feature.name for feature in features]],
    )


def _check(labels: pd.DataFrame, which: str) -> None:
    bad = int(labels["bad"].sum())
    if bad in (0, len(labels)):
        raise Stop(
            f"of {len(labels)} loans {which}, {bad} are bad; both kinds are needed: "
            "move the cut, widen the outcome policy, or read more history."
        )
