"""Asserting on events: the nearest one, and where it differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..asserting import ANYTHING
from ..explaining import counted, joined

Difference = tuple[str, Any, Any]
"""A field, what was expected, what was found."""

_OF_A_METRIC = {"metric_name": "metricName", "step": "step", "value": "value"}


def check_event(events: Sequence[Mapping[str, Any]], expected: Mapping[str, Any], why_none: Iterator[str]) -> str | None:
    """Whether one of the events is as expected; otherwise the message of the failure."""
    wanted = {name: value for name, value in expected.items() if value is not ANYTHING}
    differences = [_differences(event, wanted) for event in events]
    if any(not one for one in differences):
        return None
    head = f"no CloudTrail event is as expected: {', '.join(f'{name}={value!r}' for name, value in wanted.items()) or 'any'}"
    if not events:
        return joined(head, ["there is no event", *why_none])
    nearest = min(range(len(events)), key=lambda index: (len(differences[index]), differences[index][0][0] == "trial_component"))
    event = events[nearest]
    differing = [f"{name}: expected {value!r}, found {found!r}" for name, value, found in differences[nearest]]
    which = f"the nearest of {counted(len(events), 'event')}, {event['eventTime']} eventID {event['eventID']}"
    return joined(head, [f"{which}: {differing[0]}", *differing[1:]])


def _differences(event: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[Difference]:
    parameters = event["requestParameters"] or {}
    found = {
        "trial_component": parameters.get("trialComponentName"),
        "region": event["awsRegion"],
        "error_code": event.get("errorCode"),
    }
    differences: list[Difference] = [
        (name, wanted[name], value) for name, value in found.items() if name in wanted and value != wanted[name]
    ]
    if "user_identity" in wanted:
        differences += _other_identity(event["userIdentity"], wanted["user_identity"])
    of_a_metric = {name: member for name, member in _OF_A_METRIC.items() if name in wanted}
    if of_a_metric:
        metrics = parameters.get("metricData") or [{}]
        of_each: list[list[Difference]] = [_of_metric(metric, wanted, of_a_metric) for metric in metrics]
        differences += sorted(of_each, key=len)[0]
    fields = list(wanted)
    return sorted(differences, key=lambda difference: fields.index(difference[0].split()[0]))


def _of_metric(metric: Mapping[str, Any], wanted: Mapping[str, Any], members: Mapping[str, str]) -> list[Difference]:
    found = [(name, wanted[name], metric.get(member)) for name, member in members.items()]
    return [(name, expected, value) for name, expected, value in found if value != expected]


def _other_identity(identity: Mapping[str, Any], expected: Any) -> list[Difference]:
    """An ARN or a service principal; or some of the members of userIdentity."""
    if isinstance(expected, str):
        found = identity.get("arn", identity.get("invokedBy"))
        return [] if found == expected else [("user_identity", expected, found)]
    if isinstance(expected, Mapping):
        return [(f"user_identity {name}", value, identity.get(name)) for name, value in expected.items() if identity.get(name) != value]
    return [] if identity == expected else [("user_identity", expected, identity)]
