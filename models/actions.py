"""What a person can honestly do for a score, and what that does to the features: the words of a plan.

Rules that hold here:
- Only honest steps: paying what is overdue, owing less, letting time pass while paying on time, and
  receiving regular income. Nothing is ever borrowed, and nothing is moved round, for a score.
- An action changes all the features that it touches together. A feature that no line here names stays
  as it is ("if nothing else changes": income and spending go on as they did).
- Where the features cannot tell what will happen, there are two answers, a cautious one and a hopeful
  one; the truth lies between. Good facts that will leave a window are taken as spread evenly over it.
- A missing feature stays missing. Amounts are US cents, times days, a month has thirty of them.
- Effort is in days: those that pass, and for money the days of usual income that it takes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from models.features.feature import FIVE_YEARS, MONTH_DAYS, MONTHS
from models.integers import floor_div
from models.wording import Language

Row = dict[str, int | None]
"""Feature values by name; None is missing."""

DEAREST = 365
"""Effort in days of any sum of money, at most: also when no income is known."""

YEAR = 365
WORST_BPS = 1_000_000
REGULAR_MONTHS, REMITTED_MONTHS = 3, 6
EXTRA_EFFORT = 10
"""Days of effort that a month of regular income takes beside the month itself."""

_Effect = Callable[[int, Row, int, bool], int]
"""(value, all values before, days that pass, hopeful) → value."""


@dataclass(frozen=True)
class Action:
    """Something a person can do, in one of several `choices` (percent of a debt, or months).

    `possible` says whether it is; `after` gives the row (row, choice, hopeful); `cents` what it costs and
    `days` how long it takes. Texts hold {amount}, {n} and, in
    English, {months}.
    """

    name: str
    choices: tuple[int, ...]
    english: str
    chinese: str
    possible: Callable[[Row], bool]
    after: Callable[[Row, int, bool], Row]
    cents: Callable[[Row, int], int | None]
    days: Callable[[int], int]
    extra: int = 0

    def effort(self, row: Row, choice: int) -> int:
        """Days of effort, at least 1."""
        cents = self.cents(row, choice)
        money = DEAREST if cents is None else _days_of_income(cents, row.get("inflow_360d_cents"))
        return max(1, self.days(choice) + self.extra * choice + money)

    def text(self, row: Row, choice: int, language: Language) -> str:
        """The step in words, with the person's own figures."""
        cents = self.cents(row, choice)
        amount = "" if not cents else f"{cents // 100:,}.{cents % 100:02d} USD"
        months = f"{choice} {'month' if choice == 1 else 'months'}"
        words = self.english if language == "en" else self.chinese
        return words.format(n=choice, amount=amount, months=months).rstrip(" :：")


def _grows(most: int = 2**40) -> _Effect:
    return lambda value, _row, days, _hopeful: min(value + days, most)


def _leaves(window: int, recent: str | None = None, recent_window: int = 0) -> _Effect:
    """A count that the person wants low: gone when the window has passed, those of `recent` last."""

    def effect(value: int, row: Row, days: int, hopeful: bool) -> int:
        if days >= window:
            return 0
        last = row.get(recent) if recent else None
        if hopeful:
            return last or 0
        return last if last is not None and days + recent_window >= window else value

    return effect


def _fades(window: int) -> _Effect:
    """A count of good facts: cautiously, those spread evenly over the window leave it."""

    def effect(value: int, row: Row, days: int, hopeful: bool) -> int:
        left = max(window - days, 0)
        return value if _all_within(row, window, days) or (hopeful and left) else value * left // window

    return effect


def _forgotten(since: str, window: int) -> _Effect:
    """Bad facts, the last of them `since` days old: all gone once that one is older than the window."""

    def effect(value: int, row: Row, days: int, hopeful: bool) -> int:
        age = row.get(since)
        if age is not None and age + days > window:
            return 0
        return min(value, 1) if hopeful and not _all_within(row, window, days) else value

    return effect


def _all_within(row: Row, window: int, days: int) -> bool:
    """Whether no debt of the person can be older than the window when the days have passed."""
    oldest = row.get("days_since_first_borrow")
    return oldest is not None and oldest + days <= window


TIME: Mapping[str, _Effect] = {
    "record_days": _grows(),
    "days_since_first_borrow": _grows(),
    "days_since_last_borrow": _grows(),
    "days_since_first_inflow": _grows(),
    "days_since_bad": _grows(FIVE_YEARS),
    "days_since_late": _grows(FIVE_YEARS),
    "borrows_30d": _leaves(30),
    "borrows_90d": _leaves(90, "borrows_30d", 30),
    "largest_borrow_90d_cents": _leaves(90),
    "step_up_bps": _leaves(90),
    "quick_repayments": _leaves(YEAR),
    "rolled_repayments": _leaves(YEAR),
    "loans_repaid_365d": _fades(YEAR),
    "loans_proved_365d": _fades(YEAR),
    "loans_bad_365d": _forgotten("days_since_bad", YEAR),
    "loans_late": _forgotten("days_since_late", FIVE_YEARS),
    "longest_late_days": _forgotten("days_since_late", FIVE_YEARS),
}
"""What passing time does, a line a feature, while nothing new is borrowed and nothing is late."""


def _with(row: Row, changes: Mapping[str, int]) -> Row:
    """The row with these values where the feature is there and known; what follows from them too."""
    known = {name: value for name, value in changes.items() if row.get(name) is not None}
    new = row | known
    owed, inflow = new.get("owed_cents"), new.get("inflow_360d_cents")
    if "debt_to_inflow_bps" in new and owed is not None and inflow is not None:
        ratio = floor_div(owed * 10_000 * MONTHS, inflow) if owed else 0
        new["debt_to_inflow_bps"] = min(WORST_BPS if ratio is None else ratio, WORST_BPS)
    return new


def _repaid(row: Row, loans: int, cents: int, on_time: bool, proving: bool = False) -> Row:
    """The row after `loans` were closed with `cents`; their principal was at least that.

    `proving`: they had a due time, and were large and long enough to prove something.
    """
    owed, good = _of(row, "owed_cents"), loans if on_time else 0
    proved = good if proving else 0
    left = max(owed - cents, 0)
    changes = {
        "loans_open": max(_of(row, "loans_open") - loans, 0),
        "owed_cents": left,
        "loans_repaid": _of(row, "loans_repaid") + loans,
        "loans_repaid_365d": _of(row, "loans_repaid_365d") + good,
        "repaid_total_cents": _of(row, "repaid_total_cents") + (cents if good else 0),
        "loans_proved": _of(row, "loans_proved") + proved,
        "loans_proved_365d": _of(row, "loans_proved_365d") + proved,
        "proved_total_cents": _of(row, "proved_total_cents") + (cents if proved else 0),
    }
    if left < owed:  # rounded up: the share itself was rounded down
        changes["owed_to_borrowed_bps"] = (_of(row, "owed_to_borrowed_bps") + 1) * left // owed
    return _with(row, changes)


def _pay_overdue(row: Row, _choice: int, _hopeful: bool) -> Row:
    paid = _repaid(row, _of(row, "loans_overdue"), _of(row, "overdue_cents"), on_time=False)
    return _with(paid, {"loans_overdue": 0, "overdue_cents": 0})


def _owe_less(row: Row, percent: int, hopeful: bool) -> Row:
    loans = _of(row, "loans_open") if percent == 100 else 0
    return _repaid(row, loans, _share(row, percent), on_time=True, proving=hopeful)


def _carry_on(row: Row, months: int, hopeful: bool) -> Row:
    """Time passes; hopefully, what is open falls due within it and is repaid on time."""
    days = months * MONTH_DAYS
    changes = {
        name: effect(value, row, days, hopeful)
        for name, effect in TIME.items()
        if (value := row.get(name)) is not None
    }
    aged = _with(row, changes)
    if not hopeful:
        return aged
    return _repaid(aged, _of(aged, "loans_open"), _of(aged, "owed_cents"), on_time=True, proving=True)


def _earn(row: Row, months: int, hopeful: bool) -> Row:
    """As `_carry_on`, and money comes in from one payer every month: each old month may have had some."""
    aged, had = _carry_on(row, months, hopeful), _of(row, "inflow_months")
    longest, vouched = _of(row, "longest_remittance_months"), _of(row, "vouched_months")
    changes = {
        "vouched_months": max(vouched, min(MONTHS, vouched + months)) if hopeful and vouched else vouched,
        "inflow_months": min(MONTHS, had + months) if hopeful else max(had, months),
        "inflow_streak_months": min(MONTHS, _of(row, "inflow_streak_months") + months),
        "longest_remittance_months": (
            min(MONTHS, longest + months) if hopeful else max(longest - months, months)
        ),
        "remittance_senders": max(_of(row, "remittance_senders"), 1 if months >= REMITTED_MONTHS else 0),
        "payers": max(_of(row, "payers"), 1),
        "regular_payers": max(_of(row, "regular_payers"), 1 if months >= REGULAR_MONTHS else 0),
    }
    return _with(aged, changes)


def _nothing_overdue(row: Row) -> bool:
    return not _of(row, "loans_overdue")


def _of(row: Row, name: str) -> int:
    return row.get(name) or 0


def _share(row: Row, percent: int) -> int:
    return -(-_of(row, "owed_cents") * percent // 100)


def _days_of_income(cents: int, inflow_360d: int | None) -> int:
    if not cents:
        return 0
    return DEAREST if not inflow_360d else min(-(-cents * 360 // inflow_360d), DEAREST)


def _as_days(months: int) -> int:
    return months * MONTH_DAYS


STEPS: tuple[tuple[Action, ...], ...] = (
    (
        Action(
            name="pay_overdue",
            choices=(100,),
            english="Pay what is past due: {amount}",
            chinese="还清已逾期的款项：{amount}",
            possible=lambda row: _of(row, "loans_overdue") > 0,
            after=_pay_overdue,
            cents=lambda row, _: row.get("overdue_cents"),
            days=lambda _: 0,
        ),
    ),
    (
        Action(
            name="owe_less",
            choices=(50, 100),
            english="Repay {n} % of what you owe: {amount}",
            chinese="偿还 {n}% 的欠款：{amount}",
            possible=lambda row: _nothing_overdue(row) and _of(row, "owed_cents") > 0,
            after=_owe_less,
            cents=_share,
            days=lambda _: 0,
        ),
    ),
    (
        Action(
            name="carry_on",
            choices=(1, 2, 3, 6, 9, 12),
            english="Let {months} pass; pay what falls due on time and borrow nothing new",
            chinese="等待 {n} 个月；到期款项按时还清，不再新借",
            possible=_nothing_overdue,
            after=_carry_on,
            cents=lambda _row, _: 0,
            days=_as_days,
        ),
        Action(
            name="earn",
            choices=(1, 2, 3, 6, 9, 12),
            english="Receive regular pay here for {months}; pay what falls due on time, borrow nothing new",
            chinese="连续 {n} 个月用此钱包收取固定收入；到期款项按时还清，不再新借",
            possible=_nothing_overdue,
            after=_earn,
            cents=lambda _row, _: 0,
            days=_as_days,
            extra=EXTRA_EFFORT,
        ),
    ),
)
"""In the order in which they are taken; of each group at most one."""
