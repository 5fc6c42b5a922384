"""The cost of delivering 100,000 CloudTrail records to a folder."""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pyperf
from training import RUN, body_of, metrics, new_client

from pytest_sm_metrics import SageMakerMetricsMock, mock_sm_metrics
from pytest_sm_metrics.cloudtrail.selectors import SUGGESTED
from pytest_sm_metrics.service.exchange import Request

RECORDS = 100_000


def main() -> None:
    runner = pyperf.Runner(values=1, warmups=0, processes=3, loops=1)
    for to_a_call in (1, 10):
        name = f"delivery: {RECORDS:,} records, metrics in each: {to_a_call}"
        runner.bench_time_func(name, _seconds, to_a_call)


def _seconds(loops: int, to_a_call: int) -> float:
    return sum(_seconds_of_one(to_a_call) for _ in range(loops))


def _seconds_of_one(to_a_call: int) -> float:
    with mock_sm_metrics() as mock, TemporaryDirectory() as folder:
        trail = mock.cloudtrail.create_trail("audit", advanced_event_selectors=SUGGESTED)
        _fill_journal(mock, to_a_call)
        start = time.perf_counter()
        keys = trail.deliver(folder)
        took = time.perf_counter() - start
        assert all(Path(folder, key).exists() for key in keys)
        return took


def _fill_journal(mock: SageMakerMetricsMock, to_a_call: int) -> None:
    """Send requests like a real client's straight to the service, a hundred a second."""
    new_client().batch_put_metrics(TrialComponentName=RUN, MetricData=metrics(0, to_a_call))
    [call] = mock.calls
    of_client = (call.region, call.user_agent, call.invocation_id, call.attempt)
    for step in range(1, RECORDS):
        body = body_of(step, to_a_call)
        arrived = call.timestamp.timestamp() + step / 100
        mock._service.answer(Request("PUT", "/BatchPutMetrics", body, *of_client, arrived))


if __name__ == "__main__":
    main()
