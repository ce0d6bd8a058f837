"""Households: the families that migrants send money to, and people who keep a second wallet.

Rules that hold here: a function of the seed and of what was sent; a family spends no more than came in, a
second wallet no more than it earned, so that nobody ever lacks the money; a second wallet has a key made from
a public label (to sign that both are one person), worth nothing outside a development chain.
"""

from collections.abc import Iterator, Sequence
from random import Random

from eth_account import Account

from ledger_reader.keccak import keccak256
from oracle.devchain.action import Action, Planned
from oracle.devchain.deploy import DOLLAR
from oracle.devchain.life import MONTH_DAYS, SLOTS_A_DAY
from oracle.devchain.people import CUSTOMERS, Person, places

VILLAGE_SHOPS = 16
CENT = DOLLAR // 100
RANK = 7
SECOND_WALLET_BPS, UNLINKS_BPS, ENROLS_BPS = 900, 3_000, 8_000


def family(person: Person, seed: int, days: int, sent: Sequence[tuple[int, int]]) -> list[Planned]:
    """What a family does with the (slot, cents) it was sent: it enrols, most of them, and spends."""
    dice, mine = Random(f"{seed}/family/{person.index}"), list[tuple[int, Action]]()
    if sent and dice.randrange(10_000) < ENROLS_BPS:
        mine.append((sent[0][0] + dice.randrange(20, 80), Action("enrol", person.family)))
    shops = dice.sample(places(seed, "village shop", VILLAGE_SHOPS), 3)
    for slot, cents in sent:
        for _ in range(dice.randrange(1, 4)):
            spent = cents * dice.randrange(15, 32) // 100
            when = slot + dice.randrange(1, 26 * SLOTS_A_DAY)
            mine.append((when, _payment(person.family, dice.choice(shops), spent)))
    return _planned(person, 0, days, mine)


def second_wallet(person: Person, seed: int, days: int) -> list[Planned]:
    """What a person does with a second wallet; nothing, if there is none.

    It earns beside the first, is linked with it some day, and of some unlinked again.
    """
    dice = Random(f"{seed}/second/{person.index}")
    if person.name or dice.randrange(10_000) >= SECOND_WALLET_BPS:
        return []
    wallet, customer = second_address(person.address), dice.choice(places(seed, "customer", CUSTOMERS))
    mine = list(_side_income(person, dice, wallet, customer, days))
    linked = (person.joined + dice.randrange(20, 120)) * SLOTS_A_DAY + 1
    mine.append((linked, Action("link", person.address, wallet)))
    if dice.randrange(10_000) < UNLINKS_BPS:
        mine.append((linked + dice.randrange(30, 120) * SLOTS_A_DAY, Action("unlink", wallet)))
    return _planned(person, 1, days, mine)


def second_key(first: bytes) -> bytes:
    """The 32-byte private key of the second wallet of a person by its first: public, for development only."""
    return keccak256(b"credit-oracle economy: second wallet of " + first)


def second_address(first: bytes) -> bytes:
    """The address of the second wallet of a person."""
    return bytes.fromhex(Account.from_key(second_key(first)).address[2:])


def _side_income(
    person: Person, dice: Random, wallet: bytes, customer: bytes, days: int
) -> Iterator[tuple[int, Action]]:
    for day in range(person.joined + dice.randrange(MONTH_DAYS), days, MONTH_DAYS):
        cents = person.income_cents * dice.randrange(8, 25) // 100
        yield day * SLOTS_A_DAY, Action("pay", customer, wallet, cents * CENT, purpose="trade", told=True)
        when = day * SLOTS_A_DAY + dice.randrange(1, 20 * SLOTS_A_DAY)
        yield when, _payment(wallet, dice.choice(person.shops), cents * dice.randrange(30, 90) // 100)


def _payment(payer: bytes, payee: bytes, cents: int) -> Action:
    return Action("pay", payer, payee, max(cents, 1) * CENT, purpose="trade")


def _planned(person: Person, half: int, days: int, mine: list[tuple[int, Action]]) -> list[Planned]:
    """In the order of slots; what was planned first comes first in a slot."""
    ordered = sorted(enumerate(mine), key=lambda pair: (pair[1][0], pair[0]))
    return [
        Planned(slot, RANK, (person.index, half, place), action)
        for place, (_, (slot, action)) in enumerate(ordered)
        if slot < days * SLOTS_A_DAY
    ]
