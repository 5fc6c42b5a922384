"""Assertions on events: the nearest event, and the fields in which it differs."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from ..asserting.assertions import ANYTHING
from ..service.numbers import as_sent
from ..wording import counted, did_you_mean, joined
from .records import error_code_of

_METRIC_MEMBERS = {"metric_name": "metricName", "step": "step", "value": "value"}


class Difference(NamedTuple):
    """A field in which an event is not as expected."""

    field: str
    expected: Any
    found: Any
    hint: str = ""

    @property
    def distance(self) -> float:
        """A number from 0 (almost the same) to 1."""
        if isinstance(self.expected, str) and isinstance(self.found, str):
            return _text_distance(self.expected, self.found)
        try:
            apart = abs(float(self.expected) - float(self.found))
        except (TypeError, ValueError, OverflowError):
            return 1
        return apart / (1 + apart) if math.isfinite(apart) else 1

    def __str__(self) -> str:
        return f"{self.field}: expected {self.expected!r}, found {self.found!r}{self.hint}"


class _Candidate(NamedTuple):
    """An event that is not as expected."""

    event: Mapping[str, Any]
    differences: Sequence[Difference]
    distance: tuple[int, bool, float]


@lru_cache(maxsize=1024)  # names repeat from event to event
def _text_distance(expected: str, found: str) -> float:
    return 1 - difflib.SequenceMatcher(None, expected, found).ratio()


def any_matches(events: Iterable[Mapping[str, Any]], expected: Mapping[str, Any]) -> bool:
    """Return True if one of the events is as expected."""
    wanted = _wanted(expected)
    return any(not _differences(event, wanted) for event in events)


def why_none_matches(
    events: Iterable[Mapping[str, Any]], expected: Mapping[str, Any], why_no_event: Iterable[str]
) -> str | None:
    """Return the message of the failure, which shows the nearest event; None if one matches."""
    wanted = _wanted(expected)
    nearest: _Candidate | None = None
    count = 0
    for event in events:
        count += 1
        differences = _differences(event, wanted)
        if not differences:
            return None
        distance = _distance(differences)
        if nearest is None or distance < nearest.distance:
            nearest = _Candidate(event, differences, distance)
    shown = ", ".join(f"{name}={value!r}" for name, value in wanted.items())
    head = f"no CloudTrail event is as expected: {shown or 'any'}"
    if nearest is None:
        return joined(head, ["there is no event", *why_no_event])
    first, *others = nearest.differences
    when, event_id = nearest.event["eventTime"], nearest.event["eventID"]
    which = f"the nearest of {counted(count, 'event')}, {when} eventID {event_id}"
    return joined(head, [f"{which}: {first}", *map(str, others)])


def _wanted(expected: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in expected.items() if value is not ANYTHING}


def _distance(differences: Sequence[Difference]) -> tuple[int, bool, float]:
    """Return a sort key: the number of differences, then the trial component, then the values."""
    is_of_another = any(one.field == "trial_component" for one in differences)
    return len(differences), is_of_another, sum(one.distance for one in differences)


def _differences(event: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[Difference]:
    parameters = event["requestParameters"] or {}
    found = {
        "trial_component": parameters.get("trialComponentName"),
        "error_code": event.get("errorCode"),
        "region": event["awsRegion"],
    }
    differences = [
        Difference(name, wanted[name], value, _hint(name, wanted[name]))
        for name, value in found.items()
        if name in wanted and not _matches(wanted[name], value)
    ]
    if "user_identity" in wanted:
        differences += _identity_differences(event["userIdentity"], wanted["user_identity"])
    differences += _metric_differences(parameters.get("metricData") or [], wanted)
    order = list(wanted)
    return sorted(differences, key=lambda one: order.index(one.field.split()[0]))


def _hint(name: str, expected: Any) -> str:
    if name != "error_code" or not isinstance(expected, str):
        return ""
    written = error_code_of(expected)
    return "" if written == expected else f"; CloudTrail writes {written!r}"


def _metric_differences(
    metrics: Sequence[Mapping[str, Any]], wanted: Mapping[str, Any]
) -> list[Difference]:
    """Return the differences of the metric that is nearest to what is wanted."""
    members = {name: member for name, member in _METRIC_MEMBERS.items() if name in wanted}
    if not metrics:
        hint = "; there is no metric"
        return [Difference(name, wanted[name], None, hint) for name in members]
    of_each = (_differences_of_one(metric, wanted, members) for metric in metrics)
    return min(of_each, key=_distance)


def _differences_of_one(
    metric: Mapping[str, Any], wanted: Mapping[str, Any], members: Mapping[str, str]
) -> list[Difference]:
    return [
        Difference(name, wanted[name], metric.get(member))
        for name, member in members.items()
        if not _matches(wanted[name], metric.get(member))
    ]


def _matches(expected: Any, found: Any) -> bool:
    """Return True if both are equal; search a pattern; compare NaN and infinity as sent."""
    if isinstance(expected, re.Pattern):
        return isinstance(found, str) and expected.search(found) is not None
    if isinstance(expected, float) and not math.isfinite(expected):
        return bool(found == as_sent(expected))
    try:
        return bool(found == expected)
    except ValueError:  # an array of several values
        return False


def _identity_differences(identity: Mapping[str, Any], expected: Any) -> list[Difference]:
    """Compare with an ARN, a service principal, or some members of userIdentity."""
    if isinstance(expected, Mapping):
        return [
            Difference(f"user_identity {name}", value, identity.get(name), _near(name, identity))
            for name, value in expected.items()
            if not _matches(value, identity.get(name))
        ]
    found: Any = identity
    if isinstance(expected, (str, re.Pattern)):
        found = identity.get("arn", identity.get("invokedBy"))
    return [] if _matches(expected, found) else [Difference("user_identity", expected, found)]


def _near(name: str, identity: Mapping[str, Any]) -> str:
    return "" if name in identity else did_you_mean(name, identity)
