"""Two clocks: one that tests may freeze, and one that they do not."""

from __future__ import annotations

import importlib.util
import sys
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from functools import lru_cache
from typing import Any

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_LAST = datetime.max.replace(tzinfo=timezone.utc)


def _unpatched_time() -> Any:
    """Return a second copy of the module `time`, whose functions tests do not replace.

    A test that replaces `time.time` or `time.perf_counter` must not lose readings to the mock, nor
    fail its calls or stop its waits. time-machine changes the functions of both copies.
    """
    spec: Any = importlib.util.find_spec("time")
    copy = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(copy)
    return copy


_time = _unpatched_time()


def now() -> float:
    """Return the seconds since the epoch; frozen if freezegun or time-machine freezes time.

    A user's `ignore=["botocore"]` gives real time to botocore and to all that it calls, us
    included. So this reads the frozen time from freezegun itself.
    """
    for frozen in getattr(sys.modules.get("freezegun.api"), "freeze_factories", [])[-1:]:
        return float((frozen().replace(tzinfo=timezone.utc) - EPOCH).total_seconds())
    return float(_time.time())


def real_clock() -> float:
    """Return the seconds of a clock that runs on in frozen time, and when tests replace clocks."""
    return float(_time.perf_counter())


@lru_cache(maxsize=8)
def http_date(seconds: int) -> str:
    """Return seconds since the epoch as the header Date has them (RFC 9110)."""
    return format_datetime(as_datetime(seconds), usegmt=True)


def as_datetime(seconds: float) -> datetime:
    """Convert seconds since the epoch to an aware datetime, UTC.

    Rounding may exceed the last datetime; the result is then the last one.
    """
    return EPOCH + min(timedelta(seconds=seconds), _LAST - EPOCH)
