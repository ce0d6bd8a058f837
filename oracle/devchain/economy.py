"""The seeded economy: a year of payments and small loans, planned purely, then played on a chain.

Rules that hold here: `plan` is a pure function of its arguments (no clock, no hash order, no floats that
differ between machines) and knows nothing of a chain; `books` are the simulator's own accounts of a
plan, kept without looking at any chain, for comparison with what a reader finds; `play` sends exactly
the plan, one block a round. Two rounds a day at most, and none where nothing happens. Amounts are raw
units of DevCoin (10^6 a dollar), loans are numbered from 1 in the order they are drawn, as TermLoans does.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from ledger_reader.errors import Stop
from ledger_reader.rpc import Rpc
from oracle.contract import Contract
from oracle.devchain.anvil import GENESIS_TIME, Anvil, Transaction
from oracle.devchain.deploy import DAY, DOLLAR, UNLIMITED, DevDeployment, Policy
from oracle.devchain.life import SLOTS_A_DAY, Deed, Terms, live
from oracle.devchain.people import (
    BANKS,
    CUSTOMERS,
    EMPLOYERS,
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

SLOT_TIMES = (9 * 3_600, 18 * 3_600)

What = Literal["mint", "fund", "pay", "allow", "approve", "borrow", "repay", "default", "enrol"]


@dataclass(frozen=True, slots=True)
class Action:
    """One transaction, sent by `actor`. `other` is paid, minted for, or allowed to borrow up to `amount`."""

    what: What
    actor: bytes
    other: bytes = b""
    amount: int = 0
    loan: int = 0
    term_seconds: int = 0
    purpose: str = ""


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


@dataclass(slots=True)
class Entry:
    """One loan in the books; `closed` is the time of full repayment, `defaulted` that of being marked."""

    number: int
    borrower: bytes
    principal: int
    owed: int
    drawn: int
    due: int
    repaid: int = 0
    closed: int | None = None
    defaulted: int | None = None

    @property
    def late(self) -> bool:
        """Repaid in full, but after the due date."""
        return self.closed is not None and self.closed > self.due


@dataclass(frozen=True)
class Books:
    """What the simulator knows happened: loans by number, balances, how many transfers, who is enrolled.

    `payments` are transfers between people; `transfers` are all of the coin's Transfer logs.
    """

    loans: dict[int, Entry]
    balances: dict[bytes, int]
    enrolled: frozenset[bytes]
    payments: int
    transfers: int

    @property
    def repaid(self) -> int:
        """Loans repaid in full without ever being marked as defaulted."""
        return sum(entry.closed is not None and entry.defaulted is None for entry in self.loans.values())

    @property
    def late(self) -> int:
        """Of those, repaid after the due date."""
        return sum(entry.late and entry.defaulted is None for entry in self.loans.values())

    @property
    def defaults(self) -> int:
        """Loans marked as defaulted, cured later or not."""
        return sum(entry.defaulted is not None for entry in self.loans.values())


def plan(
    seed: int, borrowers: int = 214, days: int = 365, start: int = GENESIS_TIME, policy: Policy | None = None
) -> Plan:
    """The economy of `seed`: so many borrowers (the cast of three included) and days; Stop out of range."""
    _check_range("borrowers", borrowers, MIN_BORROWERS, MAX_BORROWERS)
    _check_range("days", days, 1, MAX_DAYS)
    _check_range("seed", seed, 0, 2**63 - 1)
    policy = policy or Policy()
    everyone = people(seed, borrowers, days)
    terms = Terms(policy.starter_rate_bps, policy.grace // DAY)
    deeds = [(deed, person) for person in everyone for deed in live(person, seed, days, terms)]
    deeds.sort(key=lambda pair: (pair[0].slot, pair[0].rank, pair[1].index))
    rounds = tuple(_rounds(_opening(seed), deeds, start))
    residents = tuple(Resident(p.name, p.role, p.address, p.joined) for p in everyone)
    return Plan(seed, start, days, policy, residents, rounds)


def books(plan: Plan) -> Books:
    """The accounts of a plan, kept by the contracts' rules but without any contract; pure."""
    ledger = _Ledger(plan.policy)
    for round_ in plan.rounds:
        for action in round_.actions:
            ledger.enter(round_.time, action)
    return ledger.close()


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
    encoder = _Encoder(anvil.rpc, deployment)
    drawn = sum(a.what == "borrow" for r in plan.rounds if r.time < since for a in r.actions)
    (lent,) = encoder.loans.read("lastLoanId")
    if lent != drawn:
        raise Stop(
            f"TermLoans has drawn {lent} loans where the plan has {drawn}: play on a fresh deployment."
        )
    anvil.mine_blocks(_blocks(rounds, encoder, on_progress or (lambda _done, _all: None)))


def _check_range(what: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise Stop(f"An economy's {what} must be from {low} to {high}, not {value}.")


def _opening(seed: int) -> list[Action]:
    """Money comes into the world, first of all: for the lender's pool, and for all who pay others."""
    lender = demo_address("lender")
    rich = places(seed, "employer", EMPLOYERS) + places(seed, "customer", CUSTOMERS)
    rich += places(seed, "bank", BANKS)
    mints = [Action("mint", lender, other, PURSE) for other in rich]
    fund = [Action("mint", lender, lender, POOL), Action("fund", lender, amount=POOL)]
    return mints + fund


def _rounds(opening: list[Action], deeds: Iterable[tuple[Deed, Person]], start: int) -> Iterator[Round]:
    numbers: dict[tuple[int, int], int] = {}
    by_slot = {0: opening}
    for deed, person in deeds:
        if deed.what == "borrow":
            numbers[person.index, deed.loan] = len(numbers) + 1
        number = numbers.get((person.index, deed.loan), 0)
        by_slot.setdefault(deed.slot, []).append(_action(deed, person, number))
    for slot, actions in by_slot.items():
        day, half = divmod(slot, SLOTS_A_DAY)
        yield Round(start + day * DAY + SLOT_TIMES[half], tuple(actions))


def _action(deed: Deed, person: Person, loan: int) -> Action:
    """Income is a payment by somebody else; what the lender does about a person, the lender does."""
    lender, who = demo_address("lender"), person.address
    what: What = "pay" if deed.what == "income" else deed.what
    return Action(
        what=what,
        actor={"income": deed.other, "allow": lender, "default": lender}.get(deed.what, who),
        other={"income": who, "allow": who}.get(deed.what, deed.other),
        amount=deed.cents * CENT,
        loan=loan,
        term_seconds=deed.term_days * DAY,
        purpose=deed.purpose,
    )


class _Ledger:
    """Books while they are being written."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.loans: dict[int, Entry] = {}
        self.balances: Counter[bytes] = Counter()
        self.enrolled: set[bytes] = set()
        self.counts: Counter[str] = Counter()

    def enter(self, time: int, action: Action) -> None:
        self.counts[action.what] += 1
        match action.what:
            case "mint":
                self.balances[action.other] += action.amount
            case "pay":
                self._move(action.actor, action.other, action.amount)
            case "fund":
                self._move(action.actor, b"", action.amount)
            case "borrow":
                self._draw(time, action)
            case "repay":
                self._repay(time, action)
            case "default":
                self.loans[action.loan].defaulted = time
            case "enrol":
                self.enrolled.add(action.actor)

    def _move(self, giver: bytes, taker: bytes, amount: int) -> None:
        self.balances[giver] -= amount
        self.balances[taker] += amount

    def _draw(self, time: int, action: Action) -> None:
        terms = Terms(self.policy.starter_rate_bps, 0)
        owed = terms.owed(action.amount, action.term_seconds // DAY)
        due = time + action.term_seconds
        self.loans[action.loan] = Entry(action.loan, action.actor, action.amount, owed, time, due)
        self._move(b"", action.actor, action.amount)

    def _repay(self, time: int, action: Action) -> None:
        entry = self.loans[action.loan]
        paid = min(action.amount, entry.owed - entry.repaid)
        entry.repaid += paid
        if entry.repaid == entry.owed:
            entry.closed = time
        self._move(action.actor, b"", paid)

    def close(self) -> Books:
        """`balances` has the pool under the empty address."""
        transfers = sum(self.counts[what] for what in ("mint", "fund", "pay", "borrow", "repay"))
        return Books(self.loans, dict(self.balances), frozenset(self.enrolled), self.counts["pay"], transfers)


class _Encoder:
    """Actions as transactions against one deployment; by hand, for eth_abi takes longer than the chain."""

    def __init__(self, rpc: Rpc, deployment: DevDeployment) -> None:
        self.coin = Contract(rpc, "DevCoin", deployment.coin)
        self.oracle = Contract(rpc, "CreditOracle", deployment.oracle)
        self.loans = Contract(rpc, "TermLoans", deployment.loans)
        self.pool = Contract(rpc, "LoanPool", deployment.pool)

    def transaction(self, action: Action) -> Transaction:
        contract, function, arguments = self._call(action)
        data = contract.abi.functions[function].id + b"".join(_word(argument) for argument in arguments)
        return Transaction(action.actor, contract.address, data)

    def _call(self, action: Action) -> tuple[Contract, str, tuple[bytes | int, ...]]:
        other, amount, loan, term = action.other, action.amount, action.loan, action.term_seconds
        coin, loans, pool = self.coin, self.loans, self.pool
        calls: dict[What, tuple[Contract, str, tuple[bytes | int, ...]]] = {
            "mint": (coin, "mint", (other, amount)),
            "fund": (pool, "deposit", (amount, action.actor)),
            "pay": (coin, "transfer", (other, amount)),
            "approve": (coin, "approve", (loans.address, UNLIMITED)),
            # A list of one: where it begins, the limit, how many, who.
            "allow": (pool, "allowStarter", (64, amount, 1, other)),
            # A draw: where it begins, its principal, interval and instalments; no guarantors.
            "borrow": (loans, "borrowStarter", (pool.address, 64, amount, term, 1, 128, 0)),
            "repay": (loans, "repay", (loan, amount)),
            "default": (loans, "markDefault", (loan,)),
            "enrol": (self.oracle, "enrol", ()),
        }
        return calls[action.what]


def _word(value: bytes | int) -> bytes:
    return value.to_bytes(32, "big") if isinstance(value, int) else value.rjust(32, b"\0")


def _blocks(
    rounds: list[Round], encoder: _Encoder, on_progress: Callable[[int, int], None]
) -> Iterator[tuple[list[Transaction], int]]:
    for done, round_ in enumerate(rounds, 1):
        yield [encoder.transaction(action) for action in round_.actions], round_.time
        on_progress(done, len(rounds))
