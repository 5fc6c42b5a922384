"""Lines for the report of a failing test: the events that each trail holds, and why not more."""

from __future__ import annotations

from collections.abc import Iterator

from ..wording import counted
from .records import is_recorded
from .trail import Trail
from .trails import Trails

_COUNTED = 1_000  # events of a trail


def what_trails_hold(trails: Trails) -> Iterator[str]:
    """Yield a line for each trail, and for what went wrong with trails."""
    for trail in trails.all:
        yield _line_for(trail)
    for region, name in trails.unknown:
        yield (
            f"the mock does not know trail {name!r} of {region}, which a client named: "
            "the trail is older than the mock"
        )
    yield from dict.fromkeys(trails.raised)


def _line_for(trail: Trail) -> str:
    calls = [call for call in trail.service.calls if is_recorded(call)]
    held = trail.count(_COUNTED)
    where = "all regions" if trail.only_region is None else f"{trail.only_region} only"
    some = f"{held} or more" if held == _COUNTED else f"{held}"
    why = "" if held or not calls else f": {_why_none(trail)}"
    return f"trail {trail.name!r} ({where}) holds {some} of {counted(len(calls), 'event')}{why}"


def _why_none(trail: Trail) -> str:
    came = trail.calls_while_logging()
    regions = dict.fromkeys(call.region for call in came)
    if not trail.has_logged:
        return "it was never started"
    if not came:
        return "none came while it was logging"
    if not trail.advanced_event_selectors:
        return "it has no advanced event selectors, and data events are off until one selects them"
    if trail.only_region is not None and trail.only_region not in regions:
        return f"those that came while it was logging are of {', '.join(regions)}"
    return "its selectors select none of those that came while it was logging"
