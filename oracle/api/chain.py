"""The chain as the service looks at it: what became of the epochs, and accounts that are contracts.

Rules that hold here: of epochs the chain is asked by a thread of its own every LOOK_SECONDS, never by a
request; when it does not answer, what was seen last stands until it is too old (sight.py). A contract account
is asked by ERC-1271 at the latest block, and only its magic value counts.
"""

import logging
import threading
import time

from eth_abi.abi import encode

from ledger_reader.errors import Retry, Stop
from ledger_reader.keccak import keccak256
from ledger_reader.rpc import Rpc, RpcError
from oracle.api.sight import Fate, Sight
from oracle.committee import Committee
from oracle.contract import CreditOracle
from oracle.epoch import Deployment
from oracle.report import Mark

LOOK_SECONDS = 12.0

_SELECTOR = keccak256(b"isValidSignature(bytes32,bytes)")[:4]
_MAGIC = "0x" + _SELECTOR.ljust(32, b"\0").hex()
_GAS = "0x7a1200"
"""What a contract account may spend on a signature: 8 million."""

log = logging.getLogger("oracle.api")


class Chain:
    """The chain behind the operator's addresses; a context manager, within which it is looked at."""

    def __init__(self, rpc: Rpc, deployment: Deployment) -> None:
        self._rpc, self._oracle = rpc, CreditOracle(rpc, deployment.contract)
        self._over, self._wanted = threading.Event(), threading.Event()
        self._latest = 0
        self._seen: Sight | None = None
        self._committees: dict[int, Committee] = {}
        self._thread = threading.Thread(target=self._run, name="chain", daemon=True)

    def __enter__(self) -> "Chain":
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._over.set()
        self._wanted.set()
        self._thread.join(timeout=10)

    def sight(self, latest: int) -> Sight | None:
        """What was seen last, however long ago; from now on epochs up to `latest` are looked at."""
        if latest > self._latest:
            self._latest = latest
            self._wanted.set()
        return self._seen

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
        latest = self._latest
        if not latest:
            return
        clock = self._oracle.clock()
        ring = range(max(1, latest - clock.ring_size + 1), latest + 1)
        self._seen = Sight(
            fates={epoch: self._fate(epoch) for epoch in ring},
            current=int(self._oracle.read("currentEpoch")[0]),
            limits=self._oracle.limits(),
            max_age=clock.max_age,
            block_time=self._rpc.block("latest").time,
            at=time.time(),
        )

    def _fate(self, epoch: int) -> Fate:
        if epoch not in self._committees:  # that of an epoch which is computed does not change any more
            self._committees[epoch] = self._oracle.committee_at(epoch)
        _, kept, active_from, _, mark = self._oracle.read("rootOf", epoch)[0]
        committee = self._committees[epoch]
        return Fate(Mark(mark), active_from, committee) if kept == epoch else Fate(None, None, committee)
