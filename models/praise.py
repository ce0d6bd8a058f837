"""What helped a score, in words: the good that can be said of a feature's value, in English and Chinese."""

from collections.abc import Mapping

from models.wording import Count, Language, percent

PRAISES: Mapping[str, tuple[str, str, int]] = {
    "loans_repaid": ("{n} {n:loan|loans} repaid", "已还清 {n} 笔借款", 1),
    "loans_repaid_365d": (
        "{n} {n:loan|loans} repaid on time in the last 12 months",
        "近 12 个月按时还清 {n} 笔借款",
        1,
    ),
    "loans_proved": ("{n} {n:loan|loans} repaid on time", "按时还清 {n} 笔借款", 1),
    "loans_proved_365d": (
        "{n} {n:loan|loans} repaid on time in the last 12 months",
        "近 12 个月按时还清 {n} 笔借款",
        1,
    ),
    "vouched_months": (
        "paid in {n} of the last 12 months by somebody who also pays others who repaid loans",
        "近 12 个月中有 {n} 个月收到也付款给其他已还清借款者的付款方的款项",
        6,
    ),
    "on_time_share_bps": ("{p} % of loans repaid on time", "{p}% 的借款按时还清", 8_000),
    "record_days": ("the record is {n} days long", "记录时长 {n} 天", 180),
    "days_since_first_borrow": ("the first loan was {n} days ago", "首笔借款在 {n} 天前", 180),
    "inflow_months": ("money came in in {n} of the last 12 months", "近 12 个月有 {n} 个月有入账", 6),
    "active_months": ("active in {n} of the last 12 months", "近 12 个月有 {n} 个月有操作", 6),
    "payers": ("{n} {n:sender|senders} paid in", "有 {n} 个付款方", 2),
    "regular_payers": ("{n} {n:sender pays|senders pay} regularly", "有 {n} 个定期付款方", 1),
    "covered_months": ("money in covered money out in {n} of 12 months", "近 12 个月有 {n} 个月收支平衡", 6),
    "remittance_senders": (
        "{n} {n:sender sends|senders send} money in most months",
        "有 {n} 个付款方按月汇款",
        1,
    ),
    "invoices_paid_on_time": (
        "{n} {n:invoice was|invoices were} paid on time",
        "{n} 笔应收账款按时到账",
        1,
    ),
    "accepting_buyers": ("{n} {n:buyer|buyers} accepted invoices", "有 {n} 个买方确认应收账款", 2),
    "bills_paid_on_time": ("{n} {n:bill|bills} paid on time", "{n} 笔应付账款按时付清", 1),
}
"""Features of which something good can be said: English, Chinese, and from which value on."""

CLEAN: Mapping[str, tuple[str, str]] = {
    "loans_late": ("no loan was repaid late", "没有逾期还款的借款"),
    "longest_late_days": ("no loan was repaid late", "没有逾期还款的借款"),
    "loans_defaulted": ("no loan ended unpaid", "没有未还清的借款"),
    "loans_bad_365d": ("no loan ended badly in the last 12 months", "近 12 个月没有逾期或未还清的借款"),
    "loans_overdue": ("nothing is past due", "目前没有逾期"),
    "overdue_cents": ("nothing is past due", "目前没有逾期"),
    "bills_overdue": ("no bill is past due", "没有过期未付的应付账款"),
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
    return text.format(n=Count(value), p=percent(value)) if value >= least else None
