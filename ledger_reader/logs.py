"""A log as a node tells it, and what makes it well formed.

Rules that hold here: pure; hex stays text until it is decoded, for slices of text are the fastest
way there is; a log that passed `check` is hex throughout, of the right lengths, inside the range
and of a contract that was asked for; logs come in order of (block, log index), each once.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import msgspec
import numpy as np

_IS_HEX = np.isin(np.arange(256), list(b"0123456789abcdefABCDEF"))


class RawLog(msgspec.Struct, rename="camel", gc=False):
    """One log of an eth_getLogs answer; all fields 0x hex, `block_timestamp` where the node gives it."""

    address: str
    topics: tuple[str, ...]
    data: str
    block_number: str
    block_hash: str
    transaction_hash: str
    log_index: str
    block_timestamp: str | None = None
    removed: bool = False


def check(logs: Sequence[RawLog], addresses: Iterable[str], from_block: int, to_block: int) -> list[RawLog]:
    """The logs in order of (block, log index); ValueError says what is wrong with which log.

    `addresses` in lower-case hex are those that were asked for, block limits are inclusive.
    """
    asked = frozenset(addresses)
    keys = [(int(log.block_number, 16), int(log.log_index, 16)) for log in logs]
    for log, (number, index) in zip(logs, keys, strict=True):
        if not from_block <= number <= to_block:
            raise ValueError(f"a log of block {number}, outside {from_block} to {to_block}")
        if log.address.lower() not in asked:
            raise ValueError(f"a log of {log.address[:42]!r}, which was not asked for")
        if log.removed or not 0 <= index < 2**31:
            raise ValueError(f"a removed or wrongly numbered log in block {number}")
    _check_hex(logs)
    return _in_order(logs, keys)


def _check_hex(logs: Sequence[RawLog]) -> None:
    """All hashes, topics and data in two passes over all logs: checks log by log would cost the most."""
    words = [word for log in logs for word in (log.block_hash, log.transaction_hash, *log.topics)]
    if set(map(len, words)) - {66}:
        raise ValueError("a malformed log: a topic or a hash that is not of 32 bytes")
    table = np.frombuffer("".join(words).encode("ascii"), np.uint8).reshape(-1, 66)
    if not ((table[:, 0] == ord("0")) & (table[:, 1] == ord("x"))).all() or not _IS_HEX[table[:, 2:]].all():
        raise ValueError("a malformed log: a topic or a hash that is not 0x hex")
    data = [log.data[2:] for log in logs if log.data[:2] == "0x" and not len(log.data) % 2]
    digits = "".join(data)
    if len(data) != len(logs) or len(bytes.fromhex(digits)) * 2 != len(digits):  # it lets white space through
        raise ValueError("a malformed log: data that is not 0x hex of whole bytes")


def _in_order(logs: Sequence[RawLog], keys: list[tuple[int, int]]) -> list[RawLog]:
    order = list(range(len(keys)))
    if any(after <= before for before, after in pairwise(keys)):
        order.sort(key=keys.__getitem__)
        for before, after in pairwise(order):
            if keys[before] == keys[after]:
                raise ValueError(f"log {keys[after][1]} of block {keys[after][0]} twice")
    return [logs[index] for index in order]
