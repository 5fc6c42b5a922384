"""The cost of a call and the memory of a metric, as the store grows."""

from __future__ import annotations

import gc
import statistics
import time
import tracemalloc
from collections import deque

import pyperf
from training import RUN, body_of, metrics, new_client

from pytest_sm_metrics import SageMakerMetricsMock, mock_sm_metrics
from pytest_sm_metrics.service.exchange import Request
from pytest_sm_metrics.service.journal import Call

SIZES = (1_000, 100_000, 1_000_000)
LAST_CALLS = 500
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
    """Return the median of the last calls of a client that fills the store, 10 metrics a call."""
    client = new_client()
    last: deque[float] = deque(maxlen=LAST_CALLS)
    with mock_sm_metrics():
        for step in range(size // 10 + LAST_CALLS):
            batch = metrics(step)
            start = time.perf_counter()
            client.batch_put_metrics(TrialComponentName=RUN, MetricData=batch)
            last.append(time.perf_counter() - start)
    return statistics.median(last) * loops


def _bytes(loops: int, to_a_call: int, is_read: bool = False) -> float:
    """Count what Python allocates while the service answers requests like those of a real client.

    The requests go straight to the service, so that no client allocates anything.
    """
    with mock_sm_metrics() as mock:
        call = _sample(mock, to_a_call)
        gc.collect()
        tracemalloc.start()
        before, _ = tracemalloc.get_traced_memory()
        for step in range(COUNTED // to_a_call):
            of_client = (call.region, call.user_agent, f"{step:036}", call.attempt)
            body = body_of(step, to_a_call)
            mock._service.answer(Request("PUT", "/BatchPutMetrics", body, *of_client, time.time()))
        if is_read:
            assert len(mock[RUN].metrics) == COUNTED
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
        return loops * (after - before) / COUNTED


def _sample(mock: SageMakerMetricsMock, to_a_call: int) -> Call:
    """Return a call of a real client; leave the mock empty."""
    new_client().batch_put_metrics(TrialComponentName=RUN, MetricData=metrics(0, to_a_call))
    [call] = mock.calls
    mock.reset()
    return call


if __name__ == "__main__":
    main()
