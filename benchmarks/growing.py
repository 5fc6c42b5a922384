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
    """A store of so many metrics, filled by a real client, ten to a call."""

    stored: int
    median: float
    """Microseconds a call, over the last calls."""
    mean: float
    """Microseconds a call, over all calls since the size before.

    With what the garbage collector takes.
    """
    resident: int
    """Bytes of memory that the process has."""


class Size(NamedTuple):
    """Bytes a metric."""

    body: float
    """The body that botocore sent."""
    kept: float
    """The memory that the mock keeps of it: body, journal entry, ids, time."""
    read: float
    """The same, after everything was read once."""


def fill_through_client(sizes: list[int]) -> list[Growth]:
    """Put metrics, and stop at each size to look."""
    client = new_client()
    grown: list[Growth] = []
    last: deque[float] = deque(maxlen=LAST_CALLS)
    with mock_sm_metrics() as mock:
        for step in range(
            sizes[0] // 10
        ):  # warm up; what this leaves free in memory, the first size takes
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
            grown.append(
                Growth(size, statistics.median(last) * 1e6, total / len(calls) * 1e6, _resident())
            )
    return grown


def measure_size(stored: int, to_a_call: int) -> Size:
    """Count what Python allocates while the service answers requests like a real client's.

    The client itself is not around them.
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
    """A call of a real client, out of an otherwise empty mock."""
    new_client().batch_put_metrics(TrialComponentName=RUN, MetricData=metrics(0, to_a_call))
    [call] = mock.calls
    assert call.body == _request(call, 0, to_a_call).body
    mock.reset()
    return call


def _request(call: Call, step: int, to_a_call: int) -> Request:
    """A request as the client made that call.

    Body, invocation id and time are new, the rest is shared.
    """
    data = [
        {**metric, "Timestamp": int(metric["Timestamp"].timestamp())}
        for metric in metrics(step, to_a_call)
    ]
    body = json.dumps({"TrialComponentName": RUN, "MetricData": data}).encode()
    return Request(
        "PUT",
        "/BatchPutMetrics",
        body,
        call.region,
        call.user_agent,
        str(uuid.uuid4()),
        call.attempt,
        time.time(),
    )


def _allocated() -> int:
    gc.collect()
    allocated, _ = tracemalloc.get_traced_memory()
    return allocated


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * getpagesize()
