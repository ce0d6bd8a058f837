"""What is between members: floods, cuts, clocks, and the providers through which they see the chain."""

import pytest

from tests.e2e.chaos import faults
from tests.e2e.chaos.conftest import Endure


def test_round__a_flood_of_junk__a_root_all_the_same(endure: Endure) -> None:
    endure(faults.FLOOD)


def test_round__f_members_are_cut_off__the_others_publish_and_they_catch_up(endure: Endure) -> None:
    endure(faults.PARTITION)


def test_round__two_halves_without_a_quorum__no_root_before_it_heals(endure: Endure) -> None:
    endure(faults.SPLIT)


def test_round__all_clocks_are_off__a_root_all_the_same(endure: Endure) -> None:
    endure(faults.CLOCKS)


def test_round__rpc_down_stale_and_lying_at_once__no_wrong_root_and_a_right_one_after(endure: Endure) -> None:
    endure(faults.PROVIDERS)


@pytest.mark.fuzz
@pytest.mark.parametrize("fault", ["cut_off", "stalled_head", "missing_log", "truncated", "too_many"])
def test_round__f_providers_fail_in_one_way__the_others_publish(fault: str, endure: Endure) -> None:
    endure(faults.one_rpc(fault))
