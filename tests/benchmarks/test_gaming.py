"""The cheats of benchmarks/strategies against the rules that answer them: no scorecard is needed for that."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ibis
import pandas as pd
import pyarrow as pa
import pytest

from ledger_reader.ledger import EVENTS
from models.features.catalogue import named
from models.training import export
from models.training.dataset import measure_at
from models.training.recipes import THIN_FILES

START, DAY, BEGINS = 1_700_000_000, 86_400, 30
BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
PROVED = 60
"""Strangers that have repaid a loan before any cheat begins."""


@pytest.fixture(scope="module")
def modules() -> Iterator[dict[str, Any]]:
    """The modules of the strategies, which lie beside the benchmark."""
    sys.path.insert(0, str(BENCHMARKS))
    try:
        yield {name: importlib.import_module(f"strategies.{name}") for name in ("cheat", "loops", "debts")}
    finally:
        sys.path.remove(str(BENCHMARKS))


@pytest.fixture(scope="module")
def cheats(modules: dict[str, Any]) -> dict[str, Any]:
    """All cheats by name, in a world of strangers who each repaid a loan."""
    places = [bytes([number]) * 20 for number in (1, 2, 3, 4)]
    people = tuple(bytes([0x51, number]) + bytes(18) for number in range(PROVED))
    world = modules["cheat"].World(7, START, places[0], places[1], people, places[2], places[3])
    return {
        cheat.name: cheat
        for cheat in (*modules["loops"].loops(world, BEGINS), *modules["debts"].debts(world, BEGINS))
    }


@pytest.fixture(scope="module")
def measured(modules: dict[str, Any], cheats: dict[str, Any]) -> pd.DataFrame:
    """What the rules read, of each cheat's wallet after 330 days, by the cheat's name."""
    world = next(iter(cheats.values())).world
    honest = modules["cheat"].Cheat("strangers", world, 1)
    for who in world.strangers:
        honest.repay(12, honest.borrow(2, who, 10_000, 20, 1_200))
    ledger = pa.concat_tables([honest.table(), *(cheat.table() for cheat in cheats.values())])
    names = sorted(export.Rules().features() | {name for file in THIN_FILES for name, _, _ in file.who})
    found = measure_at(
        ibis.memtable(ledger),
        [cheat.scored for cheat in cheats.values()],
        START + (BEGINS + 330) * DAY,
        named(tuple(names)),
    )
    return found.set_axis(list(cheats), axis=0)


def numbered(features: pd.DataFrame) -> pd.Series[bool]:
    """Whether any rule gives a record a number."""
    given = pd.Series(False, index=features.index)
    for rule in export.Rules().in_order(THIN_FILES):
        given |= export.meets(rule.when, features)
    return given


def test_cheats__without_repaid_debt__prove_nothing_and_get_no_number_but_by_gifts_or_misdeeds(
    cheats: dict[str, Any], measured: pd.DataFrame
) -> None:
    free = [name for name, cheat in cheats.items() if not cheat.repays]
    assert len(free) >= 15
    assert not measured.loc[free, "loans_proved"].any()
    given = numbered(measured.loc[free])
    bad = measured.loc[free, "days_since_bad"] < 1_825
    bought = given.index.str.startswith("bought standing")
    assert set(given.index[given]) == set(given.index[bought | bad.to_numpy()])
    assert bought.sum() == 2


def test_cheats__that_repay_strangers__prove_it(cheats: dict[str, Any], measured: pd.DataFrame) -> None:
    assert measured.loc["one honest loan", "loans_proved"] == 1
    assert measured.loc["many small loans", "loans_proved"] == 90
    ladders = measured.loc[["loan ladder", "ladder with loops on top"], "loans_proved"]
    assert ladders.tolist() == [9, 9]


def test_cheats__all__leave_rows_of_the_ledgers_shape_with_keys_of_their_own(cheats: dict[str, Any]) -> None:
    for cheat in cheats.values():
        table = cheat.table()
        assert table.schema == EVENTS
        keys = table.select(["chain_id", "block_number", "log_index", "leg"]).to_pylist()
        assert len({tuple(key.values()) for key in keys}) == len(keys)
        moved = table.filter(pa.compute.match_substring(table["kind"], "transfer_")).to_pandas()
        sent = moved.groupby("kind")["value_cents"].sum()
        assert sent.empty or sent["transfer_in"] == sent["transfer_out"]


def test_cost__of_a_wage_loop__is_gas_and_the_money_that_was_tied_up_until_then(
    modules: dict[str, Any], cheats: dict[str, Any]
) -> None:
    loop, gas = cheats["wage loop"], modules["cheat"].GAS["transfer"]
    assert loop.cost(BEGINS, 1.0, 0) == 0
    assert loop.cost(BEGINS + 1, 1.0, 0) == gas
    assert loop.cost(BEGINS + 73, 0.0, 1_000) == pytest.approx(1_000 * 0.1 * 73 / 365)
    assert loop.cost(10_000, 1.0, 0) == 27 * gas


def test_cost__of_bought_standing__is_shared_and_never_under_500_dollars_a_wallet(
    cheats: dict[str, Any],
) -> None:
    for wallets in (8, 100):
        cheat = cheats[f"bought standing, {wallets} wallets"]
        given = (wallets // 2 + 1) * 1_000
        assert cheat.cost(10_000, 0.0, 0) == given / wallets > 500


def test_cost__of_a_ladder__is_the_interest(cheats: dict[str, Any]) -> None:
    interest = sum(-(-(12_000 + 4_000 * n) * 1_200 * 28 // (365 * 10_000)) for n in range(9))
    assert cheats["loan ladder"].cost(10_000, 0.0, 0) * 100 == pytest.approx(interest)
