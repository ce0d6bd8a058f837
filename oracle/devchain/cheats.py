"""Cheats: rings that bill themselves, loops of wages, claims pledged twice, and borrowers who run.

Rules that hold here: a function of the seed; a cheat obeys the contracts where they cannot tell, and where
they can (a claim financed before, a document issued before) the attempt is marked `refused`: the books
hold nothing of it, and a chain that let it pass would differ from them. Each cheat begins with capital
from the bank and only moves it round; wallets are the cheat's own, and nobody holds their keys.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from random import Random

from oracle.devchain.action import Action, Invoice, Planned
from oracle.devchain.deploy import DOLLAR
from oracle.devchain.life import MONTH_DAYS, SLOTS_A_DAY, time_of
from oracle.devchain.people import BANKS, FIRM, WORKER, Loan, Person, address, person, places
from oracle.devchain.supply import FINANCIERS

RING, LOOP, RUNNER = "ring", "loop", "runner"
RING_WALLETS, LOOP_WALLETS = 3, 2
CAPITAL = 400 * DOLLAR
LARGEST_DOLLARS = 480
RANK = 9
DOUBLE_PLEDGERS_BPS = 2_000
"""Of the firms that have an invoice financed, so many try it again."""

Steps = Iterator[tuple[int, Action]]


def wallets(seed: int, kind: str, number: int) -> tuple[bytes, ...]:
    """The wallets of the `number`th ring or loop."""
    count = RING_WALLETS if kind == RING else LOOP_WALLETS
    return tuple(address(seed, f"{kind} {number} wallet {place}") for place in range(count))


def ring(seed: int, number: int, days: int, start: int) -> list[Planned]:
    """Wallets of one owner that bill each other in turn, accept and pay at once: records from nothing."""
    dice, own = Random(f"{seed}/ring/{number}"), wallets(seed, RING, number)
    began = dice.randrange(max(1, days // 3))
    return _planned(number, 0, days, _ring(dice, seed, own, began, days, start))


def loop(seed: int, number: int, days: int) -> list[Planned]:
    """Two wallets of one owner that pay each other wages with the same money."""
    dice, own = Random(f"{seed}/loop/{number}"), wallets(seed, LOOP, number)
    began = dice.randrange(max(1, days // 3))
    return _planned(number, 1, days, _loop(dice, seed, own, began, days))


def runner(seed: int, index: int, days: int) -> Person:
    """A borrower who builds a record with small loans, takes a large one, and is never seen again."""
    honest = person(seed, index, days)
    dice = Random(f"{seed}/runner/{index}")
    build = tuple(Loan(10 + 32 * month, 60 + 20 * month, 28) for month in range(dice.randrange(2, 6)))
    last = build[-1].day + 35
    dollars = min(honest.limit_cents // 100, LARGEST_DOLLARS)
    script = (*build, Loan(last, dollars, 30, late_days=2 * days))
    return replace(
        honest, role=WORKER if honest.role == FIRM else honest.role, joined=0, enrols_after=5, script=script
    )


def double_pledges(seed: int, trade: Iterable[Planned], days: int) -> list[Planned]:
    """After an invoice of a cheat was financed: to another financier, and as a new one to another buyer."""
    return [attempt for planned in trade for attempt in _pledged_again(seed, planned, days)]


def _pledged_again(seed: int, planned: Planned, days: int) -> Iterator[Planned]:
    action, invoice, slot = planned.action, planned.action.invoice, planned.slot + 1
    if action.what != "finance" or invoice is None or slot >= days * SLOTS_A_DAY:
        return
    if Random(f"{seed}/pledger/{invoice.supplier.hex()}").randrange(10_000) >= DOUBLE_PLEDGERS_BPS:
        return
    order = (*planned.order, 1)
    other = next(f for f in places(seed, "financier", FINANCIERS) if f != action.actor)
    yield Planned(slot, RANK, (*order, 0), replace(action, actor=other, refused=True))
    elsewhere = replace(invoice, buyer=address(seed, f"buyer of copies {planned.order}"))
    again = Action("issue", invoice.supplier, elsewhere.buyer, invoice=elsewhere, refused=True)
    yield Planned(slot, RANK, (*order, 1), again)


def _capital(seed: int, wallet: bytes) -> Action:
    return Action("pay", places(seed, "bank", BANKS)[0], wallet, CAPITAL, purpose="savings")


def _ring(dice: Random, seed: int, own: tuple[bytes, ...], began: int, days: int, start: int) -> Steps:
    """The money goes from the buyer to the supplier, who buys next."""
    slot, purse, numbers = began * SLOTS_A_DAY, 0, [0] * len(own)
    yield slot, _capital(seed, own[0])
    for wallet in own:
        yield slot + 1, Action("enrol", wallet)
    while slot < days * SLOTS_A_DAY:
        buyer, seller = purse, (purse + 1) % len(own)
        numbers[seller] += 1
        slot += dice.randrange(4, 14) * SLOTS_A_DAY
        amount = CAPITAL * dice.randrange(60, 100) // 100 // (DOLLAR // 100) * (DOLLAR // 100)
        due = time_of(start, slot + 30 * SLOTS_A_DAY)
        invoice = Invoice(own[seller], own[buyer], numbers[seller], amount, due)
        yield slot, Action("issue", own[seller], own[buyer], invoice=invoice)
        yield slot + 1, Action("accept", own[buyer], invoice=invoice)
        yield slot + 2, Action("settle", own[buyer], amount=amount, invoice=invoice)
        back = CAPITAL - amount
        yield slot + 3, Action("pay", own[buyer], own[seller], back, purpose="trade")
        purse, slot = seller, slot + 3


def _loop(dice: Random, seed: int, own: tuple[bytes, ...], began: int, days: int) -> Steps:
    payer, payee = own
    yield began * SLOTS_A_DAY, _capital(seed, payer)
    for wallet in own:
        yield began * SLOTS_A_DAY + 1, Action("enrol", wallet)
    for day in range(began + 1, days, MONTH_DAYS // 2):
        slot = (day + dice.randrange(3)) * SLOTS_A_DAY
        yield slot, Action("pay", payer, payee, CAPITAL, purpose="wage", told=True)
        payer, payee = payee, payer


def _planned(number: int, kind: int, days: int, steps: Steps) -> list[Planned]:
    return [
        Planned(slot, RANK, (kind, number, place), action)
        for place, (slot, action) in enumerate(steps)
        if slot < days * SLOTS_A_DAY
    ]
