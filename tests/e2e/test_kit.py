"""The lender kit as a lender uses it: Node and viem against a chain, the real service and its gateway.

Each test of kit/test/ is one here: they run together once, over one world, and Node's report is taken apart.
"""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.e2e.conftest import REPOSITORY, anvil_binary
from tests.e2e.kit_world import kit_world

KIT = REPOSITORY / "kit"
FILES = sorted((KIT / "test").glob("*.test.ts"))
NAMES = [name for path in FILES for name in re.findall(r'^test\("(.+)",', path.read_text(), re.M)]
VERDICT = re.compile(r"^ *(ok|not ok) \d+ - (.+)$", re.M)


def run(*command: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """A command of Node in kit/."""
    environment = os.environ | variables
    return subprocess.run(command, cwd=KIT, capture_output=True, text=True, env=environment, check=False)


@pytest.fixture(scope="module")
def tools() -> Path:
    """The folder of the kit's commands; without it the tests are skipped aloud, and fail where CI is set."""
    found = KIT / "node_modules" / ".bin"
    if not found.exists() or shutil.which("node") is None:
        sentence = "the kit's packages are not installed: run `npm ci` in kit/"
        if os.environ.get("CI"):
            pytest.fail(sentence)
        pytest.skip(sentence)
    return found


@pytest.fixture(scope="module")
def report(tools: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Each test's verdict by its name, and all that Node said under ""."""
    anvil_binary()
    built = run(str(tools / "tsc"))
    assert built.returncode == 0, built.stdout
    home = tmp_path_factory.mktemp("home")
    with kit_world(home) as world:
        (home / "world.json").write_text(json.dumps(world))
        files = [f"dist/test/{path.stem}.js" for path in FILES]
        done = run("node", "--test", "--test-reporter=tap", *files, KIT_WORLD=str(home / "world.json"))
    return {name: verdict for verdict, name in VERDICT.findall(done.stdout)} | {"": done.stdout + done.stderr}


@pytest.mark.parametrize("name", NAMES)
def test_kit__in_node__holds(report: dict[str, str], name: str) -> None:
    assert report.get(name) == "ok", report[""][-6_000:]


def test_schema__of_the_client__is_that_of_the_document(tools: Path) -> None:
    checked = run(str(tools / "openapi-typescript"), "openapi.json", "--output", "src/schema.ts", "--check")
    assert checked.returncode == 0, checked.stdout + checked.stderr
