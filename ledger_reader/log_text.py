"""The text of logs → a table of them; pure.

Rules that hold here: a log begins at a brace and ends before the comma of the next one; one that differs from
another already understood in nothing but hex digits has the same structure, so that one log of each shape is
parsed as JSON, and of all others the digits are read where they stand; what is not of that form (spaces,
escapes, braces within, a name that stands twice) is parsed one by one and written again in the plain form;
what is not a log raises, whatever a provider sends.
"""

import re
from binascii import Error as NotHex
from binascii import unhexlify
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from ledger_reader.logs import ADDRESS, UNTOLD, WORD, Bytes, LogGroup, LogTable, Places, RawLog

MOST_SHAPES = 1_000
"""So many shapes the logs of one answer may have: each costs a look at all logs of its length."""

_VALUE = re.compile(rb'"(\w+)":"0x([0-9a-fA-F]*)"')
_TOPICS = re.compile(rb'"topics":\[((?:"0x[0-9a-fA-F]{64}",?)*)\]')
_TOPIC_TEXT = len('"0x",') + 2 * WORD
_MOST_DIGITS = 15
"""Of a number, so that it fits 63 bits."""

_DIGITS = np.full(256, -1, np.int8)
_DIGITS[list(b"0123456789abcdef")] = range(16)
_DIGITS[list(b"ABCDEF")] = range(10, 16)

Span = tuple[int, int]
Text = bytes | msgspec.Raw


def read(texts: Iterable[Text]) -> LogTable:
    """The logs, each one JSON object (bytes or msgspec.Raw), in their order.

    msgspec.DecodeError when one is no log; ValueError, in words, when it is one and malformed.
    """
    texts = list(texts)
    try:
        return _table(_Texts.of(texts))
    except _NotPlain:
        return of(msgspec.json.decode(text, type=RawLog) for text in texts)


def read_list(content: memoryview) -> LogTable | None:
    """The logs of a JSON list, given without its brackets; None when it must be parsed to be understood.

    ValueError as `read`.
    """
    try:
        return _table(_Texts.between_braces(np.frombuffer(content, np.uint8)))
    except (_NotPlain, msgspec.DecodeError):
        return None


def of(logs: Iterable[RawLog]) -> LogTable:
    """The same logs as a table."""
    return _table(_Texts.of([msgspec.json.encode(log) for log in logs]))


class _NotPlain(ValueError):
    """A log that cannot be read by position."""


_MALFORMED = "a malformed log: an address, topic, hash, number or data that is not 0x hex of the right length"


class _Texts(NamedTuple):
    """Texts that stand in `content` (bytes): where each begins, and its length."""

    content: npt.NDArray[np.uint8]
    starts: Places
    lengths: Places

    @classmethod
    def of(cls, texts: Sequence[Text]) -> "_Texts":
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        content = np.frombuffer(b"".join(texts), np.uint8)
        return cls(content, np.cumsum(lengths) - lengths, lengths)

    @classmethod
    def between_braces(cls, content: npt.NDArray[np.uint8]) -> "_Texts":
        """Those that begin with a brace and end before the comma in front of the next."""
        starts = np.flatnonzero(content == ord("{"))
        ends = np.append(starts, len(content) + 1)[1:] - 1
        if starts[:1].any() or len(starts) == 0 < len(content) or (content[ends[:-1]] != ord(",")).any():
            raise _NotPlain(_MALFORMED)
        return cls(content, starts, ends - starts)

    def of_length(self, length: int) -> tuple[Places, Bytes]:
        """Which texts have that length, and these: n × length."""
        at = np.flatnonzero(self.lengths == length)
        places = len(self.content) - length + 1
        everywhere = np.ndarray(places, f"V{length}", self.content, strides=(1,))
        return at, everywhere[self.starts[at]].view(np.uint8).reshape(len(at), length)


def _table(texts: _Texts) -> LogTable:
    count = len(texts.starts)
    numbers, indexes, times = (np.empty(count, np.int64) for _ in range(3))
    block_hashes, transaction_hashes = (np.empty((count, WORD), np.uint8) for _ in range(2))
    groups: list[LogGroup] = []
    for part in _parts(texts):
        numbers[part.at], indexes[part.at], times[part.at] = part.numbers
        block_hashes[part.at] = part.raw[:, -2 * WORD : -WORD]
        transaction_hashes[part.at] = part.raw[:, -WORD:]
        groups += _groups(part)
    return LogTable(numbers, indexes, times, block_hashes, transaction_hashes, groups)


class _Part(NamedTuple):
    """Logs of one shape, at these places of the answer.

    `raw`: n × bytes of address, topics, data, hash of the block and of the transaction; `numbers`: of the
    block, of the log in it, and the block's time.
    """

    at: Places
    topics: int
    raw: Bytes
    numbers: tuple[Places, Places, Places]


def _parts(texts: _Texts) -> Iterator[_Part]:
    """All logs, those of one shape together."""
    shapes = 0
    for length in np.unique(texts.lengths).tolist():
        at, left = texts.of_length(length)
        while len(at):
            shapes += 1
            if shapes > MOST_SHAPES:
                raise ValueError(f"logs of more than {MOST_SHAPES} shapes")
            shape = _Shape.of(left[0].tobytes())
            same = left == left[0]
            same |= shape.is_digit
            if same.all():
                yield shape.part(at, left)
                break
            alike = same.all(axis=1)
            yield shape.part(at[alike], left[alike])
            at, left = at[~alike], left[~alike]


class _Shape(NamedTuple):
    """Where the digits of a log stand in its text: `spans` by name, topics apart."""

    spans: Mapping[str, Span]
    topics: Sequence[Span]
    is_digit: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, text: bytes) -> "_Shape":
        """That of one log's text; _NotPlain, or what msgspec raises when it is no log."""
        log = msgspec.json.decode(text, type=RawLog)
        if log.removed:
            raise ValueError("a log that is marked as removed")
        found = [(match[1].decode(), match.span(2)) for match in _VALUE.finditer(text)]
        spans, topics = dict(found), _topics(text, len(log.topics))
        told = {name: text[slice(*span)].decode() for name, span in spans.items()}
        in_topics = tuple(f"0x{text[slice(*span)].decode()}" for span in topics)
        has_twice = len(spans) < len(found)
        if has_twice or in_topics != log.topics or not _tells(told, log):
            raise _NotPlain(_MALFORMED)
        is_digit = np.zeros(len(text), np.bool_)
        for span in (*spans.values(), *topics):
            is_digit[slice(*span)] = True
        return cls(spans, topics, is_digit)

    def part(self, at: Places, texts: Bytes) -> _Part:
        """The logs of such texts; ValueError where a digit is none."""
        spans = dict(self.spans)
        words = [
            spans.pop("address"),
            *self.topics,
            *map(spans.pop, ("data", "blockHash", "transactionHash")),
        ]
        numbers = {name: _number(texts[:, start:end]) for name, (start, end) in spans.items()}
        digits = np.concatenate([texts[:, start:end] for start, end in words], axis=1)
        try:
            raw = np.frombuffer(unhexlify(digits.data), np.uint8).reshape(len(at), -1)
        except NotHex:
            raise ValueError(_MALFORMED) from None
        times = numbers.get("blockTimestamp", np.full(len(at), UNTOLD, np.int64))
        return _Part(at, len(self.topics), raw, (numbers["blockNumber"], numbers["logIndex"], times))


def _topics(text: bytes, count: int) -> list[Span]:
    """Where the digits of so many topics stand; none when they are not where they are expected."""
    found = _TOPICS.findall(text)
    start = text.find(b'"topics":[') + len('"topics":["0x')
    if len(found) != 1 or len(found[0]) != max(_TOPIC_TEXT * count - 1, 0):
        return []
    return [(start + _TOPIC_TEXT * i, start + _TOPIC_TEXT * i + 2 * WORD) for i in range(count)]


def _tells(told: Mapping[str, str], log: RawLog) -> bool:
    """Whether the digits by name are those of the log, as many as there must be."""
    words = {
        "address": (log.address, 2 * ADDRESS),
        "data": (log.data, len(log.data) // 2 * 2 - 2),
        "blockHash": (log.block_hash, 2 * WORD),
        "transactionHash": (log.transaction_hash, 2 * WORD),
    }
    numbers = {"blockNumber": log.block_number, "logIndex": log.log_index}
    if log.block_timestamp is not None or "blockTimestamp" in told:
        numbers["blockTimestamp"] = log.block_timestamp or ""
    others = told.keys() - words.keys()
    return (
        all(f"0x{told.get(name)}" == text and len(text) == 2 + size for name, (text, size) in words.items())
        and all(f"0x{told.get(name)}" == text for name, text in numbers.items())
        and all(0 < len(told[name]) <= _MOST_DIGITS for name in others)
    )


def _number(digits: Bytes) -> Places:
    """Hex digits, n × at most 15, as integers."""
    values = _DIGITS[digits]
    if values.min() < 0:
        raise ValueError(_MALFORMED)
    found: Places = values @ (16 ** np.arange(values.shape[1] - 1, -1, -1, dtype=np.int64))
    return found


def _groups(part: _Part) -> list[LogGroup]:
    """The part's logs by contract and first topic."""
    width = ADDRESS + WORD * (part.topics > 0)
    heads = np.ascontiguousarray(part.raw[:, :width]).view(f"V{width}").reshape(-1).tolist()
    codes: dict[bytes, int] = {}
    code_of = np.fromiter((codes.setdefault(head, len(codes)) for head in heads), np.int64, len(heads))
    words = part.raw[:, width : -2 * WORD]
    if len(codes) == 1:
        return [LogGroup(part.at, heads[0][:ADDRESS], heads[0][ADDRESS:], part.topics, words)]
    rows = [np.flatnonzero(code_of == code) for code in codes.values()]
    return [
        LogGroup(part.at[row], head[:ADDRESS], head[ADDRESS:], part.topics, words[row])
        for head, row in zip(codes, rows, strict=True)
    ]
