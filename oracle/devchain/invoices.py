"""Invoices by the contract's rules, without any contract: where each stands, who holds what of it.

Rules that hold here: pure accounts; an action that the contract would refuse is a KeyError or a ValueError
here, so that no plan can hold one unnoticed (but for those marked `refused`, which must not be entered);
a payment is shared among the holders in proportion to their claims, each share rounded down and the
rest to the first holder; amounts are raw units, times Unix seconds.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from oracle.devchain.action import Action, Invoice

Payments = list[tuple[bytes, int]]
"""Who is paid how much."""


@dataclass(slots=True)
class Standing:
    """One invoice in the books.

    `claims`: holder → what it is to be paid, the first holder first, whole from acceptance on; `opened`:
    the amount is known. `paid_in_time` is what was paid by the due time.
    """

    invoice: Invoice
    issued: int
    status: str = "issued"
    opened: bool = True
    outstanding: int = 0
    claims: dict[bytes, int] = field(default_factory=dict)
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
    standing.claims = {standing.invoice.supplier: standing.invoice.amount}
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
    _require_claim(standing, action, standing.invoice.supplier, action.amount)
    standing.claims[standing.invoice.supplier] -= action.amount
    standing.outstanding -= action.amount
    standing.credited += action.amount
    if not standing.outstanding:
        standing.status, standing.closed = "credited", time
    return []


def _finance(time: int, standing: Standing, action: Action) -> Payments:
    """The financier pays the holder and holds its claim from then on; once an invoice, before it is due."""
    holder, financier = action.other, action.actor
    claim = standing.claims.get(holder, 0)
    _require_claim(standing, action, holder, claim)
    parties = (holder, standing.invoice.supplier, standing.invoice.buyer)
    _require(standing.financier is None and financier not in parties, action)
    _require(time < standing.invoice.due and 0 < action.amount <= claim, action)
    standing.financier, standing.advance = financier, action.amount
    _move_claim(standing, holder, financier, claim)
    return [(holder, action.amount)]


def _assign(time: int, standing: Standing, action: Action) -> Payments:
    return _split(time, standing, replace(action, amount=standing.claims.get(action.actor, 0)))


def _split(_time: int, standing: Standing, action: Action) -> Payments:
    amount = action.amount
    _require_claim(standing, action, action.actor, amount)
    _require(action.other not in (action.actor, standing.invoice.buyer), action)
    _move_claim(standing, action.actor, action.other, amount)
    return []


def _move_claim(standing: Standing, giver: bytes, taker: bytes, amount: int) -> None:
    standing.claims[taker] = standing.claims.get(taker, 0) + amount
    standing.claims[giver] -= amount
    if not standing.claims[giver]:
        del standing.claims[giver]


def _settle(time: int, standing: Standing, action: Action) -> Payments:
    """A payment, shared among the holders."""
    amount, whole = action.amount, standing.outstanding
    _require(standing.status == "accepted" and standing.opened and 0 < amount <= whole, action)
    shares = {holder: claim * amount // whole for holder, claim in standing.claims.items()}
    shares[next(iter(shares))] += amount - sum(shares.values())
    left = {holder: claim - shares[holder] for holder, claim in standing.claims.items()}
    standing.claims = {holder: claim for holder, claim in left.items() if claim}
    standing.outstanding -= amount
    standing.paid += amount
    standing.paid_in_time += amount if time <= standing.invoice.due else 0
    if not standing.outstanding:
        standing.status, standing.closed = "paid", time
    return [(holder, share) for holder, share in shares.items() if share]


def _require_claim(standing: Standing, action: Action, holder: bytes, amount: int) -> None:
    _require(standing.status == "accepted" and standing.opened, action)
    _require(0 < amount <= standing.claims.get(holder, 0), action)


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
