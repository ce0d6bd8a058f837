"""The contracts, typed: reads and decoded errors. What sends a transaction is in wallet.py.

Rules that hold here: a read names the block it is made at; an answer is decoded by the committed
ABI (oracle/abi/, generated from contracts/); a revert becomes `Refused` with the custom error's
name and arguments.
"""

import re
from dataclasses import dataclass
from dataclasses import fields as dataclass_fields
from functools import cache
from importlib import resources
from typing import Any

import msgspec
from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError

from ledger_reader.errors import Retry, Stop
from ledger_reader.keccak import keccak256
from ledger_reader.logs import RawLog
from ledger_reader.rpc import Endpoint, Rpc, RpcError
from oracle.committee import Committee
from oracle.report import EpochReport, Limits, Mark
from oracle.tree import AtLeastProof, ScoreProof

_BYTES = re.compile(r"0x([0-9a-fA-F]{2})*")


class Refused(Stop):
    """The contract said no: `error` is the custom error's name, `arguments` its values."""

    def __init__(self, contract: str, error: str, arguments: tuple[Any, ...]) -> None:
        self.error = error
        self.arguments = arguments
        shown = ", ".join(_shown(value) for value in arguments)
        super().__init__(f"{contract} refused: {error}({shown})")


def _shown(value: Any) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)


@dataclass(frozen=True)
class Signature:
    """One function, event or error of an ABI: name, input types, output types, 4 or 32 byte id."""

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    indexed: tuple[bool, ...]
    id: bytes


@dataclass(frozen=True)
class Abi:
    """A contract's functions and events by name, its errors by selector, its constructor, its code."""

    name: str
    constructor: tuple[str, ...]
    functions: dict[str, Signature]
    events: dict[str, Signature]
    errors: dict[bytes, Signature]
    bytecode: bytes
    runtime: bytes

    def creation(self, *arguments: Any) -> bytes:
        """What a transaction that deploys the contract carries: its code and the constructor's arguments."""
        return self.bytecode + encode(self.constructor, arguments)


@cache
def load_abi(name: str) -> Abi:
    """The committed ABI and bytecode of contract `name`."""
    plain = msgspec.json.decode((resources.files("oracle") / "abi" / f"{name}.json").read_bytes())
    entries = [entry for entry in plain["abi"] if "name" in entry]
    signatures = [(entry["type"], _signature(entry)) for entry in entries]
    constructors = [entry["inputs"] for entry in plain["abi"] if entry["type"] == "constructor"]
    return Abi(
        name=name,
        constructor=tuple(_type(parameter) for inputs in constructors for parameter in inputs),
        functions={s.name: s for kind, s in signatures if kind == "function"},
        events={s.name: s for kind, s in signatures if kind == "event"},
        errors={s.id: s for kind, s in signatures if kind == "error"},
        bytecode=bytes.fromhex(plain["bytecode"].removeprefix("0x")),
        runtime=bytes.fromhex(plain["deployedBytecode"].removeprefix("0x")),
    )


def _signature(entry: dict[str, Any]) -> Signature:
    inputs = tuple(_type(parameter) for parameter in entry.get("inputs", ()))
    digest = keccak256(f"{entry['name']}({','.join(inputs)})".encode())
    return Signature(
        name=entry["name"],
        inputs=inputs,
        outputs=tuple(_type(parameter) for parameter in entry.get("outputs", ())),
        indexed=tuple(bool(parameter.get("indexed")) for parameter in entry.get("inputs", ())),
        id=digest if entry["type"] == "event" else digest[:4],
    )


def _type(parameter: dict[str, Any]) -> str:
    kind: str = parameter["type"]
    if not kind.startswith("tuple"):
        return kind
    inner = ",".join(_type(component) for component in parameter["components"])
    return f"({inner}){kind.removeprefix('tuple')}"


@dataclass(frozen=True)
class Clock:
    """ICreditOracle.Config: genesis, and lengths of time in seconds; `ring_size` epochs are kept."""

    genesis: int
    length: int
    delay: int
    max_age: int
    report_life: int
    max_gap: int
    ring_size: int


@dataclass(frozen=True)
class SourceChain:
    """A chain whose events count, up to block `frozen_at`, or without end where that is 0."""

    chain_id: int
    frozen_at: int


@dataclass(frozen=True)
class Published:
    """A report that stands on chain, who signed it (mask), from when it is read, and where it is."""

    report: EpochReport
    member_mask: int
    active_from: int
    block: int
    transaction: str


class Contract:
    """One deployed contract behind one RPC client: `read` and `call_data` by function name."""

    def __init__(self, rpc: Rpc, abi: str, address: bytes, calls: tuple[str, ...] = ()) -> None:
        """`calls` names the contracts that this one calls, whose errors it passes on."""
        self.rpc = rpc
        self.abi = load_abi(abi)
        self.address = address
        self._errors = self.abi.errors.copy()
        for name in calls:
            self._errors.update(load_abi(name).errors)

    def count(self, event: str, from_block: int, to_block: int) -> int:
        """How many times the contract emitted an event in a block range, limits included."""
        return len(self.rpc.logs([self.address], [_hex(self.abi.events[event].id)], from_block, to_block))

    def call_data(self, function: str, *arguments: Any) -> bytes:
        """The calldata of one call."""
        signature = self.abi.functions[function]
        return signature.id + encode(signature.inputs, arguments)

    def read(
        self, function: str, *arguments: Any, block: int | str = "latest", sender: bytes | None = None
    ) -> tuple[Any, ...]:
        """The decoded results of a view at `block`; Refused when it reverts with a custom error."""
        request = {"to": _hex(self.address), "data": _hex(self.call_data(function, *arguments))}
        if sender is not None:
            request["from"] = _hex(sender)
        tag = hex(block) if isinstance(block, int) else block
        answer = self._answer("eth_call", [request, tag], block)
        try:
            return tuple(decode(self.abi.functions[function].outputs, answer))
        except DecodingError as error:
            raise Stop(
                f"{_hex(self.address)} answers {function} with {len(answer)} bytes that no {self.abi.name} "
                "gives; check the contract's address in the settings."
            ) from error

    def _answer(self, method: str, parameters: list[Any], block: int | str) -> bytes:
        async def ask(endpoint: Endpoint) -> Any:
            if isinstance(block, int):
                await endpoint.blocks([block])  # one that lags is left for the next, which has the block
            return (await endpoint.ask([(method, parameters)], Any))[0]

        try:
            found = self.rpc.use(ask)
        except RpcError as error:
            raise self.refusal(error) from error
        if not isinstance(found, str) or not _BYTES.fullmatch(found):
            raise Retry(
                f"{self.rpc.name} answered {method} with {str(found)[:60]!r}, which is no bytes; try another"
            )
        return bytes.fromhex(found[2:])

    def refusal(self, error: RpcError) -> Stop:
        """What a node's error answer means: a custom error decoded, else the node's own words."""
        revert = _revert_bytes(error.data)
        signature = self._errors.get(revert[:4])
        if signature is None:
            return error
        try:
            return Refused(self.abi.name, signature.name, tuple(decode(signature.inputs, revert[4:])))
        except (DecodingError, ValueError, OverflowError):
            return error


def _revert_bytes(found: Any) -> bytes:
    """The bytes of a revert as nodes give them: hex, or an object that holds it."""
    text = found.get("data") if isinstance(found, dict) else found
    try:
        return bytes.fromhex(text.removeprefix("0x")) if isinstance(text, str) else b""
    except ValueError:
        return b""


class CreditOracle(Contract):
    """The oracle's contract, read in the words of oracle/."""

    def __init__(self, rpc: Rpc, address: bytes) -> None:
        super().__init__(rpc, "CreditOracle", address)

    def clock(self) -> Clock:
        """What was fixed at deployment."""
        return Clock(*self.read("config")[0])

    def committee_at(self, epoch: int, block: int | str = "latest") -> Committee:
        """The committee that signs `epoch`, as the contract knows it at `block`."""
        members, identity_keys, quorum, secret = self.read("committeeAt", epoch, block=block)[0]
        return Committee(tuple(_address(m) for m in members), tuple(identity_keys), quorum, secret)

    def model_at(self, epoch: int, block: int | str = "latest") -> bytes:
        """The model that scores `epoch`, as the contract knows it at `block`."""
        model: bytes = self.read("modelAt", epoch, block=block)[0]
        return model

    def latest_epoch(self, block: int | str = "latest") -> int:
        """The latest published epoch, 0 when there is none."""
        return int(self.read("latestEpoch", block=block)[0])

    def published(self, from_block: int, to_block: int | None = None) -> dict[int, Published]:
        """All reports published in a block range (to the latest block when None), by epoch."""
        event = self.abi.events["Published"]
        found = self._logs(("Published",), from_block, to_block)
        unindexed = [t for t, indexed in zip(event.inputs, event.indexed, strict=True) if not indexed]
        reports = {}
        for log in found:
            try:
                report, mask, active_from = decode(unindexed, bytes.fromhex(log.data[2:]))
            except DecodingError as error:
                raise Retry(
                    f"{self.rpc.name} gave a log that is no {event.name} event; try another"
                ) from error
            block = int(log.block_number, 16)
            reports[report[0]] = Published(
                EpochReport(*report), mask, active_from, block, log.transaction_hash
            )
        return reports

    def standing(self, from_block: int, to_block: int) -> dict[int, Published]:
        """The reports among `published` that, as of `to_block`, are neither vetoed nor held, by epoch.

        Read from logs alone, so no node with old state is needed: any two nodes that have the same
        chain up to `to_block` give the same answer.
        """
        fates = {name: _hex(self.abi.events[name].id) for name in ("HeldBack", "Released", "Vetoed")}
        standing = self.published(from_block, to_block)
        held, vetoed = set[int](), set[int]()
        for log in self._logs(tuple(fates), from_block, to_block):
            kind, epoch = log.topics[0], int(log.topics[1], 16)
            if kind == fates["HeldBack"]:
                held.add(epoch)
            elif kind == fates["Released"]:
                held.discard(epoch)
            else:
                vetoed.add(epoch)
        return {epoch: each for epoch, each in standing.items() if epoch not in held | vetoed}

    def mark_of(self, epoch: int, block: int | str = "latest") -> Mark | None:
        """What became of an epoch's root; None when it was not published or has left the ring."""
        root = self.read("rootOf", epoch, block=block)[0]
        return Mark(root[4]) if root[1] == epoch and epoch > 0 else None

    def sources_at(self, epoch: int, block: int | str = "latest") -> tuple[SourceChain, ...]:
        """The chains whose events count in `epoch`, by chain id, as the contract knows it at `block`."""
        return tuple(SourceChain(*each) for each in self.read("sourcesAt", epoch, block=block)[0])

    def limits(self, block: int | str = "latest") -> Limits:
        """Outside of what figures a root is held."""
        return Limits(*self.read("limits", block=block)[0])

    def paused_until(self, block: int | str = "latest") -> int:
        """Until what time nothing is published; in the past, or 0, when it is not paused."""
        return int(self.read("pausedUntil", block=block)[0])

    def _logs(self, events: tuple[str, ...], from_block: int, to_block: int | None) -> list[RawLog]:
        last = self.rpc.block("latest").number if to_block is None else to_block
        topics = [_hex(self.abi.events[name].id) for name in events]

        async def ask(endpoint: Endpoint) -> list[RawLog]:
            await endpoint.blocks([last])  # one that lags would leave logs out and not say so
            return await endpoint.logs([self.address], topics, from_block, last)

        return self.rpc.use(ask)

    def verify_score(self, borrower: bytes, proof: ScoreProof, max_age: int) -> dict[str, int]:
        """What a lending contract would be told; Refused says why it would not."""
        names = ("score", "width", "status", "epoch", "snapshot_time")
        answer = self.read("verifyScore", borrower, fields_of(proof), max_age)
        return dict(zip(names, answer, strict=True))

    def verify_at_least(self, borrower: bytes, proof: AtLeastProof, max_age: int) -> dict[str, int]:
        """As `verify_score`, for "at least"."""
        names = ("status", "epoch", "snapshot_time")
        answer = self.read("verifyAtLeast", borrower, fields_of(proof), max_age)
        return dict(zip(names, answer, strict=True)) | {"threshold": proof.threshold}


def fields_of(proof: ScoreProof | AtLeastProof) -> tuple[Any, ...]:
    """A proof's fields in the order of its Solidity struct, for a contract call."""
    return tuple(getattr(proof, each.name) for each in dataclass_fields(proof))


def _address(text: str) -> bytes:
    return bytes.fromhex(text[2:])


def _hex(raw: bytes) -> str:
    return "0x" + raw.hex()
