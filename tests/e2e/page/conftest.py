"""One world and one browser for all tests of the page (tests/conftest.py sends them to one worker).

Every visit fails on a script's error, on a breach of the content policy, and on any request to another host
than the page's own and the chain's address that the operator names for browsers. Both end with this folder:
an open browser keeps an event loop, in which nothing else of the worker could run.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial

import pytest
from playwright.sync_api import Browser

from tests.e2e import browser as browsers
from tests.e2e.browser import Visit, chromium, running_browser
from tests.e2e.page.world import PageWorld, page_world

Visiting = Callable[..., AbstractContextManager[Visit]]


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageWorld]:
    """A year on a chain, an epoch published, and its page."""
    chromium()
    with page_world(tmp_path_factory.mktemp("page")) as found:
        yield found


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium."""
    with running_browser() as found:
        yield found


@pytest.fixture
def visiting(world: PageWorld, browser: Browser) -> Visiting:
    """`with visiting(wallet, size=…, locale=…) as visit`: see tests/e2e/browser.py."""
    return partial(browsers.visiting, browser, world.url, allowed=(world.stage.anvil.url,))
