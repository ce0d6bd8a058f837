"""The whole story on one machine: an economy, a ledger, a scorecard, four nodes, three borrowers.

Rules that hold here: every number told comes from the JSON of a `credit-oracle` verb, of the borrowers'
service, or from a receipt, and is written to facts.json; no process outlives the story; nothing leaves
the machine.
"""

import contextlib
import json
import shutil
import time
from collections.abc import Callable
from dataclasses import astuple, dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx2

from ledger_reader.errors import Stop
from models.segment import LOWEST
from models.wording import Language
from oracle.contract import Contract, Refused
from oracle.devchain.anvil import Transaction, free_port
from oracle.devchain.deploy import DAY, Row
from oracle.devchain.economy import Plan, plan, play
from oracle.devchain.stage import EPOCH, LENGTH, Stage, at_least, borrow, open_stage, own, yearly_rate
from oracle.devchain.telling import Telling
from oracle.settings import address_text
from oracle.statement import status_words
from oracle.tree import STEP

DAYS, NOTICE_DAYS, CUT_DAYS = 365, 15, 243
FIRST_END = DAYS - LENGTH // DAY
"""A year; EPOCH ends on day FIRST_END, and LATEST with the year. The model is named NOTICE_DAYS before EPOCH
ends, and learns from what was before CUT_DAYS."""

LATEST = EPOCH + 1
"""The epoch that is told of. One stood before it: a score has a history, and a committee's figures a past."""

THRESHOLD, DOLLARS = 650, 300
MARK = "made-by-demo.txt"


@dataclass
class Story:
    """The world, the words, and every number told so far."""

    stage: Stage
    plan: Plan
    telling: Telling
    language: Language
    url: str = ""
    facts: dict[str, Any] = field(default_factory=dict)

    def own(self, name: str, path: str, **parameters: object) -> httpx2.Response:
        """What the service answers one of the cast."""
        return own(self.url, name, path, self.stage.deployment.chain_id, **parameters)

    def score_of(self, name: str, **parameters: object) -> dict[str, Any]:
        """One of the cast's own score."""
        answer = self.own(name, "/v1/me/score", lang=self.language, **parameters)
        found: dict[str, Any] = answer.raise_for_status().json()
        return found


def tell_story(
    seed: int,
    borrowers: int,
    language: str,
    folder: Path,
    port: int,
    keep: bool,
    inspect: Callable[[Story], None] | None = None,
    rich: bool = False,
) -> None:
    """Run all acts; with `keep` the service stays up until Ctrl-C. Every file is under `folder`.

    `inspect` may look at the world before it ends; a `rich` one has trade, families and cheats.
    """
    if language not in ("en", "zh"):
        raise Stop(f"the language must be en or zh, got {language!r}.")
    began, telling = time.monotonic(), Telling(language)
    port = free_port(port)
    make_fresh(folder)
    telling.title(seed)
    with contextlib.ExitStack() as stack:
        telling.act("year")
        economy = plan(seed, borrowers, DAYS, rich=rich)
        end = economy.start + FIRST_END * DAY
        stage = open_stage(stack, folder, economy.start, end, economy.policy, rich=rich)
        stage = stage.with_disputes().with_open_scores(port)
        story = Story(stage, economy, telling, "zh" if language == "zh" else "en")
        for act in (act_1_a_year, act_2_the_reader, act_3_a_scorecard, act_4_four_nodes):
            act(story)
        story.facts |= where(stage)
        story.url = stack.enter_context(stage.service(stage.homes[0], port))
        for act in (act_5_mei_reads, act_6_mei_borrows, act_7_bo_asks, act_8_kai_forges):
            act(story)
        (folder / "facts.json").write_text(json.dumps(story.facts, indent=2, ensure_ascii=False) + "\n")
        if inspect is not None:
            inspect(story)
        telling.end(time.monotonic() - began, story.url, folder, keep)
        if keep:
            _until_interrupted()


def where(stage: Stage) -> dict[str, Any]:
    """What a lender's program must know of this world."""
    contracts = {name: address_text(each) for name, each in stage.deployment.contracts.items()}
    return {"rpc": stage.anvil.url, "chainId": stage.deployment.chain_id, "contracts": contracts}


def act_1_a_year(story: Story) -> None:
    """Life on chain, up to the day on which the model is named; the rest is lived in act 4."""
    stage = story.stage
    play(story.plan, stage.anvil, stage.deployment, until=_day(story, FIRST_END - NOTICE_DAYS))
    stage.anvil.advance_to(stage.anvil.now() + 60)
    loans = Contract(stage.anvil.rpc, "TermLoans", stage.deployment.loans)
    coin = Contract(stage.anvil.rpc, "DevCoin", stage.deployment.coin)
    blocks = (stage.deployment.start_block, stage.anvil.height())
    story.facts["year"] = {
        "people": len(story.plan.residents),
        "payments": coin.count("Transfer", *blocks),
        "loans": loans.count("LoanDrawn", *blocks),
        "defaults": loans.count("LoanDefaulted", *blocks),
        "toBlock": blocks[1],
    }
    story.telling.line("year_found", **story.facts["year"])
    if "receivables" in stage.deployment.contracts:
        _tell_of_trade(story, blocks)


def _tell_of_trade(story: Story, blocks: tuple[int, int]) -> None:
    """What a rich economy has beside loans."""
    rpc, contracts = story.stage.anvil.rpc, story.stage.deployment.contracts
    receivables = Contract(rpc, "Receivables", contracts["receivables"])
    found = {
        "invoices": receivables.count("InvoiceIssued", *blocks),
        "financed": receivables.count("InvoiceFinanced", *blocks),
        "told": Contract(rpc, "Payments", contracts["payments"]).count("Paid", *blocks),
        "linked": Contract(rpc, "WalletLinks", contracts["links"]).count("Linked", *blocks),
    }
    story.facts["trade"] = found
    story.telling.line("trade_found", **found)


def act_2_the_reader(story: Story) -> None:
    """A ledger from the chain."""
    story.telling.act("reader")
    story.facts["read"] = story.stage.read()
    story.telling.line("read_found", **story.facts["read"])


def act_3_a_scorecard(story: Story) -> None:
    """Train on the first months, test on the later ones, name the model to the contract."""
    story.telling.act("scorecard")
    found = story.stage.train(_day(story, CUT_DAYS))
    story.facts["train"] = found
    story.telling.line("trained", **found)
    story.stage.propose(found["modelId"])
    story.telling.line("proposed", model=found["modelId"][:10], epoch=EPOCH)


def act_4_four_nodes(story: Story) -> None:
    """The last weeks pass; twice four processes read, score, agree, and one of them publishes."""
    story.telling.act("nodes")
    stage, manifest = story.stage, Path(story.facts["train"]["manifest"])
    stage.furnish(manifest)
    _a_round(story, FIRST_END - NOTICE_DAYS, FIRST_END)
    story.facts["before"] = published(stage, EPOCH)
    rounds = _a_round(story, FIRST_END, DAYS)
    story.facts["rounds"] = rounds
    story.facts["publish"] = published(stage, LATEST)
    stage.read()
    scored = stage.verb("score", "--ledger", stage.ledger, "--manifest", manifest, "--epoch", LATEST)
    story.facts["score"] = {name: value for name, value in scored.items() if name != "rows"}
    story.telling.line("before", epoch=EPOCH, **story.facts["before"])
    shown = [f"{number} {each['root'][:6]}…{each['root'][-2:]}" for number, each in enumerate(rounds, 1)]
    story.telling.line("roots", roots="   ".join(shown))
    story.telling.line("published", epoch=LATEST, **story.facts["publish"])
    story.telling.line("statuses", **story.facts["score"])


def _a_round(story: Story, since_day: int, end_day: int) -> list[dict[str, Any]]:
    """Life goes on until an epoch ends; what each node says of it. Stop when they do not agree."""
    stage, anvil = story.stage, story.stage.anvil
    anvil.automine(False)
    play(story.plan, anvil, stage.deployment, since=_day(story, since_day), until=_day(story, end_day))
    anvil.advance_to(_day(story, end_day) + 60)
    anvil.automine(True)
    rounds = stage.run_nodes(stage.homes)
    if len({each["root"] for each in rounds}) != 1 or not all(each["agrees"] for each in rounds):
        raise Stop(f"the nodes do not agree; their logs are log.txt in {stage.folder}/committee/node-*.")
    return rounds


def published(stage: Stage, epoch: int) -> dict[str, Any]:
    """What the chain says of an epoch's publication; lets the time pass until its root is read."""
    found = stage.oracle.published(stage.deployment.start_block)[epoch]
    receipt = stage.anvil.rpc.call("eth_getTransactionReceipt", [found.transaction])
    committee = stage.oracle.committee_at(epoch)
    stage.anvil.advance_to(found.active_from + 1)
    return {
        "transaction": found.transaction,
        "gas": int(receipt["gasUsed"], 16),
        "signatures": found.member_mask.bit_count(),
        "quorum": committee.quorum,
        "by": committee.members.index(bytes.fromhex(receipt["from"][2:])) + 1,
        "borrowers": found.report.borrowers,
        "root": "0x" + found.report.root.hex(),
        "scoresHash": "0x" + found.report.scores_hash.hex(),
        "meanScore": found.report.mean_score,
        "movedBps": found.report.moved_bps,
        "psiBps": found.report.psi_bps,
    }


def act_5_mei_reads(story: Story) -> None:
    """Mei signs in with her wallet and reads her own score."""
    story.telling.act("mei")
    story.facts["mei"] = story.score_of("Mei")
    story.telling.statement(story.facts["mei"], story.stage.deployment.epoch_length // DAY)


def act_6_mei_borrows(story: Story) -> None:
    """A proof of "at least", and a loan drawn with it; the score itself is never shown."""
    story.facts["bo"] = story.score_of("Bo")
    threshold = lenders_threshold(story.facts["mei"]["score"], story.facts["bo"]["score"])
    set_threshold(story, threshold)
    story.telling.act("borrow", threshold=threshold, dollars=DOLLARS)
    answer = story.own("Mei", "/v1/me/proof", at_least=threshold).raise_for_status().json()
    receipt = borrow(story.stage, "Mei", DOLLARS, at_least(answer))
    story.facts["loan"] = {"gas": receipt.gas, "transaction": receipt.transaction, "proof": answer}
    story.facts["loan"]["rate"] = yearly_rate(story.stage, at_least(answer))
    story.telling.line("borrowed", dollars=DOLLARS, **story.facts["loan"])
    story.telling.line(
        "learned",
        threshold=threshold,
        epoch=answer["epoch"],
        status=status_words(answer["status"], story.language),
        score=story.facts["mei"]["score"],
    )


def lenders_threshold(mei: int | None, bo: int | None) -> int:
    """From what score on this lender gives its main rate: 650, or what parts the two of this seed.

    Stop when nothing does.
    """
    most, least = (mei or 0) // STEP * STEP, max((bo or 0) // STEP * STEP + STEP, LOWEST + STEP)
    if most < least:
        raise Stop(f"Mei has {mei} and Bo {bo} here, so no threshold parts them; choose another seed.")
    return min(max(THRESHOLD, least), most)


def set_threshold(story: Story, threshold: int) -> None:
    """The lender's table, where its main row is not at `threshold`."""
    table = moved_to(story.plan.policy.table, threshold)
    if table == story.plan.policy.table:
        return
    deployment, anvil = story.stage.deployment, story.stage.anvil
    pool = Contract(anvil.rpc, "LoanPool", deployment.pool)
    call = pool.call_data("setTable", [astuple(row) for row in table])
    anvil.automine(False)
    anvil.mine_block([Transaction(deployment.lender, pool.address, call)])
    anvil.automine(True)


def moved_to(table: tuple[Row, ...], threshold: int) -> tuple[Row, ...]:
    """The table with its row for THRESHOLD at `threshold`; rows that it passes on the way are left out."""
    (main,) = (row for row in table if row.at_least == THRESHOLD)
    above = (row for row in table if row.at_least > max(threshold, THRESHOLD))
    below = (row for row in table if row.at_least < min(threshold, THRESHOLD))
    return (*above, replace(main, at_least=threshold), *below)


def act_7_bo_asks(story: Story) -> None:
    """Bo cannot prove the threshold; he is told the most he can, why, and what would get him there."""
    story.telling.act("bo")
    threshold, found = story.facts["loan"]["proof"]["threshold"], story.facts["bo"]
    told = {"threshold": threshold, "rate": story.facts["loan"]["rate"]}
    answer = story.own("Bo", "/v1/me/proof", at_least=threshold)
    if answer.status_code == httpx2.codes.OK:
        raise Stop("Bo was given a proof above his score: this is a bug, report it.")
    found["refusal"] = answer.json()["detail"]
    if found["score"] is None:
        story.telling.line("bo_has_none", **told)
        return
    story.telling.line("bo_refused", **told, most=found["score"] // STEP * STEP)
    story.telling.reasons(found["heldBack"][:2])
    found |= {"hope": story.score_of("Bo", target=threshold)}
    story.telling.plan(found["hope"])


def act_8_kai_forges(story: Story) -> None:
    """Kai copies the proof out of Mei's transaction and sends it as his own."""
    story.telling.act("kai")
    try:
        borrow(story.stage, "Kai", DOLLARS, at_least(story.facts["loan"]["proof"]))
    except Refused as refusal:
        story.facts["kai"] = {"error": refusal.error, "refusal": str(refusal).partition(": ")[2]}
        story.telling.line("kai_refused", refusal=story.facts["kai"]["refusal"])
        return
    raise Stop("the contract lent on a copied proof: this is a bug, report it.")


def _day(story: Story, day: int) -> int:
    return story.plan.start + day * DAY


def make_fresh(folder: Path) -> None:
    """An empty folder; Stop rather than delete one that no demo made."""
    if folder.exists() and any(folder.iterdir()) and not (folder / MARK).exists():
        raise Stop(f"{folder} holds files that no demo made; name another folder with --folder.")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / MARK).write_text(
        "Made by `credit-oracle demo`, which deletes this folder when it runs again.\n"
    )


def _until_interrupted() -> None:
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            time.sleep(3600)
