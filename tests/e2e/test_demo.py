"""`make demo`, told twice with different seeds: every number told is found again on the chain."""

import json
import time
from pathlib import Path

import httpx2
import pytest

from ledger_reader.decode import topics
from ledger_reader.errors import Stop
from ledger_reader.ledger import Snapshot
from ledger_reader.store import LedgerStore
from models import registry
from models.scoring import score_population
from oracle.consent import NOBODY, PUBLIC, PURPOSES, Consent
from oracle.contract import Contract, CreditOracle, Refused
from oracle.devchain.demo import DOLLARS, LATEST, Story, lenders_threshold, moved_to, tell_story
from oracle.devchain.deploy import DAY, DOLLAR, Policy, Row
from oracle.devchain.economy import books
from oracle.devchain.life import Terms
from oracle.devchain.people import demo_address
from oracle.devchain.stage import EPOCH, sign_in
from oracle.epoch import Deployment
from oracle.report import scores_hash
from oracle.verbs.scores import read_manifest
from tests.e2e.conftest import anvil_binary
from tests.e2e.loans import Loan
from tests.oracle.api.conftest import Signed


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("seed", "language"), [(7, "en"), pytest.param(21, "zh", marks=pytest.mark.fuzz)])
def test_demo__told__every_number_is_the_chains(
    seed: int,
    language: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    anvil_binary()
    inspected: list[Story] = []

    def inspect(story: Story) -> None:
        check_year(story)
        check_epoch(story)
        check_people(story)
        check_open_score(story)
        inspected.append(story)

    monkeypatch.chdir(tmp_path)
    tell_story(seed, 214, language, Path("demo"), 0, keep=False, inspect=inspect)
    printed = capsys.readouterr().out
    facts = json.loads((tmp_path / "demo" / "facts.json").read_text())
    assert inspected
    assert [line for line in printed.splitlines() if language == "en" and len(line) > 80] == []
    for number in (facts["year"]["people"], facts["mei"]["score"], f"{facts['publish']['gas']:,}"):
        assert str(number) in printed


def check_year(story: Story) -> None:
    """The counts told are those of the simulator's own books at that block."""
    stage, told = story.stage, story.facts["year"]
    end = stage.anvil.rpc.block(told["toBlock"]).time
    loans = books(story.plan).loans.values()
    assert told["loans"] == sum(loan.drawn <= end for loan in loans)
    assert told["defaults"] == sum(loan.defaulted is not None and loan.defaulted <= end for loan in loans)
    assert told["people"] == len(story.plan.residents) >= 200
    read = story.facts["read"]
    ours = [f"0x{source.address.hex()}" for source in stage.sources.sources]
    span = {
        "fromBlock": "0x0",
        "toBlock": hex(read["block"]),
        "address": ours,
        "topics": [topics(stage.sources)],
    }
    held = {log["blockNumber"] for log in stage.anvil.rpc.call("eth_getLogs", [span])}
    counts = [stage.anvil.rpc.call("eth_getBlockTransactionCountByNumber", [number]) for number in held]
    # A bloom may speak of us in a block that holds nothing of ours: rarely, and never the reverse.
    assert sum(int(count, 16) for count in counts) <= read["receiptsChecked"] == read["receipts"]


def check_epoch(story: Story) -> None:
    """Scores computed here from a ledger hash to what the chain holds, and the counts are theirs."""
    stage, found = story.stage, story.facts["publish"]
    reports = CreditOracle(stage.anvil.rpc, stage.deployment.oracle).published(0)
    before, report = (reports[epoch].report for epoch in (EPOCH, LATEST))
    manifest, card = read_manifest(Path(story.facts["train"]["manifest"]))
    with LedgerStore(stage.ledger) as store:
        head = store.head(stage.deployment.chain_id)
        assert head is not None
        scores = score_population(
            store.events(Snapshot((head,))), manifest, card, manifest.schedule.until(LATEST)
        )
    assert scores_hash(scores) == report.scores_hash
    assert found["scoresHash"] == "0x" + report.scores_hash.hex()
    told = story.facts["score"]
    assert (before.mean_score, report.previous_epoch) == (0, EPOCH), "nobody to compare with, then somebody"
    assert (report.mean_score, report.psi_bps) == (found["meanScore"], found["psiBps"])
    assert 300 < report.mean_score < 850
    check_history(story)
    assert report.borrowers == told["scored"] + told["thin"] == found["borrowers"]
    assert len(scores.addresses) == report.borrowers + told["insufficient"]
    assert report.model_id == bytes.fromhex(story.facts["train"]["modelId"][2:])
    card_of_service = registry.read_card(stage.homes[0], report.model_id)
    assert card_of_service == Path(story.facts["train"]["card"]).read_bytes()


def check_history(story: Story) -> None:
    """Mei's score has two epochs, each as the chain's report says."""
    past = story.own("Mei", "/v1/me/history").raise_for_status().json()
    assert [each["epoch"] for each in past] == [EPOCH, LATEST]
    assert past[-1]["score"] == story.facts["mei"]["score"]


def check_people(story: Story) -> None:
    """Mei has the loan and never showed the score; Bo and Kai have none."""
    stage = story.stage
    loans = Contract(stage.anvil.rpc, "TermLoans", stage.deployment.loans)
    before = len(books(story.plan).loans)
    assert loans.read("lastLoanId") == (before + 1,)
    loan = Loan(*loans.read("loanOf", before + 1)[0])
    assert loan.borrower == "0x" + demo_address("Mei").hex()
    check_terms(story, loan)
    transaction = stage.anvil.rpc.call("eth_getTransactionByHash", [story.facts["loan"]["transaction"]])
    proof = story.facts["loan"]["proof"]
    assert proof["opening"][2:] in transaction["input"]
    score, width = story.facts["mei"]["score"], story.facts["mei"]["high"] - story.facts["mei"]["score"]
    assert f"{score:064x}" not in transaction["input"], "the score stands in the transaction"
    assert score >= proof["threshold"] > story.facts["bo"]["score"]
    assert width > 0
    for step in story.facts["bo"]["hope"]["plan"]:
        assert 0 < step["low"] <= step["high"] <= 550
    if story.facts["bo"]["hope"]["plan"]:
        steps = story.facts["bo"]["hope"]["plan"]
        assert story.facts["bo"]["score"] + sum(step["low"] for step in steps) >= proof["threshold"]
    assert story.facts["kai"]["error"] == "AtLeastNotProven"


def check_terms(story: Story, loan: Loan) -> None:
    """What Mei owes is at the rate that was told; the row that she was lent by asks for what she proved."""
    told, pool = story.facts["loan"], story.stage.deployment.pool
    assert (loan.pool, loan.principal) == ("0x" + pool.hex(), DOLLARS * DOLLAR)
    assert loan.owed == Terms(told["rate"] * 100, 0).owed(loan.principal, 30)
    first, rows = Contract(story.stage.anvil.rpc, "LoanPool", pool).read("table")
    assert Row(*rows[loan.row - first]).at_least == told["proof"]["threshold"]
    assert told["rate"] == 18


def check_open_score(story: Story) -> None:
    """Once Mei opens her score, OpenScores and its gateway tell it to everyone (EIP-3668)."""
    contracts, chain = story.facts["contracts"], story.facts["chainId"]
    rpc, borrower = story.stage.anvil.rpc, demo_address("Mei")
    open_scores = Contract(rpc, "OpenScores", bytes.fromhex(contracts["open_scores"][2:]))
    with pytest.raises(Refused) as lookup:
        open_scores.read("scoreOf", borrower, 14 * DAY)
    sender, urls, data, _, extra = lookup.value.arguments
    url = urls[0].format(sender=sender, data="0x" + data.hex())
    assert url.startswith(story.url)
    assert httpx2.get(url, trust_env=False).status_code == httpx2.codes.FORBIDDEN
    given = Consent(borrower, NOBODY, "everyone", PUBLIC, PURPOSES[-1], 0, int(time.time()) + 3_600, 1, 1)
    with httpx2.Client(base_url=story.url, trust_env=False) as client:
        client.headers["authorization"] = f"Bearer {sign_in(client, 'Mei', chain)}"
        oracle = Deployment(chain, story.stage.deployment.oracle)
        body = Signed(oracle).consent(given)
        client.post("/v1/me/consents", json=body).raise_for_status()
    told = bytes.fromhex(httpx2.get(url, trust_env=False).raise_for_status().json()["data"][2:])
    assert open_scores.read("answered", told, extra)[0] == story.facts["mei"]["score"]


@pytest.mark.parametrize(
    ("threshold", "thresholds"),
    [
        (650, [750, 650, 600]),
        (690, [750, 690, 600]),
        (610, [750, 610, 600]),
        (600, [750, 600]),
        (760, [760, 600]),
    ],
)
def test_moved_to__another_threshold__moves_the_main_row_and_thresholds_fall(
    threshold: int, thresholds: list[int]
) -> None:
    table = moved_to(Policy().table, threshold)
    assert [row.at_least for row in table] == thresholds
    assert [row.yearly_rate_bps for row in table if row.at_least == threshold] == [1_800]


def test_demo__folder_of_somebody_else__is_not_deleted(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(Stop, match="holds files that no demo made"):
        tell_story(7, 214, "en", tmp_path, 0, keep=False)
    assert (tmp_path / "letter.txt").read_text() == "dear"


@pytest.mark.parametrize(
    ("mei", "bo", "threshold"),
    [(712, 610, 650), (629, 551, 620), (712, 665, 670), (650, None, 650), (455, 441, 450)],
)
def test_lenders_threshold__between_the_two__parts_them(mei: int, bo: int | None, threshold: int) -> None:
    assert lenders_threshold(mei, bo) == threshold
    assert mei >= threshold > (bo or 0)


@pytest.mark.parametrize(("mei", "bo"), [(600, 600), (605, 609), (None, 400), (305, 300)])
def test_lenders_threshold__nothing_between__stops(mei: int | None, bo: int) -> None:
    with pytest.raises(Stop, match="no threshold parts them"):
        lenders_threshold(mei, bo)
