"""What `check` sees of the chains: every RPC address by itself, then all of a chain side by side.

Rules that hold here: an address is asked alone, never through another's failover, with a short time limit;
it is shown by scheme and host only; this machine's clock is held against the newest block, since no score
depends on a clock but certificates, sessions and logs do.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from ledger_reader.errors import Retry, Stop
from ledger_reader.rpc import Header, Rpc
from oracle.check.row import Row, fix, ok, pending
from oracle.settings import Settings

TIMEOUT_S = 3.0
CLOCK_AHEAD_S = 30
STALE_S = 600


@dataclass(frozen=True)
class Address:
    """One RPC address of a chain: `number` counts from 1 in the order of the settings."""

    chain_id: int
    number: int
    url: str

    @property
    def what(self) -> str:
        """How its row is called."""
        return f"rpc {self.chain_id} #{self.number}"


@dataclass(frozen=True)
class Heads:
    """What one address said: its name fit to be shown, its latest and its final block."""

    address: Address
    name: str
    latest: Header
    final: Header


def addresses(settings: Settings) -> list[Address]:
    """All RPC addresses, by chain and in the order of the settings."""
    return [
        Address(chain_id, number, url)
        for chain_id, urls in sorted(settings.rpc.items())
        for number, url in enumerate(urls, 1)
    ]


def look(address: Address, seen: list[Heads]) -> list[Row]:
    """Ask one address for its chain and heads; `seen` gains what a usable one said."""
    try:
        with Rpc(address.url, chain_id=address.chain_id, timeout_s=TIMEOUT_S) as rpc:
            latest, final = rpc.block("latest"), rpc.finalized()
            name = rpc.name
    except Retry as reason:
        return [fix(address.what, f"{reason} The node uses the others meanwhile.")]
    seen.append(Heads(address, name, latest, final))
    lag = latest.time - final.time
    says = f"{name}: block {latest.number}, final {final.number}, {lag} s behind it"
    return [
        ok(address.what, says) if lag <= STALE_S * 3 else pending(address.what, f"{says}: finality stalls.")
    ]


def same_block(chain_id: int, seen: Sequence[Heads]) -> list[Row]:
    """Whether all usable addresses of a chain have the same block at the lowest final height."""
    what = f"rpc {chain_id}"
    if not seen:
        return [fix(what, f"no address of chain {chain_id} can be used: nothing can be read.")]
    if len(seen) == 1:
        says = "one usable address only, so nobody would contradict it: add another operator's."
        return [pending(what, says)]
    height = min(heads.final.number for heads in seen)
    hashes = {heads.address.number: _hash_at(heads, height) for heads in seen}
    if len(set(hashes.values())) > 1:
        shown = ", ".join(f"#{n} 0x{found.hex()[:8]}…" for n, found in sorted(hashes.items()))
        return [fix(what, f"final block {height} differs ({shown}): remove the address that is wrong.")]
    return [ok(what, f"all {len(seen)} have the same final block {height}")]


def _hash_at(heads: Heads, height: int) -> bytes:
    with Rpc(heads.address.url, chain_id=heads.address.chain_id, timeout_s=TIMEOUT_S) as rpc:
        return rpc.block(height).hash


def clock(seen: Sequence[Heads]) -> list[Row]:
    """The machine's clock against the newest block of all chains."""
    if not seen:
        raise Stop(
            "no chain could be asked, so this machine's clock is not compared: fix the rpc rows first."
        )
    newest = max(heads.latest.time for heads in seen)
    ahead = newest - int(time.time())
    if ahead > CLOCK_AHEAD_S:
        return [fix("clock", f"the newest block is {ahead} s in this machine's future: set its clock.")]
    if -ahead > STALE_S:
        return [
            pending(
                "clock", f"the newest block is {-ahead} s old: a chain stands still, or this clock is fast."
            )
        ]
    return [ok("clock", f"{abs(ahead)} s from the newest block")]
