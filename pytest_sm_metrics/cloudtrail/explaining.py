"""What trails hold and why not more, for the report of a failing test."""

from __future__ import annotations

from collections.abc import Iterator

from ..explaining import counted
from .records import is_recorded
from .trail import Trail
from .trails import Trails


def what_trails_hold(trails: Trails) -> Iterator[str]:
    """A line for each trail, and what went wrong with them."""
    for trail in trails.all:
        yield _what_it_holds(trail)
    for region, name in trails.unknown:
        yield f"trail {name!r} of {region} is not known: a client spoke of it, and it was made before the mock was on"
    yield from dict.fromkeys(trails.raised)


def _what_it_holds(trail: Trail) -> str:
    calls = [call for call in trail.service.calls if is_recorded(call)]
    held = len(trail.events)
    where = "all regions" if trail.only_region is None else f"{trail.only_region} only"
    head = f"trail {trail.name!r} ({where}) holds {held} of {counted(len(calls), 'event')}"
    if held or not calls:
        return head
    if not trail.has_logged:
        return f"{head}: it was never started"
    if not trail.advanced_event_selectors:
        return f"{head}: it has no advanced event selectors, and data events are off until somebody asks"
    regions = dict.fromkeys(call.region for call in calls)
    if trail.only_region is not None and trail.only_region not in regions:
        return f"{head}: they are of {', '.join(regions)}"
    return f"{head}: its selectors select none of those that came while it was logging"
