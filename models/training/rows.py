"""What a recipe learns from: integer columns, which rows turned bad, and how much each row counts."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.segment import Columns
from models.training.frame import Column


@dataclass(frozen=True)
class Rows:
    """`columns` by name as the scorecard reads them, `kinds` how each came about; bad and weights (n)."""

    columns: Columns
    kinds: Mapping[str, Column]
    bad: NDArray[np.bool_]
    weights: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.bad)

    @property
    def rarer(self) -> int:
        """How many rows there are of the kind that is rarer."""
        return int(min(self.bad.sum(), (~self.bad).sum()))

    def take(self, chosen: NDArray[np.intp]) -> "Rows":
        """The rows at these positions."""
        values = {name: column[chosen] for name, column in self.columns.values.items()}
        return Rows(Columns(values, len(chosen)), self.kinds, self.bad[chosen], self.weights[chosen])
