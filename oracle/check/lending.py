"""What `check --lender` reads of a contract that lends by scores: the mistakes of docs/lenders.md, one a row.

Rules that hold here: nothing is sent; the contract is a MyLender, TermLoans, a LoanPool, or anybody's own, of
which is read what it offers (`ORACLE`, `THRESHOLD`, `MAX_AGE`); its code is searched for selectors, which
shows what it can ask, not when; what no chain shows is `wait`, a question to its author.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError

from ledger_reader.errors import Stop
from ledger_reader.keccak import keccak256
from ledger_reader.rpc import Rpc, RpcError
from models.segment import HIGHEST, LOWEST
from oracle.check.row import Probe, Row, fix, ok, pending, side_by_side
from oracle.contract import Clock, CreditOracle, load_abi
from oracle.settings import address_text
from oracle.tree import STEP

DAY = 86_400
STRANGER = keccak256(b"an account that never posted anything")[-20:]
"""Whom a view is asked about."""

IMPLEMENTATION = int.from_bytes(keccak256(b"eip1967.proxy.implementation")) - 1
PROOFS, POSTED, ANY_AGE = ("verifyAtLeast", "verifyScore"), ("tryGetScore", "getScoreNoOlderThan"), "scoreOf"
FEED = keccak256(b"latestRoundData()")[:4]
NO_SEQUENCER = {
    1: "Ethereum",
    56: "BNB Chain",
    100: "Gnosis",
    137: "Polygon",
    31337: "a development chain",
    43114: "Avalanche",
}
"""Chains without a sequencer whose absence stops everybody."""

FULL_ONLY = 1
"""Of a Line's statuses."""


class Line(NamedTuple):
    """ILoanPool.Row: rates in basis points."""

    at_least: int
    statuses: int
    max_width: int
    yearly_rate_bps: int
    expected_loss_bps: int
    limit: int


@dataclass(frozen=True)
class Lender:
    """The contract (its address), the code that runs there, its book where it is a pool, and the oracle."""

    rpc: Rpc
    address: bytes
    code: bytes
    book: bytes
    oracle: CreditOracle
    clock: Clock

    def asks(self, *functions: str) -> list[str]:
        """Which of the oracle's functions its code names."""
        known = self.oracle.abi.functions
        return [name for name in functions if known[name].id in self.code]

    @property
    def max_age(self) -> int | None:
        """The oldest snapshot that it accepts, where it says so."""
        terms = view(self.rpc, self.address, "terms()", load_abi("LoanPool").functions["terms"].outputs)
        if terms is not None:
            return int(terms[0][6])
        found = view(self.rpc, self.address, "MAX_AGE()", ("uint64",))
        return None if found is None else int(found[0])

    @property
    def table(self) -> list[Line] | None:
        """A pool's table."""
        found = view(self.rpc, self.address, "table()", load_abi("LoanPool").functions["table"].outputs)
        return None if found is None else [Line(*row) for row in found[1]]


def view(
    rpc: Rpc, address: bytes, signature: str, outputs: Sequence[str], arguments: bytes = b""
) -> tuple[Any, ...] | None:
    """What a function answers, decoded; None when it is not there, reverts, or answers something else."""
    data = keccak256(signature.encode())[:4] + arguments
    request = {"to": address_text(address), "data": "0x" + data.hex()}
    try:
        return tuple(decode(outputs, bytes.fromhex(rpc.call("eth_call", [request, "latest"])[2:])))
    except (RpcError, DecodingError):
        return None


def check_lender(urls: Sequence[str], address: bytes, oracle: bytes | None, asked: str | None) -> list[Row]:
    """All rows. `oracle`: for a contract that does not say its own; `asked`: a view by account to try."""
    with Rpc(tuple(urls)) as rpc:
        rows, code = _contract(rpc, address)
        if not code:
            return rows
        named = _oracle_of(rpc, address)
        if named is None and oracle is None:
            says = "it has no ORACLE() or book(): name the CreditOracle that it asks by --contract."
            return [*rows, fix("oracle", says)]
        if named is not None and oracle not in (None, named[1]):
            says = f"it asks {address_text(named[1])}, not {address_text(oracle or b'')}: deploy it anew."
            return [*rows, fix("oracle", says)]
        book, place = named or (address, oracle or b"")
        try:
            found = CreditOracle(rpc, place)
            lender = Lender(rpc, address, code + _code(rpc, book), book, found, found.clock())
        except Stop as reason:
            return [*rows, fix("oracle", f"{address_text(place)} answers as no CreditOracle does: {reason}")]
        return rows + side_by_side(_probes(lender, asked)) + _questions(lender)


def _probes(lender: Lender, asked: str | None) -> list[tuple[str, Probe]]:
    return [
        ("oracle", partial(_oracle, lender)),
        ("owner", partial(_owner, lender)),
        ("asks", partial(_asks, lender)),
        ("staleness", partial(_staleness, lender)),
        ("threshold", partial(_threshold, lender)),
        ("status", partial(_status, lender)),
        ("views", partial(_views, lender, asked)),
        ("sequencer", partial(_sequencer, lender)),
        ("selection", partial(_selection, lender)),
    ]


def _code(rpc: Rpc, address: bytes) -> bytes:
    return bytes.fromhex((rpc.call("eth_getCode", [address_text(address), "latest"]) or "0x")[2:])


def _contract(rpc: Rpc, address: bytes) -> tuple[list[Row], bytes]:
    """Its row, and the code that runs: of a proxy the implementation's."""
    code, shown = _code(rpc, address), address_text(address)
    if not code:
        return [fix("contract", f"{shown} has no code on chain {rpc.chain_id()}: check the address.")], b""
    behind = int(rpc.call("eth_getStorageAt", [shown, hex(IMPLEMENTATION), "latest"]), 16)
    if behind:
        place = behind.to_bytes(32)[-20:]
        says = f"a proxy of {address_text(place)}: whoever may change that can change every answer below."
        return [pending("contract", says)], _code(rpc, place)
    return [ok("contract", f"{len(code):,} bytes of code, no proxy (EIP-1967)")], code


def _oracle_of(rpc: Rpc, address: bytes) -> tuple[bytes, bytes] | None:
    """The book (of a pool; else the contract itself) and the oracle that it asks."""
    of_pool = view(rpc, address, "book()", ("address",))
    book = bytes.fromhex(of_pool[0][2:]) if of_pool else address
    found = view(rpc, book, "ORACLE()", ("address",))
    return None if found is None else (book, bytes.fromhex(found[0][2:]))


def _oracle(lender: Lender) -> list[Row]:
    current = int(lender.oracle.read("currentEpoch")[0])
    if not current:
        return [pending("oracle", "no root is read yet: every proof is refused with NoRoot until one is.")]
    taken = int(lender.oracle.read("rootOf", current)[0][3])
    age = lender.rpc.block("latest").time - taken
    return [ok("oracle", f"epoch {current} is read; its snapshot is {_days(age)} old")]


def _owner(lender: Lender) -> list[Row]:
    owner = bytes.fromhex(lender.oracle.read("owner")[0][2:])
    if _code(lender.rpc, owner):
        says = f"{address_text(owner)} owns the oracle; compare it by contracts/script/Check.s.sol"
        return [ok("owner", says)]
    says = "owns the oracle and is no contract, so no timelock gives notice of changes: ask the operator."
    return [pending("owner", f"{address_text(owner)} {says}")]


def _asks(lender: Lender) -> list[Row]:
    proofs, posted = lender.asks(*PROOFS), lender.asks(*POSTED)
    if lender.asks(ANY_AGE):
        return [fix("asks", "its code calls scoreOf, which knows no age: use tryGetScore, or a proof.")]
    if not proofs + posted:
        says = "its code names no read of the oracle: if another contract asks for it, check that one."
        return [pending("asks", says)]
    return [ok("asks", ", ".join(proofs + posted))]


def _staleness(lender: Lender) -> list[Row]:
    clock, age = lender.clock, lender.max_age
    least = clock.length + clock.delay + clock.report_life
    if age is None:
        says = "it shows no MAX_AGE: hold each asset's limit against an epoch of"
        return [
            pending("staleness", f"{says} {_days(clock.length)} and the oracle's own {_days(clock.max_age)}.")
        ]
    if age < least:
        says = f"maxAge is {_days(age)}, but a snapshot can be {_days(least)} old before the next is read"
        return [fix("staleness", f"{says}: raise it, or loans stop between epochs.")]
    if age > clock.max_age:
        says = f"maxAge is {_days(age)}; the oracle's own limit of {_days(clock.max_age)} holds"
        return [ok("staleness", says)]
    return [ok("staleness", f"maxAge is {_days(age)}, an epoch {_days(clock.length)}")]


def _threshold(lender: Lender) -> list[Row]:
    table = lender.table
    found = view(lender.rpc, lender.address, "THRESHOLD()", ("uint16",))
    if table is None and found is None:
        says = f"it shows no THRESHOLD: only multiples of {STEP} from {LOWEST + STEP} can be proved."
        return [pending("threshold", says)]
    wanted = [row.at_least for row in table] if table is not None else [int(found[0])] if found else []
    for each in wanted:
        if each % STEP or not LOWEST + STEP <= each <= HIGHEST:
            says = f"nobody can prove {each}: take a multiple of {STEP} from {LOWEST + STEP} to {HIGHEST}."
            return [fix("threshold", says)]
    return [ok("threshold", "at least " + ", ".join(map(str, wanted)))]


def _status(lender: Lender) -> list[Row]:
    table = lender.table
    if table is None:
        says = "is the status compared with those that you accept: full 1, thin 2, +128 in dispute?"
        return [pending("status", says)]
    wide = [str(row.at_least) for row in table if row.statuses != FULL_ONLY and not row.max_width]
    if wide:
        says = "take thin or disputed records of any width: is a smaller limit meant, or a maxWidth?"
        return [pending("status", f"the rows from {', '.join(wide)} {says}")]
    return [ok("status", "every row says which records it takes")]


def _views(lender: Lender, asked: str | None) -> list[Row]:
    """Whether a read about somebody who posted nothing answers; one that reverts takes its caller down."""
    age = lender.max_age or lender.clock.max_age
    if lender.oracle.read("tryGetScore", STRANGER, age)[0]:
        return [fix("views", "the oracle says that a stranger posted a score: it is not our contract.")]
    if asked is None:
        if "getScoreNoOlderThan" in lender.asks(*POSTED):
            says = "getScoreNoOlderThan reverts where nothing is posted: is it only asked for a new loan?"
            return [pending("views", says)]
        if not lender.asks(*POSTED):
            return [ok("views", "it reads no posted score, so none can make a view revert")]
        return [pending("views", 'tryGetScore never reverts; try your view: --view "limitNow(address)".')]
    if not asked.endswith("(address)"):
        raise Stop(f"--view {asked[:60]!r} takes no account: write it as limitNow(address).")
    if view(lender.rpc, lender.address, asked, (), STRANGER.rjust(32, b"\0")) is None:
        says = f"{asked} reverts for an account that posted nothing: use tryGetScore there."
        return [fix("views", says)]
    return [ok("views", f"{asked} answers for an account that posted nothing")]


def _sequencer(lender: Lender) -> list[Row]:
    chain = lender.rpc.chain_id()
    if chain in NO_SEQUENCER:
        return [ok("sequencer", f"{NO_SEQUENCER[chain]} has none")]
    if FEED in lender.code:
        says = "its code reads a feed: is it the sequencer's, and are new loans refused for an hour after?"
        return [pending("sequencer", f"chain {chain}: {says}")]
    says = "if this chain has a sequencer, read its uptime feed before each new loan (docs/lenders.md, 7)."
    return [pending("sequencer", f"chain {chain}: its code reads no feed; {says}")]


def _selection(lender: Lender) -> list[Row]:
    table = lender.table
    if table is None:
        says = "those come whom you price too low: is the rate set by the lower end, score − width?"
        return [pending("selection", says)]
    cheap = [row for row in table if row.yearly_rate_bps <= row.expected_loss_bps]
    if cheap:
        row = cheap[0]
        says = f"the row from {row.at_least} takes {row.yearly_rate_bps} bps a year and expects to lose"
        return [fix("selection", f"{says} {row.expected_loss_bps}: raise the rate, or the threshold.")]
    return [ok("selection", "every row takes more in a year than it expects to lose; watch lossOf(row)")]


def _questions(lender: Lender) -> list[Row]:
    """What no chain shows."""
    is_ours = lender.table is not None
    rows = [
        pending("proof", "is the sender's own proof checked, never that of an address in the calldata?"),
        pending("book", "is the limit held against all that the person owes, over all your contracts?"),
        pending("repaying", "does paying back never ask the oracle, so that whoever wants to pay can?"),
    ]
    reasons = "is a refused person told which rule failed, your figure and theirs, and that you decide?"
    ours = "a pool of TermLoans: the sender's proof, one book, and repaying asks nobody"
    return [*([ok("proof, book, repaying", ours)] if is_ours else rows), pending("reasons", reasons)]


def _days(seconds: int) -> str:
    return f"{seconds / DAY:.1f} days"
