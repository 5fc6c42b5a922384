"""Answers to queries.

Metrics with the same value of the x-axis form a bucket. The answer has one statistic per bucket.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from ..arns import trial_component_arn
from ..faults.kinds import QueryFault
from ..numbers import as_sent
from ..statistics import STATISTICS
from ..store import NO_STEP, SeriesColumns, Store
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
    x_of = _x_values(columns, query.period)
    rows = sorted(_rows_within(x_of, query.start, query.end), key=x_of.__getitem__)
    xs = [x_of[row] for row in rows]
    values = [columns.values[row] for row in rows]
    timestamps = [columns.timestamps[row] for row in rows]
    begins = [index for index, x in enumerate(xs) if index == 0 or x != xs[index - 1]]
    buckets = [slice(begin, end) for begin, end in pairwise([*begins, len(xs)])]
    statistic = STATISTICS[query.metric_stat]
    figures = [statistic(values[bucket], timestamps[bucket]) for bucket in buckets]
    return [xs[begin] for begin in begins], figures


def _x_values(columns: SeriesColumns, period: str) -> Sequence[int]:
    seconds = PERIODS[period]
    if seconds is None:
        return columns.steps
    return [int(timestamp // seconds) * seconds * 1000 for timestamp in columns.timestamps]


def _rows_within(x_of: Sequence[int], start: int | None, end: int | None) -> Sequence[int]:
    """Return the rows between Start and End that have a value on the x-axis.

    NO_STEP marks a metric without a Step. No period starts at that millisecond.
    """
    least = -math.inf if start is None else start
    most = math.inf if end is None else end
    return [row for row, x in enumerate(x_of) if least <= x <= most and x != NO_STEP]


def _shaped(
    status: str, message: str | None, xs: Sequence[int] = (), values: Sequence[float] = ()
) -> dict[str, Any]:
    result: dict[str, Any] = {"Status": status}
    if message is not None:
        result["Message"] = message
    result["XAxisValues"] = xs
    result["MetricValues"] = list(map(as_sent, values))
    return result
