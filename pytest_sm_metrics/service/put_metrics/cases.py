"""The cases of BatchPutMetrics: one for each of its rules."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from ..case import Case, Exchange, Expected, Place, RawRequest
from ..rule import SERIALIZATION

ABSENT: Any = object()
_REFUSED = Expected(400)
_UNREADABLE = Expected(400, SERIALIZATION)
_ACCEPTED = Expected(200, body={"Errors": []})


def metric(place: Place, **members: Any) -> dict[str, Any]:
    """Return a metric that every rule accepts, with some members changed or left out."""
    whole = {"MetricName": "loss", "Timestamp": place.now, "Step": 0, "Value": 0.5, **members}
    return {name: value for name, value in whole.items() if value is not ABSENT}


def put(place: Place, *metrics: Any, **members: Any) -> RawRequest:
    """Return a request that puts metrics, with some members changed or left out."""
    whole = {"TrialComponentName": place.run, "MetricData": list(metrics), **members}
    present = {name: value for name, value in whole.items() if value is not ABSENT}
    return RawRequest("PUT", "/BatchPutMetrics", json.dumps(present).encode())


def _request_with(member: str, value: Any) -> Callable[[Place], RawRequest]:
    return lambda place: put(place, metric(place), **{member: value})


def _metric_with(member: str, value: Any) -> Callable[[Place], RawRequest]:
    return lambda place: put(place, metric(place, **{member: value}))


def shape_cases(breaking: Mapping[str, Callable[[Place], RawRequest]]) -> list[Case]:
    """Return cases of rules about shapes: a request that breaks the rule fails as a whole.

    The error code of a member of the wrong type is part of its rule. That of a violated constraint
    is a rule by itself, `Answer.code`.
    """

    def case(rule: str, request: Callable[[Place], RawRequest]) -> Case:
        kind = rule.rpartition(".")[2]
        expected = _UNREADABLE if kind in ("type", "range") else _REFUSED
        return Case(rule, lambda place: [Exchange(request(place), expected)])

    return [case(rule, request) for rule, request in breaking.items()]


_BREAKING: dict[str, Callable[[Place], RawRequest]] = {
    "TrialComponentName.type": _request_with("TrialComponentName", 7),
    "TrialComponentName.required": _request_with("TrialComponentName", ABSENT),
    "TrialComponentName.min": _request_with("TrialComponentName", ""),
    "TrialComponentName.max": _request_with("TrialComponentName", "a" * 121),
    "TrialComponentName.pattern": lambda place: put(
        place, metric(place), TrialComponentName=place.run.upper()
    ),
    "MetricData.type": lambda place: put(place, MetricData=metric(place)),
    "MetricData.required": _request_with("MetricData", ABSENT),
    "MetricData.min": _request_with("MetricData", []),
    "MetricData.max": lambda place: put(place, *[metric(place, Step=one) for one in range(11)]),
    "RawMetricData.type": lambda place: put(place, "loss=0.5"),
    "MetricName.type": _metric_with("MetricName", 7),
    "MetricName.required": _metric_with("MetricName", ABSENT),
    "MetricName.min": _metric_with("MetricName", ""),
    "MetricName.max": _metric_with("MetricName", "a" * 256),
    "MetricName.pattern": _metric_with("MetricName", "\n"),
    "Timestamp.type": _metric_with("Timestamp", "yesterday"),
    "Timestamp.range": _metric_with("Timestamp", 1e15),
    "Timestamp.required": _metric_with("Timestamp", ABSENT),
    "Step.type": _metric_with("Step", 0.5),
    "Step.min": _metric_with("Step", -1),
    "Step.max": _metric_with("Step", 2**31),
    "Value.type": _metric_with("Value", "0.5"),
    "Value.required": _metric_with("Value", ABSENT),
}


def _errors(*codes: tuple[str, int]) -> Expected:
    errors = [{"Code": code, "MetricIndex": index} for code, index in codes]
    return Expected(200, body={"Errors": errors})


def _one(
    rule: str, metrics: Callable[[Place], list[Any]], expected: Expected, **settings: Any
) -> Case:
    """Return a case of one request."""
    return Case(rule, lambda place: [Exchange(put(place, *metrics(place)), expected)], settings)


def _two(
    rule: str, metrics: Callable[[Place], list[Any]], expected: Expected, **settings: Any
) -> Case:
    """Return a case of a request after one that put a metric named `loss`."""

    def exchanges(place: Place) -> list[Exchange]:
        first = Exchange(put(place, metric(place)), _ACCEPTED)
        return [first, Exchange(put(place, *metrics(place)), expected)]

    return Case(rule, exchanges, settings)


PUT_CASES: tuple[Case, ...] = (
    *shape_cases(_BREAKING),
    _one(
        "TrialComponentName.unknown",
        lambda place: [metric(place)],
        _errors(("VALIDATION_ERROR", 0)),
        unknown_trial_component="reject",
    ),
    _one(
        "Value.finite",
        lambda place: [metric(place, Value="NaN"), metric(place, Value="-Infinity")],
        _errors(("VALIDATION_ERROR", 0), ("VALIDATION_ERROR", 1)),
    ),
    _one(
        "Timestamp.window",
        lambda place: [metric(place), metric(place, Timestamp=place.now - 30 * 86400)],
        _errors(("VALIDATION_ERROR", 1)),
        timestamp_window=(timedelta(days=14), timedelta(hours=2)),
    ),
    Case(
        "TrialComponentName.concurrent",
        None,
        why_not="no request can be held in flight from outside",
    ),
    _two(
        "MetricName.limit",
        lambda place: [metric(place, Step=1), metric(place, MetricName="accuracy")],
        _errors(("METRIC_LIMIT_EXCEEDED", 1)),
        metric_name_limit=1,
    ),
    _two(
        "MetricData.limit",
        lambda place: [metric(place, Step=1), metric(place, Step=2)],
        _errors(("METRIC_LIMIT_EXCEEDED", 1)),
        metric_limit=2,
    ),
    _two(
        "Errors.one-per-metric",
        lambda place: [metric(place, Value="NaN")],
        _errors(("VALIDATION_ERROR", 0)),
        metric_limit=1,
    ),
    _one(
        "Errors.index",
        lambda place: [metric(place), metric(place, Value="NaN"), metric(place, Step=1)],
        _errors(("VALIDATION_ERROR", 1)),
    ),
    _one("Errors.empty", lambda place: [metric(place)], _ACCEPTED),
    _two(
        "MetricData.limit-room",
        lambda place: [metric(place, Value="NaN"), metric(place, Step=1)],
        _errors(("VALIDATION_ERROR", 0)),
        metric_limit=2,
    ),
)
"""The cases. That of MetricData.append reads back, and stands with those of BatchGetMetrics."""
