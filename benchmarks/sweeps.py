"""The cost of a failure sweep over an uploader of 20 calls."""

from __future__ import annotations

import time

import pyperf
from training import RUN, metrics, new_client

from pytest_sm_metrics import sweep

CALLS = 20


def main() -> None:
    runner = pyperf.Runner(values=1, processes=5, loops=1)
    runner.bench_time_func(f"sweep: all failures at each of {CALLS} calls", _seconds_of_sweeps)


def _seconds_of_sweeps(loops: int) -> float:
    client, batch = new_client(), metrics(step=0)

    def upload() -> None:
        for _ in range(CALLS):
            client.batch_put_metrics(TrialComponentName=RUN, MetricData=batch)

    start = time.perf_counter()
    for _ in range(loops):
        sweep(upload, may_raise=Exception)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
