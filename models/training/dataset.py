"""Observation points, their features and labels, and the split by time.

Rules that hold here:
- A loan is observed the moment before it was opened (until = opened, exclusive): measured with the
  same code as in production, from events strictly before that moment.
- The split is by time. Train: opened and its label known before the cut. Test: opened from the cut
  on, and its label known before the end. Loans opened before the cut whose label came after it are
  censored: in neither part. No label of a test row is known to any training row.
- A person is all wallets that ever were linked with each other until the end, directly or through others
  (models/persons.py): what they share would tell one side of a split about the other.
- Persons are kept `apart` unless one asks otherwise: who has a training row has no test row, by whichever
  wallet, so the figures are of people the scorecard has never seen. What that leaves out is counted.
- `shared` lets a person have rows on both sides. It asks another question, how well the past of a known
  borrower tells its future; figures of returning borrowers need it where most have borrowed before
  (LlamaLend). Cross-validation inside training never shares a person, whatever is asked here.
- Returning: the person, as it was known at that moment, had opened a loan before, in any market that the
  ledger reads.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
from ibis.expr.types import Table
from numpy.typing import NDArray

from ledger_reader.errors import Stop
from models.features.catalogue import FEATURES
from models.features.feature import Feature
from models.measure import measured
from models.persons import Links, links_of
from models.segment import MISSING
from models.training.outcomes import Outcome, label, to_frame

EXACT = 2**53
"""Integers below this are exact as floats; features stay below by their limits."""


Wallets = Literal["apart", "shared"]
"""Whether a person's wallets may have rows on both sides of a split."""


@dataclass(frozen=True)
class Dataset:
    """One row a loan, in order of `opened`.

    wallet: object array of 20 bytes, who took the loan; person: the same for all wallets that ever were one
    person, the lowest of them; opened, known_at: int64 seconds; bad, returning: bool;
    features: one Int64 column a feature, <NA> = missing.
    """

    wallet: NDArray[np.object_]
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
            wallet=self.wallet[chosen],
            person=self.person[chosen],
            opened=self.opened[chosen],
            known_at=self.known_at[chosen],
            bad=self.bad[chosen],
            returning=self.returning[chosen],
            features=features.reset_index(drop=True),
        )


@dataclass(frozen=True)
class Split:
    """A data set cut in time.

    `censored` loans opened before the cut were left out of training; `left_out` later loans were left
    out of the test because their person has a training row (0 when wallets are shared).
    """

    train: Dataset
    test: Dataset
    censored: int
    left_out: int = 0

    @property
    def people_on_both_sides(self) -> int:
        """How many persons have rows in both parts: 0 when they are kept apart."""
        return len(set(self.train.person) & set(self.test.person))


def observe(
    events: Table, policy: Outcome, since: int, end: int, features: tuple[Feature, ...] = FEATURES
) -> Dataset:
    """All loans opened from `since` on and before `end` (Unix seconds), their outcome known or not.

    What is not known by `end` has known_at ≥ end; its `bad` means nothing.
    """
    labels = _labels(events, policy, end, _links_before(events, end))
    return _dataset(events, labels[labels["opened"] >= since], features)


def split_by_time(
    events: Table,
    policy: Outcome,
    cut: int,
    end: int,
    features: tuple[Feature, ...] = FEATURES,
    wallets: Wallets = "apart",
) -> Split:
    """Loans opened before and from `cut` on (Unix seconds), with what is known before `cut` and `end`.

    Stop when either part lacks good or bad loans: nothing can then be learned or measured.
    """
    if not cut < end:
        raise Stop(f"the cut {cut} must lie before the end {end} of what is known; name an earlier cut.")
    links = _links_before(events, end)
    early, late = (_labels(events, policy, moment, links) for moment in (cut, end))
    known, late = early.query("known_at < @cut"), late.query("opened >= @cut and known_at < @end")
    _check(known, policy, f"opened and known before the cut {cut}")
    tested = late if wallets == "shared" else late[~among(late["person"], known["person"])]
    _check(tested, policy, f"opened from the cut {cut} on and known before {end}", len(late) - len(tested))
    both = _dataset(events, pd.concat([known, tested]), features)
    in_train = np.arange(len(both)) < len(known)
    return Split(
        train=both.rows(in_train),
        test=both.rows(~in_train),
        censored=len(early) - len(known),
        left_out=len(late) - len(tested),
    )


def measure_at(
    events: Table, people: Sequence[bytes], until: int, features: tuple[Feature, ...] = FEATURES
) -> pd.DataFrame:
    """The features of people as known at one moment, one row each in their order; <NA> = missing."""
    points = pa.table(
        {"person": pa.array(people, pa.binary()), "until": pa.array([until] * len(people), pa.int64())}
    )
    found = to_frame(measured(events, ibis.memtable(points), features)).set_index("person")
    places = {person: place for place, person in enumerate(found.index)}
    # By place: pandas looks bytes up as numpy's, which lose trailing zeros.
    return found.iloc[[places[one] for one in people]].drop(columns="until").reset_index(drop=True)


def among(people: Iterable[bytes], others: Iterable[bytes]) -> NDArray[np.bool_]:
    """Which people are among the others (n). By Python's own sets: numpy's bytes lose trailing zeros."""
    known = set(others)
    return np.array([person in known for person in people], dtype=np.bool_)


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


def _links_before(events: Table, end: int) -> Links:
    return links_of(events.filter(events.block_time < end))


def _labels(events: Table, policy: Outcome, known_before: int, links: Links) -> pd.DataFrame:
    """As `label`, with the wallet of each loan, and the persons that all links make of wallets."""
    found = label(events, policy, known_before).rename(columns={"person": "wallet"})
    if not links.wallets:
        return found.assign(person=found["wallet"])
    first = found.groupby("wallet")["opened"].min().to_dict()
    related = links.related()
    found["person"] = [related.get(wallet, wallet) for wallet in found["wallet"]]
    found["returning"] = [
        any(first.get(mate, opened) < opened for mate in links.bundle(wallet, opened))
        for wallet, opened in zip(found["wallet"], found["opened"], strict=True)
    ]
    return found


def _dataset(events: Table, labels: pd.DataFrame, features: tuple[Feature, ...]) -> Dataset:
    points = pa.table(
        {
            "person": pa.array(labels["wallet"].tolist(), pa.binary()),
            "until": pa.array(labels["opened"].to_numpy(), pa.int64()),
        }
    )
    frame = to_frame(measured(events, ibis.memtable(points), features))
    frame["until"] = frame["until"].astype(np.int64)
    frame = frame.rename(columns={"person": "wallet"})
    joined = labels.merge(frame, left_on=["wallet", "opened"], right_on=["wallet", "until"], how="left")
    return Dataset(
        wallet=joined["wallet"].to_numpy(dtype=object),
        person=joined["person"].to_numpy(dtype=object),
        opened=joined["opened"].to_numpy(dtype=np.int64),
        known_at=joined["known_at"].to_numpy(dtype=np.int64),
        bad=joined["bad"].to_numpy(dtype=np.bool_),
        returning=joined["returning"].to_numpy(dtype=np.bool_),
        features=joined[[feature.name for feature in features]],
    )


def _check(labels: pd.DataFrame, policy: Outcome, which: str, left_out: int = 0) -> None:
    bad = int(labels["bad"].sum())
    if bad in (0, len(labels)):
        known = f" ({left_out} more are of people that training has seen)" if left_out else ""
        raise Stop(
            f"of {len(labels)} {policy.of} {which}, {bad} are bad{known}; both kinds are needed: "
            "move the cut, widen the outcome policy, or read more history."
        )
