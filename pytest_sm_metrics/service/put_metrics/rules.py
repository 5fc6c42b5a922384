"""The rules of BatchPutMetrics."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from datetime import timedelta

from ...clock import as_datetime
from ..numbers import NOT_FINITE, as_doubles
from ..rule import MODEL, UNPUBLISHED, Column, MemberRules, Rule
from .request import Submission

OPERATION = "BatchPutMetrics"

_INVALID = "HTTP 200, VALIDATION_ERROR in Errors; the other metrics are stored"
_OVER_LIMIT = "HTTP 200, METRIC_LIMIT_EXCEEDED in Errors; the other metrics are stored"
_CONFLICT = "HTTP 200, CONFLICT_ERROR in Errors; the other metrics are stored"

_API = "Amazon SageMaker API Reference, BatchPutMetrics"
_RAW = "Amazon SageMaker API Reference, RawMetricData"
_ERROR = "Amazon SageMaker API Reference, BatchPutMetricsError"
_INTEGER = MODEL + " (integer: 32 bits); that it is a ValidationException: assumed"
_OBSERVED = "answer of the service, 2026-09"

_NUMBERS = {int, float}

# 0001-01-01, the first second of the calendar, and 10000-01-01, the first one after its end.
_FIRST_SECOND, _END_OF_TIME = -62_135_596_800, 253_402_300_800


def _are_timestamps(column: Column) -> bool:
    return _NUMBERS.issuperset(map(type, column)) or all(map(_is_timestamp, column))


def _is_timestamp(value: object) -> bool:
    if type(value) is str:
        return value.isascii() and value.isdigit()
    return type(value) in _NUMBERS


def _are_in_calendar(column: Column) -> bool:
    try:
        return all(_FIRST_SECOND <= second < _END_OF_TIME for second in column)
    except TypeError:  # strings of digits
        return _are_in_calendar(as_doubles(column))


def _are_values(column: Column) -> bool:
    return _NUMBERS.issuperset(map(type, column)) or all(
        type(value) in _NUMBERS or value in NOT_FINITE for value in column
    )


def _not_finite(submission: Submission, _: Collection[int]) -> Iterable[int]:
    values = submission.metrics.values
    if all(map(math.isfinite, values)):
        return ()
    return [index for index, value in enumerate(values) if not math.isfinite(value)]


def _outside_window(submission: Submission, _: Collection[int]) -> Iterable[int]:
    past, future = submission.settings.timestamp_window or (timedelta.max, timedelta.max)
    earliest = submission.time - past.total_seconds()
    latest = submission.time + future.total_seconds()
    timestamps = submission.metrics.timestamps
    return [index for index, one in enumerate(timestamps) if not earliest <= one <= latest]


def _over_metric_limit(submission: Submission, refused: Collection[int]) -> Iterable[int]:
    """Return the metrics beyond the limit; rejected metrics do not count."""
    limit, holder = submission.settings.metric_limit, submission.holder
    if limit is None or holder is None:
        return ()
    room = limit - holder.count
    return [index for index in submission.indexes if index not in refused][room:]


def _over_name_limit(submission: Submission, refused: Collection[int]) -> Iterable[int]:
    limit, holder = submission.settings.metric_name_limit, submission.holder
    names = set(holder.series()) if holder else set()
    over: list[int] = []
    for index, name in enumerate(submission.metrics.names):
        if index in refused or limit is None:
            continue
        if name not in names and len(names) >= limit:
            over.append(index)
        else:
            names.add(name)
    return over


def _why_unknown(submission: Submission, _: int) -> str:
    name = submission.metrics.trial_component_name
    return (
        f'{name!r} was not created before, or was deleted, and unknown_trial_component is "reject"'
    )


def _why_outside_window(submission: Submission, index: int) -> str:
    past, future = submission.settings.timestamp_window or (None, None)
    return (
        f"Timestamp {as_datetime(submission.metrics.timestamps[index])} is not within "
        f"timestamp_window (past {past}, future {future}) of {as_datetime(submission.time)}"
    )


def _why_contended(submission: Submission, _: int) -> str:
    name = submission.metrics.trial_component_name
    return f'an earlier request for {name!r} was in flight, and concurrent_writes is "conflict"'


METRIC_RULES: tuple[Rule, ...] = (
    Rule(
        "TrialComponentName.unknown",
        OPERATION,
        "TrialComponentName",
        constraint=(
            'If unknown_trial_component is "reject", the trial component was created before'
        ),
        effect=_INVALID,
        provenance="assumed",
        source=UNPUBLISHED,
        setting="unknown_trial_component",
        code="VALIDATION_ERROR",
        refuses=lambda submission, _: () if submission.is_known else submission.indexes,
        explain=_why_unknown,
    ),
    Rule(
        "Value.finite",
        OPERATION,
        "Value",
        constraint="The Value is finite: neither NaN nor an infinity",
        effect=_INVALID,
        provenance="assumed",
        source=UNPUBLISHED,
        code="VALIDATION_ERROR",
        refuses=_not_finite,
        explain=lambda submission, index: (
            f"Value is {submission.metrics.values[index]}, which is not finite"
        ),
    ),
    Rule(
        "Timestamp.window",
        OPERATION,
        "Timestamp",
        constraint="The Timestamp lies within timestamp_window around the time of the call",
        effect=_INVALID,
        provenance="assumed",
        source=(
            "published nowhere; aws/sagemaker-python-sdk rejects more than 14 days back or 2 hours "
            "ahead"
        ),
        setting="timestamp_window",
        code="VALIDATION_ERROR",
        refuses=_outside_window,
        explain=_why_outside_window,
    ),
    Rule(
        "TrialComponentName.concurrent",
        OPERATION,
        "TrialComponentName",
        constraint=(
            'If concurrent_writes is "conflict", no earlier request for the trial component is '
            "still in flight"
        ),
        effect=_CONFLICT,
        provenance="documented",
        source=_ERROR + " (the code; that the later request gets it is assumed)",
        setting="concurrent_writes",
        code="CONFLICT_ERROR",
        refuses=lambda submission, _: submission.indexes if submission.is_contended else (),
        explain=_why_contended,
    ),
    Rule(
        "MetricName.limit",
        OPERATION,
        "MetricName",
        constraint=(
            "The trial component already has a metric of this name, or it has fewer than "
            "metric_name_limit names"
        ),
        effect=_OVER_LIMIT,
        provenance="assumed",
        source='a second reading of "metrics per resource" in ' + _ERROR,
        setting="metric_name_limit",
        code="METRIC_LIMIT_EXCEEDED",
        refuses=_over_name_limit,
        explain=lambda submission, _: (
            f"{submission.metrics.trial_component_name!r} holds "
            f"metric_name_limit={submission.settings.metric_name_limit} other metric names already"
        ),
    ),
    Rule(
        "MetricData.limit",
        OPERATION,
        "MetricData",
        constraint="The trial component holds fewer than metric_limit metrics",
        effect=_OVER_LIMIT,
        provenance="documented",
        source=_ERROR + " (the code; the number is published nowhere)",
        setting="metric_limit",
        code="METRIC_LIMIT_EXCEEDED",
        refuses=_over_metric_limit,
        explain=lambda submission, _: (
            f"{submission.metrics.trial_component_name!r} holds "
            f"metric_limit={submission.settings.metric_limit} metrics already"
        ),
    ),
)
"""The rules about single metrics. If a metric breaks several, the first one counts."""

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
    _of.type(
        "Timestamp",
        "Member must be a number of seconds since the epoch, or a string of digits",
        _are_timestamps,
    ),
    _of.type(
        "Timestamp",
        "Member must be a second of the years 1 to 9999",
        _are_in_calendar,
        "range",
    ),
    _of.required("Timestamp", _RAW),
    _of.integer("Step"),
    _of.least("Step", 0, _RAW),
    _of.most("Step", 2**31 - 1, _INTEGER),
    _of.type(
        "Value",
        'Member must be a number, or one of "NaN", "Infinity", "-Infinity"',
        _are_values,
    ),
    _of.required("Value", _RAW),
    *METRIC_RULES,
    Rule(
        "Errors.one-per-metric",
        OPERATION,
        "",
        constraint="A metric breaks several rules",
        effect=(
            "It has one entry in Errors: VALIDATION_ERROR before CONFLICT_ERROR before "
            "METRIC_LIMIT_EXCEEDED"
        ),
        provenance="assumed",
        source=UNPUBLISHED,
    ),
    Rule(
        "Errors.index",
        OPERATION,
        "",
        constraint="A metric is rejected",
        effect=(
            'HTTP 200, {"Errors": [{"Code": ..., "MetricIndex": n}]}; indexes count from 0 and '
            "ascend; an entry has no message"
        ),
        provenance="assumed",
        source=_ERROR + " (the first index is published nowhere)",
    ),
    Rule(
        "Errors.empty",
        OPERATION,
        "",
        constraint="Every metric is accepted",
        effect='HTTP 200, {"Errors": []}',
        provenance="observed",
        source=_OBSERVED,
    ),
    Rule(
        "MetricData.append",
        OPERATION,
        "MetricData",
        constraint="The trial component already has a metric with this name, Step and Timestamp",
        effect="The new metric is added; both remain",
        provenance="observed",
        source=_OBSERVED,
    ),
    Rule(
        "MetricData.limit-room",
        OPERATION,
        "MetricData",
        constraint="A metric is rejected",
        effect="It does not count towards metric_limit and metric_name_limit",
        provenance="assumed",
        source=UNPUBLISHED,
    ),
)
