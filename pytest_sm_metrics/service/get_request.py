"""A BatchGetMetrics request: its queries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from .arns import region_of, trial_component_named
from .get_rules import OPERATION
from .parsing import Member, read_json, read_members, read_object


class Query(NamedTuple):
    """One item of MetricQueries."""

    metric_name: str
    resource_arn: str
    metric_stat: str
    period: str
    x_axis_type: str
    start: int | None
    end: int | None

    @property
    def trial_component(self) -> str | None:
        """The name of the trial component that it is about; None where the ResourceArn names something else."""
        return trial_component_named(self.resource_arn)

    @property
    def region(self) -> str:
        """The region of the resource."""
        return region_of(self.resource_arn)

    @property
    def described(self) -> str:
        """What it asks for, in a few words."""
        of = (
            self.resource_arn
            if self.trial_component is None
            else f"{self.trial_component!r} in {self.region}"
        )
        within = "" if (self.start, self.end) == (None, None) else f", {self.start} to {self.end}"
        return f"{self.metric_stat} of {self.metric_name!r} of {of} by {self.period}{within}"


class GetMetrics(NamedTuple):
    """A well-formed BatchGetMetrics request."""

    queries: Sequence[Query]

    @property
    def columns(self) -> dict[str, Sequence[object]]:
        """What filters of queries look at."""
        return {
            name: [getattr(query, name) for query in self.queries]
            for name in ("metric_name", "trial_component", "region")
        }


_QUERIES = Member(OPERATION, "MetricQueries", "metricQueries")
_QUERY = Member(OPERATION, "MetricQuery", "metricQueries.{}.member")
_OF_A_QUERY = tuple(
    Member(OPERATION, name, "metricQueries.{}.member." + name[0].lower() + name[1:])
    for name in ("MetricName", "ResourceArn", "MetricStat", "Period", "XAxisType", "Start", "End")
)


def parse_get_metrics(body: bytes) -> GetMetrics:
    """Read the body of a BatchGetMetrics request, or raise MalformedRequestError."""
    *columns, starts, ends = read_members(
        read_object(body), (_QUERIES,), _QUERIES, _QUERY, _OF_A_QUERY
    )
    return GetMetrics(
        [
            Query(*members)
            for members in zip(*columns, map(_whole, starts), map(_whole, ends), strict=True)
        ]
    )


def _whole(number: Any) -> int | None:
    return None if number is None else int(number)


def resource_arns_in(body: bytes) -> list[str]:
    """The ResourceArns as sent, however the rest looks."""
    try:
        queries: Any = read_json(body)["MetricQueries"]
    except (ValueError, TypeError, LookupError):
        return []
    found = (
        [query.get("ResourceArn") for query in queries if isinstance(query, dict)]
        if isinstance(queries, list)
        else []
    )
    return [arn for arn in found if isinstance(arn, str)]
