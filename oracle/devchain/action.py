"""One thing that somebody does in the simulated economy: a transaction, before it is one.

Rules that hold here: amounts are raw units of DevCoin (10^6 a dollar), times Unix seconds; an action names
accounts and never contracts, so the same plan can be played on any deployment, kept in books, or
rehearsed without a chain. `refused` marks what a contract must refuse: it changes nothing anywhere.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from ledger_reader.keccak import keccak256

Lending = Literal["mint", "fund", "allow", "approve", "borrow", "repay", "default"]
Trading = Literal[
    "issue", "open", "accept", "dispute", "void", "credit", "finance", "assign", "split", "settle"
]
What = Literal[Lending, Trading, "pay", "enrol", "link", "unlink"]

PURPOSES = ("wage", "rent", "remittance", "trade")
"""What a payment may say of itself, in the order of IPayments.Purpose from 1 on."""


@dataclass(frozen=True, slots=True)
class Invoice:
    """What two parties agreed on: of the supplier's invoices the `number`th, `amount` due until `due`.

    `hidden`: its amount is only committed to when it is issued.
    """

    supplier: bytes
    buyer: bytes
    number: int
    amount: int
    due: int
    hidden: bool = False

    @property
    def document(self) -> bytes:
        """The hash of the document, 32 bytes."""
        return keccak256(b"invoice" + self.supplier + self.number.to_bytes(8, "big"))

    @property
    def salt(self) -> bytes:
        """What hides the amount, 32 bytes."""
        return keccak256(b"salt" + self.document)

    @property
    def commitment(self) -> bytes:
        """What is published of a hidden amount, 32 bytes; zero for one that is told."""
        return keccak256(self.amount.to_bytes(32, "big") + self.salt) if self.hidden else bytes(32)

    @property
    def id(self) -> bytes:
        """The invoice's id as IReceivables derives it, 32 bytes."""
        return keccak256(self.supplier.rjust(32, b"\0") + self.buyer.rjust(32, b"\0") + self.document)


@dataclass(frozen=True, slots=True)
class Action:
    """One transaction, sent by `actor`.

    `other` is paid, minted for, allowed to borrow up to `amount`, linked with, or takes a claim on the
    `invoice` (of which finance is sent by the financier, `other` being the holder). `purpose` is a
    payment's own word, which a `told` one says on chain (one of PURPOSES); else it stays the simulator's.
    """

    what: What
    actor: bytes
    other: bytes = b""
    amount: int = 0
    loan: int = 0
    term_seconds: int = 0
    purpose: str = ""
    told: bool = False
    invoice: Invoice | None = None
    refused: bool = False


class Planned(NamedTuple):
    """An action and its slot; within a slot rank decides, then `order`."""

    slot: int
    rank: int
    order: tuple[int, ...]
    action: Action
