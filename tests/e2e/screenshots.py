"""The pictures of docs/page.md, taken of a running demonstration: `python -m tests.e2e.screenshots URL`.

Rules that hold here: the pictures are of the page as it is, one session a picture. They are looked at,
and not compared by a program.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx2
from playwright.sync_api import Browser

from tests.e2e.browser import DESKTOP, PHONE, Visit, running_browser, visiting
from tests.e2e.conftest import REPOSITORY

LONG = (PHONE[0], 900)
IMAGES = REPOSITORY / "docs" / "images"
READER = "0x" + "3b" * 20


def nothing(_visit: Visit) -> None:
    """The screen as it opens."""


def to_top(visit: Visit, selector: str) -> None:
    """Scroll until the first of these is at the top."""
    visit.page.locator(selector).first.evaluate("element => element.scrollIntoView()")


def prove(visit: Visit) -> None:
    """A proof, and the loan that it would open."""
    visit.page.locator("form button:not([type])").first.click()
    visit.settle()
    to_top(visit, "section h2")


def consent(visit: Visit) -> None:
    """A consent filled in, before it is signed."""
    visit.page.locator("#name").fill("Corner Lending")
    visit.page.locator("#reader").fill(READER)
    to_top(visit, "form h2:not(:first-child)")


def repaying(visit: Visit) -> None:
    """What is owed, and a payment before it is sent."""
    visit.page.locator("input.amount").first.fill("100")
    visit.page.locator("section .row > button:not(.plain)").first.click()
    to_top(visit, "h1")


@dataclass(frozen=True)
class Picture:
    """One screen of one `person` of the cast; `name` is the file's."""

    name: str
    screen: str
    size: tuple[int, int] = PHONE
    locale: str = "en-US"
    theme: str = "light"
    is_signed_in: bool = True
    act: Callable[[Visit], None] = nothing
    person: str = "Mei"


PICTURES = (
    Picture("welcome-phone-zh", "score", locale="zh-CN", is_signed_in=False),
    Picture("score-phone-en", "score"),
    Picture("score-desktop-zh-dark", "score", DESKTOP, "zh-CN", "dark"),
    Picture("why-desktop-en", "why", (DESKTOP[0], 1300), person="Bo"),
    Picture("prove-phone-zh-dark", "prove", PHONE, "zh-CN", "dark", act=prove),
    Picture("consent-phone-en", "access", act=consent),
    Picture("loans-phone-en", "loans", LONG, act=repaying),
    Picture("wallets-phone-zh", "wallets", LONG, "zh-CN"),
    Picture("record-desktop-en-dark", "record", DESKTOP, theme="dark"),
    Picture("status-desktop-en", "status", DESKTOP, is_signed_in=False),
)


def take(browser: Browser, url: str, rpc: str, picture: Picture, folder: Path) -> None:
    """One picture, of what is in the window."""
    with visiting(browser, url, size=picture.size, locale=picture.locale, allowed=(rpc,)) as visit:
        visit.page.emulate_media(color_scheme=picture.theme)  # type: ignore[arg-type]
        visit.open(picture.screen)
        if picture.is_signed_in:
            visit.page.get_by_role("button", name=picture.person).click()
            visit.page.get_by_role("navigation").wait_for()
        visit.settle()
        picture.act(visit)
        visit.page.screenshot(path=folder / f"{picture.name}.png")


def main(url: str) -> None:
    """All pictures."""
    rpc = httpx2.get(f"{url}/v1/operator", trust_env=False).json()["rpc"]
    IMAGES.mkdir(exist_ok=True)
    with running_browser() as browser:
        for picture in PICTURES:
            take(browser, url, rpc, picture, IMAGES)


if __name__ == "__main__":
    main(sys.argv[1])
