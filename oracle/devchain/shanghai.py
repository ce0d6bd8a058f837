"""The Shanghai walk-through: a financing platform for small firms run by four institutions, screen by screen.

Rules that hold here: every number told comes from a contract, from the borrowers' service, or from the JSON
of a `credit-oracle` verb; what the contracts or the service must refuse is really tried. One run is told in
both languages; what varies from run to run is only what hangs on keys and salts. docs/shanghai.md shows it.
"""

import contextlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2

from ledger_reader.errors import Stop
from ledger_reader.keccak import keccak256
from models import manifest as manifests
from oracle.api.words import ANSWER_DAYS
from oracle.consent import BAND, PURPOSES
from oracle.contract import Refused, fields_of
from oracle.devchain import shanghai_world as worlds
from oracle.devchain.anvil import Transaction, free_port
from oracle.devchain.demo import make_fresh
from oracle.devchain.deploy import DAY, DOLLAR
from oracle.devchain.people import demo_address
from oracle.devchain.shanghai_story import END, Story
from oracle.devchain.shanghai_words import (
    FIRM_NAMES,
    INSTITUTIONS,
    KNOWN_DETAILS,
    LANGUAGES,
    NO,
    NONE,
    READER,
    STATUSES,
    WORDS,
    YES,
    Both,
    Transcript,
    band,
    listed,
    money,
)
from oracle.devchain.shanghai_world import ENROLLED, HOUR, PAST_DAYS
from oracle.devchain.stage import EPOCH, LENGTH, at_least, draw_by, open_stage, own, yearly_rate
from oracle.settings import address_text, write_settings
from oracle.tree import AtLeastProof

BILL, BILL_DAYS, LOAN, LOAN_DAYS = 20_000, 9, 1_500, 12
"""Dollars and days of the invoice and of the loan told of."""

CREDITED, CORRECTED = EPOCH + 2, EPOCH + 3
"""The epochs in which repayment and correction are seen."""

QUORUM, TURN_SECONDS = 3, 2.0
"""Of four; a node that is down has its turn to publish like any other, and is passed over so soon."""

LIN_PROVES, CORE_PROVES, TOO_HIGH = 590, 650, 650
WRONG = "I paid on the due date; the lender's channel was down for three days."
REASONS: Both = (
    "The lender confirmed that its channel was closed from day 30 to 33.",
    "出借方确认其还款通道在第 30 至 33 天关闭。",
)
OUTCOME: Both = ("upheld", "异议成立")
OUTCOMES_ZH = {"late": "逾期还清"}


def tell(folder: Path, language: str, inspect: Callable[[Story], None] | None = None) -> Transcript:
    """Run all screens, told in "en" or "zh" as they happen; `folder` is made anew and keeps both transcripts.

    `inspect` may look at the world before it ends.
    """
    if language not in LANGUAGES:
        raise Stop(f"the language must be en or zh, got {language!r}.")
    port = free_port(0)
    make_fresh(folder)
    with contextlib.ExitStack() as stack:
        start = END - PAST_DAYS * DAY
        story = Story(open_stage(stack, folder, start, END, worlds.POLICY, rich=True))
        story.told.line("title")
        for screen in SCREENS:
            since = len(story.told.lines)
            if screen is onboarding:
                open_platform(story, start)
                story.url = stack.enter_context(story.stage.service(story.stage.homes[0], port))
                since = 0
            screen(story)
            print(story.told.text(language, since), end="", flush=True)  # noqa: T201 (what the verb is for)
        for each in LANGUAGES:
            (folder / f"transcript.{each}.txt").write_text(story.told.text(each), encoding="utf-8")
        if inspect is not None:
            inspect(story)
    return story.told


def open_platform(story: Story, start: int) -> None:
    """Half a year of trade, the model, the enrolments, and the first epoch: something to show."""
    world, stage = story.world, story.stage
    stage.propose("0x" + manifests.model_id(story.manifest).hex())
    worlds.live_until_now(world, start)
    enrolments = [worlds.enrolment(world, name, END + DAY) for name in ENROLLED]
    receipts = world.act(END - DAY, *enrolments)
    story.facts["enrolled"] = receipts[0].block
    stage.furnish(story.manifest_file)
    for home in stage.homes:
        settings = json.loads((home / "settings.json").read_bytes())
        write_settings(home, settings | {"turn_seconds": TURN_SECONDS})
    story.facts["rounds"] = story.round(EPOCH)


def onboarding(story: Story) -> None:
    """Who answers for the platform, who signs, who asked to be scored, and what of that is public."""
    told, world = story.told, story.world
    told.act("onboarding")
    operator = httpx2.get(f"{story.url}/v1/operator", trust_env=False).raise_for_status().json()
    told.line("operator", name=operator["name"], licence=operator["licence"] or WORDS["no_licence"])
    committee = story.stage.oracle.committee_at(EPOCH)
    for number, (name, member) in enumerate(zip(INSTITUTIONS, committee.members, strict=True), 1):
        told.line("member", number=number, name=name, address=address_text(member))
    told.line("quorum", quorum=committee.quorum, members=len(committee.members))
    known = [name for name in ENROLLED if world.read("oracle", "isEnrolled", demo_address(name))]
    told.line("enrolled", names=listed(known))
    block = story.facts["enrolled"]
    at = datetime.fromtimestamp(story.stage.anvil.rpc.block(block).time, UTC)
    told.line(
        "public", account=address_text(demo_address("Lin")), time=f"{at:%Y-%m-%d %H:%M} UTC", block=block
    )


def consent(story: Story) -> None:
    """One reader, one thing, one purpose, counted; everything else gets the same refusal."""
    told = story.told
    told.act("consent")
    story.consent("Lin", "lender", BAND, 1)
    purpose = tuple(PURPOSES[0].split(" / "))
    told.line("consented", reader=READER, what=(BAND, "分档"), purpose=purpose, count=1)
    shown = story.read("lender", "Lin", BAND).raise_for_status().json()
    told.line("read", band=band(shown["band"]), epoch=shown["epoch"])
    told.line("again", **_refusal(story.read("lender", "Lin", BAND)))
    told.line("stranger", **_refusal(story.read("stranger", "Lin", BAND)))
    stopped = story.consent("Lin", "lender", BAND, 5)
    story.change("Lin", "DELETE", f"/v1/me/consents/{stopped}")
    told.line("stopped", count=5, **_refusal(story.read("lender", "Lin", BAND)))
    consents, reads = story.own("Lin", "/v1/me/consents"), story.own("Lin", "/v1/me/reads")
    story.facts |= {"consents": len(consents), "reads": len(reads)}
    told.line("log", reads=len(reads), active=sum(each["active"] for each in consents))


def receivable(story: Story) -> None:
    """An invoice, accepted by signature; the same document is refused a second time."""
    told, world = story.told, story.world
    told.act("receivable")
    now, document = END + DAY, keccak256(b"delivery note 2026-117, with a random number")
    due = now + BILL_DAYS * DAY
    world.act(now, worlds.issue(world, "Lin", "Core", BILL, due, document))
    identity = worlds.invoice_id(world, "Lin", "Core", document)
    story.facts["invoice"] = identity
    names = {"identity": "0x" + identity.hex(), "document": "0x" + document.hex()}
    told.line("issued", amount=money(_invoice(story)[6]), days=BILL_DAYS, **names)
    world.act(now + HOUR, worlds.acceptance(world, identity, due))
    told.line("accepted", status=STATUSES[_invoice(story)[4]])
    again = (demo_address("Qi"), world.deployment.coin, BILL * DOLLAR, due, bytes(32), document)
    told.line(
        "pledged_twice", refusal=_refused(lambda: world.read("receivables", "issue", *again, sender="Lin"))
    )


def score(story: Story) -> None:
    """Four nodes, one root; what a firm reads of itself; a firm without a record has no number."""
    told, stage = story.told, story.stage
    told.act("score")
    terms = len(worlds.expert_card().segments["firm"].terms)
    told.line("card", model="0x" + manifests.model_id(story.manifest).hex(), terms=terms)
    rounds = story.facts["rounds"]
    for number, each in enumerate(rounds, 1):
        told.line("root", number=number, root=each["root"])
    told.line(
        "published",
        epoch=EPOCH,
        roots=len({each["root"] for each in rounds}),
        signatures=story.signatures(EPOCH),
        quorum=stage.oracle.committee_at(EPOCH).quorum,
        borrowers=rounds[0]["borrowers"],
        leaves=rounds[0]["leaves"],
    )
    story.facts["before"] = _statement(story, "Lin")
    english, chinese = story.both("Kai")
    told.line("none_yet", who=FIRM_NAMES["Kai"], status=(english["status"], chinese["status"]))


def advance(story: Story) -> None:
    """Two proofs of "at least" and an advance on the invoice; a small loan by one; none beyond the score."""
    told, world = story.told, story.world
    told.act("advance")
    supplier, buyer = _proof(story, "Lin", LIN_PROVES), _proof(story, "Core", CORE_PROVES)
    told.line("proofs", supplier=LIN_PROVES, buyer=CORE_PROVES)
    invoice, pool = story.facts["invoice"], world.contracts["invoice_finance"].address
    offer = world.call("Lin", "receivables", "offer", invoice, pool, 1)
    _, price = world.contracts["invoice_finance"].read("quote", invoice, 0)  # of the line that both meet
    draw = world.call("Lin", "invoice_finance", "draw", invoice, price, fields_of(supplier), fields_of(buyer))
    world.act(END + 2 * DAY, offer, draw)
    paid, claim = world.read("invoice_finance", "advanceOf", invoice)[4::2]
    held = world.read("receivables", "claimOf", invoice, pool)
    share = worlds.ADVANCES[0][4] // 100
    told.line("advanced", advance=money(paid), claim=money(claim), share=share, held=money(held))
    terms = draw_by(story.stage, LOAN, LOAN_DAYS, supplier)
    loan = world.call("Lin", "loans", "borrow", world.deployment.pool, terms, fields_of(supplier))
    world.act(END + 2 * DAY + HOUR, loan)
    story.facts["loan"] = world.read("loans", "lastLoanId")
    owed = _outstanding(story)
    rate = yearly_rate(story.stage, supplier)
    told.line("borrowed", amount=money(LOAN * DOLLAR), rate=rate, days=LOAN_DAYS, owed=money(owed))
    refused = _refusal(own(story.url, "Lin", "/v1/me/proof", world.deployment.chain_id, at_least=TOO_HIGH))
    most = story.own("Lin", "/v1/me/ladder")["most"]
    told.line("too_much", threshold=TOO_HIGH, detail=refused["detail"], most=most)


def repayment(story: Story) -> None:
    """The buyer pays who holds the claim, the rest is Lin's; the loan is repaid; then it counts."""
    told = story.told
    told.act("repayment")
    _pay_invoice(story, END + 9 * DAY)
    _repay_loan(story, END + 10 * DAY)
    _mark_wrong(story, END + 11 * DAY)  # told on the next screen
    story.round(CREDITED, nodes=QUORUM)
    told.line("three", epoch=CREDITED, down=INSTITUTIONS[QUORUM], signatures=story.signatures(CREDITED))
    after = story.own("Lin", "/v1/me/score")
    told.line("credit", before=story.facts["before"], then=EPOCH, after=after["score"], epoch=after["epoch"])
    _statement(story, "Lin")


def dispute(story: Story) -> None:
    """A fact in dispute is shown as such, an arbiter decides with reasons, and upheld means not counted."""
    told, facts = story.told, story.facts
    told.act("dispute")
    told.line("fact", **facts["dispute"])
    told.line("answer_by", days=ANSWER_DAYS)
    fact = facts["dispute"]["fact"]
    english, chinese = story.both("Bo")
    disputed = _fact(story, fact)
    told.line(
        "disputed",
        epoch=english["epoch"],
        score=english["score"],
        status=(english["status"], chinese["status"]),
        disputed=YES if english["disputed"] else NO,
        score_with=disputed["scoreWith"],
        score_without=disputed["scoreWithout"],
    )
    facts["disputed"] = english["score"]
    _decide(story, fact)
    told.line("decided", outcome=OUTCOME, reasons=_reasons(story))
    story.round(CORRECTED, nodes=QUORUM)
    found, excluded = story.own("Bo", "/v1/me/score"), _fact(story, fact)["excluded"]
    facts["corrected"] = found["score"]
    told.line(
        "excluded",
        epoch=found["epoch"],
        score=found["score"],
        disputed=YES if found["disputed"] else NO,
        excluded=YES if excluded else NO,
    )


def regulator(story: Story) -> None:
    """What anyone rebuilds from the chain, and what only the operator and the firms have."""
    told, stage = story.told, story.stage
    told.act("regulator")
    where = ("--rpc", stage.anvil.url, "--contract", address_text(stage.deployment.oracle))
    found = stage.verb("audit", *where, "--epoch", CORRECTED, "--manifest", story.manifest_file)
    story.facts["audit"] = found
    equal = sum(each["equal"] for each in found["checks"])
    told.line("audited", epoch=CORRECTED, leaves=found["leaves"], checks=len(found["checks"]), equal=equal)
    told.line("difference", found=found["difference"] or NONE)
    (scores,) = (each for each in found["checks"] if each["what"] == "scoresHash")
    told.line("rebuilt", hashed=scores["ours"], equal=YES if scores["equal"] else NO)
    told.line("root_not", rebuilt=YES if found["rootRebuilt"] else NO)
    disputes = story.own("Bo", "/v1/me/disputes")
    words = len(disputes) + sum(len(each["decisions"]) for each in disputes)
    told.line("private", consents=story.facts["consents"], reads=story.facts["reads"], words=words)
    told.line("candid")


SCREENS = (onboarding, consent, receivable, score, advance, repayment, dispute, regulator)


def _pay_invoice(story: Story, time: int) -> None:
    """What the core firm pays is shared by advance, fee and reserve, as balances tell."""
    told, world, invoice = story.told, story.world, story.facts["invoice"]
    pool = world.contracts["invoice_finance"].address
    before, lins = world.read("coin", "balanceOf", pool), world.balance("Lin")
    world.act(time, world.call("Core", "receivables", "payRest", invoice))
    paid = world.read("coin", "balanceOf", pool) - before
    told.line("paid", paid=money(paid))
    world.act(time + HOUR, world.call("Lin", "invoice_finance", "settle", invoice))
    reserve, advanced = world.balance("Lin") - lins, world.read("invoice_finance", "advanceOf", invoice)[4]
    shares = {"advance": advanced, "fee": paid - advanced - reserve, "reserve": reserve, "paid": paid}
    story.facts["shares"] = shares
    told.line("settled", **{name: money(units) for name, units in shares.items()})


def _repay_loan(story: Story, time: int) -> None:
    """All that is owed, some days before it is due."""
    world, loan, lins = story.world, story.facts["loan"], story.world.balance("Lin")
    days = (world.read("loans", "nextDueOf", loan) - time) // DAY
    world.act(time, world.call("Lin", "loans", "repay", loan, 2 * LOAN * DOLLAR))
    paid, left = lins - world.balance("Lin"), _outstanding(story)
    story.told.line("repaid", paid=money(paid), days=days, outstanding=money(left))


def _mark_wrong(story: Story, time: int) -> None:
    """Bo disputes the loan that is told as late: the words to the service, their hash on chain."""
    world = story.world
    late = next(each for each in story.own("Bo", "/v1/me/facts") if each["outcome"] == "late")
    body = {"factId": late["factId"], "reason": "date", "words": WRONG}
    hashed: str = story.change("Bo", "POST", "/v1/me/disputes", body)["wordsHash"]
    fact = bytes.fromhex(late["factId"][2:])
    world.act(time, world.call("Bo", "disputes", "dispute", fact, bytes.fromhex(hashed[2:])))
    story.facts["dispute"] = {
        "fact": late["factId"],
        "words": hashed,
        "value": money(late["valueCents"] * DOLLAR // 100),
        "outcome": (late["outcome"], OUTCOMES_ZH[late["outcome"]]),
    }


def _decide(story: Story, fact: str) -> None:
    """The arbiter's reasons to the service, their hash and the outcome on chain, by its own wallet."""
    stage, world = story.stage, story.world
    reasons = stage.folder / "reasons.txt"
    reasons.write_text(" / ".join(REASONS), encoding="utf-8")
    account = address_text(demo_address("Bo"))
    whose = ("--home", stage.homes[0], "--account", account, "--fact", fact)
    made = stage.verb("decide", *whose, "--outcome", OUTCOME[0], "--reasons", reasons)
    call = Transaction(
        demo_address(worlds.ARBITER), bytes.fromhex(made["to"][2:]), bytes.fromhex(made["data"][2:])
    )
    world.act(END + 2 * LENGTH + DAY, call)


def _fact(story: Story, fact: str) -> dict[str, Any]:
    """One of Bo's facts as the latest epoch has it."""
    found: dict[str, Any] = next(each for each in story.own("Bo", "/v1/me/facts") if each["factId"] == fact)
    return found


def _reasons(story: Story) -> Both:
    """The arbiter's, as Bo reads them: in both languages."""
    english, chinese = story.own("Bo", "/v1/me/disputes")[0]["decisions"][0]["reasons"].split(" / ")
    return english, chinese


def _statement(story: Story, name: str) -> int:
    """What a firm reads of its own record; the score."""
    english, chinese = story.both(name)
    figures = {key: english[key] for key in ("score", "low", "high")}
    texts = {key: (english[key], chinese[key]) for key in ("band", "status")}
    story.told.line("own_score", who=FIRM_NAMES[name], **figures, **texts)
    for key, part in (("helped", "helped"), ("held", "heldBack")):
        for one, other in zip(english[part][:2], chinese[part][:2], strict=True):
            story.told.line(key, text=(one["text"], other["text"]), points=one["points"])
    if english["capped"]:
        story.told.line("capped", text=(english["capped"]["text"], chinese["capped"]["text"]))
    found: int = english["score"]
    return found


def _proof(story: Story, name: str, threshold: int) -> AtLeastProof:
    """A proof of "at least", as the service gives it to its owner."""
    return at_least(story.own(name, "/v1/me/proof", at_least=threshold))


def _invoice(story: Story) -> tuple[Any, ...]:
    """IReceivables.Invoice of the invoice told of."""
    found: tuple[Any, ...] = story.world.read("receivables", "invoiceOf", story.facts["invoice"])
    return found


def _outstanding(story: Story) -> int:
    """What is still owed on the loan told of, in raw units: ITermLoans.Loan.outstanding."""
    found: int = story.world.read("loans", "loanOf", story.facts["loan"])[13]
    return found


def _refusal(answer: httpx2.Response) -> dict[str, Any]:
    """Status and sentence of a refusal; Stop when there was none."""
    if answer.is_success:
        raise Stop(f"{answer.url} was answered, and should have been refused: this is a bug, report it.")
    detail = answer.json()["detail"]
    return {"status": answer.status_code, "detail": KNOWN_DETAILS.get(detail, detail)}


def _refused(call: Callable[[], object]) -> str:
    """How a contract refuses a call; Stop when it does not."""
    try:
        call()
    except Refused as refusal:
        return str(refusal).partition(": ")[2]
    raise Stop("the contract took a document twice: this is a bug, report it.")
