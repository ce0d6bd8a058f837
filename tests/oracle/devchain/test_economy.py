import os
import subprocess
import sys
from collections import Counter
from dataclasses import fields
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger_reader.errors import Stop
from oracle.devchain.action import Action
from oracle.devchain.books import Books, Entry
from oracle.devchain.deploy import DAY, DOLLAR
from oracle.devchain.economy import MAX_BORROWERS, MAX_DAYS, Plan, Resident, books, plan
from oracle.devchain.life import Terms
from oracle.devchain.people import chance
from tests.oracle.devchain.contract_rules import check_contract_rules

YEAR_SEED = 7
DIGEST = """
import hashlib
from oracle.devchain.economy import plan
print(hashlib.sha256(repr(plan(11, 30, 90)).encode()).hexdigest())
"""

small_plans = st.builds(
    plan, seed=st.integers(0, 2**63 - 1), borrowers=st.integers(3, 12), days=st.integers(1, 150)
)


@cache
def year() -> Plan:
    return plan(YEAR_SEED)


@cache
def year_books() -> Books:
    return books(year())


def actions(of: Plan) -> list[Action]:
    return [action for round_ in of.rounds for action in round_.actions]


def loans_of(name: str) -> list[Entry]:
    address = year().address_of(name)
    return [entry for entry in year_books().loans.values() if entry.borrower == address]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"borrowers": 2}, "borrowers must be from 3 to 5000, not 2"),
        ({"borrowers": MAX_BORROWERS + 1}, "borrowers must be from 3"),
        ({"days": 0}, "days must be from 1 to 730, not 0"),
        ({"days": MAX_DAYS + 1}, "days must be from 1"),
        ({"seed": -1}, "seed must be from 0"),
    ],
)
def test_plan__out_of_range__is_refused(values: dict[str, int], sentence: str) -> None:
    with pytest.raises(Stop, match=sentence):
        plan(values.get("seed", 1), values.get("borrowers", 5), values.get("days", 5))


def test_plan__person_not_of_the_cast__has_no_name() -> None:
    with pytest.raises(KeyError):
        year().address_of("Ann")


def test_plan__other_hash_seeds__is_the_same() -> None:
    digests = set()
    for hash_seed in ("0", "4242"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        done = subprocess.run(
            [sys.executable, "-c", DIGEST], env=environment, capture_output=True, text=True, check=True
        )
        digests.add(done.stdout)
    assert len(digests) == 1


def test_plan__other_seed__is_another_economy() -> None:
    assert plan(1, 5, 60).rounds != plan(2, 5, 60).rounds


def test_plan__more_borrowers__changes_nobody_who_was_there() -> None:
    few, many = plan(3, 10, 90), plan(3, 20, 90)
    assert many.residents[:10] == few.residents
    there = {resident.address for resident in few.residents}
    paid = [Counter(a for a in actions(p) if a.what == "pay" and a.actor in there) for p in (few, many)]
    assert paid[0] == paid[1]


def test_plan__shown_to_anyone__has_no_hidden_trait() -> None:
    shown = {field.name for kind in (Plan, Resident, Action) for field in fields(kind)}
    assert not shown & {"ability", "discipline", "strain", "appetite_bps", "savings_cents", "script"}


@settings(max_examples=40, deadline=None)
@given(small_plans)
def test_plan__any_seed__obeys_the_contracts(economy: Plan) -> None:
    check_contract_rules(economy)


def test_plan__a_year__obeys_the_contracts() -> None:
    check_contract_rules(year())


def test_plan__a_year__is_of_the_size_that_is_promised() -> None:
    counts = year_books()
    assert len(year().residents) == 214
    assert len(year().rounds) <= 730
    assert 25_000 <= counts.payments <= 32_000
    assert 1_000 <= len(counts.loans) <= 1_300
    assert 0.06 <= counts.defaults / len(counts.loans) <= 0.12
    assert 0.10 <= counts.late / len(counts.loans) <= 0.25
    assert 190 <= len(counts.enrolled) < 214


def test_plan__a_year__has_newcomers_without_loans() -> None:
    borrowed = {entry.borrower for entry in year_books().loans.values()}
    assert 5 <= len(year_books().enrolled - borrowed) <= 40


def test_plan__past_lateness__tells_something_and_not_everything() -> None:
    """Of those who were late before, more default: clearly more, and far from all."""
    rates = []
    for late_before in (False, True):
        ends = [
            entry.defaulted is not None
            for entry in year_books().loans.values()
            if was_late(entry) is late_before and entry.due + year().policy.grace < year().rounds[-1].time
        ]
        rates.append(sum(ends) / len(ends))
    assert 1.5 * rates[0] < rates[1] < 0.5
    assert rates[0] > 0.02


def was_late(entry: Entry) -> bool:
    earlier = (e for e in year_books().loans.values() if e.borrower == entry.borrower and e.due < entry.drawn)
    return any(e.closed is None or e.closed > e.due for e in earlier)


@pytest.mark.parametrize("seed", [1, YEAR_SEED, 21, 33])
def test_cast__whatever_the_seed__plays_its_part(seed: int) -> None:
    economy = plan(seed, 3)
    loans = books(economy).loans.values()
    own = {
        name: [e for e in loans if e.borrower == economy.address_of(name)] for name in ("Mei", "Bo", "Kai")
    }
    assert [(e.late, e.closed is None) for e in own["Mei"]] == [(False, False)] * 11
    assert [e.late for e in own["Bo"]] == [False, True, False, True, True, False]
    assert [e.closed is None for e in own["Bo"]] == [False] * 5 + [True]
    assert not any(e.defaulted for e in own["Bo"])
    assert own["Kai"] == []
    assert all(economy.address_of(name) in books(economy).enrolled for name in own)


def test_cast__mei__sends_money_home_each_month() -> None:
    home = [a for a in actions(year()) if a.actor == year().address_of("Mei") and a.purpose == "remittance"]
    assert len(home) >= 11
    assert len({a.other for a in home}) == 1


def test_books__balances__are_what_was_minted() -> None:
    minted = sum(action.amount for action in actions(year()) if action.what == "mint")
    assert sum(year_books().balances.values()) == minted
    assert min(year_books().balances.values()) >= 0


def test_books__a_loan_repaid_late__is_late_and_repaid() -> None:
    first, second = (e for e in loans_of("Bo")[:2])
    assert (first.late, first.repaid) == (False, first.owed)
    assert second.closed is not None
    assert second.closed - second.due == 9 * DAY


def test_owed__of_a_hundred_dollars_for_thirty_days__is_rounded_up() -> None:
    assert Terms(1_800, 15).owed(100 * DOLLAR, 30) == 101_479_453  # 100 × 0.18 × 30 / 365 = 1.47945205…
    assert Terms(0, 15).owed(100, 30) == 100


@given(st.floats(-50, 50), st.floats(-50, 50))
def test_chance__higher_index__is_no_lower_and_between_0_and_1(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert 0.0 <= chance(low) <= chance(high) <= 1.0
    assert chance(0.0) == 0.5
