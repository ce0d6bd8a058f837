import re
import string

import pytest

from ledger_reader.errors import Stop
from models.features.catalogue import BY_NAME
from models.praise import CLEAN, PRAISES, praise
from models.reasons import REASONS, sentence


def test_sentence__of_an_unknown_code__stops() -> None:
    with pytest.raises(Stop, match="reason code 99 is unknown"):
        sentence(99, {}, "en")


@pytest.mark.parametrize("code", REASONS)
def test_sentence__without_any_figure__is_still_whole_in_both_languages(code: int) -> None:
    english, chinese = sentence(code, {}, "en"), sentence(code, {}, "zh")
    assert re.fullmatch(r"[A-Z][^{}]*\.", english)
    assert re.fullmatch(r"[^{}]*[\u4e00-\u9fff][^{}]*。", chinese)


@pytest.mark.parametrize("code", REASONS)
def test_sentence__with_all_figures__fills_every_placeholder(code: int) -> None:
    values: dict[str, int | None] = dict.fromkeys(BY_NAME, 123456)
    for language in ("en", "zh"):
        text = sentence(code, values, language)
        assert "{" not in text
        assert re.search(r"\d", text)


@pytest.mark.parametrize("code", REASONS)
def test_reasons__placeholders__are_the_same_in_both_languages_and_read_known_features(code: int) -> None:
    for variant in REASONS[code]:
        for text in (variant.english, variant.chinese):
            places = {place for _, place, _, _ in string.Formatter().parse(text) if place}
            assert places == set(variant.figures)
        assert {figure.feature for figure in variant.figures.values()} <= BY_NAME.keys()
    assert not REASONS[code][-1].figures


def test_sentence__with_own_figures__says_them() -> None:
    late: dict[str, int | None] = {"loans_late": 2, "borrows_total": 5, "days_since_late": 41}
    assert sentence(1, late, "en") == "2 of 5 loans were repaid late or not at all, last 41 days ago."
    assert sentence(1, late, "zh") == "5 笔借款中有 2 笔逾期或未还清，最近一次在 41 天前。"
    assert sentence(6, {"loans_repaid": 1}, "en") == "Only 1 loan repaid so far."
    debt: dict[str, int | None] = {"owed_cents": 1_234_505, "inflow_360d_cents": 120_000}
    assert sentence(5, debt, "en") == "You owe 12,345.05 USD; about 100.00 USD a month comes in."
    assert sentence(9, {"inflow_months": 4}, "zh") == "近 12 个月有 8 个月没有入账。"


def test_sentence__with_unknown_amount__tells_the_plainer_fact() -> None:
    assert sentence(3, {"overdue_cents": None, "loans_overdue": 1}, "en") == "1 loan is past due today."


@pytest.mark.parametrize("feature", [*PRAISES, *CLEAN])
def test_praise__every_feature_named__exists_and_is_praised_in_both_languages(feature: str) -> None:
    assert feature in BY_NAME
    values = {feature: 0 if feature in CLEAN else 10_000}
    told = {praise(feature, values, "en"), praise(feature, values, "zh")}
    assert len(told - {None}) == 2


@pytest.mark.parametrize("value", [None, 0])
def test_praise__nothing_known_or_nothing_done__says_nothing(value: int | None) -> None:
    assert praise("loans_repaid", {"loans_repaid": value}, "en") is None
