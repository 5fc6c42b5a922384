"""The record of a mock that is still on, as a run of one test without an outcome."""

from __future__ import annotations

from ..aws.active import ActiveMock
from ..clock import as_datetime, now
from ..current_test import current_test
from .counts import no_counts
from .mock_run import run_of
from .run import FORMAT, RunRecord, versions


def live_run(mock: ActiveMock | None) -> RunRecord:
    """Return the run of a mock; a run without tests if no mock is on."""
    if mock is None:
        return _empty_run()
    run = run_of(mock, current_test.name or "mock")
    [test] = run["tests"]
    test["thread_name"] = "MainThread"  # the thread that answers the request says nothing
    test["counts"]["unread"] = 0  # the test has not ended
    run["counts"]["unread"] = 0
    return run


def _empty_run() -> RunRecord:
    ours, others = versions()
    return {
        "format": FORMAT,
        "version": ours,
        "versions": others,
        "started": as_datetime(now()).isoformat(),
        "duration": 0.0,
        "exit_status": None,
        "outcomes": {},
        "tests_without_mock": 0,
        "counts": no_counts(),
        "tests": [],
    }
