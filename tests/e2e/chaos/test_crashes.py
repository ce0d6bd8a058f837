"""Members that die: at each step of a round, and in the middle of each write."""

import pytest

from tests.e2e.chaos import faults
from tests.e2e.chaos.conftest import Endure

STEPS = [pytest.param(each, marks=() if each == "score" else pytest.mark.fuzz) for each in faults.STEPS]
QUICK = ("signed log",)
WRITES = [pytest.param(each, marks=() if each in QUICK else pytest.mark.fuzz) for each in faults.WRITES]


@pytest.mark.parametrize("step", STEPS)
def test_round__f_members_die_at_a_step__the_others_publish_and_the_dead_catch_up(
    step: str, endure: Endure
) -> None:
    endure(faults.killed_at(step))


@pytest.mark.parametrize("what", WRITES)
def test_round__f_members_die_in_the_middle_of_a_write__nothing_is_lost_or_doubled(
    what: str, endure: Endure
) -> None:
    endure(faults.killed_writing(what))


def test_round__a_disk_is_full__the_others_publish_and_it_goes_on_when_there_is_room(endure: Endure) -> None:
    endure(faults.DISK)
