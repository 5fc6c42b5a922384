"""The run of a mock alone, for a report outside pytest."""

from __future__ import annotations

from ..aws.active import ActiveMock
from ..clock import as_datetime, now
from .counts import counts_of
from .record import record_test
from .run import FORMAT, ResultRecord, RunRecord, versions


def run_of(active: ActiveMock, test: str) -> RunRecord:
    """Return the run of one mock, from its first call until now."""
    ended = now()
    started = active.service.calls[0].time if active.service.calls else ended
    counts, duration = counts_of([active]), max(0.0, ended - started)
    result: ResultRecord = {
        **record_test(test, [active], [], most=None),
        "outcome": "",
        "duration": duration,
        "worker": "",
        "failure": "",
        "subtests": [],
        "counts": counts,
    }
    ours, others = versions()
    return {
        "format": FORMAT,
        "version": ours,
        "versions": others,
        "started": as_datetime(started).isoformat(),
        "duration": duration,
        "exit_status": None,
        "outcomes": {"": 1},
        "tests_without_mock": 0,
        "counts": counts,
        "tests": [result],
    }
