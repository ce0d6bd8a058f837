from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ledger_reader.errors import Stop
from models.training.dataset import Split
from models.training.ebm import predict
from models.training.pipeline import close_pipeline, open_pipeline
from tests.models.test_registry import BUNDLE


def test_open__when_the_bundle_has_no_pipeline__then_stop() -> None:
    with pytest.raises(Stop, match="holds no float pipeline"):
        open_pipeline(replace(BUNDLE, pipeline=b""))


def test_open__when_closed_before__then_the_same_predictions(split: Split, machine: object) -> None:
    found = open_pipeline(replace(BUNDLE, pipeline=close_pipeline({"borrower": machine})))
    assert set(found) == {"borrower"}
    features = split.test.features
    np.testing.assert_array_equal(predict(found["borrower"], features), predict(machine, features))
