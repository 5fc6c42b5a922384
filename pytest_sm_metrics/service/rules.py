"""Every rule of the service, once: what `RULES` lists is what the code enforces.

A rule about a member of the request is a test over a *column*: the values which that member has
in all the metrics of one request. A request is judged with one call per rule; only where a column
fails are its values looked at one by one, each as a column of one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

SERIALIZATION = "HTTP 400 SerializationException; nothing of the request is stored"
VALIDATION = "HTTP 400 ValidationException; nothing of the request is stored"
METRIC_INVALID = "HTTP 200, VALIDATION_ERROR in Errors; the other metrics are stored"
METRIC_OVER_LIMIT = "HTTP 200, METRIC_LIMIT_EXCEEDED in Errors; the other metrics are stored"
METRIC_CONFLICT = "HTTP 200, CONFLICT_ERROR in Errors; the other metrics are stored"

NOT_NULL = "Member must not be null"

_MODEL = "botocore service model sagemaker-metrics 2022-09-30"
_API = "Amazon SageMaker API Reference, BatchPutMetrics"
_RAW = "Amazon SageMaker API Reference, RawMetricData"
_ERROR = "Amazon SageMaker API Reference, BatchPutMetricsError"
_NOBODY = "published nowhere; the most probable behaviour"

Column = Sequence[Any]


@dataclass(frozen=True)
class Rule:
    """One thing that the service does, and how it is known."""

    id: str
    operation: str
    """The AWS operation, or `*` for all."""
    member: str
    """The request member that it is about, as AWS spells it; empty where it is about the whole."""
    constraint: str
    """What must hold, or what happens."""
    effect: str
    """The exact outcome."""
    provenance: Literal["documented", "observed", "assumed"]
    """`documented`: an AWS reference, guide or service model says so. `observed`: seen in an AWS answer. `assumed`: nobody says."""
    source: str
    setting: str | None = None
    """The setting that switches the rule on; None for a rule that is always on."""
    holds: Callable[[Column], bool] | None = field(default=None, repr=False, compare=False)
    """Whether every value of a column keeps the rule; None where the rule is not about a value.
    Absent members are not in the column, save for the rule that a member must not be null."""

    def breaches(self, column: Column) -> list[int]:
        """The indexes of the values that break the rule."""
        if self.holds is None or self.holds(column):
            return []
        return [index for index, value in enumerate(column) if not self.holds((value,))]


def _types(*accepted: type) -> Callable[[Column], bool]:
    allowed = set(accepted)
    return lambda column: allowed.issuperset(map(type, column))


_NUMBERS = {int, float}
_INTEGERS = {int}


def _is_timestamp(value: object) -> bool:
    if type(value) is str:
        return value.isascii() and value.isdigit()
    return type(value) in _NUMBERS


# 0001-01-01 and 10000-01-01: the first second that a date can hold, the first that none can.
_FIRST_SECOND, _END_OF_TIME = -62_135_596_800, 253_402_300_800


def as_doubles(numbers: Column) -> list[float]:
    """Numbers, and strings that spell one, as doubles; an integer too large for a double is an infinity."""
    try:
        return list(map(float, numbers))
    except OverflowError:
        return list(map(_as_double, numbers))


def _as_double(number: Any) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def _is_in_calendar(column: Column) -> bool:
    try:
        return min(column, default=0) >= _FIRST_SECOND and max(column, default=0) < _END_OF_TIME
    except TypeError:  # strings of digits
        return _is_in_calendar(as_doubles(column))


def _is_whole(value: object) -> bool:
    return type(value) is int or (type(value) is float and value.is_integer())


_NOT_FINITE = ("NaN", "Infinity", "-Infinity")

BODY = Rule(
    "Body.json", "*", "", "The body is one JSON object in UTF-8, without bare NaN or Infinity tokens",
    SERIALIZATION, "assumed", _NOBODY,
)  # fmt: skip
UNKNOWN_OPERATION = Rule(
    "Operation.unknown", "*", "", "Method and path are those of an operation of the service",
    "HTTP 404 UnknownOperationException; nothing of the request is stored", "assumed", _NOBODY,
)  # fmt: skip

UNKNOWN_TRIAL_COMPONENT = Rule(
    "TrialComponentName.unknown", "BatchPutMetrics", "TrialComponentName",
    "The trial component was created before, where unknown_trial_component is \"reject\"",
    METRIC_INVALID, "assumed", _NOBODY, "unknown_trial_component",
)  # fmt: skip
VALUE_FINITE = Rule(
    "Value.finite", "BatchPutMetrics", "Value", "The Value is finite: neither NaN nor an infinity",
    METRIC_INVALID, "assumed", _NOBODY, None, lambda column: all(map(math.isfinite, column)),
)  # fmt: skip
TIMESTAMP_WINDOW = Rule(
    "Timestamp.window", "BatchPutMetrics", "Timestamp", "The Timestamp lies within timestamp_window around the time of the call",
    METRIC_INVALID, "assumed",
    "published nowhere; aws/sagemaker-python-sdk refuses more than 14 days back or 2 hours ahead", "timestamp_window",
)  # fmt: skip
METRIC_LIMIT = Rule(
    "MetricData.limit", "BatchPutMetrics", "MetricData", "The trial component holds fewer than metric_limit metrics",
    METRIC_OVER_LIMIT, "documented", _ERROR + " (the code; the number is published nowhere)", "metric_limit",
)  # fmt: skip
METRIC_NAME_LIMIT = Rule(
    "MetricName.limit", "BatchPutMetrics", "MetricName",
    "The trial component already has a metric of this name, or fewer than metric_name_limit names",
    METRIC_OVER_LIMIT, "assumed", "a second reading of \"metrics per resource\" in " + _ERROR, "metric_name_limit",
)  # fmt: skip
CONCURRENT_WRITES = Rule(
    "TrialComponentName.concurrent", "BatchPutMetrics", "TrialComponentName",
    "No request for the trial component that arrived earlier is still in flight, where concurrent_writes is \"conflict\"",
    METRIC_CONFLICT, "documented", _ERROR + " (the code; which of the requests gets it is assumed)", "concurrent_writes",
)  # fmt: skip

ERROR_CODES = {METRIC_INVALID: "VALIDATION_ERROR", METRIC_OVER_LIMIT: "METRIC_LIMIT_EXCEEDED", METRIC_CONFLICT: "CONFLICT_ERROR"}
"""The code that stands in Errors, by the effect of the rule that was broken."""


def _type(rule_id: str, constraint: str, holds: Callable[[Column], bool]) -> Rule:
    """What a member must be for the request to be readable."""
    return Rule(rule_id, "BatchPutMetrics", rule_id.partition(".")[0], constraint, SERIALIZATION, "assumed", _NOBODY, None, holds)


def _constraint(rule_id: str, constraint: str, source: str, holds: Callable[[Column], bool]) -> Rule:
    """A constraint of the service model."""
    return Rule(rule_id, "BatchPutMetrics", rule_id.partition(".")[0], constraint, VALIDATION, "documented", source, None, holds)


def _required(member: str, source: str) -> Rule:
    return _constraint(f"{member}.required", NOT_NULL, source, lambda column: None not in column)


def _length(member: str, least: int, most: int, source: str) -> tuple[Rule, Rule]:
    constraint = "Member must have length {} than or equal to {}"
    return (
        _constraint(
            f"{member}.min", constraint.format("greater", least), source, lambda column: min(map(len, column), default=least) >= least
        ),
        _constraint(f"{member}.max", constraint.format("less", most), source, lambda column: max(map(len, column), default=most) <= most),
    )


def _range(member: str, least: int, most: int, source: str, most_source: str) -> tuple[Rule, Rule]:
    constraint = "Member must have value {} than or equal to {}"
    return (
        _constraint(f"{member}.min", constraint.format("greater", least), source, lambda column: min(column, default=least) >= least),
        _constraint(f"{member}.max", constraint.format("less", most), most_source, lambda column: max(column, default=most) <= most),
    )


def _pattern(member: str, pattern: str, source: str) -> Rule:
    match = re.compile(pattern).fullmatch
    constraint = f"Member must satisfy regular expression pattern: {pattern}"
    return _constraint(f"{member}.pattern", constraint, source, lambda column: all(map(match, column)))


RULES: tuple[Rule, ...] = (
    UNKNOWN_OPERATION,
    BODY,
    _type("TrialComponentName.type", "Member must be a string", _types(str)),
    _required("TrialComponentName", _API),
    *_length("TrialComponentName", 1, 120, _API),
    _pattern("TrialComponentName", "^[a-z0-9](-*[a-z0-9]){0,119}", _API),
    _type("MetricData.type", "Member must be a list", _types(list)),
    _required("MetricData", _API),
    *_length("MetricData", 1, 10, _API),
    _type("RawMetricData.type", "Member must be a structure", _types(dict)),
    _type("MetricName.type", "Member must be a string", _types(str)),
    _required("MetricName", _RAW),
    *_length("MetricName", 1, 255, _RAW),
    _pattern("MetricName", ".+", _RAW),
    _type(
        "Timestamp.type",
        "Member must be a number of seconds since the epoch, or a string of digits",
        lambda column: _NUMBERS.issuperset(map(type, column)) or all(map(_is_timestamp, column)),
    ),
    _type("Timestamp.range", "Member must be a second of the years 1 to 9999", _is_in_calendar),
    _required("Timestamp", _RAW),
    _type("Step.type", "Member must be an integer", lambda column: _INTEGERS.issuperset(map(type, column)) or all(map(_is_whole, column))),
    *_range("Step", 0, 2**31 - 1, _RAW, _MODEL + " (integer: 32 bits); that it is a ValidationException: assumed"),
    _type(
        "Value.type",
        'Member must be a number, or one of "NaN", "Infinity", "-Infinity"',
        lambda column: _NUMBERS.issuperset(map(type, column)) or all(type(value) in _NUMBERS or value in _NOT_FINITE for value in column),
    ),
    _required("Value", _RAW),
    VALUE_FINITE,
    TIMESTAMP_WINDOW,
    UNKNOWN_TRIAL_COMPONENT,
    METRIC_LIMIT,
    METRIC_NAME_LIMIT,
    Rule(
        "Errors.one-per-metric", "BatchPutMetrics", "", "Several rules refuse one metric",
        "one entry in Errors: VALIDATION_ERROR before METRIC_LIMIT_EXCEEDED", "assumed", _NOBODY,
    ),
    Rule(
        "Errors.index", "BatchPutMetrics", "", "MetricIndex counts from 0; entries ascend; they carry no message",
        "HTTP 200, {\"Errors\": [{\"Code\": ..., \"MetricIndex\": n}]}", "assumed", _ERROR + " (where the count begins: nowhere)",
    ),
    Rule(
        "Errors.empty", "BatchPutMetrics", "", "Every metric is accepted",
        "HTTP 200, {\"Errors\": []}", "observed", "answer of the service, 2026-09",
    ),
    Rule(
        "MetricData.append", "BatchPutMetrics", "MetricData", "A metric of the same name, Step and Timestamp was put before",
        "both are kept", "observed", "answer of the service, 2026-09",
    ),
    Rule(
        "MetricData.limit-room", "BatchPutMetrics", "MetricData", "A metric is refused",
        "it takes no room under metric_limit and metric_name_limit", "assumed", _NOBODY,
    ),
    Rule(
        "MetricData.malformed", "BatchPutMetrics", "MetricData", "null is an absent member, members the shape does not have are ignored",
        "as if they were not there", "assumed", _NOBODY,
    ),
    Rule(
        "Answer.code", "*", "", "A constraint of the service model is not kept",
        "error code ValidationException, in x-amzn-ErrorType", "assumed", "published nowhere: the common errors page says ValidationError",
    ),
    Rule(
        "Answer.message", "*", "", "A constraint of the service model is not kept",
        "message \"1 validation error detected: Value '...' at '...' failed to satisfy constraint: ...\", list members counted from 1",
        "observed", "answers of sister services; that a long value is cut: assumed",
    ),
    Rule(
        "Answer.request-id", "*", "", "Every answer, an error too, carries a request id",
        "header x-amzn-RequestId, a UUID", "observed", "answers of AWS's rest-json services",
    ),
)  # fmt: skip
"""Every rule that the mock follows, each with its provenance and source."""
