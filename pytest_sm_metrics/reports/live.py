"""The record of a mock that is still on, as a run of one test without an outcome."""

from __future__ import annotations

from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from platform import python_version

from ..aws.active import ActiveMock
from ..clock import as_datetime, now
from ..current_test import current_test
from ..wording import encodable
from .record import TestRecord, record_test
from .run import FORMAT, CountsRecord, ResultRecord, RunRecord


def live_run(mock: ActiveMock | None) -> RunRecord:
    """Return the run of a mock; a run without tests if no mock is on."""
    record = record_test(current_test.name or "mock", [mock], [], None) if mock else None
    at = as_datetime(now())
    began = _began(record) or at
    duration = max(0.0, (at - began).total_seconds())
    tests = [_result(record, duration)] if record else []
    return {
        "format": FORMAT,
        "version": _version("pytest-sm-metrics"),
        "versions": {"python": python_version(), "botocore": _version("botocore")},
        "started": began.isoformat(),
        "duration": duration,
        "exit_status": None,
        "outcomes": {"": len(tests)} if tests else {},
        "tests_without_mock": 0,
        "counts": _counts(record),
        "tests": tests,
    }


def _began(record: TestRecord | None) -> datetime | None:
    """Return the time of the first call."""
    calls = [call for mock in record["mocks"] for call in mock["calls"]] if record else []
    return datetime.fromisoformat(calls[0]["timestamp"]) if calls else None


def _result(record: TestRecord, duration: float) -> ResultRecord:
    return {
        "test": encodable(record["test"]),
        "thread_name": "MainThread",  # the thread that answers the request says nothing
        "process_id": record["process_id"],
        "mocks": record["mocks"],
        "blocked_calls": record["blocked_calls"],
        "outcome": "",
        "duration": duration,
        "worker": "",
        "failure": "",
        "subtests": [],
        "counts": _counts(record),
    }


def _counts(record: TestRecord | None) -> CountsRecord:
    mocks = record["mocks"] if record else []
    calls = [call for mock in mocks for call in mock["calls"]]
    return {
        "calls": len(calls),
        "metrics": sum(len(series["values"]) for mock in mocks for series in mock["series"]),
        "rejected": sum(len(call["rejected"]) for call in calls),
        "unread": 0,
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"
