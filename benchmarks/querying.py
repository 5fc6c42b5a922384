"""The cost of reading back with BatchGetMetrics. Run each function in a fresh process."""

from __future__ import annotations

import statistics
import time
from typing import NamedTuple

from calling import new_client

from pytest_sm_metrics import mock_sm_metrics
from pytest_sm_metrics.service.store import StoredTrialComponent

POINTS = 200_000  # read in all, in at least five calls


class Asked(NamedTuple):
    """The cost of a call of BatchGetMetrics."""

    points: int
    """The number of points in the trial component that is queried."""
    elsewhere: int
    """The number of points in another trial component."""
    queries: int
    statistic: str
    milliseconds: float
    """The median of several calls."""


def ask(points: int, elsewhere: int, queries: int, statistic: str) -> Asked:
    """Fill the store, and query it through a real client, ten points to a bucket.

    The points go straight into the store: a client would take minutes.
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
            answer = client.batch_get_metrics(MetricQueries=[query] * queries)
            took.append(time.perf_counter() - start)
            buckets = [len(result["MetricValues"]) for result in answer["MetricQueryResults"]]
            assert buckets == [points // 10] * queries
    return Asked(points, elsewhere, queries, statistic, statistics.median(took) * 1e3)


def _fill(component: StoredTrialComponent, points: int) -> None:
    for point in range(points):
        component._append("loss", 1788264000.0 + point, point // 10, 1e9 + point * 1e-6)
