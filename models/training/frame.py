"""A researcher's table → the integer columns that a scorecard reads, the same way in fit and in use.

Rules that hold here:
- A number x becomes the integer nearest to x × 10^decimals, saturated at ±2^53; `decimals` is learned
  once a column: all of them when at most six show every value exactly, else enough to keep values
  apart that the data keep apart. A missing value (NaN, None, <NA>) is MISSING and has a cell of its own.
- A special code keeps its value; it is set apart by a cell of its own, before and after other values.
- A category is the position of its level in the column's table; every other level, rare in training or
  never seen, is the position after the last. Levels are compared as text.
- Whatever cannot be read is a Refused that names column, row (from 0), value and the way out.
No scikit-learn: a written frame is read and used without it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ledger_reader.errors import Stop
from models import plain
from models.segment import MISSING

EXACT = 2**53
"""Integers up to this are exact as floats: columns saturate here."""

MOST_DECIMALS = 6
"""Decimals that are tried for exactness before they are chosen by what the data keep apart."""

SCALE_LIMIT = 300
GRID = 1_024
NUMERIC = frozenset({"integer", "floating", "mixed-integer-float", "boolean", "decimal", "empty"})
MOST_LEVELS = 254
LEVEL_ROWS = 5
"""A level with fewer training rows than this is pooled with the levels that were never seen."""

NUMBERS_AS_TEXT = 0.95
"""Share of a text column's values that read as numbers from which it is taken for a number column."""

Int64s = NDArray[np.int64]
Floats = NDArray[np.float64]


class Refused(Stop, ValueError, TypeError):
    """A table that cannot be used; also the errors that scikit-learn's callers expect."""


@dataclass(frozen=True)
class Column:
    """How one column is read: a number (`levels` None) with its scale, or a category with its levels.

    `special`: codes of a number column, as scaled integers in rising order.
    """

    name: str
    decimals: int
    special: tuple[int, ...]
    levels: tuple[str, ...] | None

    def integers(self, values: pd.Series[Any]) -> Int64s:
        """The column's values as integers, MISSING for null."""
        if self.levels is None:
            return scaled(numbers(self.name, values), self.decimals)
        texts, known = levels_of(self.name, values)
        position = {level: index for index, level in enumerate(self.levels)}
        codes, found = pd.factorize(texts)
        of_found = np.array([position.get(level, len(self.levels)) for level in found] + [0], dtype=np.int64)
        return np.where(known, of_found[codes], MISSING)

    def to_plain(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "name": self.name,
            "decimals": self.decimals,
            "special": list(self.special),
            "levels": None if self.levels is None else list(self.levels),
        }


@dataclass(frozen=True)
class Frame:
    """The columns that were learned, in their order in the training table."""

    columns: tuple[Column, ...]

    def integers(self, table: Any) -> dict[str, Int64s]:
        """The integer columns of a table: a DataFrame by column name, an array by position."""
        series = columns_of(table)
        if not isinstance(table, pd.DataFrame):
            if len(series) != len(self.columns):
                raise Refused(f"the array has {len(series)} columns; {len(self.columns)} were learned.")
            series = dict(zip((column.name for column in self.columns), series.values(), strict=True))
        if absent := [column.name for column in self.columns if column.name not in series]:
            raise Refused(f"the table lacks the columns {absent[:5]}, which the scorecard learned; add them.")
        return {column.name: column.integers(series[column.name]) for column in self.columns}


def learn(
    table: Any,
    special_codes: Mapping[str, Sequence[float]] | Sequence[float] | None = None,
    categorical: Sequence[str] | None = None,
) -> Frame:
    """The frame of a training table (DataFrame or 2-d array).

    `special_codes`: numbers that are codes, for all number columns or by column; `categorical`: names of
    columns whose numbers are labels.
    """
    series = columns_of(table)
    named = set(categorical or ()) | (set(special_codes) if isinstance(special_codes, Mapping) else set())
    if unknown := sorted(str(name) for name in named - series.keys()):
        raise Refused(f"special_codes or categorical name the columns {unknown}, which the table lacks.")
    return Frame(
        tuple(
            _category(name, values)
            if name in (categorical or ()) or is_category(name, values)
            else _number(name, values, _codes(name, special_codes))
            for name, values in series.items()
        )
    )


def columns_of(table: Any) -> dict[str, pd.Series[Any]]:
    """Columns by name; those of an array are x0, x1, …"""
    if isinstance(table, pd.DataFrame):
        names = [str(name) for name in table.columns]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise Refused(f"the table has the column {twice[0]!r} twice; rename one of them.")
        if wrong := [name for name in names if not 1 <= len(name) <= 100]:
            raise Refused(f"the column name {wrong[0]!r} must have 1 to 100 characters; rename it.")
        return {name: table.iloc[:, index] for index, name in enumerate(names)}
    array = np.asarray(table)
    if array.ndim != 2:
        raise Refused(f"a table has two dimensions, got {array.ndim}: reshape it to (rows, columns).")
    return {f"x{index}": pd.Series(array[:, index]) for index in range(array.shape[1])}


def is_category(name: str, values: pd.Series[Any]) -> bool:
    """Whether a column holds labels; Refused when it mixes numbers and texts or holds neither."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        return True
    if pd.api.types.is_bool_dtype(values.dtype) or _is_real(values.dtype):
        return False
    if not (values.dtype == object or isinstance(values.dtype, pd.StringDtype)):
        raise Refused(
            f"column {name!r} has the type {values.dtype}, which is neither number nor text; turn it into "
            "a number, such as days before the application."
        )
    kind = pd.api.types.infer_dtype(values, skipna=True)
    if kind in NUMERIC:
        return False
    if kind != "string":
        raise _mixed(name, values)
    _check_texts(name, values)
    return True


def numbers(name: str, values: pd.Series[Any]) -> Floats:
    """A number column as floats, NaN = missing; Refused at an infinity or a text."""
    if not _is_number(values):
        raise _mixed(name, values, numbers_wanted=True)
    floats: Floats = values.to_numpy(dtype=np.float64, na_value=np.nan)
    infinite = np.isinf(floats)
    if infinite.any():
        row = int(infinite.argmax())
        raise Refused(
            f"column {name!r}, row {row} holds {floats[row]} (infinity); set it to NaN (missing) or to a "
            f"number. Such rows: {int(infinite.sum())}."
        )
    return floats


def levels_of(name: str, values: pd.Series[Any]) -> tuple[NDArray[np.object_], NDArray[np.bool_]]:
    """A category's levels as text, and which rows have one (both n)."""
    known = values.notna().to_numpy(dtype=np.bool_)
    kinds = set(map(type, values[known])) if values.dtype == object else set()
    if not all(issubclass(kind, (str, bool, int, float, np.generic)) for kind in kinds):
        raise _mixed(name, values)
    codes, found = pd.factorize(values)
    names = np.array([_level(level) for level in found] + [""], dtype=object)
    return names[codes], known


def scaled(values: Floats, decimals: int) -> Int64s:
    """Integers nearest to values × 10^decimals, saturated at ±2^53; MISSING for NaN."""
    with np.errstate(over="ignore"):
        moved = values * 10.0**decimals if decimals >= 0 else values / 10.0**-decimals
    known = ~np.isnan(values)
    limited = np.clip(np.where(known, np.rint(moved), 0.0), -EXACT, EXACT)
    return np.where(known, limited.astype(np.int64), MISSING)


def decimals_of(values: Floats) -> int:
    """The power of ten for a column: exact when at most six decimals are, else as the data need."""
    known = values[~np.isnan(values)]
    if not len(known):
        return 0
    size = float(np.quantile(np.abs(known), 0.999)) or float(np.abs(known).max())
    most = math.floor(math.log10(EXACT / size)) if size > 0 else 0
    most = min(most, SCALE_LIMIT)
    for decimals in range(MOST_DECIMALS + 1):
        moved = known * 10.0**decimals
        if decimals <= most and np.all(np.abs(moved - np.rint(moved)) <= np.abs(moved) * 1e-12):
            return decimals
    return max(min(_needed_decimals(known), most), -SCALE_LIMIT)


def from_plain(part: Any) -> Frame:
    """The frame of plain values, fully checked."""
    return Frame(tuple(_column_from_plain(each) for each in plain.items(part, "the columns", 1)))


def _column_from_plain(part: Any) -> Column:
    top = plain.fields(part, ("name", "decimals", "special", "levels"), "a column")
    name = plain.string(top["name"], "a column's name")
    where = f"the column {name!r}"
    special = [plain.integer(each, f"a special code of {where}", -EXACT, EXACT) for each in top["special"]]
    if special != sorted(set(special)):
        raise Stop(f"the special codes of {where} must rise strictly, got {special[:8]}.")
    levels = top["levels"]
    if levels is not None:
        levels = tuple(
            plain.string(each, f"a level of {where}", 10_000) for each in plain.items(levels, where)
        )
        if len(set(levels)) != len(levels):
            raise Stop(f"{where} lists a level twice; keep one of them.")
    decimals = plain.integer(top["decimals"], f"the decimals of {where}", -SCALE_LIMIT, SCALE_LIMIT)
    return Column(name, decimals, tuple(special), levels)


def _number(name: str, values: pd.Series[Any], codes: Sequence[float]) -> Column:
    floats = numbers(name, values)
    coded = np.isin(floats, np.asarray(codes, dtype=np.float64))
    decimals = decimals_of(floats[~coded])
    special = sorted({int(code) for code in scaled(np.asarray(codes, dtype=np.float64), decimals)})
    return Column(name, decimals, tuple(special), None)


def _category(name: str, values: pd.Series[Any]) -> Column:
    texts, known = levels_of(name, values)
    found, counts = np.unique(texts[known].astype(str), return_counts=True)
    by_count = np.argsort(-counts, kind="stable")[:MOST_LEVELS]
    kept = sorted(str(found[index]) for index in by_count if counts[index] >= LEVEL_ROWS and found[index])
    return Column(name, 0, (), tuple(kept))


def _codes(name: str, given: Mapping[str, Sequence[float]] | Sequence[float] | None) -> Sequence[float]:
    codes = given.get(name, ()) if isinstance(given, Mapping) else (given or ())
    if not all(isinstance(code, (int, float, np.number)) and math.isfinite(code) for code in codes):
        raise Refused(f"the special codes of {name!r} must be finite numbers, got {list(codes)[:8]}.")
    return codes


def _needed_decimals(known: Floats) -> int:
    """One decimal more than tells apart nearly all neighbours on a grid of quantiles."""
    grid = np.unique(np.quantile(known, np.linspace(0, 1, GRID)))
    gaps = np.diff(grid)
    gaps = gaps[gaps > 0]
    return math.ceil(-math.log10(float(np.quantile(gaps, 0.02)))) + 1 if len(gaps) else 0


def _is_real(dtype: Any) -> bool:
    return pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_complex_dtype(dtype)


def _is_number(values: pd.Series[Any]) -> bool:
    if pd.api.types.is_bool_dtype(values.dtype) or _is_real(values.dtype):
        return True
    return values.dtype == object and pd.api.types.infer_dtype(values, skipna=True) in NUMERIC


def _check_texts(name: str, values: pd.Series[Any]) -> None:
    """Refuse a column of numbers that were read as text: as labels they would mean nothing."""
    distinct = pd.Series(values.dropna().unique())
    if len(distinct) <= MOST_LEVELS:
        return
    read = pd.to_numeric(distinct, errors="coerce").notna()
    if read.mean() < NUMBERS_AS_TEXT:
        return
    if read.all():
        raise Refused(f"column {name!r} holds numbers as text; convert it with pandas.to_numeric first.")
    odd = distinct[~read].iloc[0]
    row = int((values == odd).fillna(value=False).to_numpy(dtype=np.bool_).argmax())
    raise Refused(
        f"column {name!r}, row {row} holds {_show(odd)} among numbers; correct the cell or set it to NaN, "
        "then convert the column with pandas.to_numeric."
    )


def _mixed(name: str, values: pd.Series[Any], numbers_wanted: bool = False) -> Refused:
    """What to say of a column that holds more than one kind of value: the first of the rarer kind."""
    known = np.flatnonzero(values.notna().to_numpy(dtype=np.bool_))
    cells = [values.iloc[row] for row in known]
    real = np.array([isinstance(cell, (bool, int, float, np.number)) for cell in cells])
    text = np.array([isinstance(cell, str) for cell in cells])
    odd = ~(real | text)
    if not odd.any():
        odd = text if numbers_wanted or text.sum() <= real.sum() else real
    if not odd.any():
        return Refused(f"column {name!r} was learned as numbers, got the type {values.dtype}; convert it.")
    row, cell = int(known[odd.argmax()]), cells[int(odd.argmax())]
    return Refused(
        f"column {name!r}, row {row} holds {_show(cell)} ({type(cell).__name__}); an argument must be a "
        "string in a column of texts or a number in a column of numbers: correct the cell, or set it to NaN."
    )


def _level(level: Any) -> str:
    if isinstance(level, (float, np.floating)) and float(level).is_integer():
        return str(int(level))
    return str(level)


def _show(cell: Any) -> str:
    text = repr(cell)
    return text if len(text) <= 40 else text[:37] + "..."
