"""The demo's words, in English and Chinese; at most 80 columns, plain text, nothing hidden in colour."""

import re
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

from oracle.tables import width_of

COLUMNS = 79

_LONG_HEX = re.compile(r"(0x[0-9a-f]{4})[0-9a-f]{32,}([0-9a-f]{4})")
"""Addresses and hashes, shown by their ends; whole ones are in facts.json."""

_POINTS, _KEEP = re.compile(r" {3}([+-]\d+)$"), "\N{NO-BREAK SPACE}" * 3
"""Points stay with the last word of their reason, wherever a line ends."""

_WHOLE: dict[str, Any] = {"break_long_words": False, "break_on_hyphens": False}

WORDS: dict[str, tuple[str, str]] = {
    "title": (
        "credit-oracle demo   seed {seed}   everything on this machine, nothing leaves it",
        "credit-oracle demo   种子 {seed}   全部在本机运行，不向外发送任何内容",
    ),
    "year": ("A year in a small economy", "一个小型经济体的一年"),
    "year_found": (
        "   {people} people and firms · {payments:,} transfers · {loans:,} loans, {defaults} not repaid",
        "   {people} 个人与小微企业 · {payments:,} 笔转账 · {loans:,} 笔借款，{defaults} 笔未还清",
    ),
    "trade_found": (
        "   {invoices:,} invoices, {financed} financed · {told:,} payments say why · {linked} linked wallets",
        "   {invoices:,} 张发票，{financed} 张已融资 · {told:,} 笔付款注明用途 · {linked} 个钱包已关联",
    ),
    "reader": ("What the reader found", "读取器读到的内容"),
    "read_found": (
        "   block {block:,} (final) · {events:,} events"
        " · receipts checked {receiptsChecked:,} of {receipts:,}",
        "   区块 {block:,}（已最终确认）· {events:,} 条事件 · 已核验回执 {receiptsChecked:,} / {receipts:,}",
    ),
    "scorecard": (
        "A scorecard learned from months 1 to 8, tested on months 9 to 12",
        "用第 1 至 8 个月学习评分卡，用第 9 至 12 个月检验",
    ),
    "trained": (
        "   AUC {auc:.2f} [{aucLow:.2f}, {aucHigh:.2f}] · best single feature {bestAuc:.2f}"
        " · {terms} terms, all integers",
        "   AUC {auc:.2f} [{aucLow:.2f}, {aucHigh:.2f}] · 最佳单一特征 {bestAuc:.2f} · {terms} 项，全为整数",
    ),
    "proposed": (
        "   model {model}… holds from epoch {epoch} on, after two epochs' public notice",
        "   模型 {model}… 公示两期后，自第 {epoch} 期起生效",
    ),
    "nodes": ("Four nodes, none trusting another", "四个互不信任的节点"),
    "before": (
        "   epoch {epoch} first, a week before: {borrowers} scored people, {signatures} signatures",
        "   先是一周前的第 {epoch} 期：{borrowers} 位有评分者，{signatures} 个签名",
    ),
    "roots": ("   roots   {roots}", "   根值   {roots}"),
    "published": (
        "   same root, {quorum} signatures needed, {signatures} given · published by node {by}\n"
        "   gas {gas:,} for {borrowers} scored people; it would be the same for a million",
        "   根值相同，需要 {quorum} 个签名，已有 {signatures} 个 · 由节点 {by} 发布\n"
        "   为 {borrowers} 位有评分者共用 gas {gas:,}；一百万人也是这个数",
    ),
    "statuses": (
        "   full record {scored} · short record {thin} · no score yet {insufficient} (that is not a 0)",
        "   记录完整 {scored} · 记录较短 {thin} · 暂无评分 {insufficient}（不是 0 分）",
    ),
    "mei": (
        "Mei sends money home each month. Only she can sign in to read this:",
        "小梅每月汇款回家。只有她能登录查看：",
    ),
    "score": (
        "   {score}  {band}   likely {low} to {high}   {status}   next update in {days} days",
        "   {score}  {band}   参考区间 {low} 至 {high}   {status}   {days} 天后更新",
    ),
    "helped": ("   helped        {text}", "   加分项        {text}"),
    "held": ("   held back     {text}   {points:+d}", "   影响因素      {text}   {points:+d}"),
    "because": ("   because  {text}   {points:+d}", "   原因  {text}   {points:+d}"),
    "could": (
        "   could help  {text}: {low:+d} to {high:+d}",
        "   可以改善  {text}：{low:+d} 至 {high:+d} 分",
    ),
    "no_plan": ("   could help  {text}", "   可以改善  {text}"),
    "borrow": (
        'Mei proves "at least {threshold}" and borrows {dollars} USD',
        "小梅证明“不低于 {threshold} 分”，借入 {dollars} 美元",
    ),
    "borrowed": (
        "   {dollars} USD lent at once at {rate} % a year, gas {gas:,}",
        "   {dollars} 美元即时到账，年利率 {rate}%，gas {gas:,}",
    ),
    "learned": (
        "   lender learns  score ≥ {threshold}, epoch {epoch}, {status}    not: {score}, reasons",
        "   出借方得知  评分 ≥ {threshold}，第 {epoch} 期，{status}    不得知：{score} 分与影响因素",
    ),
    "bo": ("Bo asks for the same loan", "阿波申请同样的借款"),
    "bo_refused": (
        "   refused: {rate} % a year asks for {threshold}; Bo can prove {most} at most",
        "   未通过：年利率 {rate}% 要求 {threshold} 分；阿波最高可出示 {most} 分",
    ),
    "bo_has_none": (
        "   refused: {rate} % a year asks for {threshold}; Bo has no score yet",
        "   未通过：年利率 {rate}% 要求 {threshold} 分；阿波暂无评分",
    ),
    "kai": (
        "Kai copies Mei's proof out of her transaction and sends it as his own",
        "小凯从小梅的交易中抄走证明，当作自己的提交",
    ),
    "kai_refused": ("   refused by the contract: {refusal}", "   被合约拒绝：{refusal}"),
    "end": ("All done in {seconds:.0f} s. {left}", "共用时 {seconds:.0f} 秒。{left}"),
    "left": ("Nothing is left running except the page:", "除下面的页面外，没有进程留在后台："),
    "nothing": ("Nothing is left running.", "没有进程留在后台。"),
    "open": (
        "   open      {url}   (sign in with a demo wallet there)\n   stop      Ctrl-C",
        "   打开      {url}   （用页面上的演示钱包登录）\n   停止      Ctrl-C",
    ),
    "next": (
        "   read      {folder}/facts.json has every number of above\n"
        "   explain   credit-oracle explain --help\n"
        "   lend      docs/lenders.md, with the addresses in {folder}/facts.json\n"
        "   retrain   notebooks/02_a_scorecard_for_thin_files.ipynb",
        "   查看      {folder}/facts.json 有上面的每个数字\n"
        "   解释      credit-oracle explain --help\n"
        "   放款      docs/lenders.md，合约地址见 {folder}/facts.json\n"
        "   再训练    notebooks/02_a_scorecard_for_thin_files.ipynb",
    ),
}


class Telling:
    """Prints the story as it happens, with the time each act took to its first result."""

    def __init__(self, language: str) -> None:
        self._language = 0 if language == "en" else 1
        self._act = 0
        self._heading = ""
        self._began = 0.0

    def title(self, seed: int) -> None:
        """The first line."""
        self._print(self._words("title", seed=seed))

    def act(self, key: str, **figures: Any) -> None:
        """The heading of the next act; on a terminal it stands there while the act works."""
        self._act += 1
        self._heading, self._began = f"{self._act}  {self._words(key, **figures)}", time.monotonic()
        if sys.stdout.isatty():
            self._print(f"{self._heading} …", end="\r")

    def line(self, key: str, **figures: Any) -> None:
        """One line of an act."""
        self._flush_heading()
        for part in self._words(key, **figures).split("\n"):
            bound = _POINTS.sub(_KEEP + r"\1", part)
            filled = textwrap.fill(bound, COLUMNS + 1, subsequent_indent=" " * 15, **_WHOLE)
            self._print(filled.replace(_KEEP, " " * len(_KEEP)))

    def statement(self, found: dict[str, Any], days: int) -> None:
        """A borrower's score and reasons; `days` until the next one."""
        self.line("score", days=days, **found)
        for each in found["helped"]:
            self.line("helped", **each)
        for each in found["heldBack"][:2]:
            self.line("held", **each)

    def reasons(self, held_back: list[dict[str, Any]]) -> None:
        """Why somebody was refused."""
        for each in held_back:
            self.line("because", **each)

    def plan(self, found: dict[str, Any]) -> None:
        """What would raise somebody's score to a target, or that nothing honest does."""
        for step in found["plan"]:
            self.line("could", **step)
        if not found["plan"] and found["planText"]:
            self.line("no_plan", text=found["planText"])

    def end(self, seconds: float, url: str, folder: Path, keep: bool) -> None:
        """What is left running, and what to try next."""
        self.line("end", seconds=seconds, left=self._words("left" if keep else "nothing"))
        if keep:
            self.line("open", url=url)
        self.line("next", folder=folder)

    def _flush_heading(self) -> None:
        if self._heading:
            seconds = f"{time.monotonic() - self._began:.0f} s"
            room = COLUMNS - width_of(self._heading) - len(seconds)
            self._print(self._heading + " " * max(1, room) + seconds)
            self._heading = ""

    def _words(self, key: str, **figures: Any) -> str:
        return _LONG_HEX.sub(r"\1…\2", WORDS[key][self._language].format(**figures))

    def _print(self, text: str, end: str = "\n") -> None:
        print(text, end=end, file=sys.stdout, flush=True)  # noqa: T201 (this is what the demo is for)
