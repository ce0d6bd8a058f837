from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from ledger_reader.keccak import keccak256
from models import manifest as manifests
from models.features.catalogue import named
from models.manifest import Manifest
from models.scorecard import scorecard_id
from models.training.card import LIMITS, NOT_FOR, make_card, outcome_in_words
from models.training.evaluate import sample
from models.training.export import Rules, ThinFile
from models.training.fairness import fairness
from models.training.outcomes import Outcome
from models.training.recipes import TrainingResult, train
from tests.models.test_registry import MANIFEST

if TYPE_CHECKING:
    from tests.models.training.conftest import Economy

FEW = named(("loans_repaid_365d", "loans_late", "record_days"))
RULES = Rules(
    ((("loans_repaid_365d", ">=", 2),),),
    ((("record_days", ">=", 1),),),
    (("loans_repaid_365d", ">=", 1),),
    ((("record_days", ">=", 1),),),
    (),
)
RARE = ThinFile("rare", (("loans_late", ">=", 90),), (("loans_late", ">=", 90),))


@pytest.fixture(scope="module")
def result(economy: Economy) -> TrainingResult:
    return train(
        economy.year(), economy.cut, economy.end, "small <b>", rules=RULES, features=FEW, wallets="shared",
        files=(RARE,), draws=20,
    )  # fmt: skip


@pytest.fixture(scope="module")
def manifest(result: TrainingResult) -> Manifest:
    return replace(MANIFEST, scorecard=scorecard_id(result.scorecard))


def test_card__when_made_twice__then_equal_and_its_hash_is_that_of_the_markdown(
    result: TrainingResult, manifest: Manifest
) -> None:
    card = make_card(result, manifest)
    assert card == make_card(result, manifest)
    assert card.hash == keccak256(card.markdown)


def test_card__when_read__then_page_one_says_for_whom_not_for_what_and_every_figure_has_its_interval(
    result: TrainingResult, manifest: Manifest
) -> None:
    text = make_card(result, manifest, "Lin").markdown.decode()
    assert "0x" + manifests.model_id(manifest).hex() in text
    for said in (*NOT_FOR, *LIMITS, "| Owner | Lin |", "2024-07-01", "People on both sides: "):
        assert said in text, said
    found = result.evaluation.all
    assert f"{found.auc.value:.3f} [{found.auc.low:.3f}, {found.auc.high:.3f}]" in text
    assert found.single is not None
    assert f"best single feature, {found.single.name}" in text
    assert "rare was left out: 0 bad and 0 good rows" in text
    caps = [line.split(" | ")[2] for line in text.splitlines() if line.startswith("| borrower")]
    assert caps == ["none", "none", "599"]
    assert "Developer" in text
    assert "Project lead" in text
    assert "none were compared" in text
    assert "many of them by people whom it learned from" in text


def test_card__when_nobody_owns_it__then_it_says_how_to_name_one(
    result: TrainingResult, manifest: Manifest
) -> None:
    assert b"name one with --owner" in make_card(result, manifest).markdown


def test_card__when_read_in_chinese__then_the_page_has_a_name_for_every_heading(
    result: TrainingResult, manifest: Manifest
) -> None:
    page = (Path(__file__).parents[3] / "web" / "src" / "card.ts").read_text(encoding="utf-8")
    known = set(re.findall(r'^  "?([A-Z][^":]*)"?: "[^"]*[\u4e00-\u9fff]', page, re.MULTILINE))
    title, *headings = re.findall("^#+ (.*)$", make_card(result, manifest).markdown.decode(), re.MULTILINE)
    assert title.startswith("Model card: ")
    assert set(headings) == known


def test_card__when_a_page__then_self_contained_with_pictures_and_names_stay_texts(
    result: TrainingResult, manifest: Manifest
) -> None:
    page = make_card(result, manifest).html.decode()
    assert page.count("<svg") == 4
    assert "small &lt;b&gt;" in page
    assert "<script" not in page
    assert "src=" not in page


def test_card__when_groups_are_known__then_separation_and_calibration_are_in_it(
    result: TrainingResult, manifest: Manifest
) -> None:
    bad = np.arange(120) % 4 == 0
    rows = sample(bad, np.arange(120) * 5, np.full(120, 0.25))
    found = fairness(rows, "trade", np.repeat(["farm", "shop"], 60), draws=5)
    text = make_card(result, manifest, groups=[found]).markdown.decode()
    assert "| trade | loans | good, refused below 650 |" in text
    assert "| farm | 60 |" in text


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (Outcome(), "defaulted or liquidated or self-liquidated or more than 7 days late"),
        (Outcome(("liquidated",), None, 90), "liquidated, within 90 days of opening"),
        (Outcome(days_late=14, of="invoices"), "not paid or more than 14 days late"),
    ],
)
def test_outcome_in_words__of_a_policy__then_a_phrase(policy: Outcome, words: str) -> None:
    assert outcome_in_words(policy) == words
