"""What the kit holds copies of is what its sources say."""

import subprocess
import sys
from pathlib import Path

KIT = Path(__file__).parents[1] / "kit"


def test_kit__its_copies__are_as_they_would_be_written() -> None:
    command = [sys.executable, str(KIT / "write_kit.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
