"""One borrower's year: what a person with these hidden traits earns, spends, borrows and repays.

Rules that hold here: pure, and independent of all other borrowers; money is whole cents and cash never
goes below zero; what is owed is rounded up to cents (a contract takes no more than is owed).
No amount, date or order shows a trait directly: traits move chances, and the same circumstances (a missed
pay day, an illness, a closed factory, the season) move income and repayment alike, so past behaviour
tells something about the future, and never everything.
A slot is half a day (09:00 and 18:00). Circumstances change by the month of 30 days.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Literal, NamedTuple

from oracle.devchain.deploy import DAY
from oracle.devchain.people import BANKS, EMPLOYERS, FIRM, MIGRANT, Loan, Person, chance, normal, places

SLOTS_A_DAY = 2
MONTH_DAYS = 30

SLOT_TIMES = (9 * 3_600, 18 * 3_600)
"""Seconds of a day at which its slots are."""

SPRING_MONTH = 1
"""The month of the spring festival: migrants go home, firms stand still."""

CRISIS_MONTHS = (4, 9)
CRISIS_EMPLOYERS = 3
"""In these months so many employers close a factory."""


What = Literal["income", "pay", "allow", "approve", "borrow", "repay", "default", "enrol"]


class Deed(NamedTuple):
    """One thing a person does or receives in a slot; `rank` orders deeds within it.

    pay is by the person, income to the person; allow and default are the lender's. `loan` counts the
    person's own loans from 0 (-1: about none); `purpose` is the simulator's own word.
    """

    slot: int
    rank: int
    what: What
    other: bytes = b""
    cents: int = 0
    loan: int = -1
    term_days: int = 0
    purpose: str = ""


class Terms(NamedTuple):
    """What a loan costs and when it is in default: yearly basis points, days of grace."""

    yearly_rate_bps: int
    grace_days: int

    def owed(self, principal: int, term_days: int) -> int:
        """Principal and interest in any unit, rounded up as the contract does."""
        return principal - (-principal * self.yearly_rate_bps * term_days // (365 * 10_000))


@dataclass
class _Debt:
    number: int
    principal: int
    owed: int
    due: int
    paid: int = 0
    pay_from: int | None = None
    first_share_bps: int = 0
    never: bool = False
    defaulted: bool = False

    @property
    def left(self) -> int:
        return self.owed - self.paid


def time_of(start: int, slot: int) -> int:
    """The Unix time of a slot, of days counted from `start`."""
    day, half = divmod(slot, SLOTS_A_DAY)
    return start + day * DAY + SLOT_TIMES[half]


def live(person: Person, seed: int, days: int, terms: Terms) -> list[Deed]:
    """All deeds of one person from joining to the last day, in order."""
    return _Life(person, seed, days, terms).run()


class _Life:
    """The running state of one person: cash in cents, debts, and dice of the person's own."""

    def __init__(self, person: Person, seed: int, days: int, terms: Terms) -> None:
        self.person, self.seed, self.days, self.terms = person, seed, days, terms
        self.dice = Random(f"{seed}/life/{person.index}")
        self.strain = _strain(person, self.dice, days, seed)
        self.income = _calendar(person, self.dice, days, self.strain)
        self.cash = 0
        self.debts: list[_Debt] = []
        self.deeds: list[Deed] = []
        self.ready = False

    def run(self) -> list[Deed]:
        self._enrol()
        for slot in range(self.person.joined * SLOTS_A_DAY, self.days * SLOTS_A_DAY):
            self._earn(slot)
            self._borrow(slot)
            for debt in self._open():
                self._repay(slot, debt)
            self._spend(slot)
            self._mark_defaults(slot)
        return self.deeds

    def _enrol(self) -> None:
        after = self.person.enrols_after
        if after is None:
            return
        slot = min(self.person.joined + after, self.days - 1) * SLOTS_A_DAY + 1
        self.deeds.append(Deed(slot, 7, "enrol"))

    # ------------------------------------------------------------------------------- income and spending

    def _earn(self, slot: int) -> None:
        if slot == self.person.joined * SLOTS_A_DAY and self.person.savings_cents:
            self._take(slot, places(self.seed, "bank", BANKS)[0], self.person.savings_cents, "savings")
        for payer, cents in self.income.get(slot, ()):
            self._take(slot, payer, cents, "trade" if self.person.role == FIRM else "wage")

    def _take(self, slot: int, payer: bytes, cents: int, purpose: str) -> None:
        self.cash += cents
        self.deeds.append(Deed(slot, 2, "income", other=payer, cents=cents, purpose=purpose))

    def _spend(self, slot: int) -> None:
        day, half = divmod(slot, SLOTS_A_DAY)
        person, monthday = self.person, day % MONTH_DAYS
        if half == 0 and monthday == (person.payday + 3) % MONTH_DAYS:
            self._pay(slot, person.landlord, person.income_cents * 22 // 100, "rent")
        if half == 1 and person.role == MIGRANT and monthday == (person.payday + 2) % MONTH_DAYS:
            self._pay(slot, person.family, self.cash * self.dice.randrange(28, 40) // 100, "remittance")
        if self.dice.random() < 0.19:
            self._pay(slot, self.dice.choice(person.shops), self._basket(), "trade")
        if self.dice.random() < 0.02 * chance(self.strain[day // MONTH_DAYS] - 0.5):
            self._pay(slot, person.shops[0], self.cash * self.dice.randrange(40, 80) // 100, "emergency")

    def _basket(self) -> int:
        share_bps = self.dice.randrange(220, 560) * (70 if self.person.role == MIGRANT else 100) // 100
        splurge = self.dice.random() < chance(-2.5 - self.person.discipline)
        treat = self.cash * self.dice.randrange(5, 25) // 100 if splurge else 0
        return self.person.income_cents * share_bps // 10_000 + treat

    def _pay(self, slot: int, to: bytes, cents: int, purpose: str) -> None:
        """Pay as far as cash allows beyond what is set aside for debts soon due; under a dollar nothing."""
        cents = min(cents, self.cash - self._set_aside(slot))
        if cents < 100:
            return
        self.cash -= cents
        self.deeds.append(Deed(slot, 5, "pay", other=to, cents=cents, purpose=purpose))

    def _set_aside(self, slot: int) -> int:
        days_ahead = 28 if self.person.script is not None else 18 if self.person.discipline > -0.7 else 4
        soon = slot + days_ahead * SLOTS_A_DAY
        return sum(debt.left for debt in self._open() if debt.due <= soon and not debt.never)

    # ------------------------------------------------------------------------------------------- loans

    def _open(self) -> list[_Debt]:
        return [debt for debt in self.debts if debt.left > 0]

    def _borrow(self, slot: int) -> None:
        day, half = divmod(slot, SLOTS_A_DAY)
        if half == 1:
            return
        if self.person.script is not None:
            for loan in self.person.script:
                if loan.day == day:
                    self._draw(slot, loan.dollars * 100, loan.term_days)
        elif self._wants(day):
            dollars = max(2, self.person.limit_cents * self.dice.randrange(20, 60) // 100_000) * 10
            self._draw(slot, dollars * 100, self.dice.choice((14, 30, 30, 30, 45, 60)))

    def _wants(self, day: int) -> bool:
        need = 1.0 + 0.3 * max(-1.5, min(2.0, self.strain[day // MONTH_DAYS]))
        return self.dice.random() < need * self.person.appetite_bps / 10_000 / MONTH_DAYS

    def _draw(self, slot: int, cents: int, term_days: int) -> None:
        exposure = cents + sum(debt.principal for debt in self._open())
        overdue = any(debt.due < slot for debt in self._open())
        if overdue or exposure > self.person.limit_cents:
            return
        if not self.ready:
            self.deeds.append(Deed(slot, 1, "allow", cents=self.person.limit_cents))
            self.deeds.append(Deed(slot, 1, "approve"))
            self.ready = True
        debt = _Debt(
            len(self.debts), cents, self.terms.owed(cents, term_days), slot + term_days * SLOTS_A_DAY
        )
        self.debts.append(debt)
        self.cash += cents
        self.deeds.append(Deed(slot, 3, "borrow", cents=cents, loan=debt.number, term_days=term_days))
        self._pay(slot, self.dice.choice(self.person.shops), cents * 9 // 10, "purchase")

    def _repay(self, slot: int, debt: _Debt) -> None:
        if debt.pay_from is None:
            if slot < debt.due - 3 * SLOTS_A_DAY:
                return
            self._decide(slot, debt)
        if debt.first_share_bps and slot >= debt.due:
            self._give(slot, debt, min(self.cash, debt.owed * debt.first_share_bps // 10_000))
            debt.first_share_bps = 0
        elif debt.pay_from is not None and slot >= debt.pay_from and self.cash >= debt.left:
            self._give(slot, debt, debt.left)

    def _give(self, slot: int, debt: _Debt, cents: int) -> None:
        if cents <= 0:
            return
        self.cash -= cents
        debt.paid += cents
        self.deeds.append(Deed(slot, 4, "repay", cents=cents, loan=debt.number))

    def _decide(self, slot: int, debt: _Debt) -> None:
        """Whether and when this debt will be paid: hidden traits, circumstances, burden and luck."""
        if self.person.script is not None:
            late = _scripted(self.person.script, debt.number).late_days
            debt.pay_from = debt.due + late * SLOTS_A_DAY - (0 if late else 2)
            return
        burden = sum(other.left for other in self._open()) / self.person.income_cents
        strain = self.strain[slot // SLOTS_A_DAY // MONTH_DAYS]
        index = strain - 2.0 * self.person.discipline + 1.5 * burden + 0.7 * normal(self.dice)
        self._settle(debt, index)

    def _settle(self, debt: _Debt, index: float) -> None:
        grace = self.terms.grace_days * SLOTS_A_DAY
        if index < 2.8:
            debt.pay_from = debt.due - self.dice.randrange(6)
        elif index < 3.9:
            debt.pay_from = (
                debt.due + 1 + self.dice.randrange(grace) * self.dice.randrange(grace) * 3 // (4 * grace)
            )
        else:
            debt.first_share_bps = self.dice.choice((0, 0, 2000, 4000))
            debt.never = self.dice.random() < 0.25
            debt.pay_from = debt.due + grace + self.dice.randrange(4, 70)
            if debt.never:
                debt.pay_from = self.days * SLOTS_A_DAY

    def _mark_defaults(self, slot: int) -> None:
        """The lender marks what is unpaid a slot after its grace."""
        for debt in self._open():
            if not debt.defaulted and slot > debt.due + self.terms.grace_days * SLOTS_A_DAY:
                debt.defaulted = True
                self.deeds.append(Deed(slot, 6, "default", loan=debt.number))


def _scripted(script: tuple[Loan, ...], number: int) -> Loan:
    return script[number]


def _strain(person: Person, dice: Random, days: int, seed: int) -> list[float]:
    """How hard each month is: hidden ability, slow luck, season, shocks of one's own or one's employer's."""
    slow, months = normal(dice), []
    for month in range(days // MONTH_DAYS + 2):
        slow = 0.7 * slow + 0.7 * normal(dice)
        blow = 1.5 if dice.random() < 0.05 else 0.0
        months.append(-2.0 * person.ability + 0.6 * slow + blow + _common(person, month, seed))
    return months


def _common(person: Person, month: int, seed: int) -> float:
    spring = 0.5 if month % 12 == SPRING_MONTH and person.role in (MIGRANT, FIRM) else 0.0
    struck = set(places(seed, "employer", EMPLOYERS)[-CRISIS_EMPLOYERS:])
    crisis = 1.2 if month in CRISIS_MONTHS and struck & set(person.payers) else 0.0
    return spring + crisis


def _calendar(
    person: Person, dice: Random, days: int, strain: list[float]
) -> dict[int, list[tuple[bytes, int]]]:
    """Slot → who pays how much. Hard months bring late and missing pay."""
    calendar: dict[int, list[tuple[bytes, int]]] = {}
    arrivals = _orders if person.role == FIRM else _wages
    for day, payer, cents in arrivals(person, dice, days, strain):
        if person.joined <= day < days:
            calendar.setdefault(day * SLOTS_A_DAY + dice.randrange(SLOTS_A_DAY), []).append((payer, cents))
    return calendar


def _wages(person: Person, dice: Random, days: int, strain: list[float]) -> Iterator[tuple[int, bytes, int]]:
    for month in range(days // MONTH_DAYS + 1):
        for number, payer in enumerate(person.payers):
            hard = strain[month]
            lost, late = dice.random() < chance(hard - 4.5), dice.random() < chance(1.2 * hard - 2.5)
            day = month * MONTH_DAYS + person.payday + 11 * number + (dice.randrange(1, 10) if late else 0)
            share = _season(person, month) * dice.randrange(94, 107)
            if not lost:
                yield day, payer, person.income_cents * share // 10_000 // len(person.payers)


def _orders(person: Person, dice: Random, days: int, strain: list[float]) -> Iterator[tuple[int, bytes, int]]:
    """Customers pay about every twelve days each; in hard months less, later, or not at all."""
    for payer in person.payers:
        day = dice.randrange(12)
        while day < days:
            month = day // MONTH_DAYS
            size = person.income_cents * 40 // 100 // len(person.payers) * dice.randrange(60, 140) // 100
            if dice.random() >= chance(strain[month] - 3.0):
                yield day, payer, size * _season(person, month) // 100
            day += dice.randrange(8, 17)


def _season(person: Person, month: int) -> int:
    """Per cent of usual income in a month of the year."""
    if month % 12 == SPRING_MONTH and person.role in (MIGRANT, FIRM):
        return 60
    return 115 if month % 12 in (9, 10) and person.role == FIRM else 100
