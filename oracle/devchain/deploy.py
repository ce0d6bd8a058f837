"""The contracts on a development chain: coin, oracle, loans and their pool, by impersonated accounts.

Rules that hold here: development only (a real deployment goes through contracts/script with a
timelock as owner); amounts in a policy are raw units of the coin (6 decimals), times in seconds;
what a deployment is can be written to JSON and read back strictly.
"""

from collections.abc import Mapping
from dataclasses import asdict, astuple, dataclass
from typing import Any

import msgspec

from ledger_reader.errors import Stop
from ledger_reader.sources import Asset, ChainSources, Source
from models.schedule import Schedule
from oracle.committee import Committee
from oracle.contract import Clock, Contract, load_abi
from oracle.devchain.anvil import Anvil, Transaction
from oracle.devchain.people import demo_address
from oracle.report import Limits

DAY = 86_400
CREATION_GAS = 12_000_000
COIN_DECIMALS = 6
DOLLAR = 10**COIN_DECIMALS
UNLIMITED = 2**256 - 1
ANY_CONDITIONS = (2**128 - 1, 2**16 - 1, 0, 0)
"""The worst of ITermLoans.Conditions: whoever is only played agrees to any."""
LINK_DELAY = 14 * DAY
"""How long a wallet counts on after it left: two epochs."""

POOL_NAMES = ("Village pool", "VILLAGE")
"""Name and symbol of its shares."""

WIDE = Limits(
    min_borrowers=1, min_mean_score=400, max_mean_score=800, max_moved_bps=9_000, max_psi_bps=50_000
)
"""A small economy that a scorecard of its own has hardly met moves much from week to week."""


FULL_RECORD = 1
"""Of ILoanPool.Row's statuses: a full record is accepted, a thin or disputed one not."""


@dataclass(frozen=True)
class Row:
    """ILoanPool.Row: who proves `at_least` borrows on these terms; rates in basis points a year."""

    at_least: int
    statuses: int
    max_width: int
    yearly_rate_bps: int
    expected_loss_bps: int
    limit: int


@dataclass(frozen=True)
class Policy:
    """ILoanPool.Terms, then the table: amounts in raw units of the coin, times in seconds.

    The starter rate is in basis points a year. No row may lend less than a starter gets.
    """

    max_principal: int = 1_000 * DOLLAR
    max_term: int = 90 * DAY
    max_instalments: int = 12
    grace: int = 15 * DAY
    cooling_off: int = DAY
    late_fee_bps: int = 0
    max_score_age: int = 14 * DAY
    starter_rate_bps: int = 1_800
    starter_limit: int = 1_600 * DOLLAR
    table: tuple[Row, ...] = (
        Row(750, FULL_RECORD, 0, 1_400, 150, 5_000 * DOLLAR),
        Row(650, FULL_RECORD, 0, 1_800, 400, 2_500 * DOLLAR),
        Row(600, FULL_RECORD, 0, 2_600, 900, 1_600 * DOLLAR),
    )


PROTOCOLS = {
    "oracle": "credit_oracle",
    "coin": "erc20",
    "loans": "term_loans",
    "receivables": "receivables",
    "payments": "payments",
    "links": "wallet_links",
    "disputes": "disputes",
}
"""Contracts of a deployment that the ledger reads, and under which protocol."""

NEEDED = frozenset({"coin", "oracle", "loans", "pool"})
KNOWN = NEEDED | PROTOCOLS.keys() | {"invoice_finance", "open_scores"}


@dataclass(frozen=True)
class DevDeployment:
    """Where the contracts are (20-byte addresses by name), from which block on, and who owns and lends.

    NEEDED are in every deployment, no name is outside KNOWN.
    """

    chain_id: int
    start_block: int
    contracts: Mapping[str, bytes]
    owner: bytes
    lender: bytes
    genesis: int
    epoch_length: int

    @property
    def coin(self) -> bytes:
        """DevCoin."""
        return self.contracts["coin"]

    @property
    def oracle(self) -> bytes:
        """CreditOracle."""
        return self.contracts["oracle"]

    @property
    def loans(self) -> bytes:
        """TermLoans, the book."""
        return self.contracts["loans"]

    @property
    def pool(self) -> bytes:
        """The LoanPool of the lender."""
        return self.contracts["pool"]

    @property
    def schedule(self) -> Schedule:
        """The oracle's epoch clock."""
        return Schedule(self.chain_id, self.oracle, self.genesis, self.epoch_length)

    @property
    def sources(self) -> ChainSources:
        """All contracts that the ledger reads; the coin is pinned to a dollar."""
        read = [name for name in PROTOCOLS if name in self.contracts]
        return ChainSources(
            chain_id=self.chain_id,
            sources=tuple(Source(PROTOCOLS[name], self.contracts[name], self.start_block) for name in read),
            assets=(Asset(self.coin, "devUSD", COIN_DECIMALS, pin_cents=100),),
        )

    def to_json(self) -> bytes:
        """One JSON object, addresses as 0x hex."""
        return msgspec.json.format(msgspec.json.encode(_shown(asdict(self))), indent=2) + b"\n"

    @staticmethod
    def from_json(raw: bytes) -> "DevDeployment":
        """What `to_json` wrote; Stop says what is wrong with it."""
        try:
            file = msgspec.json.decode(raw, type=_File)
            addresses = {
                "contracts": _contracts(file.contracts),
                "owner": _address("owner", file.owner),
                "lender": _address("lender", file.lender),
            }
        except (msgspec.MsgspecError, ValueError) as error:
            raise Stop(f"This is not the file of a development deployment: {error}; deploy again.") from error
        return DevDeployment(**(msgspec.structs.asdict(file) | addresses))


class _File(msgspec.Struct, forbid_unknown_fields=True):
    chain_id: int
    start_block: int
    contracts: dict[str, str]
    owner: str
    lender: str
    genesis: int
    epoch_length: int


def weekly(genesis: int) -> Clock:
    """Epochs of a week from `genesis` on: an hour's delay, two days to report, two weeks' validity."""
    week = 7 * DAY
    return Clock(genesis, week, delay=3_600, max_age=2 * week, report_life=2 * DAY, max_gap=DAY, ring_size=5)


def deploy(
    anvil: Anvil,
    committee: Committee,
    model_id: bytes,
    clock: Clock | None = None,
    policy: Policy | None = None,
    limits: Limits = WIDE,
    rich: bool = False,
) -> DevDeployment:
    """Put the contracts on the chain, in four blocks of the next four seconds; five for a `rich` one.

    Loans go by wallet links. A rich one has what a rich economy needs too: receivables and payments.

    Owner, guardian and lender are of the cast (people.demo_address); this chain is the only source. The
    first model (32 bytes) and committee hold from epoch 1 on; later ones are scheduled. `clock` defaults
    to weeks from the chain's own genesis on.
    """
    clock = clock or weekly(anvil.start_time)
    owner, lender = demo_address("owner"), demo_address("lender")
    start_block = anvil.height() + 1
    terms = (astuple(clock), astuple(limits), astuple(committee), model_id)
    coin, oracle, links = _create(
        anvil,
        owner,
        ("DevCoin", ()),
        ("CreditOracle", (*terms, [anvil.chain_id], demo_address("guardian"), owner)),
        ("WalletLinks", (LINK_DELAY,)),
    )
    more = _create_more(anvil, owner, links) if rich else {}
    (loans,) = _create(anvil, owner, ("TermLoans", (oracle, links, owner)))
    pool = _open_pool(anvil, loans, coin, policy or Policy())
    return DevDeployment(
        chain_id=anvil.chain_id,
        start_block=start_block,
        contracts={"coin": coin, "oracle": oracle, "loans": loans, "pool": pool, "links": links, **more},
        owner=owner,
        lender=lender,
        genesis=clock.genesis,
        epoch_length=clock.length,
    )


def _create_more(anvil: Anvil, owner: bytes, links: bytes) -> dict[str, bytes]:
    """What a rich economy needs beside loans; receivables go by the links too."""
    receivables, payments = _create(anvil, owner, ("Receivables", (links,)), ("Payments", ()))
    return {"receivables": receivables, "payments": payments}


def _open_pool(anvil: Anvil, loans: bytes, coin: bytes, policy: Policy) -> bytes:
    """The lender's pool, listed in the book; it may take what the lender will deposit."""
    owner, lender = demo_address("owner"), demo_address("lender")
    *terms, table = astuple(policy)
    (pool,) = _create(anvil, owner, ("LoanPool", (loans, coin, *POOL_NAMES, terms, table, lender)))
    listing = Contract(anvil.rpc, "TermLoans", loans).call_data("listPool", pool)
    approval = Contract(anvil.rpc, "DevCoin", coin).call_data("approve", pool, UNLIMITED)
    anvil.mine_block([Transaction(owner, loans, listing), Transaction(lender, coin, approval)])
    return pool


def _create(anvil: Anvil, sender: bytes, *contracts: tuple[str, tuple[Any, ...]]) -> list[bytes]:
    transactions = [
        Transaction(sender, None, load_abi(name).creation(*arguments), gas=CREATION_GAS)
        for name, arguments in contracts
    ]
    receipts = anvil.mine_block(transactions)
    return [receipt.created for receipt in receipts if receipt.created is not None]


def _shown(value: Any) -> Any:
    """Bytes as 0x hex, in whatever holds them."""
    if isinstance(value, dict):
        return {key: _shown(each) for key, each in value.items()}
    return f"0x{value.hex()}" if isinstance(value, bytes) else value


def _contracts(told: Mapping[str, str]) -> dict[str, bytes]:
    if not NEEDED <= told.keys() <= KNOWN:
        raise ValueError(f"its contracts are {', '.join(sorted(told))[:200]}")
    return {name: _address(name, text) for name, text in told.items()}


def _address(name: str, text: str) -> bytes:
    raw = bytes.fromhex(text.removeprefix("0x"))
    if len(raw) != 20 or not text.startswith("0x"):
        raise ValueError(f"{name} is {text[:50]!r}, not an address")
    return raw
