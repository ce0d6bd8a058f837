"""A package, so that what its fixtures open is closed when its tests are over, not at the end of the run."""
