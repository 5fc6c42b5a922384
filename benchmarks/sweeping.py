"""The cost of a failure sweep. Run each function in a fresh process."""

from __future__ import annotations

import time
from typing import NamedTuple

from calling import metrics, new_client

from pytest_sm_metrics import mock_sm_metrics, sweep

CALLS = 20


class Swept(NamedTuple):
    """The cost of a sweep over all failures that an uploader can survive."""

    cases: int
    seconds: float
    activations: float
    """The seconds that as many mocks cost that are not called."""


def uploader() -> Swept:
    """Sweep an uploader of 20 calls whose client is made once."""
    client, batch = new_client(), metrics(0)

    def upload() -> None:
        for _ in range(CALLS):
            client.batch_put_metrics(TrialComponentName="run-1", MetricData=batch)

    sweep(upload, only="SlowAnswer")
    start = time.perf_counter()
    result = sweep(upload, may_raise=Exception)
    seconds = time.perf_counter() - start
    return Swept(len(result.cases), seconds, _activations(len(result.cases)))


def _activations(number: int) -> float:
    start = time.perf_counter()
    for _ in range(number):
        with mock_sm_metrics():
            pass
    return time.perf_counter() - start
