"""Faults that never fired: which, and what came near."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from .explaining import counted, joined
from .service.faults import Attempt, Fault, MetricFault
from .service.journal import Call
from .service.parsing import MalformedRequestError, parse_put_metrics
from .service.service import Service

_SHOWN = 3  # kinds of near misses


def why_unused(service: Service, fault: Fault) -> str:
    """The message about a fault that never fired."""
    return joined(f"a fault never fired: {fault!r}", [*_near(service, fault), *_removed(fault)])


def _removed(fault: Fault) -> Iterator[str]:
    if not fault.is_in_force:
        yield "it was removed, or its block ended"


def _near(service: Service, fault: Fault) -> Iterator[str]:
    noun = "metric" if isinstance(fault, MetricFault) else "call"
    if fault.matches:
        why = [f"after={fault.after} lets the first pass"] if fault.matches <= fault.after else []
        why += [f"the probability is {fault.probability}"] if fault.probability < 1 else []
        yield f"{counted(fault.matches, noun)} matched it; {' and '.join(why) or 'faults that were added earlier fired in its place'}"
        return
    misses = list(_misses(service.calls, fault))
    if not misses:
        yield "no SageMaker Metrics call has reached the mock" if not service.calls else f"no call has reached it with {noun}s"
        return
    fewest = min(len(unmet) for unmet in misses)
    nearest = Counter(unmet for unmet in misses if len(unmet) == fewest)
    if not fewest:
        yield f"{counted(nearest.total(), noun)} matched it, but did not get as far: a call fault or a malformed request came before"
        return
    yield f"{counted(nearest.total(), noun)} came near; what did not match:"
    for unmet, times in nearest.most_common(_SHOWN):
        yield f"{', '.join(f'{name} was {value!r}' for name, value in unmet)} ({counted(times, 'time')})"
    if len(nearest) > _SHOWN:
        yield f"and {len(nearest) - _SHOWN} other kinds"


def _misses(calls: Iterable[Call], fault: Fault) -> Iterator[tuple[tuple[str, object], ...]]:
    for call in calls:
        try:
            put = parse_put_metrics(call.body)
        except MalformedRequestError:
            put = None
        attempt = Attempt(call.operation, call.trial_component, call.region, put)
        if not isinstance(fault, MetricFault):
            yield tuple(fault.unmet(attempt))
        elif put is not None:
            for index in range(len(put.names)):
                yield tuple(fault.unmet(attempt, index))
