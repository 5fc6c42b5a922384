"""The cost of reading back with BatchGetMetrics, ten points to a Step."""

from __future__ import annotations

import time

import pyperf
from training import new_client

from pytest_sm_metrics import mock_sm_metrics
from pytest_sm_metrics.service.store import StoredTrialComponent

MILLION = 1_000_000


def main() -> None:
    runner = pyperf.Runner(values=2, processes=5)
    for points, elsewhere, queries, statistic in (
        (1_000, 0, 1, "Last"),
        (1_000, MILLION, 1, "Last"),
        (1_000, 0, 100, "Last"),
        (MILLION, 0, 1, "Last"),
        (MILLION, 0, 10, "Last"),
        (MILLION, 0, 1, "Avg"),
        (MILLION, 0, 1, "StdDev"),
    ):
        beside = f", {elsewhere:,} elsewhere" if elsewhere else ""
        name = f"query: {queries} x {statistic} of {points:,} points{beside}"
        runner.bench_time_func(name, _seconds, points, elsewhere, queries, statistic)


def _seconds(loops: int, points: int, elsewhere: int, queries: int, statistic: str) -> float:
    """Fill the store, and query it through a real client.

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
        start = time.perf_counter()
        for _ in range(loops):
            answer = client.batch_get_metrics(MetricQueries=[query] * queries)
        took = time.perf_counter() - start
        buckets = [len(result["MetricValues"]) for result in answer["MetricQueryResults"]]
        assert buckets == [points // 10] * queries
        return took


def _fill(component: StoredTrialComponent, points: int) -> None:
    for point in range(points):
        component._append("loss", 1788264000.0 + point, point // 10, 1e9 + point * 1e-6)


if __name__ == "__main__":
    main()
