"""What all tests share: how hard properties are tried, how seldom garbage is looked for, who runs with whom.

Hypothesis has no deadline (machines differ); `HYPOTHESIS_PROFILE=fuzz` tries many more cases. With xdist's
loadscope a file's tests go to one worker; the files of a folder in ONE_WORLD share a world that takes long to
make, so all of them do.
"""

import gc
import os
from pathlib import Path

import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

ONE_WORLD = ("tests/e2e/chaos", "tests/e2e/page")

settings.register_profile("default", deadline=None, max_examples=30)
settings.register_profile("fuzz", deadline=None, max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

# Python looks for garbage after 700 new objects; an expression of all features makes hundreds of thousands.
gc.set_threshold(50_000)

# The workers keep all cores busy: threads of linear algebra would burn a third more waiting for each other.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

# Spark's Java would spend two thirds of its time on optimizing code that runs for seconds.
os.environ.setdefault("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")


def pytest_xdist_auto_num_workers() -> int:
    """Three workers on two cores: end-to-end tests wait for blocks, turns and time-outs."""
    return max(2, (os.cpu_count() or 1) * 3 // 2)


class ByWorld(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """loadscope, by the folder where the tests of a folder share a world."""

    def _split_scope(self, nodeid: str) -> str:
        folder = Path(nodeid.split("::", maxsplit=1)[0]).parent.as_posix()
        return folder if folder in ONE_WORLD else super()._split_scope(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByWorld | None:
    """In place of loadscope; other ways to distribute stay as they are."""
    return ByWorld(config, log) if config.getoption("dist") == "loadscope" else None
