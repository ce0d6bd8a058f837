"""Alert rules, dashboard and unit file: they name metrics, runbooks and verbs that exist."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from oracle import cli, metrics

REPOSITORY = Path(__file__).parents[2]
OPS = REPOSITORY / "ops"
RUNBOOK = REPOSITORY / "docs" / "operations.md"
UNIT = OPS / "credit-oracle-node.service"
SEVERITIES = {"info", "warning", "page"}
_NAME = re.compile(rf"\b{metrics.PREFIX}_[a-z_]+")
_LABEL = re.compile(r"\{\{\s*\$?(?:labels\.)?([a-z]+)\s*\}\}")
FROM_PROMETHEUS = {"instance", "job", "value"}


def rules() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load((OPS / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    found: list[dict[str, Any]] = group["rules"]
    return found


def board() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((OPS / "dashboard.json").read_bytes())
    return found


def board_queries() -> list[str]:
    return [target["expr"] for panel in board()["panels"] for target in panel["targets"]]


def samples() -> dict[str, set[str]]:
    """Every sample that a node can show, with its labels, as the library itself names them."""
    found = {}
    for family in [*metrics.registry.collect(), *metrics.RpcTally({}).collect()]:
        name = family.name + ("_total" if family.type == "counter" else "")
        found[name] = labels_of(family.name)
    return found


def labels_of(family: str) -> set[str]:
    for value in vars(metrics).values():
        described = getattr(value, "_name", None)
        if described == family:
            return set(value._labelnames)
    return {"chain", "endpoint"}


def anchors() -> list[str]:
    """Anchors of the document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", RUNBOOK.read_text(encoding="utf-8"), re.M)
    return [re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings]


RULES = rules()


@pytest.mark.parametrize("rule", RULES, ids=[rule["alert"] for rule in RULES])
def test_alert__each__is_graded_says_what_it_is_and_links_a_runbook_that_exists(rule: dict[str, Any]) -> None:
    assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
    assert rule["labels"]["severity"] in SEVERITIES
    assert rule["annotations"]["summary"].endswith(".")
    path, _, anchor = rule["annotations"]["runbook"].partition("#")
    assert REPOSITORY / path == RUNBOOK
    assert anchors().count(anchor) == 1, f"docs/operations.md has no heading for {rule['alert']}"
    assert anchor == rule["alert"].lower()


def test_runbook__each_of_its_alerts__is_a_rule() -> None:
    text = RUNBOOK.read_text(encoding="utf-8")
    part = text[text.index("\n## When an alert fires") :]
    part = part[: part.index("\n## ", 1)]
    described = re.findall(r"^### (\w+)$", part, re.M)
    assert sorted(described) == sorted(rule["alert"] for rule in RULES)


@pytest.mark.parametrize("query", [*(rule["expr"] for rule in RULES), *board_queries()])
def test_query__each__names_metrics_that_a_node_shows(query: str) -> None:
    named = set(_NAME.findall(query))
    assert named <= set(samples()), f"{named - set(samples())} are in no metrics.py"
    assert query.count("(") == query.count(")")
    assert named or "up{" in query


def test_summary__each__uses_labels_that_its_query_has() -> None:
    for rule in RULES:
        has = set().union(*(samples()[name] for name in _NAME.findall(rule["expr"])), FROM_PROMETHEUS)
        assert set(_LABEL.findall(rule["annotations"]["summary"])) <= has, rule["alert"]


def test_dashboard__its_panels__do_not_overlap_and_use_labels_that_exist() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in board()["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells
        for target in panel["targets"]:
            has = set().union(*(samples()[name] for name in _NAME.findall(target["expr"])), FROM_PROMETHEUS)
            assert set(_LABEL.findall(target["legendFormat"])) <= has, panel["title"]


def test_metrics__every_gauge_that_can_mean_trouble__has_an_alert_or_a_panel() -> None:
    shown = " ".join([*(rule["expr"] for rule in RULES), *board_queries()])
    assert {name for name in samples() if name not in shown} <= {"credit_oracle_finalized_block"}


def test_unit_file__the_command_it_starts__is_a_verb_with_those_options() -> None:
    (line,) = re.findall(r"^ExecStart=\S+/credit-oracle (\S+) (--\S+) \S+$", UNIT.read_text(), re.M)
    command: Any = typer.main.get_command(cli.app)
    assert line[1] in {each for option in command.commands[line[0]].params for each in option.opts}


def test_unit_file__read_by_systemd__has_nothing_unknown_in_it(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed")
    copy = tmp_path / UNIT.name
    copy.write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", UNIT.read_text(), flags=re.M))
    done = subprocess.run([analyze, "verify", str(copy)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
