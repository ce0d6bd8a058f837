"""The Shanghai walk-through, run once: docs/shanghai.md shows it, and the chain holds what it tells."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ledger_reader.errors import Stop
from oracle.contract import CreditOracle
from oracle.devchain.deploy import DOLLAR
from oracle.devchain.shanghai import BILL, CORRECTED, CREDITED, LOAN, tell
from oracle.devchain.shanghai_story import Story
from oracle.devchain.shanghai_words import WORDS, Transcript, money
from oracle.devchain.stage import EPOCH
from tests.e2e.conftest import REPOSITORY, anvil_binary

pytestmark = pytest.mark.timeout(400)
DOCUMENT = REPOSITORY / "docs" / "shanghai.md"
PAID = 4
EVENTS = {
    "Enrolled": "oracle",
    "InvoiceFinanced": "receivables",
    "AdvanceSettled": "invoice_finance",
    "DisputeDecided": "disputes",
}
"""Events and whose they are."""


@dataclass(frozen=True)
class Chain:
    """What the chain held at the end, asked of it here and not of the story."""

    borrowers: dict[int, int]
    invoice: tuple[int, int]
    loan: tuple[int, int]
    events: dict[str, int]


@dataclass(frozen=True)
class Told:
    """A run: its transcript, the folder that it left, the chain, and the figures that it kept."""

    transcript: Transcript
    folder: Path
    chain: Chain
    facts: dict[str, Any]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    anvil_binary()
    folder = tmp_path_factory.mktemp("shanghai") / "run"
    seen: list[tuple[Chain, dict[str, Any]]] = []
    transcript = tell(folder, "en", lambda story: seen.append((_chain(story), story.facts)))
    return Told(transcript, folder, *seen[0])


def _chain(story: Story) -> Chain:
    rpc, world, height = story.stage.anvil.rpc, story.world, story.stage.anvil.height()
    invoice = world.read("receivables", "invoiceOf", story.facts["invoice"])
    loan = world.read("loans", "loanOf", story.facts["loan"])
    published = CreditOracle(rpc, story.stage.deployment.oracle).published(0)
    return Chain(
        {epoch: each.report.borrowers for epoch, each in published.items()},
        (invoice[4], invoice[7]),
        (loan[11], loan[13]),
        {name: world.contracts[contract].count(name, 0, height) for name, contract in EVENTS.items()},
    )


def _in_document(language: str) -> str:
    """The transcript that the document shows."""
    found = re.search(rf"<!-- transcript {language} -->\n```\n(.*?)```", DOCUMENT.read_text("utf-8"), re.S)
    assert found, f"docs/shanghai.md has no transcript {language}"
    return found[1]


def _steady(text: str) -> str:
    """Without what hangs on keys and salts."""
    return re.sub(r"0x[0-9a-f]+…[0-9a-f]+", "0x…", text)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_tell__in_each_language__is_what_the_document_shows(told: Told, language: str) -> None:
    written = (told.folder / f"transcript.{language}.txt").read_text("utf-8")
    assert written == told.transcript.text(language)
    assert _steady(_in_document(language)) == _steady(written), (
        "run `credit-oracle shanghai`, and copy demo/transcript.*.txt into docs/shanghai.md"
    )


def test_tell__invoice__is_paid_and_every_unit_has_an_owner(told: Told) -> None:
    assert told.chain.invoice == (PAID, 0)
    shares = told.facts["shares"]
    assert shares["advance"] + shares["fee"] + shares["reserve"] == shares["paid"] == BILL * DOLLAR
    assert 0 < shares["fee"] < shares["reserve"] < shares["advance"]
    assert money(shares["reserve"]) in told.transcript.text("zh")
    assert told.chain.events["InvoiceFinanced"] == told.chain.events["AdvanceSettled"] == 1


def test_tell__loan__is_repaid_and_lifts_the_score_over_the_cap(told: Told) -> None:
    assert told.chain.loan == (LOAN * DOLLAR, 0)
    after = _figures(told, "credit")["after"]
    assert told.facts["before"] == 599 < after


def test_tell__three_epochs__are_on_chain_and_nobody_is_lost(told: Told) -> None:
    assert told.chain.borrowers == {EPOCH: 3, CREDITED: 3, CORRECTED: 3}
    assert told.chain.events["Enrolled"] == 4


def test_tell__upheld_dispute__changes_the_score_by_what_was_foretold(told: Told) -> None:
    shown = _figures(told, "disputed")
    assert shown["score_with"] == shown["score"] == told.facts["disputed"]
    assert shown["score_without"] == told.facts["corrected"] > shown["score"]
    assert told.chain.events["DisputeDecided"] == 1


def test_tell__audit__compares_all_fields_and_finds_no_difference(told: Told) -> None:
    audited = _figures(told, "audited")
    assert audited["equal"] == audited["checks"] == len(told.facts["audit"]["checks"]) == 17


def test_tell__own_score__never_stands_in_what_lenders_are_shown(told: Told) -> None:
    at = [key for key, _ in told.transcript.lines].index("advance")
    shown = json.dumps(told.transcript.lines[at : at + 3])
    assert "599" not in shown


def test_tell__another_language__stops_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(Stop, match="must be en or zh, got 'fr'"):
        tell(tmp_path / "run", "fr")
    assert not (tmp_path / "run").exists()


def test_words__both_languages__ask_for_figures_that_exist_in_the_other() -> None:
    for key, (english, chinese) in WORDS.items():
        one, other = (set(re.findall(r"\{(\w+)", text)) for text in (english, chinese))
        assert one ^ other <= {"detail", "most"}, key


def _figures(told: Told, key: str) -> dict[str, Any]:
    """What was told under a key."""
    return next(figures for each, figures in told.transcript.lines if each == key)
