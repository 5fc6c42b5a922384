"""The record of a test: everything that its mocks saw, as plain data that JSON can carry.

The section of a failing test is rendered from it. A record may leave out the earlier calls of a
test; it has their number. Timestamps are ISO 8601 strings. A Value that is not finite is the
string that botocore sends for it.
"""

from __future__ import annotations

import os
import threading
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Any, TypedDict

from ..aws.active import ActiveMock
from ..cloudtrail.held_events import what_trails_hold
from ..cloudtrail.records import is_recorded, record_of
from ..reading.plain import plain_call, plain_rejected
from ..reading.recorded import MetricSeries, rejected_metrics
from ..reading.why_absent import why_no_values
from ..service.faults.fault import Fault
from ..service.journal import Call
from ..service.numbers import as_sent
from ..service.service import Service
from ..service.store import StoredTrialComponent
from ..settings import SETTINGS, Settings
from ..wording import encodable, encodable_data


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
    """The metrics that were accepted during the test."""
    series_left_out: int
    """The number of further series that the record leaves out."""
    faults: list[FaultRecord]
    trails: list[str]
    """A line for each CloudTrail trail with the number of its events, and a line for each error
    of a trail."""
    events: list[dict[str, Any]]
    """The CloudTrail events of the calls in the record; empty if their number is limited."""


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
    test: str, mocks: Sequence[ActiveMock], blocked: Sequence[str], most: int | None
) -> TestRecord:
    """Return the record of a test.

    Of each mock it has the last `most` calls, the first `most` series, and no CloudTrail events;
    None: everything.
    """
    return {
        "test": encodable(test),
        "thread_name": encodable(threading.current_thread().name),
        "process_id": os.getpid(),
        "mocks": [_record_mock(one, most) for one in mocks if _is_used(one)],
        "blocked_calls": list(blocked),
    }


def _is_used(active: ActiveMock) -> bool:
    service = active.service
    if len(service.calls) > active.calls_before_test:
        return True
    return bool(service.injection.added or active.mock.cloudtrail.trails)


def _record_mock(active: ActiveMock, most: int | None) -> MockRecord:
    service, before = active.service, active.calls_before_test
    calls = service.calls[before:]
    left_out = 0 if most is None else max(0, len(calls) - most)
    series = list(_series_of_the_test(active))
    shown = series[:most]
    events = (record_of(call, service.settings) for call in calls if is_recorded(call))
    return {
        "settings": _record_settings(service.settings),
        "calls_before": before,
        "calls_left_out": left_out,
        "calls": [_record_call(service, call) for call in calls[left_out:]],
        "series": [_record_series(component, one) for component, one in shown],
        "series_left_out": len(series) - len(shown),
        "faults": list(map(_record_fault, service.injection.added)),
        "trails": list(what_trails_hold(active.mock.cloudtrail._trails)),
        "events": list(map(encodable_data, events)) if most is None else [],
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


def _series_of_the_test(active: ActiveMock) -> Iterator[tuple[StoredTrialComponent, MetricSeries]]:
    """Return each series with its trial component; of a shared mock, what arrived in the test."""
    for component in active.service.components():
        before = active.metrics_before(component)
        for name, columns in active.service.series(component).items():
            first = bisect_left(columns.arrivals, before)
            series = MetricSeries(name, columns)[first:]
            if len(series):
                yield component, series


def _record_series(component: StoredTrialComponent, series: MetricSeries) -> SeriesRecord:
    return {
        "trial_component": encodable(component.name),
        "region": component.region,
        "metric_name": encodable(series.metric_name),
        "values": [as_sent(value) for value in series.values],
        "steps": series.steps,
        "timestamps": [timestamp.isoformat() for timestamp in series.timestamps],
    }
