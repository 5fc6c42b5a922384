"""The record of a test: what its mocks saw, as plain data that JSON can carry.

Every report is rendered from it. It may leave out the earlier calls of a test, and says how many.
"""

from __future__ import annotations

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
from ..settings import SETTINGS


class CallRecord(TypedDict):
    """One attempt that reached a mock."""

    call: dict[str, Any]
    """As `to_dict()` has it."""
    timestamp: str
    names: str
    """The names of its trial components, for a message."""
    ending: str
    """How it ended, in a few words."""
    items: list[str] | None
    """The names of its metrics, or its queries, in a few words; None for a malformed request."""
    described: list[str] | None
    """The same with all their members."""
    size: int
    """The length of the body, in bytes."""
    faults: list[str]
    """The faults that fired."""
    rejected: list[dict[str, Any]]
    """The metrics that were not stored, as `to_dict()` has them."""
    unanswered: list[str]
    """The queries that failed or found nothing, and why."""


class FaultRecord(TypedDict):
    """A fault that was in force."""

    kind: str
    description: str
    hits: int
    matches: int


class SeriesRecord(TypedDict):
    """The metrics of one name in one trial component, as columns in order of arrival."""

    trial_component: str
    region: str
    metric_name: str
    values: list[float | str]
    steps: list[int | None]
    timestamps: list[str]


class MockRecord(TypedDict):
    """One mock that was on during the test."""

    settings: dict[str, str]
    """The settings that are not the defaults, as they are written."""
    calls_before: int
    """The number of calls that reached it before the test."""
    calls_left_out: int
    """The number of earlier calls of the test that the record leaves out."""
    calls: list[CallRecord]
    series: list[SeriesRecord]
    faults: list[FaultRecord]
    trails: list[str]
    """What each CloudTrail trail holds, and what went wrong with it."""


class TestRecord(TypedDict):
    """One test."""

    test: str
    mocks: list[MockRecord]
    """Those that saw something, in order of activation."""
    blocked_calls: list[str]
    """The calls outside a mock that were blocked."""


def record_test(
    test: str, mocks: Sequence[ActiveMock], blocked: Sequence[str], most_calls: int | None
) -> TestRecord:
    """Return the record of a test, with the last `most_calls` calls of each mock; None: with all."""
    used = [one for one in mocks if _has_seen_something(one)]
    return {
        "test": test,
        "mocks": [_record_mock(one, most_calls) for one in used],
        "blocked_calls": list(blocked),
    }


def _has_seen_something(active: ActiveMock) -> bool:
    service = active.service
    is_called = len(service.calls) > active.calls_before_test
    return is_called or bool(service.injection.added) or bool(active.mock.cloudtrail.trails)


def _record_mock(active: ActiveMock, most_calls: int | None) -> MockRecord:
    service, before = active.service, active.calls_before_test
    calls = service.calls[before:]
    kept = calls if most_calls is None else calls[-most_calls:]
    return {
        "settings": {
            name: repr(getattr(service.settings, name))
            for name, setting in SETTINGS.items()
            if getattr(service.settings, name) != setting.default
        },
        "calls_before": before,
        "calls_left_out": len(calls) - len(kept),
        "calls": [_record_call(service, call) for call in kept],
        "series": [one for component in service.components() for one in _series(service, component)]
        if most_calls is None
        else [],
        "faults": list(map(_record_fault, service.injection.added)),
        "trails": list(what_trails_hold(active.mock.cloudtrail._trails)),
    }


def _record_call(service: Service, call: Call) -> CallRecord:
    parsed = call.parsed
    return {
        "call": plain_call(call),
        "timestamp": call.timestamp.isoformat(),
        "names": call.names,
        "ending": call.ending,
        "items": list(parsed.described(False)) if parsed else None,
        "described": list(parsed.described(True)) if parsed else None,
        "size": len(call.body),
        "faults": list(map(repr, call.faults)),
        "rejected": list(map(plain_rejected, rejected_metrics(service, [call]))),
        "unanswered": list(_unanswered(service, call)),
    }


def _unanswered(service: Service, call: Call) -> Iterator[str]:
    """Return the queries of a call that failed or found nothing, and why."""
    results = call.response.get("MetricQueryResults", ()) if call.status_code == 200 else ()
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


def _series(service: Service, component: StoredTrialComponent) -> Iterator[SeriesRecord]:
    for name, columns in service.series(component).items():
        series = MetricSeries(name, columns)
        yield {
            "trial_component": component.name,
            "region": component.region,
            "metric_name": name,
            "values": [as_sent(value) for value in series.values],
            "steps": series.steps,
            "timestamps": [timestamp.isoformat() for timestamp in series.timestamps],
        }
