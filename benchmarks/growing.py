"""The cost of a call and the memory of a metric, as the store grows.

Run each function in a fresh process.
"""

from __future__ import annotations

import gc
import json
import statistics
import time
import tracemalloc
import uuid
from collections import deque
from pathlib import Path
from resource import getpagesize
from typing import NamedTuple

from calling import RUN, metrics, new_client

from pytest_sm_metrics import SageMakerMetricsMock, mock_sm_metrics
from pytest_sm_metrics.service.exchange import Request
from pytest_sm_metrics.service.journal import Call

LAST_CALLS = 500


class Growth(NamedTuple):
    """The cost of a call at one size of the store, filled by a real client, ten to a call."""

    stored: int
    """The number of metrics."""
    median: float
    """Microseconds a call, over the last calls."""
    mean: float
    """Microseconds a call, over all calls since the size before, garbage collection included."""
    resident: int
    """The resident memory of the process, in bytes."""


class Size(NamedTuple):
    """The memory of a metric, in bytes."""

    body: float
    """The body that botocore sent."""
    kept: float
    """The memory that the mock needs for it: body, journal entry, ids, time."""
    read: float
    """The same, once everything was read."""


def fill_through_client(sizes: list[int]) -> list[Growth]:
    """Put metrics through a client; measure the cost of a call at each size."""
    client = new_client()
    grown: list[Growth] = []
    last: deque[float] = deque(maxlen=LAST_CALLS)
    with mock_sm_metrics() as mock:
        for step in range(sizes[0] // 10):  # warm up: the first size reuses the freed memory
            client.batch_put_metrics(TrialComponentName=RUN, MetricData=metrics(step))
        mock.reset()
        for size in sizes:
            total, calls = 0.0, range(len(mock.calls), size // 10)
            for step in calls:
                batch = metrics(step)
                start = time.perf_counter()
                client.batch_put_metrics(TrialComponentName=RUN, MetricData=batch)
                last.append(time.perf_counter() - start)
                total += last[-1]
            median, mean = statistics.median(last), total / len(calls)
            grown.append(Growth(size, median * 1e6, mean * 1e6, _resident()))
    return grown


def measure_size(stored: int, to_a_call: int) -> Size:
    """Count what Python allocates while the service answers requests like those of a real client.

    The requests go straight to the service, so that no client allocates anything.
    """
    with mock_sm_metrics() as mock:
        call = _sample(mock, to_a_call)
        sent = 0
        gc.collect()
        tracemalloc.start()
        before, _ = tracemalloc.get_traced_memory()
        for step in range(stored // to_a_call):
            request = _request(call, step, to_a_call)
            mock._service.answer(request)
            sent += len(request.body)
        kept = _allocated() - before
        assert len(mock[RUN].metrics) == stored
        return Size(sent / stored, kept / stored, (_allocated() - before) / stored)


def _sample(mock: SageMakerMetricsMock, to_a_call: int) -> Call:
    """Return a call of a real client; leave the mock empty."""
    new_client().batch_put_metrics(TrialComponentName=RUN, MetricData=metrics(0, to_a_call))
    [call] = mock.calls
    assert call.body == _request(call, 0, to_a_call).body
    mock.reset()
    return call


def _request(call: Call, step: int, to_a_call: int) -> Request:
    """Return a request like that of a call.

    Body, invocation id and time are new; the call's other members are shared.
    """
    data = metrics(step, to_a_call)
    for metric in data:
        metric["Timestamp"] = int(metric["Timestamp"].timestamp())
    body = json.dumps({"TrialComponentName": RUN, "MetricData": data}).encode()
    of_client = (call.region, call.user_agent, str(uuid.uuid4()), call.attempt)
    return Request("PUT", "/BatchPutMetrics", body, *of_client, time.time())


def _allocated() -> int:
    gc.collect()
    allocated, _ = tracemalloc.get_traced_memory()
    return allocated


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * getpagesize()
