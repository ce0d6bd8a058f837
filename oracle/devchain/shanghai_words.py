"""The words of the Shanghai walk-through, in Chinese and English, and its transcript.

Rules that hold here: one run makes both transcripts; figures come from the run, words from here, sentences on
a record from the service, asked in both languages. Neutral words: this is no report of the PBC's Credit
Reference Center and no offer of a loan.
"""

import re
import textwrap
from collections.abc import Sequence
from typing import Any

from models.scorecard import BANDS
from oracle.devchain.deploy import DOLLAR

LANGUAGES = ("en", "zh")
COLUMNS = 92

Both = tuple[str, str]
"""A text in English and Chinese."""

_LONG_HEX = re.compile(r"(0x[0-9a-f]{4})[0-9a-f]{32,}([0-9a-f]{4})")

WORDS: dict[str, Both] = {
    "title": (
        "An SME-financing platform of four institutions   on a development chain, nothing leaves it",
        "四家机构共建的小微企业融资平台   运行在开发链上，不向外发送任何内容",
    ),
    "onboarding": ("Onboarding", "入驻"),
    "operator": (
        "   operator       {name}\n   licence/filing {licence}",
        "   运营方         {name}\n   许可或备案号   {licence}",
    ),
    "no_licence": (
        "none: the pages are marked as a demonstration",
        "无：页面均注明“演示环境，不提供征信服务”",
    ),
    "member": ("   node {number}  {address}  {name}", "   节点 {number}  {address}  {name}"),
    "quorum": (
        "   {quorum} of {members} signatures publish an epoch; no institution can do it alone",
        "   {members} 个节点中须有 {quorum} 个签名才能发布一期，任何一家都不能单独发布",
    ),
    "enrolled": (
        "   enrolled       {names}, each by the firm's own signature;\n"
        "                  the platform carried the signatures and paid the fees",
        "   登记           {names}，均由企业自行签名；\n                  平台代为提交并支付手续费",
    ),
    "public": (
        "   public for ever: {account} asked to be scored, at {time} (block {block})",
        "   永久公开：{account} 于 {time} 申请评分（区块 {block}）",
    ),
    "consent": ("Consent", "授权"),
    "consented": (
        "   Lin signs      {reader} may see: {what}; for: {purpose}; {count} time(s)",
        "   林记签名授权   {reader}可查看：{what}；用途：{purpose}；{count} 次",
    ),
    "read": ("   the bank reads “{band}”, epoch {epoch}", "   银行查询       分档“{band}”，第 {epoch} 期"),
    "again": ("   a second time  {status}: {detail}", "   再次查询       {status}：{detail}"),
    "stranger": (
        "   a reader that was never allowed   {status}: {detail}",
        "   未获授权者     {status}：{detail}",
    ),
    "stopped": (
        "   a consent for {count} reads, stopped by Lin before the first   {status}: {detail}",
        "   另一项 {count} 次的授权，首次查询前被撤回   {status}：{detail}",
    ),
    "log": (
        "   Lin's access log: {reads} read(s); consents still open: {active}",
        "   林记的查询记录：{reads} 次；仍有效的授权：{active} 项",
    ),
    "receivable": ("Receivable", "应收账款"),
    "issued": (
        "   Lin bills its core buyer   {amount} USD, due in {days} days\n"
        "   invoice {identity}, of document {document}",
        "   林记向核心企业开立应收账款   {amount} 美元，{days} 天后到期\n"
        "   编号 {identity}，单据哈希 {document}",
    ),
    "accepted": (
        "   the core firm signs its acceptance, the platform carries it   status: {status}",
        "   核心企业签名确认，由平台提交   状态：{status}",
    ),
    "pledged_twice": (
        "   the same document once more, to another buyer\n   refused by the contract: {refusal}",
        "   同一单据再次开立给另一买方\n   被合约拒绝：{refusal}",
    ),
    "score": ("Score", "评分"),
    "card": (
        "   scorecard {model}: {terms} terms, points set by hand by experts,\n"
        "   for the platform has no history yet to learn from",
        "   评分卡 {model}：{terms} 项，由专家设定分值，\n   因为平台尚无可供学习的历史",
    ),
    "root": ("   node {number} root {root}", "   节点 {number} 根值 {root}"),
    "published": (
        "   epoch {epoch}: {roots} root, {signatures} signatures, {quorum} needed;\n"
        "            {borrowers} scored of {leaves} enrolled",
        "   第 {epoch} 期：根值 {roots} 个，签名 {signatures} 个（须 {quorum} 个）；"
        "已评分 {borrowers} 家，登记 {leaves} 家",
    ),
    "own_score": (
        "   {who} reads its own   {score}  {band}  likely {low} to {high}  {status}",
        "   {who}查看本企业记录   {score}  {band}  参考区间 {low} 至 {high}  {status}",
    ),
    "helped": ("      helped     {text}", "      加分项     {text}"),
    "held": ("      held back  {text}  {points}", "      影响因素   {text}  {points}"),
    "capped": ("      limit      {text}", "      上限       {text}"),
    "none_yet": (
        "   {who}, founded last week   {status}; no number, and that is not a low score",
        "   {who}（上周成立）   {status}；没有分数，这不是低分",
    ),
    "advance": ("Advance and small loan", "应收账款融资与小额借款"),
    "proofs": (
        "   shown          Lin: at least {supplier}; its buyer, by a proof passed on: at least {buyer}\n"
        "   not shown      the two scores, their ranges, the reasons",
        "   出示           林记：不低于 {supplier} 分；买方转交的证明：不低于 {buyer} 分\n"
        "   不出示         双方的具体分数、参考区间与影响因素",
    ),
    "advanced": (
        "   advance        {advance} of {claim} USD paid out ({share} % less the fee to the due date);\n"
        "                  the pool holds the claim now: {held} USD",
        "   预付           {claim} 美元中付出 {advance} 美元（{share}% 减去至到期日的费用）；\n"
        "                  现由资金池持有债权：{held} 美元",
    ),
    "borrowed": (
        "   small loan     {amount} USD to a short record, at {rate} % a year, {days} days; owed {owed} USD",
        "   小额借款       记录较短亦可：{amount} 美元，年利率 {rate}%，{days} 天；应还 {owed} 美元",
    ),
    "too_much": (
        "   too high       Lin asks for a proof of {threshold}: {detail}",
        "   超出           林记申请“不低于 {threshold}”的证明，被拒绝：本期最高可出示 {most} 分",
    ),
    "repayment": ("Repayment", "还款"),
    "paid": (
        "   the core firm pays the invoice   {paid} USD, all of it to the financing pool",
        "   核心企业付清应收账款   {paid} 美元，全部付给资金池",
    ),
    "settled": (
        "   settled        fee {fee} USD kept by the pool, reserve {reserve} USD to Lin\n"
        "                  advance {advance} + fee {fee} + reserve {reserve} = {paid}",
        "   结算           资金池留费用 {fee} 美元，余款 {reserve} 美元归林记\n"
        "                  预付 {advance} + 费用 {fee} + 余款 {reserve} = {paid}",
    ),
    "repaid": (
        "   Lin repays its loan   {paid} USD, {days} days before it is due; outstanding {outstanding}",
        "   林记还清借款   {paid} 美元，早于还款日 {days} 天；未还 {outstanding}",
    ),
    "three": (
        "   epoch {epoch}        {down}'s node is down; {signatures} signatures were enough",
        "   第 {epoch} 期        {down}的节点停机；{signatures} 个签名已足够",
    ),
    "credit": (
        "   the deeds became credit   {before} in epoch {then}, {after} in epoch {epoch}",
        "   履约计入记录：第 {then} 期 {before} 分，第 {epoch} 期 {after} 分",
    ),
    "dispute": ("Dispute", "异议"),
    "fact": (
        "   Bo marks a fact as wrong   loan of {value} USD, recorded as: {outcome}\n"
        "   fact {fact}; the words stay off chain, on chain is {words}",
        "   阿博对一条记录提出异议   借款 {value} 美元，记录为：{outcome}\n"
        "   记录编号 {fact}；文字不上链，链上只有 {words}",
    ),
    "answer_by": (
        "   an answer is due within {days} days",
        "   须在 {days} 天内答复",
    ),
    "disputed": (
        "   epoch {epoch}        {score}, {status}, in dispute: {disputed}\n"
        "                  with the fact {score_with}, without it {score_without}",
        "   第 {epoch} 期        {score} 分，{status}，异议处理中：{disputed}\n"
        "                  计入此项 {score_with} 分，不计入 {score_without} 分",
    ),
    "decided": (
        "   the arbiter    {outcome}; Bo can read why:\n                  “{reasons}”",
        "   裁定           {outcome}；阿博可查看理由：\n                  “{reasons}”",
    ),
    "excluded": (
        "   epoch {epoch}        {score}, in dispute: {disputed}; the fact is shown as excluded: {excluded}\n"
        "                  the chain's own entry stays: it cannot be erased, only counted rightly",
        "   第 {epoch} 期        {score} 分，异议处理中：{disputed}；该记录已不计入：{excluded}\n"
        "                  链上原始记录无法删除，更正的是计分方式",
    ),
    "regulator": ("The regulator's view", "监管视角"),
    "audited": (
        "   audit of epoch {epoch}, from the chain and the scorecard alone, without any secret\n"
        "                  {leaves} records scored anew; {equal} of {checks} things compared are equal",
        "   仅凭链上数据与评分卡、不用任何秘密，审计第 {epoch} 期\n"
        "                  重新计算 {leaves} 份记录；比对 {checks} 项，{equal} 项一致",
    ),
    "difference": ("   difference     {found}", "   差异           {found}"),
    "rebuilt": (
        "   rebuilt        snapshot, population figures, who signed, and the scores of all who\n"
        "                  enrolled: their hash {hashed} is as published: {equal}",
        "   可重建         快照、总体统计、签名机构，以及全部登记企业的评分：\n"
        "                  评分哈希 {hashed} 与发布值一致：{equal}",
    ),
    "root_not": (
        "   not rebuilt    the root itself: it needs the members' secret (rebuilt: {rebuilt})",
        "   不可重建       根值本身：需要成员的秘密（已重建：{rebuilt}）",
    ),
    "private": (
        "   private        {consents} consents, {reads} read(s), {words} text(s) of disputes and\n"
        "                  decisions: kept by the operator, shown to the firm; the chain has hashes",
        "   不公开         {consents} 项授权、{reads} 次查询、{words} 份异议与裁定文字：\n"
        "                  由运营方保存，只向企业本人出示；链上只有哈希",
    ),
    "candid": (
        "   candidly       whoever knows a firm's address can compute its score like the auditor",
        "   须说明         知道企业地址的人，也能像审计方一样算出它的评分",
    ),
}

NO, YES, NONE = ("no", "否"), ("yes", "是"), ("none", "无")
STATUSES: dict[int, Both] = {1: ("Issued", "已开立"), 2: ("Accepted", "已确认"), 4: ("Paid", "已付清")}
"""Of IReceivables.Status, those told."""

INSTITUTIONS: tuple[Both, ...] = (
    ("a bank", "银行"),
    ("a guarantee company", "担保公司"),
    ("a core firm's supply-chain platform", "核心企业供应链平台"),
    ("a data bureau", "数据机构"),
)
KNOWN_DETAILS: dict[str, Both] = {
    "No consent for this request.": ("No consent for this request.", "没有可用的授权。"),
}
"""Sentences of the service that are one language there, and two on its page."""

READER: Both = ("the bank", "银行")
FIRM_NAMES: dict[str, Both] = {
    "Lin": ("Lin", "林记"),
    "Core": ("the core firm", "核心企业"),
    "Bo": ("Bo", "阿博"),
    "Kai": ("Kai", "小凯"),
}


class Transcript:
    """What was told: each line by its key and figures; a pair is a text in both languages."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, Any]]] = []
        self._acts = 0

    def act(self, key: str) -> None:
        """The heading of the next screen."""
        self._acts += 1
        self.lines.append((key, {"act": self._acts}))

    def line(self, key: str, **figures: Any) -> None:
        """One line of a screen."""
        self.lines.append((key, figures))

    def text(self, language: str, since: int = 0) -> str:
        """All lines from the one numbered `since` on, in "en" or "zh"."""
        return "".join(
            self._told(key, figures, LANGUAGES.index(language)) for key, figures in self.lines[since:]
        )

    @staticmethod
    def _told(key: str, figures: dict[str, Any], at: int) -> str:
        chosen = {name: each[at] if isinstance(each, tuple) else each for name, each in figures.items()}
        words = WORDS[key][at].format(**chosen)
        number = f"\n{figures['act']}  " if "act" in figures else ""
        lines = (number + _LONG_HEX.sub(r"\1…\2", words)).split("\n")
        return "".join(f"{_wrapped(line)}\n" for line in lines)


def _wrapped(line: str) -> str:
    """A line of English is broken where it is too long; Chinese has no spaces to break at."""
    return textwrap.fill(line, COLUMNS, subsequent_indent=" " * 18, break_long_words=False)


def money(units: int) -> str:
    """Raw units of the coin as dollars and cents, rounded down."""
    cents = units * 100 // DOLLAR
    return f"{cents // 100:,}.{cents % 100:02d}"


def band(english: str) -> Both:
    """A band by both its names."""
    return next((one, other) for _, one, other in BANDS if one == english)


def listed(names: Sequence[str]) -> Both:
    """Firms by their names, in a row."""
    english, chinese = (tuple(FIRM_NAMES[name][at] for name in names) for at in (0, 1))
    return ", ".join(english), "、".join(chinese)
