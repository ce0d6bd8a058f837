"""The world of the Shanghai walk-through: four institutions, five firms, half a year of trade and loans.

Rules that hold here: development only; blocks stand at fixed times, so that amounts are the same in each run
(keys, salts and all that hashes them are not); what the story says is signed is signed with that firm's own
key and carried by the platform; other transactions are sent for the cast by the chain. The scorecard is an
expert's: a platform that has no history yet sets points by hand, and says so.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from eth_account import Account

from ledger_reader.keccak import keccak256
from models import manifest as manifests
from models import scorecard as scorecards
from models.features.catalogue import FEATURES, feature_set_version
from models.manifest import Manifest
from models.rules import Rule
from models.scorecard import Scorecard
from models.segment import Segment, Term
from oracle.contract import Contract, load_abi
from oracle.devchain.anvil import Receipt, Transaction
from oracle.devchain.deploy import (
    ANY_CONDITIONS,
    CREATION_GAS,
    DAY,
    DOLLAR,
    UNLIMITED,
    DevDeployment,
    Policy,
    Row,
)
from oracle.devchain.people import demo_address, demo_key
from oracle.devchain.stage import Stage

ENROLLED = ("Lin", "Core", "Bo", "Kai")
"""A micro firm, its core buyer, a haulier, a firm founded last week; not Qi, another buyer."""

PAST_DAYS, PLATFORM, ARBITER = 221, "platform", "arbiter"
HOUR = 3_600
SCORE_AGE = 14 * DAY
FULL, THIN = 1, 2
"""Of a table's statuses: which records it takes."""

POLICY = Policy(
    max_principal=2_000 * DOLLAR,
    starter_limit=2_000 * DOLLAR,
    table=(
        Row(650, FULL, 0, 900, 150, 50_000 * DOLLAR),
        Row(550, FULL | THIN, 0, 1_400, 500, 2_000 * DOLLAR),
    ),
)
ADVANCES = ((550, 650, FULL | THIN, FULL, 8_000, 800),)
"""InvoiceFinance: supplier at least 550, full or short; buyer at least 650, full; 80 % at 8 % a year."""

ADVANCE_TERMS = (90 * DAY, SCORE_AGE, 100_000 * DOLLAR, 500_000 * DOLLAR)
MOST_UPHELD, WINDOW = 9, 7 * DAY

BILLS = (
    *(("Lin", "Qi" if month == 1 else "Core", 10 + 30 * month, 6_000 + 500 * month) for month in range(6)),
    ("Bo", "Lin", 42, 300),
    ("Bo", "Lin", 104, 350),
)
"""Supplier, buyer, day, dollars: due after 26 days, paid after 22."""

LOANS = (
    ("Core", 15, 25, 1_500),
    ("Bo", 16, 25, 400),
    ("Core", 75, 25, 1_500),
    ("Bo", 76, 28, 500),
    ("Bo", 136, 33, 600),
)
"""Borrower, day, days until it is repaid (due after 30), dollars; in the order in which they are drawn."""

NAMES = {
    "oracle": "CreditOracle",
    "coin": "DevCoin",
    "loans": "TermLoans",
    "pool": "LoanPool",
    "receivables": "Receivables",
    "disputes": "Disputes",
    "invoice_finance": "InvoiceFinance",
}
CALLS = {"loans": ("CreditOracle", "LoanPool"), "invoice_finance": ("Receivables", "CreditOracle")}
"""Whose errors a contract passes on."""

TYPES = {
    "Enrolment": "address account,bool scored,uint256 nonce,uint64 deadline",
    "Acceptance": (
        "bytes32 invoiceId,address supplier,address buyer,address currency,uint256 amount,uint64 dueTime,"
        "bool disputed,uint64 deadline"
    ),
}


class World:
    """The contracts of a stage under short names, and how the cast acts on them."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.anvil = stage, stage.anvil
        self._add_contracts()
        self.contracts = {
            name: Contract(self.anvil.rpc, abi, stage.deployment.contracts[name], CALLS.get(name, ()))
            for name, abi in NAMES.items()
        }

    @property
    def deployment(self) -> DevDeployment:
        """Where the contracts are."""
        return self.stage.deployment

    def read(self, contract: str, function: str, *arguments: Any, sender: str | None = None) -> Any:
        """The first result of a view, or of a call that is only tried; Refused when it reverts."""
        who = None if sender is None else demo_address(sender)
        return self.contracts[contract].read(function, *arguments, sender=who)[0]

    def call(self, who: str, contract: str, function: str, *arguments: Any) -> Transaction:
        """A transaction of one of the cast."""
        data = self.contracts[contract].call_data(function, *arguments)
        return Transaction(demo_address(who), self.contracts[contract].address, data)

    def act(self, time: int, *transactions: Transaction) -> tuple[Receipt, ...]:
        """One block of these at `time` (Unix seconds); Stop when one fails."""
        self.anvil.automine(False)
        return self.anvil.mine_block(transactions, time)

    def signed(self, who: str, contract: str, kind: str, *values: Any) -> bytes:
        """65 bytes over typed data of a contract, as the firm's wallet makes them."""
        domain = {
            "name": NAMES[contract],
            "version": "1",
            "chainId": self.deployment.chain_id,
            "verifyingContract": "0x" + self.contracts[contract].address.hex(),
        }
        fields = [dict(zip(("type", "name"), field.split(), strict=True)) for field in TYPES[kind].split(",")]
        message = {field["name"]: value for field, value in zip(fields, values, strict=True)}
        made = Account.sign_typed_data(demo_key(who), domain, {kind: fields}, message)
        return bytes(made.signature)

    def balance(self, who: str) -> int:
        """Of the coin, in raw units."""
        found: int = self.read("coin", "balanceOf", demo_address(who))
        return found

    def _add_contracts(self) -> None:
        """What a rich deployment lacks: disputes with an arbiter, and the pool that advances on invoices."""
        deployment, owner = self.deployment, self.deployment.owner
        at = deployment.contracts
        made = {
            "disputes": (owner, demo_address(ARBITER), MOST_UPHELD, WINDOW),
            "invoice_finance": (
                *(at[name] for name in ("receivables", "links", "oracle", "coin")),
                ADVANCES,
                ADVANCE_TERMS,
                deployment.lender,
            ),
        }
        receipts = self.anvil.mine_block(
            [
                Transaction(owner, None, load_abi(NAMES[name]).creation(*arguments), gas=CREATION_GAS)
                for name, arguments in made.items()
            ]
        )
        more = {n: r.created for n, r in zip(made, receipts, strict=True) if r.created is not None}
        self.stage.deployment = replace(deployment, contracts={**at, **more})
        self.stage.sources = self.stage.deployment.sources


def live_until_now(world: World, start: int) -> None:
    """Half a year from `start`: all bills are paid in time, and all loans but one of Bo's."""
    for day, calls in sorted(_past(world, start).items()):
        world.act(start + day * DAY, *calls)


def issue(world: World, supplier: str, buyer: str, dollars: int, due: int, document: bytes) -> Transaction:
    """An invoice with an open amount."""
    terms = (world.deployment.coin, dollars * DOLLAR, due, bytes(32), document)
    return world.call(supplier, "receivables", "issue", demo_address(buyer), *terms)


def invoice_id(world: World, supplier: str, buyer: str, document: bytes) -> bytes:
    """What the contract calls the invoice over this document."""
    parties = demo_address(supplier), demo_address(buyer)
    found: bytes = world.read("receivables", "invoiceIdOf", *parties, document)
    return found


def enrolment(world: World, name: str, deadline: int) -> Transaction:
    """A firm's own signature that it wants to be scored, carried by the platform."""
    account = demo_address(name)
    values = (account, True, world.read("oracle", "nonces", account), deadline)
    signature = world.signed(name, "oracle", "Enrolment", *values)
    return world.call(PLATFORM, "oracle", "setEnrolmentFor", account, True, deadline, signature)


def acceptance(world: World, invoice: bytes, deadline: int) -> Transaction:
    """The core firm's signature that it owes Lin's invoice as it stands, carried by the platform."""
    supplier, buyer, _, currency, _, due, amount, *_ = world.read("receivables", "invoiceOf", invoice)
    values = (invoice, supplier, buyer, currency, amount, due, False, deadline)
    signature = world.signed("Core", "receivables", "Acceptance", *values)
    return world.call(PLATFORM, "receivables", "acceptFor", invoice, deadline, signature)


def _past(world: World, start: int) -> Mapping[int, list[Transaction]]:
    """What happens on which day."""
    days: defaultdict[int, list[Transaction]] = defaultdict(list)
    days[1], days[2] = _purses(world), _allowances(world)
    for supplier, buyer, day, dollars in BILLS:
        document = keccak256(f"{supplier}'s delivery of day {day}".encode())
        identity = invoice_id(world, supplier, buyer, document)
        days[day].append(issue(world, supplier, buyer, dollars, start + (day + 26) * DAY, document))
        days[day + 1].append(world.call(buyer, "receivables", "accept", identity))
        days[day + 22].append(world.call(buyer, "receivables", "payRest", identity))
    for number, (who, day, kept, dollars) in enumerate(LOANS, 1):
        draw = (dollars * DOLLAR, 30 * DAY, 1, ANY_CONDITIONS, ())
        days[day].append(world.call(who, "loans", "borrowStarter", world.deployment.pool, draw))
        days[day + kept].append(world.call(who, "loans", "repay", number, 2 * dollars * DOLLAR))
    return days


def _purses(world: World) -> list[Transaction]:
    dollars = {"lender": 300_000, "Core": 120_000, "Qi": 20_000, "Bo": 1_500, "Lin": 1_000}
    return [world.call("owner", "coin", "mint", demo_address(n), d * DOLLAR) for n, d in dollars.items()]


def _allowances(world: World) -> list[Transaction]:
    at = world.deployment.contracts
    spenders = [(firm, "receivables") for firm in ("Lin", "Core", "Qi")]
    spenders += [(firm, "loans") for firm in ("Lin", "Core", "Bo")]
    starters = {"Core": 1_500, "Bo": 1_000}
    return [
        *(world.call(firm, "coin", "approve", at[spender], UNLIMITED) for firm, spender in spenders),
        world.call("lender", "pool", "deposit", 100_000 * DOLLAR, demo_address("lender")),
        world.call("lender", "coin", "transfer", at["invoice_finance"], 100_000 * DOLLAR),
        *(
            world.call("lender", "pool", "allowStarter", [demo_address(firm)], limit * DOLLAR)
            for firm, limit in starters.items()
        ),
    ]


def expert_card() -> Scorecard:
    """Points set by hand: repaid loans most, then invoices and bills paid in time.

    Nobody without a repaid loan passes 599; two of them and three months make a full record.
    """
    terms = (
        _term("loans_proved", (1, 2, 5), 0, 60, 90, 130),
        _term("loans_late", (1, 2), 0, -60, -110),
        _term("invoices_paid_on_time", (1, 3, 6), 0, 20, 40, 60),
        _term("accepting_buyers", (2,), 0, 20),
        _term("bills_paid_on_time", (1, 5), 0, 30, 60),
        _term("bills_overdue", (1,), 0, -80),
        _term("record_days", (90, 180), -20, 0, 20),
    )
    assumed = ((300, 3_000), (500, 1_200), (600, 400), (700, 150))
    firm = Segment(480, terms, assumed, (30,) * 10)
    rules = (
        Rule("firm", "scored", (("loans_proved", ">=", 2), ("record_days", ">=", 90))),
        Rule("firm_short", "thin", (("loans_proved", ">=", 1),)),
        Rule("firm_unproven", "thin", (("invoices_accepted", ">=", 3),)),
    )
    short = replace(firm, width=(45,) * 10)
    segments = {"firm": firm, "firm_short": short, "firm_unproven": replace(short, cap=599)}
    return Scorecard("expert", tuple(feature.name for feature in FEATURES), rules, segments)


def _term(feature: str, cuts: tuple[int, ...], *points: int) -> Term:
    """Missing counts as the lowest cell."""
    return Term((feature,), (cuts,), (points[0], *points))


def name_model(stage: Stage) -> manifests.Manifest:
    """Save the expert's scorecard and its manifest in the stage's folder; the manifest."""
    home = stage.folder / "model"
    manifest = Manifest(
        scorecard=scorecards.save(expert_card(), home),
        feature_set=feature_set_version(),
        sources=(stage.sources,),
        population="enrolled",
        schedule=stage.deployment.schedule,
        reference=(1,) * 10,
    )
    manifests.save(manifest, home)
    return manifest
