"""Answers to queries.

Metrics with the same value of the x-axis form a bucket. The answer has one statistic per bucket.
"""

from __future__ import annotations

import json
import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

from ..arns import trial_component_arn
from ..faults.kinds import QueryFault
from ..numbers import as_sent
from ..statistics import STATISTICS
from ..store import SeriesColumns, Store
from .request import GetMetrics, Query
from .rules import PERIODS, QUERY_RULES

Curve = tuple[list[int], list[float]]
"""The values of the x-axis, ascending, and the statistic at each."""


class GetResult(NamedTuple):
    """The result of a BatchGetMetrics request."""

    body: bytes
    """The body of the answer."""
    statuses: tuple[str, ...]
    """The Status of each query."""

    @property
    def refused(self) -> tuple[()]:
        """The metrics that were not stored: none."""
        return ()

    @property
    def errors(self) -> list[dict[str, Any]]:
        """The Errors of the answer: none."""
        return []

    @property
    def summary(self) -> str:
        """The number of queries with each Status."""
        return ", ".join(f"{times} {status}" for status, times in Counter(self.statuses).items())


def answer_queries(store: Store, get: GetMetrics, injected: Mapping[int, QueryFault]) -> GetResult:
    """Answer each query of a request, in order."""
    results = [_result(store, get, index, injected.get(index)) for index in range(len(get.queries))]
    return GetResult(
        json.dumps({"MetricQueryResults": results}).encode(),
        tuple(result["Status"] for result in results),
    )


def _result(store: Store, get: GetMetrics, index: int, fault: QueryFault | None) -> dict[str, Any]:
    query = get.queries[index]
    if fault and fault.status != "Truncated":
        return _shaped(fault.status, fault.message)
    broken = [rule for rule in QUERY_RULES if rule.breaches([query]) and rule.is_on(store.settings)]
    if broken and not fault:
        return _shaped(str(broken[0].code), broken[0].why(get, index))
    columns = None if broken else _columns(store, query)
    xs, values = curve(columns, query) if columns else ([], [])
    limit = store.settings.query_limit
    is_complete = limit is None or len(xs) <= limit
    xs, values = xs[:limit], values[:limit]
    if fault:
        return _shaped("Truncated", fault.message, xs[:-1], values[:-1])
    return _shaped("Complete" if is_complete else "Truncated", None, xs, values)


def _columns(store: Store, query: Query) -> SeriesColumns | None:
    name = query.trial_component
    if name is None:
        return None
    arn = trial_component_arn(query.region, store.settings.account_id, name)
    if query.resource_arn.lower() != arn:
        return None
    component = store.get(name, query.region)
    return component.series().get(query.metric_name) if component else None


def curve(columns: SeriesColumns, query: Query) -> Curve:
    """Return the statistic over the metrics of one name, for each value of the x-axis.

    The x-axis has Steps, or the starts of periods in milliseconds since the epoch.
    """
    timestamps, values = columns.timestamps.tolist(), columns.values.tolist()
    xs = _x_values(columns, query.period)
    ascending = sorted(xs)
    if xs != ascending:
        order = sorted(range(len(xs)), key=xs.__getitem__)
        timestamps, values = [timestamps[row] for row in order], [values[row] for row in order]
    least, most = _bounds(query)
    begin, end = bisect_left(ascending, least), bisect_right(ascending, most)
    buckets = Counter(ascending[begin:end])  # in order, like its argument
    edges = accumulate(buckets.values(), initial=begin)
    statistic = STATISTICS[query.metric_stat]
    figures = [
        statistic(values[first:after], timestamps[first:after]) for first, after in pairwise(edges)
    ]
    return list(buckets), figures


def _x_values(columns: SeriesColumns, period: str) -> list[int]:
    seconds = PERIODS[period]
    if seconds is None:
        return columns.steps.tolist()
    return [int(timestamp // seconds) * seconds * 1000 for timestamp in columns.timestamps]


def _bounds(query: Query) -> tuple[float, float]:
    """Return the least and the greatest value of the x-axis that a query asks for.

    A Step is 0 or more; what marks a metric without one (`store.NO_STEP`) is less.
    """
    least = -math.inf if query.start is None else query.start
    if PERIODS[query.period] is None:
        least = max(least, 0)
    return least, math.inf if query.end is None else query.end


def _shaped(
    status: str, message: str | None, xs: Sequence[int] = (), values: Sequence[float] = ()
) -> dict[str, Any]:
    result: dict[str, Any] = {"Status": status}
    if message is not None:
        result["Message"] = message
    result["XAxisValues"] = xs
    is_finite = all(map(math.isfinite, values))
    result["MetricValues"] = values if is_finite else list(map(as_sent, values))
    return result
