"""Members that tell two stories: the honest root comes, and the contract takes their places away.

The crew is of this file alone, for afterwards it lacks those members.
"""

from pathlib import Path
from random import Random

import pytest

from tests.e2e.chaos import faults
from tests.e2e.chaos.conftest import CASE_SECONDS, FOUR, SEVEN
from tests.e2e.chaos.crew import running_crew
from tests.e2e.conftest import anvil_binary

ROUNDS = 3


@pytest.mark.timeout(CASE_SECONDS)
@pytest.mark.parametrize("members", [FOUR, pytest.param(SEVEN, marks=pytest.mark.fuzz)])
def test_round__f_members_tell_two_stories__they_lose_their_places_and_the_others_go_on(
    members: int, tmp_path: Path
) -> None:
    anvil_binary()
    with running_crew(tmp_path / "world", members, ROUNDS) as crew:
        crew.round(faults.lying_in("equivocation"), Random(members))
        guilty = sorted(crew.tainted)
        crew.wait(lambda: all(crew.world.is_expelled(member) for member in guilty), "the proofs on chain")
        others = [member.index for member in crew.members if member.index not in guilty]
        assert not any(crew.world.is_expelled(member) for member in others)
        for _ in ("the epoch that runs, with the old committee", "the next, without the guilty"):
            crew.round(faults.NONE, Random(members))
        seats = crew.world.oracle.committee_at(crew.epoch).members
        assert seats == tuple(crew.world.committee.members[member] for member in others)
