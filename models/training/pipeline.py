"""The float models of a bundle, for researchers: a joblib pickle, opened only after its signature held.

Rules that hold here: a pickle runs code when it is opened, so `open_pipeline` takes a `Bundle`, which only
models/registry.py makes, after a known key's signature; there is no way in for bare bytes. Scores never
come from here: they come from the integer tables.
"""

import io
from collections.abc import Mapping
from typing import Any

import joblib

from ledger_reader.errors import Stop
from models.registry import Bundle

COMPRESSION = 3


def close_pipeline(machines: Mapping[str, Any]) -> bytes:
    """The machines by segment as bytes, for the part `pipeline` of a bundle."""
    buffer = io.BytesIO()
    joblib.dump(dict(machines), buffer, compress=COMPRESSION)
    return buffer.getvalue()


def open_pipeline(bundle: Bundle) -> dict[str, Any]:
    """The machines by segment; Stop when the bundle has none."""
    if not bundle.pipeline:
        raise Stop("this bundle holds no float pipeline; ask its maker for one that does.")
    found: dict[str, Any] = joblib.load(io.BytesIO(bundle.pipeline))
    return found
