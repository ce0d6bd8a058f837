"""The only division of the product: exact, on integers, equal everywhere.

Rules that hold here: division rounds towards minus infinity (floor) and the remainder has the
divisor's sign, as in Python; division by zero or by null gives null on an engine and None in
Python; −2^63 // −1 lies outside int64 and raises everywhere. Ibis's own `//` goes through a
double on DuckDB and on Spark (9007199254740993 // 1 gives …992), so `idiv` calls the engine's
integer division by its name: DIVIDE on DuckDB, DIV on Spark; both truncate, and are corrected to
floor here. A sum of bigint is a hugeint on DuckDB, so `isum` casts it back.
"""

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
from ibis.common.exceptions import IbisError
from ibis.expr.builders import WindowBuilder
from ibis.expr.types import BooleanValue, IntegerValue, Table


def _quotient(a: int, b: int) -> int:  # type: ignore[empty-body]
    """The engine's own integer division: only the signature is read."""


_LOWEST, _HIGHEST = -(2**63), 2**63 - 1

_SIGNATURE = ((dt.int64, dt.int64), dt.int64)
_divide_duckdb = ibis.udf.scalar.builtin(_quotient, name="divide", signature=_SIGNATURE)
_divide_sql = ibis.udf.scalar.builtin(_quotient, name="div", signature=_SIGNATURE)


def idiv(a: IntegerValue, b: IntegerValue | int) -> IntegerValue:
    """Floor of a / b, exact on int64, null where b is 0; as `floor_div` on every engine."""
    quotient, remainder = _truncated(a, b)
    return quotient - ibis.ifelse(_signs_differ(remainder, b), 1, 0)


def udiv(a: IntegerValue, b: IntegerValue | int) -> IntegerValue:
    """What `idiv` gives for natural numbers, by the engine's own division alone: null where b is 0."""
    divisor = _as_value(b)
    if not isinstance(b, int) or b == 0:
        divisor = divisor.nullif(0)
    divide = _divide_duckdb if _engine(a) == "duckdb" else _divide_sql
    quotient: IntegerValue = divide(a, divisor)
    return quotient


def imod(a: IntegerValue, b: IntegerValue | int) -> IntegerValue:
    """What floor division leaves: exact on int64, null where b is 0; as `floor_mod` on every engine."""
    _, remainder = _truncated(a, b)
    return remainder + ibis.ifelse(_signs_differ(remainder, b), _as_value(b), 0)


def isum(
    values: IntegerValue, where: BooleanValue | None = None, window: WindowBuilder | None = None
) -> IntegerValue:
    """Sum as int64 on every engine (null over no rows); the ledger's row limits keep it in range."""
    total = values.sum(where=where)
    if window is not None:
        total = total.over(window)
    # Ibis drops a cast from int64 to int64, but DuckDB's sum is a hugeint: build the cast itself.
    cast: IntegerValue = ops.Cast(total, dt.int64).to_expr()
    return cast


def icount(rows: Table, where: BooleanValue) -> IntegerValue:
    """How many rows meet `where`; a null condition is not met.

    Said here because Ibis counts by summing the condition on Spark, which gives null, not 0, when the
    condition is null in every row.
    """
    count: IntegerValue = rows.count(where=ibis.coalesce(where, False))
    return count


def held(value: IntegerValue, high: int, low: int | None = None) -> IntegerValue:
    """`value` kept at `high` from above and, where given, at `low` from below; null stays null.

    SQL's own LEAST and GREATEST leave nulls out, and so would make an unknown value the limit itself.
    Here each null passes as an end of int64, which no value reaches: `value` is then written only once.
    """
    kept: IntegerValue = ibis.least(ibis.coalesce(value, _LOWEST), _as_value(high)).nullif(_LOWEST)
    if low is not None:
        kept = ibis.greatest(ibis.coalesce(kept, _HIGHEST), _as_value(low)).nullif(_HIGHEST)
    return kept


def up_to_quantile(rank: IntegerValue, count: IntegerValue, numerator: int, denominator: int) -> BooleanValue:
    """Whether a row lies at or below the lower quantile numerator / denominator of its group.

    `rank` counts from 0 in rising order of the value and `count` is the group's size; the largest
    value among the rows where this holds is the quantile, without any division.
    """
    return rank * denominator <= (count - 1) * numerator


def floor_div(a: int, b: int) -> int | None:
    """What `idiv` gives for int64 values; OverflowError where the result leaves int64."""
    return None if b == 0 else _int64(a // b)


def floor_mod(a: int, b: int) -> int | None:
    """What `imod` gives for int64 values."""
    return None if b == 0 else _int64(a % b)


def _truncated(a: IntegerValue, b: IntegerValue | int) -> tuple[IntegerValue, IntegerValue]:
    """Quotient towards zero and its remainder, null where b is 0."""
    quotient = udiv(a, b)
    return quotient, a - quotient * _as_value(b)


def _signs_differ(remainder: IntegerValue, b: IntegerValue | int) -> BooleanValue:
    """Whether truncation went the other way than floor: a remainder, and not of the divisor's sign."""
    if isinstance(b, int):
        return remainder < 0 if b > 0 else remainder > 0
    return (remainder != 0) & ((remainder < 0) != (b < 0))


def _as_value(b: IntegerValue | int) -> IntegerValue:
    return ibis.literal(b, type="int64") if isinstance(b, int) else b


def _engine(value: IntegerValue) -> str:
    """Name of the backend that the expression is bound to; DuckDB for an expression without one."""
    try:
        return str(value.get_backend().name)
    except IbisError:
        return "duckdb"


def _int64(value: int) -> int:
    if not -(2**63) <= value < 2**63:
        raise OverflowError(f"{value} does not fit in int64")
    return value
