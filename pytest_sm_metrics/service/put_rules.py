"""The rules of BatchPutMetrics."""

from __future__ import annotations

import math

from .rule import MODEL, NOBODY, Column, MemberRules, Rule, as_doubles

OPERATION = "BatchPutMetrics"

METRIC_INVALID = "HTTP 200, VALIDATION_ERROR in Errors; the other metrics are stored"
METRIC_OVER_LIMIT = "HTTP 200, METRIC_LIMIT_EXCEEDED in Errors; the other metrics are stored"
METRIC_CONFLICT = "HTTP 200, CONFLICT_ERROR in Errors; the other metrics are stored"

ERROR_CODES = {
    METRIC_INVALID: "VALIDATION_ERROR",
    METRIC_OVER_LIMIT: "METRIC_LIMIT_EXCEEDED",
    METRIC_CONFLICT: "CONFLICT_ERROR",
}
"""The code that stands in Errors, by the effect of the rule that was broken."""

_API = "Amazon SageMaker API Reference, BatchPutMetrics"
_RAW = "Amazon SageMaker API Reference, RawMetricData"
_ERROR = "Amazon SageMaker API Reference, BatchPutMetricsError"

_NUMBERS = {int, float}
_NOT_FINITE = ("NaN", "Infinity", "-Infinity")

# 0001-01-01 and 10000-01-01: the first second that a date can hold, the first that none can.
_FIRST_SECOND, _END_OF_TIME = -62_135_596_800, 253_402_300_800


def _are_timestamps(column: Column) -> bool:
    return _NUMBERS.issuperset(map(type, column)) or all(map(_is_timestamp, column))


def _is_timestamp(value: object) -> bool:
    if type(value) is str:
        return value.isascii() and value.isdigit()
    return type(value) in _NUMBERS


def _are_in_calendar(column: Column) -> bool:
    try:
        return min(column, default=0) >= _FIRST_SECOND and max(column, default=0) < _END_OF_TIME
    except TypeError:  # strings of digits
        return _are_in_calendar(as_doubles(column))


def _are_values(column: Column) -> bool:
    return _NUMBERS.issuperset(map(type, column)) or all(
        type(value) in _NUMBERS or value in _NOT_FINITE for value in column
    )


UNKNOWN_TRIAL_COMPONENT = Rule(
    "TrialComponentName.unknown", OPERATION, "TrialComponentName",
    "The trial component was created before, where unknown_trial_component is \"reject\"",
    METRIC_INVALID, "assumed", NOBODY, "unknown_trial_component",
)  # fmt: skip
VALUE_FINITE = Rule(
    "Value.finite", OPERATION, "Value", "The Value is finite: neither NaN nor an infinity",
    METRIC_INVALID, "assumed", NOBODY, None, lambda column: all(map(math.isfinite, column)),
)  # fmt: skip
TIMESTAMP_WINDOW = Rule(
    "Timestamp.window", OPERATION, "Timestamp", "The Timestamp lies within timestamp_window around the time of the call",
    METRIC_INVALID, "assumed",
    "published nowhere; aws/sagemaker-python-sdk refuses more than 14 days back or 2 hours ahead", "timestamp_window",
)  # fmt: skip
METRIC_LIMIT = Rule(
    "MetricData.limit", OPERATION, "MetricData", "The trial component holds fewer than metric_limit metrics",
    METRIC_OVER_LIMIT, "documented", _ERROR + " (the code; the number is published nowhere)", "metric_limit",
)  # fmt: skip
METRIC_NAME_LIMIT = Rule(
    "MetricName.limit", OPERATION, "MetricName",
    "The trial component already has a metric of this name, or fewer than metric_name_limit names",
    METRIC_OVER_LIMIT, "assumed", "a second reading of \"metrics per resource\" in " + _ERROR, "metric_name_limit",
)  # fmt: skip
CONCURRENT_WRITES = Rule(
    "TrialComponentName.concurrent", OPERATION, "TrialComponentName",
    "No request for the trial component that arrived earlier is still in flight, where concurrent_writes is \"conflict\"",
    METRIC_CONFLICT, "documented", _ERROR + " (the code; which of the requests gets it is assumed)", "concurrent_writes",
)  # fmt: skip

_of = MemberRules(OPERATION)

PUT_RULES: tuple[Rule, ...] = (
    _of.string("TrialComponentName"),
    _of.required("TrialComponentName", _API),
    _of.least_length("TrialComponentName", 1, _API),
    _of.most_length("TrialComponentName", 120, _API),
    _of.pattern("TrialComponentName", "^[a-z0-9](-*[a-z0-9]){0,119}", _API),
    _of.list("MetricData"),
    _of.required("MetricData", _API),
    _of.least_length("MetricData", 1, _API),
    _of.most_length("MetricData", 10, _API),
    _of.structure("RawMetricData"),
    _of.string("MetricName"),
    _of.required("MetricName", _RAW),
    _of.least_length("MetricName", 1, _RAW),
    _of.most_length("MetricName", 255, _RAW),
    _of.pattern("MetricName", ".+", _RAW),
    _of.type("Timestamp", "Member must be a number of seconds since the epoch, or a string of digits", _are_timestamps),
    _of.type("Timestamp", "Member must be a second of the years 1 to 9999", _are_in_calendar, "range"),
    _of.required("Timestamp", _RAW),
    _of.integer("Step"),
    _of.least("Step", 0, _RAW),
    _of.most("Step", 2**31 - 1, MODEL + " (integer: 32 bits); that it is a ValidationException: assumed"),
    _of.type("Value", 'Member must be a number, or one of "NaN", "Infinity", "-Infinity"', _are_values),
    _of.required("Value", _RAW),
    VALUE_FINITE,
    TIMESTAMP_WINDOW,
    UNKNOWN_TRIAL_COMPONENT,
    METRIC_LIMIT,
    METRIC_NAME_LIMIT,
    CONCURRENT_WRITES,
    Rule(
        "Errors.one-per-metric", OPERATION, "", "Several rules refuse one metric",
        "one entry in Errors: VALIDATION_ERROR before CONFLICT_ERROR before METRIC_LIMIT_EXCEEDED", "assumed", NOBODY,
    ),
    Rule(
        "Errors.index", OPERATION, "", "MetricIndex counts from 0; entries ascend; they carry no message",
        "HTTP 200, {\"Errors\": [{\"Code\": ..., \"MetricIndex\": n}]}", "assumed", _ERROR + " (where the count begins: nowhere)",
    ),
    Rule(
        "Errors.empty", OPERATION, "", "Every metric is accepted",
        "HTTP 200, {\"Errors\": []}", "observed", "answer of the service, 2026-09",
    ),
    Rule(
        "MetricData.append", OPERATION, "MetricData", "A metric of the same name, Step and Timestamp was put before",
        "both are kept", "observed", "answer of the service, 2026-09",
    ),
    Rule(
        "MetricData.limit-room", OPERATION, "MetricData", "A metric is refused",
        "it takes no room under metric_limit and metric_name_limit", "assumed", NOBODY,
    ),
)  # fmt: skip
