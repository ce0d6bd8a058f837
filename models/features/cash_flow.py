"""Cash flow: known money in and out of the last twelve spans of 30 days.

Inflow is a lower bound: transfers of unknown value add nothing, and so can hide nothing either.
"""

import ibis
from ibis.expr.types import IntegerValue

from models.features.feature import FLOOR_CENTS, MAX_CENTS, Feature
from models.integers import icount, isum

CIRCULAR = "Sending one's own money round through other wallets."


def _held(total: IntegerValue) -> IntegerValue:
    held: IntegerValue = ibis.least(ibis.coalesce(total, 0), MAX_CENTS)
    return held


FEATURES = (
    Feature(
        name="inflow_90d_cents",
        unit="US cents",
        direction=1,
        reason=17,
        definition="Known value received from others in the last 90 days.",
        window="90 days",
        missing="Never: 0 when nothing of known value came in.",
        gaming=CIRCULAR,
        view="months",
        value=lambda t: _held(isum(t.inflow_cents, t.month < 3)),
        empty=0,
    ),
    Feature(
        name="inflow_360d_cents",
        unit="US cents",
        direction=1,
        reason=17,
        definition="Known value received from others in the last 360 days.",
        window="360 days",
        missing="Never: 0 when nothing of known value came in.",
        gaming=CIRCULAR,
        view="months",
        value=lambda t: _held(isum(t.inflow_cents)),
        empty=0,
    ),
    Feature(
        name="inflow_months",
        unit="months of 12",
        direction=1,
        reason=9,
        definition="Of the last 12 spans of 30 days, those in which at least one dollar came in.",
        window="360 days",
        missing="Never: 0 when nothing of known value came in.",
        gaming=CIRCULAR,
        view="months",
        value=lambda t: icount(t, t.inflow_cents >= FLOOR_CENTS),
        empty=0,
    ),
    Feature(
        name="outflow_90d_cents",
        unit="US cents",
        direction=0,
        reason=18,
        definition="Known value sent to others in the last 90 days.",
        window="90 days",
        missing="Never: 0 when nothing of known value went out.",
        gaming=CIRCULAR,
        view="months",
        value=lambda t: _held(isum(t.outflow_cents, t.month < 3)),
        empty=0,
    ),
    Feature(
        name="outflow_months",
        unit="months of 12",
        direction=0,
        reason=18,
        definition="Of the last 12 spans of 30 days, those in which at least one dollar went out.",
        window="360 days",
        missing="Never: 0 when nothing of known value went out.",
        gaming=CIRCULAR,
        view="months",
        value=lambda t: icount(t, t.outflow_cents >= FLOOR_CENTS),
        empty=0,
    ),
)
