"""The `read` verb as people use it: interrupted, resumed, in a pipe."""

import json
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger_reader.sources import ChainSources, Source, to_json
from ledger_reader.store import LedgerStore
from tests.e2e.conftest import REPOSITORY
from tests.e2e.test_reader import CHAIN_ID, ORACLE, Forking, scripted, serving

HEIGHT, SLOW_FROM = 4000, 50


@pytest.fixture
def heeded() -> Iterator[None]:
    """Shells start what runs in the background deaf to Ctrl-C, and children inherit that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def command(url: str, folder: Path) -> list[str]:
    sources = folder / "sources.json"
    sources.write_text(
        json.dumps(to_json((ChainSources(CHAIN_ID, (Source("credit_oracle", ORACLE, 0),), ()),)))
    )
    ledger = str(folder / "ledger.duckdb")
    verb = ["read", "--rpc", url, "--sources", str(sources), "--ledger", ledger, "--json"]
    return [sys.executable, "-m", "oracle.cli", *verb]


@pytest.mark.usefixtures("heeded")
def test_read__interrupted_on_its_way__says_where_it_goes_on_and_does(tmp_path: Path) -> None:
    node, reached, released = Forking(HEIGHT), threading.Event(), threading.Event()

    def slowly(start: int) -> None:
        if start > SLOW_FROM and not reached.is_set():
            reached.set()
            released.wait(60)  # the signal comes while this range is asked for, however busy the machine

    node.on_logs = slowly
    with serving(scripted(node)) as url:
        with subprocess.Popen(
            command(url, tmp_path), cwd=REPOSITORY, stdout=-1, stderr=-1, text=True
        ) as running:
            assert reached.wait(60)
            time.sleep(0.3)
            running.send_signal(signal.SIGINT)
            said, complained = running.communicate(timeout=50)
            released.set()
        assert (running.returncode, said) == (130, "")
        told = re.search(r"holds chain 31337 up to block ([\d,]+), whole; .* at block ([\d,]+)\.", complained)
        assert told is not None, complained
        kept, next_block = (int(number.replace(",", "")) for number in told.groups())
        with LedgerStore(tmp_path / "ledger.duckdb") as store:
            head = store.head(CHAIN_ID)
            assert head is not None
            assert (head.number, head.number + 1) == (kept, next_block)
        asked: list[int] = []
        node.on_logs = asked.append
        result = finish(command(url, tmp_path))
        assert min(asked) == next_block  # several ranges are asked for at a time, and come in any order
    assert (result["block"], result["events"], result["newEvents"]) == (HEIGHT, HEIGHT + 1, HEIGHT - kept)


def finish(words: list[str]) -> dict[str, Any]:
    done = subprocess.run(words, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert re.fullmatch(
        r"(block [\d,]+ of 4,000, [\d,]+ events, [\d,]+ events/s(, .* left)?\n)+", done.stderr
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found
