"""Looks at the world for the metrics, beside the round: chains, contract, balance, disk.

Rules that hold here: it only reads, in a thread of its own, and whatever it fails at is tried again at the
next look: it can neither stop nor slow a round; "ended" is by final blocks, as the node itself reckons. How
old the figures are is a figure too, so that silence is seen.
"""

import logging
import shutil
import threading
import time
from types import TracebackType
from typing import Self

from ledger_reader.errors import Retry, Stop
from oracle import metrics
from oracle.node import Node
from oracle.report import Mark
from oracle.settings import address_text

log = logging.getLogger("node")

LOOK_SECONDS = 15.0
BASE_GAS, SIGNATURE_GAS = 70_000, 5_000
"""About what one publication uses: measured, 3 signatures 80,600 and 21 signatures 170,000."""


class Watch:
    """Looks now and every LOOK_SECONDS, while its block lasts."""

    def __init__(self, node: Node, every_seconds: float = LOOK_SECONDS) -> None:
        self._node, self._every = node, every_seconds
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                look(self._node)
            except (Retry, Stop) as reason:
                log.debug("the metrics are not renewed: %s", reason)
            self._ended.wait(self._every)


def look(node: Node) -> None:
    """One look at everything; Retry or Stop when a chain does not answer, or not as it should."""
    metrics.disk_free_bytes.set(shutil.disk_usage(node.settings.home).free)
    times = [_look_at_chain(node, chain) for chain in sorted(node.rpcs)]
    ended = node.schedule.epoch_ended_by(min(times))
    metrics.epoch_ended.set(ended)
    if ended:
        metrics.epoch_end_time_seconds.set(node.schedule.end_of(ended))
    _look_at_contract(node, ended + 1)
    if node.signer is not None:
        _look_at_purse(node, node.signer.address, ended + 1)
    metrics.watched_time_seconds.set(int(time.time()))


def publish_gas(quorum: int) -> int:
    """About what a publication with so many signatures uses."""
    return BASE_GAS + SIGNATURE_GAS * quorum


def _look_at_chain(node: Node, chain: int) -> int:
    final = node.rpcs[chain].finalized()
    metrics.finalized_block.labels(chain).set(final.number)
    metrics.finalized_time_seconds.labels(chain).set(final.time)
    return final.time


def _look_at_contract(node: Node, running: int) -> None:
    oracle = node.oracle
    latest, current = oracle.latest_epoch(), int(oracle.read("currentEpoch")[0])
    metrics.epoch_published.set(latest)
    metrics.epoch_current.set(current)
    metrics.report_life_seconds.set(node.clock.report_life)
    if latest:
        metrics.published_snapshot_time_seconds.set(oracle.read("rootOf", latest)[0][3])
        mark = oracle.mark_of(latest)
        metrics.held.set(mark is Mark.HELD)
        metrics.vetoed.set(mark is Mark.VETOED)
    metrics.paused_until_time_seconds.set(oracle.paused_until())
    members = oracle.committee_at(running).members
    metrics.member.set(node.signer is not None and node.signer.address in members)


def _look_at_purse(node: Node, address: bytes, running: int) -> None:
    asked = [("eth_getBalance", [address_text(address), "latest"]), ("eth_gasPrice", [])]
    wei, price = (int(found, 16) for found in node.oracle.rpc.batch(asked))
    quorum = node.oracle.committee_at(running).quorum
    metrics.balance_coins.set(wei / 10**18)
    metrics.publications_affordable.set(wei // max(1, price * publish_gas(quorum)))
