"""Runs before anything else in a member's process when this folder is on PYTHONPATH: test only.

CHAOS_CLOCK=<seconds> puts the process's wall clock off by so much (time.time; the monotonic clock stays).
CHAOS_KILL ends it by SIGKILL in the middle of a write, of a path that matches a glob (whose * also spans
folders): `write:<glob>` when such a file or folder was made and nothing is in it, `rename:<glob>` before the
rename that would end the write, `there:<glob>` as soon as such a file has a byte (journals that C code
writes). Nothing here is seen by the code under test.
"""

import contextlib
import ctypes
import glob
import os
import signal
import sys
import threading
import time
from fnmatch import fnmatchcase
from typing import Any

WRITES = os.O_WRONLY | os.O_RDWR


def shift_clock(seconds: float) -> None:
    """Everybody in this process who asks for the time of day is told another."""
    true, true_ns = time.time, time.time_ns
    time.time = lambda: true() + seconds
    time.time_ns = lambda: true_ns() + int(seconds * 10**9)


def kill_in_write(pattern: str) -> None:
    """SIGKILL when Python opens such a file for writing, or makes such a folder."""

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        opens = event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITES
        if (opens or event == "os.mkdir") and fnmatchcase(str(arguments[0]), pattern):
            _die_having_made(str(arguments[0]), is_folder=not opens)

    sys.addaudithook(watch)


def kill_before_rename(pattern: str) -> None:
    """SIGKILL when Python is about to rename such a file or folder."""

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event in ("os.rename", "os.link") and fnmatchcase(str(arguments[0]), pattern):
            _die()

    sys.addaudithook(watch)


def kill_while_it_is_there(pattern: str) -> None:
    """SIGKILL as soon as a file of this name (a glob) has a byte: a journal lives only in a write."""

    def watch() -> None:
        while True:
            for path in glob.glob(pattern):
                with contextlib.suppress(OSError):
                    if os.stat(path).st_size:
                        _die()
            time.sleep(0.0001)

    threading.Thread(target=watch, daemon=True).start()


def _die_having_made(path: str, is_folder: bool) -> None:
    # The hook runs before the file is made, so that it is made here, by a call that raises no event.
    libc = ctypes.CDLL(None)
    name = os.fsencode(path)
    _ = libc.mkdir(name, 0o700) if is_folder else libc.creat(name, 0o600)
    _die()


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


if "CHAOS_CLOCK" in os.environ:
    shift_clock(float(os.environ["CHAOS_CLOCK"]))
if "CHAOS_KILL" in os.environ:
    how, _, what = os.environ["CHAOS_KILL"].partition(":")
    {"write": kill_in_write, "rename": kill_before_rename, "there": kill_while_it_is_there}[how](what)
