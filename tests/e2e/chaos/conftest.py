"""One crew, which the cases of this folder put under fire one after another (see tests/conftest.py)."""

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from tests.e2e.chaos.crew import Crew, running_crew
from tests.e2e.chaos.faults import Fault
from tests.e2e.conftest import anvil_binary

FOUR, SEVEN = 4, 7
MOST_ROUNDS = 40

CASE_SECONDS = 900
"""A case waits for conditions, each with a limit of its own; on a busy machine they add up."""

Endure = Callable[[Fault], None]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A limit for cases that name none."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent) and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(CASE_SECONDS))


@pytest.fixture(scope="package", params=[FOUR, pytest.param(SEVEN, marks=pytest.mark.fuzz)])
def crew(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crew]:
    """n members at work on a chain of their own: f = 1 of four, f = 2 of seven."""
    anvil_binary()
    with running_crew(tmp_path_factory.mktemp("chaos") / "world", request.param, MOST_ROUNDS) as found:
        yield found


@pytest.fixture
def endure(crew: Crew, request: pytest.FixtureRequest) -> Endure:
    """One epoch under a fault, judged; who is touched depends on the case's name and on nothing else."""

    def run(fault: Fault) -> None:
        crew.round(fault, Random(request.node.nodeid.rpartition("::")[2]))

    return run
