"""The cost of a call and the memory of a metric, as the store grows."""

from __future__ import annotations

import gc
import statistics
import time
import tracemalloc

import pyperf
from training import RUN, body_of, metrics, new_client

from pytest_sm_metrics import SageMakerMetricsMock, mock_sm_metrics
from pytest_sm_metrics.service.exchange import Request
from pytest_sm_metrics.service.journal import Call

SIZES = (1_000, 100_000, 1_000_000)
CALLS = 500
COUNTED = 100_000


def main() -> None:
    runner = pyperf.Runner(values=1, warmups=0, processes=3, loops=1)
    for size in SIZES:
        runner.bench_time_func(f"store: a call, {size:,} metrics stored", _seconds_at, size)
    runner.metadata["unit"] = "byte"
    for to_a_call in (10, 1):
        name = f"store: a metric, {to_a_call} to a call"
        runner.bench_time_func(name, _bytes, to_a_call)
        runner.bench_time_func(f"{name}, once read", _bytes, to_a_call, True)


def _seconds_at(loops: int, size: int) -> float:
    """Return the median of calls of a client, 10 metrics each, when the store holds so many."""
    client = new_client()
    took = []
    with mock_sm_metrics() as mock:
        _fill(mock, size, to_a_call=10)
        for step in range(CALLS):
            batch = metrics(step)
            start = time.perf_counter()
            client.batch_put_metrics(TrialComponentName=RUN, MetricData=batch)
            took.append(time.perf_counter() - start)
    return statistics.median(took) * loops


def _bytes(loops: int, to_a_call: int, is_read: bool = False) -> float:
    """Count what Python allocates while the service answers requests like those of a real client.

    The requests go straight to the service, so that no client allocates anything.
    """
    with mock_sm_metrics() as mock:
        call = _sample(mock, to_a_call)
        gc.collect()
        tracemalloc.start()
        before, _ = tracemalloc.get_traced_memory()
        _send(mock, call, COUNTED // to_a_call, to_a_call)
        if is_read:
            assert len(mock[RUN].metrics) == COUNTED
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
        return loops * (after - before) / COUNTED


def _fill(mock: SageMakerMetricsMock, size: int, to_a_call: int) -> None:
    _send(mock, _sample(mock, to_a_call), size // to_a_call, to_a_call)


def _sample(mock: SageMakerMetricsMock, to_a_call: int) -> Call:
    """Return a call of a real client; leave the mock empty."""
    new_client().batch_put_metrics(TrialComponentName=RUN, MetricData=metrics(0, to_a_call))
    [call] = mock.calls
    mock.reset()
    return call


def _send(mock: SageMakerMetricsMock, call: Call, calls: int, to_a_call: int) -> None:
    """Send requests like a call straight to the service: a client would take ten times as long."""
    for step in range(calls):
        of_client = (call.region, call.user_agent, f"{step:036}", call.attempt)
        body = body_of(step, to_a_call)
        mock._service.answer(Request("PUT", "/BatchPutMetrics", body, *of_client, time.time()))


if __name__ == "__main__":
    main()
