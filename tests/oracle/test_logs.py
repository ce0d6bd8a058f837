"""Logs for people and for machines: nothing secret in them, and always where the node was."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from ledger_reader.errors import Stop
from oracle import logs

PLANTED = "k3y-pl4nted"
URLS = (
    f"https://rpc.example/v3/{PLANTED}",
    f"https://rpc.example?apikey={PLANTED}",
    f"https://user:{PLANTED}@rpc.example:8545/",
    f"wss://{PLANTED}@rpc.example/x",
    f"https://rpc.example/#{PLANTED}",
    f"HTTPS://RPC.example/{PLANTED}",
    f"http://a@{PLANTED}@rpc.example",
)


@pytest.fixture
def node_log(monkeypatch: pytest.MonkeyPatch) -> Iterator[logging.Logger]:
    """The node's logger; what a test configures is undone."""
    for name in (logs.LEVEL, logs.FORMAT):
        monkeypatch.delenv(name, raising=False)
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in logs.OURS}
    yield logging.getLogger("node")
    root.handlers[:], root.level = before, level
    for name, old in levels.items():
        logging.getLogger(name).setLevel(old)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize(("name", "value"), [(logs.FORMAT, "yaml"), (logs.LEVEL, "loud"), (logs.FORMAT, "")])
def test_configure__a_variable_with_another_value__is_refused_and_names_the_ways_out(
    name: str, value: str, node_log: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(Stop, match=rf"{name} is .*: set it to"):
        logs.configure(io.StringIO())


@pytest.mark.parametrize("kind", [logs.PEOPLE, logs.MACHINES])
def test_last_sentence__of_a_refusal_with_a_secret__hides_it_in_either_format(
    kind: str, node_log: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(logs.FORMAT, kind)
    said = logs.last_sentence(Stop(f"{URLS[0]} is down"))
    assert PLANTED not in said
    text = json.loads(said)["message"] if kind == logs.MACHINES else said
    assert text.removeprefix("credit-oracle: ") == "https://rpc.example/… is down"


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("kind", [logs.PEOPLE, logs.MACHINES])
def test_a_line__with_an_address_that_holds_a_secret__shows_scheme_and_host_only(
    url: str, kind: str, node_log: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(logs.FORMAT, kind)
    stream = io.StringIO()
    logs.configure(stream)
    node_log.warning("the provider (%s) said no, '%s'", url, url)
    node_log.error("again", exc_info=RuntimeError(f"no answer of {url}."))
    assert PLANTED not in stream.getvalue()
    assert stream.getvalue().lower().count("rpc.example") == 3
    assert "RuntimeError" in stream.getvalue()


@pytest.mark.parametrize(
    "plain", ["http://127.0.0.1:8545", "http://[::1]:8545", "https://rpc.example/", "no address"]
)
def test_redacted__nothing_to_hide__is_left_as_it_was(plain: str) -> None:
    assert logs.redacted(f"from {plain} it came") == f"from {plain} it came"


def test_a_json_line__that_names_no_epoch__has_that_of_the_line_before(
    node_log: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(logs.FORMAT, logs.MACHINES)
    stream = io.StringIO()
    logs.configure(stream)
    node_log.info("before any")
    node_log.info("sync", extra={"epoch": 7, "phase": "sync"})
    logging.getLogger("ledger_reader.reader").warning("slow,\nvery")
    node_log.error("member 3 signed another report", extra={"member": 3})
    node_log.info("score", extra={"phase": "score"})
    first, second, third, fourth, fifth = lines(stream)
    assert {"time", "level", "logger", "message"} == set(first)
    assert (second["epoch"], second["phase"], second["message"]) == (7, "sync", "sync")
    assert (third["epoch"], third["phase"], third["message"]) == (7, "sync", "slow,\nvery")
    assert (third["level"], third["logger"]) == ("WARNING", "ledger_reader.reader")
    assert (fourth["epoch"], fourth["member"]) == (7, 3)
    assert (fifth["epoch"], fifth["phase"]) == (7, "score")
    assert "member" not in fifth


def test_configure__with_a_level__leaves_out_what_is_below(
    node_log: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(logs.LEVEL, "warning")
    stream = io.StringIO()
    logs.configure(stream)
    node_log.info("quiet")
    node_log.warning("loud")
    assert stream.getvalue().endswith("WARNING node: loud\n")
    assert "quiet" not in stream.getvalue()
