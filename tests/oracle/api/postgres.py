"""A PostgreSQL server of the tests' own: a cluster in a folder, reached by a Unix socket, never as root."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

USER = "postgres"
FASTER = "-c fsync=off -c full_page_writes=off -c synchronous_commit=off -c shared_buffers=16MB"


def binaries() -> Path:
    """Where initdb and pg_ctl are; without them the test is skipped aloud, and fails where CI is set."""
    found = [
        Path(path)
        for path in (shutil.which("pg_ctl"), *Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
        if path
    ]
    if found:
        return found[-1].resolve().parent
    sentence = "PostgreSQL is not installed: apt-get install postgresql"
    if os.environ.get("CI"):
        pytest.fail(sentence)
    pytest.skip(sentence)


@contextmanager
def running_postgres() -> Iterator[str]:
    """The URL of a fresh server's database "postgres"; ended with the block."""
    where = binaries()
    # Not pytest's own folder: the server's user must be able to reach it, and a socket's path is short.
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    try:
        _own(folder)
        _run(where / "initdb", "-D", folder / "data", "-A", "trust", "-U", USER, "--no-sync")
        options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' {FASTER}"
        log = folder / "log.txt"
        _run(where / "pg_ctl", "-D", folder / "data", "-l", log, "-o", options, "-w", "start")
        try:
            yield f"postgresql://{USER}@/postgres?host={folder}"
        finally:
            _run(where / "pg_ctl", "-D", folder / "data", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _own(folder: Path) -> None:
    if os.geteuid() == 0:
        user = pwd.getpwnam(USER)
        os.chown(folder, user.pw_uid, user.pw_gid)


def _run(*command: object) -> None:
    """As the server's user: it refuses to be root."""
    user = {"user": USER, "group": USER, "extra_groups": []} if os.geteuid() == 0 else {}
    done = subprocess.run(
        [str(part) for part in command],
        stdout=subprocess.DEVNULL,  # a pipe would stay open as long as the server runs
        stderr=subprocess.DEVNULL,
        cwd="/",
        check=False,
        **user,  # type: ignore[call-overload]
    )
    assert done.returncode == 0, command
