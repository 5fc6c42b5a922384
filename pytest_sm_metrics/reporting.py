"""The report section of a failing test: its SageMaker Metrics calls, what came of them, and its faults."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from .aws.active import ActiveMock, active
from .cloudtrail.explaining import what_trails_hold
from .explaining import counted, every_rejection, why_no_values
from .mock import SageMakerMetricsMock
from .service.get_metrics.request import GetMetrics
from .service.journal import Call
from .service.service import Service

_SHOWN = 10  # calls, metrics of a call, faults
_EXPLAINED = 3  # refused metrics and queries of a call
_MOCKS = 3


def sections(whole: bool) -> list[tuple[str, str]]:
    """Return the section about the mocks of the current test; none if they saw nothing."""
    text = _section(active.of_this_test(), whole)
    return [("SageMaker Metrics calls", text)] if text else []


def _section(records: Iterable[ActiveMock], whole: bool) -> str:
    """Return the text about the mocks, without the calls that came before the test."""
    used = [
        record
        for record in records
        if record.service.calls[record.calls_before_test :]
        or record.service.injection.added
        or record.mock.cloudtrail.trails
    ]
    shown = used if whole else used[-_MOCKS:]
    lines = (
        [f"{counted(len(used) - len(shown), 'earlier mock')}; -vv shows them"]
        if len(shown) < len(used)
        else []
    )
    for number, record in enumerate(shown, len(used) - len(shown) + 1):
        if len(used) > 1:
            lines.append(f"mock {number} of {len(used)}:")
        lines += _lines(record.mock, record.calls_before_test, whole)
    return "\n".join(lines)


def _lines(mock: SageMakerMetricsMock, before: int, whole: bool) -> Iterator[str]:
    service, calls = mock._service, mock.calls[before:]
    if before:
        yield f"{counted(before, 'call')} before this test"
    shown = calls if whole else calls[-_SHOWN:]
    if len(shown) < len(calls):
        yield f"{counted(len(calls) - len(shown), 'earlier call')}; -vv shows them"
    for call in shown:
        yield from _call(service, call, whole)
    about_trails = list(what_trails_hold(mock.cloudtrail._trails))
    yield from about_trails if whole else about_trails[:_SHOWN]
    faults = service.injection.added
    shown_faults = faults if whole else sorted(faults, key=lambda fault: -fault.hits)[:_SHOWN]
    for fault in shown_faults:
        yield f"{fault!r}: {counted(fault.hits, 'hit')}, {counted(fault.matches, 'match')}"
    if len(shown_faults) < len(faults):
        yield f"{counted(len(faults) - len(shown_faults), 'more fault')}; -vv shows them"


def _call(service: Service, call: Call, whole: bool) -> Iterator[str]:
    attempt = f" (attempt {call.attempt})" if call.attempt > 1 else ""
    time = call.timestamp.strftime("%H:%M:%S.%f")[:-3]
    parsed = call.parsed
    asked = (
        f"malformed, {len(call.body)} bytes"
        if parsed is None
        else _listed(parsed.described(whole), whole)
    )
    yield f"{time} {call.operation} {call.names} in {call.region}{attempt}: {asked} -> {call.ending}"
    yield from (f"    {fault!r}" for fault in call.faults)
    details = list(
        _answered(service, parsed, call)
        if isinstance(parsed, GetMetrics)
        else _refused(service, call)
    )
    shown = details if whole else details[:_EXPLAINED]
    yield from ("    " + detail.replace("\n", "\n    ") for detail in shown)
    if len(shown) < len(details):
        yield f"    and {len(details) - len(shown)} more; -vv shows them"


def _listed(names: Sequence[str], whole: bool) -> str:
    if whole:
        return ", ".join(names)
    found = Counter(names)
    more = ", ..." if len(found) > _SHOWN else ""
    return (
        ", ".join(
            name if times == 1 else f"{name} ({times})"
            for name, times in list(found.items())[:_SHOWN]
        )
        + more
    )


def _refused(service: Service, call: Call) -> Iterator[str]:
    """The metrics that a rule refused; what a fault did stands above."""
    for _, put, refusal, reason in every_rejection([call], service.settings):
        if not refusal.is_injected:
            yield f"{refusal.code} for {put.names[refusal.metric_index]!r} (MetricIndex {refusal.metric_index}): {reason}"


def _answered(service: Service, get: GetMetrics, call: Call) -> Iterator[str]:
    """The queries that failed or have no values."""
    results: Iterable[dict[str, Any]] = (
        []
        if call.result is None or call.outcome is not None
        else call.response["MetricQueryResults"]
    )
    for query, result in zip(get.queries, results, strict=False):
        if result["Status"] in ("InternalError", "ValidationError"):
            yield f"{query.described}: {result['Status']}, {result.get('Message', 'no message')}"
        elif not result["XAxisValues"]:
            yield f"{query.described}: {result['Status']}, no values; {why_no_values(service, query)}"
