"""The parser of BatchGetMetrics requests."""

from __future__ import annotations

from typing import Any

from ..parsing import Member, read_json, read_members, read_object
from .request import GetMetrics, Query
from .rules import GET_RULES

_QUERIES = Member(GET_RULES, "MetricQueries", "metricQueries")
_QUERY = Member(GET_RULES, "MetricQuery", "metricQueries.{}.member")
_QUERY_MEMBERS = tuple(
    Member(GET_RULES, name, "metricQueries.{}.member." + name[0].lower() + name[1:])
    for name in ("MetricName", "ResourceArn", "MetricStat", "Period", "XAxisType", "Start", "End")
)


def parse_get_metrics(body: bytes) -> GetMetrics:
    """Read the body of a BatchGetMetrics request, or raise RefusedRequestError."""
    *columns, starts, ends = read_members(
        read_object(body), (_QUERIES,), _QUERIES, _QUERY, _QUERY_MEMBERS
    )
    rows = zip(*columns, map(_whole, starts), map(_whole, ends), strict=True)
    return GetMetrics([Query(*row) for row in rows])


def _whole(number: Any) -> int | None:
    return None if number is None else int(number)


def resource_arns_in(body: bytes) -> list[str]:
    """Return the ResourceArns as sent. Ignore all other members."""
    try:
        queries: Any = read_json(body)["MetricQueries"]
    except (ValueError, TypeError, LookupError):
        return []
    if not isinstance(queries, list):
        return []
    arns = [query.get("ResourceArn") for query in queries if isinstance(query, dict)]
    return [arn for arn in arns if isinstance(arn, str)]
