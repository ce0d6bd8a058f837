"""Where do I stand, why, what would raise it."""

import time
from typing import Any

from tests.e2e.browser import NARROW, PHONE, Visit
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
    assert flags(world) == {"held": False, "stale": False, "upcoming": False, "vetoed": False}, (
        "by the chain's time"
    )
    with visiting() as visit:
        visit.open()
        visit.sign_in("Demo wallet: Mei")
        visit.see(str(score["score"]))
        shown = visit.text()
        assert f"likely {score['low']}–{score['high']}" in shown
        assert "Your record is strong" in shown
        assert "Out of date" not in shown
        check_history(visit, world.told("Mei", "/v1/me/history"))
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
        check_tables(visit, score)
        check_chinese_tables(visit, world.told("Mei", "/v1/me/score", target=747, lang="zh"))


def check_history(visit: Visit, past: list[dict[str, Any]]) -> None:
    """The score in two epochs, as a chart with one sentence, and as a table."""
    assert len(past) == 2
    visit.see(f"2 epochs, from {past[0]['score']} to {past[1]['score']}.")
    visit.page.get_by_role("img", name="History").wait_for()
    turn_all(visit, "Show as table")
    assert [[row[0], row[2]] for row in rows(visit, 0)] == [[str(p["epoch"]), str(p["score"])] for p in past]


def check_tables(visit: Visit, score: dict[str, Any]) -> None:
    """Each chart of "why" as a table says the same figures, and axe finds nothing in it."""
    turn_all(visit, "Show as table")
    helped, held_back, plan = (rows(visit, table) for table in range(3))
    assert helped == [[each["text"], f"+{each['points']}"] for each in score["helped"]]
    assert held_back == [[each["text"], f"−{-each['points']}"] for each in score["heldBack"]]
    low = high = score["score"]
    for step, told in zip(score["plan"], plan, strict=True):
        low, high = low + step["low"], high + step["high"]
        gain = f"+{between(step['low'], step['high'])}"
        assert told == [step["text"], str(step["days"]), gain, between(low, high)]
    assert visit.violations() == []
    visit.page.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
    assert visit.overflow() <= 0


def check_chinese_tables(visit: Visit, score: dict[str, Any]) -> None:
    """The tables in Chinese, of a plan to the same score."""
    visit.press("中文 / English")
    visit.page.get_by_label("目标分数").fill("747")
    visit.press("计算方案")
    visit.see(score["plan"][-1]["text"])
    turn_all(visit, "以表格显示")
    headers = visit.page.get_by_role("columnheader").all_inner_texts()
    assert headers == ["因素", "分数", "因素", "分数", "步骤", "天数", "提升", "之后评分"]
    assert [row[0] for row in rows(visit, 2)] == [step["text"] for step in score["plan"]]


def turn_all(visit: Visit, name: str) -> None:
    """Press each button whose name begins so."""
    turn = visit.page.get_by_role("button", name=name)
    while turn.count():
        turn.first.click()


def rows(visit: Visit, table: int) -> list[list[str]]:
    """The cells of a table's body, as they are written."""
    found = visit.page.locator("table").nth(table).locator("tbody tr")
    return [row.locator("td").all_text_contents() for row in found.all()]


def between(low: int, high: int) -> str:
    """A range, or the one number that it is."""
    return f"{low}" if low == high else f"{low}–{high}"


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
