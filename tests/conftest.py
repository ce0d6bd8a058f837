"""Hypothesis: no deadline (machines differ); `HYPOTHESIS_PROFILE=fuzz` tries many more cases.

With xdist's loadscope a file's tests go to one worker. The files of a folder in ONE_WORLD share a world that
takes long to make, so all of them do.
"""

import os
from pathlib import Path

import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

ONE_WORLD = ("tests/e2e/page",)

settings.register_profile("default", deadline=None, max_examples=50)
settings.register_profile("fuzz", deadline=None, max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


class ByWorld(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """loadscope, by the folder where the tests of a folder share a world."""

    def _split_scope(self, nodeid: str) -> str:
        folder = Path(nodeid.split("::", maxsplit=1)[0]).parent.as_posix()
        return folder if folder in ONE_WORLD else super()._split_scope(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByWorld | None:
    """In place of loadscope; other ways to distribute stay as they are."""
    return ByWorld(config, log) if config.getoption("dist") == "loadscope" else None
