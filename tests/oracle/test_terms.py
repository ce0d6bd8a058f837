"""A manifest made for other terms than the contract's is refused in one sentence."""

from dataclasses import replace

import pytest

from ledger_reader.errors import Stop
from models import manifest as manifests
from oracle.terms import check_schedule, check_sources
from tests.oracle.conftest import CHAIN, Kept


@pytest.mark.parametrize("listed", [{}, {CHAIN: 0, 7: 0}, {7: 0}])
def test_check_sources__other_chains_than_the_contracts__stops(kept: Kept, listed: dict[int, int]) -> None:
    manifest = manifests.load(kept.settings.home, kept.report.model_id)
    with pytest.raises(Stop, match=rf"reads the chains \[{CHAIN}\], the contract lists"):
        check_sources(manifest, listed)


@pytest.mark.parametrize("frozen_at", [0, 12])
def test_check_sources__the_contracts_chains_live_or_frozen__are_fine(kept: Kept, frozen_at: int) -> None:
    check_sources(manifests.load(kept.settings.home, kept.report.model_id), {CHAIN: frozen_at})


@pytest.mark.parametrize("changes", [{"genesis": 1_001}, {"length": 99}, {"contract": b"\x01" * 20}])
def test_check_schedule__another_clock__stops(kept: Kept, changes: dict[str, object]) -> None:
    manifest = manifests.load(kept.settings.home, kept.report.model_id)
    with pytest.raises(Stop, match="must schedule a manifest made for this contract"):
        check_schedule(manifest, replace(manifest.schedule, **changes))  # type: ignore[arg-type]
    check_schedule(manifest, manifest.schedule)
