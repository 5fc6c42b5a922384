"""The cost of the first use in a process: importing the plugin, activating, starting the server."""

from __future__ import annotations

import importlib
import sys
import time

import pyperf


def main() -> None:
    # Each value is the first of a fresh process.
    runner = pyperf.Runner(values=1, warmups=0, processes=20, loops=1)
    runner.bench_time_func("start: import of the plugin", _seconds_of_import)
    runner.bench_time_func("start: first activation, boto3 imported", _seconds_of_activation)
    runner.bench_time_func("start: first server, boto3 imported", _seconds_of_server)
    runner.bench_time_func("start: import aiohttp, boto3 imported", _seconds_of_aiohttp)


def _seconds_of_import(loops: int) -> float:
    import pytest  # noqa: F401

    start = time.perf_counter()
    importlib.import_module("pytest_sm_metrics.plugin")
    took = time.perf_counter() - start
    assert "botocore" not in sys.modules
    return took * loops


def _seconds_of_activation(loops: int) -> float:
    import boto3  # noqa: F401

    start = time.perf_counter()
    from pytest_sm_metrics import mock_sm_metrics

    with mock_sm_metrics():
        return (time.perf_counter() - start) * loops


def _seconds_of_server(loops: int) -> float:
    from training import RUN, metrics, new_client

    from pytest_sm_metrics import SageMakerMetricsServer, mock_sm_metrics

    with mock_sm_metrics():
        new_client().batch_put_metrics(TrialComponentName=RUN, MetricData=metrics(0))
    assert "aiohttp" not in sys.modules, "a mock without a server needs none of it"
    start = time.perf_counter()
    with SageMakerMetricsServer():
        return (time.perf_counter() - start) * loops


def _seconds_of_aiohttp(loops: int) -> float:
    import boto3  # noqa: F401

    start = time.perf_counter()
    importlib.import_module("aiohttp")
    return (time.perf_counter() - start) * loops


if __name__ == "__main__":
    main()
