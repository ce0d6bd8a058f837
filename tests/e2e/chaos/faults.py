"""Every fault that a round is put under: how it is injected, and how it is known to have struck.

Rules that hold here: a fault is a generator that yields twice: first when the epoch may end, then when it
has struck and the committee must cope; after that it heals, and returns how often it struck, by evidence of
another kind than its own intention (exit status, wires' and proxies' counters, words in logs). At most f
members are touched by a fault that leaves a quorum.
"""

import socket
import threading
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from oracle.devchain.anvil import HOST
from tests.e2e.chaos.disk import SmallDisk
from tests.e2e.chaos.liar import TOLD
from tests.e2e.chaos.member import Member, liar

if TYPE_CHECKING:
    from tests.e2e.chaos.crew import Crew

Work = Generator[None, None, int]
SIGKILLED = -9


@dataclass(frozen=True)
class Fault:
    """`leaves_quorum`: a root must come while it lasts. `may_void`: the epoch may end without any root."""

    name: str
    work: Callable[["Crew", Random], Work]
    leaves_quorum: bool = True
    may_void: bool = False


def none(crew: "Crew", chance: Random) -> Work:
    """A quiet round; strikes once, so that it can be judged like any other."""
    yield
    yield
    return 1


def _part_others(crew: "Crew", members: Sequence[Member]) -> None:
    """Cut the wires between all but these f: nobody but they can reach a quorum, however slow they are."""
    own = {each.index for each in members}
    crew.network.cut(pair for pair in crew.network.ports if not own & set(pair))


# ------------------------------------------------------------------ crashes

STEPS = {
    "snapshot": r"snapshot (epoch",
    "sync": "sync (epoch",
    "score": "score (epoch",
    "sign": ": root 0x",
    "collect": "signatures, ",
}
"""What a member's log says when it enters a step of the round."""


def killed_at(step: str) -> Fault:
    """f members die as soon as they say that they are at a step, and come back when the root is there."""

    def work(crew: "Crew", chance: Random) -> Work:
        victims = crew.some(chance)
        _part_others(crew, victims)
        marks = {victim.index: victim.mark() for victim in victims}
        yield
        for victim in victims:
            crew.wait(lambda v=victim: STEPS[step] in v.said(marks[v.index]), f"step {step}")  # type: ignore[misc]
            victim.kill()
        crew.network.heal()
        yield
        return _revived(victims)

    return Fault(f"killed at {step}", work)


WRITES = {
    "ledger": "there:{home}/ledger.duckdb.wal",
    "epoch folder": "write:*.new",
    "epoch folder's files": "write:*.new/.report.json.*",
    "epoch folder's rename": "rename:*.new",
    "secret": "write:{home}/secrets/.*",
    "secret's rename": "rename:{home}/secrets/.*",
    "signed log": "there:{home}/signed.sqlite-journal",
    "wallet's journal": "write:{home}/.wallet.json.*",
    "wallet's journal's rename": "rename:{home}/.wallet.json.*",
}
"""What of a member's folder is being written when it dies: see early/sitecustomize.py."""


def killed_writing(what: str) -> Fault:
    """The first f leaders die by SIGKILL in the middle of a write, and come back at once."""

    def work(crew: "Crew", chance: Random) -> Work:
        victims = [crew.members[leader] for leader in crew.world.leaders()[: crew.f]]
        _part_others(crew, victims)
        for victim in victims:
            victim.restart(variables={"CHAOS_KILL": WRITES[what].format(home=victim.home)})
            victim.is_left_alone = True
        before = {victim.index: len(victim.exits) for victim in victims}
        yield
        for victim in victims:
            crew.wait(lambda v=victim: not v.is_running, f"{what}: the write in which it dies")  # type: ignore[misc]
        crew.network.heal()
        struck = [victim.exits[before[victim.index] :] for victim in victims]
        for victim in victims:
            victim.start()
        yield
        return sum(found == [SIGKILLED] for found in struck)

    return Fault(f"killed writing {what}", work)


def _revived(victims: Sequence[Member]) -> int:
    struck = sum(victim.exits[-1:] == [SIGKILLED] for victim in victims)
    for victim in victims:
        victim.start()
    return struck


# ------------------------------------------------------------------ lies


def lying_in(kind: str) -> Fault:
    """f members lie, and are heard before the honest hear each other; honest again when the root is there."""

    def work(crew: "Crew", chance: Random) -> Work:
        liars = crew.some(chance)
        _part_others(crew, liars)
        # The second lie is made once the first was offered to all; scores are made up once.
        needed = 1 if kind == "scores" else 2
        for each in liars:
            each.restart(liar(kind))
            crew.tainted.add(each.index)
        marks = {each.index: each.mark() for each in liars}
        passed = {each.index: crew.network.passed(each.index) for each in liars}
        yield
        for each in liars:
            crew.wait(
                lambda m=each: (
                    m.said(marks[m.index]).count(TOLD) >= needed  # type: ignore[misc]
                    and crew.network.passed(m.index) > passed[m.index]
                ),
                f"a lie in {kind}, delivered",
            )
        crew.network.heal()
        yield
        told = sum(each.said(marks[each.index]).count(TOLD) for each in liars)
        for each in liars:
            each.restart()
        return told

    return Fault(f"lying in {kind}", work)


# ------------------------------------------------------------------ the network


def flooded(crew: "Crew", chance: Random) -> Work:
    """Junk, oversize and unfinished messages from many connections, to f members' own ports."""
    victims = crew.some(chance)
    floods = [_Flood(victim.port, chance.randrange(2**32)) for victim in victims]
    yield
    for flood in floods:
        crew.wait(lambda f=flood: f.sent > _Flood.ENOUGH, "junk taken")  # type: ignore[misc]
    yield
    return sum(flood.stop() for flood in floods)


class _Flood:
    """Threads that keep a port busy until they are stopped."""

    ENOUGH, THREADS = 100, 8

    def __init__(self, port: int, seed: int) -> None:
        self.sent, self._port, self._ended = 0, port, threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(Random(seed + n),), daemon=True)
            for n in range(self.THREADS)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> int:
        """End, and say how many connections took junk."""
        self._ended.set()
        for thread in self._threads:
            thread.join()
        return self.sent

    def _run(self, chance: Random) -> None:
        while not self._ended.is_set():
            try:
                with socket.create_connection((HOST, self._port), timeout=1.0) as junk:
                    junk.sendall(_junk(chance))
                    self.sent += 1
                    self._ended.wait(chance.random() / 20)
            except OSError:
                self._ended.wait(0.05)


def _junk(chance: Random) -> bytes:
    head = b"POST /inbox HTTP/1.1\r\nhost: x\r\ncontent-length: "
    return chance.choice(
        [
            chance.randbytes(2_000),
            head + b"100000000\r\n\r\n" + chance.randbytes(70_000),
            head + b"500\r\n\r\n" + b"[" * 500,
            head + b"500\r\n\r\n" + b"never finished",
            b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n",
        ]
    )


def partitioned(crew: "Crew", chance: Random) -> Work:
    """f members are cut off from all others, and from each other no more than before."""
    crew.network.cut(crew.wires_of(crew.some(chance)))
    before = crew.network.swallowed()
    yield
    crew.wait(lambda: crew.network.swallowed() > before, "messages swallowed")
    yield
    crew.network.heal()
    return crew.network.swallowed() - before


def split(crew: "Crew", chance: Random) -> Work:
    """Two halves, neither of which is a quorum: nothing can be published until it heals."""
    half = chance.sample(crew.members, len(crew.members) // 2)
    crew.network.cut(crew.wires_of(half))
    before, marks = crew.network.swallowed(), [member.mark() for member in crew.members]
    yield
    crew.wait(
        lambda: (
            all(
                STEPS["collect"] in member.said(mark)
                for member, mark in zip(crew.members, marks, strict=True)
            )
            and crew.network.swallowed() >= before + len(crew.members)
        ),
        "everybody waits for signatures",
    )
    assert not crew.is_published(), "a root without a quorum"
    yield
    crew.network.heal()
    return crew.network.swallowed() - before


def clocks_off(crew: "Crew", chance: Random) -> Work:
    """Every member's clock is off by minutes of its own, some before and some after the true time."""
    shifts = {member.index: chance.choice((-1, 1)) * chance.randint(180, 3_600) for member in crew.members}
    marks = {member.index: member.mark() for member in crew.members}
    for member in crew.members:
        member.restart(variables={"CHAOS_CLOCK": str(shifts[member.index])})
    yield
    crew.wait(lambda: all(m.said(marks[m.index]) for m in crew.members), "words in every log")
    struck = sum(
        abs(time.time() + shifts[m.index] - m.first_words_at(marks[m.index])) < 60 for m in crew.members
    )
    assert struck == len(crew.members), "a clock was not off"
    yield
    crew.wait(crew.is_published, "a root while clocks are off")
    for member in crew.members:
        member.restart()
    return struck


# ------------------------------------------------------------------ the chain


def rpc_down_stale_lying(crew: "Crew", chance: Random) -> Work:
    """One member's provider is down, another's does not move, a third's lies: all at once, so no quorum."""
    down, stale, lying = chance.sample(crew.members, 3)
    down.rpc.inject("cut_off")
    stale.rpc.inject("stalled_head")
    lying.rpc.inject("missing_log", "altered_log")
    yield
    crew.wait(
        lambda: down.rpc.strikes()["cut_off"] > 0 and stale.rpc.strikes()["stalled_head"] > 0, "two strikes"
    )
    crew.wait(lambda: lying.rpc.strikes().total() > 0, "a lie told")
    yield
    strikes = [each.rpc.strikes().total() for each in (down, stale, lying)]
    for each in (down, stale, lying):
        each.rpc.inject()
    return min(strikes)


def one_rpc(fault: str) -> Fault:
    """f members' providers fail in one way."""

    def work(crew: "Crew", chance: Random) -> Work:
        victims = crew.some(chance)
        for victim in victims:
            victim.rpc.inject(fault)
        yield
        crew.wait(lambda: all(victim.rpc.strikes()[fault] for victim in victims), f"{fault} at each")
        yield
        strikes = sum(victim.rpc.strikes()[fault] for victim in victims)
        for victim in victims:
            victim.rpc.inject()
        return strikes

    return Fault(f"RPC with {fault}", work)


def snapshot_reorganised(crew: "Crew", chance: Random) -> Work:
    """The blocks around the epoch's end are replaced before they are final: another block is the snapshot."""
    world = crew.world
    world.step_over_the_end()
    before = world.block_hash(world.height() - 1)
    assert world.anvil.rpc.finalized().time < world.end_of(crew.epoch), "the end is final already"
    world.reorganise(2)
    changed = before != world.block_hash(world.height() - 1)
    yield
    yield
    return int(changed)


def publication_reorganised(crew: "Crew", chance: Random) -> Work:
    """The root is on chain, and its block goes; blocks without it take its place."""
    yield
    crew.wait(crew.is_published, "a root to take away")
    block = crew.published()[crew.epoch].block
    crew.world.reorganise(crew.world.height() - block + 1)
    gone = not crew.is_published()
    yield
    return int(gone)


REFUSED = "WrongHomeHash"
"""What the contract says of a report whose snapshot is not in its chain."""


def finality_broken(crew: "Crew", chance: Random) -> Work:
    """What was final is replaced after all have signed and before any root: nobody may sign again."""
    marks = {member.index: member.mark() for member in crew.members}
    crew.network.cut(crew.network.ports)
    yield
    crew.wait(
        lambda: all(STEPS["collect"] in member.said(marks[member.index]) for member in crew.members),
        "everybody has signed",
    )
    snapshot = crew.world.snapshot_block()
    before = crew.world.block_hash(snapshot)
    crew.world.reorganise(crew.world.height() - snapshot + 1)
    assert before != crew.world.block_hash(snapshot), "the snapshot's block stands as it was"
    crew.world.end_epoch()
    crew.network.heal()
    yield
    crew.wait(lambda: any(REFUSED in m.said(marks[m.index]) for m in crew.members), "the contract's refusal")
    return sum(m.said(marks[m.index]).count(REFUSED) for m in crew.members)


# ------------------------------------------------------------------ the disk

NO_ROOM = "No space left"


def disk_full(crew: "Crew", chance: Random) -> Work:
    """f members' disks have not a byte left when the epoch ends, and get room when the root is there."""
    victims = crew.some(chance)
    disks = []
    for victim in victims:
        victim.kill()
        disks.append(SmallDisk(victim.home))
        victim.start()
    marks = {victim.index: victim.mark() for victim in victims}
    for disk in disks:
        disk.fill()
    yield
    crew.wait(lambda: all(NO_ROOM in victim.said(marks[victim.index]) for victim in victims), "no room")
    yield
    struck = sum(victim.said(marks[victim.index]).count(NO_ROOM) for victim in victims)
    for disk in disks:
        disk.free()
    crew.wait(lambda: all(victim.report_of(crew.epoch) for victim in victims), "the epoch on the same disk")
    for victim, disk in zip(victims, disks, strict=True):
        victim.kill()
        disk.remove()
        victim.start()
    return struck


NONE = Fault("nothing", none)
FLOOD = Fault("flood of junk", flooded)
PARTITION = Fault("f members cut off", partitioned)
SPLIT = Fault("two halves", split, leaves_quorum=False)
CLOCKS = Fault("clocks off", clocks_off)
PROVIDERS = Fault("RPC down, stale and lying", rpc_down_stale_lying, leaves_quorum=False)
SNAPSHOT = Fault("snapshot reorganised", snapshot_reorganised)
PUBLICATION = Fault("publication reorganised", publication_reorganised)
FINALITY = Fault("finality broken", finality_broken, leaves_quorum=False, may_void=True)
DISK = Fault("disk full", disk_full)
