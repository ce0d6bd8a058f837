"""What end-to-end tests share: sockets to this machine only, and a node of their own."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from oracle.devchain import anvil as devchain

REPOSITORY = Path(__file__).parents[2]
START_S = 30.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Open sockets for the tests of this folder, to this machine only."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.allow_hosts(["127.0.0.1", "::1"]))
            item.add_marker(pytest.mark.e2e)


def anvil_binary() -> Path:
    """The anvil that npm brought; without it the test is skipped aloud, and fails where CI is set."""
    found = sorted(REPOSITORY.glob("contracts/node_modules/@foundry-rs/anvil-*/bin/anvil"))
    if found:
        return found[0]
    sentence = "anvil is not installed: run `npm ci` in contracts/"
    if os.environ.get("CI"):
        pytest.fail(sentence)
    pytest.skip(sentence)


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on."""
    return devchain.free_port(0)


def wait_for_port(port: int, process: "subprocess.Popen[bytes]") -> None:
    """Until something listens on the port; AssertionError when the process ended or took too long."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        assert process.poll() is None, f"the process ended with {process.returncode}"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"nothing listened on port {port} within {START_S} s")


@contextmanager
def running_anvil() -> Iterator[str]:
    """The URL of a fresh anvil whose finalized block moves two behind the latest; ended with the block."""
    port = free_port()
    command = [str(anvil_binary()), "--port", str(port), "--slots-in-an-epoch", "1", "--silent"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as process:
        try:
            wait_for_port(port, process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


@pytest.fixture
def anvil() -> Iterator[str]:
    """`running_anvil` for one test."""
    with running_anvil() as url:
        yield url
