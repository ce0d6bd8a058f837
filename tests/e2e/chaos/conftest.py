"""A crew for each file of cases, which one after another put it under fire."""

from collections.abc import Callable, Iterator
from random import Random

import pytest

from tests.e2e.chaos.crew import Crew, running_crew
from tests.e2e.chaos.faults import Fault
from tests.e2e.conftest import anvil_binary

FOUR, SEVEN = 4, 7
MOST_ROUNDS = 40

Endure = Callable[[Fault], None]


@pytest.fixture(scope="module", params=[FOUR, pytest.param(SEVEN, marks=pytest.mark.fuzz)])
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
