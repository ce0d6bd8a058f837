from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from oracle.names import CHINESE
from oracle.tables import as_text

plain = st.none() | st.booleans() | st.integers() | st.text("abc xyz", max_size=8)


def test_as_text__nothing__is_nothing() -> None:
    assert as_text({}) == ""


def test_as_text__missing_and_empty_values__are_still_lines() -> None:
    assert as_text({"score": None, "rows": [], "seconds": {}}).splitlines() == [
        "score    -",
        "rows     ",
        "seconds  ",
    ]


def test_as_text__rows_that_lack_a_column__show_a_dash() -> None:
    assert as_text({"rows": [{"a": 1, "b": 2}, {"a": 30}]}).splitlines() == [
        "",
        "rows",
        "a   b",
        "1   2",
        "30  -",
    ]


def test_as_text__rows_with_a_column_of_their_own__lose_nothing() -> None:
    assert "precious" in as_text({"rows": [{"a": 1}, {"a": 2, "b": "precious"}]})


def test_as_text__names_and_values__stand_in_two_columns() -> None:
    assert as_text({"epoch": 3, "scoresHash": "0xab", "homes": ["a", "b"]}).splitlines() == [
        "epoch       3",
        "scoresHash  0xab",
        "homes       a, b",
    ]


def test_as_text__objects_inside__are_written_out() -> None:
    found = as_text({"seconds": {"sync": 1.5, "score": None}, "rows": [{"when": ["x", 1], "by": {"n": 2}}]})
    assert found.splitlines() == ["seconds  sync 1.5, score -", "", "rows", "when  by", "x, 1  n 2"]


def test_as_text__with_names_in_chinese__lines_up_by_what_a_terminal_shows() -> None:
    found = as_text({"score": 712, "plan": [{"text": "按时还款", "low": 3}], "capped": {"cap": 599}}, CHINESE)
    table = ["", "改进方案", "说明      下限", "按时还款  3"]
    assert found.splitlines() == ["评分      712", *table, "封顶      上限分数 599"]


@given(st.dictionaries(st.text("abcdef", min_size=1, max_size=6), plain | st.lists(plain, max_size=3)))
def test_as_text__any_flat_values__has_a_line_each_and_all_of_it(result: dict[str, Any]) -> None:
    lines = as_text(result).splitlines() if result else []
    assert len(lines) == len(result)
    width = max((len(name) for name in result), default=0)
    for line, (name, value) in zip(lines, result.items(), strict=True):
        assert line.startswith(name.ljust(width) + "  ")
        assert isinstance(value, list) or line[width + 2 :] == ("-" if value is None else str(value))


@given(
    st.lists(
        st.builds(lambda a, b, c: {"a": a, "bb": b, "ccc": c}, plain, plain, st.integers()),
        min_size=1,
        max_size=4,
    )
)
def test_as_text__rows__are_aligned_and_never_cut_off(rows: list[dict[str, Any]]) -> None:
    _, name, head, *lines = as_text({"rows": rows}).splitlines()
    assert name == "rows"
    at = head.index("ccc")
    assert [line[at:] for line in lines] == [str(row["ccc"]) for row in rows]


def test_as_text__chinese_and_latin__stand_under_one_another() -> None:
    rows = [{"records": "完整记录", "n": 1}, {"records": "full", "n": 2}]
    assert as_text({"rows": rows}).splitlines()[2:] == ["records   n", "完整记录  1", "full      2"]
