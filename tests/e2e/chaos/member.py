"""One member: a real `credit-oracle node` process with a folder, a port and an RPC proxy of its own.

Rules that hold here: it is started and ended from outside, restarted only as a supervisor would (when it
ended by itself); what is known of it is what it wrote (log, epoch folders) and its exit status.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from ledger_reader.errors import Stop
from oracle import folder
from oracle.devchain.anvil import die_with_parent
from oracle.devchain.stage import PASSWORD_FILE
from oracle.report import EpochReport
from tests.e2e.fault_proxy import Provider

REPOSITORY = Path(__file__).parents[3]
EARLY = Path(__file__).parent / "early"
CLOCK = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d")
HONEST = ("-m", "oracle.cli")


def environment(password_file: Path) -> dict[str, str]:
    """What every process is started with."""
    return {**os.environ, PASSWORD_FILE: str(password_file)}


def liar(kind: str) -> tuple[str, ...]:
    """The command of a member that lies; see liar.py."""
    return ("-m", "tests.e2e.chaos.liar", kind)


@dataclass
class Member:
    """A member's machine. `is_left_alone`: no supervisor restarts it; `exits`: its statuses so far."""

    index: int
    home: Path
    log: Path
    port: int
    rpc: Provider
    password_file: Path
    command: tuple[str, ...] = HONEST
    is_left_alone: bool = False
    exits: list[int] = field(default_factory=list)
    _process: "subprocess.Popen[bytes] | None" = None

    @property
    def is_running(self) -> bool:
        """Whether the process lives; notes its exit status once when it does not."""
        if self._process is not None and self._process.poll() is not None:
            self.exits.append(self._process.returncode)
            self._process = None
        return self._process is not None

    def start(self, command: tuple[str, ...] = HONEST, variables: Mapping[str, str] | None = None) -> None:
        """Start the process, honest unless told otherwise; `variables` are for early/sitecustomize.py."""
        assert not self.is_running, f"member {self.index} runs already"
        path = {"PYTHONPATH": str(EARLY)} if variables else {}
        self.command, self.is_left_alone = command, False
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, *command, "node", "--home", str(self.home)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**environment(self.password_file), **path, **(variables or {})},
                cwd=REPOSITORY,
                preexec_fn=die_with_parent(),  # noqa: PLW1509  one prctl call, no lock is taken
            )

    def kill(self) -> None:
        """SIGKILL, and it stays down until it is started."""
        self.is_left_alone = True
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
        assert not self.is_running

    def restart(self, command: tuple[str, ...] = HONEST, variables: Mapping[str, str] | None = None) -> None:
        """Kill and start."""
        self.kill()
        self.start(command, variables)

    def said(self, since: int = 0) -> str:
        """What the log holds from a byte on."""
        with self.log.open("rb") as log:
            log.seek(since)
            return log.read().decode(errors="replace")

    def first_words_at(self, since: int) -> float:
        """The time of day, by its own clock (UTC seconds), of the first line in the log from a byte on."""
        found = CLOCK.search(self.said(since))
        assert found is not None, f"member {self.index} said nothing with a time"
        return datetime.fromisoformat(found.group()).astimezone().timestamp()

    def mark(self) -> int:
        """Where the log ends now."""
        return self.log.stat().st_size if self.log.exists() else 0

    def report_of(self, epoch: int) -> EpochReport | None:
        """The report in its folder, None while there is none."""
        epochs = self.home / "epochs"
        if epoch not in folder.known_epochs(epochs):
            return None
        try:
            return folder.read_report(epochs, epoch)
        except Stop:  # the folder is being replaced this very moment
            return None
