"""A BatchPutMetrics request: its metrics as columns."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

from .parsing import (
    Member,
    check_constraints,
    check_types,
    read_json,
    read_members,
    read_object,
    read_types,
)
from .put_rules import OPERATION
from .rule import Column, as_doubles


class PutMetrics(NamedTuple):
    """A well-formed BatchPutMetrics request. The sequences are columns, one item a metric."""

    trial_component_name: str
    names: Sequence[str]
    timestamps: Sequence[float]
    """Seconds since the epoch."""
    steps: Sequence[int | None]
    values: Sequence[float]

    @property
    def columns(self) -> dict[str, Sequence[object]]:
        """What filters of metrics look at."""
        return {"metric_name": self.names, "step": self.steps, "index": range(len(self.names))}


_NAME = Member(OPERATION, "TrialComponentName", "trialComponentName")
_DATA = Member(OPERATION, "MetricData", "metricData")
_METRIC = Member(OPERATION, "RawMetricData", "metricData.{}.member")
_METRIC_NAME = Member(OPERATION, "MetricName", "metricData.{}.member.metricName")
_TIMESTAMP = Member(OPERATION, "Timestamp", "metricData.{}.member.timestamp")
_STEP = Member(OPERATION, "Step", "metricData.{}.member.step")
_VALUE = Member(OPERATION, "Value", "metricData.{}.member.value")

_OF_A_METRIC = (_METRIC_NAME, _TIMESTAMP, _STEP, _VALUE)
_members = itemgetter(*(member.name for member in _OF_A_METRIC))
_TESTS_AT_A_GLANCE = [
    (member, holds) for member in (_DATA, _TIMESTAMP, _STEP, _VALUE) for holds in member.tests
]


def parse_put_metrics(body: bytes) -> PutMetrics:
    """Read the body of a BatchPutMetrics request, or raise MalformedRequestError."""
    document = read_object(body)
    return _read_at_a_glance(document) or _read_with_care(document)


def _read_at_a_glance(document: dict[str, Any]) -> PutMetrics | None:
    """Read a request whose metrics have all their members and keep every rule; None if it takes more than a glance to tell."""
    try:
        name, data = document["TrialComponentName"], document["MetricData"]
        names, timestamps, steps, values = zip(*map(_members, data), strict=True)
        if not (_are_sound_names(_NAME, (name,)) and _are_sound_names(_METRIC_NAME, names)):
            return None
        columns = {_DATA: (data,), _TIMESTAMP: timestamps, _STEP: steps, _VALUE: values}
        for member, holds in _TESTS_AT_A_GLANCE:
            if not holds(columns[member]):
                return None
    except (KeyError, TypeError, ValueError):
        return None
    return _put_metrics(name, names, timestamps, steps, values)


@lru_cache(maxsize=32)  # names repeat from call to call
def _are_sound_names(member: Member, names: tuple[str, ...]) -> bool:
    return all(holds(names) for holds in member.tests)


def _read_with_care(document: dict[str, Any]) -> PutMetrics:
    """Read a request member by member, so as to say what is wrong with it."""
    columns = read_members(document, (_NAME, _DATA), _DATA, _METRIC, _OF_A_METRIC)
    return _put_metrics(document["TrialComponentName"], *map(tuple, columns))


def readable_members(body: bytes) -> tuple[str | None, list[dict[str, Any]] | None]:
    """The TrialComponentName and the metrics of a request whose types are as they must be, whatever constraints it breaks.

    Only members that are there, as they were sent. A MalformedRequestError where it cannot be read.
    """
    document = read_object(body)
    request, columns = read_types(document, (_NAME, _DATA), _DATA, _METRIC, _OF_A_METRIC)
    names = [member.name for member in columns]
    metrics = [
        {name: value for name, value in zip(names, values, strict=True) if value is not None}
        for values in zip(*columns.values(), strict=True)
    ]
    return request[_NAME][0], None if request[_DATA][0] is None else metrics


def _put_metrics(
    name: str, names: Column, timestamps: Column, steps: Column, values: Column
) -> PutMetrics:
    if float in map(type, steps):
        steps = [None if step is None else int(step) for step in steps]
    return PutMetrics(sys.intern(name), names, as_doubles(timestamps), steps, as_doubles(values))


def check_trial_component_name(name: str) -> None:
    """Raise MalformedRequestError for a name that no request could carry."""
    column = {_NAME: [name]}
    check_types(column)
    check_constraints(column)


def trial_component_in(body: bytes) -> str | None:
    """The TrialComponentName as sent, however the rest looks; None where there is none that is a string."""
    try:
        name: Any = read_json(body)["TrialComponentName"]
    except (ValueError, TypeError, LookupError):
        return None
    return name if isinstance(name, str) else None
