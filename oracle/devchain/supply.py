"""Supply chains: micro firms that bill core firms, customers and each other, and how it ends.

Rules that hold here: a function of the seed and the firms alone; a firm keeps its trade's money apart from
its household's, so that nothing here depends on a firm's life or loans, only on the same hidden traits;
core firms, customers and financiers have purses, firms of the first tier pay the second's bills out of
what their own invoices brought in before. Every action obeys the contract (invoices.py).

Matched to the recorded invoices of Chinese small firms (a test compares):
    SEASON       share of a year's invoices by month, in per cent of a twelfth
    VOID_BPS     invoices that are void, of all
    CREDIT_BPS   red-letter notes, of a firm's valid invoices (mean of firms)
    the largest buyer's share of a firm's sales (their middle half)
Not matched, and why: recorded firms issue 21 invoices a month, these four (only what is worth a
transaction is on chain); their invoices are of 4,300 dollars in the middle, these of a ninth (micro
firms); nothing is recorded of disputes, delays, advances and splits: those figures are assumptions.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random

from oracle.devchain.action import Action, Invoice, Planned, Trading
from oracle.devchain.deploy import DOLLAR
from oracle.devchain.invoices import InvoiceBook
from oracle.devchain.life import MONTH_DAYS, SLOTS_A_DAY, time_of
from oracle.devchain.people import CUSTOMERS, Person, chance, normal, places

CORE_FIRMS, FINANCIERS = 6, 3

SEASON = (145, 60, 88, 85, 90, 94, 95, 102, 98, 100, 114, 129)
VOID_BPS, CREDIT_BPS = 670, 230
HIDDEN_BPS = 1_000
REACHED_BPS = 8_600
"""Of all invoices, those that come so far that a credit note can be written."""

RANK = 8
"""Trade comes after everything else in a slot."""

Step = tuple[int, Trading, bytes, bytes, int]
"""Slot, what, actor, other, amount."""


@dataclass(frozen=True)
class _Firm:
    """A firm of a tier with those who buy from it, the largest first, and who sells to it."""

    person: Person
    buyers: tuple[bytes, ...]
    sellers: tuple[bytes, ...]


@dataclass(frozen=True)
class _Market:
    """What all firms of a seed share."""

    seed: int
    days: int
    start: int
    tier_one: frozenset[bytes]


def supply(seed: int, firms: Sequence[Person], days: int, start: int) -> list[Planned]:
    """All that firms, their buyers and financiers do about invoices, in order, on the days from `start` on.

    Every third firm is of the second tier and also bills firms of the first.
    """
    second = tuple(firm for number, firm in enumerate(firms) if number % 3 == 2)
    first = tuple(firm for number, firm in enumerate(firms) if number % 3 != 2)
    market = _Market(seed, days, start, frozenset(firm.address for firm in first))
    above = [a for firm in first for a in _trade(market, _first_tier(seed, firm, second))]
    planned = sorted(a for a in above if a.slot < days * SLOTS_A_DAY)
    below = [a for firm in second for a in _trade(market, _second_tier(seed, firm, first))]
    below = [a for a in below if a.slot < days * SLOTS_A_DAY]
    return sorted(planned + list(_affordable(market, planned, sorted(below))))


def rich(seed: int) -> tuple[bytes, ...]:
    """Who must have money before anybody trades, besides customers."""
    return places(seed, "core firm", CORE_FIRMS) + places(seed, "financier", FINANCIERS)


def _first_tier(seed: int, person: Person, second: Sequence[Person]) -> _Firm:
    dice = Random(f"{seed}/buyers/{person.index}")
    core = dice.sample(places(seed, "core firm", CORE_FIRMS), dice.randrange(1, 4))
    others = dice.sample(places(seed, "customer", CUSTOMERS), dice.randrange(2, 9))
    sellers = dice.sample(second, min(3, len(second)))
    return _Firm(person, (*core, *others), tuple(seller.address for seller in sellers))


def _second_tier(seed: int, person: Person, first: Sequence[Person]) -> _Firm:
    dice = Random(f"{seed}/buyers/{person.index}")
    above = [firm.address for firm in dice.sample(first, min(2, len(first)))]
    others = dice.sample(places(seed, "customer", CUSTOMERS), dice.randrange(3, 9))
    return _Firm(person, (*above, *others), ())


def _trade(market: _Market, firm: _Firm) -> Iterator[Planned]:
    """All invoices of one firm, and what becomes of each."""
    person = firm.person
    dice = Random(f"{market.seed}/trade/{person.index}")
    weights = [20 // (place + 1) + dice.randrange(5, 30) for place in range(len(firm.buyers))]
    day, number = person.joined + dice.randrange(12), 0
    while day < market.days:
        number += 1
        slot, term = day * SLOTS_A_DAY + dice.randrange(2), dice.choice((30, 30, 30, 60, 60, 90))
        invoice = Invoice(
            supplier=person.address,
            buyer=dice.choices(firm.buyers, weights)[0],
            number=number,
            amount=person.income_cents * dice.randrange(12, 48) // 100 * (DOLLAR // 100),
            due=time_of(market.start, slot + term * SLOTS_A_DAY),
            hidden=dice.randrange(10_000) < HIDDEN_BPS,
        )
        steps = _Fate(market, firm, invoice, slot, dice).steps(slot + term * SLOTS_A_DAY)
        for order, (when, what, actor, other, amount) in enumerate(steps):
            action = Action(what, actor, other, amount, invoice=invoice)
            yield Planned(when, RANK, (person.index, number, order), action)
        rhythm = max(2, round(9 - 1.5 * person.ability + 2 * normal(dice)))
        day += max(1, rhythm * 100 // SEASON[day // MONTH_DAYS % 12])


@dataclass
class _Fate:
    """What becomes of one invoice; `slot` is that of the latest step."""

    market: _Market
    firm: _Firm
    invoice: Invoice
    slot: int
    dice: Random

    def steps(self, due: int) -> Iterator[Step]:
        """From issue to the last payment, slots rising; `due` is a slot too."""
        dice, supplier, buyer = self.dice, self.invoice.supplier, self.invoice.buyer
        yield self._at(0, "issue", supplier, buyer)
        if dice.randrange(10_000) < self._bps(VOID_BPS):
            yield self._at(dice.randrange(1, 8), "void", supplier)
            return
        if dice.randrange(10_000) < 300:
            return  # the buyer says nothing
        if not (yield from self._agreed()):
            return
        if self.invoice.hidden:
            if dice.randrange(10_000) < 1_000:
                return  # nobody opens it: paid, if at all, elsewhere
            yield self._at(dice.randrange(1, 6), "open", dice.choice((supplier, buyer)))
        left = self.invoice.amount
        if dice.randrange(REACHED_BPS) < self._bps(CREDIT_BPS):
            taken = left * dice.randrange(10, 50) // 100
            left -= taken
            yield self._at(dice.randrange(1, 20), "credit", supplier, amount=taken)
        yield from self._passed_on(left, due)
        yield from self._paid(left, due)

    def _agreed(self) -> Generator[Step, None, bool]:
        """The buyer accepts, now and then after a dispute; or the dispute stands and the invoice goes."""
        dice, buyer = self.dice, self.invoice.buyer
        if dice.randrange(10_000) < 250:
            yield self._at(dice.randrange(1, 9), "dispute", buyer)
            if dice.random() < 0.5:
                yield self._at(dice.randrange(4, 30), "void", self.invoice.supplier)
                return False
            self.slot += dice.randrange(8, 40)
        yield self._at(dice.randrange(1, 9), "accept", buyer)
        return True

    def _passed_on(self, left: int, due: int) -> Iterator[Step]:
        """Part of the claim pays a seller of the next tier; all of it may be given on, or financed."""
        dice, holder, kept = self.dice, self.invoice.supplier, left
        sellers = [seller for seller in self.firm.sellers if seller != self.invoice.buyer]
        if sellers and dice.random() < 0.18:
            if dice.random() < 0.25:
                seller = dice.choice(sellers)
                yield self._at(dice.randrange(1, 6), "assign", holder, seller)
                holder = seller
            else:
                kept -= left * dice.randrange(20, 60) // 100
                yield self._at(dice.randrange(1, 6), "split", holder, dice.choice(sellers), left - kept)
        needs = dice.random() < chance(-0.9 - 0.6 * self.firm.person.ability)
        if needs and self.slot + 20 * SLOTS_A_DAY < due:
            financier = dice.choice(places(self.market.seed, "financier", FINANCIERS))
            yield self._at(
                dice.randrange(1, 9), "finance", financier, holder, kept * dice.randrange(75, 92) // 100
            )

    def _paid(self, left: int, due: int) -> Iterator[Step]:
        """In time, late, in two parts, or never."""
        dice, buyer = self.dice, self.invoice.buyer
        slow = normal(Random(f"{self.market.seed}/slow/{buyer.hex()}"))
        if dice.randrange(10_000) < 150:
            return
        late = dice.random() < chance(-2.4 + 0.8 * slow - 0.5 * self.firm.person.ability)
        wanted = due + dice.randrange(2, 50) if late else due - dice.randrange(24)
        self.slot = max(self.slot + 1, wanted)
        first = left * dice.randrange(300, 700) // 1_001 if dice.random() < 0.1 else 0
        if first:
            yield self._at(0, "settle", buyer, amount=first)
        yield self._at(dice.randrange(4, 24) if first else 0, "settle", buyer, amount=left - first)

    def _bps(self, usual: int) -> int:
        """A rate that is `usual` on average, and higher for the less able."""
        return int(usual * max(0.2, 1 - 0.25 * self.firm.person.ability))

    def _at(self, later: int, what: Trading, actor: bytes, other: bytes = b"", amount: int = 0) -> Step:
        self.slot += later
        return self.slot, what, actor, other, amount


def _affordable(market: _Market, above: list[Planned], below: list[Planned]) -> Iterator[Planned]:
    """The second tier's actions, with payments of firms of the first put off until they have the money."""
    received = _received(market, above)
    purses = {firm: _Purse(received[firm]) for firm in sorted(market.tier_one)}
    for planned in below:
        action = planned.action
        if action.what != "settle" or action.actor not in purses:
            yield planned
            continue
        slot = purses[action.actor].spend(planned.slot, action.amount)
        if slot is not None and slot < market.days * SLOTS_A_DAY:
            yield planned._replace(slot=slot)


def _received(market: _Market, planned: list[Planned]) -> defaultdict[bytes, list[tuple[int, int]]]:
    """By account, in which slots how much is paid to it."""
    book, received = InvoiceBook(), defaultdict[bytes, list[tuple[int, int]]](list)
    for each in planned:
        for holder, amount in book.enter(time_of(market.start, each.slot), each.action):
            received[holder].append((each.slot, amount))
    return received


class _Purse:
    """Money that came in by (slot, amount), slots rising; payments are granted first come, first served."""

    def __init__(self, inflows: Sequence[tuple[int, int]]) -> None:
        self._slots = [slot for slot, _ in inflows]
        self._totals = list(accumulate(amount for _, amount in inflows))
        self._spent, self._latest = 0, 0

    def spend(self, slot: int, amount: int) -> int | None:
        """The first slot from `slot` on before which enough has come in; None: there is none."""
        place = bisect_left(self._totals, self._spent + amount)
        if place == len(self._totals):
            return None
        self._spent += amount
        self._latest = max(slot, self._latest, self._slots[place] + 1)
        return self._latest
