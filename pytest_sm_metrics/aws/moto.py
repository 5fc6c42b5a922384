"""moto, without importing it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

from .patches import Patches, bound

_stop = Patches()
"""`stop` of moto's mocks, while they hold variables of ours."""


def moto_is_on() -> bool:
    """Return True if moto's handler would answer requests."""
    moto = sys.modules.get("moto.core.models")
    stubber = getattr(moto, "botocore_stubber", None)
    return moto is not None and bool(getattr(stubber, "enabled", True))


def remove_when_moto_stops(variables: Mapping[str, str]) -> None:
    """Remove variables from the environment when moto, which is on, has restored them.

    A mock of moto restores the credentials that it found in the environment when it started.
    """
    mocks = getattr(sys.modules.get("moto.core.models"), "MockAWS", None)
    if mocks is None or _stop or not moto_is_on():
        return

    def make(original: Any) -> Any:
        def stop(self: Any, *args: Any, **more: Any) -> Any:
            try:
                return bound(original, self)(*args, **more)
            finally:
                _remove(variables)
                if not moto_is_on():
                    _stop.restore()

        return stop

    _stop.wrap(mocks, "stop", make)


def _remove(variables: Mapping[str, str]) -> None:
    """Remove variables from the environment that still have these values."""
    for name, value in variables.items():
        if os.environ.get(name) == value:
            del os.environ[name]
