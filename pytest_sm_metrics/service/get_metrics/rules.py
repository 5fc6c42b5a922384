"""The rules of BatchGetMetrics.

A member that violates its shape in the service model fails the whole request, as in every operation
of AWS. Members of one query that do not go together leave the request well-formed: that query alone
gets the Status ValidationError.
"""

from __future__ import annotations

from ..rule import MODEL, UNPUBLISHED, MemberRules, Rule
from ..statistics import STATISTICS
from .request import Query

OPERATION = "BatchGetMetrics"

PERIODS = {"OneMinute": 60, "FiveMinute": 300, "OneHour": 3600, "IterationNumber": None}
"""The seconds of each period; None if a value of the x-axis is a Step."""
AXES = ("IterationNumber", "Timestamp")

_INVALID = (
    "HTTP 200, Status ValidationError with a Message, no values; the other queries are answered"
)

_API = "Amazon SageMaker API Reference, BatchGetMetrics"
_QUERY = "Amazon SageMaker API Reference, MetricQuery"
_RESULT = "Amazon SageMaker API Reference, MetricQueryResult"
_LONG = MODEL + " (long: 64 bits); that it is a ValidationException: assumed"
_OBSERVED = "answer of the service, 2026-09"

_ARN = r"arn:aws[a-z\-]*:sagemaker:[a-z0-9\-]*:[0-9]{12}:[a-z\-].*/.*"


def _is_period_of_axis(query: Query) -> bool:
    return (PERIODS[query.period] is None) == (query.x_axis_type == "IterationNumber")


def _is_in_order(query: Query) -> bool:
    return query.start is None or query.end is None or query.start <= query.end


QUERY_RULES: tuple[Rule, ...] = (
    Rule(
        "MetricQuery.Period.axis",
        OPERATION,
        "Period",
        constraint=(
            "Period IterationNumber goes with XAxisType IterationNumber, the others with Timestamp"
        ),
        effect=_INVALID,
        provenance="assumed",
        source="published nowhere; both members set the x-axis, and no source describes a mixture",
        code="ValidationError",
        holds=lambda queries: all(map(_is_period_of_axis, queries)),
        explain=lambda get, index: (
            f"Period {get.queries[index].period} does not go with XAxisType "
            f"{get.queries[index].x_axis_type}: Period IterationNumber goes with XAxisType "
            "IterationNumber, the others with Timestamp."
        ),
    ),
    Rule(
        "MetricQuery.Start.end",
        OPERATION,
        "Start",
        constraint="Start is not after End",
        effect=_INVALID,
        provenance="assumed",
        source=UNPUBLISHED,
        code="ValidationError",
        holds=lambda queries: all(map(_is_in_order, queries)),
        explain=lambda get, index: (
            f"Start {get.queries[index].start} is after End {get.queries[index].end}."
        ),
    ),
)
"""The rules about single queries. If a query breaks several, the first one counts."""

_of = MemberRules(OPERATION)
_of_query = MemberRules(OPERATION, "MetricQuery.")

GET_RULES: tuple[Rule, ...] = (
    _of.list("MetricQueries"),
    _of.required("MetricQueries", _API),
    _of.least_length("MetricQueries", 1, _API),
    _of.most_length("MetricQueries", 100, _API),
    _of.structure("MetricQuery"),
    _of_query.string("MetricName"),
    _of_query.required("MetricName", _QUERY),
    _of_query.least_length("MetricName", 1, _QUERY),
    _of_query.most_length("MetricName", 255, _QUERY),
    _of_query.pattern("MetricName", ".+", _QUERY),
    _of_query.string("ResourceArn"),
    _of_query.required("ResourceArn", _QUERY),
    _of_query.most_length("ResourceArn", 2048, _QUERY),
    _of_query.pattern("ResourceArn", _ARN, _QUERY),
    _of_query.string("MetricStat"),
    _of_query.required("MetricStat", _QUERY),
    _of_query.enum("MetricStat", tuple(STATISTICS), _QUERY),
    _of_query.string("Period"),
    _of_query.required("Period", _QUERY),
    _of_query.enum("Period", tuple(PERIODS), _QUERY),
    _of_query.string("XAxisType"),
    _of_query.required("XAxisType", _QUERY),
    _of_query.enum("XAxisType", AXES, _QUERY),
    _of_query.integer("Start"),
    _of_query.least("Start", -(2**63), _LONG),
    _of_query.most("Start", 2**63 - 1, _LONG),
    _of_query.integer("End"),
    _of_query.least("End", -(2**63), _LONG),
    _of_query.most("End", 2**63 - 1, _LONG),
    *QUERY_RULES,
    Rule(
        "MetricQueries.order",
        OPERATION,
        "MetricQueries",
        constraint="Each query is answered separately, in the order of the request",
        effect=(
            'HTTP 200, {"MetricQueryResults": '
            '[{"Status": ..., "XAxisValues": [...], "MetricValues": [...]}]}'
        ),
        provenance="documented",
        source=_RESULT + " (the shape; the order is assumed: results carry no name)",
    ),
    Rule(
        "MetricQueries.malformed",
        OPERATION,
        "MetricQueries",
        constraint="A member of a query violates its shape: type, length, pattern, enum",
        effect="The whole request fails with HTTP 400",
        provenance="assumed",
        source="published nowhere; other AWS services check their models' constraints in this way",
    ),
    Rule(
        "MetricQuery.ResourceArn.unknown",
        OPERATION,
        "ResourceArn",
        constraint=(
            "No trial component has this name, region, account and partition, or it has no such "
            "metric"
        ),
        effect="Status Complete, no values",
        provenance="assumed",
        source=UNPUBLISHED,
    ),
    Rule(
        "MetricQuery.ResourceArn.case",
        OPERATION,
        "ResourceArn",
        constraint="The name in the ARN has upper-case letters",
        effect="The ARN names the trial component of that name in lower case",
        provenance="documented",
        source=(
            "Amazon SageMaker API Reference, CreateTrialComponent (names are not case-sensitive)"
        ),
    ),
    Rule(
        "MetricQuery.ResourceArn.region",
        OPERATION,
        "ResourceArn",
        constraint="The resource is in another region than the client",
        effect="The query is answered from the resource's region",
        provenance="assumed",
        source=UNPUBLISHED,
    ),
    Rule(
        "XAxisValues.bucket",
        OPERATION,
        "XAxisType",
        constraint="Several metrics have the same value of the x-axis",
        effect="MetricValues has one value for them: the statistic over all of them",
        provenance="observed",
        source=_OBSERVED,
    ),
    Rule(
        "XAxisValues.ascending",
        OPERATION,
        "XAxisType",
        constraint="A result has several values",
        effect="XAxisValues ascend",
        provenance="assumed",
        source=UNPUBLISHED,
    ),
    Rule(
        "XAxisValues.step",
        OPERATION,
        "XAxisType",
        constraint="XAxisType is IterationNumber",
        effect="XAxisValues are Steps; a metric without a Step is left out",
        provenance="assumed",
        source="published nowhere; that they are Steps: " + _OBSERVED,
    ),
    Rule(
        "XAxisValues.timestamp",
        OPERATION,
        "XAxisType",
        constraint="XAxisType is Timestamp",
        effect="XAxisValues are the starts of Periods, in milliseconds since the epoch",
        provenance="assumed",
        source=UNPUBLISHED,
    ),
    Rule(
        "MetricQuery.Start.inclusive",
        OPERATION,
        "Start",
        constraint="A query has Start or End",
        effect=(
            "The result has the values with Start <= XAxisValue <= End, in the unit of XAxisValues"
        ),
        provenance="assumed",
        source=(_QUERY + ' says only "the start time" and "the end time of metrics to retrieve"'),
    ),
    Rule(
        "MetricValues.last",
        OPERATION,
        "MetricStat",
        constraint="MetricStat is Last",
        effect="The Value with the latest Timestamp; of equal ones, the first to arrive",
        provenance="observed",
        source=_OBSERVED,
    ),
    Rule(
        "MetricValues.count",
        OPERATION,
        "MetricStat",
        constraint="MetricStat is Count",
        effect="The number of metrics, as a double",
        provenance="observed",
        source=_OBSERVED,
    ),
    Rule(
        "MetricValues.stddev",
        OPERATION,
        "MetricStat",
        constraint="MetricStat is StdDev",
        effect="The sample standard deviation (n - 1); 0 for one metric",
        provenance="assumed",
        source=UNPUBLISHED,
    ),
    Rule(
        "MetricValues.truncated",
        OPERATION,
        "",
        constraint="A query has more than query_limit values",
        effect="Status Truncated, the first query_limit values",
        provenance="documented",
        source=(
            _RESULT + " (the status; the number is published nowhere; that the first values are "
            "kept is assumed)"
        ),
        setting="query_limit",
    ),
)
