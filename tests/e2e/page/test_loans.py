"""Loans that are open: what is owed, repaid whole or in part, given back; by mouse and by keyboard alone."""

from oracle.devchain.deploy import DOLLAR
from oracle.devchain.people import demo_address, demo_key
from oracle.devchain.stage import at_least, borrow
from tests.e2e.browser import PHONE, Visit
from tests.e2e.loans import State
from tests.e2e.page.conftest import Visiting
from tests.e2e.page.world import PageWorld


def drawn(world: PageWorld, dollars: int) -> int:
    """Mei borrows so much; the number of the loan. What the contract may take of her coin is 0 then."""
    borrow(world.stage, "Mei", dollars, at_least(world.told("Mei", "/v1/me/proof", at_least=650)))
    coin = world.contract("DevCoin", "coin")
    world.act(demo_address("Mei"), coin, "approve", world.stage.deployment.loans, 0)
    return world.last_loan()


def allowance(world: PageWorld) -> int:
    """What of Mei's coin the loan contract may still take."""
    coin = world.contract("DevCoin", "coin")
    (found,) = coin.read("allowance", demo_address("Mei"), world.stage.deployment.loans)
    return int(found)


def repay_by_keyboard(visit: Visit, dollars: float) -> None:
    """Pay what is left; the focus goes to the question, and from there to the answer."""
    name = f"Repay {dollars:.2f} USD"
    visit.page.get_by_role("button", name=name).wait_for()
    assert visit.page.evaluate("() => document.activeElement.id") == "main", "where it is told what was paid"
    visit.tab_to(name)
    visit.page.keyboard.press("Enter")
    assert visit.focus() == name, "the question has the focus, and the button's name"
    visit.tab_to("Yes, go on")
    visit.page.keyboard.press("Enter")


def test_loan__repaid_in_part_and_whole__is_owed_no_more(world: PageWorld, visiting: Visiting) -> None:
    number = drawn(world, 210)
    owed = world.loan(number).outstanding
    with visiting(size=PHONE) as visit:
        visit.open("loans")
        visit.sign_in("Demo wallet: Mei")
        loan = visit.page.locator("section", has_text=f"Loan {number} from Village pool")
        assert f"{-(-owed // 10_000) / 100:.2f} USD" in loan.inner_text()
        assert "is due by 2026-01-31" in loan.inner_text()
        amount = loan.get_by_label("How much to repay")
        for wrong, answer in (("0", "Name an amount above zero"), ("999999", "This wallet holds")):
            amount.fill(wrong)
            loan.get_by_text(answer).wait_for()
        amount.fill("100.50")
        visit.confirm("Repay 100.50 USD")
        visit.see(f"Paid 100.50 USD. On loan {number} ")
        left = owed - 1005 * DOLLAR // 10
        assert (world.loan(number).outstanding, allowance(world)) == (left, 0), "exactly so much was allowed"
        repay_by_keyboard(visit, -(-left // 10_000) / 100)
        visit.see(f"Loan {number} is repaid")
    assert world.loan(number).state == State.REPAID


def test_loan__within_the_cooling_off__is_given_back(world: PageWorld, visiting: Visiting) -> None:
    number = drawn(world, 220)
    with visiting(world.wallet(demo_key("Mei"))) as visit:
        visit.open()
        visit.sign_in("Sign in with Test Wallet")
        visit.page.get_by_role("link", name="See and repay").click()
        visit.see("as if nothing had been: no interest, no fee, no trace in the score")
        visit.confirm("Give back 220.00 USD")
        visit.see(f"Gave back 220.00 USD. Loan {number} is cancelled; nothing is owed.")
    assert world.loan(number).state == State.CANCELLED


def test_loan__that_cannot_be_repaid__says_why_and_nothing_moves(
    world: PageWorld, visiting: Visiting
) -> None:
    number = drawn(world, 230)
    owed, wallet = world.loan(number).outstanding, world.wallet(demo_key("Mei"))
    with visiting(wallet) as visit:
        visit.open("loans")
        visit.sign_in("Sign in with Test Wallet")
        visit.page.get_by_label("How much to repay").fill("50")
        wallet.says_no = True
        visit.confirm("Repay 50.00 USD")
        visit.see("You did not sign. Nothing was sent.")
        assert world.loan(number).outstanding == owed
        wallet.says_no = False
        coin, book = world.contract("DevCoin", "coin"), world.contract("TermLoans", "loans")
        world.act(demo_address("Mei"), coin, "approve", book.address, 2 * owed)
        world.act(demo_address("Mei"), book, "repay", number, owed)
        visit.press("Yes, go on")
        visit.see("This loan is repaid already, or was given back. Nothing is owed.")
