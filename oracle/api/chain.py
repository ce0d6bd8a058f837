"""The chain as the service looks at it: what became of the latest epoch, and accounts that are contracts.

Rules that hold here: of epochs the chain is asked by a thread of its own every LOOK_SECONDS, never by a
request; when it does not answer, what was read last stands until it is TRUST_SECONDS old, and then everything
is unknown (null), which is neither yes nor no. A contract account is asked by ERC-1271 at the latest block,
and only its magic value counts.
"""

import logging
import threading
import time
from dataclasses import dataclass
from typing import Any

from eth_abi.abi import encode

from ledger_reader.errors import Retry, Stop
from ledger_reader.keccak import keccak256
from ledger_reader.rpc import Rpc, RpcError
from oracle.api.service import UNKNOWN
from oracle.committee import to_json
from oracle.contract import CreditOracle, Mark
from oracle.epoch import Deployment

LOOK_SECONDS = 12.0
TRUST_SECONDS = 120.0

_SELECTOR = keccak256(b"isValidSignature(bytes32,bytes)")[:4]
_MAGIC = "0x" + _SELECTOR.ljust(32, b"\0").hex()
_GAS = "0x7a1200"
"""What a contract account may spend on a signature: 8 million."""

log = logging.getLogger("oracle.api")


@dataclass(frozen=True)
class Seen:
    """What the contract said: the epoch's `mark` (None: not published), its times, and the limit of age.

    `block_time` was the latest block's when this machine's clock was `at`.
    """

    epoch: int
    mark: Mark | None
    active_from: int | None
    max_age: int
    block_time: int
    at: float


class Chain:
    """The chain behind the operator's addresses; a context manager, within which it is looked at."""

    def __init__(self, rpc: Rpc, deployment: Deployment) -> None:
        self._rpc, self._oracle = rpc, CreditOracle(rpc, deployment.contract)
        self._over, self._wanted = threading.Event(), threading.Event()
        self._epoch = 0
        self._seen: Seen | None = None
        self._committee: dict[str, object] | None = None
        self._thread = threading.Thread(target=self._run, name="chain", daemon=True)

    def __enter__(self) -> "Chain":
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._over.set()
        self._wanted.set()
        self._thread.join(timeout=10)

    @property
    def committee(self) -> dict[str, object] | None:
        """The latest epoch's members, as committee.json describes them; None until the chain answered."""
        return self._committee

    def flags(self, epoch: int, snapshot_time: int) -> dict[str, Any]:
        """`activeFrom`, and whether the epoch is held, stale or upcoming; None where that is unknown."""
        if epoch != self._epoch:
            self._epoch = epoch
            self._wanted.set()
        seen, now = self._seen, time.time()
        if seen is None or seen.epoch != epoch or now - seen.at > TRUST_SECONDS:
            return UNKNOWN
        on_chain = seen.block_time + now - seen.at  # contracts judge by the time of their blocks
        flags = {
            "held": seen.mark == Mark.HELD,
            "stale": on_chain - snapshot_time > seen.max_age,
            "upcoming": seen.active_from is None or seen.active_from > on_chain,
        }
        return {"activeFrom": seen.active_from, "flags": flags}

    def approves(self, account: bytes, digest: bytes, signature: bytes) -> bool:
        """Whether a contract account says that it signed; Retry when no address answers."""
        data = _SELECTOR + encode(("bytes32", "bytes"), (digest, signature))
        call = {"to": "0x" + account.hex(), "data": "0x" + data.hex(), "gas": _GAS}
        try:
            return bool(self._rpc.call("eth_call", [call, "latest"]) == _MAGIC)
        except RpcError:
            return False  # it reverted

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                self._look()
            except (Retry, Stop) as error:
                log.info("the chain was not looked at: %s", error)
            self._wanted.wait(LOOK_SECONDS)
            self._wanted.clear()

    def _look(self) -> None:
        epoch = self._epoch
        if not epoch:
            return
        _, kept, active_from, _, mark = self._oracle.read("rootOf", epoch)[0]
        known = kept == epoch
        self._committee = to_json(self._oracle.committee_at(epoch)) | {"epoch": epoch}
        self._seen = Seen(
            epoch=epoch,
            mark=Mark(mark) if known else None,
            active_from=active_from if known else None,
            max_age=self._oracle.clock().max_age,
            block_time=self._rpc.block("latest").time,
            at=time.time(),
        )
