"""Cheats without real repaid debt to strangers: money, invoices and secured loans among one's own wallets."""

from collections.abc import Iterator

from strategies.cheat import Cheat, World

MONTH = 30
MONTHS = 9
WAGE = 100_000
"""Cents a month: what the economy's workers earn."""

SECURED_BPS = 500
"""Yearly interest of a money market."""

WITNESS_CENTS = 100_000
CHEAP_WALLETS, FEW_WALLETS = 100, 8


def loops(world: World, begins: int) -> Iterator[Cheat]:
    """Every strategy of this kind, begun on day `begins` of the world."""
    for make in (
        wage_loop, aged_ring, wallet_ring, dust_storm, through_a_bank, invoice_ring, double_pledge,
        secured_loans, flash_loans, cancel_loop, guarantee_ring, dispute_spam, pool_shares, bought_standing,
        bought_standing_for_few, paid_by_a_real_employer,
    ):  # fmt: skip
        yield make(world, begins)


def months(cheat: Cheat) -> Iterator[int]:
    """The first day of each month of the cheat."""
    yield from range(cheat.begins, cheat.begins + MONTHS * MONTH, MONTH)


def wage_loop(world: World, begins: int) -> Cheat:
    """An own wallet plays the employer; a third one brings the money back."""
    cheat = Cheat("wage loop", world, begins)
    add_wages(cheat, "employer")
    return cheat


def add_wages(cheat: Cheat, employer: str) -> None:
    """A wage a month out of own money, which goes round; one wage of own money is tied up."""
    boss, purse = cheat.wallet(employer), cheat.wallet("purse")
    for day in months(cheat):
        cheat.pay(day, boss, cheat.scored, WAGE)
        cheat.pay(day + 3, cheat.scored, purse, WAGE)
        cheat.pay(day + 6, purse, boss, WAGE)
    cheat.lock(cheat.begins, WAGE, MONTHS * MONTH)


def aged_ring(world: World, begins: int) -> Cheat:
    """The same with payers that were made long before, so that they look seasoned."""
    cheat = Cheat("wage loop of aged wallets", world, begins)
    for number in ("employer", "purse"):
        cheat.give(1, cheat.wallet(number), world.strangers[0], 100)
    add_wages(cheat, "employer")
    return cheat


def wallet_ring(world: World, begins: int) -> Cheat:
    """Ten wallets pay each other all round, each month, so that each has nine payers."""
    cheat = Cheat("ring of ten wallets", world, begins, wallets=10)
    for day in months(cheat):
        for sender in range(10):
            for receiver in range(10):
                if sender != receiver:
                    cheat.pay(day + sender, cheat.wallet(sender), cheat.wallet(receiver), WAGE // 9)
    cheat.lock(begins, 10 * WAGE, MONTHS * MONTH)
    return cheat


def dust_storm(world: World, begins: int) -> Cheat:
    """A hundred wallets send a little more than a dollar, month after month."""
    cheat = Cheat("dust storm", world, begins)
    for day in months(cheat):
        for number in range(100):
            cheat.pay(day + number / 10, cheat.wallet(f"dust {number}"), cheat.scored, 110)
    cheat.lock(begins, 11_000, MONTHS * MONTH)
    return cheat


def through_a_bank(world: World, begins: int) -> Cheat:
    """Own money goes to a bank and comes out again as if it were pay; a dollar of fees each time."""
    cheat = Cheat("own money through a bank", world, begins)
    for day in months(cheat):
        cheat.pay(day, cheat.wallet("purse"), world.bank, WAGE)
        cheat.receive(day + 1, world.bank, cheat.scored, WAGE - 100)
        cheat.pay(day + 2, cheat.scored, cheat.wallet("purse"), WAGE - 100)
        cheat.lose(day, 100)
    cheat.lock(begins, WAGE, MONTHS * MONTH)
    return cheat


def invoice_ring(world: World, begins: int) -> Cheat:
    """Five own firms bill each other; every invoice is accepted, and paid in time."""
    cheat = Cheat("ring of invoices", world, begins, wallets=5)
    for day in months(cheat):
        for supplier in range(5):
            for step in (1, 2):
                cheat.invoice(
                    day + supplier, cheat.wallet(supplier), cheat.wallet((supplier + step) % 5), WAGE
                )
    cheat.lock(begins, 5 * WAGE, MONTHS * MONTH)
    return cheat


def double_pledge(world: World, begins: int) -> Cheat:
    """One claim under two invoices, financed twice, by own financiers; then the ring of invoices."""
    cheat = Cheat("double pledging", world, begins)
    buyer = cheat.wallet("buyer")
    for day in months(cheat):
        for copy in range(2):
            invoice = cheat.invoice(day, cheat.scored, buyer, WAGE)
            cheat.finance(day + 1, invoice, cheat.scored, cheat.wallet(f"financier {copy}"), WAGE * 8 // 10)
    cheat.lock(begins, 2 * WAGE, MONTHS * MONTH)
    return cheat


def secured_loans(world: World, begins: int) -> Cheat:
    """A loan a month on one's own collateral, in four money markets."""
    cheat = Cheat("secured loans to oneself", world, begins)
    add_secured(cheat)
    return cheat


def add_secured(cheat: Cheat) -> None:
    """The loans of `secured_loans`."""
    for index, day in enumerate(months(cheat)):
        market = ("aave_v3", "compound_v3", "morpho_blue", "llamalend")[index % 4]
        cheat.secured(day, cheat.scored, 5 * WAGE, MONTH - 1, SECURED_BPS, market)


def flash_loans(world: World, begins: int) -> Cheat:
    """Large secured loans, repaid within the hour, ten a month."""
    cheat = Cheat("flash loans", world, begins)
    for day in months(cheat):
        for number in range(10):
            cheat.secured(day + number, cheat.scored, 50 * WAGE, 1 / 24, SECURED_BPS, "aave_v3")
    return cheat


def cancel_loop(world: World, begins: int) -> Cheat:
    """Loans drawn and given back within the cooling-off time: they cost no interest."""
    cheat = Cheat("cancel loop", world, begins)
    for day in months(cheat):
        for number in range(5):
            loan = cheat.borrow(day + number, cheat.scored, 20_000, 30, 0)
            cheat.cancel(day + number + 0.5, loan)
    return cheat


def guarantee_ring(world: World, begins: int) -> Cheat:
    """Own wallets stand for one another's loans, which are never drawn by the scored wallet."""
    cheat = Cheat("guarantee ring", world, begins)
    for day in months(cheat):
        for number in range(1, 4):
            more = {"loan_id": cheat.loan_id(number)}
            cheat.tell(day, "term_loans", "guarantee", cheat.wallet(number), cheat.scored, **more)
            cheat.tell(
                day + 20, "term_loans", "guarantee_released", cheat.wallet(number), cheat.scored, **more
            )
    cheat.lock(begins, 30_000, MONTHS * MONTH)
    return cheat


def dispute_spam(world: World, begins: int) -> Cheat:
    """A loan is not repaid, and then whatever can be disputed is."""
    cheat = Cheat("dispute spam", world, begins)
    loan = cheat.borrow(begins, cheat.scored, 10_000, 30, 1_200)
    cheat.default(begins + 45, loan)
    for day in range(begins + 46, begins + MONTHS * MONTH, 5):
        cheat.tell(day, "disputes", "disputed", cheat.scored, None, loan_id=cheat.loan_id(loan))
    return cheat


def pool_shares(world: World, begins: int) -> Cheat:
    """Own money put into a lender's pool by one wallet, and taken out month by month by another."""
    cheat = Cheat("pay out of pool shares", world, begins)
    for day in months(cheat):
        cheat.pay(day, cheat.wallet("purse"), world.lender, WAGE)
        cheat.receive(day + 1, world.lender, cheat.scored, WAGE)
        cheat.pay(day + 2, cheat.scored, cheat.wallet("purse"), WAGE)
    cheat.lock(begins, WAGE, MONTHS * MONTH)
    return cheat


def bought_standing(world: World, begins: int) -> Cheat:
    """An own employer gives to as many strangers as a hundred own workers need to be vouched for."""
    cheat = Cheat("bought standing, 100 wallets", world, begins, wallets=CHEAP_WALLETS)
    add_standing(cheat, CHEAP_WALLETS, CHEAP_WALLETS // 2 + 1)
    return cheat


def bought_standing_for_few(world: World, begins: int) -> Cheat:
    """The same for eight."""
    cheat = Cheat("bought standing, 8 wallets", world, begins, wallets=FEW_WALLETS)
    add_standing(cheat, FEW_WALLETS, FEW_WALLETS // 2 + 1)
    return cheat


def add_standing(cheat: Cheat, workers: int, witnesses: int) -> None:
    """Own workers are paid first, so that their places are the lowest; then the strangers."""
    boss, purse = cheat.wallet("employer"), cheat.wallet("purse")
    for worker in range(workers):
        cheat.pay(cheat.begins, boss, cheat.wallet(worker), 100)
    strangers = cheat.world.strangers[:witnesses]
    if len(strangers) < witnesses:
        raise ValueError(f"{cheat.name} needs {witnesses} strangers, the economy has {len(strangers)}")
    for stranger in strangers:
        cheat.give(cheat.begins + 1, boss, stranger, WITNESS_CENTS // 2)
        cheat.give(cheat.begins + 62, boss, stranger, WITNESS_CENTS // 2)
    for day in months(cheat):
        for worker in range(workers):
            cheat.pay(day + 2, boss, cheat.wallet(worker), WAGE)
            cheat.pay(day + 4, cheat.wallet(worker), purse, WAGE)
        cheat.pay(day + 6, purse, boss, WAGE * workers)
    cheat.lock(cheat.begins, WAGE * workers, MONTHS * MONTH)


def paid_by_a_real_employer(world: World, begins: int) -> Cheat:
    """An employer with real workers pays the cheat's own money out to it, as a wage, for a bribe."""
    cheat = Cheat(
        "a real employer bribed", world, begins, priced=False, note="what it asks has no known price"
    )
    for day in months(cheat):
        cheat.pay(day, cheat.wallet("purse"), world.employer, WAGE)
        cheat.receive(day + 1, world.employer, cheat.scored, WAGE)
        cheat.pay(day + 2, cheat.scored, cheat.wallet("purse"), WAGE)
    cheat.lock(begins, WAGE, MONTHS * MONTH)
    return cheat
