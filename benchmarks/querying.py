"""The cost of reading back with BatchGetMetrics. Run each function in a fresh process."""

from __future__ import annotations

import statistics
import time
from typing import NamedTuple

from calling import new_client

from pytest_sm_metrics import mock_sm_metrics
from pytest_sm_metrics.service.store import StoredTrialComponent

POINTS = 200_000  # that are looked at in all, in five calls at least


class Asked(NamedTuple):
    """A call of BatchGetMetrics."""

    points: int
    """Of the trial component that the queries are about."""
    elsewhere: int
    """Of another trial component."""
    queries: int
    statistic: str
    milliseconds: float
    """The median of some calls."""


def ask(points: int, elsewhere: int, queries: int, statistic: str) -> Asked:
    """Fill the store, without a client, which would take minutes.

    Ask through a real one, from bucket to bucket of ten points.
    """
    client = new_client()
    with mock_sm_metrics() as mock:
        _fill(mock._service.create_trial_component("run-1", "us-east-1"), points)
        _fill(mock._service.create_trial_component("run-2", "us-east-1"), elsewhere)
        query = {
            "MetricName": "loss",
            "ResourceArn": mock.trial_component("run-1").arn,
            "MetricStat": statistic,
            "Period": "IterationNumber",
            "XAxisType": "IterationNumber",
        }
        took = []
        for _ in range(max(5, POINTS // (points * queries))):
            start = time.perf_counter()
            results = client.batch_get_metrics(MetricQueries=[query] * queries)[
                "MetricQueryResults"
            ]
            took.append(time.perf_counter() - start)
            assert [len(result["MetricValues"]) for result in results] == [points // 10] * queries
    return Asked(points, elsewhere, queries, statistic, statistics.median(took) * 1e3)


def _fill(component: StoredTrialComponent, points: int) -> None:
    for point in range(points):
        component._append("loss", 1788264000.0 + point, point // 10, 1e9 + point * 1e-6)
