"""The parser of BatchPutMetrics requests."""

from __future__ import annotations

import sys
from functools import lru_cache
from operator import itemgetter
from typing import Any

from ..numbers import as_doubles
from ..parsing import (
    Member,
    check_constraints,
    check_types,
    read_json,
    read_members,
    read_object,
    read_types,
)
from ..rule import Column
from .request import PutMetrics
from .rules import PUT_RULES

_NAME = Member(PUT_RULES, "TrialComponentName", "trialComponentName")
_DATA = Member(PUT_RULES, "MetricData", "metricData")
_METRIC = Member(PUT_RULES, "RawMetricData", "metricData.{}.member")
_METRIC_NAME = Member(PUT_RULES, "MetricName", "metricData.{}.member.metricName")
_TIMESTAMP = Member(PUT_RULES, "Timestamp", "metricData.{}.member.timestamp")
_STEP = Member(PUT_RULES, "Step", "metricData.{}.member.step")
_VALUE = Member(PUT_RULES, "Value", "metricData.{}.member.value")

_METRIC_MEMBERS = (_METRIC_NAME, _TIMESTAMP, _STEP, _VALUE)
_members = itemgetter(*(member.name for member in _METRIC_MEMBERS))
_FAST_TESTS = [
    (member, holds) for member in (_DATA, _TIMESTAMP, _STEP, _VALUE) for holds in member.tests
]


def parse_put_metrics(body: bytes) -> PutMetrics:
    """Read the body of a BatchPutMetrics request, or raise RefusedRequestError."""
    document = read_object(body)
    return _parse_fast(document) or _parse_with_errors(document)


def _parse_fast(document: dict[str, Any]) -> PutMetrics | None:
    """Read a request without errors and without absent members; return None for any other."""
    try:
        name, data = document["TrialComponentName"], document["MetricData"]
        names, timestamps, steps, values = zip(*map(_members, data), strict=True)
        if not (_are_valid_names(_NAME, (name,)) and _are_valid_names(_METRIC_NAME, names)):
            return None
        columns = {_DATA: (data,), _TIMESTAMP: timestamps, _STEP: steps, _VALUE: values}
        for member, holds in _FAST_TESTS:
            if not holds(columns[member]):
                return None
    except (KeyError, TypeError, ValueError):
        return None
    return _put_metrics(name, names, timestamps, steps, values)


@lru_cache(maxsize=32)  # names repeat from call to call
def _are_valid_names(member: Member, names: tuple[str, ...]) -> bool:
    return all(holds(names) for holds in member.tests)


def _parse_with_errors(document: dict[str, Any]) -> PutMetrics:
    """Read a request member by member; raise an error that lists every violation."""
    columns = read_members(document, (_NAME, _DATA), _DATA, _METRIC, _METRIC_MEMBERS)
    return _put_metrics(document["TrialComponentName"], *map(tuple, columns))


def readable_members(body: bytes) -> tuple[str | None, list[dict[str, Any]] | None]:
    """Return the TrialComponentName and the metrics of a request that may break constraints.

    The metrics hold the members that are present, as they were sent. Raise RefusedRequestError if
    the request cannot be read.
    """
    document = read_object(body)
    request, columns = read_types(document, (_NAME, _DATA), _DATA, _METRIC, _METRIC_MEMBERS)
    names = [member.name for member in columns]
    metrics = [
        {name: value for name, value in zip(names, values, strict=True) if value is not None}
        for values in zip(*columns.values(), strict=True)
    ]
    [name], [data] = request[_NAME], request[_DATA]
    return name, None if data is None else metrics


def _put_metrics(
    name: str, names: Column, timestamps: Column, steps: Column, values: Column
) -> PutMetrics:
    if float in map(type, steps):
        steps = [None if step is None else int(step) for step in steps]
    return PutMetrics(sys.intern(name), names, as_doubles(timestamps), steps, as_doubles(values))


def check_trial_component_name(name: str) -> None:
    """Raise RefusedRequestError if the service does not accept a name."""
    column = {_NAME: [name]}
    check_types(column)
    check_constraints(column)


def trial_component_in(body: bytes) -> str | None:
    """Return the TrialComponentName as sent; None if it is no string. Ignore other members."""
    try:
        name: Any = read_json(body)["TrialComponentName"]
    except (ValueError, TypeError, LookupError):
        return None
    return name if isinstance(name, str) else None
