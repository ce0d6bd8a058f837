from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import ibis
import pytest

from ledger_reader.errors import Stop
from ledger_reader.ledger import EVENTS
from models.features.catalogue import BY_NAME, FEATURES, REASON_CODES, feature_set_version, named
from models.measure import measure
from models.reasons import REASONS

if TYPE_CHECKING:
    from tests.models.conftest import Bench

INEXACT = re.compile(r"\b(DOUBLE|FLOAT|REAL|AVG|MEDIAN|QUANTILE\w*|MODE|STDDEV\w*|VAR_\w+|ROUND|FLOOR)\b|/|%")


def test_named__of_an_unknown_feature__stops() -> None:
    with pytest.raises(Stop, match=r"features \['shoe_size'\] are unknown"):
        named(("loans_open", "shoe_size"))


def test_features__compiled__hold_no_inexact_number(bench: Bench) -> None:
    assert INEXACT.search("CAST(FLOOR(a / b) AS BIGINT)")
    assert not INEXACT.findall(bench.measure_sql)
    assert not INEXACT.findall(bench.loans_sql)


def test_features__compiled_for_spark__count_no_null_condition() -> None:
    events = ibis.table(ibis.Schema.from_pyarrow(EVENTS), name="events")
    points = ibis.table({"person": "binary", "until": "int64"}, name="points")
    sql = " ".join(str(ibis.to_sql(measure(events, points), dialect="pyspark")).split())
    counted = re.findall(
        r"SUM\( ?CAST\( ?(\w+)", sql
    )  # how Ibis counts rows on Spark: null when all are null
    assert len(counted) >= 10
    assert set(counted) == {"COALESCE"}


def test_features__all__have_one_line_texts_a_reason_and_a_name_of_their_own() -> None:
    assert len(BY_NAME) == len(FEATURES) >= 60
    for feature in FEATURES:
        texts = (feature.unit, feature.definition, feature.window, feature.missing, feature.gaming)
        assert all(text and "\n" not in text for text in texts)
        assert feature.reason in REASONS
        assert set(feature.needs) <= BY_NAME.keys()
        assert re.fullmatch(r"[a-z0-9_]{3,40}", feature.name)


def test_features__said_to_be_never_missing__have_a_value_without_rows() -> None:
    for feature in FEATURES:
        assert feature.missing.startswith(("Never: ", "Missing when ")), feature.name
        if feature.view != "features" and feature.missing.startswith("Never"):
            assert feature.empty is not None, feature.name


def test_feature_set_version__when_anything_said_changes__changes() -> None:
    first = FEATURES[0]
    changes = [
        replace(first, definition="Something else."), replace(first, revision=2), replace(first, reason=8),
        replace(first, direction=-1), replace(first, unit="days"), replace(first, name="other"),
    ]  # fmt: skip
    versions = {feature_set_version((changed, *FEATURES[1:])) for changed in changes}
    assert len(versions | {feature_set_version()}) == len(changes) + 1
    assert feature_set_version(FEATURES[::-1]) != feature_set_version()


def test_reason_codes__of_all_features__fit_one_byte() -> None:
    assert all(1 <= code <= 255 for code in REASON_CODES.values())
