"""The record of a test: everything that its mocks saw, as plain data that JSON can carry.

The section of a failing test is rendered from it. A record may leave out the earlier calls of a
test; it has their number. Timestamps are ISO 8601 strings. A Value that is not finite is the
string that botocore sends for it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from typing import Any, TypedDict

from ..aws.active import ActiveMock
from ..cloudtrail.held_events import what_trails_hold
from ..reading.plain import plain_call, plain_rejected
from ..reading.recorded import MetricSeries, rejected_metrics
from ..reading.why_absent import why_no_values
from ..service.faults.fault import Fault
from ..service.journal import Call
from ..service.numbers import as_sent
from ..service.service import Service
from ..service.store import StoredTrialComponent
from ..settings import SETTINGS, Settings
from ..wording import encodable


class CallRecord(TypedDict):
    """One attempt that reached a mock."""

    call: dict[str, Any]
    """The call, as in `to_dict()`."""
    timestamp: str
    """The time of arrival."""
    names: str
    """The names of its trial components, for a message."""
    ending: str
    """The outcome, in a few words."""
    items: list[str] | None
    """The names of its metrics, or its queries in a few words; None for a malformed request."""
    described: list[str] | None
    """Its metrics or queries with all their members; None for a malformed request."""
    size: int
    """The length of the body, in bytes."""
    faults: list[str]
    """The faults that fired, each as the call of the function that makes it."""
    rejected: list[dict[str, Any]]
    """The metrics that were not stored, as in `to_dict()`."""
    thread_name: str
    """The name of the thread that made the call; empty if it is not known."""
    process_id: int
    """The process that made the call."""
    unanswered: list[str]
    """A line for each query that failed or found nothing, with the reason."""


class FaultRecord(TypedDict):
    """A fault of a mock, in force or removed."""

    kind: str
    """The name of the function that makes it, for example `fail_calls`."""
    description: str
    """The call of that function, with its arguments."""
    hits: int
    """The number of times it fired."""
    matches: int
    """The number of calls, metrics or queries that passed its filters."""


class SeriesRecord(TypedDict):
    """The metrics of one name in one trial component, as columns in order of arrival."""

    trial_component: str
    region: str
    metric_name: str
    values: list[float | str]
    steps: list[int | None]
    """None for a metric without a Step."""
    timestamps: list[str]


class MockRecord(TypedDict):
    """One mock that was on during the test."""

    settings: dict[str, str]
    """The settings that differ from the defaults, each value as its `repr`."""
    calls_before: int
    """The number of calls that reached it before the test."""
    calls_left_out: int
    """The number of earlier calls of the test that the record leaves out."""
    calls: list[CallRecord]
    series: list[SeriesRecord]
    """The accepted metrics; empty if the number of calls is limited."""
    faults: list[FaultRecord]
    trails: list[str]
    """A line for each CloudTrail trail with the number of its events, and a line for each error
    of a trail."""


class TestRecord(TypedDict):
    """One test."""

    test: str
    """The node id of the test."""
    thread_name: str
    """The name of the thread that runs it."""
    process_id: int
    """The process that runs it."""
    mocks: list[MockRecord]
    """The mocks that have calls, faults or trails, in order of activation."""
    blocked_calls: list[str]
    """A line for each call that was blocked because it was made outside a mock."""


def record_test(
    test: str, mocks: Sequence[ActiveMock], blocked: Sequence[str], most_calls: int | None
) -> TestRecord:
    """Return the record of a test.

    Of each mock it has the last `most_calls` calls and no series; None: all calls, and the series.
    """
    return {
        "test": encodable(test),
        "thread_name": encodable(threading.current_thread().name),
        "process_id": os.getpid(),
        "mocks": [_record_mock(one, most_calls) for one in mocks if _is_used(one)],
        "blocked_calls": list(blocked),
    }


def _is_used(active: ActiveMock) -> bool:
    service = active.service
    if len(service.calls) > active.calls_before_test:
        return True
    return bool(service.injection.added or active.mock.cloudtrail.trails)


def _record_mock(active: ActiveMock, most_calls: int | None) -> MockRecord:
    service, before = active.service, active.calls_before_test
    calls = service.calls[before:]
    left_out = 0 if most_calls is None else max(0, len(calls) - most_calls)
    components = service.components() if most_calls is None else []
    return {
        "settings": _record_settings(service.settings),
        "calls_before": before,
        "calls_left_out": left_out,
        "calls": [_record_call(service, call) for call in calls[left_out:]],
        "series": [one for component in components for one in _record_series(service, component)],
        "faults": list(map(_record_fault, service.injection.added)),
        "trails": list(what_trails_hold(active.mock.cloudtrail._trails)),
    }


def _record_settings(settings: Settings) -> dict[str, str]:
    values = {name: getattr(settings, name) for name in SETTINGS}
    return {name: repr(value) for name, value in values.items() if value != SETTINGS[name].default}


def _record_call(service: Service, call: Call) -> CallRecord:
    parsed = call.parsed
    return {
        "call": plain_call(call),
        "timestamp": call.timestamp.isoformat(),
        "names": call.names,
        "ending": encodable(call.ending),
        "items": list(map(encodable, parsed.described(False))) if parsed else None,
        "described": list(map(encodable, parsed.described(True))) if parsed else None,
        "size": len(call.body),
        "thread_name": encodable(call.thread_name),
        "process_id": call.process_id,
        "faults": list(map(repr, call.faults)),
        "rejected": list(map(plain_rejected, rejected_metrics(service, [call]))),
        "unanswered": list(map(encodable, _unanswered(service, call))),
    }


def _unanswered(service: Service, call: Call) -> Iterator[str]:
    """Describe the queries of a call that failed or found nothing."""
    response = call.response
    if not isinstance(response, dict):  # the raw bytes of a fault, or no answer
        return
    results = response.get("MetricQueryResults", ())
    queries = getattr(call.parsed, "queries", ())
    for query, result in zip(queries, results, strict=False):
        head = f"{query.described}: {result['Status']}"
        if result["Status"] in ("InternalError", "ValidationError"):
            yield f"{head}, {result.get('Message', 'no message')}"
        elif not result["XAxisValues"]:
            yield f"{head}, no values; {why_no_values(service, query)}"


def _record_fault(fault: Fault) -> FaultRecord:
    return {
        "kind": fault.kind,
        "description": repr(fault),
        "hits": fault.hits,
        "matches": fault.matches,
    }


def _record_series(service: Service, component: StoredTrialComponent) -> Iterator[SeriesRecord]:
    for name, columns in service.series(component).items():
        series = MetricSeries(name, columns)
        yield {
            "trial_component": encodable(component.name),
            "region": component.region,
            "metric_name": encodable(name),
            "values": [as_sent(value) for value in series.values],
            "steps": series.steps,
            "timestamps": [timestamp.isoformat() for timestamp in series.timestamps],
        }
