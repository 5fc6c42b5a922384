"""Two clocks: the one that tests may freeze, and the one that goes on."""

from __future__ import annotations

import sys
import time
from datetime import datetime, timedelta, timezone

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_LAST = datetime.max.replace(tzinfo=timezone.utc)


def now() -> float:
    """Seconds since the epoch; frozen where freezegun or time-machine freezes them.

    freezegun gives real time to modules that it is told to ignore and to all that they call: `ignore=["botocore"]` is not meant for us.
    """
    for frozen in getattr(sys.modules.get("freezegun.api"), "freeze_factories", [])[-1:]:
        return float((frozen().replace(tzinfo=timezone.utc) - EPOCH).total_seconds())
    return time.time()


def real_clock() -> float:
    """Seconds that pass whatever is frozen: freezegun replaces `time.perf_counter` and keeps the real one; time-machine leaves it alone."""
    freezegun = sys.modules.get("freezegun.api")
    return float(getattr(freezegun, "real_perf_counter", time.perf_counter)())


def as_datetime(seconds: float) -> datetime:
    """A time since the epoch as an aware datetime, UTC; what rounding has put behind the last one is the last one."""
    return EPOCH + min(timedelta(seconds=seconds), _LAST - EPOCH)
