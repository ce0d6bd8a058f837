"""Cheats with real debt: some wallet borrows from strangers and repays them, with interest."""

from collections.abc import Iterator

from strategies.cheat import Cheat, World
from strategies.loops import MONTH, MONTHS, WAGE, add_secured, add_standing, add_wages, months

RATE_BPS = 1_200
"""Yearly interest of the development lender."""

RUN_CENTS = 60_000
"""What the lender lends at once to the best: a borrower runs with it."""


def debts(world: World, begins: int) -> Iterator[Cheat]:
    """Every strategy of this kind, begun on day `begins` of the world."""
    for make in (
        one_loan, ladder, rolled_ladder, many_small, dust_loans, week_long, pool_of_ones_own,
        own_witnesses, bought_wallet, unlink_and_run, build_and_run, everything, standing_and_wages,
    ):  # fmt: skip
        yield make(world, begins)


def one_loan(world: World, begins: int) -> Cheat:
    """One loan of 100 dollars for 30 days: no cheat, but the measure of them."""
    cheat = Cheat("one honest loan", world, begins, repays=True)
    loan = cheat.borrow(begins, cheat.scored, 10_000, 30, RATE_BPS)
    cheat.repay(begins + 29, loan)
    return cheat


def ladder(world: World, begins: int) -> Cheat:
    """A loan a month, each a little larger, repaid in time out of own money."""
    cheat = Cheat("loan ladder", world, begins, repays=True)
    add_ladder(cheat)
    return cheat


def add_ladder(cheat: Cheat, share_lost_bps: int = 10_000) -> None:
    """The loans of `ladder`; each is repaid out of what was borrowed, with own money for the interest."""
    for index, day in enumerate(months(cheat)):
        loan = cheat.borrow(day, cheat.scored, 12_000 + 4_000 * index, 28, RATE_BPS)
        cheat.repay(day + 27, loan, share_lost_bps)
    cheat.lock(cheat.begins, 1_000, MONTHS * MONTH)


def rolled_ladder(world: World, begins: int) -> Cheat:
    """Each loan is repaid with the next one, an hour after that was drawn."""
    cheat = Cheat("ladder rolled over", world, begins, repays=True)
    last = 0
    for index, day in enumerate(months(cheat)):
        loan = cheat.borrow(day, cheat.scored, 12_000 + 4_000 * index, 35, RATE_BPS)
        if last:
            cheat.repay(day + 1 / 24, last)
        last = loan
    cheat.lock(begins, 1_000, MONTHS * MONTH)
    return cheat


def many_small(world: World, begins: int) -> Cheat:
    """Ten starter loans of 20 dollars at once for eight days, repaid from the same money; every month."""
    cheat = Cheat("many small loans", world, begins, repays=True)
    for day in months(cheat):
        loans = [cheat.borrow(day, cheat.scored, 2_000, 8, RATE_BPS) for _ in range(10)]
        for loan in loans:
            cheat.repay(day + 7.5, loan)
    return cheat


def dust_loans(world: World, begins: int) -> Cheat:
    """Loans of two dollars, repaid the same day: interest of a cent."""
    cheat = Cheat("dust loans", world, begins)
    for day in months(cheat):
        for number in range(10):
            loan = cheat.borrow(day + number, cheat.scored, 200, 14, RATE_BPS)
            cheat.repay(day + number + 0.01, loan)
    return cheat


def week_long(world: World, begins: int) -> Cheat:
    """Large loans repaid as soon as they count, after a week."""
    cheat = Cheat("early repayment", world, begins, repays=True)
    for day in months(cheat):
        loan = cheat.borrow(day, cheat.scored, 30_000, 28, RATE_BPS)
        cheat.repay(day + 7.1, loan)
    return cheat


def pool_of_ones_own(world: World, begins: int) -> Cheat:
    """The ladder out of a listed pool nine tenths of which are the cheat's own, and of the interest too."""
    cheat = Cheat("pool of one's own", world, begins, repays=True)
    add_ladder(cheat, share_lost_bps=1_000)
    cheat.lock(begins, 9 * 50_000, MONTHS * MONTH)
    return cheat


def own_witnesses(world: World, begins: int) -> Cheat:
    """Own wallets repay a real loan each, so that an own employer has witnesses for own workers."""
    cheat = Cheat("own witnesses, 100 wallets", world, begins, repays=True, wallets=100)
    boss, purse = cheat.wallet("employer"), cheat.wallet("purse")
    for worker in range(100):
        cheat.pay(begins, boss, cheat.wallet(worker), 100)
    for number in range(51):
        witness = cheat.wallet(f"witness {number}")
        loan = cheat.borrow(begins, witness, 2_000, 14, RATE_BPS)
        cheat.repay(begins + 8, loan)
        for day in (begins + 1, begins + 62):
            cheat.pay(day, boss, witness, WAGE // 2)
            cheat.pay(day + 1, witness, purse, WAGE // 2)
            cheat.pay(day + 2, purse, boss, WAGE // 2)
    for day in months(cheat):
        for worker in range(100):
            cheat.pay(day + 4, boss, cheat.wallet(worker), WAGE)
            cheat.pay(day + 6, cheat.wallet(worker), purse, WAGE)
        cheat.pay(day + 8, purse, boss, WAGE * 100)
    cheat.lock(begins, WAGE * 100, MONTHS * MONTH)
    return cheat


def bought_wallet(world: World, begins: int) -> Cheat:
    """A wallet with a good record is bought and linked; its record cost its seller what is counted here."""
    cheat = Cheat(
        "bought wallet, linked",
        world,
        begins,
        repays=True,
        priced=False,
        note="the seller's price is unknown",
    )
    good, person = cheat.wallet("good"), cheat.loan_id(0)
    for index, day in enumerate(months(cheat)):
        loan = cheat.borrow(day, good, 12_000 + 4_000 * index, 28, RATE_BPS)
        cheat.repay(day + 27, loan)
    for one, other in ((good, cheat.scored), (cheat.scored, good)):
        cheat.tell(begins + 60, "wallet_links", "linked", one, other, loan_id=person)
    return cheat


def unlink_and_run(world: World, begins: int) -> Cheat:
    """Two linked wallets share a record; one unlinks, draws the limit and does not repay: the other stays."""
    cheat = Cheat("unlink and run", world, begins, repays=True)
    runner, person = cheat.wallet("runner"), cheat.loan_id(0)
    for one, other in ((runner, cheat.scored), (cheat.scored, runner)):
        cheat.tell(begins, "wallet_links", "linked", one, other, loan_id=person)
    add_ladder(cheat)
    end = begins + (MONTHS - 2) * MONTH
    loan = cheat.borrow(end, runner, RUN_CENTS, 30, RATE_BPS)
    took_effect = world.start + (end + 7) * 86_400
    cheat.tell(end + 1, "wallet_links", "unlinked", runner, None, loan_id=person, due_time=took_effect)
    cheat.default(end + 45, loan)
    return cheat


def build_and_run(world: World, begins: int) -> Cheat:
    """The ladder, then the largest loan that there is, and away: the score is gone, the money stays."""
    cheat = Cheat("build and run", world, begins, repays=True)
    add_ladder(cheat)
    end = begins + MONTHS * MONTH - 50
    loan = cheat.borrow(end, cheat.scored, RUN_CENTS, 30, RATE_BPS)
    cheat.default(end + 40, loan)
    return cheat


def everything(world: World, begins: int) -> Cheat:
    """The ladder with all that costs little on top: wages in a loop, secured loans, invoices, dust."""
    cheat = Cheat("ladder with loops on top", world, begins, repays=True)
    add_ladder(cheat)
    add_wages(cheat, "employer")
    add_secured(cheat)
    for day in months(cheat):
        cheat.invoice(day, cheat.scored, cheat.wallet("buyer"), WAGE)
    return cheat


def standing_and_wages(world: World, begins: int) -> Cheat:
    """Bought standing for the ladder's wallet: what vouched income adds to real debt."""
    cheat = Cheat("ladder with bought standing", world, begins, repays=True)
    add_ladder(cheat)
    add_standing(cheat, 6, 4)
    return cheat
