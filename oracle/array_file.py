"""One array in one .npy file: written durably, opened memory-mapped.

Rules that hold here: a crash leaves the old file or the new one; nothing is ever unpickled; a file that
is cut short or of another make is refused in one sentence; the mapping is read-only, so any number of
threads and processes read one copy.
"""

import os
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ledger_reader.errors import Stop

MAX_HEADER = 2**16
"""Bytes that names and types of columns may take: several hundred columns."""

_DAMAGE = (
    ArithmeticError, EOFError, LookupError, MemoryError, OSError, RecursionError, SyntaxError, TokenError,
    TypeError, ValueError, Warning,
)  # fmt: skip
"""What numpy's reading of a damaged file ends in: its header is a line of Python, parsed as such."""


def write_array(path: Path, array: NDArray[Any]) -> None:
    """Write the array, whole and on disk when this returns."""
    temporary = path.with_name(f".{path.name}.tmp")
    with temporary.open("wb") as file:
        np.save(file, array, allow_pickle=False)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def map_array(path: Path) -> NDArray[Any]:
    """The array as it lies on disk, read-only; Stop when the file is missing or damaged."""
    try:
        found = np.load(path, mmap_mode="r", allow_pickle=False, max_header_size=MAX_HEADER)
    except FileNotFoundError:
        raise Stop(f"{path} is missing: let the node compute the epoch again") from None
    except _DAMAGE as error:
        raise Stop(f"{path} cannot be read ({error}): let the node compute the epoch again") from error
    if not isinstance(found, np.memmap):
        raise Stop(f"{path} holds several arrays, not one: let the node compute the epoch again")
    # A plain view: the subclass makes each look at an element twice as slow.
    return np.asarray(found)
