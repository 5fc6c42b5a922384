"""The report section of a failing test: its SageMaker Metrics calls, and its faults."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from .explaining import counted
from .mock import SageMakerMetricsMock
from .service.get_request import GetMetrics
from .service.journal import Call
from .service.put_request import PutMetrics

_SHOWN = 10  # calls, metrics of a call, faults
_MOCKS = 3


def section(mocks: Iterable[SageMakerMetricsMock], whole: bool) -> str:
    """What the mocks of a test have seen; empty if that is nothing."""
    used = [mock for mock in mocks if mock.calls or mock._service.injection.added]
    shown = used if whole else used[-_MOCKS:]
    lines = [f"{counted(len(used) - len(shown), 'earlier mock')}; -vv shows them"] if len(shown) < len(used) else []
    for number, mock in enumerate(shown, len(used) - len(shown) + 1):
        if len(used) > 1:
            lines.append(f"mock {number} of {len(used)}:")
        lines += _lines(mock, whole)
    return "\n".join(lines)


def _lines(mock: SageMakerMetricsMock, whole: bool) -> Iterator[str]:
    calls = mock.calls
    shown = calls if whole else calls[-_SHOWN:]
    if len(shown) < len(calls):
        yield f"{counted(len(calls) - len(shown), 'earlier call')}; -vv shows them"
    for call in shown:
        yield from _call(call, whole)
    faults = mock._service.injection.added
    shown_faults = faults if whole else sorted(faults, key=lambda fault: -fault.hits)[:_SHOWN]
    for fault in shown_faults:
        yield f"{fault!r}: {counted(fault.hits, 'hit')}, {counted(fault.matches, 'match')}"
    if len(shown_faults) < len(faults):
        yield f"{counted(len(faults) - len(shown_faults), 'more fault')}; -vv shows them"


def _call(call: Call, whole: bool) -> Iterator[str]:
    attempt = f" (attempt {call.attempt})" if call.attempt > 1 else ""
    time = call.timestamp.strftime("%H:%M:%S.%f")[:-3]
    yield f"{time} {call.operation} {call.names} in {call.region}{attempt}: {_asked(call, whole)} -> {call.ending}"
    for fault in call.faults:
        yield f"    {fault!r}"


def _asked(call: Call, whole: bool) -> str:
    """The metrics that a call puts, or the queries that it makes."""
    parsed = call.parsed
    if parsed is None:
        return f"malformed, {len(call.body)} bytes"
    if isinstance(parsed, PutMetrics):
        names, full = parsed.names, _metrics(parsed)
    else:
        names, full = [f"{query.metric_stat} of {query.metric_name}" for query in parsed.queries], _queries(parsed)
    if whole:
        return ", ".join(full)
    found = Counter(names)
    more = ", ..." if len(found) > _SHOWN else ""
    return ", ".join(name if times == 1 else f"{name} ({times})" for name, times in list(found.items())[:_SHOWN]) + more


def _metrics(put: PutMetrics) -> Iterator[str]:
    for name, value, step in zip(put.names, put.values, put.steps, strict=True):
        yield f"{name}={value!r}" + ("" if step is None else f" at step {step}")


def _queries(get: GetMetrics) -> Iterator[str]:
    for query in get.queries:
        within = "" if (query.start, query.end) == (None, None) else f", {query.start} to {query.end}"
        yield f"{query.metric_stat} of {query.metric_name} of {query.trial_component!r} in {query.region} by {query.period}{within}"
