"""Views of what a service holds: trial components, series, metrics and rejected metrics."""

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
from ..service.store import EVERY_REGION, NO_STEP, SeriesColumns, StoredTrialComponent
from ..sparkline import sparkline, terminal_ramp
from ..wording import counted
from .why_absent import every_rejection, why_ambiguous, why_no_metric

_WIDTH = 16  # characters of the shape of a series


@dataclass(frozen=True)
class Metric:
    """One item of MetricData that was accepted, or rejected with HTTP 200.

    Two metrics are equal if their members are equal.
    """

    metric_name: str
    """The MetricName: 1 to 255 characters (documented)."""
    value: float
    """The Value. It is finite in an accepted metric (assumed: the service rejects the others)."""
    step: int | None
    """The Step: an integer from 0, of 32 bits (documented); None if the item had none."""
    timestamp: datetime
    """The Timestamp: aware, UTC, to the microsecond. It travels as seconds since the epoch."""


class MetricSeries(Sequence[Metric]):
    """The metrics of one name in one trial component: a sequence of `Metric`, in order of arrival.

    The service keeps every point, so a point that arrives twice is there twice (observed). A series
    holds what had arrived when it was read; `run["loss"]` makes a new one each time.

    A slice is a series again. It is equal to a list or tuple of the same metrics. An index out of
    range raises an IndexError. An empty slice has no statistics: they raise a ValueError.

    Its repr shows its shape: `<MetricSeries 'loss': 4 values █▅▂▁ [0.9, 0.6, 0.3, 0.2]>`.
    """

    def __init__(self, name: str, columns: SeriesColumns, rows: range | None = None) -> None:
        self.metric_name = name
        self._columns = columns
        self._rows = range(len(columns.arrivals)) if rows is None else rows

    @property
    def values(self) -> list[float]:
        """The Values, a float for each metric."""
        return self._column(self._columns.values)

    @property
    def steps(self) -> list[int | None]:
        """The Steps, an integer for each metric; None if it had no Step."""
        return [None if step == NO_STEP else step for step in self._column(self._columns.steps)]

    @property
    def timestamps(self) -> list[datetime]:
        """The Timestamps, a datetime for each metric: aware, UTC."""
        return list(map(as_datetime, self._column(self._columns.timestamps)))

    @property
    def count(self) -> int:  # type: ignore[override]
        """The number of metrics, like `len`. It takes the place of the method of Sequence."""
        return len(self)

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
        """The sample standard deviation of the Values (divided by n - 1), 0 for one Value.

        Assumed: no source says which one the service computes.
        """
        return self._statistic("StdDev")

    @property
    def last(self) -> float:
        """The Value with the latest Timestamp; of equal ones, the last to arrive.

        Of equal Timestamps, BatchGetMetrics returns the first to arrive (observed).
        """
        self._require_some()
        latest = last_of_the_latest(self._column(self._columns.timestamps))
        return self._columns.values[self._rows[latest]]

    def _statistic(self, name: str) -> float:
        self._require_some()
        return STATISTICS[name](self.values, self._column(self._columns.timestamps))

    def _require_some(self) -> None:
        if not self._rows:
            raise ValueError(f"an empty series of {self.metric_name!r} has no statistics")

    def _column(self, column: array[Any]) -> list[Any]:
        rows = self._rows
        if rows.step == 1:
            return column[rows.start : rows.stop].tolist()
        return [column[row] for row in rows]

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
        values = self.values
        if len(values) <= 8:
            shown = list(map(repr, values))
        else:
            shown = [*map(repr, values[:4]), "...", *map(repr, values[-3:])]
        shape = ""
        if len(values) >= 3:
            shape = " " + sparkline(values, _WIDTH, ramp=terminal_ramp())
        how_many = counted(len(values), "value")
        return f"<MetricSeries {self.metric_name!r}: {how_many}{shape} [{', '.join(shown)}]>"


class TrialComponent(Mapping[str, MetricSeries]):
    """A trial component in one region: a read-only mapping from metric names to `MetricSeries`.

    The names are in order of first arrival. It always shows the present state, and is empty once
    the trial component is deleted: its metrics are removed, too (observed). Two are equal if their
    ARNs and metrics are equal.

    `run[name]` raises a KeyError that lists similar names and rejected metrics if the name is
    absent. A point is `run[name][index]`.
    """

    def __init__(self, service: Service, name: str, region: str) -> None:
        self._service = service
        self._name = name
        self._region = region

    @property
    def _stored(self) -> StoredTrialComponent:
        self._service.require_original()
        if self._region != EVERY_REGION:
            return self._service.stored(self._name, self._region)
        known = [one for one in self._service.components() if one.name == self._name]
        if len(known) > 1:
            raise LookupError(why_ambiguous(self._name, [one.region for one in known]))
        return known[0] if known else self._service.stored(self._name, self._region)

    @property
    def name(self) -> str:
        """The TrialComponentName: lower case, 1 to 120 characters (documented)."""
        return self._name

    @property
    def region(self) -> str:
        """The AWS region; `*` if it was created in every region and written to in none."""
        return self._stored.region

    @property
    def account_id(self) -> str:
        """The account that owns it, 12 digits: the setting `account_id`."""
        return self._service.settings.account_id

    @property
    def arn(self) -> str:
        """The ARN, which BatchGetMetrics takes as ResourceArn. Its form is documented:

        `arn:<partition>:sagemaker:<region>:<account>:experiment-trial-component/<name>`
        """
        return trial_component_arn(self.region, self.account_id, self.name)

    @property
    def metrics(self) -> list[Metric]:
        """Every accepted metric, of all names, in order of arrival."""
        arrived: list[tuple[int, Metric]] = []
        for series in list(self.values()):
            arrived += zip(series._columns.arrivals, series, strict=False)
        return [metric for _, metric in sorted(arrived, key=lambda pair: pair[0])]

    def __getitem__(self, metric_name: str) -> MetricSeries:
        __tracebackhide__ = True
        columns = None
        if isinstance(metric_name, str):
            columns = self._service.series(self._stored).get(metric_name)
        if columns is None:
            explain = partial(why_no_metric, self._service, self._stored, metric_name)
            raise AbsentError(metric_name, explain)
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
        more = ", ..." if len(self) > 10 else ""
        return f"<TrialComponent {self.name!r} in {self.region}: {held or 'no metrics'}{more}>"


@dataclass(frozen=True, repr=False)
class RejectedMetric:
    """One metric that the service did not store: an entry in Errors of an answer with HTTP 200.

    The other metrics of the call were stored. The shape and the codes are documented
    (BatchPutMetricsError); `rule.provenance` and `rule.source` say how the cause is known.
    """

    code: str
    """The Code in Errors: `METRIC_LIMIT_EXCEEDED`, `INTERNAL_ERROR`, `VALIDATION_ERROR` or
    `CONFLICT_ERROR` (documented)."""
    index: int
    """The MetricIndex in Errors: the place in the call's MetricData, from 0 (assumed)."""
    metric: Metric
    """The metric as it was sent. Its `value` may be an infinity or NaN."""
    reason: str
    """The cause in words, with the values that led to it."""
    rule: Rule | None
    """The rule that rejected it; None if a fault did."""
    injected: bool
    """True if a fault rejected it, not a rule."""
    call: Call
    """The attempt that it was part of."""

    def __repr__(self) -> str:
        metric = f"{self.metric.metric_name!r} (step {self.metric.step})"
        where = f"{self.call.trial_component!r} in {self.call.region}"
        return f"<RejectedMetric {metric} of {where}: {self.code}, {self.reason}>"


def rejected_metrics(service: Service, calls: Sequence[Call]) -> list[RejectedMetric]:
    """Return every rejected metric of the calls, in order."""
    rejected: list[RejectedMetric] = []
    for call, put, refusal, reason in every_rejection(calls, service.settings):
        index, cause = refusal.metric_index, refusal.cause
        timestamp = as_datetime(put.timestamps[index])
        metric = Metric(put.names[index], put.values[index], put.steps[index], timestamp)
        rule = cause if isinstance(cause, Rule) else None
        injected = refusal.is_injected
        rejected.append(RejectedMetric(refusal.code, index, metric, reason, rule, injected, call))
    return rejected
