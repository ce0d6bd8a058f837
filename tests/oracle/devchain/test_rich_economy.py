import hashlib
import statistics
import subprocess
import sys
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path
from typing import get_args

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracle.devchain import cheats
from oracle.devchain.action import Action, Invoice, Trading
from oracle.devchain.anvil import GENESIS_TIME
from oracle.devchain.books import Books
from oracle.devchain.deploy import DAY
from oracle.devchain.economy import FAMILY, SAVERS, SECOND, Plan, books, plan
from oracle.devchain.invoices import Standing
from oracle.devchain.life import MONTH_DAYS
from oracle.devchain.people import places
from oracle.devchain.supply import CREDIT_BPS, SEASON, VOID_BPS
from tests.oracle.devchain.contract_rules import check_contract_rules, told

DATA = Path(__file__).parents[4] / "shared" / "data"

rich_plans = st.builds(
    plan,
    seed=st.integers(0, 2**63 - 1),
    borrowers=st.integers(3, 14),
    days=st.integers(1, 150),
    rich=st.just(True),
)


@cache
def year() -> Plan:
    return plan(7, rich=True)


@cache
def year_books() -> Books:
    return books(year())


def actions(of: Plan) -> list[Action]:
    return [action for round_ in of.rounds for action in round_.actions]


def of_role(economy: Plan, role: str) -> list[bytes]:
    return [resident.address for resident in economy.residents if resident.role == role]


@settings(max_examples=15, deadline=None)
@given(rich_plans)
def test_rich_plan__any_seed__obeys_the_contracts(economy: Plan) -> None:
    check_contract_rules(economy)


def test_rich_plan__a_year__obeys_the_contracts_and_has_every_kind_of_action() -> None:
    check_contract_rules(year())
    assert {action.what for action in actions(year()) if not action.refused} >= {
        *get_args(Trading),
        "link",
        "unlink",
        "pay",
        "fund",
    }
    assert len(year().rounds) <= 730


def test_rich_plan__its_plain_part__is_the_plain_economy() -> None:
    def lives(economy: Plan) -> Counter[tuple[str, bytes, bytes, int, str]]:
        return Counter((a.what, a.actor, a.other, a.amount, a.purpose) for a in actions(economy))

    plain, rich = plan(3, 40, 120), plan(3, 40, 120, rich=True)
    assert rich.residents[:40] == plain.residents
    assert not lives(plain) - lives(rich)
    assert not any(action.told or action.invoice for action in actions(plain))


def test_rich_plan__in_another_process__is_the_same() -> None:
    program = (
        "import hashlib; from oracle.devchain.economy import plan;"
        "print(hashlib.sha256(repr(plan(11, 30, 90, rich=True)).encode()).hexdigest())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == hashlib.sha256(repr(plan(11, 30, 90, rich=True)).encode()).hexdigest()


def test_books__of_a_rich_year__hold_all_money_that_was_minted() -> None:
    minted = sum(action.amount for action in actions(year()) if action.what == "mint")
    assert sum(year_books().balances.values()) == minted
    assert min(year_books().balances.values()) >= 0
    assert len([a for a in actions(year()) if a.what == "fund"]) == 1 + SAVERS


def test_books__of_a_rich_year__have_invoices_in_every_state() -> None:
    standings = year_books().invoices.values()
    counts = Counter(standing.status for standing in standings)
    assert counts["paid"] > counts["accepted"] > counts["voided"] > counts["issued"] > 20
    assert sum(standing.financier is not None for standing in standings) > 200
    assert sum(standing.invoice.hidden for standing in standings) > 100
    assert all(sum(claim for _, claim in s.claims) == s.outstanding for s in standings if s.accepted)
    on_time = sum(standing.on_time for standing in standings)
    assert 0.6 < on_time / counts["paid"] < 0.95


def test_books__payments_that_say_their_purpose__are_the_four() -> None:
    assert set(year_books().told) == {"wage", "rent", "remittance", "trade"}
    assert all(count > 300 for count, _ in year_books().told.values())


def test_second_wallets__when_linked__then_some_ask_to_leave_later() -> None:
    bundles = year_books().bundles
    assert {bundle.wallets[1] for bundle in bundles} == set(of_role(year(), SECOND))
    left = [bundle for bundle in bundles if bundle.unlinked is not None]
    assert 0 < len(left) < len(bundles)
    assert all(bundle.unlinked > bundle.linked for bundle in left if bundle.unlinked)


def test_families__of_migrants__spend_what_was_sent_and_no_more() -> None:
    families = set(of_role(year(), FAMILY))
    sent, spent = Counter[bytes](), Counter[bytes]()
    for action in actions(year()):
        if action.purpose == "remittance":
            sent[action.other] += action.amount
        if action.actor in families and action.what == "pay":
            spent[action.actor] += action.amount
            assert spent[action.actor] <= sent[action.actor]
    assert families <= set(sent)
    assert len(families) > 0.9 * len(sent)
    assert sum(spent.values()) > sum(sent.values()) // 3
    assert len(families & year_books().enrolled) > len(families) // 2


def test_runners__with_a_record__take_a_large_loan_and_are_gone() -> None:
    by_runner = defaultdict(list)
    for entry in year_books().loans.values():
        by_runner[entry.borrower].append(entry)
    for address in [resident.address for resident in year().residents[214:] if resident.role == "worker"]:
        *built, last = by_runner[address]
        assert len(built) >= 2
        assert all(entry.closed and not entry.late for entry in built)
        assert last.principal > max(entry.principal for entry in built)
        assert last.defaulted
        assert not last.repaid


def test_rings__bill_only_themselves__and_keep_their_capital() -> None:
    for number in range(3):
        wallets = cheats.wallets(7, cheats.RING, number)
        mine = [s for s in year_books().invoices.values() if s.invoice.supplier in wallets]
        assert len(mine) > 15
        assert {standing.invoice.buyer for standing in mine} <= set(wallets)
        assert sum(year_books().balances[wallet] for wallet in wallets) == cheats.CAPITAL


def test_loops__of_wages__move_the_same_money() -> None:
    wallets = cheats.wallets(7, cheats.LOOP, 0)
    wages = [a for a in actions(year()) if a.purpose == "wage" and a.actor in wallets]
    assert len(wages) > 10
    assert {action.amount for action in wages} == {cheats.CAPITAL}


def test_double_pledges__after_an_advance__are_refused_attempts() -> None:
    advanced, attempts = set[Invoice](), Counter[str]()
    documents = {standing.invoice.document for standing in year_books().invoices.values()}
    for action in actions(year()):
        if action.refused:
            attempts[action.what] += 1
            assert told(action).document in documents
            assert action.what == "issue" or told(action) in advanced
        elif action.what == "finance":
            advanced.add(told(action))
    assert attempts["finance"] == attempts["issue"] > 20
    assert year_books().refused == sum(attempts.values())


# ----------------------------------------------------------------------------------- against recorded figures


def recorded_sales() -> pd.DataFrame:
    path = DATA / "sme_invoices" / "sales.parquet"
    if not path.exists():
        pytest.skip(f"{path} is not there: put the data beside the checkout")
    return pd.read_parquet(path)


def honest() -> list[Standing]:
    rings = {wallet for n in range(3) for wallet in cheats.wallets(7, cheats.RING, n)}
    return [s for s in year_books().invoices.values() if s.invoice.supplier not in rings]


def by_firm(standings: list[Standing]) -> dict[bytes, list[Standing]]:
    firms = defaultdict(list)
    for standing in standings:
        firms[standing.invoice.supplier].append(standing)
    return firms


@pytest.mark.data
def test_supply__months__share_the_year_as_recorded_invoices_do() -> None:
    sales = recorded_sales()
    sold = sales[(sales["status"] == "valid") & (sales["gross_amount"] > 0)]
    months = sold.groupby(sold["date"].dt.month).size()
    assert tuple((months / months.sum() * 1_200).round().astype(int)) == SEASON
    counts = Counter((s.issued - GENESIS_TIME) // DAY // MONTH_DAYS % 12 for s in honest())
    assert counts[1] < 0.75 * statistics.mean(counts.values())
    assert counts[11] > 1.2 * statistics.mean(counts.values())


@pytest.mark.data
def test_supply__void_and_red_letter_invoices__are_as_frequent_as_recorded() -> None:
    sales = recorded_sales()
    valid = sales[sales["status"] == "valid"]
    red = (valid["gross_amount"] < 0).groupby(valid["enterprise"]).mean()
    assert round((sales["status"] != "valid").mean(), 3) == VOID_BPS / 10_000
    assert round(red.mean(), 3) == CREDIT_BPS / 10_000
    void = [s for s in honest() if s.status == "voided"]
    assert len(void) / len(honest()) == pytest.approx(VOID_BPS / 10_000, abs=0.02)
    credited = [sum(s.credited > 0 for s in mine) / len(mine) for mine in by_firm(honest()).values()]
    assert statistics.mean(credited) == pytest.approx(CREDIT_BPS / 10_000, abs=0.01)


@pytest.mark.data
def test_supply__largest_buyers_share__is_in_the_recorded_middle_half() -> None:
    sales = recorded_sales()
    sold = sales[(sales["status"] == "valid") & (sales["gross_amount"] > 0)]
    totals = sold.groupby(["enterprise", "counterparty"])["gross_amount"].sum().groupby("enterprise")
    low, high = totals.agg(lambda each: each.max() / each.sum()).quantile([0.25, 0.75])
    shares = []
    for mine in by_firm(honest()).values():
        bought = Counter[bytes]()
        for standing in mine:
            bought[standing.invoice.buyer] += standing.invoice.amount
        shares.append(max(bought.values()) / sum(bought.values()))
    assert low < statistics.median(shares) < high


@pytest.mark.data
def test_loans__open_time_and_bad_share__are_among_those_recorded() -> None:
    path = DATA / "llamalend_loans" / "loans.csv"
    if not path.exists():
        pytest.skip(f"{path} is not there: put the data beside the checkout")
    ended = pd.read_csv(path).dropna(subset=["End_Block"])
    recorded_days = ((ended["End_Block"] - ended["Start_Block"]) * 12 / DAY).median()
    entries = books(plan(7)).loans.values()
    days = statistics.median((e.closed - e.drawn) / DAY for e in entries if e.closed)
    assert 0.8 < days / recorded_days < 1.6
    due = [e for e in entries if e.due < year().start + 340 * DAY]
    bad = sum(e.closed is None or e.late for e in due) / len(due)
    assert bad == pytest.approx((ended["Status"] != "repaid").mean(), abs=0.03)


def test_core_firms__in_a_year__pay_most_of_what_is_paid() -> None:
    core = set(places(7, "core firm", 6))
    paid = [s for s in honest() if s.status == "paid"]
    assert sum(s.invoice.buyer in core for s in paid) / len(paid) > 0.2
