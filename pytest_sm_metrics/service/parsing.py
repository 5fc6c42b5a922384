"""From the bytes of a body to columns of metrics, or to what is wrong with the request."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

from .rules import BODY, NOT_NULL, RULES, SERIALIZATION, VALIDATION, Column, Rule, as_doubles

_SHOWN = 256  # characters of a value that a message shows


class MalformedRequestError(Exception):
    """The whole request is refused with HTTP 400."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class PutMetrics(NamedTuple):
    """A well-formed BatchPutMetrics request. The sequences are columns, one item a metric."""

    trial_component_name: str
    names: Sequence[str]
    timestamps: Sequence[float]
    """Seconds since the epoch."""
    steps: Sequence[int | None]
    values: Sequence[float]


def _reject_constant(token: str) -> None:
    raise ValueError(f"{token} is not JSON")


_decode = json.JSONDecoder(parse_constant=_reject_constant).decode


def read_json(body: bytes) -> Any:
    """The JSON value in a body; a ValueError where there is none."""
    try:
        return _decode(body.decode())
    except RecursionError:
        raise ValueError("nested too deeply") from None


def trial_component_in(body: bytes) -> str | None:
    """The TrialComponentName as sent, however the rest looks; None where there is none that is a string."""
    try:
        name: Any = read_json(body)["TrialComponentName"]
    except (ValueError, TypeError, LookupError):
        return None
    return name if isinstance(name, str) else None


def parse_put_metrics(body: bytes) -> PutMetrics:
    """Read the body of a BatchPutMetrics request, or raise MalformedRequestError."""
    try:
        document = read_json(body)
    except ValueError as error:
        raise MalformedRequestError("SerializationException", f"{BODY.constraint}: {error}") from None
    if type(document) is not dict:
        raise MalformedRequestError("SerializationException", f"{BODY.constraint}: Value {_shown(document)}")
    return _read_at_a_glance(document) or _read_with_care(document)


def _read_at_a_glance(document: dict[str, Any]) -> PutMetrics | None:
    """Read a request whose metrics have all their members and keep every rule; None if it takes more than a glance to tell."""
    try:
        name, data = document["TrialComponentName"], document["MetricData"]
        names, timestamps, steps, values = zip(*map(_members, data), strict=True)
        if not (_are_sound_names("TrialComponentName", (name,)) and _are_sound_names("MetricName", names)):
            return None
        columns = {"MetricData": (data,), "Timestamp": timestamps, "Step": steps, "Value": values}
        for member, holds in _TESTS_AT_A_GLANCE:
            if not holds(columns[member]):
                return None
    except (KeyError, TypeError, ValueError):
        return None
    return _put_metrics(name, names, timestamps, steps, values)


@lru_cache(maxsize=32)  # names repeat from call to call
def _are_sound_names(member: str, names: tuple[str, ...]) -> bool:
    return all(holds(names) for holds in _MEMBERS[member].tests)


def _read_with_care(document: dict[str, Any]) -> PutMetrics:
    """Read a request member by member, so as to say what is wrong with it: first the types, then the constraints."""
    request = {member: [document.get(member)] for member in ("TrialComponentName", "MetricData")}
    _check_types(request)
    items = [{} if item is None else item for item in document.get("MetricData") or []]
    _check_types({"RawMetricData": items})
    metrics = {member: [item.get(member) for item in items] for member in _MEMBERS_OF_A_METRIC}
    _check_types(metrics)
    _check_constraints(request, metrics)
    return _put_metrics(document["TrialComponentName"], *map(tuple, metrics.values()))


def _put_metrics(name: str, names: Column, timestamps: Column, steps: Column, values: Column) -> PutMetrics:
    if float in map(type, steps):
        steps = [None if step is None else int(step) for step in steps]
    return PutMetrics(sys.intern(name), names, as_doubles(timestamps), steps, as_doubles(values))


def check_trial_component_name(name: str) -> None:
    """Raise MalformedRequestError for a name that no request could carry."""
    column = {"TrialComponentName": [name]}
    _check_types(column)
    _check_constraints(column)


class _Member:
    """The rules about one member, sorted by when they are asked."""

    def __init__(self, name: str, path: str) -> None:
        self.path = path
        rules = [rule for rule in RULES if rule.member == name and rule.holds]
        self.types = [rule for rule in rules if rule.effect == SERIALIZATION]
        self.required = [rule for rule in rules if rule.constraint == NOT_NULL]
        self.constraints = [rule for rule in rules if rule.effect == VALIDATION and rule not in self.required]
        self.tests = [rule.holds for rule in self.types + self.constraints if rule.holds]


_MEMBERS = {
    "TrialComponentName": _Member("TrialComponentName", "trialComponentName"),
    "MetricData": _Member("MetricData", "metricData"),
    "RawMetricData": _Member("RawMetricData", "metricData.{}.member"),
    "MetricName": _Member("MetricName", "metricData.{}.member.metricName"),
    "Timestamp": _Member("Timestamp", "metricData.{}.member.timestamp"),
    "Step": _Member("Step", "metricData.{}.member.step"),
    "Value": _Member("Value", "metricData.{}.member.value"),
}

_MEMBERS_OF_A_METRIC = ("MetricName", "Timestamp", "Step", "Value")
_members = itemgetter(*_MEMBERS_OF_A_METRIC)
_TESTS_AT_A_GLANCE = [(member, holds) for member in ("MetricData", "Timestamp", "Step", "Value") for holds in _MEMBERS[member].tests]

_Columns = dict[str, list[Any]]


def _check_types(columns: _Columns) -> None:
    for name, column in columns.items():
        member = _MEMBERS[name]
        for rule, index in _breaches(member.types, column):
            raise MalformedRequestError(
                "SerializationException",
                f"Value {_shown(column[index])} at '{member.path.format(index + 1)}' cannot be read: {rule.constraint}",
            )


def _check_constraints(*groups: _Columns) -> None:
    violations = [violation for columns in groups for name, column in columns.items() for violation in _violations(_MEMBERS[name], column)]
    if violations:
        errors = "1 validation error" if len(violations) == 1 else f"{len(violations)} validation errors"
        raise MalformedRequestError("ValidationException", f"{errors} detected: {'; '.join(violations)}")


def _violations(member: _Member, column: list[Any]) -> Iterator[str]:
    absent = [(rule, index) for rule in member.required for index in rule.breaches(column)]
    for rule, index in (*absent, *_breaches(member.constraints, column)):
        value = column[index]
        shown = "null" if value is None else f"'{_cut(value)}'" if type(value) is str else f"'{_shown(value)}'"
        yield f"Value {shown} at '{member.path.format(index + 1)}' failed to satisfy constraint: {rule.constraint}"


def _breaches(rules: list[Rule], column: Column) -> Iterator[tuple[Rule, int]]:
    """Each rule that a value breaks, with the value's index; absent values break none."""
    if None in column:
        indexes = [index for index, value in enumerate(column) if value is not None]
        column = [column[index] for index in indexes]
        for rule in rules:
            yield from ((rule, indexes[index]) for index in rule.breaches(column))
    else:
        for rule in rules:
            yield from ((rule, index) for index in rule.breaches(column))


def _shown(value: object) -> str:
    try:
        return _cut(json.dumps(value))
    except RecursionError:
        return "..."


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
