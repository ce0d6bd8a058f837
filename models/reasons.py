"""Reason codes in words: what held a score back, in English and Chinese, with the person's own figures.

Rules that hold here: codes 1 to 12 are those of the product's word list;
a code, once published, keeps its meaning, for it stands in signed leaves. A code has variants from
the fullest to the plainest: the first whose figures are all known is told. A sentence judges the record,
never the person.
"""

from collections.abc import Mapping

from ledger_reader.errors import Stop
from models.wording import Figure, Language, Variant, money, percent

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
            {"amount": Figure("overdue_cents", money)},
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
                "amount": Figure("owed_cents", money),
                "inflow": Figure("inflow_360d_cents", lambda cents: money(cents // 12)),
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
    11: (
        Variant(
            "{n} of {m} {m:invoice|invoices} past their due time {n:was|were} paid on time.",
            "{m} 笔到期应收账款中，按时到账 {n} 笔。",
            {"n": Figure("invoices_paid_on_time"), "m": Figure("invoices_due")},
        ),
        Variant("Buyers paid few invoices on time.", "应收账款按时到账的较少。", {}),
    ),
    12: (
        Variant(
            "Of {amount} received, {kept} stayed after what you sent back to the same senders.",
            "入账 {amount}，扣除您转回同一付款方的金额后为 {kept}；循环部分未计入评分。",
            {
                "amount": Figure("inflow_360d_cents", money),
                "kept": Figure("net_inflow_360d_cents", money),
            },
        ),
        Variant(
            "Money that goes round between wallets is not counted.", "在关联地址间循环的金额未计入评分。", {}
        ),
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
            {"amount": Figure("inflow_90d_cents", money)},
        ),
        Variant(
            "{amount} came in during the last 360 days.",
            "近 360 天入账 {amount}。",
            {"amount": Figure("inflow_360d_cents", money)},
        ),
        Variant("Little money came in.", "入账较少。", {}),
    ),
    18: (
        Variant(
            "{amount} went out during the last 90 days.",
            "近 90 天支出 {amount}。",
            {"amount": Figure("outflow_90d_cents", money)},
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
            {"p": Figure("on_time_share_bps", percent)},
        ),
        Variant("No loan has been repaid on time yet.", "尚无按时还清的借款。", {}),
    ),
    21: (
        Variant(
            "{p} % of what you ever borrowed is still owed.",
            "累计借款中尚有 {p}% 未还。",
            {"p": Figure("owed_to_borrowed_bps", percent)},
        ),
        Variant("Much of what was borrowed is still owed.", "借款中尚未还清的部分较多。", {}),
    ),
    22: (
        Variant(
            "{amount} stands deposited in lending markets.",
            "目前存入借贷市场 {amount}。",
            {"amount": Figure("net_deposits_cents", money)},
        ),
        Variant("Little is deposited.", "存入的资产较少。", {}),
    ),
    23: (
        Variant(
            "The largest new loan is {amount}; the largest repaid on time is {before}.",
            "近期最大一笔新借款为 {amount}；按时还清的最大一笔为 {before}。",
            {
                "amount": Figure("largest_borrow_90d_cents", money),
                "before": Figure("largest_repaid_cents", money),
            },
        ),
        Variant("New loans are larger than those repaid so far.", "新借款大于以往还清的借款。", {}),
    ),
    24: (
        Variant(
            "Money in covered money out in {n} of the last 12 months.",
            "近 12 个月中有 {n} 个月入账不少于支出。",
            {"n": Figure("covered_months")},
        ),
        Variant("More went out than came in.", "支出多于入账。", {}),
    ),
    25: (
        Variant(
            "A typical month brought in {amount}.",
            "一般每月入账 {amount}。",
            {"amount": Figure("typical_inflow_month_cents", money)},
        ),
        Variant("Months with little money in.", "有些月份入账较少。", {}),
    ),
    26: (
        Variant(
            "The busiest quarter holds {p} % of the year's spending.",
            "支出最多的一季占全年支出的 {p}%。",
            {"p": Figure("outflow_busiest_quarter_bps", percent)},
        ),
        Variant("How evenly money goes out over the year.", "全年支出的均衡程度。", {}),
    ),
    27: (
        Variant(
            "The lowest month-end balance of known payments was {amount}.",
            "按已知收付款计算，月末最低余额为 {amount}。",
            {"amount": Figure("lowest_balance_360d_cents", money)},
        ),
        Variant("Month-end balances were low.", "月末余额较低。", {}),
    ),
    28: (
        Variant(
            "All senders but the largest paid {amount} in 12 months.",
            "除最大付款方外，近 12 个月其他付款方共付 {amount}。",
            {"amount": Figure("inflow_beyond_largest_payer_cents", money)},
        ),
        Variant("Most of the money comes from one sender.", "收款大多来自同一付款方。", {}),
    ),
    29: (
        Variant(
            "{n} {n:sender sends|senders send} money in at least half of the months.",
            "有 {n} 个付款方在半数以上月份汇款给您。",
            {"n": Figure("remittance_senders")},
        ),
        Variant("Few senders send money month after month.", "长期按月汇款的付款方较少。", {}),
    ),
    30: (
        Variant(
            "{n} {n:sender was|senders were} known for half a year or longer.",
            "有 {n} 个付款方的链上记录已满半年。",
            {"n": Figure("seasoned_payers")},
        ),
        Variant("Few senders have a record of their own.", "自身有记录的付款方较少。", {}),
    ),
    31: (
        Variant(
            "{n} {n:repayment|repayments} came within a day of borrowing.",
            "有 {n} 次还款发生在借款后一天之内。",
            {"n": Figure("quick_repayments")},
        ),
        Variant("Loans were repaid within a day.", "有借款在一天之内即还款。", {}),
    ),
    32: (
        Variant(
            "{n} {n:repayment|repayments} followed within a day of borrowing elsewhere.",
            "有 {n} 次还款发生在另借新款后一天之内。",
            {"n": Figure("rolled_repayments")},
        ),
        Variant("Loans were repaid out of new ones.", "有借款以新借款偿还。", {}),
    ),
    33: (
        Variant(
            "{n} {n:invoice was|invoices were} issued to yourself.",
            "有 {n} 笔应收账款的买方是您本人。",
            {"n": Figure("self_invoices")},
        ),
        Variant("Invoices were issued to oneself.", "有应收账款的买方是本人。", {}),
    ),
    34: (
        Variant(
            "{n} {n:claim|claims} that say the same {n:was|were} financed more than once.",
            "有 {n} 笔内容相同的应收账款被多次融资。",
            {"n": Figure("claims_pledged_twice")},
        ),
        Variant("One claim was financed more than once.", "同一应收账款被多次融资。", {}),
    ),
    35: (
        Variant(
            "You issued {n} {n:invoice|invoices} in the last 12 months, {amount} in all.",
            "近 12 个月开立应收账款 {n} 笔，共 {amount}。",
            {"n": Figure("invoices_issued_360d"), "amount": Figure("sales_360d_cents", money)},
        ),
        Variant("Few sales were recorded.", "销售记录较少。", {}),
    ),
    36: (
        Variant(
            "{n} {n:buyer|buyers} accepted your invoices in 12 months, {m} {m:invoice|invoices} in all.",
            "近 12 个月有 {n} 个买方确认应收账款，累计确认 {m} 笔。",
            {"n": Figure("accepting_buyers"), "m": Figure("invoices_accepted")},
        ),
        Variant("Few invoices were accepted by buyers.", "买方确认的应收账款较少。", {}),
    ),
    37: (
        Variant(
            "{n} {n:buyer|buyers} paid your invoices; all but the largest paid {amount}.",
            "有 {n} 个买方付款；除最大买方外共付 {amount}。",
            {"n": Figure("paying_buyers"), "amount": Figure("paid_beyond_largest_buyer_cents", money)},
        ),
        Variant("Few buyers paid invoices.", "付款的买方较少。", {}),
    ),
    38: (
        Variant(
            "Sales of the last six months were {p} % of those of the six before.",
            "近六个月销售为此前六个月的 {p}%。",
            {"p": Figure("sales_trend_bps", percent)},
        ),
        Variant("No sales half a year ago to compare with.", "半年前没有可比的销售记录。", {}),
    ),
    39: (
        Variant(
            "Sales exceeded purchases by {p} % of sales.",
            "销售减采购占销售的 {p}%。",
            {"p": Figure("sales_margin_bps", percent)},
        ),
        Variant("Too few sales to compare with purchases.", "销售记录不足，无法与采购比较。", {}),
    ),
    40: (
        Variant(
            "For every 100 invoices you voided {p} and credited {q}.",
            "每 100 笔应收账款中作废 {p} 笔、红冲 {q} 笔。",
            {"p": Figure("void_share_bps", percent), "q": Figure("red_letter_share_bps", percent)},
        ),
        Variant(
            "Few invoices to judge voids and credit notes by.", "应收账款较少，无法判断作废与红冲情况。", {}
        ),
    ),
    41: (
        Variant(
            "You accepted bills of {amount} in the last 12 months.",
            "近 12 个月您确认的应付账款为 {amount}。",
            {"amount": Figure("purchases_360d_cents", money)},
        ),
        Variant("The amount of bills accepted.", "确认的应付账款金额。", {}),
    ),
    42: (
        Variant(
            "{n} {n:bill|bills} that you accepted {n:was|were} paid on time.",
            "您确认的应付账款中，按时付清 {n} 笔。",
            {"n": Figure("bills_paid_on_time")},
        ),
        Variant("Few bills were paid on time.", "按时付清的应付账款较少。", {}),
    ),
    43: (
        Variant(
            "{n} {n:bill|bills} that you accepted {n:is|are} past due.",
            "您确认的应付账款中，有 {n} 笔已过付款日。",
            {"n": Figure("bills_overdue")},
        ),
        Variant("A bill is past due.", "有应付账款已过付款日。", {}),
    ),
    44: (
        Variant(
            "You disputed {n} {n:bill|bills} in the last 12 months.",
            "近 12 个月您对 {n} 笔应付账款提出争议。",
            {"n": Figure("bills_disputed_360d")},
        ),
        Variant("Bills were disputed.", "有应付账款存在争议。", {}),
    ),
    45: (
        Variant(
            "Only {n} {n:loan|loans} of enough size and length repaid on time.",
            "目前只有 {n} 笔金额和期限足够的借款按时还清。",
            {"n": Figure("loans_proved")},
        ),
        Variant(
            "Few loans of enough size and length were repaid on time.",
            "金额和期限足够且按时还清的借款较少。",
            {},
        ),
    ),
    46: (
        Variant(
            "Only {n} of your payers also {n:pays|pay} others who repaid loans.",
            "向您付款的人中，仅有 {n} 个也长期付款给其他已还清借款的人。",
            {"n": Figure("vouched_payers")},
        ),
        Variant(
            "Few of your payers also pay others who repaid loans.",
            "向您付款的人中，也长期付款给其他已还清借款的人较少。",
            {},
        ),
    ),
}


def sentence(code: int, values: Mapping[str, int | None], language: Language) -> str:
    """The reason in words, with figures from feature `values` (None or absent = unknown).

    Stop when the code is unknown to this version.
    """
    if code not in REASONS:
        raise Stop(f"reason code {code} is unknown to this version; install the one that published it.")
    for variant in REASONS[code]:
        text = variant.text(values, language)
        if text is not None:
            return text
    raise AssertionError(f"reason {code} has no wording without figures")
