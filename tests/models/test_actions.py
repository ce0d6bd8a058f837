import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.actions import STEPS, TIME, Action, Row
from models.features.catalogue import BY_NAME
from tests.models.conftest import Bench

ACTIONS = {action.name: action for group in STEPS for action in group}
TOUCHED = (
    *TIME, "loans_open", "loans_overdue", "overdue_cents", "owed_cents", "debt_to_inflow_bps", "loans_repaid",
    "inflow_months", "inflow_360d_cents", "payers", "regular_payers", "repaid_total_cents",
    "owed_to_borrowed_bps", "inflow_streak_months", "longest_remittance_months", "remittance_senders",
)  # fmt: skip
INCOME = ("inflow_months", "inflow_streak_months", "longest_remittance_months", "remittance_senders")
CHOICES = st.sampled_from([(action, choice) for action in ACTIONS.values() for choice in action.choices])
NUMBERS = st.none() | st.integers(0, 30) | st.integers(0, 10**7)


@st.composite
def rows(draw: st.DrawFn) -> Row:
    """Feature values that fit one another as measured ones do, any of them missing."""
    row: Row = {name: draw(NUMBERS) for name in BY_NAME}
    months = ("inflow_months", "active_months", "inflow_streak_months", "longest_remittance_months")
    row |= {name: draw(st.none() | st.integers(0, 12)) for name in months}
    row |= {name: draw(st.none() | st.integers(0, 1_825)) for name in ("days_since_bad", "days_since_late")}
    few, more = sorted((draw(st.integers(0, 9)), draw(st.integers(0, 9))))
    row |= {"borrows_30d": few, "borrows_90d": more, "loans_overdue": few, "loans_open": more}
    return row


# ---------------------------------------------------------------------------------- what must not be


@given(rows(), CHOICES, st.booleans())
def test_after__any_action__never_borrows_and_never_forgives(
    row: Row, chosen: tuple[Action, int], hopeful: bool
) -> None:
    action, choice = chosen
    if not action.possible(row):
        return
    new = action.after(row, choice, hopeful)
    for name in ("loans_open", "owed_cents", "loans_overdue", "overdue_cents", "borrows_30d", "borrows_90d"):
        assert (new[name] or 0) <= (row[name] or 0)
    for name in ("loans_defaulted", "liquidations", "borrows_total", "on_time_share_bps"):
        assert new[name] == row[name]


@given(rows(), CHOICES, st.booleans())
def test_after__any_action__keeps_what_is_missing_missing_and_the_given_row_as_it_was(
    row: Row, chosen: tuple[Action, int], hopeful: bool
) -> None:
    action, choice = chosen
    before = dict(row)
    new = action.after(row, choice, hopeful)
    assert row == before
    assert new.keys() == row.keys()
    derived = {"debt_to_inflow_bps"}
    assert all(new[name] is None for name in row if row[name] is None and name not in derived)
    assert all(value is None or value >= 0 for value in new.values())


@given(rows(), CHOICES)
def test_after__hopeful__is_no_worse_than_cautious_by_any_features_direction(
    row: Row, chosen: tuple[Action, int]
) -> None:
    action, choice = chosen
    cautious, hopeful = action.after(row, choice, False), action.after(row, choice, True)
    for name, feature in BY_NAME.items():
        low, high = cautious[name], hopeful[name]
        if low is not None and high is not None and feature.direction:
            assert feature.direction * (high - low) >= 0, name


@pytest.mark.parametrize("name", TOUCHED)
def test_tables__every_feature_named__is_in_the_catalogue(name: str) -> None:
    assert name in BY_NAME


@pytest.mark.parametrize("name", [name for name in ACTIONS if name != "pay_overdue"])
def test_possible__while_something_is_overdue__only_paying_it_is(name: str) -> None:
    row: Row = {"loans_overdue": 1, "owed_cents": 5, "loans_open": 2}
    assert not ACTIONS[name].possible(row)
    assert ACTIONS["pay_overdue"].possible(row)
    assert not ACTIONS["pay_overdue"].possible(row | {"loans_overdue": 0})


# -------------------------------------------------------------------------------- what it costs, says


@pytest.mark.parametrize(
    ("name", "choice", "row", "days"),
    [
        ("carry_on", 3, {}, 90),
        ("earn", 3, {}, 120),
        ("pay_overdue", 100, {"overdue_cents": 10_000, "inflow_360d_cents": 360_000}, 10),
        ("pay_overdue", 100, {"overdue_cents": 10_001, "inflow_360d_cents": 360_000}, 11),
        ("pay_overdue", 100, {"overdue_cents": None, "inflow_360d_cents": 360_000}, 365),
        ("pay_overdue", 100, {"overdue_cents": 1, "inflow_360d_cents": 0}, 365),
        ("pay_overdue", 100, {"overdue_cents": 0, "inflow_360d_cents": 0}, 1),
        ("owe_less", 50, {"owed_cents": 10_001, "inflow_360d_cents": 360_000}, 6),
        ("owe_less", 100, {"owed_cents": 10**12, "inflow_360d_cents": 1}, 365),
    ],
)
def test_effort__of_an_action__is_its_days_and_the_days_of_income_that_it_takes(
    name: str, choice: int, row: Row, days: int
) -> None:
    assert ACTIONS[name].effort(row, choice) == days


@pytest.mark.parametrize(
    ("name", "choice", "english", "chinese"),
    [
        ("pay_overdue", 100, "Pay what is past due: 1,234.05 USD", "还清已逾期的款项：1,234.05 USD"),
        ("owe_less", 50, "Repay 50 % of what you owe: 4,000.00 USD", "偿还 50% 的欠款：4,000.00 USD"),
        ("carry_on", 1, "Let 1 month pass; pay what falls due on time and", "等待 1 个月；到期款项按时还清"),
        ("earn", 6, "Receive regular pay here for 6 months; pay what", "连续 6 个月用此钱包收取固定收入"),
    ],
)
def test_text__of_an_action__holds_the_persons_own_figures(
    name: str, choice: int, english: str, chinese: str
) -> None:
    row: Row = {"overdue_cents": 123_405, "owed_cents": 800_000}
    assert ACTIONS[name].text(row, choice, "en").startswith(english)
    assert ACTIONS[name].text(row, choice, "zh").startswith(chinese)


@given(rows(), CHOICES)
def test_text__of_any_row__has_no_blank_and_speaks_one_language(row: Row, chosen: tuple[Action, int]) -> None:
    action, choice = chosen
    english, chinese = action.text(row, choice, "en"), action.text(row, choice, "zh")
    assert not re.search(r"[{}\u4e00-\u9fff]|None|: *$", english)
    assert re.search(r"[\u4e00-\u9fff]", chinese)
    assert not re.search(r"[{}]|None|[:：] *$", chinese)


# ----------------------------------------------------------- what it says happens, and what is measured


def history(bench: Bench) -> list[dict[str, Any]]:
    """Regular pay for 8 months; five loans: three repaid, one of them late, one open, one overdue."""
    value, e = 10_000, bench.event
    pay = [e("transfer_in", 30 * month + 5, value_cents=30_000, loan_id=None) for month in range(8)]
    loans = []
    for number, (borrowed, due, repaid) in enumerate(
        [(10, 70, 60), (70, 100, 120), (130, 190, 180), (200, 300, None), (190, 225, None)]
    ):
        one = {"loan_id": bytes([number + 1]), "value_cents": value, "amount": 100}
        loans.append(e("borrow", borrowed, due=due, **one))
        if repaid is not None:
            loans.append(e("repay", repaid, due=due, **one))
    return pay + loans


NOW = 240


def repay(bench: Bench, number: int, day: float, due: int) -> dict[str, Any]:
    one = {"loan_id": bytes([number]), "value_cents": 10_000, "amount": 100}
    return bench.event("repay", day, due=due, **one)


def compare(bench: Bench, action: Action, choice: int, before: Row, then: Row) -> None:
    """What is measured lies between the cautious and the hopeful answer, for every feature they name."""
    cautious, hopeful = action.after(before, choice, False), action.after(before, choice, True)
    for name in TOUCHED:
        low, high = cautious[name], hopeful[name]
        assert low is not None
        assert high is not None
        assert min(low, high) <= then[name] <= max(low, high), name  # type: ignore[operator]


def test_pay_overdue__done_on_a_ledger__is_measured_as_told(bench: Bench) -> None:
    rows = history(bench)
    before, then = bench.one(rows, NOW), bench.one([*rows, repay(bench, 5, NOW, 225)], NOW + 0.001)
    compare(bench, ACTIONS["pay_overdue"], 100, before, then)
    assert (before["loans_overdue"], then["loans_overdue"]) == (1, 0)


def settled(bench: Bench) -> list[dict[str, Any]]:
    return [*history(bench), repay(bench, 5, NOW - 1, 225)]


def test_owe_less__done_on_a_ledger__is_measured_as_told(bench: Bench) -> None:
    rows = settled(bench)
    before, then = bench.one(rows, NOW), bench.one([*rows, repay(bench, 4, NOW, 300)], NOW + 0.001)
    compare(bench, ACTIONS["owe_less"], 100, before, then)
    assert (before["owed_cents"], then["owed_cents"]) == (10_000, 0)


@pytest.mark.parametrize("months", [1, 2, 3, 6, 9, 12])
@pytest.mark.parametrize("name", ["carry_on", "earn"])
def test_time__passing_on_a_ledger_with_pay_and_payment_on_time__is_measured_as_told(
    bench: Bench, name: str, months: int
) -> None:
    rows = settled(bench)
    before, days = bench.one(rows, NOW), 30 * months
    later = [bench.event("transfer_in", NOW + 30 * m + 5, value_cents=30_000) for m in range(months)]
    due = [repay(bench, 4, 290, 300)] if NOW + days > 300 else []
    then = bench.one([*rows, *later, *due], NOW + days)
    steady = ("inflow_360d_cents", "debt_to_inflow_bps", *(INCOME if name == "carry_on" else ()))
    told = {each: before[each] for each in steady}
    compare(bench, ACTIONS[name], months, before, then | told)


@pytest.mark.parametrize(("had", "months", "least", "most"), [(8, 6, 8, 12), (3, 6, 6, 9), (0, 1, 1, 1)])
def test_earn__in_a_wallet_with_some_income__counts_old_months_as_leaving_and_as_staying(
    had: int, months: int, least: int, most: int
) -> None:
    row: Row = {"inflow_months": had, "regular_payers": 0, "payers": 0}
    cautious, hopeful = (ACTIONS["earn"].after(row, months, which) for which in (False, True))
    assert (cautious["inflow_months"], hopeful["inflow_months"]) == (least, most)
    assert cautious["regular_payers"] == hopeful["regular_payers"] == (1 if months >= 3 else 0)


@pytest.mark.parametrize(("recent", "after_60_days"), [(1, 1), (0, 0), (None, 4)])
def test_time__over_recent_borrowing__forgets_only_what_is_known_to_be_older(
    recent: int | None, after_60_days: int
) -> None:
    row: Row = {"borrows_30d": recent, "borrows_90d": 4}
    found = [ACTIONS["carry_on"].after(row, months, False)["borrows_90d"] for months in (1, 2, 3)]
    assert found == [4, after_60_days, 0]


def test_time__over_five_years_old__counts_no_further() -> None:
    row: Row = {"days_since_late": 1_820, "days_since_bad": 1_825, "record_days": 1_825}
    found = ACTIONS["carry_on"].after(row, 1, False)
    assert found == {"days_since_late": 1_825, "days_since_bad": 1_825, "record_days": 1_855}


def test_time__over_five_years_old__forgets_what_was_late(bench: Bench) -> None:
    row: Row = {"loans_late": 2, "longest_late_days": 9, "days_since_late": 1_820, "loans_bad_365d": 0}
    assert ACTIONS["carry_on"].after(row, 1, False)["loans_late"] == 0
    assert ACTIONS["carry_on"].after(row | {"days_since_late": 1_795}, 1, False)["loans_late"] == 2
