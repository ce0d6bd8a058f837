"""A proof of "at least", and what it opens."""

import contextlib
import json
from collections.abc import Iterator

from oracle.devchain.demo import LATEST
from oracle.devchain.people import demo_address, demo_key
from oracle.settings import address_text
from tests.e2e.page.conftest import Visiting
from tests.e2e.page.world import PageWorld


def test_proof__of_at_least_650__opens_a_loan_and_convinces_a_lender(
    world: PageWorld, visiting: Visiting
) -> None:
    before = world.last_loan()
    with visiting() as visit:
        visit.open("prove")
        visit.sign_in("Demo wallet: Mei")
        visit.page.get_by_label("Score at least").first.fill("850")
        visit.press("Make the proof")
        visit.see(f"The most you can prove this epoch is {world.told('Mei', '/v1/me/ladder')['most']}.")
        visit.page.get_by_label("Score at least").first.fill("650")
        visit.press("Make the proof")
        visit.see("about 4.44 USD for 30 days")
        assert "would cost" not in visit.text(), "no row is cheaper for what Mei can prove"
        proof = visit.page.get_by_label("The proof as text").input_value()
        visit.press("Copy the proof")
        visit.see("Copied")
        assert visit.page.evaluate("() => navigator.clipboard.readText()") == proof
        visit.press("Borrow 300 USD")
        said = visit.see("Lent: 300.00 USD").inner_text()
        assert "Repay 304.44 USD by 2026-01-31" in said
    assert f":{world.told('Mei', '/v1/me/score')['score']}" not in proof, "the score is not shown"
    assert world.last_loan() == before + 1
    assert world.loan(before + 1).borrower == address_text(demo_address("Mei"))
    lender_checks(visiting, proof)


def lender_checks(visiting: Visiting, proof: str) -> None:
    """The lender pastes the proof, then others: altered, old, no proof at all, an address."""
    altered, old = (json.dumps(json.loads(proof) | change) for change in ({"threshold": 660}, {"epoch": 2}))
    mei = address_text(demo_address("Mei"))
    with visiting() as visit:
        visit.open("lender")
        for text, answer in (
            (proof, f"Proven: {mei} has at least 650, full record, in epoch {LATEST}"),
            (altered, "Not proven: "),
            (old, "This proof is from epoch 2, no longer kept. Ask for a new one."),
            ("hello", "Not proven: this is not the text of a proof"),
        ):
            visit.page.get_by_label("Paste a proof").fill(text)
            visit.press("Check")
            visit.see(answer)
        visit.page.get_by_label("Paste a proof").fill(mei)
        visit.press("Check")
        visit.see("This is an address. Its record is read by consent of its owner")
        assert visit.page.get_by_label("Borrower's address").input_value() == mei


def test_request__of_a_lender__is_where_proving_starts(world: PageWorld, visiting: Visiting) -> None:
    most = world.told("Mei", "/v1/me/ladder")["most"]
    with visiting() as visit:
        visit.page.goto(f"{world.url}/?at_least={most - 30}#/prove")
        visit.see(f"A lender asks you to show a score of at least {most - 30}. Sign in first")
        visit.sign_in("Demo wallet: Mei")
        visit.see(f"A lender asks for a score of at least {most - 30}. You decide")
        assert visit.page.get_by_label("Score at least").first.input_value() == str(most - 30)
        visit.press("Make the proof")
        visit.see(f"Your proof of at least {most - 30}")
        visit.page.goto(f"{world.url}/?at_least={most + 10}#/prove")
        visit.see(f"This lender asks for at least {most + 10}. The lender decides, not this service.")
        visit.see(f"The most you can prove this epoch is {most}.")
        visit.page.get_by_role("link", name="Your reasons and plan").click()
        visit.page.get_by_role("heading", name="Why this score").wait_for()


def test_price__of_a_lower_proof__says_what_a_higher_one_would_cost(
    world: PageWorld, visiting: Visiting
) -> None:
    with visiting() as visit:
        visit.open("prove")
        visit.sign_in("Demo wallet: Mei")
        visit.page.get_by_label("Score at least").first.fill("610")
        visit.press("Make the proof")
        visit.see("This lender's price for it: 26 % a year")
        visit.see("A proof of at least 650 would cost 18 % a year here. It also shows more.")


def test_loan__too_large_or_dearer_than_shown__is_refused_and_costs_nothing(
    world: PageWorld, visiting: Visiting
) -> None:
    wallet = world.wallet(demo_key("Mei"))
    with visiting(wallet) as visit:
        visit.open("prove")
        visit.sign_in("Sign in with Test Wallet")
        visit.press("Make the proof")
        visit.page.get_by_label("Amount in dollars").fill("1001")
        visit.press("Borrow 1001 USD")
        visit.see("This lender lends at most 1,000.00 USD at once. Ask for less.")
        visit.page.get_by_label("Amount in dollars").fill("300")
        with dearer(world):
            visit.press("Borrow 300 USD")
            visit.see("The price has changed: 304.94 USD would be owed, not 304.44 USD. Nothing was lent.")
    assert "eth_sendTransaction" not in wallet.asked


@contextlib.contextmanager
def dearer(world: PageWorld) -> Iterator[None]:
    """The lender asks for 20 % a year of everybody, after the borrower has looked."""
    pool, lender = world.contract("LoanPool", "pool"), world.stage.deployment.lender
    _, table = pool.read("table")
    world.act(lender, pool, "setTable", [(*row[:3], 2_000, *row[4:]) for row in table])
    try:
        yield
    finally:
        world.act(lender, pool, "setTable", table)
