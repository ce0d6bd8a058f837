"""A segment as plain JSON values, and back, fully checked: the part of a scorecard that people edit.

Rules that hold here: every field is there and no other; every number is an integer within its limit;
a failure is a Stop that names the place and the value.
"""

from typing import Any

from models import plain
from models.segment import MAX_CUT, MAX_POINTS, Row, Segment, Term

MAX_BASE = 1_000_000
"""Largest base, either way."""


def to_plain(segment: Segment) -> dict[str, Any]:
    """The segment as plain values, ready for canonical JSON."""
    return {
        "base": segment.base,
        "terms": [
            {
                "features": list(term.features),
                "cuts": [list(cuts) for cuts in term.cuts],
                "points": [list(cell) if isinstance(cell, tuple) else cell for cell in term.points],
            }
            for term in segment.terms
        ],
        "calibration": [list(step) for step in segment.calibration],
        "width": list(segment.width),
        "cap": segment.cap,
    }


def from_plain(name: str, part: Any) -> Segment:
    """The segment called `name` of plain values; Stop names the first thing that is wrong."""
    where = f"segment {name!r}"
    top = plain.fields(part, ("base", "terms", "calibration", "width", "cap"), where)
    steps = [
        plain.items(step, f"a calibration step of {where}", 2, 2) for step in _list(top, "calibration", where)
    ]
    return Segment(
        base=plain.integer(top["base"], f"the base of {where}", -MAX_BASE, MAX_BASE),
        terms=tuple(_term_from_plain(term, where) for term in _list(top, "terms", where)),
        calibration=tuple((_small(least, where), _small(bad, where)) for least, bad in steps),
        width=tuple(_small(half, where) for half in _list(top, "width", where)),
        cap=_small(top["cap"], where),
    )


def _term_from_plain(part: Any, where: str) -> Term:
    top = plain.fields(part, ("features", "cuts", "points"), f"a term of {where}")
    features = tuple(plain.string(name, "a feature's name") for name in _list(top, "features", where))
    where = f"the term of {features} in {where}"
    cuts = tuple(
        tuple(plain.integer(cut, f"a cut of {where}", -MAX_CUT, MAX_CUT) for cut in plain.items(axis, where))
        for axis in _list(top, "cuts", where)
    )
    cells_ = _list(top, "points", where)
    if cells_ and all(isinstance(cell, list) for cell in cells_):
        return Term(features, cuts, tuple(_row(cell, where) for cell in cells_))
    return Term(features, cuts, _row(cells_, where))


def _row(part: Any, where: str) -> Row:
    return tuple(
        None if cell is None else plain.integer(cell, f"a cell of {where}", -MAX_POINTS, MAX_POINTS)
        for cell in plain.items(part, f"the points of {where}")
    )


def _list(top: dict[str, Any], field: str, where: str) -> list[Any]:
    return plain.items(top[field], f"{field} of {where}")


def _small(part: Any, where: str) -> int:
    return plain.integer(part, f"a number of {where}", 0, 10_000)
