"""The chain changes its mind: around the snapshot, around the publication, and about what was final."""

from tests.e2e.chaos import faults
from tests.e2e.chaos.conftest import Endure


def test_round__blocks_at_the_epochs_end_are_replaced__the_root_is_of_the_new_ones(endure: Endure) -> None:
    endure(faults.SNAPSHOT)


def test_round__the_published_root_is_reorganised_away__it_is_published_again_once(endure: Endure) -> None:
    endure(faults.PUBLICATION)


def test_round__what_was_final_is_replaced_after_signing__no_wrong_root(endure: Endure) -> None:
    endure(faults.FINALITY)


def test_round__after_all_reorganisations__all_members_agree(endure: Endure) -> None:
    endure(faults.NONE)
