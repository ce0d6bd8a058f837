"""Reason codes in words: what held a score back, in English and Chinese, with the person's own figures.

Rules that hold here: codes 1 to 12 are those of the product's word list (11 and 12 await receivables);
a code, once published, keeps its meaning, for it stands in signed leaves. A code has variants from
the fullest to the plainest: the first whose figures are all known is told, so no sentence ever holds a
blank or a made-up zero. A sentence judges the record, never the person.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from ledger_reader.errors import Stop

Language = Literal["en", "zh"]


class _Count(int):
    """A count in a text: `{n}` writes it with thousands separated, `{n:loan|loans}` the fitting word."""

    def __format__(self, words: str) -> str:
        if not words:
            return int.__format__(self, ",")
        one, many = words.split("|")
        return one if self == 1 else many


def _money(cents: int) -> str:
    return f"{cents // 100:,}.{cents % 100:02d} USD"


def _percent(bps: int) -> str:
    return f"{bps // 100}"


@dataclass(frozen=True)
class Figure:
    """A figure in a text: the feature it comes from, and how its value is shown."""

    feature: str
    show: Callable[[int], str | int] = _Count


@dataclass(frozen=True)
class Variant:
    """One wording of a reason: both languages, and the figures that its placeholders need."""

    english: str
    chinese: str
    figures: Mapping[str, Figure]


REASONS: Mapping[int, tuple[Variant, ...]] = {
    1: (
        Variant(
            "{n} of {m} loans {n:was|were} repaid late or not at all, last {d} {d:day|days} ago.",
            "{m} 笔借款中有 {n} 笔逾期或未还清，最近一次在 {d} 天前。",
            {"n": Figure("loans_late"), "m": Figure("borrows_total"), "d": Figure("days_since_late")},
        ),
        Variant("Loans were repaid late.", "有借款逾期还款。", {}),
    ),
    2: (
        Variant(
            "{n} {n:loan|loans} ended unpaid.",
            "有 {n} 笔借款到期后未还清。",
            {"n": Figure("loans_defaulted")},
        ),
        Variant("Loans ended unpaid.", "有借款到期后未还清。", {}),
    ),
    3: (
        Variant(
            "{amount} is past due today.",
            "目前有 {amount} 已过还款日。",
            {"amount": Figure("overdue_cents", _money)},
        ),
        Variant(
            "{n} {n:loan is|loans are} past due today.",
            "目前有 {n} 笔借款已过还款日。",
            {"n": Figure("loans_overdue")},
        ),
        Variant("A loan is past due today.", "目前有借款已过还款日。", {}),
    ),
    4: (
        Variant(
            "Collateral was sold {n} {n:time|times} in the last five years.",
            "近五年内抵押物被清算 {n} 次。",
            {"n": Figure("liquidations")},
        ),
        Variant("Collateral was sold.", "抵押物曾被清算。", {}),
    ),
    5: (
        Variant(
            "You owe {amount}; about {inflow} a month comes in.",
            "目前欠款 {amount}；月均入账约 {inflow}。",
            {
                "amount": Figure("owed_cents", _money),
                "inflow": Figure("inflow_360d_cents", lambda cents: _money(cents // 12)),
            },
        ),
        Variant(
            "{n} {n:loan is|loans are} open.",
            "目前有 {n} 笔借款未结清。",
            {"n": Figure("loans_open")},
        ),
        Variant("There is open debt.", "目前有未结清的借款。", {}),
    ),
    6: (
        Variant(
            "Only {n} {n:loan|loans} repaid so far.",
            "目前只还清过 {n} 笔借款。",
            {"n": Figure("loans_repaid")},
        ),
        Variant("Few loans repaid so far.", "目前还清过的借款较少。", {}),
    ),
    7: (
        Variant(
            "The record is {d} {d:day|days} long.",
            "记录时长 {d} 天。",
            {"d": Figure("record_days")},
        ),
        Variant("The record is short.", "记录时间较短。", {}),
    ),
    8: (
        Variant(
            "{n} new {n:loan|loans} in 30 days, {m} in 90 days.",
            "近 30 天新借 {n} 笔，近 90 天新借 {m} 笔。",
            {"n": Figure("borrows_30d"), "m": Figure("borrows_90d")},
        ),
        Variant("New loans lately.", "近期有新借款。", {}),
    ),
    9: (
        Variant(
            "{n} of 12 months had no money in.",
            "近 12 个月有 {n} 个月没有入账。",
            {"n": Figure("inflow_months", lambda months: 12 - months)},
        ),
        Variant("Money came in irregularly.", "入账不够规律。", {}),
    ),
    10: (
        Variant(
            "{n} {n:sender pays|senders pay} you regularly, {m} in all.",
            "定期向您付款的付款方有 {n} 个，付款方共 {m} 个。",
            {"n": Figure("regular_payers"), "m": Figure("payers")},
        ),
        Variant("Few senders pay you regularly.", "定期向您付款的付款方较少。", {}),
    ),
    13: (
        Variant(
            "You liquidated your own debt {n} {n:time|times} in the last five years.",
            "近五年内自行清算 {n} 次。",
            {"n": Figure("self_liquidations")},
        ),
        Variant("Loans were closed by self-liquidation.", "有借款以自行清算的方式结束。", {}),
    ),
    14: (
        Variant(
            "A loan last ended late, unpaid or liquidated {d} {d:day|days} ago.",
            "最近一次逾期、未还清或清算在 {d} 天前。",
            {"d": Figure("days_since_bad")},
        ),
        Variant("A loan ended late, unpaid or liquidated.", "有借款逾期、未还清或被清算。", {}),
    ),
    15: (
        Variant(
            "Loans were typically repaid {d} {d:day|days} after borrowing.",
            "借款后一般在 {d} 天左右还款。",
            {"d": Figure("typical_days_to_repay")},
        ),
        Variant("No loan has been repaid by you yet.", "您尚未自行还过借款。", {}),
    ),
    16: (
        Variant(
            "You were active in {n} of the last 12 months.",
            "近 12 个月中有 {n} 个月有操作。",
            {"n": Figure("active_months")},
        ),
        Variant("There was little activity lately.", "近期操作较少。", {}),
    ),
    17: (
        Variant(
            "{amount} came in during the last 90 days.",
            "近 90 天入账 {amount}。",
            {"amount": Figure("inflow_90d_cents", _money)},
        ),
        Variant(
            "{amount} came in during the last 360 days.",
            "近 360 天入账 {amount}。",
            {"amount": Figure("inflow_360d_cents", _money)},
        ),
        Variant("Little money came in.", "入账较少。", {}),
    ),
    18: (
        Variant(
            "{amount} went out during the last 90 days.",
            "近 90 天支出 {amount}。",
            {"amount": Figure("outflow_90d_cents", _money)},
        ),
        Variant("The pattern of money going out.", "支出情况。", {}),
    ),
    19: (
        Variant(
            "You paid {n} {n:receiver|different receivers} in the last 12 months.",
            "近 12 个月您向 {n} 个收款方付过款。",
            {"n": Figure("payees")},
        ),
        Variant("The number of receivers you pay.", "您付款的收款方数量。", {}),
    ),
    20: (
        Variant(
            "{p} % of the loans that ended were repaid on time.",
            "已结束的借款中，按时还清的占 {p}%。",
            {"p": Figure("on_time_share_bps", _percent)},
        ),
        Variant("No loan has been repaid on time yet.", "尚无按时还清的借款。", {}),
    ),
}


PRAISES: Mapping[str, tuple[str, str, int]] = {
    "loans_repaid": ("{n} {n:loan|loans} repaid", "已还清 {n} 笔借款", 1),
    "loans_repaid_365d": (
        "{n} {n:loan|loans} repaid on time in the last 12 months",
        "近 12 个月按时还清 {n} 笔借款",
        1,
    ),
    "on_time_share_bps": ("{p} % of loans repaid on time", "{p}% 的借款按时还清", 8_000),
    "record_days": ("the record is {n} days long", "记录时长 {n} 天", 180),
    "days_since_first_borrow": ("the first loan was {n} days ago", "首笔借款在 {n} 天前", 180),
    "inflow_months": ("money came in in {n} of the last 12 months", "近 12 个月有 {n} 个月有入账", 6),
    "active_months": ("active in {n} of the last 12 months", "近 12 个月有 {n} 个月有操作", 6),
    "payers": ("{n} {n:sender|senders} paid in", "有 {n} 个付款方", 2),
    "regular_payers": ("{n} {n:sender pays|senders pay} regularly", "有 {n} 个定期付款方", 1),
}
"""Features of which something good can be said: English, Chinese, and from which value on."""

CLEAN: Mapping[str, tuple[str, str]] = {
    "loans_late": ("no loan was repaid late", "没有逾期还款的借款"),
    "longest_late_days": ("no loan was repaid late", "没有逾期还款的借款"),
    "loans_defaulted": ("no loan ended unpaid", "没有未还清的借款"),
    "loans_bad_365d": ("no loan ended badly in the last 12 months", "近 12 个月没有逾期或未还清的借款"),
    "loans_overdue": ("nothing is past due", "目前没有逾期"),
    "overdue_cents": ("nothing is past due", "目前没有逾期"),
    "liquidations": ("no collateral was ever sold", "抵押物从未被清算"),
}
"""Features of which it is good that they are zero."""


def praise(feature: str, values: Mapping[str, int | None], language: Language) -> str | None:
    """Something good to say of a feature's value, or None when there is not."""
    value, chosen = values.get(feature), 0 if language == "en" else 1
    if value == 0 and feature in CLEAN:
        return CLEAN[feature][chosen]
    if value is None or feature not in PRAISES:
        return None
    english, chinese, least = PRAISES[feature]
    text = (english, chinese)[chosen]
    return text.format(n=_Count(value), p=_percent(value)) if value >= least else None


def sentence(code: int, values: Mapping[str, int | None], language: Language) -> str:
    """The reason in words, with figures from feature `values` (None or absent = unknown).

    Stop when the code is unknown to this version.
    """
    if code not in REASONS:
        raise Stop(f"reason code {code} is unknown to this version; install the one that published it.")
    for variant in REASONS[code]:
        known = {place: values.get(figure.feature) for place, figure in variant.figures.items()}
        if all(value is not None for value in known.values()):
            return _filled(variant, values, language)
    raise AssertionError(f"reason {code} has no wording without figures")


def _filled(variant: Variant, values: Mapping[str, int | None], language: Language) -> str:
    text = variant.english if language == "en" else variant.chinese
    shown: dict[str, str | int] = {}
    for place, figure in variant.figures.items():
        value = values[figure.feature]
        if value is not None:
            shown[place] = figure.show(value)
    return text.format(**shown)
