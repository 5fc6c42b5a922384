"""Reading what the service holds: views of its store and journal."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, overload

from ..clock import as_datetime
from ..exceptions import AbsentError
from ..service.arns import trial_component_arn
from ..service.journal import Call
from ..service.rule import Rule
from ..service.service import Service
from ..service.statistics import STATISTICS, last_of_the_latest
from ..service.store import NO_STEP, SeriesColumns, StoredTrialComponent
from ..wording import counted
from .why_absent import every_rejection, why_no_metric


@dataclass(frozen=True)
class Metric:
    """One item of MetricData, as the service took it."""

    metric_name: str
    value: float
    step: int | None
    """None if the item had no Step."""
    timestamp: datetime
    """Aware, UTC."""


class MetricSeries(Sequence[Metric]):
    """The metrics of one name in one trial component, in order of arrival, as they were when it was asked for.

    A slice is a series again. An empty slice has no statistics: a ValueError.
    """

    def __init__(self, name: str, columns: SeriesColumns, rows: range | None = None) -> None:
        self.metric_name = name
        self._columns = columns
        self._rows = range(len(columns.arrivals)) if rows is None else rows

    @property
    def values(self) -> list[float]:
        """The Values."""
        return self._column(self._columns.values)

    @property
    def steps(self) -> list[int | None]:
        """The Steps; None where an item had none."""
        return [None if step == NO_STEP else step for step in self._column(self._columns.steps)]

    @property
    def timestamps(self) -> list[datetime]:
        """The Timestamps; aware, UTC."""
        return list(map(as_datetime, self._column(self._columns.timestamps)))

    @property
    def min(self) -> float:
        """The smallest Value."""
        return self._statistic("Min")

    @property
    def max(self) -> float:
        """The largest Value."""
        return self._statistic("Max")

    @property
    def avg(self) -> float:
        """The arithmetic mean of the Values."""
        return self._statistic("Avg")

    @property
    def std_dev(self) -> float:
        """The sample standard deviation of the Values (n - 1; assumed of the service), 0 for one Value."""
        return self._statistic("StdDev")

    @property
    def last(self) -> float:
        """The Value with the latest Timestamp; of equal ones the last to arrive (BatchGetMetrics: the first)."""
        self._require_some()
        return self._columns.values[
            self._rows[last_of_the_latest(self._column(self._columns.timestamps))]
        ]

    def _statistic(self, name: str) -> float:
        self._require_some()
        return STATISTICS[name](self.values, self._column(self._columns.timestamps))

    def _require_some(self) -> None:
        if not self._rows:
            raise ValueError(f"an empty series of {self.metric_name!r} has no statistics")

    def _column(self, column: array[Any]) -> list[Any]:
        rows = self._rows
        return (
            column[rows.start : rows.stop].tolist()
            if rows.step == 1
            else [column[row] for row in rows]
        )

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> Metric: ...

    @overload
    def __getitem__(self, index: slice) -> MetricSeries: ...

    def __getitem__(self, index: int | slice) -> Metric | MetricSeries:
        __tracebackhide__ = True
        if isinstance(index, slice):
            return MetricSeries(self.metric_name, self._columns, self._rows[index])
        try:
            return self._metric(self._rows[index])
        except IndexError:
            raise IndexError(
                f"index {index} of {self.metric_name!r}, which has {counted(len(self), 'metric')}"
            ) from None

    def __iter__(self) -> Iterator[Metric]:
        return map(self._metric, self._rows)

    def _metric(self, row: int) -> Metric:
        columns = self._columns
        step = columns.steps[row]
        return Metric(
            self.metric_name,
            columns.values[row],
            None if step == NO_STEP else step,
            as_datetime(columns.timestamps[row]),
        )

    def __eq__(self, other: object) -> bool:
        if isinstance(other, (MetricSeries, list, tuple)):
            return list(self) == list(other)
        return NotImplemented

    def __repr__(self) -> str:
        values = [repr(value) for value in self.values]
        shown = values if len(values) <= 8 else [*values[:4], "...", *values[-3:]]
        return f"<MetricSeries {self.metric_name!r}: {counted(len(values), 'value')} [{', '.join(shown)}]>"


class TrialComponent(Mapping[str, MetricSeries]):
    """A trial component in one region: a read-only mapping from its metric names, in order of first arrival, to their series."""

    def __init__(self, service: Service, name: str, region: str) -> None:
        self._service = service
        self._name = name
        self._region = region

    @property
    def _stored(self) -> StoredTrialComponent:
        return self._service.stored(self._name, self._region)

    @property
    def name(self) -> str:
        """The TrialComponentName."""
        return self._name

    @property
    def region(self) -> str:
        """The AWS region; `*` for one that was created in every region and written to in none."""
        return self._region

    @property
    def account_id(self) -> str:
        """The account that owns it: the setting `account_id`."""
        return self._service.settings.account_id

    @property
    def arn(self) -> str:
        """Its ARN, `arn:<partition>:sagemaker:<region>:<account>:experiment-trial-component/<name>`."""
        return trial_component_arn(self.region, self.account_id, self.name)

    @property
    def metrics(self) -> list[Metric]:
        """Every accepted metric, in order of arrival."""
        series = list(self.values())
        arrived = [
            (arrival, metric)
            for one in series
            for arrival, metric in zip(one._columns.arrivals, one, strict=False)
        ]
        return [metric for _, metric in sorted(arrived, key=lambda pair: pair[0])]

    def __getitem__(self, metric_name: str) -> MetricSeries:
        __tracebackhide__ = True
        columns = (
            self._service.series(self._stored).get(metric_name)
            if isinstance(metric_name, str)
            else None
        )
        if columns is None:
            raise AbsentError(
                metric_name, partial(why_no_metric, self._service, self._stored, metric_name)
            )
        return MetricSeries(metric_name, columns)

    def __contains__(self, metric_name: object) -> bool:
        return isinstance(metric_name, str) and metric_name in self._service.series(self._stored)

    def __iter__(self) -> Iterator[str]:
        return iter(self._service.series(self._stored))

    def __len__(self) -> int:
        return len(self._service.series(self._stored))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, TrialComponent):
            return (self.arn, self.metrics) == (other.arn, other.metrics)
        return NotImplemented

    def __repr__(self) -> str:
        held = ", ".join(f"{name!r} ({len(series)})" for name, series in list(self.items())[:10])
        return f"<TrialComponent {self.name!r} in {self.region}: {held or 'no metrics'}{', ...' if len(self) > 10 else ''}>"


@dataclass(frozen=True, repr=False)
class RejectedMetric:
    """One metric that was refused in an answer with HTTP 200: an entry of Errors."""

    code: str
    """The Code in Errors, `VALIDATION_ERROR` for one."""
    index: int
    """The MetricIndex in Errors: the place in the call's MetricData, from 0."""
    metric: Metric
    reason: str
    """Why, with the values that made it so."""
    rule: Rule | None
    """The rule that it broke; None for an injected one."""
    injected: bool
    """Whether a fault did it, not a rule."""
    call: Call

    def __repr__(self) -> str:
        metric = self.metric
        return (
            f"<RejectedMetric {metric.metric_name!r} (step {metric.step}) of {self.call.trial_component!r} in {self.call.region}: "
            f"{self.code}, {self.reason}>"
        )


def rejected_metrics(service: Service, calls: Sequence[Call]) -> list[RejectedMetric]:
    """Every rejected metric of the calls, in order."""
    rejected: list[RejectedMetric] = []
    for call, put, refusal, reason in every_rejection(calls, service.settings):
        index, cause = refusal.metric_index, refusal.cause
        metric = Metric(
            put.names[index],
            put.values[index],
            put.steps[index],
            as_datetime(put.timestamps[index]),
        )
        rule = cause if isinstance(cause, Rule) else None
        rejected.append(
            RejectedMetric(refusal.code, index, metric, reason, rule, rule is None, call)
        )
    return rejected
