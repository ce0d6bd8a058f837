"""Members that lie, with real keys: the honest root comes, and no other."""

import pytest

from tests.e2e.chaos import faults
from tests.e2e.chaos.conftest import Endure

KINDS = [
    pytest.param(each, marks=() if each == "root" else pytest.mark.fuzz)
    for each in ("scores", "root", "signature", "epoch", "snapshot")
]


@pytest.mark.parametrize("kind", KINDS)
def test_round__f_members_lie__the_honest_root_is_published(kind: str, endure: Endure) -> None:
    endure(faults.lying_in(kind))
