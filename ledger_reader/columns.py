"""Logs of one event as columns, and the rows that they become, as columns too; pure.

Rules that hold here: a column is a NumPy array with one value a log (or row): `Bytes` for addresses (n × 20)
and ids (n × 32), `Numbers` for integers, int64 where all of them fit and Python's own where one does not, so
that nothing overflows and nothing is rounded; a column with holes is `Maybe`. What all rows share is given
once, as bytes, and what none has as None. All logs of one `Logs` have the same number of topics and bytes of
data, so that a word is a slice. `at` says which log of the batch a row is of; it only grows.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ledger_reader.ledger import MAX_TIME
from ledger_reader.logs import ADDRESS, WORD, Bytes, LogGroup, Places

Numbers = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]


class Maybe(NamedTuple):
    """A column with holes: `values` count only where `known`."""

    values: npt.NDArray[Any]
    known: Mask


Column = npt.NDArray[Any] | Maybe | bytes | None
"""One value a row, with or without holes; one value for all rows; or none at all."""


class Logs:
    """Logs of one event: `words` (n × words × 32) are topics without the first, then words of the data.

    `names`: in which word each argument stands; `size`: bytes of data of each log.
    """

    def __init__(self, at: Places, words: Bytes, names: Mapping[str, int], size: int) -> None:
        self.at, self.size = at, size
        self._words, self._names = words, names

    def __len__(self) -> int:
        return len(self.at)

    def word(self, place: int) -> Bytes:
        """The words at one place, topics first: n × 32."""
        return self._words[:, place]

    def id(self, name: str) -> Bytes:
        """The argument as it is: n × 32."""
        return self.word(self._names[name])

    def address(self, name: str) -> Bytes:
        """The argument's lower 20 bytes: n × 20."""
        return self.id(name)[:, WORD - ADDRESS :]

    def number(self, name: str) -> Numbers:
        """The argument as an unsigned integer of 256 bits."""
        return numbers(self.id(name))

    def time(self, name: str) -> Numbers:
        """The argument as Unix seconds, saturated at MAX_TIME."""
        return capped(self.number(name), MAX_TIME)

    def where(self, wanted: Mask) -> "Logs":
        """Some of the logs."""
        if wanted.all():
            return self
        return Logs(self.at[wanted], self._words[wanted], self._names, self.size)


class Rows(NamedTuple):
    """Rows of one kind, of the logs `at`; `leg` one for all, or one a row; the rest in the ledger's order."""

    at: Places
    leg: int | Numbers
    kind: str
    account: Bytes | bytes
    counterparty: Column = None
    asset: Column = None
    amount: Column = None
    value_cents: Column = None
    loan_id: Column = None
    due_time: Column = None

    def where(self, wanted: Mask) -> Self:
        """Some of the rows."""
        if wanted.all():
            return self
        return type(self)(*(_some(column, wanted) for column in self))


def _some(column: Any, wanted: Mask) -> Any:
    if isinstance(column, Maybe):
        return Maybe(column.values[wanted], column.known[wanted])
    return column[wanted] if isinstance(column, np.ndarray) else column


def legs(*parts: Rows) -> list[Rows]:
    """Rows of the same logs, those of each log numbered as they stand."""
    numbered: list[Rows] = []
    for part in parts:
        before = [np.isin(part.at, other.at) for other in numbered]
        numbered.append(part._replace(leg=sum(before, np.zeros(len(part.at), np.int8))))
    return numbered


def without(column: Column, where: Mask) -> Column:
    """The column with holes (more of them) there; of all its rows one value each."""
    if column is None:
        return None
    values, known = column if isinstance(column, Maybe) else (column, ~where)
    return Maybe(np.asarray(values), known & ~where)


def full(value: Bytes | bytes, count: int) -> Bytes:
    """One value a row: what is given once, so many times."""
    if isinstance(value, bytes):
        return np.broadcast_to(np.frombuffer(value, np.uint8), (count, len(value)))
    return value


def read(group: LogGroup, names: Mapping[str, int]) -> Logs:
    """The group's logs as columns; of the data one word more than has a name."""
    topics = group.indexed // WORD
    words = min(topics + group.size // WORD, len(names) + 1)
    raw = group.words[:, : WORD * words].reshape(len(group.at), words, WORD)
    return Logs(group.at, raw, names, group.size)


def numbers(words: Bytes) -> Numbers:
    """Big-endian words (n × 32) as integers."""
    words = np.ascontiguousarray(words)
    limbs = words.view(">u8")
    if not limbs[:, :3].any() and not (limbs[:, 3] >> np.uint64(63)).any():
        return limbs[:, 3].astype(np.int64)
    return _objects([int.from_bytes(word) for word in each(words)])


def capped(values: Numbers, limit: int) -> Numbers:
    """What is larger than `limit` becomes `limit`."""
    if values.dtype != object and limit >= np.iinfo(np.int64).max:
        return values
    return np.minimum(values, limit)


def scaled(values: Numbers, factor: int, divisor: int) -> Numbers:
    """floor(value × factor / divisor), exact; all are positive or 0."""
    largest = int(values.max(initial=0))
    if values.dtype != object and max(largest * factor, divisor) > np.iinfo(np.int64).max:
        values = values.astype(object)
    return values * factor // divisor


def amounts(values: Numbers) -> Bytes:
    """Integers under 2^127 as the 16 bytes of Arrow's decimals: n × 16."""
    if values.dtype == object:
        content = b"".join([value.to_bytes(16, "little") for value in values.tolist()])
        return np.frombuffer(content, np.uint8).reshape(-1, 16)
    wide = np.zeros((len(values), 2), np.int64)
    wide[:, 0] = values
    return wide.view(np.uint8)


def each(column: Bytes) -> list[bytes]:
    """The values one by one."""
    found: list[bytes] = _whole_values(column).tolist()
    return found


def _whole_values(column: Bytes) -> npt.NDArray[np.void]:
    """N × width → n values of so many bytes."""
    return np.ascontiguousarray(column).view(f"V{column.shape[1]}").reshape(len(column))


def differ(one: Bytes, other: Bytes | bytes) -> Mask:
    """Where two columns, or a column and a value, are not the same."""
    found: Mask = _whole_values(one) != _whole_values(full(other, len(one)))
    return found


def looked_up(keys: Bytes, find: Callable[[bytes], bytes | None], width: int) -> Maybe:
    """What `find` gives for each key, values of `width` bytes."""
    return maybe([find(key) for key in each(keys)], width)


def maybe(values: Sequence[bytes | None], width: int) -> Maybe:
    """Values of `width` bytes, as a column."""
    content = b"".join([value or bytes(width) for value in values])
    known = np.array([value is not None for value in values], np.bool_)
    return Maybe(np.frombuffer(content, np.uint8).reshape(-1, width), known)


def _objects(values: Sequence[int]) -> Numbers:
    found = np.empty(len(values), object)
    found[:] = values
    return found


# ------------------------------------------------------------------ to Arrow


def joined(parts: Sequence[Column], counts: Sequence[int], order: Places, kind: pa.DataType) -> pa.Array:
    """Columns of so many rows each, one behind the other and then in `order`, as an array of `kind`."""
    whole = [_whole(part, count, kind) for part, count in zip(parts, counts, strict=True)]
    some = next((part for part in whole if part is not None), None)
    if some is None:
        return pa.nulls(len(order), kind)
    values = [_holes(some, n) if part is None else part for part, n in zip(whole, counts, strict=True)]
    content = np.concatenate([part.values for part in values]).take(order, axis=0)
    known = np.concatenate([part.known for part in values]).take(order)
    return _array(content, known, kind)


def _holes(like: Maybe, count: int) -> Maybe:
    return Maybe(np.zeros((count, *like.values.shape[1:]), like.values.dtype), np.zeros(count, np.bool_))


def _whole(part: Column, count: int, kind: pa.DataType) -> Maybe | None:
    """One value a row, as Arrow keeps them."""
    if part is None:
        return None
    values, known = part if isinstance(part, Maybe) else (part, np.ones(count, np.bool_))
    if isinstance(values, bytes):
        return Maybe(full(values, count), known)
    if pa.types.is_binary(kind):
        return Maybe(values, known)
    return Maybe(amounts(values) if pa.types.is_decimal(kind) else values.astype(np.int64), known)


def _array(values: npt.NDArray[Any], known: Mask, kind: pa.DataType) -> pa.Array:
    if pa.types.is_binary(kind):
        return binary(values, known)
    if pa.types.is_decimal(kind):
        content = pa.py_buffer(np.ascontiguousarray(values))
        return pa.Array.from_buffers(kind, len(values), [_bits(known), content])
    return array(values, known)


def array(values: npt.NDArray[Any], known: Mask | None = None) -> pa.Array:
    """Numbers, null where not `known`. Not by pa.array, which imports pandas: a fifth of a second, 40 MB."""
    buffers = [None if known is None else _bits(known), pa.py_buffer(np.ascontiguousarray(values))]
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), buffers)


def texts(codes: npt.NDArray[np.int32], names: Sequence[str]) -> pa.Array:
    """Of each row the name at the place of its code."""
    content = [name.encode() for name in names]
    ends = pa.py_buffer(np.cumsum([0, *map(len, content)], dtype=np.int32))
    values = pa.Array.from_buffers(pa.string(), len(names), [None, ends, pa.py_buffer(b"".join(content))])
    return pa.DictionaryArray.from_arrays(array(codes), values).dictionary_decode()


def binary(values: Bytes, known: Mask | None = None) -> pa.Array:
    """Bytes of one width (n × width), null where not `known`."""
    count, width = values.shape
    ends = pa.py_buffer(np.arange(count + 1, dtype=np.int32) * np.int32(width))
    content = pa.py_buffer(np.ascontiguousarray(values))
    return pa.Array.from_buffers(pa.binary(), count, [None if known is None else _bits(known), ends, content])


def _bits(known: Mask) -> pa.Buffer:
    """Arrow's mask of the values that are there."""
    return pa.py_buffer(np.packbits(known, bitorder="little"))
