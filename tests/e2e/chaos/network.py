"""The wires between members: a process of its own with a port for every ordered pair of them.

Rules that hold here: a wire passes bytes on and knows nothing of messages; a cut wire takes what is sent
and never answers, as a network that drops packets does; what was hanging on it when it heals is closed.
A wire counts the connections that it passed on and those that it swallowed. Orders come as JSON lines on
standard input, each answered by one line.
"""

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

HOST = "127.0.0.1"
CHUNK = 1 << 16

Pair = tuple[int, int]


class Network:
    """The wires as the tests hold them: `ports[a, b]` is where a finds b. A context manager."""

    def __init__(self, targets: list[int]) -> None:
        """`targets`: the port on which each member listens."""
        command = [sys.executable, "-m", "tests.e2e.chaos.network", json.dumps(targets)]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # members that die break connections: nothing to say of it
            text=True,
            cwd=Path(__file__).parents[3],
        )
        found = self._answer()
        self.ports: dict[Pair, int] = {(a, b): port for a, b, port in found}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def cut(self, pairs: Iterable[Pair]) -> None:
        """From now on exactly these wires are cut."""
        self._order({"cut": sorted(pairs)})

    def heal(self) -> None:
        """From now on no wire is cut."""
        self.cut(())

    def passed(self, sender: int) -> int:
        """How many connections of a member were passed on, ever."""
        return sum(passed for (a, _), (passed, _) in self._counts().items() if a == sender)

    def swallowed(self) -> int:
        """How many connections cut wires have taken, ever."""
        return sum(swallowed for _, swallowed in self._counts().values())

    def _counts(self) -> dict[Pair, tuple[int, int]]:
        return {(a, b): (passed, swallowed) for a, b, passed, swallowed in self._order({})}

    def _order(self, order: dict[str, Any]) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the network's process has ended"
        return json.loads(line)


# ------------------------------------------------------------------ the process


@dataclass
class _Wire:
    """One direction between two members: `target` is the port of the second."""

    target: int
    is_cut: bool = False
    passed: int = 0
    swallowed: int = 0
    hanging: set[asyncio.StreamWriter] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, from its beginning to its end."""
        with contextlib.suppress(OSError):
            if self.is_cut:
                await self._swallow(reader, writer)
            else:
                await self._pass_on(reader, writer)
        writer.close()

    async def _swallow(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.swallowed += 1
        self.hanging.add(writer)
        while await reader.read(CHUNK):
            pass
        self.hanging.discard(writer)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(HOST, self.target)
        self.passed += 1
        try:
            await asyncio.gather(_pump(reader, back), _pump(there, writer))
        finally:
            back.close()

    def set_cut(self, is_cut: bool) -> None:
        """Cut or heal; what hangs on a healed wire is closed."""
        self.is_cut = is_cut
        if not is_cut:
            for writer in self.hanging:
                writer.close()
            self.hanging.clear()


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while part := await source.read(CHUNK):
        sink.write(part)
        await sink.drain()
    if sink.can_write_eof():
        sink.write_eof()


async def _run(targets: list[int]) -> None:
    wires = {(a, b): _Wire(port) for a in range(len(targets)) for b, port in enumerate(targets) if a != b}
    ports = [(*pair, await _listen(wire)) for pair, wire in wires.items()]
    print(json.dumps(ports), flush=True)  # noqa: T201  for whoever started us
    while line := await asyncio.to_thread(sys.stdin.readline):
        order = json.loads(line)
        if "cut" in order:
            cut = {tuple(pair) for pair in order["cut"]}
            for pair, wire in wires.items():
                wire.set_cut(pair in cut)
        counts = [(*pair, wire.passed, wire.swallowed) for pair, wire in wires.items()]
        print(json.dumps(counts), flush=True)  # noqa: T201


async def _listen(wire: _Wire) -> int:
    server = await asyncio.start_server(wire.serve, HOST, 0)
    port: int = server.sockets[0].getsockname()[1]
    return port


if __name__ == "__main__":
    asyncio.run(_run(json.loads(sys.argv[1])))
