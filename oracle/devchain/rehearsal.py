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
from oracle.devchain.deploy import DAY, DOLLAR
from oracle.devchain.economy import Action, Plan
from oracle.devchain.life import Terms
from oracle.devchain.people import address

CHAIN_ID = 31_337
CENT = DOLLAR // 100

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
    return {name: address(seed, f"contract {name}") for name in ("coin", "loans", "pool")}


def rehearse(plan: Plan, contracts: Mapping[str, bytes] | None = None) -> pa.Table:
    """All events of a plan in the shape of EVENTS; `contracts` as a DevDeployment names them, or made up."""
    stage = _Stage(Terms(plan.policy.starter_rate_bps, 0), contracts or addresses(plan.seed))
    rows = [
        row
        | {"chain_id": CHAIN_ID, "block_number": number, "log_index": index, "block_time": round_.time}
        | {"tx_hash": _hash(plan, number, index)}
        for number, round_ in enumerate(plan.rounds, 1)
        for index, rows in enumerate(
            log for action in round_.actions for log in stage.logs(round_.time, action)
        )
        for row in rows
    ]
    columns = {name: [row.get(name) for row in rows] for name in EVENTS.names}
    columns["amount"] = pa.array(columns["amount"], pa.decimal128(38, 0))
    return pa.table(columns, schema=EVENTS)


def _hash(plan: Plan, *numbers: int) -> bytes:
    return keccak256(f"{plan.seed} {numbers}".encode())


class _Stage:
    """The contracts, as far as their logs go: who borrowed which loan, and what is still owed on it."""

    def __init__(self, terms: Terms, contracts: Mapping[str, bytes]) -> None:
        self.terms = terms
        self.coin, self.loans, self.pool = (contracts[name] for name in ("coin", "loans", "pool"))
        self.owed: dict[int, int] = {}
        self.borrower: dict[int, bytes] = {}

    def logs(self, time: int, action: Action) -> Iterator[list[Row]]:
        """The rows of each log that an action leaves, one list a log."""
        actor, other, amount = action.actor, action.other, action.amount
        match action.what:
            case "mint":
                yield [self._leg("transfer_in", other, None, amount, 1)]
            case "fund":
                yield self._transfer(actor, self.pool, amount)
            case "pay":
                yield self._transfer(actor, other, amount)
            case "borrow":
                yield from self._draw(time, action)
            case "repay":
                yield from self._repay(action)
            case "default":
                yield [self._of_loan("default", action.loan, self.pool, self.owed[action.loan])]
            case "enrol":
                yield [{"protocol": "credit_oracle", "kind": "enrolled", "account": actor, "leg": 0}]

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

    def _money(self, protocol: str, kind: str, account: bytes, other: bytes | None, amount: int) -> Row:
        return {
            "protocol": protocol,
            "kind": kind,
            "account": account,
            "counterparty": other,
            "asset": self.coin,
            "amount": amount,
            "value_cents": amount // CENT,
        }
