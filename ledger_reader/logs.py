"""A log as a node tells it, and what makes it well formed.

Rules that hold here: pure; hex stays text until it is decoded, for slices of text are the fastest
way there is; a log that passed `check` is hex throughout, of the right lengths, inside the range
and of a contract that was asked for; logs come in order of (block, log index), each once.
"""

from collections.abc import Collection, Iterable, Sequence
from itertools import chain
from typing import Annotated

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


def check(logs: Sequence[RawLog], addresses: Iterable[str], from_block: int, to_block: int) -> list[RawLog]:
    """The logs in order of (block, log index); ValueError says what is wrong with which log.

    `addresses` in lower-case hex are those that were asked for, block limits are inclusive. Column by
    column and each word once, for checks log by log would cost more than decoding.
    """
    if not logs:
        return []
    asked = frozenset(addresses)
    for address in {log.address for log in logs}:
        if address.lower() not in asked:
            raise ValueError(f"a log of {address[:42]!r}, which was not asked for")
    numbers = {text: int(text, 16) for text in {log.block_number for log in logs}}
    for number in numbers.values():
        if not from_block <= number <= to_block:
            raise ValueError(f"a log of block {number}, outside {from_block} to {to_block}")
    _check_hex({log.block_hash for log in logs}, "a topic or a hash that is not 0x hex")
    _check_hex({log.transaction_hash for log in logs}, "a topic or a hash that is not 0x hex")
    topics = set(chain.from_iterable([log.topics for log in logs]))
    _check_hex(topics, "a topic or a hash that is not 0x hex")
    data = [log.data for log in logs]
    if any(length % 2 for length in set(map(len, data))):
        raise ValueError("a malformed log: data that is not 0x hex of whole bytes")
    _check_hex(data, "data that is not 0x hex of whole bytes")
    return _in_order(logs, [numbers[log.block_number] for log in logs])


def _check_hex(texts: Collection[str], what: str) -> None:
    """All are 0x hex: between commas nothing is left of them but what they begin with."""
    if not texts:
        return
    text = "," + ",".join(texts)
    is_whole = text.count(",0x") == text.count(",") == len(texts)
    if len(text.encode("ascii").translate(None, _HEX)) != 2 * len(texts) or not is_whole:
        raise ValueError(f"a malformed log: {what}")


def _in_order(logs: Sequence[RawLog], numbers: Sequence[int]) -> list[RawLog]:
    indexes = [int(log.log_index, 16) for log in logs]
    if True in [log.removed for log in logs] or min(indexes) < 0 or max(indexes) >= 2**31:
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
