"""The seeded economy: a year of payments, small loans and trade, planned purely, then played on a chain.

Rules that hold here: `plan` is a pure function of its arguments (no clock, no hash order, no floats that
differ between machines) and knows nothing of a chain; `books` are the simulator's own accounts of a
plan, kept without looking at any chain, for comparison with what a reader finds; `play` sends exactly
the plan, one block a round. Two rounds a day at most, and none where nothing happens. Amounts are raw
units of DevCoin (10^6 a dollar), loans are numbered from 1 in the order they are drawn, as TermLoans does.

An economy is plain (people, firms and a lender) or rich: then firms bill each other and have invoices
financed, wages, rents and remittances say what they are, families spend what migrants send, some people
link a second wallet, savers lend through the pool, and cheats try. The plain part of a rich economy is
the plain economy of the same seed.

Matched to recorded loans of LlamaLend (a test compares): they are open three weeks to a month in the middle,
and of a quarter of them nothing good is told at the end (here late or in default, there liquidated); of
invoices supply.py tells. Not matched, and why: loans are of 140 dollars in the middle and five a year, for
they are starter loans to people without a file; recorded wallets have 1.6 in all.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter

from ledger_reader.errors import Stop
from oracle.contract import Contract
from oracle.devchain import cheats, households, supply
from oracle.devchain.action import Action, Planned, What
from oracle.devchain.anvil import GENESIS_TIME, Anvil, Transaction
from oracle.devchain.books import Bookkeeper, Books
from oracle.devchain.calls import Encoder
from oracle.devchain.deploy import DAY, DOLLAR, DevDeployment, Policy
from oracle.devchain.life import SLOTS_A_DAY, Deed, Terms, live, time_of
from oracle.devchain.people import (
    BANKS,
    CUSTOMERS,
    EMPLOYERS,
    FIRM,
    MIN_BORROWERS,
    Person,
    demo_address,
    people,
    places,
)

MAX_BORROWERS, MAX_DAYS = 5_000, 730
CENT = DOLLAR // 100
POOL = 10_000_000 * DOLLAR
"""What the lender has to lend."""

PURSE = 10_000_000 * DOLLAR
"""What each employer and customer has to spend."""

SAVERS, SAVED = 3, 200_000 * DOLLAR
"""Who lend beside the lender in a rich economy, and how much each."""

BORROWERS_A_RUNNER, BORROWERS_A_RING = 40, 60
"""Of a rich economy's cheats: one who runs, one ring and one loop to so many borrowers, one at least."""

FIRST_RUNNER = 10**7
"""The index of the first borrower who runs: far above all others', so that those stay as they are."""

FAMILY, SECOND = "family", "second wallet"


@dataclass(frozen=True, slots=True)
class Round:
    """One block: its time and its transactions in order."""

    time: int
    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class Resident:
    """What anyone may know of a borrower; `name` only for the cast."""

    name: str
    role: str
    address: bytes
    joined: int


@dataclass(frozen=True)
class Plan:
    """A whole economy, from `start` (Unix seconds) on."""

    seed: int
    start: int
    days: int
    policy: Policy
    residents: tuple[Resident, ...]
    rounds: tuple[Round, ...]

    def address_of(self, name: str) -> bytes:
        """The address of one of the cast who lives here; KeyError otherwise."""
        return {resident.name: resident.address for resident in self.residents if resident.name}[name]


def plan(
    seed: int,
    borrowers: int = 214,
    days: int = 365,
    start: int = GENESIS_TIME,
    policy: Policy | None = None,
    rich: bool = False,
    has_cast: bool = True,
) -> Plan:
    """The economy of `seed`: so many borrowers (the cast of three included) and days; Stop out of range.

    A rich one has families, second wallets and cheats beside them. Without the cast all are strangers.
    """
    _check_range("borrowers", borrowers, MIN_BORROWERS, MAX_BORROWERS)
    _check_range("days", days, 1, MAX_DAYS)
    _check_range("seed", seed, 0, 2**63 - 1)
    policy = policy or Policy()
    everyone = people(seed, borrowers, days, has_cast) + (_runners(seed, borrowers, days) if rich else ())
    terms = Terms(policy.starter_rate_bps, policy.grace // DAY)
    deeds = [(deed, person) for person in everyone for deed in live(person, seed, days, terms)]
    deeds.sort(key=lambda pair: (pair[0].slot, pair[0].rank, pair[1].index))
    residents = tuple(Resident(p.name, p.role, p.address, p.joined) for p in everyone)
    planned = list(_lives(deeds, rich))
    if rich:
        society = _society(seed, everyone, planned, days, start)
        residents += _others(seed, everyone, borrowers, society)
        planned = sorted(chain(planned, society), key=itemgetter(0, 1, 2))
    rounds = tuple(_rounds(_opening(seed, rich), planned, start))
    return Plan(seed, start, days, policy, residents, rounds)


def books(plan: Plan) -> Books:
    """The accounts of a plan, kept by the contracts' rules but without any contract; pure."""
    keeper = Bookkeeper(plan.policy)
    for round_ in plan.rounds:
        for action in round_.actions:
            keeper.enter(round_.time, action)
    return keeper.close()


def play(
    plan: Plan,
    anvil: Anvil,
    deployment: DevDeployment,
    since: int | None = None,
    until: int | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> None:
    """Send the rounds whose time is from `since` on and before `until` (none: all); one block a round.

    Stop when the chain is past the first of them, when TermLoans has other loans than the plan has drawn
    before, or when a transaction fails. `on_progress(done, all)` is called once a round. TermLoans must
    have been deployed with the plan's policy.
    """
    since = plan.start if since is None else since
    rounds = [r for r in plan.rounds if since <= r.time and (until is None or r.time < until)]
    if not rounds:
        return
    if anvil.now() >= rounds[0].time:
        raise Stop(f"The chain is at {anvil.now()}, past the round at {rounds[0].time}: start a fresh chain.")
    encoder = Encoder(anvil.rpc, deployment)
    drawn = sum(a.what == "borrow" for r in plan.rounds if r.time < since for a in r.actions)
    (lent,) = Contract(anvil.rpc, "TermLoans", deployment.loans).read("lastLoanId")
    if lent != drawn:
        raise Stop(
            f"TermLoans has drawn {lent} loans where the plan has {drawn}: play on a fresh deployment."
        )
    anvil.mine_blocks(_blocks(rounds, encoder, on_progress or (lambda _done, _all: None)))


def _check_range(what: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise Stop(f"An economy's {what} must be from {low} to {high}, not {value}.")


def _opening(seed: int, rich: bool) -> list[Action]:
    """Money comes into the world, first of all: for the lender's pool, and for all who pay others."""
    lender = demo_address("lender")
    payers = places(seed, "employer", EMPLOYERS) + places(seed, "customer", CUSTOMERS)
    payers += places(seed, "bank", BANKS) + (supply.rich(seed) if rich else ())
    mints = [Action("mint", lender, other, PURSE) for other in payers]
    fund = [Action("mint", lender, lender, POOL), Action("fund", lender, amount=POOL)]
    for saver in places(seed, "saver", SAVERS if rich else 0):
        fund += [Action("mint", lender, saver, SAVED), Action("fund", saver, amount=SAVED)]
    return mints + fund


def _runners(seed: int, borrowers: int, days: int) -> tuple[Person, ...]:
    count = max(1, borrowers // BORROWERS_A_RUNNER)
    return tuple(cheats.runner(seed, FIRST_RUNNER + number, days) for number in range(count))


def _rings(borrowers: int) -> range:
    return range(max(1, borrowers // BORROWERS_A_RING))


def _lives(deeds: Iterable[tuple[Deed, Person]], rich: bool) -> Iterator[Planned]:
    """What people do, in its order; loans get their numbers."""
    numbers: dict[tuple[int, int], int] = {}
    for place, (deed, person) in enumerate(deeds):
        if deed.what == "borrow":
            numbers[person.index, deed.loan] = len(numbers) + 1
        number = numbers.get((person.index, deed.loan), 0)
        yield Planned(deed.slot, deed.rank, (place,), _action(deed, person, number, rich))


def _society(
    seed: int, everyone: tuple[Person, ...], lives: list[Planned], days: int, start: int
) -> list[Planned]:
    """What a rich economy has beside the lives of its borrowers, `everyone`."""
    sent: dict[bytes, list[tuple[int, int]]] = {person.family: [] for person in everyone}
    for slot, _, _, action in lives:
        if action.purpose == "remittance":
            sent[action.other].append((slot, action.amount // CENT))
    honest = [person for person in everyone if person.index < FIRST_RUNNER]
    trade = supply.supply(seed, [p for p in honest if p.role == FIRM], days, start)
    parts = [trade, cheats.double_pledges(seed, trade, days)]
    parts += [households.family(person, seed, days, sent[person.family]) for person in honest]
    parts += [households.second_wallet(person, seed, days) for person in honest]
    parts += [cheats.ring(seed, number, days, start) for number in _rings(len(honest))]
    parts += [cheats.loop(seed, number, days) for number in _rings(len(honest))]
    return list(chain.from_iterable(parts))


def _others(
    seed: int, everyone: tuple[Person, ...], borrowers: int, society: list[Planned]
) -> tuple[Resident, ...]:
    """Who else lives in a rich economy: joined when first seen."""
    roles = {person.family: FAMILY for person in everyone}
    for number in _rings(borrowers):
        for kind in (cheats.RING, cheats.LOOP):
            roles |= dict.fromkeys(cheats.wallets(seed, kind, number), kind)
    roles |= {each.action.other: SECOND for each in society if each.action.what == "link"}
    first: dict[bytes, int] = {}
    for slot, _, _, action in society:
        for who in (action.actor, action.other):
            if who in roles:
                first[who] = min(slot // SLOTS_A_DAY, first.get(who, slot // SLOTS_A_DAY))
    return tuple(Resident("", roles[who], who, joined) for who, joined in sorted(first.items()))


def _rounds(opening: list[Action], planned: Iterable[Planned], start: int) -> Iterator[Round]:
    by_slot = {0: opening}
    for slot, _, _, action in planned:
        by_slot.setdefault(slot, []).append(action)
    for slot, actions in by_slot.items():
        yield Round(time_of(start, slot), tuple(actions))


def _action(deed: Deed, person: Person, loan: int, rich: bool) -> Action:
    """Income is a payment by somebody else; what the lender does about a person, the lender does."""
    lender, who = demo_address("lender"), person.address
    what: What = "pay" if deed.what == "income" else deed.what
    says = deed.purpose in ("wage", "rent", "remittance") or (deed.what, deed.purpose) == ("income", "trade")
    return Action(
        what=what,
        actor={"income": deed.other, "allow": lender, "default": lender}.get(deed.what, who),
        other={"income": who, "allow": who}.get(deed.what, deed.other),
        amount=deed.cents * CENT,
        loan=loan,
        term_seconds=deed.term_days * DAY,
        purpose=deed.purpose,
        told=rich and says,
    )


def _blocks(
    rounds: list[Round], encoder: Encoder, on_progress: Callable[[int, int], None]
) -> Iterator[tuple[list[Transaction], int]]:
    for done, round_ in enumerate(rounds, 1):
        yield [each for action in round_.actions for each in encoder.transactions(action)], round_.time
        on_progress(done, len(rounds))
