from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.utils.estimator_checks import parametrize_with_checks

from ledger_reader.errors import Stop
from models.segment import Columns
from models.training import tabular
from models.training.additive import Additive, Effect, check_directions, strongest
from models.training.classifier import ScorecardClassifier, to_json
from models.training.evaluate import auc, calibration_error

RECIPES = ("ebm", "woe")
Table = tuple[pd.DataFrame, Any]


def table_of(rows: int, seed: int = 1) -> Table:
    """Income (float, some missing), delays (with the codes −9 and 96), trade (labels), noise; bad or not."""
    random = np.random.default_rng(seed)
    income, delays = random.lognormal(3, 1, rows), random.poisson(1.0, rows).astype(float)
    trade = random.choice(["farm", "shop", "cart", "taxi"], rows)
    risk = -1.2 - 0.8 * np.log(income / 20) + 0.9 * delays + 1.2 * (trade == "cart") * (delays > 0)
    delays[random.random(rows) < 0.1], delays[random.random(rows) < 0.05] = -9, 96
    bad = random.random(rows) < 1 / (1 + np.exp(-risk))
    income[random.random(rows) < 0.05] = np.nan
    frame = pd.DataFrame({"income": income, "delays": delays, "trade": trade, "noise": random.random(rows)})
    return frame, bad.astype(int)


@pytest.fixture(scope="module")
def table() -> Table:
    return table_of(1_500)


@pytest.fixture(scope="module")
def fresh() -> Table:
    return table_of(1_500, seed=2)


@pytest.fixture(scope="module", params=RECIPES)
def learned(request: pytest.FixtureRequest, table: Table) -> ScorecardClassifier:
    codes = {"delays": [-9, 96]}
    return ScorecardClassifier(request.param, special_codes=codes, interactions=3).fit(*table)


EXPECTED = {
    "check_sample_weight_equivalence_on_dense_data": (
        "rows are put into bags and folds at random: a row of weight 2 is in one, a row given twice in two"
    ),
}


@parametrize_with_checks(  # type: ignore[untyped-decorator]
    [ScorecardClassifier("ebm", interactions=0), ScorecardClassifier("woe")],
    expected_failed_checks=lambda _: EXPECTED,
)
@pytest.mark.filterwarnings("ignore")
def test_estimator__when_scikit_learn_checks_it__then_it_holds(estimator: Any, check: Any) -> None:
    check(estimator)


@pytest.mark.parametrize(
    ("column", "row", "cell", "sentence"),
    [
        ("income", 7, np.inf, r"column 'income', row 7 holds inf \(infinity\); set it to NaN"),
        ("income", 7, -np.inf, r"column 'income', row 7 holds -inf"),
    ],
)
def test_fit__when_a_cell_is_infinite__then_stop_names_it(
    table: Table, column: str, row: int, cell: float, sentence: str
) -> None:
    frame = table[0].copy()
    frame.loc[row, column] = cell
    with pytest.raises(Stop, match=sentence):
        ScorecardClassifier().fit(frame, table[1])


def test_fit__when_one_of_a_million_cells_is_text__then_stop_names_it() -> None:
    values = np.arange(1_000_000, dtype=float).astype(object)
    values[734_221] = "12,5"
    with pytest.raises(Stop, match=r"column 'income', row 734221 holds '12,5' \(str\).*correct the cell"):
        ScorecardClassifier().fit(pd.DataFrame({"income": values}), np.arange(1_000_000) % 2)


def test_fit__when_numbers_were_read_as_text__then_stop_names_the_odd_cell() -> None:
    texts = [str(number / 7) for number in range(1_000)]
    texts[321] = "n/a"
    with pytest.raises(Stop, match=r"column 'income', row 321 holds 'n/a' among numbers"):
        ScorecardClassifier().fit(pd.DataFrame({"income": texts}), np.arange(1_000) % 2)
    texts[321] = "3"
    with pytest.raises(Stop, match="holds numbers as text; convert it"):
        ScorecardClassifier().fit(pd.DataFrame({"income": texts}), np.arange(1_000) % 2)


def test_fit__when_labels_or_columns_cannot_be_used__then_stop_says_what_is_needed(table: Table) -> None:
    frame, bad = table
    refusals: list[tuple[str, Any, Any, dict[str, Any]]] = [
        ("y holds one class only, .*0.* in all 1500 rows", frame, np.zeros(1_500, dtype=int), {}),
        ("row 3 has no label", frame, np.where(np.arange(1_500) == 3, np.nan, bad), {}),
        ("The type of the target is multiclass", frame, np.arange(1_500) % 3, {}),
        ("none of the 1 columns takes two values", pd.DataFrame({"one": np.ones(1_500)}), bad, {}),
        ("column 'when' has the type datetime64", frame.assign(when=pd.Timestamp("2026-01-01")), bad, {}),
        (
            "directions name the column 'wealth', which the table lacks",
            frame,
            bad,
            {"directions": {"wealth": 1}},
        ),
        ("column 'trade' has a direction but holds labels", frame, bad, {"directions": {"trade": 1}}),
        ("the direction of 'income' must be −1, 0 or", frame, bad, {"directions": {"income": 2}}),
        ("special_codes or categorical name the columns", frame, bad, {"special_codes": {"wealth": [1]}}),
        ("bad is 'no', which y does not hold", frame, bad, {"bad": "no"}),
        ("recipe must be one of", frame, bad, {"recipe": "forest"}),
    ]
    for sentence, rows, labels, options in refusals:
        with pytest.raises(Stop, match=sentence):
            ScorecardClassifier(**options).fit(rows, labels)


def test_predict__when_the_table_is_another__then_stop_names_the_cell(
    learned: ScorecardClassifier, fresh: Table
) -> None:
    frame = fresh[0].head(5).astype({"income": object})
    frame.loc[2, "income"] = "much"
    with pytest.raises(Stop, match="column 'income', row 2 holds 'much'"):
        learned.predict(frame)
    with pytest.raises(ValueError, match="Feature names"):
        learned.predict(fresh[0][["income"]])
    with pytest.raises(Stop, match=r"lacks the columns \['trade'\]"):
        learned.tabular_.totals(fresh[0].drop(columns="trade"))


def test_predict__when_levels_are_new_or_many__then_each_has_a_defined_cell() -> None:
    random = np.random.default_rng(5)
    towns = np.array([f"town {number}" for number in range(1_000)])[random.integers(0, 1_000, 4_000)]
    bad = random.random(4_000) < np.where(towns < "town 5", 0.2, 0.6)
    learned = ScorecardClassifier("woe").fit(pd.DataFrame({"town": towns}), bad)
    assert len(learned.tabular_.frame.columns[0].levels or ()) == 254
    unseen = learned.totals(pd.DataFrame({"town": ["Atlantis", "El Dorado"]}))
    assert unseen[0] == unseen[1]


@pytest.mark.parametrize("recipe", RECIPES)
def test_fit__when_given_the_same_table__then_the_same_bytes(recipe: str) -> None:
    frame, bad = table_of(400)
    texts = {to_json(ScorecardClassifier(recipe, n_jobs=jobs).fit(frame, bad)) for jobs in (1, 1, 2)}
    assert len(texts) == 1


def test_scorecard__when_learned__then_it_ranks_and_its_chances_hold(
    learned: ScorecardClassifier, fresh: Table
) -> None:
    frame, bad = fresh[0], fresh[1] == 1
    chance = learned.predict_proba(frame)[:, 1]
    assert auc(bad, learned.decision_function(frame).astype(float)) > 0.72
    assert calibration_error(bad, chance) < 0.05
    segment = learned.tabular_.segment
    told = np.array([segment.bad_bps(int(score)) for score in learned.scores(frame)])
    inside = learned.totals(frame) == learned.scores(frame)
    assert inside.mean() > 0.95
    assert np.abs(told[inside] - chance[inside] * 10_000).max() <= 0.5


def test_tables__when_rounded__then_hardly_any_ranking_is_lost(
    learned: ScorecardClassifier, fresh: Table
) -> None:
    frame, bad = fresh[0], fresh[1] == 1
    columns = Columns(learned.tabular_.frame.integers(frame), len(frame))
    lost = auc(bad, learned.floats_.log_odds(columns)) - auc(bad, -learned.totals(frame).astype(float))
    assert abs(lost) <= 0.0005


def test_decision_function__when_the_bad_class_is_the_first__then_it_points_to_the_second(
    table: Table,
) -> None:
    words = np.where(table[1] == 1, "bad", "good")
    learned = ScorecardClassifier("woe", bad="bad").fit(table[0], words)
    other = ScorecardClassifier("woe").fit(*table)
    assert learned.classes_.tolist() == ["bad", "good"]
    assert to_json(learned) == to_json(other)
    good = learned.decision_function(table[0])
    assert auc(words == "good", good.astype(float)) > 0.7
    assert (learned.predict(table[0]) == np.where(good > 0, "good", "bad")).all()
    assert np.allclose(learned.predict_proba(table[0])[:, 0], other.predict_proba(table[0])[:, 1])


def test_special_codes__when_in_use__then_a_cell_of_their_own_as_in_fit(
    learned: ScorecardClassifier, table: Table
) -> None:
    column = next(column for column in learned.tabular_.frame.columns if column.name == "delays")
    assert column.special == (-9, 96)
    coded, near, missing = (learned.totals(table[0].assign(delays=value)) for value in (96.0, 95.0, np.nan))
    assert (coded > near).all()  # 95 delays are dire, the code 96 says nothing
    assert (coded != missing).any()
    rows = (table[0]["delays"] == 96).to_numpy()
    assert (learned.totals(table[0])[rows] == coded[rows]).all()


@pytest.mark.parametrize("recipe", RECIPES)
@given(
    directions=st.fixed_dictionaries({"income": st.sampled_from([-1, 1]), "delays": st.sampled_from([-1, 1])})
)
@settings(max_examples=4)
def test_directions__when_bound__then_every_step_of_the_table_follows(
    recipe: str, directions: dict[str, int]
) -> None:
    frame, bad = table_of(400)
    learned = ScorecardClassifier(recipe, directions=directions, special_codes={"delays": [-9, 96]})
    learned.fit(frame, bad)
    for name, sign in directions.items():
        values = [value for value in range(200) if value != 96]
        probe = pd.concat([frame.iloc[:5]] * len(values), ignore_index=True)
        probe[name] = np.repeat(values, 5)
        totals = learned.totals(probe).reshape(len(values), 5)
        assert (sign * np.diff(totals, axis=0) >= 0).all()


def test_strongest__when_there_are_more_columns_than_a_card_names__then_the_widest_stay() -> None:
    def effect(names: tuple[str, ...], size: float) -> Effect:
        shape = (2,) * len(names)
        return Effect(
            names, ((),) * len(names), size * np.arange(2.0 ** len(names)).reshape(shape), np.ones(shape)
        )

    effects = (effect(("a",), 1), effect(("b",), 3), effect(("c",), 2), effect(("a", "b"), 0.1))
    found = strongest(Additive(0.0, effects, np.zeros(1), np.zeros(1)), 2)
    assert [one.columns for one in found.effects] == [("b",), ("c",)]


def test_check_directions__when_a_table_turns__then_stop(learned: ScorecardClassifier) -> None:
    kinds = {column.name: column for column in learned.tabular_.frame.columns}
    segment = learned.tabular_.segment
    with pytest.raises(Stop, match=r"the points of 'delays' run .* against its direction"):
        check_directions(segment, {"delays": 1}, kinds)


def test_weights__when_0__then_as_if_the_row_were_not_there(table: Table) -> None:
    frame, bad = table
    kept = np.arange(len(bad)) % 3 > 0
    weighted = ScorecardClassifier("woe").fit(frame, bad, sample_weight=kept.astype(float))
    assert to_json(weighted) == to_json(ScorecardClassifier("woe").fit(frame[kept], bad[kept]))


def test_weights__when_bad_rows_count_more__then_chances_rise(table: Table) -> None:
    frame, bad = table
    for recipe in RECIPES:
        plain = ScorecardClassifier(recipe, interactions=0).fit(frame, bad)
        heavy = ScorecardClassifier(recipe, interactions=0).fit(frame, bad, np.where(bad == 1, 3.0, 1.0))
        assert heavy.predict_proba(frame)[:, 1].mean() > 1.3 * plain.predict_proba(frame)[:, 1].mean()


def test_challenger__when_asked_for__then_its_inner_auc_stands_beside(table: Table) -> None:
    learned = ScorecardClassifier("woe", challenger=True).fit(*table)
    assert learned.challenger_auc_ is not None
    assert 0.65 < learned.challenger_auc_ < 0.95
    assert 0.65 < learned.inner_auc_ < 0.95
    assert ScorecardClassifier("woe").fit(*table).challenger_auc_ is None


def test_challenger__when_a_column_has_no_value__then_it_learns_from_the_others(table: Table) -> None:
    empty = table[0].assign(empty=np.nan)
    learned = ScorecardClassifier("woe", challenger=True).fit(empty, table[1])
    plain = ScorecardClassifier("woe", challenger=True).fit(*table)
    assert learned.challenger_auc_ == plain.challenger_auc_


def test_json__when_read_again__then_equal_totals_and_bytes(
    learned: ScorecardClassifier, fresh: Table
) -> None:
    text = to_json(learned)
    again = tabular.from_json(text)
    assert tabular.to_json(again) == text
    assert (again.totals(fresh[0]) == learned.totals(fresh[0])).all()
    assert np.array_equal(again.chance(fresh[0]), learned.predict_proba(fresh[0])[:, 1])


def test_json__when_altered__then_stop(learned: ScorecardClassifier) -> None:
    text = to_json(learned).decode()
    for old, new, sentence in (
        ('"odds":10', '"odds":0', "the law's odds must be an integer from 1"),
        ('"format":1,"law"', '"format":2,"law"', "the tabular scorecard's format"),
        ('"special":[-9,96]', '"special":[96,-9]', "must rise strictly"),
        ('["cart",', '["cart","cart",', "lists a level twice"),
    ):
        with pytest.raises(Stop, match=sentence):
            tabular.from_json(text.replace(old, new, 1))


def test_json__when_used__then_scikit_learn_is_not_loaded(learned: ScorecardClassifier) -> None:
    program = (
        "import sys; from models.training import tabular; import pandas;"
        "card = tabular.from_json(sys.stdin.read());"
        "row = pandas.DataFrame({'income': [5.0], 'delays': [2], 'trade': ['cart'], 'noise': [0.5]});"
        "print(int(card.totals(row)[0]), sorted({'sklearn', 'interpret', 'optbinning'} & set(sys.modules)))"
    )
    row = pd.DataFrame({"income": [5.0], "delays": [2], "trade": ["cart"], "noise": [0.5]})
    found = subprocess.run(
        [sys.executable, "-c", program],
        input=to_json(learned).decode(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == f"{int(learned.totals(row)[0])} []"


def test_pairs__when_two_columns_act_together__then_cells_without_rows_are_null() -> None:
    random = np.random.default_rng(3)
    frame = pd.DataFrame({"a": random.integers(0, 40, 3_000), "b": random.integers(0, 40, 3_000)})
    frame["b"] = np.where(frame["a"] > 30, frame["b"] // 10, frame["b"])
    bad = random.random(3_000) < np.where((frame["a"] > 20) ^ (frame["b"] > 20), 0.7, 0.2)
    learned = ScorecardClassifier(interactions=1).fit(frame, bad)
    pair = next(term for term in learned.tabular_.segment.terms if len(term.features) == 2)
    assert None in pair.flat
    assert pair.flat[0] is not None
    assert auc(bad, learned.decision_function(frame).astype(float)) > 0.7
