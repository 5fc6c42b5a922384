"""Messages about faults that never fired: the fault, and the calls that came near."""

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
    """Return the message about a fault that never fired."""
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
    earlier = service.calls[: fault.since]
    later = [] if fault.until is None else service.calls[fault.until :]
    yield from _outside(earlier, fault, "came before it was added")
    yield from _outside(later, fault, "came after it was removed")
    of_item = next((one.name for one in OPERATIONS if one.item == noun), None)
    called = of_item if of_item and calls else "SageMaker Metrics"
    calls = [call for call in calls if of_item in (None, call.operation)]
    if not calls:
        when = " while it was in force" if service.calls else ""
        yield f"no {called} call has reached the mock{when}"
    elif not misses:
        yield f"{counted(len(calls), 'call')} reached the mock, malformed: {calls[-1].ending}"
    else:
        yield from _nearest(misses, noun)


def _outside(calls: list[Call], fault: Fault, when: str) -> Iterator[str]:
    """Describe the calls that a fault would have matched, had it been in force."""
    matching = sum(not unmet for unmet in _misses(calls, fault))
    if matching:
        yield f"{counted(matching, fault.noun)} would have matched it, and {when}"


def _why_not(fault: Fault) -> str:
    if fault.matches <= fault.after:
        return f"the first {fault.after} pass (after={fault.after})"
    why: list[str] = []
    if fault.overtaken:
        times = counted(fault.overtaken, "time")
        why.append(f"faults that were added earlier fired in its place {times}")
    if fault.matches - fault.after > fault.overtaken:
        why.append(f"the probability is {fault.probability}")
    return " and ".join(why)


def _nearest(misses: list[tuple[tuple[str, str], ...]], noun: str) -> Iterator[str]:
    fewest = min(len(unmet) for unmet in misses)
    nearest = Counter(unmet for unmet in misses if len(unmet) == fewest)
    if not fewest:
        how_many = counted(nearest.total(), noun)
        why = "the call had failed as a whole before"
        yield f"{how_many} matched it, but did not get as far: {why}"
        return
    yield f"{counted(nearest.total(), noun)} came near; what did not match:"
    for unmet, times in nearest.most_common(_SHOWN):
        values = ", ".join(f"{name} was {value}" for name, value in unmet)
        yield f"{values} ({counted(times, 'time')})"
    if len(nearest) > _SHOWN:
        yield f"and {len(nearest) - _SHOWN} other kinds"


def _misses(calls: Iterable[Call], fault: Fault) -> Iterator[tuple[tuple[str, str], ...]]:
    """Return the filters that each call, or each of its items, did not match, and its values."""
    for call in calls:
        attempt = attempt_of(call, call.parsed)
        if fault.stage is not Stage.ITEM:
            yield tuple(fault.unmet(attempt))
        elif attempt.item == fault.noun and attempt.columns:
            for index in range(len(attempt.columns["metric_name"])):
                yield tuple(fault.unmet(attempt, index))
