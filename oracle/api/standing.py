"""What became of the latest epoch on chain: from when it counts, whether it is held, or out of date.

Rules that hold here: the chain is asked by a thread of its own every LOOK_SECONDS, never by a request; when
it does not answer, what was read last stands until it is TRUST_SECONDS old, and then everything is unknown
(null), which is neither yes nor no.
"""

import logging
import threading
import time
from dataclasses import dataclass
from typing import Any

from ledger_reader.errors import Retry, Stop
from ledger_reader.rpc import Rpc
from oracle.committee import to_json
from oracle.contract import CreditOracle, Mark
from oracle.epoch import Deployment

LOOK_SECONDS = 12.0
TRUST_SECONDS = 120.0

log = logging.getLogger("oracle.api")


@dataclass(frozen=True)
class Seen:
    """What the contract said: the epoch's `mark` (None: not published), its times, and the limits of age.

    `chain_time` was the latest block's when this machine's clock was `at`.
    """

    epoch: int
    mark: Mark | None
    active_from: int | None
    max_age: int
    chain_time: int
    at: float


class Standing:
    """The contract, looked at in the background; a context manager."""

    def __init__(self, rpc: Rpc, deployment: Deployment) -> None:
        self._rpc, self._oracle = rpc, CreditOracle(rpc, deployment.contract)
        self._stop = threading.Event()
        self._wanted = threading.Event()
        self._epoch = 0
        self._seen: Seen | None = None
        self.committee: dict[str, object] | None = None
        """The latest epoch's members, as committee.json describes them; None until the chain answered."""

        self._thread = threading.Thread(target=self._run, name="standing", daemon=True)

    def __enter__(self) -> "Standing":
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop.set()
        self._wanted.set()
        self._thread.join(timeout=10)

    def flags(self, epoch: int, snapshot_time: int) -> dict[str, Any]:
        """`activeFrom`, and whether the epoch is held, stale or upcoming; None where that is unknown."""
        if epoch != self._epoch:
            self._epoch = epoch
            self._wanted.set()
        seen, now = self._seen, time.time()
        if seen is None or seen.epoch != epoch or now - seen.at > TRUST_SECONDS:
            return UNKNOWN
        chain_now = seen.chain_time + now - seen.at  # the contract judges by its blocks' times
        upcoming = seen.active_from is None or seen.active_from > chain_now
        return {
            "activeFrom": seen.active_from,
            "flags": {
                "held": seen.mark == Mark.HELD,
                "stale": chain_now - snapshot_time > seen.max_age,
                "upcoming": upcoming,
            },
        }

    def _run(self) -> None:
        while not self._stop.is_set():
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
        self.committee = to_json(self._oracle.committee_at(epoch)) | {"epoch": epoch}
        self._seen = Seen(
            epoch=epoch,
            mark=Mark(mark) if known else None,
            active_from=active_from if known else None,
            max_age=self._oracle.clock().max_age,
            chain_time=self._rpc.block("latest").time,
            at=time.time(),
        )


UNKNOWN: dict[str, Any] = {"activeFrom": None, "flags": {"held": None, "stale": None, "upcoming": None}}
"""When the chain has not been seen."""
