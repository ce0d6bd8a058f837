"""The contracts' refusals, written down a second time and apart from the simulator's own state."""

from collections import Counter, defaultdict
from dataclasses import replace

import pytest

from oracle.devchain.action import Action, Invoice
from oracle.devchain.deploy import DAY, Policy
from oracle.devchain.economy import CENT, Plan
from oracle.devchain.households import second_address
from oracle.devchain.people import demo_address


def check_contract_rules(economy: Plan) -> None:
    """What the contracts would refuse never happens but where the plan says so."""
    times = [round_.time for round_ in economy.rounds]
    assert times == sorted(set(times))
    chain = Rules(economy.policy)
    for round_ in economy.rounds:
        assert round_.actions
        for action in round_.actions:
            if action.refused:
                with pytest.raises(AssertionError):
                    chain.send(round_.time, action)
            else:
                chain.send(round_.time, action)


class Rules:
    """What the contracts hold, as far as they refuse by it."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.coins: Counter[bytes] = Counter()
        self.limits: dict[bytes, int] = {}
        self.approved: set[bytes] = set()
        self.enrolled: set[bytes] = set()
        self.loans: dict[int, list[int]] = {}  # [due, owed still, principal, defaulted]
        self.of: dict[bytes, list[int]] = defaultdict(list)
        self.documents: set[bytes] = set()
        self.due: dict[bytes, int] = {}
        self.status: dict[bytes, str] = {}
        self.owed: dict[bytes, int | None] = {}  # None: only committed to
        self.claims: dict[bytes, dict[bytes, int]] = {}
        self.financed: set[bytes] = set()
        self.linked: set[bytes] = set()

    def send(self, time: int, action: Action) -> None:
        getattr(self, action.what)(time, action)

    def take(self, giver: bytes, taker: bytes, amount: int) -> None:
        assert 0 < amount <= self.coins[giver]
        self.coins[giver] -= amount
        self.coins[taker] += amount

    def mint(self, _time: int, action: Action) -> None:
        self.coins[action.other] += action.amount

    def fund(self, _time: int, action: Action) -> None:
        self.take(action.actor, b"pool", action.amount)

    def pay(self, _time: int, action: Action) -> None:
        self.take(action.actor, action.other, action.amount)

    def allow(self, _time: int, action: Action) -> None:
        assert action.actor == demo_address("lender")
        self.limits[action.other] = min(action.amount, self.policy.starter_limit)

    def approve(self, _time: int, action: Action) -> None:
        self.approved.add(action.actor)

    def borrow(self, time: int, action: Action) -> None:
        assert action.loan == len(self.loans) + 1
        assert 0 < action.term_seconds <= self.policy.max_term
        assert 0 < action.amount <= self.policy.max_principal
        still = [self.loans[loan] for loan in self.of[action.actor] if self.loans[loan][1]]
        assert len(still) < 16
        assert all(due >= time for due, *_ in still)
        assert sum(principal for _, _, principal, _ in still) + action.amount <= self.limits[action.actor]
        rate = self.policy.starter_rate_bps * action.term_seconds
        interest = -(-action.amount * rate // (365 * DAY * 10_000))
        self.loans[action.loan] = [time + action.term_seconds, action.amount + interest, action.amount, 0]
        self.of[action.actor].append(action.loan)
        self.take(b"pool", action.actor, action.amount)

    def repay(self, _time: int, action: Action) -> None:
        assert action.loan in self.of[action.actor]
        assert action.actor in self.approved
        paid = min(action.amount, self.loans[action.loan][1])
        assert 0 <= action.amount - paid < CENT, "people pay whole cents, and the contract takes what is owed"
        self.loans[action.loan][1] -= paid
        self.take(action.actor, b"pool", paid)

    def default(self, time: int, action: Action) -> None:
        due, owed, _, defaulted = self.loans[action.loan]
        assert owed > 0
        assert not defaulted
        assert time > due + self.policy.grace
        self.loans[action.loan][3] = 1

    def enrol(self, _time: int, action: Action) -> None:
        assert action.actor not in self.enrolled
        self.enrolled.add(action.actor)

    def link(self, _time: int, action: Action) -> None:
        assert action.other == second_address(action.actor)
        assert not self.linked & {action.actor, action.other}
        self.linked |= {action.actor, action.other}

    def unlink(self, _time: int, action: Action) -> None:
        self.linked.remove(action.actor)

    def issue(self, time: int, action: Action) -> None:
        invoice = told(action)
        assert action.actor == invoice.supplier != invoice.buyer
        assert invoice.due > time
        assert invoice.amount > 0
        assert invoice.document not in self.documents
        self.documents.add(invoice.document)
        self.due[invoice.id], self.status[invoice.id] = invoice.due, "issued"
        self.owed[invoice.id] = None if invoice.hidden else invoice.amount

    def open(self, _time: int, action: Action) -> None:
        invoice = told(action)
        assert self.owed[invoice.id] is None
        assert self.status[invoice.id] != "voided"
        self.owed[invoice.id] = invoice.amount
        self.claims[invoice.id] = {invoice.supplier: invoice.amount}

    def accept(self, _time: int, action: Action) -> None:
        invoice = told(action)
        assert action.actor == invoice.buyer
        assert self.status[invoice.id] in ("issued", "disputed")
        self.status[invoice.id] = "accepted"
        self.claims[invoice.id] = {invoice.supplier: self.owed[invoice.id] or 0}

    def dispute(self, _time: int, action: Action) -> None:
        assert action.actor == told(action).buyer
        assert self.status[told(action).id] == "issued"
        self.status[told(action).id] = "disputed"

    def void(self, _time: int, action: Action) -> None:
        assert action.actor == told(action).supplier
        assert self.status[told(action).id] in ("issued", "disputed")
        self.status[told(action).id] = "voided"

    def credit(self, _time: int, action: Action) -> None:
        assert action.actor == told(action).supplier
        claims, owed = self.accepted(action)
        assert 0 < action.amount <= claims[action.actor]
        claims[action.actor] -= action.amount
        self.owed[told(action).id] = owed - action.amount

    def split(self, _time: int, action: Action) -> None:
        claims, _ = self.accepted(action)
        assert action.other != told(action).buyer
        assert 0 < action.amount <= claims[action.actor]
        claims[action.actor] -= action.amount
        claims[action.other] = claims.get(action.other, 0) + action.amount

    def assign(self, time: int, action: Action) -> None:
        claims, _ = self.accepted(action)
        self.split(time, replace(action, amount=claims[action.actor]))
        self.in_place(action, action.actor, action.other)

    def finance(self, time: int, action: Action) -> None:
        claims, _ = self.accepted(action)
        invoice, holder = told(action), action.other
        assert time <= invoice.due
        assert invoice.id not in self.financed
        assert action.actor not in (holder, invoice.supplier, invoice.buyer)
        assert 0 < action.amount <= claims[holder]
        self.financed.add(invoice.id)
        claims[action.actor], claims[holder] = claims[holder], 0
        self.in_place(action, holder, action.actor)
        self.take(action.actor, holder, action.amount)

    def settle(self, _time: int, action: Action) -> None:
        claims, owed = self.accepted(action)
        assert 0 < action.amount <= owed
        assert action.actor not in claims
        before, paid = 0, 0
        for holder, claim in claims.items():
            before += claim
            share = action.amount * before // owed - paid
            paid += share
            claims[holder] -= share
            if share:
                self.take(action.actor, holder, share)
        assert paid == action.amount
        self.owed[told(action).id] = owed - paid

    def accepted(self, action: Action) -> tuple[dict[bytes, int], int]:
        """The claims on an invoice that is accepted and open, and what is outstanding."""
        owed = self.owed[told(action).id]
        assert self.status[told(action).id] == "accepted"
        assert owed
        return self.claims[told(action).id], owed

    def in_place(self, action: Action, giver: bytes, taker: bytes) -> None:
        """A claim that goes over whole keeps its place."""
        held = self.claims[told(action).id]
        whole = held.pop(taker)
        self.claims[told(action).id] = {
            taker if h == giver else h: whole if h == giver else claim for h, claim in held.items()
        }


def told(action: Action) -> Invoice:
    assert action.invoice is not None
    return action.invoice
