"""A child process that uses a ledger and is killed at a chosen moment."""

import signal
import subprocess
import sys
import time
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]

_START = """
from pathlib import Path
from ledger_reader.store import LedgerStore
from tests.ledger_reader.ledgers import append, fill


def ready():
    print("ready", flush=True)


"""


def kill(script: str, after: float) -> bool:
    """Run the script in a process of its own and kill it (-9) so many seconds after it calls ready().

    True when it was killed, False when it had ended by itself, without an error.
    """
    command = [sys.executable, "-c", _START + script]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(after)
        child.kill()
        code = child.wait()
    assert code in (0, -signal.SIGKILL)
    return code != 0


def run(script: str) -> str:
    """What the script prints in a process of its own."""
    command = [sys.executable, "-c", _START + script]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
