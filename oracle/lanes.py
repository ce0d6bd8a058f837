"""Keccak-256 of very many rows, compiled by numba: what a million borrowers' commitments are hashed with.

Rules that hold here: a row is a whole number of 64-bit lanes (all that we hash is words of 32 bytes),
little endian as Keccak reads them; the permutation is written out over 25 scalars, which took half the
time of loops over arrays; nothing holds the interpreter's lock, so threads run side by side. Only
`oracle.bulk` imports this module: without numba the same bytes come from ledger_reader.keccak, one at a
time.
"""

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

Lanes = NDArray[np.uint64]

RATE = 17
"""Lanes absorbed before each permutation."""

_ROUNDS = np.array(
    [
        0x0000000000000001, 0x0000000000008082, 0x800000000000808A, 0x8000000080008000,
        0x000000000000808B, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
        0x000000000000008A, 0x0000000000000088, 0x0000000080008009, 0x000000008000000A,
        0x000000008000808B, 0x800000000000008B, 0x8000000000008089, 0x8000000000008003,
        0x8000000000008002, 0x8000000000000080, 0x000000000000800A, 0x800000008000000A,
        0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
    ],
    dtype=np.uint64,
)  # fmt: skip
"""What the rounds add to the first lane (FIPS 202, section 3.2.5)."""

_FIRST_PAD, _LAST_PAD = np.uint64(1), np.uint64(1 << 63)


def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    # A cache needs a folder that can be written; where there is none, each process compiles (a second).
    try:
        made: Callable[..., Any] = numba.njit(nogil=True, cache=True)(function)
    except RuntimeError:
        made = numba.njit(nogil=True)(function)
    return made


@_compiled
def _turned(lane: Any, left: int) -> Any:
    return (lane << np.uint64(left)) | (lane >> np.uint64(64 - left))


@_compiled
def _permute(s: Lanes) -> None:
    """Keccak-f[1600] in place; lane (x, y) of FIPS 202 is s[x + 5 y]."""
    a0, a1, a2, a3, a4 = s[0], s[1], s[2], s[3], s[4]
    a5, a6, a7, a8, a9 = s[5], s[6], s[7], s[8], s[9]
    a10, a11, a12, a13, a14 = s[10], s[11], s[12], s[13], s[14]
    a15, a16, a17, a18, a19 = s[15], s[16], s[17], s[18], s[19]
    a20, a21, a22, a23, a24 = s[20], s[21], s[22], s[23], s[24]
    for constant in _ROUNDS:
        c0 = a0 ^ a5 ^ a10 ^ a15 ^ a20
        c1 = a1 ^ a6 ^ a11 ^ a16 ^ a21
        c2 = a2 ^ a7 ^ a12 ^ a17 ^ a22
        c3 = a3 ^ a8 ^ a13 ^ a18 ^ a23
        c4 = a4 ^ a9 ^ a14 ^ a19 ^ a24
        d0, d1, d2 = c4 ^ _turned(c1, 1), c0 ^ _turned(c2, 1), c1 ^ _turned(c3, 1)
        d3, d4 = c2 ^ _turned(c4, 1), c3 ^ _turned(c0, 1)
        b0, b1, b2 = a0 ^ d0, _turned(a6 ^ d1, 44), _turned(a12 ^ d2, 43)
        b3, b4 = _turned(a18 ^ d3, 21), _turned(a24 ^ d4, 14)
        b5, b6, b7 = _turned(a3 ^ d3, 28), _turned(a9 ^ d4, 20), _turned(a10 ^ d0, 3)
        b8, b9 = _turned(a16 ^ d1, 45), _turned(a22 ^ d2, 61)
        b10, b11, b12 = _turned(a1 ^ d1, 1), _turned(a7 ^ d2, 6), _turned(a13 ^ d3, 25)
        b13, b14 = _turned(a19 ^ d4, 8), _turned(a20 ^ d0, 18)
        b15, b16, b17 = _turned(a4 ^ d4, 27), _turned(a5 ^ d0, 36), _turned(a11 ^ d1, 10)
        b18, b19 = _turned(a17 ^ d2, 15), _turned(a23 ^ d3, 56)
        b20, b21, b22 = _turned(a2 ^ d2, 62), _turned(a8 ^ d3, 55), _turned(a14 ^ d4, 39)
        b23, b24 = _turned(a15 ^ d0, 41), _turned(a21 ^ d1, 2)
        a0, a1, a2 = b0 ^ (~b1 & b2) ^ constant, b1 ^ (~b2 & b3), b2 ^ (~b3 & b4)
        a3, a4 = b3 ^ (~b4 & b0), b4 ^ (~b0 & b1)
        a5, a6, a7 = b5 ^ (~b6 & b7), b6 ^ (~b7 & b8), b7 ^ (~b8 & b9)
        a8, a9 = b8 ^ (~b9 & b5), b9 ^ (~b5 & b6)
        a10, a11, a12 = b10 ^ (~b11 & b12), b11 ^ (~b12 & b13), b12 ^ (~b13 & b14)
        a13, a14 = b13 ^ (~b14 & b10), b14 ^ (~b10 & b11)
        a15, a16, a17 = b15 ^ (~b16 & b17), b16 ^ (~b17 & b18), b17 ^ (~b18 & b19)
        a18, a19 = b18 ^ (~b19 & b15), b19 ^ (~b15 & b16)
        a20, a21, a22 = b20 ^ (~b21 & b22), b21 ^ (~b22 & b23), b22 ^ (~b23 & b24)
        a23, a24 = b23 ^ (~b24 & b20), b24 ^ (~b20 & b21)
    s[0], s[1], s[2], s[3], s[4] = a0, a1, a2, a3, a4
    s[5], s[6], s[7], s[8], s[9] = a5, a6, a7, a8, a9
    s[10], s[11], s[12], s[13], s[14] = a10, a11, a12, a13, a14
    s[15], s[16], s[17], s[18], s[19] = a15, a16, a17, a18, a19
    s[20], s[21], s[22], s[23], s[24] = a20, a21, a22, a23, a24


@_compiled
def hash_rows(rows: Lanes, digests: Lanes) -> None:
    """Keccak-256 of each row, lanes (n, m), into `digests` (n, 4)."""
    state = np.empty(25, np.uint64)
    lanes = rows.shape[1]
    for row in range(rows.shape[0]):
        state[:] = 0
        at = 0
        for lane in range(lanes):
            state[at] ^= rows[row, lane]
            at += 1
            if at == RATE:
                _permute(state)
                at = 0
        state[at] ^= _FIRST_PAD
        state[RATE - 1] ^= _LAST_PAD
        _permute(state)
        digests[row] = state[:4]


@_compiled
def climb_rows(rungs: Lanes, steps: NDArray[np.int64]) -> None:
    """Hash each row of `rungs` (n, 4), in place, `steps` (n) times over."""
    state = np.empty(25, np.uint64)
    for row in range(rungs.shape[0]):
        state[:4] = rungs[row]
        for _ in range(steps[row]):
            state[4:] = 0
            state[4] = _FIRST_PAD
            state[RATE - 1] = _LAST_PAD
            _permute(state)
        rungs[row] = state[:4]


@_compiled
def join_nodes(nodes: Lanes, start: int, stop: int) -> None:
    """Fill the tree's nodes (2n − 1, 4) from `start` to `stop` − 1 with the hash of their two children."""
    state = np.empty(25, np.uint64)
    for parent in range(start, stop):
        left, right = nodes[2 * parent + 1], nodes[2 * parent + 2]
        if _is_after(left, right):
            left, right = right, left
        state[:4] = left
        state[4:8] = right
        state[8:] = 0
        state[8] = _FIRST_PAD
        state[RATE - 1] = _LAST_PAD
        _permute(state)
        nodes[parent] = state[:4]


@_compiled
def _is_after(left: Lanes, right: Lanes) -> bool:
    """Whether 32 bytes come after 32 others in byte order: a lane's lowest byte is its first."""
    for lane in range(4):
        differ = left[lane] ^ right[lane]
        if differ:
            first = differ & (
                ~differ + np.uint64(1)
            )  # the lowest bit that differs, so in the first such byte
            byte = np.uint64(0xFF)
            while not byte & first:
                byte <<= np.uint64(8)
            return bool((left[lane] & byte) > (right[lane] & byte))
    return False
