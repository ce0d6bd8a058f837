"""Logs as nodes tell them, one by one or as columns, and what makes those of a range well formed.

Rules that hold here: pure; a table is made by log_text.py, so that all in it was hex of the right
lengths; logs that passed `check` are inside the range, of contracts that were asked for, in order of
(block, log index), each once. `RawLog` is for the few places that look at logs one by one.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple, Self

import msgspec
import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]

WORD, ADDRESS = 32, 20
"""Bytes of a topic, a hash or a word of the data, and of an address."""

UNTOLD = -1
"""The time of a block that the node did not give with the log."""

_MOST_INDEX = 2**31

Word = Annotated[str, msgspec.Meta(min_length=66, max_length=66)]


class RawLog(msgspec.Struct, rename="camel", gc=False):
    """One log of an eth_getLogs answer; all fields 0x hex, `block_timestamp` where the node gives it."""

    address: str
    topics: tuple[Word, ...]
    data: str
    block_number: str
    block_hash: Word
    transaction_hash: Word
    log_index: str
    block_timestamp: str | None = None
    removed: bool = False


class LogGroup(NamedTuple):
    """Logs of one contract, first topic, number of topics and size of data.

    `at`: which logs of the table, ascending; `topic0`: empty where there is no topic; `words`: n × bytes, of
    each log the topics after the first, then the data.
    """

    at: Places
    address: bytes
    topic0: bytes
    topics: int
    words: Bytes

    @property
    def indexed(self) -> int:
        """Bytes of the topics after the first."""
        return WORD * max(self.topics - 1, 0)

    @property
    def size(self) -> int:
        """Bytes of each log's data."""
        return int(self.words.shape[1]) - self.indexed

    def moved(self, at: Places) -> Self:
        """The same logs at other places."""
        order = np.argsort(at)
        return self._replace(at=at[order], words=self.words[order])


@dataclass(frozen=True)
class LogTable:
    """Many logs: what each has as columns of one value a log, what differs in width by group.

    Block numbers, log indexes and times (Unix seconds or UNTOLD) are int64, hashes n × 32.
    """

    block_numbers: Places
    log_indexes: Places
    times: Places
    block_hashes: Bytes
    transaction_hashes: Bytes
    groups: Sequence[LogGroup]

    def __len__(self) -> int:
        return len(self.block_numbers)

    def take(self, order: Places) -> "LogTable":
        """All logs in another order."""
        places = np.empty_like(order)
        places[order] = np.arange(len(order))
        return LogTable(
            self.block_numbers[order],
            self.log_indexes[order],
            self.times[order],
            self.block_hashes[order],
            self.transaction_hashes[order],
            [group.moved(places[group.at]) for group in self.groups],
        )

    def raw(self) -> list[RawLog]:
        """The logs one by one, in lower-case hex."""
        found: list[RawLog | None] = [None] * len(self)
        for group in self.groups:
            for at, log in self._raw_of(group):
                found[at] = log
        return [log for log in found if log is not None]

    def _raw_of(self, group: LogGroup) -> Iterator[tuple[int, RawLog]]:
        address, topic0, indexed = f"0x{group.address.hex()}", f"0x{group.topic0.hex()}", group.indexed
        for at, row in zip(group.at.tolist(), group.words, strict=True):
            words = row.tobytes()
            later = [f"0x{words[start : start + WORD].hex()}" for start in range(0, indexed, WORD)]
            time = int(self.times[at])
            yield (
                at,
                RawLog(
                    address,
                    (topic0, *later) if group.topics else (),
                    f"0x{words[indexed:].hex()}",
                    hex(self.block_numbers[at]),
                    f"0x{self.block_hashes[at].tobytes().hex()}",
                    f"0x{self.transaction_hashes[at].tobytes().hex()}",
                    hex(self.log_indexes[at]),
                    None if time == UNTOLD else hex(time),
                ),
            )


def joined(parts: Sequence[LogTable]) -> LogTable:
    """One table behind the other."""
    if len(parts) == 1:
        return parts[0]
    starts = np.cumsum([0, *map(len, parts[:-1])])
    return LogTable(
        np.concatenate([part.block_numbers for part in parts]),
        np.concatenate([part.log_indexes for part in parts]),
        np.concatenate([part.times for part in parts]),
        np.concatenate([part.block_hashes for part in parts]),
        np.concatenate([part.transaction_hashes for part in parts]),
        [
            group._replace(at=group.at + start)
            for part, start in zip(parts, starts, strict=True)
            for group in part.groups
        ],
    )


def check(table: LogTable, addresses: Collection[bytes], from_block: int, to_block: int) -> LogTable:
    """The logs in order of (block, log index); ValueError says what is wrong with which log.

    `addresses` are those that were asked for, block limits are inclusive.
    """
    for group in table.groups:
        if group.address not in addresses:
            raise ValueError(f"a log of '0x{group.address.hex()}', which was not asked for")
    numbers, indexes = table.block_numbers, table.log_indexes
    outside = numbers[(numbers < from_block) | (numbers > to_block)]
    if len(outside):
        raise ValueError(f"a log of block {outside[0]}, outside {from_block} to {to_block}")
    if indexes.max(initial=0) >= _MOST_INDEX:
        raise ValueError(f"a log of the number {indexes.max()} in its block")
    return _in_order(table)


def _in_order(table: LogTable) -> LogTable:
    keys = table.block_numbers.astype(np.uint64) * np.uint64(_MOST_INDEX) + table.log_indexes.astype(
        np.uint64
    )
    if (keys[1:] > keys[:-1]).all():
        return table
    order = np.argsort(keys, kind="stable")
    twice = np.flatnonzero(keys[order][1:] == keys[order][:-1])
    if len(twice):
        at = order[twice[0]]
        raise ValueError(f"log {table.log_indexes[at]} of block {table.block_numbers[at]} twice")
    return table.take(order)
