"""The summaries of a trial component's metrics, as DescribeTrialComponent has them."""

from __future__ import annotations

from typing import Any

from ..clock import as_datetime
from .statistics import STATISTICS
from .store import StoredTrialComponent


def summaries(component: StoredTrialComponent, arn: str) -> list[dict[str, Any]]:
    """Return one TrialComponentMetricSummary for each metric name, in order of first arrival.

    Source: Amazon SageMaker API Reference, TrialComponentMetricSummary (documented); that
    SourceArn is the trial component itself is assumed.
    """
    return [
        {
            "MetricName": name,
            "SourceArn": arn,
            "TimeStamp": as_datetime(max(columns.timestamps)),
            **{
                statistic: figure(columns.values, columns.timestamps)
                for statistic, figure in STATISTICS.items()
            },
            "Count": len(columns.values),  # an integer here, by the service model
        }
        for name, columns in component.series().items()
    ]
