"""The metrics of real nodes: what they say before, during and after a round of a committee."""

import contextlib
import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import astuple, replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from oracle import gossip
from oracle.ceremony import IDENTITY_FILE, SIGNER_FILE
from oracle.devchain.anvil import Transaction
from oracle.devchain.deploy import DAY, WIDE
from oracle.devchain.people import demo_address
from oracle.devchain.stage import EPOCH, LENGTH, Stage
from oracle.epoch import Deployment
from oracle.folder import read_report
from oracle.keys import KeySigner, NodeKeys, SignedLog, attest
from oracle.report import EpochReport
from oracle.settings import load_settings, write_settings
from tests.e2e.conftest import free_port
from tests.e2e.small_world import END, put_back, small_world

SECONDS = 90
PLANTED = "k3y-pl4nted"
_SAMPLE = re.compile(r"^(credit_oracle_[a-z_]+(?:\{[^}]*\})?) (\S+)$", re.M)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with small_world(tmp_path_factory.mktemp("world")) as stage:
        yield stage


@pytest.fixture
def stage(world: Stage, tmp_path: Path) -> Iterator[Stage]:
    with put_back(world, tmp_path) as found:
        yield found


def settings_of(home: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((home / "settings.json").read_bytes())
    return found


def scraped(home: Path) -> dict[str, float]:
    """All samples of a node's page, by name with labels; empty while it does not answer."""
    try:
        page = httpx2.get(f"http://{settings_of(home)['listen']}/metrics", trust_env=False)
    except httpx2.HTTPError:
        return {}
    assert page.headers["content-type"].startswith("text/plain")
    return {name: float(value) for name, value in _SAMPLE.findall(page.text)}


def until(home: Path, condition: Callable[[dict[str, float]], bool]) -> dict[str, float]:
    """The first page on which the condition holds; fails with the last one when time is over."""
    deadline = time.monotonic() + SECONDS
    while not condition(page := scraped(home)):
        assert time.monotonic() < deadline, page
        time.sleep(0.2)
    return page


def test_metrics__of_a_round_with_a_dissenter__are_what_happened(stage: Stage) -> None:
    first, second, third, liar = stage.homes
    with contextlib.ExitStack() as stack:
        stack.enter_context(stage.process(first, {"CREDIT_ORACLE_LOG_FORMAT": "json"}, "node"))
        alone = until(first, lambda page: page.get("credit_oracle_signatures") == 1)
        assert alone["credit_oracle_signatures_needed"] == 3
        assert alone['credit_oracle_phase{phase="agree"}'] == 1
        assert sum(v for name, v in alone.items() if name.startswith("credit_oracle_phase{")) == 1
        lie_to(first, liar, stage)
        until(first, lambda page: page.get('credit_oracle_dissent_epoch{member="3"}') == EPOCH)
        for home in (second, third):
            stack.enter_context(stage.process(home, {}, "node"))
        pages = {home: until(home, agreed) for home in (first, second, third)}
        now = until(first, lambda page: page["credit_oracle_published_snapshot_time_seconds"] > 0)
    for page in pages.values():
        assert page["credit_oracle_epoch_computed"] == EPOCH
        assert page['credit_oracle_phase{phase="agree"}'] == 0
    receipt = stage.anvil.rpc.call("eth_getTransactionReceipt", [published(stage)])
    gas = [page["credit_oracle_gas_used_total"] for page in pages.values()]
    assert sorted(gas) == [0, 0, int(receipt["gasUsed"], 16)]
    end = END
    assert now["credit_oracle_epoch_ended"] == EPOCH
    assert now["credit_oracle_epoch_end_time_seconds"] == end
    assert end - LENGTH < now["credit_oracle_published_snapshot_time_seconds"] <= end
    assert now['credit_oracle_finalized_block{chain="31337"}'] >= 7
    assert now["credit_oracle_member"] == now["credit_oracle_signs"] == 1
    assert 9_999 < now["credit_oracle_balance_coins"] <= 10_000
    assert now['credit_oracle_rpc_errors_total{chain="31337",endpoint="1"}'] == 0
    assert now['credit_oracle_rpc_calls_total{chain="31337",endpoint="1"}'] > 20
    assert now['credit_oracle_ledger_events{chain="31337"}'] == 3
    assert abs(now["credit_oracle_watched_time_seconds"] - time.time()) < SECONDS
    says_where_it_was(first)


def agreed(page: dict[str, float]) -> bool:
    return page.get('credit_oracle_rounds_total{outcome="agreed"}') == 1


def published(stage: Stage) -> str:
    return stage.oracle.published(stage.deployment.start_block)[EPOCH].transaction


def lie_to(home: Path, liar: Path, stage: Stage) -> None:
    """Offer the node in `home` another root, properly signed by the member whose folder is `liar`."""
    password, settings = (stage.folder / "password.txt").read_text().strip(), load_settings(liar)
    keys, signer = NodeKeys.load(liar / IDENTITY_FILE, password), KeySigner.load(liar / SIGNER_FILE, password)
    deployment = Deployment(settings.chain_id, settings.contract)
    honest = read_report(home / "epochs", EPOCH)
    lie = EpochReport(**{name: getattr(honest, name) for name in honest.__slots__} | {"root": b"\x66" * 32})
    with SignedLog(liar / "signed.sqlite") as log:
        body = gossip.attestation_body(attest(lie, deployment, keys, signer, log))
    envelope = gossip.seal(keys, gossip.ATTESTATION, deployment, EPOCH, body)
    gossip.send(f"http://{settings_of(home)['listen']}", envelope, 5.0)


def says_where_it_was(home: Path) -> None:
    """Every line of the log is JSON; from the round on it names epoch and phase; waiting is no error."""
    text = (home / "log.txt").read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    begun = next(i for i, line in enumerate(lines) if line["message"].startswith("snapshot"))
    assert {line["epoch"] for line in lines[begun:]} == {EPOCH}
    assert {"snapshot", "sync", "score"} <= {line["phase"] for line in lines[begun:]}
    (dissent,) = [line for line in lines if "another report" in line["message"]]
    assert (dissent["member"], dissent["level"]) == (3, "ERROR")
    # Where the two differ is told later, or that the other did not say: that too is about the dissent.
    others = [line for line in lines if line is not dissent and "this node differ" not in line["message"]]
    assert not [line for line in others if line["level"] == "ERROR"], "waiting is no error"


@pytest.mark.parametrize("kind", ["text", "json"])
def test_metrics_and_log__of_a_node_with_a_dead_address__count_it_by_number_and_hide_its_key(
    stage: Stage, kind: str
) -> None:
    home = stage.homes[0]
    host = f"127.0.0.1:{free_port()}"
    dead = f"http://user:{PLANTED}@{host}/{PLANTED}?key={PLANTED}"
    write_settings(home, settings_of(home) | {"rpc": {"31337": [dead, stage.anvil.url]}})
    variables = {"CREDIT_ORACLE_LOG_FORMAT": kind, "CREDIT_ORACLE_LOG": "DEBUG"}
    with stage.process(home, variables, "node"):
        failing = 'credit_oracle_rpc_errors_total{chain="31337",endpoint="1"}'
        page = until(home, lambda page: page.get("credit_oracle_signatures") == 1)
        shown = httpx2.get(f"http://{settings_of(home)['listen']}/health", trust_env=False).text
    assert page[failing] >= 1
    assert page['credit_oracle_rpc_errors_total{chain="31337",endpoint="2"}'] == 0
    assert page['credit_oracle_rpc_calls_total{chain="31337",endpoint="2"}'] > 5
    assert host in (home / "log.txt").read_text()
    assert PLANTED not in (home / "log.txt").read_text() + json.dumps(list(page)) + shown


def test_metrics__of_a_dry_run__say_that_it_signs_nothing(stage: Stage) -> None:
    home = stage.homes[0]
    with stage.process(home, {}, "node", "--dry-run"):
        page = until(home, lambda page: page.get("credit_oracle_watched_time_seconds", 0) > 0 and done(page))
    assert page["credit_oracle_signs"] == page["credit_oracle_member"] == 0
    assert page['credit_oracle_rounds_total{outcome="agreed"}'] == 0


def test_metrics__of_a_held_root_and_a_pause__say_so_and_check_too(stage: Stage) -> None:
    oracle = stage.deployment.oracle
    strict = replace(WIDE, min_borrowers=1_000)
    held = Transaction(stage.deployment.owner, oracle, stage.oracle.call_data("setLimits", astuple(strict)))
    stage.anvil.mine_block([held])
    assert all(each["agrees"] for each in stage.run_nodes(stage.homes[:3]))
    until_time = stage.anvil.now() + DAY
    pause = stage.oracle.call_data("pause", until_time)
    stage.anvil.mine_block([Transaction(demo_address("guardian"), oracle, pause)])
    home = stage.homes[0]
    with stage.process(home, {}, "node"):
        page = until(home, lambda page: page.get("credit_oracle_watched_time_seconds", 0) > 0)
    assert (page["credit_oracle_held"], page["credit_oracle_vetoed"]) == (1, 0)
    assert page["credit_oracle_paused_until_time_seconds"] == until_time
    stage.anvil.mine_block([Transaction(demo_address("guardian"), oracle, stage.oracle.call_data("unpause"))])
    stage.anvil.advance_to(stage.anvil.now() + 5)
    (row,) = [row for row in stage.verb("check", "--home", home)["rows"] if row["what"] == "state"]
    assert row["state"] == "wait"
    assert row["says"].startswith(f"the root of epoch {EPOCH} is outside the limits")


def done(page: dict[str, float]) -> bool:
    return page.get('credit_oracle_rounds_total{outcome="unpublished"}', 0) >= 1
