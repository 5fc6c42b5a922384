"""Well-formed BatchGetMetrics requests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..arns import region_of, trial_component_named


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
        """The name of the trial component; None if the ResourceArn names something else."""
        return trial_component_named(self.resource_arn)

    @property
    def region(self) -> str:
        """The region of the resource."""
        return region_of(self.resource_arn)

    @property
    def described(self) -> str:
        """A description of all its members."""
        name = self.trial_component
        of = self.resource_arn if name is None else f"{name!r} in {self.region}"
        within = "" if self.start is self.end is None else f", {self.start} to {self.end}"
        return f"{self.metric_stat} of {self.metric_name!r} of {of} by {self.period}{within}"


class GetMetrics(NamedTuple):
    """A well-formed BatchGetMetrics request."""

    queries: Sequence[Query]

    @property
    def columns(self) -> dict[str, Sequence[object]]:
        """The columns that the filters of faults match, by the name of the filter."""
        return {
            name: [getattr(query, name) for query in self.queries]
            for name in ("metric_name", "trial_component", "region")
        }

    def described(self, whole: bool) -> Sequence[str]:
        """Describe each query: statistic and metric, or, if `whole` is true, all its members."""
        if whole:
            return [query.described for query in self.queries]
        return [f"{query.metric_stat} of {query.metric_name}" for query in self.queries]
