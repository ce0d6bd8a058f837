"""A log as a node tells it, and what makes it well formed.

Rules that hold here: pure; hex stays text until it is decoded, for slices of text are the fastest
way there is; a log that passed `check` is hex throughout, of the right lengths, inside the range
and of a contract that was asked for; logs come in order of (block, log index), each once.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Annotated, NamedTuple

import msgspec
import numpy as np

_HEX = b"0123456789abcdefABCDEF"

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


class Columns(NamedTuple):
    """The fields of many logs, one value a log: one look at each log, for each costs a cache miss or two."""

    address: Sequence[str]
    topics: Sequence[tuple[str, ...]]
    data: Sequence[str]
    block_number: Sequence[str]
    block_hash: Sequence[str]
    transaction_hash: Sequence[str]
    log_index: Sequence[str]
    block_timestamp: Sequence[str | None]
    removed: Sequence[bool]


def columns(logs: Sequence[RawLog]) -> Columns:
    """The logs' fields, each as a column."""
    fields = tuple(zip(*map(msgspec.structs.astuple, logs), strict=True))
    return Columns(*fields) if fields else Columns(*([()] * len(Columns._fields)))


def check(logs: Sequence[RawLog], addresses: Iterable[str], from_block: int, to_block: int) -> list[RawLog]:
    """The logs in order of (block, log index); ValueError says what is wrong with which log.

    `addresses` in lower-case hex are those that were asked for, block limits are inclusive. Column by
    column and each word once, for checks log by log would cost more than decoding.
    """
    if not logs:
        return []
    told, asked = columns(logs), frozenset(addresses)
    for address in set(told.address):
        if address.lower() not in asked:
            raise ValueError(f"a log of {address[:42]!r}, which was not asked for")
    numbers = {text: int(text, 16) for text in set(told.block_number)}
    for number in numbers.values():
        if not from_block <= number <= to_block:
            raise ValueError(f"a log of block {number}, outside {from_block} to {to_block}")
    words = {*told.block_hash, *told.transaction_hash}.union(*told.topics)
    _check_hex(words, "a topic or a hash that is not 0x hex")
    if any(length % 2 for length in set(map(len, told.data))):
        raise ValueError("a malformed log: data that is not 0x hex of whole bytes")
    _check_hex(told.data, "data that is not 0x hex of whole bytes")
    return _in_order(logs, told, [numbers[text] for text in told.block_number])


def _check_hex(texts: Collection[str], what: str) -> None:
    """All are 0x hex: each begins with 0x, and no more is left of them without hex digits than one x each."""
    text = "".join(texts).encode("ascii")
    sizes = np.fromiter(map(len, texts), np.int64, len(texts))
    starts, characters = np.cumsum(sizes) - sizes, np.frombuffer(text + b"--", np.uint8)
    begin_well = (characters[starts] == ord("0")) & (characters[starts + 1] == ord("x"))
    if not begin_well.all() or len(text.translate(None, _HEX)) != len(texts):
        raise ValueError(f"a malformed log: {what}")


def _in_order(logs: Sequence[RawLog], told: Columns, numbers: Sequence[int]) -> list[RawLog]:
    indexes = [int(text, 16) for text in told.log_index]
    if True in told.removed or min(indexes) < 0 or max(indexes) >= 2**31:
        raise ValueError("a removed or wrongly numbered log")
    keys = np.array(numbers, np.uint64) << np.uint64(31) | np.array(indexes, np.uint64)
    if (keys[1:] > keys[:-1]).all():
        return list(logs)
    order = np.argsort(keys, kind="stable")
    twice = np.flatnonzero(keys[order][1:] == keys[order][:-1])
    if len(twice):
        log = logs[order[twice[0]]]
        raise ValueError(f"log {int(log.log_index, 16)} of block {int(log.block_number, 16)} twice")
    return [logs[index] for index in order]
