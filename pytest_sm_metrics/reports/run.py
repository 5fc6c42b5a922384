"""A run as plain data: the tests that used a mock, in order, and the totals.

All formats of a report are rendered from it. The JSON report is this data.
"""

from __future__ import annotations

import platform
from importlib.metadata import version
from typing import TypedDict

from .record import TestRecord

FORMAT = 1
"""The version of the format. It grows when a key is removed or changes its meaning."""


class CountsRecord(TypedDict):
    """Numbers of what reached the mocks."""

    calls: int
    """The number of attempts, retries included."""
    metrics: int
    """The number of accepted metrics."""
    rejected: int
    """The number of rejected metrics: the entries in Errors of answers with HTTP 200."""
    unread: int
    """The number of metrics that a rule rejected, and of which the test has read nothing from the
    mock."""


class SubtestRecord(TypedDict):
    """One subtest."""

    description: str
    outcome: str
    """`passed`, `failed`, `skipped`, `xfailed` or `xpassed`."""
    failure: str
    """The text of its failure; empty if it did not fail."""


class ResultRecord(TestRecord):
    """One test with its result."""

    outcome: str
    """`passed`, `failed`, `error` (in set-up or teardown), `skipped`, `xfailed`, `xpassed`,
    `rerun` (an attempt before the last one), `crashed` (its process ended) or `interrupted`. Empty
    outside pytest."""
    duration: float
    """The seconds that its set-up, body and teardown took."""
    worker: str
    """The worker of pytest-xdist that ran it, for example `gw0`; empty without pytest-xdist."""
    failure: str
    """The text of its failure; empty if it did not fail."""
    subtests: list[SubtestRecord]
    counts: CountsRecord


class RunRecord(TypedDict):
    """One run."""

    format: int
    """The version of this format."""
    version: str
    """The version of pytest-sm-metrics."""
    versions: dict[str, str]
    """The versions of `python`, `pytest` and `botocore`."""
    started: str
    """The time at which the run began, in ISO 8601, UTC."""
    duration: float
    """The seconds from then until the report was made."""
    exit_status: int | None
    """The exit status of pytest; None outside pytest."""
    outcomes: dict[str, int]
    """The number of tests in `tests` by outcome."""
    tests_without_mock: int
    """The number of the other tests: they used no mock, and are not in `tests`."""
    counts: CountsRecord
    """The sum over all tests."""
    tests: list[ResultRecord]
    """The tests that used a mock or made a blocked call, and those whose process crashed, in the
    order of collection."""


def versions() -> tuple[str, dict[str, str]]:
    """Return the version of pytest-sm-metrics, and those that a report names beside it."""
    others = {name: version(name) for name in ("pytest", "botocore")}
    return version("pytest-sm-metrics"), {"python": platform.python_version(), **others}
