"""moto, without importing it."""

from __future__ import annotations

import sys


def moto_is_on() -> bool:
    """Return True if moto's handler would answer requests."""
    moto = sys.modules.get("moto.core.models")
    stubber = getattr(moto, "botocore_stubber", None)
    return moto is not None and bool(getattr(stubber, "enabled", True))
