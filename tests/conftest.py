"""What all tests share: how hard properties are tried, and how seldom garbage is looked for.

Hypothesis has no deadline (machines differ); `HYPOTHESIS_PROFILE=fuzz` tries many more cases.
"""

import gc
import os

from hypothesis import settings

settings.register_profile("default", deadline=None, max_examples=50)
settings.register_profile("fuzz", deadline=None, max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

# Python looks for garbage after 700 new objects; an expression of all features makes hundreds of thousands.
gc.set_threshold(50_000)


def pytest_xdist_auto_num_workers() -> int:
    """Three workers on two cores: end-to-end tests wait for blocks, turns and time-outs."""
    return max(2, (os.cpu_count() or 1) * 3 // 2)
