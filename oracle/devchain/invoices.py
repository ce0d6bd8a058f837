"""Invoices by the contract's rules, without any contract: where each stands, who holds what of it.

Rules that hold here: pure accounts; an action that the contract would refuse is a KeyError or a ValueError
here, so that no plan can hold one unnoticed (those marked `refused` must not be entered); stricter than the
contract in one thing: a claim is only given to who has none of that invoice yet;
a payment is shared among the holders in proportion to their claims, as Claims.sol rounds it; amounts are
raw units, times Unix seconds.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from oracle.devchain.action import Action, Invoice

Payments = list[tuple[bytes, int]]
"""Who is paid how much."""


@dataclass(slots=True)
class Standing:
    """One invoice in the books.

    `claims`: (holder, what it is to be paid), in the contract's order, once the invoice is accepted and
    `opened`: its amount known. `paid_in_time` is what was paid by the due time.
    """

    invoice: Invoice
    issued: int
    status: str = "issued"
    opened: bool = True
    outstanding: int = 0
    claims: list[tuple[bytes, int]] = field(default_factory=list)
    accepted: int | None = None
    closed: int | None = None
    financier: bytes | None = None
    advance: int = 0
    paid: int = 0
    paid_in_time: int = 0
    credited: int = 0

    @property
    def on_time(self) -> bool:
        """Paid in full, and all of it by the due time."""
        return self.status == "paid" and self.paid == self.paid_in_time

    def claim_of(self, holder: bytes) -> int:
        """What a holder is to be paid; 0 for anyone else."""
        return dict(self.claims).get(holder, 0)


class InvoiceBook:
    """All invoices by id, as they stand after the actions entered so far."""

    def __init__(self) -> None:
        self.standings: dict[bytes, Standing] = {}

    def enter(self, time: int, action: Action) -> Payments:
        """Enter what was done; who is paid how much by it, in the contract's order.

        ValueError when the contract would refuse it; KeyError of an invoice that was never issued.
        """
        invoice = action.invoice
        if invoice is None:
            raise ValueError(f"{action.what} is not about an invoice")
        if action.what != "issue":
            return _STEPS[action.what](time, self.standings[invoice.id], action)
        _require(invoice.id not in self.standings and invoice.supplier != invoice.buyer, action)
        _require(time < invoice.due, action)
        standing = self.standings[invoice.id] = Standing(invoice, time, opened=False)
        return [] if invoice.hidden else _open(time, standing, action)


def _open(_time: int, standing: Standing, action: Action) -> Payments:
    _require(not standing.opened, action)
    standing.opened, standing.outstanding = True, standing.invoice.amount
    standing.claims = [(standing.invoice.supplier, standing.invoice.amount)]
    return []


def _accept(time: int, standing: Standing, action: Action) -> Payments:
    _require(standing.status in ("issued", "disputed"), action)
    standing.status, standing.accepted = "accepted", time
    return []


def _dispute(_time: int, standing: Standing, action: Action) -> Payments:
    _require(standing.status == "issued", action)
    standing.status = "disputed"
    return []


def _void(time: int, standing: Standing, action: Action) -> Payments:
    _require(standing.status in ("issued", "disputed"), action)
    standing.status, standing.closed = "voided", time
    return []


def _credit(time: int, standing: Standing, action: Action) -> Payments:
    """The supplier takes back some of what it holds itself."""
    _lessen(standing, action, standing.invoice.supplier)
    standing.outstanding -= action.amount
    standing.credited += action.amount
    if not standing.outstanding:
        standing.status, standing.closed = "credited", time
    return []


def _finance(time: int, standing: Standing, action: Action) -> Payments:
    """The financier pays the holder and holds its claim from then on; once an invoice, until it is due."""
    holder, financier = action.other, action.actor
    parties = (holder, standing.invoice.supplier, standing.invoice.buyer)
    _require(standing.financier is None and financier not in parties, action)
    _require(time <= standing.invoice.due and 0 < action.amount <= standing.claim_of(holder), action)
    _hand_over(standing, action, holder, financier)
    standing.financier, standing.advance = financier, action.amount
    return [(holder, action.amount)]


def _assign(_time: int, standing: Standing, action: Action) -> Payments:
    _hand_over(standing, action, action.actor, action.other)
    return []


def _split(_time: int, standing: Standing, action: Action) -> Payments:
    giver, taker = action.actor, action.other
    _require(taker not in (standing.invoice.buyer, *dict(standing.claims)), action)
    _lessen(standing, action, giver)
    standing.claims = [*standing.claims, (taker, action.amount)]
    return []


def _settle(time: int, standing: Standing, action: Action) -> Payments:
    """A payment: claims up to and with a holder's are to have their part, rounded down, all together."""
    amount, whole = action.amount, standing.outstanding
    _require(standing.status == "accepted" and standing.opened and 0 < amount <= whole, action)
    claimed = shared = 0
    shares, left = list[tuple[bytes, int]](), list[tuple[bytes, int]]()
    for holder, claim in standing.claims:
        claimed += claim
        share = amount * claimed // whole - shared
        shared += share
        shares.append((holder, share))
        left.append((holder, claim - share))
    standing.claims, standing.outstanding = left, whole - amount
    standing.paid += amount
    standing.paid_in_time += amount if time <= standing.invoice.due else 0
    if not standing.outstanding:
        standing.status, standing.closed = "paid", time
    return [(holder, share) for holder, share in shares if share]


def _lessen(standing: Standing, action: Action, holder: bytes) -> None:
    """Take the action's amount off a holder's claim; a claim of nothing keeps its place."""
    _require(standing.status == "accepted" and standing.opened, action)
    _require(0 < action.amount <= standing.claim_of(holder), action)
    standing.claims = [(h, claim - action.amount * (h == holder)) for h, claim in standing.claims]


def _hand_over(standing: Standing, action: Action, giver: bytes, taker: bytes) -> None:
    """All of a claim goes to somebody who had none."""
    _require(standing.status == "accepted" and standing.claim_of(giver) > 0, action)
    _require(taker != standing.invoice.buyer and taker not in dict(standing.claims), action)
    standing.claims = [(taker if h == giver else h, claim) for h, claim in standing.claims]


def _require(condition: bool, action: Action) -> None:
    if not condition:
        raise ValueError(f"the contract refuses {action}")


_STEPS: dict[str, Callable[[int, Standing, Action], Payments]] = {
    "open": _open,
    "accept": _accept,
    "dispute": _dispute,
    "void": _void,
    "credit": _credit,
    "finance": _finance,
    "assign": _assign,
    "split": _split,
    "settle": _settle,
}
