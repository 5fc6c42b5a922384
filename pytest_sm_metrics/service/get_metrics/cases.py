"""The cases of BatchGetMetrics: one for each of its rules, and one that reads back what was put."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from ..case import Case, Exchange, Expected, Place, RawRequest
from ..put_metrics.cases import ABSENT, metric, put, shape_cases


def query(place: Place, **members: Any) -> dict[str, Any]:
    """Return a query that every rule accepts, with some members changed or left out."""
    whole = {
        "MetricName": "loss",
        "ResourceArn": place.arn,
        "MetricStat": "Last",
        "Period": "IterationNumber",
        "XAxisType": "IterationNumber",
        **members,
    }
    return {name: value for name, value in whole.items() if value is not ABSENT}


def get(*queries: Any, **members: Any) -> RawRequest:
    """Return a request with queries, with some members changed or left out."""
    whole = {"MetricQueries": list(queries), **members}
    present = {name: value for name, value in whole.items() if value is not ABSENT}
    return RawRequest("POST", "/BatchGetMetrics", json.dumps(present).encode())


def _query_with(member: str, value: Any) -> Callable[[Place], RawRequest]:
    return lambda place: get(query(place, **{member: value}))


_BREAKING: dict[str, Callable[[Place], RawRequest]] = {
    "MetricQueries.type": lambda place: get(MetricQueries=query(place)),
    "MetricQueries.required": lambda _: get(MetricQueries=ABSENT),
    "MetricQueries.min": lambda _: get(),
    "MetricQueries.max": lambda place: get(*[query(place)] * 101),
    "MetricQuery.type": lambda _: get("loss"),
    "MetricQuery.MetricName.min": _query_with("MetricName", ""),
    "MetricQuery.MetricName.max": _query_with("MetricName", "a" * 256),
    "MetricQuery.MetricName.pattern": _query_with("MetricName", "\n"),
    "MetricQuery.ResourceArn.max": lambda place: get(
        query(place, ResourceArn=place.arn + "a" * 2048)
    ),
    "MetricQuery.ResourceArn.pattern": _query_with("ResourceArn", "run-1"),
    "MetricQuery.MetricStat.enum": _query_with("MetricStat", "Median"),
    "MetricQuery.Period.enum": _query_with("Period", "OneDay"),
    "MetricQuery.XAxisType.enum": _query_with("XAxisType", "Step"),
    **{
        f"MetricQuery.{member}.{kind}": _query_with(member, value)
        for member in ("MetricName", "ResourceArn", "MetricStat", "Period", "XAxisType")
        for kind, value in (("type", 7), ("required", ABSENT))
    },
    **{
        f"MetricQuery.{member}.{kind}": _query_with(member, value)
        for member in ("Start", "End")
        for kind, value in (("type", 0.5), ("min", -(2**63) - 1), ("max", 2**63))
    },
}


def _result(xs: Sequence[float], values: Sequence[float], status: str = "Complete") -> Any:
    return {"Status": status, "XAxisValues": list(xs), "MetricValues": list(values)}


def _results(*results: Any) -> Expected:
    return Expected(200, body={"MetricQueryResults": list(results)})


def _read_back(
    rule: str,
    points: Sequence[dict[str, Any]],
    queries: Callable[[Place], Sequence[Any]],
    expected: Callable[[Place], Expected],
    **settings: Any,
) -> Case:
    """Return a case that puts points, then reads them back.

    A Timestamp of a point is in seconds after the time of the case.
    """

    def exchanges(place: Place) -> list[Exchange]:
        metrics = [
            metric(place, **{**one, "Timestamp": place.now + one.get("Timestamp", 0)})
            for one in points
        ]
        stored = Exchange(put(place, *metrics), Expected(200, body={"Errors": []}))
        return [stored, Exchange(get(*queries(place)), expected(place))]

    return Case(rule, exchanges, settings)


def _statistic(rule: str, statistic: str, value: float, *points: dict[str, Any]) -> Case:
    """Return a case of one statistic over all points, which have the same Step."""
    return _read_back(
        rule,
        points,
        lambda place: [query(place, MetricStat=statistic)],
        lambda _: _results(_result([0], [value])),
    )


_UNKNOWN = "a-trial-component-that-does-not-exist"
_THREE = [{"Step": step, "Value": value} for step, value in ((3, 0.25), (1, 1.0), (2, 0.5))]

GET_CASES: tuple[Case, ...] = (
    *shape_cases(_BREAKING),
    _statistic("MetricData.append", "Count", 2.0, {}, {}),
    _read_back(
        "MetricQuery.Period.axis",
        [{}],
        lambda place: [query(place, Period="OneHour"), query(place)],
        lambda _: Expected(200, body=_statuses("ValidationError", "Complete")),
    ),
    _read_back(
        "MetricQuery.Start.end",
        [{}],
        lambda place: [query(place, Start=2, End=1), query(place)],
        lambda _: Expected(200, body=_statuses("ValidationError", "Complete")),
    ),
    _read_back(
        "MetricQueries.order",
        [{}, {"MetricName": "accuracy", "Value": 1.0}],
        lambda place: [query(place, MetricName="accuracy"), query(place)],
        lambda _: _results(_result([0], [1.0]), _result([0], [0.5])),
    ),
    Case(
        "MetricQueries.malformed",
        lambda place: [Exchange(get(query(place), query(place, Period="OneDay")), Expected(400))],
    ),
    Case(
        "MetricQuery.ResourceArn.unknown",
        lambda place: [
            Exchange(
                get(query(place, ResourceArn=f"{place.arn.rpartition('/')[0]}/{_UNKNOWN}")),
                _results(_result([], [])),
            )
        ],
    ),
    _read_back(
        "MetricQuery.ResourceArn.case",
        [{}],
        lambda place: [
            query(place, ResourceArn=place.arn.replace(place.run, place.run.upper())),
        ],
        lambda _: _results(_result([0], [0.5])),
    ),
    Case(
        "MetricQuery.ResourceArn.region",
        None,
        why_not="it takes a second region",
    ),
    _read_back(
        "XAxisValues.bucket",
        [{"Value": 1.0}, {"Value": 0.5, "Timestamp": 1}, {"Step": 1, "Value": 0.25}],
        lambda place: [query(place, MetricStat="Avg")],
        lambda _: _results(_result([0, 1], [0.75, 0.25])),
    ),
    _read_back(
        "XAxisValues.ascending",
        _THREE,
        lambda place: [query(place)],
        lambda _: _results(_result([1, 2, 3], [1.0, 0.5, 0.25])),
    ),
    _read_back(
        "XAxisValues.step",
        [{"Step": ABSENT, "Value": 1.0}, {"Step": 7}],
        lambda place: [query(place)],
        lambda _: _results(_result([7], [0.5])),
    ),
    _read_back(
        "XAxisValues.timestamp",
        [{"Value": 1.0, "Timestamp": 60}, {"Value": 0.5, "Timestamp": 125}],
        lambda place: [query(place, Period="OneMinute", XAxisType="Timestamp")],
        lambda place: _results(
            _result([(place.now + 60) * 1000, (place.now + 120) * 1000], [1.0, 0.5])
        ),
    ),
    _read_back(
        "MetricQuery.Start.inclusive",
        _THREE,
        lambda place: [query(place, Start=1, End=2)],
        lambda _: _results(_result([1, 2], [1.0, 0.5])),
    ),
    _statistic("MetricValues.last", "Last", 1.0, {"Value": 1.0}, {"Value": 0.5}),
    _statistic("MetricValues.count", "Count", 3.0, {}, {"Timestamp": 1}, {"Timestamp": 2}),
    _statistic(
        "MetricValues.stddev", "StdDev", 2.0, {"Value": 1.0}, {"Value": 3.0}, {"Value": 5.0}
    ),
    _read_back(
        "MetricValues.truncated",
        _THREE,
        lambda place: [query(place)],
        lambda _: _results(_result([1, 2], [1.0, 0.5], "Truncated")),
        query_limit=2,
    ),
)


def _statuses(*statuses: str) -> Any:
    """Return the part of an answer that counts where messages are published nowhere."""
    return {"MetricQueryResults": [{"Status": status} for status in statuses]}
