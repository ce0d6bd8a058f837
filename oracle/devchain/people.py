"""Who lives in the simulated economy: borrowers with hidden traits, and those who pay and are paid.

Rules that hold here: everything is a function of the seed and nothing else; only integers and the
exactly rounded operations of IEEE floats (sums, products, square roots), so the same seed gives the
same economy on every machine; hidden traits drive behaviour and never leave the simulator: what a
plan shows of a person is address, role and the day of joining.
Addresses are the last 20 bytes of keccak256 of a label, so nobody holds their keys; only the cast
(`Mei`, `Bo`, `Kai`, the lender, the owner) has keys, made from public labels: demo keys, worth nothing.
"""

from dataclasses import dataclass
from functools import cache
from math import sqrt
from random import Random

from eth_account import Account

from ledger_reader.keccak import keccak256

CAST = ("Mei", "Bo", "Kai")
"""Those of whom the story tells."""

WORKER, MIGRANT, FIRM = "worker", "migrant", "firm"

EMPLOYERS, LANDLORDS, MERCHANTS, CUSTOMERS, SUPPLIERS, BANKS = 12, 8, 30, 26, 12, 1

MIN_BORROWERS = 3
"""The cast alone."""


@dataclass(frozen=True)
class Loan:
    """One loan of a scripted borrower: day of drawing, whole dollars, days of term, days paid late."""

    day: int
    dollars: int
    term_days: int
    late_days: int = 0


@dataclass(frozen=True)
class Person:
    """One borrower. `ability` and `discipline` are hidden: standard normal, higher is better.
    `savings_cents` come along on the day of joining (a stranger's may be none);

    `income_cents` is a month's; `payday` a day of the month (0 to 27); `limit_cents` the most the lender
    lends without a proof; `appetite_bps` the chance of wanting a loan in a month; `enrols_after` days
    after joining (None: never); `script` replaces chance in borrowing and repaying.
    """

    index: int
    name: str
    role: str
    address: bytes
    joined: int
    income_cents: int
    payday: int
    payers: tuple[bytes, ...]
    family: bytes
    landlord: bytes
    shops: tuple[bytes, ...]
    ability: float
    discipline: float
    limit_cents: int
    savings_cents: int
    appetite_bps: int
    enrols_after: int | None
    script: tuple[Loan, ...] | None = None


def demo_key(name: str) -> bytes:
    """The 32-byte private key of one of the cast: public, for development chains only."""
    return keccak256(f"credit-oracle demo key: {name}".encode())


@cache
def demo_address(name: str) -> bytes:
    """The address of one of the cast."""
    return bytes.fromhex(Account.from_key(demo_key(name)).address[2:])


@dataclass(frozen=True)
class DemoWallet:
    """A wallet whose key everyone knows; `second_of`: the first one of the same person, None for that one."""

    name: str
    key: bytes
    address: bytes
    second_of: bytes | None


def demo_wallets() -> list[DemoWallet]:
    """Two wallets of each of the cast: the one of the story, and one that has done nothing yet."""
    firsts = [DemoWallet(name, demo_key(name), demo_address(name), None) for name in CAST]
    named = [(f"{name} 2", demo_address(name)) for name in CAST]
    return firsts + [DemoWallet(name, demo_key(name), demo_address(name), first) for name, first in named]


def address(seed: int, label: str) -> bytes:
    """The keyless address of anybody else in the economy of this seed."""
    return keccak256(f"credit-oracle economy {seed}: {label}".encode())[12:]


def places(seed: int, kind: str, count: int) -> tuple[bytes, ...]:
    """The addresses of all employers, landlords, merchants, customers or suppliers."""
    return tuple(address(seed, f"{kind} {number}") for number in range(count))


def normal(dice: Random) -> float:
    """About standard normal (twelve uniforms less six): exact sums, so equal on every machine."""
    return sum(dice.random() for _ in range(12)) - 6.0


def chance(index: float) -> float:
    """A probability that rises with `index`, 0.5 at 0; like a logistic, but of exactly rounded operations."""
    return 0.5 + 0.5 * index / sqrt(4.0 + index * index)


def people(seed: int, borrowers: int, days: int, has_cast: bool = True) -> tuple[Person, ...]:
    """The cast first, then chance's; adding people or days changes nobody who was there before."""
    cast = (_mei(seed, days), _bo(seed, days), _kai(seed, days)) if has_cast else ()
    rest = (person(seed, index, days) for index in range(len(cast), borrowers))
    return (*cast, *rest)


def person(seed: int, index: int, days: int) -> Person:
    """The borrower of so high an index, above those of the cast."""
    dice = Random(f"{seed}/person/{index}")
    role = dice.choices((WORKER, MIGRANT, FIRM), (42, 33, 25))[0]
    income_cents = dice.randrange(450, 1400, 10) * 100 * (2 if role == FIRM else 1)
    ability, discipline = normal(dice), normal(dice)
    return Person(
        index=index,
        name="",
        role=role,
        address=address(seed, f"borrower {index}"),
        joined=_joined(dice, days),
        income_cents=income_cents,
        payday=dice.randrange(28),
        payers=_payers(seed, dice, role),
        family=address(seed, f"family {index}"),
        landlord=dice.choice(places(seed, "landlord", LANDLORDS)),
        shops=tuple(dice.sample(_shops(seed, role), 4)),
        ability=ability,
        discipline=discipline,
        limit_cents=income_cents * dice.choice((25, 40, 55)) // 100,
        savings_cents=income_cents * max(0, dice.randrange(-20, 80)) // 100,
        appetite_bps=dice.randrange(5000, 11000),
        enrols_after=dice.randrange(45) if dice.random() < 0.93 else None,
    )


def _joined(dice: Random, days: int) -> int:
    """Most are there from the start, some come during the year, a few in the last weeks."""
    kind = dice.random()
    share = dice.random()
    if kind < 0.58:
        return 0
    if kind < 0.90:
        return int(share * days * 0.75)
    return days - 1 - int(share * days * 0.08)


def _payers(seed: int, dice: Random, role: str) -> tuple[bytes, ...]:
    if role == FIRM:
        return tuple(dice.sample(places(seed, "customer", CUSTOMERS), dice.randrange(2, 8)))
    jobs = 1 if dice.random() < 0.7 else 2
    return tuple(dice.sample(places(seed, "employer", EMPLOYERS), jobs))


def _shops(seed: int, role: str) -> tuple[bytes, ...]:
    if role == FIRM:
        return places(seed, "supplier", SUPPLIERS)
    return places(seed, "merchant", MERCHANTS)


def _cast(seed: int, index: int, name: str, joined: int, script: tuple[Loan, ...], ability: float) -> Person:
    return Person(
        index=index,
        name=name,
        role=MIGRANT,
        address=demo_address(name),
        joined=joined,
        income_cents=110_000,
        payday=(joined + 4 + index) % 28,
        payers=places(seed, "employer", EMPLOYERS)[index : index + 1],
        family=address(seed, f"family {index}"),
        landlord=places(seed, "landlord", LANDLORDS)[index],
        shops=places(seed, "merchant", MERCHANTS)[index : index + 4],
        ability=ability,
        discipline=0.5,
        limit_cents=60_000,
        savings_cents=60_000,
        appetite_bps=0,
        enrols_after=3,
        script=script,
    )


def _mei(seed: int, days: int) -> Person:
    """Sends money home every month; a loan a month, all of them on time."""
    loans = tuple(Loan(14 + 30 * month, 120 + 10 * month, 28) for month in range(11))
    return _cast(seed, 0, "Mei", 0, _within(loans, days), ability=1.5)


def _bo(seed: int, days: int) -> Person:
    """Five loans, three of them paid late, the last one 42 days before a year is over; and a new one."""
    loans = (
        Loan(40, 150, 30),
        Loan(95, 250, 30, 9),
        Loan(160, 250, 30),
        Loan(225, 300, 30, 12),
        Loan(282, 300, 30, 11),
        Loan(344, 300, 45),
    )
    return _cast(seed, 1, "Bo", 0, _within(loans, days), ability=0.2)


def _kai(seed: int, days: int) -> Person:
    """Came last month; no loan yet."""
    return _cast(seed, 2, "Kai", max(0, days - 24), (), ability=0.0)


def _within(loans: tuple[Loan, ...], days: int) -> tuple[Loan, ...]:
    return tuple(loan for loan in loans if loan.day < days)
