"""Faults that never fired: which, and what came near."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from ..service.faults.fault import Fault, Stage
from ..service.journal import Call, attempt_of
from ..service.operations import OPERATIONS
from ..service.service import Service
from ..wording import counted, joined

_SHOWN = 3  # kinds of near misses


def why_unused(service: Service, fault: Fault) -> str:
    """The message about a fault that never fired."""
    return joined(f"a fault never fired: {fault!r}", [*_near(service, fault), *_removed(fault)])


def _removed(fault: Fault) -> Iterator[str]:
    if not fault.is_in_force:
        yield "it was removed, or its block ended"


def _near(service: Service, fault: Fault) -> Iterator[str]:
    noun = fault.noun
    if fault.matches:
        yield f"{counted(fault.matches, noun)} matched it; {_why_not(fault)}"
        return
    calls = service.calls[fault.since : fault.until]
    misses = list(_misses(calls, fault))
    for others, when in (
        (service.calls[: fault.since], "came before it was added"),
        ([] if fault.until is None else service.calls[fault.until :], "came after it was removed"),
    ):
        matching = sum(not unmet for unmet in _misses(others, fault))
        if matching:
            yield f"{counted(matching, noun)} would have matched it, and {when}"
    of_item = next((one.name for one in OPERATIONS if one.item == noun), None)
    called = of_item if of_item and calls else "SageMaker Metrics"
    calls = [call for call in calls if of_item in (None, call.operation)]
    if not calls:
        yield f"no {called} call has reached the mock" + (
            " while it was in force" if service.calls else ""
        )
    elif not misses:
        yield f"{counted(len(calls), 'call')} reached the mock, malformed: {calls[-1].ending}"
    else:
        yield from _nearest(misses, noun)


def _why_not(fault: Fault) -> str:
    if fault.matches <= fault.after:
        return f"the first {fault.after} pass (after={fault.after})"
    why = (
        [f"faults that were added earlier fired in its place {counted(fault.overtaken, 'time')}"]
        if fault.overtaken
        else []
    )
    if fault.matches - fault.after > fault.overtaken:
        why.append(f"the probability is {fault.probability}")
    return " and ".join(why)


def _nearest(misses: list[tuple[tuple[str, str], ...]], noun: str) -> Iterator[str]:
    fewest = min(len(unmet) for unmet in misses)
    nearest = Counter(unmet for unmet in misses if len(unmet) == fewest)
    if not fewest:
        yield f"{counted(nearest.total(), noun)} matched it, but did not get as far: the call had failed as a whole before"
        return
    yield f"{counted(nearest.total(), noun)} came near; what did not match:"
    for unmet, times in nearest.most_common(_SHOWN):
        yield f"{', '.join(f'{name} was {value}' for name, value in unmet)} ({counted(times, 'time')})"
    if len(nearest) > _SHOWN:
        yield f"and {len(nearest) - _SHOWN} other kinds"


def _misses(calls: Iterable[Call], fault: Fault) -> Iterator[tuple[tuple[str, str], ...]]:
    for call in calls:
        attempt = attempt_of(call, call.parsed)
        if fault.stage is not Stage.ITEM:
            yield tuple(fault.unmet(attempt))
        elif attempt.item == fault.noun and attempt.columns:
            for index in range(len(attempt.columns["metric_name"])):
                yield tuple(fault.unmet(attempt, index))
