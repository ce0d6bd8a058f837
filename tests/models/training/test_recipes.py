from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ledger_reader.errors import Stop
from models import scorecard as cards
from models.features.catalogue import named
from models.training.dataset import Split
from models.training.export import FULL, Rules, ThinFile
from models.training.outcomes import Outcome
from models.training.recipes import TrainingResult, train

if TYPE_CHECKING:
    from tests.models.training.conftest import Economy

PATH = Path(__file__).parent
FEW = named(("loans_repaid_365d", "loans_late", "loans_bad_365d", "on_time_share_bps", "record_days"))
RULES = Rules(
    scored=((("loans_repaid_365d", ">=", 2),),),
    thin=((("record_days", ">=", 1),),),
    proven=(("loans_repaid_365d", ">=", 1),),
    unproven=((("record_days", ">=", 1),),),
    failed=(),
)
YOUNG = ThinFile("young", (("record_days", "<=", 60),), (("record_days", "<=", 120),))
RARE = ThinFile("rare", (("loans_late", ">=", 90),), (("loans_late", ">=", 90),))
INVOICES = ThinFile("receivables", (("record_days", ">=", 1),), (), Outcome(days_late=7, of="invoices"))

SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
from conftest import Economy
from test_recipes import FEW, RULES
from models.scorecard import to_json
from models.training.recipes import train
economy = Economy()
found = train(
    economy.year(wallets=60), economy.cut, economy.end, rules=RULES, features=FEW, wallets="shared",
    files=(), draws=20,
)
print(to_json(found.scorecard).decode(), found.to_plain())
"""


def test_train__when_a_rule_reads_an_unmeasured_feature__then_stop(economy: Economy) -> None:
    with pytest.raises(
        Stop,
        match=r"the rules read the features \['bills_disputed_360d', .*'loans_proved', .*are not measured",
    ):
        train(economy.year(wallets=3), economy.cut, economy.end, features=FEW + named(("borrows_total",)))


def test_train__when_too_few_loans_are_bad__then_stop(economy: Economy) -> None:
    with pytest.raises(Stop, match="at least 20 bad and 20 good loans before the cut"):
        train(
            economy.year(wallets=12),
            economy.cut,
            economy.end,
            rules=RULES,
            features=FEW,
            wallets="shared",
            files=(),
        )


@pytest.fixture(scope="module")
def result(economy: Economy) -> TrainingResult:
    return train(
        economy.year(), economy.cut, economy.end, "tale", rules=RULES, features=FEW, wallets="shared",
        files=(YOUNG, RARE, INVOICES), draws=100,
    )  # fmt: skip


def test_train__when_ability_drives_the_loans__then_the_score_finds_it(result: TrainingResult) -> None:
    assert result.evaluation.all.auc.low > 0.6
    assert result.evaluation.all.calibration_error < 0.12
    assert result.facts.train_rows > 500


def test_train__when_done__then_the_scorecard_holds_and_features_vary(
    result: TrainingResult, split: Split
) -> None:
    card = cards.from_json(cards.to_json(result.scorecard))
    used = {feature for term in card.segments[FULL].terms for feature in term.features}
    assert card.name == "tale"
    assert used
    assert all(split.train.features[name].nunique(dropna=False) > 1 for name in used)


def test_train__when_a_thin_file_has_enough_rows__then_it_has_points_of_its_own_and_a_cap(
    result: TrainingResult,
) -> None:
    facts, segment = result.facts.segments["young"], result.scorecard.segments["young"]
    assert facts.left_out is None
    assert facts.bad >= 20
    assert segment.cap == 599
    assert segment.terms != result.scorecard.segments[FULL].terms
    assert set(result.machines) == {FULL, "young"}
    assert result.evaluation.all.minus_float is not None
    assert abs(result.evaluation.all.minus_float.value) < 0.02


@pytest.mark.parametrize("name", ["rare", "receivables"])
def test_train__when_a_thin_file_has_too_few_rows__then_it_is_left_out_and_the_facts_say_so(
    result: TrainingResult, name: str
) -> None:
    assert name not in result.scorecard.segments
    assert result.facts.segments[name].left_out == "0 bad and 0 good rows, of each 20 and 20 are needed"


def test_train__when_done__then_the_baseline_counts_the_training_rows(result: TrainingResult) -> None:
    assert sum(result.baseline.scores) == result.facts.train_rows
    assert {sum(counts) for _, counts in result.baseline.features.values()} == {result.facts.train_rows}


def test_train__when_printed__then_plain_json(result: TrainingResult) -> None:
    plain = json.loads(json.dumps(result.to_plain(), allow_nan=False))
    assert plain["evaluation"]["all"]["rows"] == result.facts.test_rows
    assert plain["scorecard"] == "0x" + cards.scorecard_id(result.scorecard).hex()


def test_train__when_seeds_of_hashing_and_threads_differ__then_every_byte_is_equal() -> None:
    printed = {
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", SCRIPT, str(PATH)],
            env={**os.environ, "PYTHONHASHSEED": seed, "OMP_NUM_THREADS": threads, "JOBLIB_N_JOBS": threads},
            capture_output=True,
            check=True,
        ).stdout
        for seed, threads in (("1", "1"), ("77", "4"))
    }
    assert len(printed) == 1
    assert len(printed.pop()) > 500
