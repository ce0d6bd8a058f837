"""The contracts on a development chain: DevCoin, CreditOracle, TermLoans, by impersonated accounts.

Rules that hold here: development only (a real deployment goes through contracts/script with a
timelock as owner); amounts in a policy are raw units of the coin (6 decimals), times in seconds;
what a deployment is can be written to JSON and read back strictly.
"""

from dataclasses import asdict, astuple, dataclass
from typing import Any

import msgspec
from eth_abi.abi import encode

from ledger_reader.errors import Stop
from ledger_reader.sources import Asset, ChainSources, Source
from models.schedule import Schedule
from oracle.committee import Committee
from oracle.contract import Clock, Limits, load_abi
from oracle.devchain.anvil import Anvil, Transaction
from oracle.devchain.people import demo_address

DAY = 86_400
CREATION_GAS = 12_000_000
COIN_DECIMALS = 6
DOLLAR = 10**COIN_DECIMALS

WIDE = Limits(
    min_borrowers=1, min_mean_score=400, max_mean_score=800, max_moved_bps=9_000, max_psi_bps=50_000
)
"""A small economy that a scorecard of its own has hardly met moves much from week to week."""


@dataclass(frozen=True)
class Policy:
    """ITermLoans.Policy: amounts in raw units of the coin, times in seconds, rate in basis points a year."""

    threshold: int = 650
    yearly_rate_bps: int = 1_800
    max_principal: int = 500 * DOLLAR
    exposure_limit: int = 2_500 * DOLLAR
    max_term: int = 90 * DAY
    grace: int = 15 * DAY
    max_score_age: int = 14 * DAY
    accept_thin: bool = False
    accept_disputed: bool = False


@dataclass(frozen=True)
class DevDeployment:
    """Where the contracts are (20-byte addresses), from which block on, and who owns and lends."""

    chain_id: int
    start_block: int
    coin: bytes
    oracle: bytes
    loans: bytes
    owner: bytes
    lender: bytes
    genesis: int
    epoch_length: int

    @property
    def schedule(self) -> Schedule:
        """The oracle's epoch clock."""
        return Schedule(self.chain_id, self.oracle, self.genesis, self.epoch_length)

    @property
    def sources(self) -> ChainSources:
        """All three contracts as sources; the coin is pinned to a dollar."""
        start = self.start_block
        return ChainSources(
            chain_id=self.chain_id,
            sources=(
                Source("credit_oracle", self.oracle, start),
                Source("erc20", self.coin, start),
                Source("term_loans", self.loans, start, asset=self.coin),
            ),
            assets=(Asset(self.coin, "devUSD", COIN_DECIMALS, pin_cents=100),),
        )

    def to_json(self) -> bytes:
        """One JSON object, addresses as 0x hex."""
        plain = {key: f"0x{v.hex()}" if isinstance(v, bytes) else v for key, v in asdict(self).items()}
        return msgspec.json.format(msgspec.json.encode(plain), indent=2) + b"\n"

    @staticmethod
    def from_json(raw: bytes) -> "DevDeployment":
        """What `to_json` wrote; Stop says what is wrong with it."""
        try:
            file = msgspec.json.decode(raw, type=_File)
            addresses = {name: _address(name, getattr(file, name)) for name in _ADDRESSES}
        except (msgspec.MsgspecError, ValueError) as error:
            raise Stop(f"This is not the file of a development deployment: {error}; deploy again.") from error
        return DevDeployment(**(msgspec.structs.asdict(file) | addresses))


class _File(msgspec.Struct, forbid_unknown_fields=True):
    chain_id: int
    start_block: int
    coin: str
    oracle: str
    loans: str
    owner: str
    lender: str
    genesis: int
    epoch_length: int


_ADDRESSES = ("coin", "oracle", "loans", "owner", "lender")


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
) -> DevDeployment:
    """Put all three contracts on the chain, in two blocks of the next two seconds.

    Owner, guardian and lender are of the cast (people.demo_address); this chain is the only source. The
    first model (32 bytes) and committee hold from epoch 1 on; later ones are scheduled. `clock` defaults
    to weeks from the chain's own genesis on.
    """
    clock = clock or weekly(anvil.start_time)
    owner, lender = demo_address("owner"), demo_address("lender")
    start_block = anvil.height() + 1
    terms = (astuple(clock), astuple(limits), astuple(committee), model_id)
    coin, oracle = _create(
        anvil,
        owner,
        ("DevCoin", ()),
        ("CreditOracle", (*terms, [anvil.chain_id], demo_address("guardian"), owner)),
    )
    (loans,) = _create(anvil, owner, ("TermLoans", (oracle, coin, astuple(policy or Policy()), lender)))
    return DevDeployment(
        chain_id=anvil.chain_id,
        start_block=start_block,
        coin=coin,
        oracle=oracle,
        loans=loans,
        owner=owner,
        lender=lender,
        genesis=clock.genesis,
        epoch_length=clock.length,
    )


_CONSTRUCTORS = {
    "DevCoin": (),
    "CreditOracle": (
        "(uint64,uint64,uint64,uint64,uint64,uint64,uint32)",
        "(uint24,uint16,uint16,uint16,uint16)",
        "(address[],bytes32[],uint8,bytes32)",
        "bytes32",
        "uint64[]",
        "address",
        "address",
    ),
    "TermLoans": (
        "address",
        "address",
        "(uint16,uint16,uint128,uint128,uint32,uint32,uint64,bool,bool)",
        "address",
    ),
}


def _create(anvil: Anvil, sender: bytes, *contracts: tuple[str, tuple[Any, ...]]) -> list[bytes]:
    transactions = [
        Transaction(
            sender, None, load_abi(name).bytecode + encode(_CONSTRUCTORS[name], arguments), gas=CREATION_GAS
        )
        for name, arguments in contracts
    ]
    receipts = anvil.mine_block(transactions)
    return [receipt.created for receipt in receipts if receipt.created is not None]


def _address(name: str, text: str) -> bytes:
    raw = bytes.fromhex(text.removeprefix("0x"))
    if len(raw) != 20 or not text.startswith("0x"):
        raise ValueError(f"{name} is {text[:50]!r}, not an address")
    return raw
