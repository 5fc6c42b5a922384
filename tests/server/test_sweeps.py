"""Failure sweeps over HTTP and in child processes."""

from __future__ import annotations

import http.client
import multiprocessing
import os

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from pytest_sm_metrics import every_fault, mock_sm_metrics, sweep
from pytest_sm_metrics.sweeps.failure_modes import FAILURE_MODES

from ..requests import EPOCH_SECONDS
from .conftest import put_over_http

PUTS = [
    name
    for name, mode in FAILURE_MODES.items()
    if mode.operation != "BatchGetMetrics" and name != "SlowAnswer-past-timeout"
]


@pytest.mark.parametrize("name", PUTS)
def test_each_failure_happens_once_over_http(name):
    with mock_sm_metrics(faults=every_fault(only=name)) as sm_metrics, sm_metrics.serve() as server:
        try:
            first = put_over_http(server.url, 0.5).status
        except (OSError, http.client.HTTPException):
            first = None
        second = put_over_http(server.url, 0.25)
        [fault] = sm_metrics.faults
        assert (fault.hits, second.status) == (1, 200)
        assert first in (None, sm_metrics.calls[0].status_code)
        held = sm_metrics["run-1"]["loss"].values
        is_stored = name.endswith("-stored") or name == "SlowAnswer"
        assert held == ([0.5, 0.25] if is_stored else [0.25])


def log_in_a_child(step):
    config = Config(retries={"total_max_attempts": 1}, read_timeout=10)
    client = boto3.client("sagemaker-metrics", config=config)
    metric = {"MetricName": "loss", "Timestamp": EPOCH_SECONDS, "Step": step, "Value": 0.5}
    for _ in range(3):
        try:
            answer = client.batch_put_metrics(TrialComponentName="run-1", MetricData=[metric])
        except (BotoCoreError, ClientError):
            continue
        if not answer["Errors"]:
            return


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks here")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_function_that_starts_processes():
    def upload():
        context = multiprocessing.get_context("fork")
        for step in range(2):
            child = context.Process(target=log_in_a_child, args=(step,))
            child.start()
            child.join()
            assert child.exitcode == 0

    only = ["CONFLICT_ERROR", "ConnectionReset", "ReadTimeoutError-stored"]
    result = sweep(upload, only=only, child_processes="answer")
    assert result.attempts == 2
    assert [(*case.faults[0], case.outcome) for case in result.cases] == [
        ("CONFLICT_ERROR", 0, "ok"),
        ("CONFLICT_ERROR", 1, "ok"),
        ("ConnectionReset", 0, "ok"),
        ("ConnectionReset", 1, "ok"),
        ("ReadTimeoutError-stored", 0, "doubled"),
        ("ReadTimeoutError-stored", 1, "doubled"),
    ]
