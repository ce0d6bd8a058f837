"""The simulator's own accounts of a plan, kept by the contracts' rules but without any contract.

Rules that hold here: pure; nothing is read from a chain, so that what a reader finds there can be compared;
amounts are raw units, times Unix seconds; a refused action changes nothing but its count.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from oracle.devchain.action import Action
from oracle.devchain.deploy import DAY, Policy
from oracle.devchain.invoices import InvoiceBook, Standing
from oracle.devchain.life import Terms


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


@dataclass(slots=True)
class Bundle:
    """Two wallets of one person: from when on, and when the second asked to leave (None: it has not)."""

    wallets: tuple[bytes, bytes]
    linked: int
    unlinked: int | None = None


@dataclass(frozen=True)
class Books:
    """What the simulator knows happened: loans by number, invoices by id, balances, who is enrolled.

    `payments` are transfers between people; `transfers` are all of the coin's Transfer logs. `told` are
    the payments that said their purpose, how many and how much; `bundles` in the order of linking.
    """

    loans: dict[int, Entry]
    invoices: dict[bytes, Standing]
    balances: dict[bytes, int]
    enrolled: frozenset[bytes]
    payments: int
    transfers: int
    told: Mapping[str, tuple[int, int]]
    bundles: tuple[Bundle, ...]
    refused: int

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


class Bookkeeper:
    """Books while they are being written."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.loans: dict[int, Entry] = {}
        self.invoices = InvoiceBook()
        self.balances: Counter[bytes] = Counter()
        self.enrolled: set[bytes] = set()
        self.bundles: dict[bytes, Bundle] = {}
        self.counts: Counter[str] = Counter()
        self.told: dict[str, tuple[int, int]] = {}

    def enter(self, time: int, action: Action) -> None:
        """Enter one action of the block at `time`."""
        self.counts["refused" if action.refused else action.what] += 1
        if action.refused:
            return
        if action.invoice is not None:
            self._trade(time, action)
        elif action.what in _ENTRIES:
            _ENTRIES[action.what](self, time, action)

    def close(self) -> Books:
        """`balances` has the pool under the empty address."""
        transfers = sum(self.counts[what] for what in ("mint", "fund", "pay", "borrow", "repay", "share"))
        return Books(
            self.loans,
            self.invoices.standings,
            dict(self.balances),
            frozenset(self.enrolled),
            self.counts["pay"],
            transfers,
            self.told,
            tuple(self.bundles.values()),
            self.counts["refused"],
        )

    def _mint(self, _time: int, action: Action) -> None:
        self.balances[action.other] += action.amount

    def _fund(self, _time: int, action: Action) -> None:
        self._move(action.actor, b"", action.amount)

    def _pay(self, _time: int, action: Action) -> None:
        self._move(action.actor, action.other, action.amount)
        if action.told:
            count, total = self.told.get(action.purpose, (0, 0))
            self.told[action.purpose] = count + 1, total + action.amount

    def _borrow(self, time: int, action: Action) -> None:
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

    def _default(self, time: int, action: Action) -> None:
        self.loans[action.loan].defaulted = time

    def _enrol(self, _time: int, action: Action) -> None:
        self.enrolled.add(action.actor)

    def _link(self, time: int, action: Action) -> None:
        self.bundles[action.other] = Bundle((action.actor, action.other), time)

    def _unlink(self, time: int, action: Action) -> None:
        self.bundles[action.actor].unlinked = time

    def _trade(self, time: int, action: Action) -> None:
        for holder, amount in self.invoices.enter(time, action):
            self._move(action.actor, holder, amount)
            self.counts["share"] += 1

    def _move(self, giver: bytes, taker: bytes, amount: int) -> None:
        self.balances[giver] -= amount
        self.balances[taker] += amount


_ENTRIES: dict[str, Callable[[Bookkeeper, int, Action], None]] = {
    "mint": Bookkeeper._mint,
    "fund": Bookkeeper._fund,
    "pay": Bookkeeper._pay,
    "borrow": Bookkeeper._borrow,
    "repay": Bookkeeper._repay,
    "default": Bookkeeper._default,
    "enrol": Bookkeeper._enrol,
    "link": Bookkeeper._link,
    "unlink": Bookkeeper._unlink,
}
"""What changes something in the books; allowances and starter limits do not."""
