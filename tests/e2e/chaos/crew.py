"""The committee under fire: members, wires and world together, and what must hold of every round.

Rules that hold here: an epoch's right report is computed by a witness, a node with a folder of its own that
reads the chain from its first block without any proxy, alone; nothing is waited for by the clock where a
condition can be awaited; a member that ended by itself is restarted, as by a supervisor; no wrong root is
ever on chain, no epoch is there twice, no member wrote a traceback, and no publication was paid for in vain.
"""

import contextlib
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from oracle.committee import tolerated
from oracle.contract import Published
from oracle.devchain.anvil import HOST, free_port
from oracle.devchain.stage import node_settings
from oracle.report import EpochReport
from oracle.settings import address_text, write_settings
from tests.e2e.chaos.faults import Fault
from tests.e2e.chaos.member import Member
from tests.e2e.chaos.network import Network, Pair
from tests.e2e.chaos.world import PASSWORD, World, build_world
from tests.e2e.fault_proxy import Provider
from tests.e2e.lone_node import computed_alone

POLL_SECONDS, TURN_SECONDS, ROUND_SECONDS = 0.3, 4.0, 20.0
PATIENCE_SECONDS = 240.0
"""How long a condition may take on a busy machine before the case fails."""

BEAT_SECONDS, LOOK_SECONDS = 1.0, 0.1


@dataclass
class Crew:
    """All members of a world's committee; `f` of them may fail at once.

    `tainted`: members whose folder holds what they made up this epoch; `right`: the reports judged so far.
    """

    world: World
    members: list[Member]
    network: Network
    tainted: set[int] = field(default_factory=set)
    right: dict[int, EpochReport] = field(default_factory=dict)

    @property
    def f(self) -> int:
        """How many may lie or be away."""
        return tolerated(len(self.members))

    @property
    def epoch(self) -> int:
        """The epoch that the round is about."""
        return self.world.epoch

    def some(self, chance: Random) -> list[Member]:
        """f members."""
        return chance.sample(self.members, self.f)

    def wires_of(self, members: Sequence[Member]) -> list[Pair]:
        """All wires between these members and the others."""
        own = {member.index for member in members}
        return [(a, b) for a, b in self.network.ports if (a in own) != (b in own)]

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        """Until it holds, blocks mined and members supervised meanwhile; fails after PATIENCE_SECONDS."""
        deadline, beat = time.monotonic() + PATIENCE_SECONDS, time.monotonic()
        while not condition():
            assert time.monotonic() < deadline, f"epoch {self.epoch}, not in time: {what}{self._last_words()}"
            if time.monotonic() >= beat:
                self.supervise()
                self.world.beat()
                beat = time.monotonic() + BEAT_SECONDS
            time.sleep(LOOK_SECONDS)

    def supervise(self) -> None:
        """Restart whoever ended by itself."""
        for member in self.members:
            if not member.is_running and not member.is_left_alone:
                member.start(member.command)

    def published(self) -> dict[int, Published]:
        """What is on chain, by epoch."""
        return self.world.oracle.published(self.world.deployment.start_block)

    def is_published(self) -> bool:
        """Whether the round's root is on chain."""
        return self.world.oracle.latest_epoch() == self.epoch

    def round(self, fault: Fault, chance: Random) -> int:
        """One epoch under a fault, healed, and judged; how often the fault struck."""
        self.tainted.clear()
        self.world.live_on()
        marks = [member.mark() for member in self.members]
        work = fault.work(self, chance)
        next(work)
        self.world.end_epoch()
        next(work)
        if fault.leaves_quorum:
            self.wait(self.is_published, f"a root in spite of {fault.name}")
        strikes = _ended(work)
        assert strikes > 0, f"{fault.name} never struck in epoch {self.epoch}, so this round proved nothing"
        self.judge(fault)
        for member, mark in zip(self.members, marks, strict=True):
            assert "Traceback" not in member.said(mark), f"member {member.index} crashed{self._last_words()}"
        return strikes

    def judge(self, fault: Fault) -> None:
        """The right root, everywhere and once; or, where the fault allows it, none."""
        right = self.witness()
        if fault.may_void and not self.is_published():
            return  # all have signed what the chain disowned; the next epoch must be right again
        self.wait(
            lambda: all(
                m.report_of(self.epoch) == right for m in self.members if m.index not in self.tainted
            ),
            "the right report in every honest folder",
        )
        self.wait(self.is_published, "a root, after healing")
        published, self.right[self.epoch] = self.published(), right
        assert {epoch: found.report for epoch, found in published.items()} == self.right
        contract, head = self.world.oracle, self.world.height()
        assert contract.count("Published", self.world.deployment.start_block, head) == len(published)
        # Where a turn ends while its transaction waits, the next member pays for a revert too.
        assert self.world.publications() <= 2, "publications were paid for in vain"

    def witness(self) -> EpochReport:
        """What a lone honest node makes of the chain: its report of the epoch, from a ledger read anew."""
        home = self.world.folder / "witness"
        if not home.exists():
            shutil.copytree(self.world.homes[0], home)
        (home / "ledger.duckdb").unlink()
        settings = node_settings(self.world.deployment, self.world.anvil.url, free_port(0), {})
        write_settings(home, settings | {"facts": False})
        return computed_alone(home, PASSWORD)

    def _last_words(self) -> str:
        return "".join(f"\n--- member {m.index}, exits {m.exits}:\n{m.said()[-1_500:]}" for m in self.members)


def _ended(work: Iterator[None]) -> int:
    try:
        next(work)
    except StopIteration as end:
        return int(end.value)
    raise AssertionError("a fault yields twice")


@contextlib.contextmanager
def running_crew(folder: Path, members: int, rounds: int) -> Iterator[Crew]:
    """A committee of so many processes on a world good for so many rounds; all ends with the block."""
    with contextlib.ExitStack() as stack:
        world = build_world(stack, folder, members, rounds)
        ports = [free_port(0) for _ in range(members)]
        network = stack.enter_context(Network(ports))
        crew = Crew(world, [_member(stack, world, i, port) for i, port in enumerate(ports)], network)
        _furnish(crew)
        for member in crew.members:
            stack.callback(member.kill)
            member.start()
        yield crew


def _member(stack: contextlib.ExitStack, world: World, index: int, port: int) -> Member:
    home, log = world.folder / f"member-{index}", world.folder / f"member-{index}.log"
    shutil.copytree(world.homes[index], home)
    provider = stack.enter_context(Provider(world.anvil.url))
    return Member(index, home, log, port, provider, world.password_file)


def _furnish(crew: Crew) -> None:
    """Settings for every member: its own RPC proxy, and its own wire to each peer."""
    addresses = [address_text(member) for member in crew.world.committee.members]
    for member in crew.members:
        wires = {b: port for (a, b), port in crew.network.ports.items() if a == member.index}
        peers = {addresses[b]: f"http://{HOST}:{port}" for b, port in wires.items()}
        settings = node_settings(crew.world.deployment, member.rpc.url, member.port, peers)
        own = {
            "verify": "receipts",
            "poll_seconds": POLL_SECONDS,
            "turn_seconds": TURN_SECONDS,
            "round_seconds": ROUND_SECONDS,
            "facts": False,
        }
        write_settings(member.home, settings | own)
