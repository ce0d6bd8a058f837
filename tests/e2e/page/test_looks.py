"""Screens in both languages and themes, on narrow windows, and by keyboard alone."""

from collections.abc import Iterator

import pytest

from tests.e2e.browser import (
    DESKTOP,
    NARROW,
    PHONE,
    Visit,
)
from tests.e2e.page.conftest import Visiting
from tests.e2e.page.world import PageWorld

OWN_SCREENS = ("score", "why", "prove", "access", "record", "loans", "wallets", "settings")
OPEN_SCREENS = ("lender", "status", "help", "link")
OF_COLOUR = ("color-contrast", "link-in-text-block")


@pytest.mark.parametrize(("locale", "size"), [("en-US", DESKTOP), ("zh-CN", PHONE)])
def test_screens__in_both_themes__pass_axe(visiting: Visiting, locale: str, size: tuple[int, int]) -> None:
    with visiting(size=size, locale=locale) as visit:
        visit.open()
        visit.page.get_by_role("button", name="Bo").wait_for()
        found = [*both_themes(visit, "welcome")]
        visit.page.get_by_role("button", name="Bo").click()
        visit.page.get_by_role("navigation").wait_for()
        for screen in (*OWN_SCREENS, *OPEN_SCREENS):
            fill(visit, screen)
            found += both_themes(visit, screen)
    assert found == []


def fill(visit: Visit, screen: str) -> None:
    """Open a screen of Bo, who owes a loan, and have it show all it can: a proof, a question."""
    visit.open(screen)
    visit.settle()
    if screen == "prove":
        visit.page.locator("form button:not([type])").first.click()
        visit.page.locator("textarea[readonly]").wait_for()
    if screen == "wallets":
        visit.page.locator("section button").first.click()
        visit.page.locator("section .told").wait_for()
    if screen in ("loans", "wallets"):
        visit.page.locator("section .row > button:not(.plain)").first.click()
        visit.page.get_by_role("group").wait_for()


def both_themes(visit: Visit, screen: str) -> Iterator[str]:
    """All rules in the light, and those of colour, the only ones that can differ, in the dark."""
    visit.page.emulate_media(color_scheme="light")
    yield from (f"{screen}, light: {each}" for each in visit.violations())
    visit.page.emulate_media(color_scheme="dark")
    yield from (f"{screen}, dark: {each}" for each in visit.violations(OF_COLOUR))


def test_screens__at_320_pixels__do_not_scroll_sideways(visiting: Visiting) -> None:
    with visiting(size=NARROW) as visit:
        visit.open()
        visit.see("Your wallet will show")
        assert visit.overflow() <= 0
        visit.sign_in("Demo wallet: Bo")
        for screen in (*OWN_SCREENS, *OPEN_SCREENS):
            fill(visit, screen)
            assert visit.overflow() <= 0, screen


def test_languages__follow_the_browser__and_the_choice_is_remembered(
    world: PageWorld, visiting: Visiting
) -> None:
    with visiting(size=PHONE, locale="zh-CN") as visit:
        visit.open()
        visit.see("信用评分是根据您的收付款和还款记录得出的")
        visit.page.get_by_role("button", name="演示钱包：Mei").click()
        visit.see("记录良好")
        assert visit.page.locator("html").get_attribute("lang") == "zh-Hans"
        visit.open("why")
        visit.see(world.told("Mei", "/v1/me/score", lang="zh")["heldBack"][0]["text"])
        visit.page.get_by_role("button", name="中文 / English").click()
        visit.see("What held it back")
        visit.see(world.told("Mei", "/v1/me/score")["heldBack"][0]["text"])
        visit.page.reload()
        visit.see("What held it back")
        assert visit.page.locator("html").get_attribute("lang") == "en"


def test_keyboard__alone__signs_in_and_makes_a_proof(world: PageWorld, visiting: Visiting) -> None:
    with visiting(size=PHONE) as visit:
        visit.open()
        visit.see("Demo wallet: Mei")
        assert visit.tab_to("Demo wallet: Mei") > 0
        visit.page.keyboard.press("Enter")
        visit.page.get_by_role("navigation").wait_for()
        visit.settle()
        visit.tab_to("Prove")
        visit.page.keyboard.press("Enter")
        visit.page.get_by_role("heading", name="Prove").wait_for()
        assert visit.page.evaluate("() => document.activeElement.id") == "main", (
            "focus goes to the new screen"
        )
        visit.page.get_by_role("button", name="Make the proof").wait_for()
        visit.tab_to("10 more")
        visit.page.keyboard.press("Enter")
        visit.tab_to("Make the proof")
        visit.page.keyboard.press("Enter")
        visit.see("Your proof of at least 660")
