"""Hypothesis: no deadline (machines differ); `HYPOTHESIS_PROFILE=fuzz` tries many more cases."""

import os

from hypothesis import settings

settings.register_profile("default", deadline=None, max_examples=50)
settings.register_profile("fuzz", deadline=None, max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
