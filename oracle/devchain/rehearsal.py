"""The ledger that playing a plan would give, without any chain: for notebooks and quick trials.

Rules that hold here: pure; the rows of each round are those that the reader finds after `play`, in the
same order and with the same values (a test plays a plan and compares); only block numbers, log indices and
transaction hashes are made up: a round is a block, numbered from 1, its rows from 0.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

from ledger_reader.keccak import keccak256
from ledger_reader.ledger import BLOCKS, EVENTS, ChainBlock
from ledger_reader.protocols.term_loans import loan_id
from ledger_reader.store import LedgerStore
from oracle.devchain.action import PURPOSES, Action, Invoice
from oracle.devchain.deploy import DAY, DOLLAR, LINK_DELAY
from oracle.devchain.economy import Plan
from oracle.devchain.invoices import InvoiceBook
from oracle.devchain.life import Terms
from oracle.devchain.people import address

CHAIN_ID = 31_337
CENT = DOLLAR // 100
MADE_UP = ("coin", "loans", "pool", "links")
INVOICE_KINDS = {
    "issue": "invoice_issued",
    "open": "invoice_opened",
    "accept": "invoice_accepted",
    "dispute": "invoice_disputed",
    "void": "invoice_voided",
    "credit": "invoice_credited",
    "finance": "invoice_financed",
    "assign": "invoice_assigned",
    "split": "invoice_split",
    "settle": "invoice_paid",
}

Row = dict[str, Any]


def rehearse_into(store: LedgerStore, plan: Plan) -> ChainBlock:
    """Write all of a plan into a new ledger; returns the head, a block at the end of the plan's last day."""
    blocks = [(number, round_.time) for number, round_ in enumerate(plan.rounds, 1)]
    head_time = plan.start + plan.days * DAY + 1
    blocks.append((len(blocks) + 1, head_time))
    rows = [
        {
            "chain_id": CHAIN_ID,
            "number": number,
            "hash": _hash(plan, number),
            "parent_hash": None,
            "time": time,
        }
        for number, time in blocks
    ]
    head = ChainBlock(CHAIN_ID, len(blocks), _hash(plan, len(blocks)), head_time)
    store.append(rehearse(plan), pa.Table.from_pylist(rows, schema=BLOCKS), head)
    return head


def addresses(seed: int) -> dict[str, bytes]:
    """Made-up addresses of a deployment's contracts, by their names in it."""
    return {name: address(seed, f"contract {name}") for name in MADE_UP}


def rehearse(plan: Plan, contracts: Mapping[str, bytes] | None = None) -> pa.Table:
    """All events of a plan in the shape of EVENTS; `contracts` as a DevDeployment names them, or made up."""
    stage = _Stage(Terms(plan.policy.starter_rate_bps, 0), contracts or addresses(plan.seed))
    columns: dict[str, list[Any]] = {name: [] for name in EVENTS.names}
    for number, round_ in enumerate(plan.rounds, 1):
        logs = (log for action in round_.actions for log in stage.logs(round_.time, action))
        for index, rows in enumerate(logs):
            place = {
                "chain_id": CHAIN_ID,
                "block_number": number,
                "log_index": index,
                "block_time": round_.time,
                "tx_hash": _hash(plan, number, index),
            }
            for row in rows:
                whole = row | place
                for name, column in columns.items():
                    column.append(whole.get(name))
    arrays = [_array(name, column) for name, column in columns.items()]
    return pa.table(arrays, schema=EVENTS)


def _array(name: str, column: list[Any]) -> pa.Array:
    """Amounts of an economy fit into 64 bits, which are converted much faster than larger ones."""
    kind = EVENTS.field(name).type
    return pa.array(column, pa.int64()).cast(kind) if name == "amount" else pa.array(column, kind)


def _hash(plan: Plan, *numbers: int) -> bytes:
    return keccak256(f"{plan.seed} {numbers}".encode())


class _Stage:
    """The contracts, as far as their logs go: loans and invoices as they stand, and who is linked."""

    def __init__(self, terms: Terms, contracts: Mapping[str, bytes]) -> None:
        self.terms = terms
        self.coin, self.loans, self.pool = (contracts[name] for name in ("coin", "loans", "pool"))
        self.links = contracts.get("links", b"")
        self.owed: dict[int, int] = {}
        self.borrower: dict[int, bytes] = {}
        self.invoices = InvoiceBook()
        self.bundles: dict[bytes, tuple[bytes, bytes]] = {}

    def logs(self, time: int, action: Action) -> Iterator[list[Row]]:
        """The rows of each log that an action leaves, one list a log."""
        if action.refused:
            return
        if action.invoice is not None:
            yield from self._trade(time, action, action.invoice)
        elif action.what in ("link", "unlink"):
            yield from self._bundle(time, action)
        elif action.what == "enrol":
            yield [{"protocol": "credit_oracle", "kind": "enrolled", "account": action.actor, "leg": 0}]
        else:
            yield from self._money_logs(time, action)

    def _money_logs(self, time: int, action: Action) -> Iterator[list[Row]]:
        match action.what:
            case "mint":
                yield [self._leg("transfer_in", action.other, None, action.amount, 1)]
            case "fund":
                yield self._transfer(action.actor, self.pool, action.amount)
            case "pay":
                yield from self._pay(action)
            case "borrow":
                yield from self._draw(time, action)
            case "repay":
                yield from self._repay(action)
            case "default":
                yield [self._of_loan("default", action.loan, self.pool, self.owed[action.loan])]

    def _pay(self, action: Action) -> Iterator[list[Row]]:
        yield self._transfer(action.actor, action.other, action.amount)
        if action.told:
            row = self._money("payments", "purpose", action.actor, action.other, action.amount)
            purpose = PURPOSES.index(action.purpose) + 1
            yield [row | {"leg": 0, "loan_id": purpose.to_bytes(32, "big")}]

    def _bundle(self, time: int, action: Action) -> Iterator[list[Row]]:
        """The first link of a person tells both wallets, and so does the parting of the last two."""
        first = action.actor, action.other
        if action.what == "link":
            number = len(self.bundles) + 1
            words = CHAIN_ID.to_bytes(32, "big") + self.links.rjust(32, b"\0") + number.to_bytes(32, "big")
            self.bundles[action.other] = keccak256(words), action.actor
            for wallet, other in (first, first[::-1]):
                yield [self._of_person("linked", wallet, keccak256(words)) | {"counterparty": other}]
            return
        person, other = self.bundles[action.actor]
        for wallet in (action.actor, other):
            yield [self._of_person("unlinked", wallet, person) | {"due_time": time + LINK_DELAY}]

    def _of_person(self, kind: str, wallet: bytes, person: bytes) -> Row:
        return {"protocol": "wallet_links", "kind": kind, "account": wallet, "leg": 0, "loan_id": person}

    def _trade(self, time: int, action: Action, invoice: Invoice) -> Iterator[list[Row]]:
        """The log of the invoice, then the coin's."""
        book = self.invoices
        known = action.what != "issue" and book.standings[invoice.id].opened
        claim = 0 if action.what != "assign" else book.standings[invoice.id].claim_of(action.actor)
        payments = book.enter(time, action)
        whole = invoice.amount if known or not invoice.hidden else None
        amount = {"assign": claim, "open": invoice.amount}.get(action.what, action.amount) or whole
        yield self._of_invoice(action, invoice, amount)
        for holder, share in payments:
            yield self._transfer(action.actor, holder, share)

    def _of_invoice(self, action: Action, invoice: Invoice, amount: int | None) -> list[Row]:
        """Leg 0 of the supplier or of who holds the claim, leg 1 of the buyer where it takes part."""
        supplier, buyer, kind = invoice.supplier, invoice.buyer, INVOICE_KINDS[action.what]
        giver = {"assign": action.actor, "split": action.actor, "finance": action.other}
        taker = {"assign": action.other, "split": action.other, "finance": action.actor}
        parties = giver.get(action.what, supplier), (taker | {"settle": action.actor}).get(action.what, buyer)
        due = invoice.due if action.what in ("issue", "accept") else None
        more = {"loan_id": invoice.id, "due_time": due}
        rows = [self._money("receivables", kind, *parties, amount) | more | {"leg": 0}]
        if action.what in ("accept", "dispute", "settle", "credit"):
            rows.append(self._money("receivables", kind, buyer, supplier, amount) | more | {"leg": 1})
        return rows

    def _draw(self, time: int, action: Action) -> Iterator[list[Row]]:
        owed = self.terms.owed(action.amount, action.term_seconds // DAY)
        self.owed[action.loan], self.borrower[action.loan] = owed, action.actor
        drawn = self._of_loan("borrow", action.loan, self.pool, owed)
        yield [drawn | {"due_time": time + action.term_seconds}]
        yield self._transfer(self.pool, action.actor, action.amount)

    def _repay(self, action: Action) -> Iterator[list[Row]]:
        paid = min(action.amount, self.owed[action.loan])
        self.owed[action.loan] -= paid
        yield [self._of_loan("repay", action.loan, action.actor, paid)]
        yield self._transfer(action.actor, self.pool, paid)

    def _transfer(self, sender: bytes, receiver: bytes, amount: int) -> list[Row]:
        out = self._leg("transfer_out", sender, receiver, amount, 0)
        return [out, self._leg("transfer_in", receiver, sender, amount, 1)]

    def _leg(self, kind: str, account: bytes, other: bytes | None, amount: int, leg: int) -> Row:
        return self._money("erc20", kind, account, other, amount) | {"leg": leg}

    def _of_loan(self, kind: str, loan: int, other: bytes, amount: int) -> Row:
        row = self._money("term_loans", kind, self.borrower[loan], other, amount)
        return row | {"leg": 0, "loan_id": loan_id(self.loans, loan)}

    def _money(
        self, protocol: str, kind: str, account: bytes, other: bytes | None, amount: int | None
    ) -> Row:
        return {
            "protocol": protocol,
            "kind": kind,
            "account": account,
            "counterparty": other,
            "asset": self.coin,
            "amount": amount,
            "value_cents": None if amount is None else amount // CENT,
        }
