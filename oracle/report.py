"""EpochReport: what a committee signs, its EIP-712 digest, and the figures it carries; pure.

Rules that hold here: one table (`TYPE`) names the fields, as in ICreditOracle, for hashing, JSON
and signing alike; two nodes with the same report have the same digest, and a digest is good for
one epoch of one contract on one chain under one committee and one model. Figures are over
borrowers who had a score in this report and in the previous one, never over newcomers, and 0
below 30 of them, so that joining accounts cannot push a root out of its limits; `borrowers`
alone counts everyone with a score. Mean and share round down.
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ledger_reader.keccak import keccak256
from ledger_reader.ledger import Snapshot
from models import plain
from models.rules import INSUFFICIENT
from models.scorecard import DISPUTED, Scores
from models.stability import moved_bps, psi_bps, score_bins
from oracle.epoch import Deployment, snapshot_hash
from oracle.tree import EpochTree

DOMAIN_NAME, DOMAIN_VERSION = "CreditOracle", "1"

TYPE = (
    ("epoch", "uint64"),
    ("config", "bytes32"),
    ("modelId", "bytes32"),
    ("snapshotBlock", "uint64"),
    ("snapshotTime", "uint64"),
    ("homeHash", "bytes32"),
    ("snapshotHash", "bytes32"),
    ("root", "bytes32"),
    ("scoresHash", "bytes32"),
    ("previousEpoch", "uint64"),
    ("borrowers", "uint32"),
    ("meanScore", "uint16"),
    ("movedBps", "uint16"),
    ("psiBps", "uint32"),
)
"""Solidity names and types of the report's fields, in the order of EpochReport's own."""

_TYPE_HASH = keccak256(f"EpochReport({','.join(f'{kind} {name}' for name, kind in TYPE)})".encode())
_DOMAIN = (
    ("name", "string"),
    ("version", "string"),
    ("chainId", "uint256"),
    ("verifyingContract", "address"),
)
_DOMAIN_HASH = keccak256(f"EIP712Domain({','.join(f'{kind} {name}' for name, kind in _DOMAIN)})".encode())

FEWEST_COMPARED = 30
"""With fewer borrowers scored in both reports the figures are 0: they would say more of chance."""

MOVED_POINTS = 50
"""A score that changed by more than this many points counts as moved."""


@dataclass(frozen=True, slots=True)
class EpochReport:
    """What members sign; hashes are 32 bytes, times seconds, shares basis points. See ICreditOracle."""

    epoch: int
    config: bytes
    model_id: bytes
    snapshot_block: int
    snapshot_time: int
    home_hash: bytes
    snapshot_hash: bytes
    root: bytes
    scores_hash: bytes
    previous_epoch: int
    borrowers: int
    mean_score: int
    moved_bps: int
    psi_bps: int

    def __post_init__(self) -> None:
        for (name, kind), value in zip(TYPE, self.values(), strict=True):
            fits = len(value) == 32 if kind == "bytes32" else 0 <= value < 2 ** _bits(kind)
            if not fits:
                raise ValueError(f"the report's {name} is no {kind}: {value!r}")

    def values(self) -> tuple[Any, ...]:
        """All fields in the struct's order: what a contract call is encoded from."""
        return tuple(getattr(self, each.name) for each in fields(self))


@dataclass(frozen=True)
class Limits:
    """ICreditOracle.Limits: within what a report's figures lie, or its root is held; shares in bps."""

    min_borrowers: int
    min_mean_score: int
    max_mean_score: int
    max_moved_bps: int
    max_psi_bps: int


class Mark(IntEnum):
    """What became of a published root: read in its turn, held back for the owner, or never read."""

    STANDING = 0
    HELD = 1
    VETOED = 2


@dataclass(frozen=True, slots=True)
class Previous:
    """The report compared with: the latest one that stands in the contract's state at the snapshot."""

    epoch: int
    scores: Scores


@dataclass(frozen=True, slots=True)
class Figures:
    """What the contract holds against its limits."""

    borrowers: int
    mean_score: int
    moved_bps: int
    psi_bps: int


def make_report(
    *,
    tree: EpochTree,
    snapshot: Snapshot,
    deployment: Deployment,
    config: bytes,
    model_id: bytes,
    reference: Sequence[int],
    previous: Previous | None,
) -> EpochReport:
    """The report of a tree; `reference` is the manifest's count of training scores in ten bins."""
    home = snapshot.of(deployment.chain_id)
    figures = population_figures(tree.scores, previous.scores if previous else None, reference)
    return EpochReport(
        epoch=tree.epoch,
        config=config,
        model_id=model_id,
        snapshot_block=home.number,
        snapshot_time=home.time,
        home_hash=home.hash,
        snapshot_hash=snapshot_hash(snapshot),
        root=tree.root,
        scores_hash=scores_hash(tree.scores),
        previous_epoch=previous.epoch if previous else 0,
        borrowers=figures.borrowers,
        mean_score=figures.mean_score,
        moved_bps=figures.moved_bps,
        psi_bps=figures.psi_bps,
    )


def scores_hash(scores: Scores) -> bytes:
    """keccak256 over all rows address(20) ‖ status(1) ‖ score(2) ‖ width(2) ‖ reasons(4), big endian.

    No secret is in it: whoever reads the chain can recompute it.
    """
    columns = (scores.status, scores.score, scores.width, scores.reasons)
    rows = np.hstack([scores.addresses, *(_big_endian(column) for column in columns)])
    return keccak256(rows.tobytes())


def population_figures(scores: Scores, previous: Scores | None, reference: Sequence[int]) -> Figures:
    """The report's figures; `previous` is None when there is no report to compare with."""
    borrowers = int(_scored(scores).sum())
    if previous is None:
        return Figures(borrowers, 0, 0, 0)
    now, before = _scored_in_both(scores, previous)
    if len(now) < FEWEST_COMPARED:
        return Figures(borrowers, 0, 0, 0)
    return Figures(
        borrowers=borrowers,
        mean_score=int(now.sum(dtype=np.int64)) // len(now),
        moved_bps=moved_bps(before, now, MOVED_POINTS),
        psi_bps=psi_bps(reference, score_bins(now)),
    )


def domain_separator(deployment: Deployment) -> bytes:
    """The EIP-712 domain's hash of one CreditOracle."""
    names = keccak256(DOMAIN_NAME.encode()) + keccak256(DOMAIN_VERSION.encode())
    where = deployment.chain_id.to_bytes(32, "big") + bytes(12) + deployment.contract
    return keccak256(_DOMAIN_HASH + names + where)


def struct_hash(report: EpochReport) -> bytes:
    """The EIP-712 hash of the report alone."""
    words = (value if isinstance(value, bytes) else value.to_bytes(32, "big") for value in report.values())
    return keccak256(_TYPE_HASH + b"".join(words))


def digest(report: EpochReport, deployment: Deployment) -> bytes:
    """What members sign: keccak256(0x1901 ‖ domain separator ‖ struct hash), EIP-712."""
    return keccak256(b"\x19\x01" + domain_separator(deployment) + struct_hash(report))


def typed_data(report: EpochReport, deployment: Deployment) -> dict[str, Any]:
    """The same as plain JSON for `eth_signTypedData_v4`: what an outside signer shows and signs."""
    kinds = {"EIP712Domain": _DOMAIN, "EpochReport": TYPE}
    return {
        "types": {name: [{"name": n, "type": t} for n, t in parts] for name, parts in kinds.items()},
        "primaryType": "EpochReport",
        "domain": {
            "name": DOMAIN_NAME,
            "version": DOMAIN_VERSION,
            "chainId": deployment.chain_id,
            "verifyingContract": "0x" + deployment.contract.hex(),
        },
        "message": to_json(report),
    }


def to_json(report: EpochReport) -> dict[str, Any]:
    """Plain JSON values under the Solidity names, hashes as 0x hex."""
    values = ("0x" + value.hex() if isinstance(value, bytes) else value for value in astuple(report))
    return {name: value for (name, _), value in zip(TYPE, values, strict=True)}


def from_json(found: object) -> EpochReport:
    """The report that `to_json` wrote; Stop names the first field that is wrong."""
    values = plain.fields(found, [name for name, _ in TYPE], "a report")
    return EpochReport(*(_field(name, kind, values[name]) for name, kind in TYPE))


def _field(name: str, kind: str, found: object) -> Any:
    where = f"the report's {name}"
    if kind == "bytes32":
        return plain.hexadecimal(found, where, 32)
    return plain.integer(found, where, 0, 2 ** _bits(kind) - 1)


def _bits(kind: str) -> int:
    return int(kind.removeprefix("uint"))


def _scored(scores: Scores) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = scores.status & ~np.uint8(DISPUTED) != INSUFFICIENT
    return found


def _scored_in_both(scores: Scores, previous: Scores) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
    """Scores now and before of those who have one in both, in address order."""
    here, there = _scored(scores), _scored(previous)
    _, now, before = np.intersect1d(
        _keys(scores.addresses[here]),
        _keys(previous.addresses[there]),
        assume_unique=True,
        return_indices=True,
    )
    return scores.score[here][now], previous.score[there][before]


def _keys(addresses: NDArray[np.uint8]) -> NDArray[np.bytes_]:
    # Fixed-width byte strings compare as addresses do; equal lengths make the padding harmless.
    return np.ascontiguousarray(addresses).view("S20").reshape(-1)


def _big_endian(column: NDArray[Any]) -> NDArray[np.uint8]:
    size = column.dtype.itemsize
    return column.astype(f">u{size}").view(np.uint8).reshape(-1, size)
