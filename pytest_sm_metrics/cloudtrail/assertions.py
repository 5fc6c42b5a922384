"""Asserting on events: the nearest one, and where it differs."""

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

_OF_A_METRIC = {"metric_name": "metricName", "step": "step", "value": "value"}


class Difference(NamedTuple):
    """A field in which an event is not as expected."""

    field: str
    expected: Any
    found: Any
    hint: str = ""

    @property
    def distance(self) -> float:
        """From 0 for what is almost the same to 1."""
        if isinstance(self.expected, str) and isinstance(self.found, str):
            return _unlikeness(self.expected, self.found)
        try:
            apart = abs(float(self.expected) - float(self.found))
        except (TypeError, ValueError, OverflowError):
            return 1
        return apart / (1 + apart) if math.isfinite(apart) else 1

    def __str__(self) -> str:
        return f"{self.field}: expected {self.expected!r}, found {self.found!r}{self.hint}"


@lru_cache(maxsize=1024)  # names repeat from event to event
def _unlikeness(expected: str, found: str) -> float:
    return 1 - difflib.SequenceMatcher(None, expected, found).ratio()


def is_there(events: Iterable[Mapping[str, Any]], expected: Mapping[str, Any]) -> bool:
    """Whether one of the events is as expected."""
    wanted = _wanted(expected)
    return any(not _differences(event, wanted) for event in events)


def why_not_there(
    events: Iterable[Mapping[str, Any]], expected: Mapping[str, Any], why_none: Iterable[str]
) -> str | None:
    """The message of the failure where none of the events is as expected: which is nearest, and how it differs."""
    wanted, nearest, count = _wanted(expected), None, 0
    for event in events:
        count += 1
        differences = _differences(event, wanted)
        if not differences:
            return None
        remoteness = _remoteness(differences)
        if nearest is None or remoteness < nearest[0]:
            nearest = remoteness, event, differences
    head = f"no CloudTrail event is as expected: {', '.join(f'{name}={value!r}' for name, value in wanted.items()) or 'any'}"
    if nearest is None:
        return joined(head, ["there is no event", *why_none])
    _, event, (first, *others) = nearest
    which = (
        f"the nearest of {counted(count, 'event')}, {event['eventTime']} eventID {event['eventID']}"
    )
    return joined(head, [f"{which}: {first}", *map(str, others)])


def _wanted(expected: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in expected.items() if value is not ANYTHING}


def _remoteness(differences: Sequence[Difference]) -> tuple[int, bool, float]:
    """The more, the farther; of as many those of another trial component; then those that are less alike."""
    of_another = any(one.field == "trial_component" for one in differences)
    return len(differences), of_another, sum(one.distance for one in differences)


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
        differences += _other_identity(event["userIdentity"], wanted["user_identity"])
    of_a_metric = {name: member for name, member in _OF_A_METRIC.items() if name in wanted}
    if of_a_metric:
        metrics = parameters.get("metricData") or []
        none = [
            Difference(name, wanted[name], None, "; there is no metric") for name in of_a_metric
        ]
        of_each = [_of_metric(metric, wanted, of_a_metric) for metric in metrics]
        differences += sorted(of_each, key=_remoteness)[0] if of_each else none
    fields = list(wanted)
    return sorted(differences, key=lambda difference: fields.index(difference.field.split()[0]))


def _hint(name: str, expected: Any) -> str:
    if name == "error_code" and isinstance(expected, str) and error_code_of(expected) != expected:
        return f"; CloudTrail writes {error_code_of(expected)!r}"
    return ""


def _of_metric(
    metric: Mapping[str, Any], wanted: Mapping[str, Any], members: Mapping[str, str]
) -> list[Difference]:
    found = [(name, wanted[name], metric.get(member)) for name, member in members.items()]
    return [
        Difference(name, expected, value)
        for name, expected, value in found
        if not _matches(expected, value)
    ]


def _matches(expected: Any, found: Any) -> bool:
    """Equality; a compiled regular expression is searched, and what is not finite is what it was sent as."""
    if isinstance(expected, re.Pattern):
        return isinstance(found, str) and expected.search(found) is not None
    if isinstance(expected, float) and not math.isfinite(expected):
        return bool(found == as_sent(expected))
    try:
        return bool(found == expected)
    except ValueError:  # an array of several values
        return False


def _other_identity(identity: Mapping[str, Any], expected: Any) -> list[Difference]:
    """An ARN or a service principal; or some of the members of userIdentity."""
    if isinstance(expected, Mapping):
        return [
            Difference(
                f"user_identity {name}",
                value,
                identity.get(name),
                "" if name in identity else did_you_mean(name, identity),
            )
            for name, value in expected.items()
            if not _matches(value, identity.get(name))
        ]
    found = (
        identity.get("arn", identity.get("invokedBy"))
        if isinstance(expected, (str, re.Pattern))
        else identity
    )
    return [] if _matches(expected, found) else [Difference("user_identity", expected, found)]
