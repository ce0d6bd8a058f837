"""Cheat: what one strategy does, as rows of the ledger, and everything that it costs.

Rules that hold here: every row is what the reader gives of a real transaction; each transaction is counted
for gas; money that goes to somebody else for good (interest, gifts, fees) is lost on the day it goes; money
that only lies locked is counted in dollar-days; time is told apart, never turned into dollars.
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pyarrow as pa

from ledger_reader.keccak import keccak256
from ledger_reader.ledger import EVENTS
from oracle.devchain.deploy import DAY, DOLLAR
from oracle.devchain.rehearsal import CHAIN_ID

Row = dict[str, Any]

CENT = DOLLAR // 100
FIRST_BLOCK = 1_000_000
"""Blocks of cheats are numbered from here: the ledger orders by time first, so it does not matter."""

GAS = {
    "transfer": 52_000,
    "borrow": 191_000,
    "repay": 75_000,
    "deposit": 180_000,
    "withdraw": 180_000,
    "secured_borrow": 260_000,
    "secured_repay": 180_000,
    "invoice": 130_000,
    "note": 60_000,
}
"""Gas of one transaction. `borrow` is measured here; the others are round figures of their kind."""


class Charge(NamedTuple):
    """What a transaction cost on a day: cents lost for good, and gas."""

    day: float
    lost: int
    gas: int


class Lock(NamedTuple):
    """Own money that lies still from a day on, for so many days."""

    day: float
    cents: int
    days: float


class World(NamedTuple):
    """The economy that a cheat moves into."""

    seed: int
    start: int
    coin: bytes
    lender: bytes
    strangers: tuple[bytes, ...]
    """Accounts that have proved a loan, in the order in which they did."""

    employer: bytes
    bank: bytes


@dataclass
class Cheat:
    """One strategy: its own wallets, the rows it leaves, its bill. Days count from the world's start.

    `scored` is the wallet that it is all for; `repays` says that some wallet of the cheat repaid real debt
    to strangers; `wallets` how many scored wallets share the bill; `priced` is False where what must be paid
    has no price that anyone could state (a bribe, a bought wallet).
    """

    name: str
    world: World
    begins: int
    repays: bool = False
    wallets: int = 1
    priced: bool = True
    note: str = ""
    rows: list[Row] = field(default_factory=list)
    bill: list[Charge] = field(default_factory=list)
    locks: list[Lock] = field(default_factory=list)
    gained: int = 0
    """Cents that the cheat walks off with in the end."""

    _loans: dict[int, tuple[bytes, int, int]] = field(default_factory=dict)

    @property
    def scored(self) -> bytes:
        """The wallet whose score is to be raised."""
        return self.wallet(0)

    def wallet(self, number: int | str) -> bytes:
        """One of the cheat's own wallets."""
        return keccak256(f"{self.world.seed} cheat {self.name} {number}".encode())[12:]

    def table(self) -> pa.Table:
        """The rows in the shape of EVENTS."""
        rows = [{name: row.get(name) for name in EVENTS.names} for row in self.rows]
        return pa.Table.from_pylist(rows, schema=EVENTS)

    # -------------------------------------------------------------------------------- money that moves

    def pay(self, day: float, sender: bytes, receiver: bytes, cents: int) -> None:
        """A transfer among own wallets, or of money that comes back: it costs gas."""
        self._transfer(day, sender, receiver, cents)
        self._charge(day, "transfer")

    def give(self, day: float, sender: bytes, stranger: bytes, cents: int) -> None:
        """A transfer to somebody who is not in on it."""
        self._transfer(day, sender, stranger, cents)
        self._charge(day, "transfer", lost=cents)

    def receive(self, day: float, stranger: bytes, receiver: bytes, cents: int) -> None:
        """A transfer by somebody else: costs the receiver nothing."""
        self._transfer(day, stranger, receiver, cents)

    def lock(self, day: float, cents: int, days: float) -> None:
        """Own money that lies still from `day` on."""
        self.locks.append(Lock(day, cents, days))

    def lose(self, day: float, cents: int) -> None:
        """A fee that somebody else keeps."""
        self.bill.append(Charge(day, cents, 0))

    # -------------------------------------------------------------------------------------- real loans

    def borrow(
        self, day: float, who: bytes, cents: int, term_days: int, yearly_bps: int, lender: bytes = b""
    ) -> int:
        """Draw a loan of the listed lender with a due time; returns its number."""
        number = len(self._loans) + 1
        owed = cents - (-cents * yearly_bps * term_days // (365 * 10_000))
        self._loans[number] = who, owed, cents
        loan = self.loan_id(number)
        due = self.world.start + int((day + term_days) * DAY)
        other = lender or self.world.lender
        self._row(day, "term_loans", "borrow", who, other, owed, loan_id=loan, due_time=due)
        self._transfer(day, other, who, cents, same=True)
        self._charge(day, "borrow")
        return number

    def repay(self, day: float, number: int, share_lost_bps: int = 10_000, lender: bytes = b"") -> None:
        """Repay a loan in full; of its interest `share_lost_bps` goes to strangers."""
        who, owed, cents = self._loans[number]
        other = lender or self.world.lender
        self._row(day, "term_loans", "repay", who, who, owed, loan_id=self.loan_id(number))
        self._transfer(day, who, other, owed, same=True)
        self._charge(day, "repay", lost=(owed - cents) * share_lost_bps // 10_000)

    def cancel(self, day: float, number: int) -> None:
        """Give the principal back within the cooling-off time."""
        who, _, cents = self._loans[number]
        self._row(
            day, "term_loans", "loan_cancelled", who, self.world.lender, cents, loan_id=self.loan_id(number)
        )
        self._transfer(day, who, self.world.lender, cents, same=True)
        self._charge(day, "repay")

    def default(self, day: float, number: int) -> None:
        """Do not repay: the lender marks it, the cheat keeps the principal."""
        who, owed, cents = self._loans[number]
        self._row(day, "term_loans", "default", who, self.world.lender, owed, loan_id=self.loan_id(number))
        self.gained += cents

    # ---------------------------------------------------------- secured loans, on one's own collateral

    def secured(
        self, day: float, who: bytes, cents: int, days: float, yearly_bps: int, protocol: str
    ) -> None:
        """Deposit half as much again, borrow, repay with interest, withdraw: as a money market logs it."""
        market = keccak256(protocol.encode())[:20].rjust(32, b"\0")
        owed = cents - (-cents * yearly_bps * max(1, round(days)) // (365 * 10_000))
        entry = {"loan_id": market}
        self._row(day, protocol, "deposit", who, None, cents * 3 // 2)
        self._row(day, protocol, "borrow", who, None, cents, **entry)
        self._row(day + days, protocol, "repay", who, who, owed, **entry)
        self._row(day + days, protocol, "withdraw", who, None, cents * 3 // 2)
        for kind, at in (("deposit", day), ("secured_borrow", day), ("withdraw", day + days)):
            self._charge(at, kind)
        self._charge(day + days, "secured_repay", lost=owed - cents)
        self.lock(day, cents // 2, days)  # the borrowed half is at hand again

    # ---------------------------------------------------------------------------------------- invoices

    def invoice(self, day: float, supplier: bytes, buyer: bytes, cents: int, pay_after: int = 20) -> bytes:
        """Issued, accepted and paid in time; returns the invoice's id."""
        number = keccak256(f"{self.name} invoice {len(self.rows)}".encode())
        due = self.world.start + int((day + 30) * DAY)
        told = {"loan_id": number, "due_time": due}
        self._row(day, "receivables", "invoice_issued", supplier, buyer, cents, **told)
        self._row(day, "receivables", "invoice_accepted", supplier, buyer, cents, **told)
        self._row(day, "receivables", "invoice_accepted", buyer, supplier, cents, leg=1, same=True, **told)
        at, paid = day + pay_after, {"loan_id": number}
        self._row(at, "receivables", "invoice_paid", supplier, buyer, cents, **paid)
        self._row(at, "receivables", "invoice_paid", buyer, supplier, cents, leg=1, same=True, **paid)
        self._transfer(at, buyer, supplier, cents, same=True)
        for when in (day, day, at):
            self._charge(when, "invoice")
        return number

    def finance(self, day: float, invoice: bytes, supplier: bytes, financier: bytes, cents: int) -> None:
        """An advance on an invoice."""
        self._row(day, "receivables", "invoice_financed", supplier, financier, cents, loan_id=invoice)
        self._transfer(day, financier, supplier, cents, same=True)
        self._charge(day, "invoice")

    # --------------------------------------------------------------------- links, disputes, guarantees

    def tell(
        self, day: float, protocol: str, kind: str, account: bytes, other: bytes | None, **more: Any
    ) -> None:
        """Any other event without money: a link, a dispute, a guarantee."""
        self._row(day, protocol, kind, account, other, None, **more)
        self._charge(day, "note")

    # ---------------------------------------------------------------------------------------- the bill

    def cost(self, until: float, gas_usd: float, yearly_bps: int) -> float:
        """Dollars that all this cost before `until`, a scored wallet: gas, money lost, money locked."""
        charges = [charge for charge in self.bill if charge.day < until]
        gas = sum(charge.gas for charge in charges) * gas_usd
        lost = sum(charge.lost for charge in charges) / 100
        locked = sum(lock.cents * max(0, min(lock.days, until - lock.day)) for lock in self.locks) / 100
        return (gas + lost + locked * yearly_bps / 10_000 / 365) / self.wallets

    def _charge(self, day: float, gas: str, lost: int = 0) -> None:
        self.bill.append(Charge(day, lost, GAS[gas]))

    def loan_id(self, number: int) -> bytes:
        """The ledger's id of a loan."""
        return keccak256(f"{self.name} loan {number}".encode())

    def _transfer(self, day: float, sender: bytes, receiver: bytes, cents: int, same: bool = False) -> None:
        self._row(day, "erc20", "transfer_out", sender, receiver, cents, same=same)
        self._row(day, "erc20", "transfer_in", receiver, sender, cents, leg=1, same=True)

    def _row(
        self,
        day: float,
        protocol: str,
        kind: str,
        account: bytes,
        other: bytes | None,
        cents: int | None,
        leg: int = 0,
        same: bool = False,
        **more: Any,
    ) -> None:
        """One row; `same`: of the transaction of the row before."""
        number = FIRST_BLOCK + len(self.rows)
        fresh = keccak256(f"{self.name} {number}".encode())
        self.rows.append(
            {
                "chain_id": CHAIN_ID,
                "block_number": number,
                "log_index": len(self.rows),
                "leg": leg,
                "block_time": self.world.start + int(day * DAY),
                "tx_hash": self.rows[-1]["tx_hash"] if same and self.rows else fresh,
                "protocol": protocol,
                "kind": kind,
                "account": account,
                "counterparty": other,
                "asset": None if cents is None else self.world.coin,
                "amount": None if cents is None else cents * CENT,
                "value_cents": cents,
            }
            | more
        )
