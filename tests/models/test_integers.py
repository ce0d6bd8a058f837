import ibis
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.integers import floor_div, floor_mod, idiv, imod, isum, up_to_quantile

LOWEST, HIGHEST = -(2**63), 2**63 - 1
INT64 = st.integers(LOWEST, HIGHEST)


def divided(pairs: list[tuple[int | None, int | None]]) -> list[tuple[int | None, int | None]]:
    table = pa.table(
        {
            name: pa.array(column, pa.int64())
            for name, column in zip("ab", zip(*pairs, strict=True), strict=True)
        }
    )
    t = ibis.memtable(table)
    found = t.select(q=idiv(t.a, t.b), m=imod(t.a, t.b)).to_pyarrow()
    return list(zip(found["q"].to_pylist(), found["m"].to_pylist(), strict=True))


def test_floor_div__by_zero_or_out_of_int64__is_none_or_refused() -> None:
    assert floor_div(5, 0) is None
    assert floor_mod(5, 0) is None
    with pytest.raises(OverflowError, match="9223372036854775808 does not fit"):
        floor_div(LOWEST, -1)


def test_idiv__of_the_known_traps__is_exact_floor() -> None:
    pairs = [(9007199254740993, 1), (-7, 2), (7, -2), (-7, -2), (LOWEST, 3), (HIGHEST, -1), (LOWEST, HIGHEST)]
    assert divided([*pairs]) == [(a // b, a % b) for a, b in pairs]


def test_idiv__by_zero_or_null__is_null() -> None:
    assert divided([(5, 0), (5, None), (None, 5)]) == [(None, None)] * 3


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(INT64, INT64 | st.sampled_from((-3, -2, 0, 1, 2, 7))), min_size=1, max_size=200))
def test_idiv__of_any_int64__equals_its_python_twin(pairs: list[tuple[int, int]]) -> None:
    kept = [(a, b) for a, b in pairs if (a, b) != (LOWEST, -1)] or [(1, 1)]
    assert divided([*kept]) == [(floor_div(a, b), floor_mod(a, b)) for a, b in kept]


@settings(max_examples=20, deadline=None)
@given(
    st.lists(INT64, min_size=1, max_size=50),
    st.integers(LOWEST, HIGHEST).filter(lambda b: b not in (0, -1)),
)
def test_idiv__by_a_constant__equals_its_python_twin(values: list[int], divisor: int) -> None:
    t = ibis.memtable(pa.table({"a": pa.array(values, pa.int64())}))
    found = t.select(q=idiv(t.a, divisor), m=imod(t.a, divisor)).to_pyarrow()
    assert found["q"].to_pylist() == [a // divisor for a in values]
    assert found["m"].to_pylist() == [a % divisor for a in values]


def test_idiv__compiled__names_the_engines_own_integer_division() -> None:
    t = ibis.table({"a": "int64"}, name="t")
    sql = str(ibis.to_sql(t.select(q=idiv(t.a, 7)), dialect="duckdb"))
    assert "DIVIDE(" in sql
    assert "FLOOR" not in sql


def test_isum__on_duckdb__is_a_bigint() -> None:
    t = ibis.memtable(pa.table({"a": pa.array([9007199254740993, -1], pa.int64())}))
    assert "CAST(SUM(" in str(ibis.to_sql(t.agg(s=isum(t.a))))
    assert t.agg(s=isum(t.a)).to_pyarrow()["s"].to_pylist() == [9007199254740992]


@given(st.lists(st.integers(0, 100), min_size=1, max_size=30), st.integers(0, 4))
def test_up_to_quantile__of_sorted_values__ends_at_the_lower_quantile(
    values: list[int], quarter: int
) -> None:
    values.sort()
    kept = [v for rank, v in enumerate(values) if up_to_quantile(rank, len(values), quarter, 4)]
    assert max(kept) == values[(len(values) - 1) * quarter // 4]
