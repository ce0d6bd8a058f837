"""Actions as transactions against one deployment; by hand, for eth_abi takes longer than the chain.

Rules that hold here: what a plan leaves unsaid because only a chain asks for it is added here: allowances
before the first payment by a contract, the holder's offer before an advance, the signature of a second
wallet; a transaction of an action that the contracts must refuse may fail, no other.
"""

from collections.abc import Iterator
from dataclasses import replace

from coincurve import PrivateKey

from ledger_reader.errors import Stop
from ledger_reader.keccak import keccak256
from ledger_reader.rpc import Rpc
from oracle.contract import Contract
from oracle.devchain.action import PURPOSES, Action, Invoice
from oracle.devchain.anvil import Transaction
from oracle.devchain.deploy import ANY_CONDITIONS, UNLIMITED, DevDeployment
from oracle.devchain.households import second_key

NO_END = 2**64 - 1
"""The deadline of a signature without one."""

Arguments = tuple[bytes | int, ...]
Call = tuple[str, str, Arguments]
"""The contract's name in a deployment, the function, the words of its arguments."""

_ABIS = {
    "coin": "DevCoin",
    "oracle": "CreditOracle",
    "loans": "TermLoans",
    "pool": "LoanPool",
    "receivables": "Receivables",
    "payments": "Payments",
    "links": "WalletLinks",
}
_DOMAIN = keccak256(b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
_LINK = keccak256(b"Link(address wallet,address with,uint256 nonce,uint64 deadline)")


class Encoder:
    """Turns actions into transactions, in the order in which they are played."""

    def __init__(self, rpc: Rpc, deployment: DevDeployment) -> None:
        self._deployment = deployment
        self._contracts = {
            name: Contract(rpc, abi, deployment.contracts[name])
            for name, abi in _ABIS.items()
            if name in deployment.contracts
        }
        self._allowed = {(deployment.lender, "pool")}  # since it was deployed

    def transactions(self, action: Action) -> Iterator[Transaction]:
        """The transaction of an action, behind those that it needs."""
        yield from self._allowance(action)
        if action.what == "finance":
            offer = _of_invoice("offer", action.invoice, action.actor, action.amount)
            yield self._transaction(replace(action, actor=action.other), offer)
        yield self._transaction(action, self._call(action))

    def _transaction(self, action: Action, call: Call) -> Transaction:
        name, function, arguments = call
        contract = self._contract(name)
        data = contract.abi.functions[function].id + b"".join(_word(argument) for argument in arguments)
        return Transaction(action.actor, contract.address, data, may_fail=action.refused)

    def _contract(self, name: str) -> Contract:
        """A contract of the deployment; Stop when it was deployed without."""
        if name not in self._contracts:
            raise Stop(f"The deployment has no {name}: deploy a rich one for an economy that is rich.")
        return self._contracts[name]

    def _allowance(self, action: Action) -> Iterator[Transaction]:
        """Before an account's first payment that a contract makes for it."""
        spender = {"settle": "receivables", "finance": "receivables", "fund": "pool"}.get(action.what)
        spender = "payments" if action.told else spender
        if spender is None or (action.actor, spender) in self._allowed:
            return
        self._allowed.add((action.actor, spender))
        approval = ("coin", "approve", (self._contract(spender).address, UNLIMITED))
        yield self._transaction(replace(action, refused=False), approval)

    def _call(self, action: Action) -> Call:
        if action.invoice is not None:
            return self._of_trade(action, action.invoice)
        other, amount, loan, term = action.other, action.amount, action.loan, action.term_seconds
        pool = self._deployment.pool
        calls: dict[str, Call] = {
            "mint": ("coin", "mint", (other, amount)),
            "fund": ("pool", "deposit", (amount, action.actor)),
            "pay": ("coin", "transfer", (other, amount)),
            "approve": ("coin", "approve", (self._deployment.loans, UNLIMITED)),
            # A list of one: where it begins, the limit, how many, who.
            "allow": ("pool", "allowStarter", (64, amount, 1, other)),
            # A draw: where it begins, its principal, interval and instalments, any conditions; no guarantors.
            "borrow": ("loans", "borrowStarter", (pool, 64, amount, term, 1, *ANY_CONDITIONS, 256, 0)),
            "repay": ("loans", "repay", (loan, amount)),
            "default": ("loans", "markDefault", (loan,)),
            "enrol": ("oracle", "enrol", ()),
            "unlink": ("links", "unlink", ()),
        }
        if action.told:
            return self._told(action)
        return self._link(action) if action.what == "link" else calls[action.what]

    def _told(self, action: Action) -> Call:
        purpose = PURPOSES.index(action.purpose) + 1
        memo = keccak256(f"{action.purpose} of {action.amount}".encode())
        arguments = (self._deployment.coin, action.other, action.amount, purpose, memo)
        return "payments", "pay", arguments

    def _link(self, action: Action) -> Call:
        """By the first wallet, with the second one's signature over its first nonce: r, s, v."""
        signature = self._signed(self._contract("links").address, action)
        parts = (signature[:32], signature[32:64], signature[64:].ljust(32, b"\0"))
        return "links", "link", (action.other, NO_END, 96, len(signature), *parts)

    def _signed(self, links: bytes, action: Action) -> bytes:
        chain = self._deployment.chain_id
        names = keccak256(b"WalletLinks") + keccak256(b"1")
        domain = keccak256(_DOMAIN + names + _word(chain) + _word(links))
        words = keccak256(_LINK + _word(action.other) + _word(action.actor) + _word(0) + _word(NO_END))
        key = PrivateKey(second_key(action.actor))
        signature = key.sign_recoverable(keccak256(b"\x19\x01" + domain + words), hasher=None)
        return signature[:64] + bytes([27 + signature[64]])

    def _of_trade(self, action: Action, invoice: Invoice) -> Call:
        if action.what == "issue":
            shown = 0 if invoice.hidden else invoice.amount
            terms = (self._deployment.coin, shown, invoice.due, invoice.commitment, invoice.document)
            return "receivables", "issue", (invoice.buyer, *terms)
        words: dict[str, Arguments] = {
            "open": (invoice.amount, invoice.salt),
            "credit": (action.amount, keccak256(b"credit" + invoice.document)),
            "dispute": (keccak256(b"dispute" + invoice.document),),
            "finance": (action.other, action.amount),
            "split": (action.other, action.amount),
            "assign": (action.other,),
            "settle": (action.amount,),
        }
        function = "pay" if action.what == "settle" else action.what
        return _of_invoice(function, invoice, *words.get(action.what, ()))


def _of_invoice(function: str, invoice: Invoice | None, *arguments: bytes | int) -> Call:
    assert invoice is not None  # noqa: S101 (only actions about invoices come here)
    return "receivables", function, (invoice.id, *arguments)


def _word(value: bytes | int) -> bytes:
    return value.to_bytes(32, "big") if isinstance(value, int) else value.rjust(32, b"\0")
