"""Where do I stand, why, what would raise it."""

import time

from tests.e2e.browser import (
    PHONE,
)
from tests.e2e.page.conftest import Visiting
from tests.e2e.page.world import PageWorld


def flags(world: PageWorld) -> dict[str, bool]:
    """What became of the epoch, once the service has looked at the chain."""
    for _ in range(100):
        found: dict[str, bool] = world.told("Mei", "/v1/me/score")["flags"]
        if found["stale"] is not None:
            return found
        time.sleep(0.1)
    raise AssertionError("the service did not look at the chain")


def test_score__of_mei__is_the_services_with_reasons_and_plan(world: PageWorld, visiting: Visiting) -> None:
    score = world.told("Mei", "/v1/me/score", target=747)
    assert flags(world) == {"held": False, "stale": False, "upcoming": False}, "by the chain's time"
    with visiting() as visit:
        visit.open()
        visit.sign_in("Demo wallet: Mei")
        visit.see(str(score["score"]))
        shown = visit.text()
        assert f"likely {score['low']}–{score['high']}" in shown
        assert "Your record is strong" in shown
        assert "Out of date" not in shown
        visit.open("why")
        visit.page.get_by_label("To reach").fill("747")
        visit.press("Work it out")
        visit.see(score["plan"][-1]["text"])
        why = visit.text()
        for reason in (*score["helped"], *score["heldBack"]):
            assert reason["text"][0].upper() + reason["text"][1:] in why
            assert f"{reason['points']:+d} points".replace("-", "−") in why
        for step in score["plan"]:
            low, high = step["low"], step["high"]
            gain = f"+{low}" if low == high else f"+{low} to +{high}"
            assert f"{gain} if nothing else changes" in why


def test_score__of_somebody_without_one__is_no_number_but_what_builds_a_record(
    world: PageWorld, visiting: Visiting
) -> None:
    with visiting(size=PHONE) as visit:
        visit.open()
        visit.sign_in("Demo wallet: Kai")
        visit.see("No score yet")
        assert "Receive wages or remittances" in visit.text()
        assert visit.page.locator(".number, .ruler").count() == 0
        visit.open("prove")
        visit.see("There is no score to prove")
        assert visit.violations() == []
