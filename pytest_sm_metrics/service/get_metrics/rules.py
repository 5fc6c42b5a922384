"""The rules of BatchGetMetrics.

What the service model can say of a query, the shape of each member, fails the whole request, as it does in every
operation of AWS: the request is refused before anybody looks at single queries. What no shape can say, how members of
one query go together, leaves the request well-formed, and is what the query's own ValidationError is for.
"""

from __future__ import annotations

from ..rule import MODEL, UNPUBLISHED, MemberRules, Rule
from ..statistics import STATISTICS

OPERATION = "BatchGetMetrics"

PERIODS = {"OneMinute": 60, "FiveMinute": 300, "OneHour": 3600, "IterationNumber": None}
"""The seconds of each period; None: one value of the x-axis is one Step."""
AXES = ("IterationNumber", "Timestamp")

_INVALID = (
    "HTTP 200, Status ValidationError with a Message, no values; the other queries are answered"
)

_API = "Amazon SageMaker API Reference, BatchGetMetrics"
_QUERY = "Amazon SageMaker API Reference, MetricQuery"
_RESULT = "Amazon SageMaker API Reference, MetricQueryResult"
_LONG = MODEL + " (long: 64 bits); that it is a ValidationException: assumed"
_OBSERVED = "answer of the service, 2026-09"

QUERY_RULES: tuple[Rule, ...] = (
    Rule(
        "MetricQuery.Period.axis",
        OPERATION,
        "Period",
        "Period IterationNumber goes with XAxisType IterationNumber, the others with Timestamp",
        _INVALID,
        "assumed",
        "published nowhere; both say where a value stands on the x-axis, and nobody says how they would mix",
        code="ValidationError",
        holds=lambda queries: all(
            (PERIODS[query.period] is None) == (query.x_axis_type == "IterationNumber")
            for query in queries
        ),
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
        "Start is not after End",
        _INVALID,
        "assumed",
        UNPUBLISHED,
        code="ValidationError",
        holds=lambda queries: all(
            query.start is None or query.end is None or query.start <= query.end
            for query in queries
        ),
        explain=lambda get, index: (
            f"Start {get.queries[index].start} is after End {get.queries[index].end}."
        ),
    ),
)
"""The rules about single queries. Of several that one query breaks, the first counts."""

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
    _of_query.pattern("ResourceArn", r"arn:aws[a-z\-]*:sagemaker:[a-z0-9\-]*:[0-9]{12}:[a-z\-].*/.*", _QUERY),
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
        "MetricQueries.order", OPERATION, "MetricQueries", "Queries are answered in the order of the request, each for itself",
        "HTTP 200, {\"MetricQueryResults\": [{\"Status\": ..., \"XAxisValues\": [...], \"MetricValues\": [...]}]}",
        "documented", _RESULT + " (the shape; that the order is the same is assumed: results carry no name)",
    ),
    Rule(
        "MetricQueries.malformed", OPERATION, "MetricQueries", "A member of some query breaks its shape: type, length, pattern, enum",
        "the whole request is refused with HTTP 400", "assumed", "published nowhere; as AWS's services treat their models' constraints",
    ),
    Rule(
        "MetricQuery.ResourceArn.unknown", OPERATION, "ResourceArn",
        "The trial component, or the metric in it, does not exist: by its name, region, account or partition",
        "Status Complete, no values", "assumed", UNPUBLISHED,
    ),
    Rule(
        "MetricQuery.ResourceArn.case", OPERATION, "ResourceArn", "The name in the ARN has upper-case letters",
        "it is the trial component of that name in lower case", "documented",
        "Amazon SageMaker API Reference, CreateTrialComponent (names are not case-sensitive)",
    ),
    Rule(
        "MetricQuery.ResourceArn.region", OPERATION, "ResourceArn", "The resource is in another region than the client",
        "it is answered all the same", "assumed", UNPUBLISHED,
    ),
    Rule(
        "XAxisValues.bucket", OPERATION, "XAxisType", "Metrics share a value of the x-axis",
        "one value in MetricValues, the statistic over all of them", "observed", _OBSERVED,
    ),
    Rule(
        "XAxisValues.ascending", OPERATION, "XAxisType", "A result has several values",
        "XAxisValues ascend", "assumed", UNPUBLISHED,
    ),
    Rule(
        "XAxisValues.step", OPERATION, "XAxisType", "XAxisType is IterationNumber",
        "XAxisValues are Steps; a metric without a Step has no place", "assumed", "published nowhere; that they are Steps: " + _OBSERVED,
    ),
    Rule(
        "XAxisValues.timestamp", OPERATION, "XAxisType", "XAxisType is Timestamp",
        "XAxisValues are the beginnings of Periods, in milliseconds since the epoch", "assumed", UNPUBLISHED,
    ),
    Rule(
        "MetricQuery.Start.inclusive", OPERATION, "Start", "A query has Start or End",
        "values with Start <= XAxisValue <= End, in the unit of XAxisValues", "assumed",
        _QUERY + " says no more than \"the start time\" and \"the end time of metrics to retrieve\"",
    ),
    Rule(
        "MetricValues.last", OPERATION, "MetricStat", "MetricStat is Last",
        "the Value with the latest Timestamp, of equal ones the first to arrive", "observed", _OBSERVED,
    ),
    Rule(
        "MetricValues.count", OPERATION, "MetricStat", "MetricStat is Count",
        "how many metrics there are, as a double", "observed", _OBSERVED,
    ),
    Rule(
        "MetricValues.stddev", OPERATION, "MetricStat", "MetricStat is StdDev",
        "the sample standard deviation (n - 1), 0 for one metric", "assumed", UNPUBLISHED,
    ),
    Rule(
        "MetricValues.truncated", OPERATION, "", "A query has more than query_limit values",
        "Status Truncated, the first query_limit values", "documented",
        _RESULT + " (the status; the number is published nowhere; that the first values are kept is assumed)", "query_limit",
    ),
)  # fmt: skip
