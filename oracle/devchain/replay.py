"""Recorded loan histories, put on a development chain as logs of the protocol's own shape.

Rules that hold here: each log comes from the recorded market's own Controller address (code that emits
what it is told is set there), has the protocol's signature and comes at the recorded time; what was not
recorded (amounts) is 0, and `sources` lists the markets as without amounts, so that it reads as unknown.
Block numbers are not reproduced: a recorded block becomes the time block × 12 s + OFFSET, and all that
happened at one second shares one block, closings before openings. The file is read strictly: one bad row
stops everything, by its number. Of a liquidation by others only the fact is recorded: the liquidator is
one development address; who closed an own position is its own liquidator.
"""

import csv
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, pairwise
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from ledger_reader.errors import Stop
from ledger_reader.keccak import keccak256
from ledger_reader.sources import ChainSources, Source
from oracle.contract import load_abi
from oracle.devchain.anvil import Anvil, Transaction

BLOCK_SECONDS = 12
OFFSET = 1_477_066_895
"""Puts Ethereum's block 18,000,000 at its time (2023-08-26 16:21:35 UTC); others stray by missed slots."""

CONTROLLERS = {
    "wsteth": bytes.fromhex("100daa78fc509db39ef7d04de0c1abd299f4c6ce"),
    "wbtc": bytes.fromhex("4e59541306910ad6dc1dac0ac9dfb29bd9f15c67"),
    "weth": bytes.fromhex("a920de414ea4ab66b97da1bfe9e6eca7d4219635"),
    "sfrxeth": bytes.fromhex("8472a9a7632b173c8cf3a86d3afec50c35548e76"),
    "sfrxeth2": bytes.fromhex("ec0820efafc41d8943ee8de495fc9ba8495b15cf"),
    "tbtc": bytes.fromhex("1c91da0223c763d2e0173243eadaa0a2ea47e704"),
}
"""Controllers of crvUSD's markets on Ethereum; a market not named here gets a development address."""

LIQUIDATOR = keccak256(b"credit-oracle development liquidator")[12:]
REPLAYER = keccak256(b"credit-oracle development replayer")[12:]

COLUMNS = ["Address", "Asset", "Start_Block", "Status", "End_Block"]
MAX_ROWS = 1_000_000
MAX_BLOCK = 2**32

Status = Literal["repaid", "self-liquidation", "forced-liquidation", "active"]

_MARKET = re.compile(r"[a-z0-9]{1,32}")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_BLOCK = re.compile(r"[0-9]{1,10}")
_END_BLOCK = re.compile(r"([0-9]{1,10})(\.0)?")

_BORROW = keccak256(b"Borrow(address,uint256,uint256)")
_REPAY = keccak256(b"Repay(address,uint256,uint256)")
_LIQUIDATE = keccak256(b"Liquidate(address,address,uint256,uint256,uint256)")


@dataclass(frozen=True, slots=True)
class LoanRecord:
    """One recorded loan: account (20 bytes), name of the market, Unix times (`closed` None: active)."""

    account: bytes
    market: str
    opened: int
    status: Status
    closed: int | None


class Emission(NamedTuple):
    """One log to be emitted; sorts by time, closings before openings, then by contract and topics."""

    time: int
    opens: bool
    controller: bytes
    topics: tuple[bytes, ...]
    words: int


def time_of(block: int) -> int:
    """The time at which what was recorded at an Ethereum block is replayed."""
    return block * BLOCK_SECONDS + OFFSET


def controller(market: str) -> bytes:
    """The address of a market's Controller: its own where known, else derived from the market's name."""
    known = CONTROLLERS.get(market)
    return known or keccak256(f"credit-oracle development market {market}".encode())[12:]


def read_llamalend_csv(path: Path) -> tuple[LoanRecord, ...]:
    """The records of a file with the columns COLUMNS, in its order; Stop names the first bad row.

    Start_Block is a whole number, End_Block the same or with ".0", and empty exactly where Status is active.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            records = tuple(_records(path, file))
    except OSError as error:
        raise Stop(f"{path} cannot be read: {error.strerror}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise Stop(f"{path} is not a CSV file in UTF-8: {error}.") from error
    _check_positions(path, records)
    return records


def start_time(history: Iterable[LoanRecord]) -> int:
    """When a chain must begin so that the whole history, and a deployment before it, fits: a day earlier."""
    return min(record.opened for record in history) - 86_400


def sources(history: Iterable[LoanRecord], chain_id: int, start_block: int = 0) -> ChainSources:
    """The markets of a history as sources without amounts."""
    markets = sorted({controller(record.market) for record in history})
    listed = tuple(Source("llamalend", market, start_block, amounts=False) for market in markets)
    return ChainSources(chain_id, listed, ())


def emissions(history: Iterable[LoanRecord]) -> list[Emission]:
    """All logs of a history in the order in which they are emitted; pure."""
    return sorted(emission for record in history for emission in _emissions(record))


@dataclass(frozen=True)
class Played:
    """What a replay put on chain: how many logs, in how many blocks, and the sources that read them back."""

    logs: int
    blocks: int
    sources: ChainSources


def replay(
    history: tuple[LoanRecord, ...], anvil: Anvil, on_progress: Callable[[int, int], None] | None = None
) -> Played:
    """Emit a history, one block for each second at which anything happened, and make it final.

    Stop when it is empty or the chain is already past its first record. `on_progress(done, all)` counts
    logs. Thousands of blocks want `Anvil(long=True)`.
    """
    logs = emissions(history)
    if not logs:
        raise Stop("The history holds no loans: there is nothing to replay.")
    if anvil.now() >= logs[0].time:
        raise Stop(
            f"The chain is at {anvil.now()}, past the first record at {logs[0].time}: start a fresh one with "
            f"`anvil --no-mining --slots-in-an-epoch 1 --hardfork cancun --timestamp {start_time(history)}`."
        )
    start_block, code = anvil.height() + 1, load_abi("LogReplayer").runtime
    for address in sorted({log.controller for log in logs}):
        anvil.set_code(address, code)
    anvil.mine_blocks(_blocks(logs, on_progress or (lambda _done, _all: None)))
    played = Played(
        len(logs), anvil.height() - start_block + 1, sources(history, anvil.chain_id, start_block)
    )
    anvil.advance_to(logs[-1].time + 3 * BLOCK_SECONDS)
    return played


def _blocks(
    logs: list[Emission], on_progress: Callable[[int, int], None]
) -> Iterator[tuple[list[Transaction], int]]:
    done = 0
    for time, together in groupby(logs, key=lambda log: log.time):
        transactions = [Transaction(REPLAYER, log.controller, calldata(log)) for log in together]
        yield transactions, time
        done += len(transactions)
        on_progress(done, len(logs))


def calldata(log: Emission) -> bytes:
    """replay(bytes32[] topics, bytes data) with zeros for data: static heads, then both tails."""
    selector = load_abi("LogReplayer").functions["replay"].id
    data_at = 64 + 32 * (1 + len(log.topics))
    heads = _word(64) + _word(data_at)
    topics = _word(len(log.topics)) + b"".join(log.topics)
    return selector + heads + topics + _word(32 * log.words) + bytes(32 * log.words)


def _emissions(record: LoanRecord) -> Iterator[Emission]:
    market, account = controller(record.market), record.account.rjust(32, b"\0")
    yield Emission(record.opened, True, market, (_BORROW, account), 2)
    if record.closed is None:
        return
    if record.status == "repaid":
        yield Emission(record.closed, False, market, (_REPAY, account), 2)
    else:
        liquidator = account if record.status == "self-liquidation" else LIQUIDATOR.rjust(32, b"\0")
        yield Emission(record.closed, False, market, (_LIQUIDATE, liquidator, account), 3)


def _records(path: Path, lines: Iterable[str]) -> Iterator[LoanRecord]:
    rows = csv.reader(lines, strict=True)
    header = next(rows, [])
    if header != COLUMNS:
        raise Stop(f"{path} must begin with the columns {','.join(COLUMNS)}, not {','.join(header)[:80]}.")
    for number, row in enumerate(rows, 2):
        if number > MAX_ROWS:
            raise Stop(f"{path} has more than {MAX_ROWS} rows: split it.")
        yield _record(f"{path}, row {number}", row)


def _record(where: str, row: list[str]) -> LoanRecord:
    if len(row) != len(COLUMNS):
        raise Stop(f"{where}: {len(row)} fields instead of {len(COLUMNS)}.")
    account, market, start, status, end = row
    _require(_ADDRESS.fullmatch(account) is not None, f"{where}: {account[:50]!r} is not an address.")
    _require(_MARKET.fullmatch(market) is not None, f"{where}: {market[:50]!r} is not the name of a market.")
    known = next((name for name in get_args(Status) if name == status), None)
    if known is None:
        raise Stop(f"{where}: the status {status[:50]!r} is none of {', '.join(get_args(Status))}.")
    opened = _block(where, _BLOCK.fullmatch(start), start)
    closed = None if not end else _block(where, _END_BLOCK.fullmatch(end), end)
    _require(
        (closed is None) == (known == "active"),
        f"{where}: a loan is active exactly when it has no End_Block.",
    )
    _require(
        closed is None or closed > opened, f"{where}: End_Block {end} must be after Start_Block {start}."
    )
    ended = None if closed is None else time_of(closed)
    return LoanRecord(bytes.fromhex(account[2:]), market, time_of(opened), known, ended)


def _block(where: str, match: re.Match[str] | None, text: str) -> int:
    if match is None:
        raise Stop(f"{where}: {text[:50]!r} is not a block number.")
    number = int(text.removesuffix(".0"))
    _require(0 < number <= MAX_BLOCK, f"{where}: block {number} is not from 1 to {MAX_BLOCK}.")
    return number


def _check_positions(path: Path, records: tuple[LoanRecord, ...]) -> None:
    """A market holds one position an account: it cannot be opened again before it is closed."""
    rows = sorted(enumerate(records, 2), key=lambda item: (item[1].account, item[1].market, item[1].opened))
    for (_, before), (number, after) in pairwise(rows):
        same = (before.account, before.market) == (after.account, after.market)
        if same and (before.closed is None or after.opened < before.closed):
            raise Stop(
                f"{path}, row {number}: 0x{after.account.hex()} has a loan in {after.market} open then."
            )


def _require(condition: bool, sentence: str) -> None:
    if not condition:
        raise Stop(sentence)


def _word(value: int) -> bytes:
    return value.to_bytes(32, "big")
