"""Members that tell two stories: the honest root comes, and the contract takes their places away."""

from tests.e2e.chaos import faults
from tests.e2e.chaos.conftest import Endure
from tests.e2e.chaos.crew import Crew


def test_round__f_members_tell_two_stories__they_lose_their_places_and_the_others_go_on(
    crew: Crew, endure: Endure
) -> None:
    endure(faults.lying_in("equivocation"))
    guilty = sorted(crew.tainted)
    crew.wait(lambda: all(crew.world.is_expelled(member) for member in guilty), "the proofs on chain")
    others = [member.index for member in crew.members if member.index not in guilty]
    assert not any(crew.world.is_expelled(member) for member in others)
    for _ in ("the epoch that runs, with the old committee", "the next, without the guilty"):
        endure(faults.NONE)
    members = crew.world.oracle.committee_at(crew.epoch).members
    assert members == tuple(crew.world.committee.members[member] for member in others)
