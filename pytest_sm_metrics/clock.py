"""Two clocks: one that tests may freeze, and one that they do not."""

from __future__ import annotations

import sys
import time
from datetime import datetime, timedelta, timezone

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_LAST = datetime.max.replace(tzinfo=timezone.utc)


def now() -> float:
    """Return the seconds since the epoch; frozen if freezegun or time-machine freezes time.

    A user's `ignore=["botocore"]` gives real time to botocore and to all that it calls, us
    included. So this reads the frozen time from freezegun itself.
    """
    for frozen in getattr(sys.modules.get("freezegun.api"), "freeze_factories", [])[-1:]:
        return float((frozen().replace(tzinfo=timezone.utc) - EPOCH).total_seconds())
    return time.time()


def real_clock() -> float:
    """Return the seconds of a clock that runs on in frozen time.

    freezegun replaces `time.perf_counter` and keeps the real one; time-machine does not touch it.
    """
    freezegun = sys.modules.get("freezegun.api")
    return float(getattr(freezegun, "real_perf_counter", time.perf_counter)())


def as_datetime(seconds: float) -> datetime:
    """Convert seconds since the epoch to an aware datetime, UTC.

    Rounding may exceed the last datetime; the result is then the last one.
    """
    return EPOCH + min(timedelta(seconds=seconds), _LAST - EPOCH)
