"""New credit: how often and how lately the person borrowed; own acts only."""

from models.features.feature import DAY, Feature
from models.integers import icount, idiv

PATIENCE = "Waiting before the next loan, which is what it is meant to reward."

FEATURES = (
    Feature(
        name="borrows_30d",
        unit="borrowings",
        direction=-1,
        reason=8,
        definition="Times the person borrowed in the last 30 days.",
        window="30 days",
        missing="Never: 0 without borrowing.",
        gaming=PATIENCE,
        view="events",
        value=lambda t: icount(t, (t.kind == "borrow") & (t.age <= 30 * DAY)),
        empty=0,
    ),
    Feature(
        name="borrows_90d",
        unit="borrowings",
        direction=-1,
        reason=8,
        definition="Times the person borrowed in the last 90 days.",
        window="90 days",
        missing="Never: 0 without borrowing.",
        gaming=PATIENCE,
        view="events",
        value=lambda t: icount(t, (t.kind == "borrow") & (t.age <= 90 * DAY)),
        empty=0,
    ),
    Feature(
        name="borrows_total",
        unit="borrowings",
        direction=0,
        reason=8,
        definition="Times the person ever borrowed.",
        window="the whole history",
        missing="Never: 0 without borrowing.",
        gaming="Borrowing dust; the size of repaid loans stands beside it.",
        view="events",
        value=lambda t: icount(t, t.kind == "borrow"),
        empty=0,
    ),
    Feature(
        name="days_since_last_borrow",
        unit="days",
        direction=1,
        reason=8,
        definition="Days since the person last borrowed.",
        window="the whole history",
        missing="Missing when nothing was ever borrowed.",
        gaming=PATIENCE,
        view="events",
        value=lambda t: idiv(t.age.min(where=t.kind == "borrow"), DAY),
    ),
)
