"""The types in the tests of a user. mypy and pyright check this module; it is never run.

`assert_type` states what an editor shows. A line with `type: ignore` is an error on purpose: both
checkers report an ignore that is not needed.
"""

# pyright: strict, reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

import unittest
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import assert_type

import pytest_sm_metrics
from pytest_sm_metrics import (
    RULES,
    Call,
    CloudTrail,
    Fault,
    Metric,
    MetricSeries,
    RejectedMetric,
    Rule,
    SageMakerMetricsMock,
    SageMakerMetricsServer,
    Sweep,
    Trail,
    TrialComponent,
    UnmockedCallError,
    current,
    delay_calls,
    every_fault,
    fail_calls,
    fail_metrics,
    fail_queries,
    mock_sm_metrics,
    sweep,
)

# Activation


def test_context_manager() -> None:
    with mock_sm_metrics() as sm_metrics:
        assert_type(sm_metrics, SageMakerMetricsMock)
    with mock_sm_metrics(metric_limit=100, unknown_trial_component="reject", seed=1) as sm_metrics:
        assert_type(sm_metrics, SageMakerMetricsMock)
    with pytest_sm_metrics.mock_sm_metrics(
        timestamp_window=(timedelta(days=14), timedelta(hours=2))
    ) as sm_metrics:
        assert_type(sm_metrics, SageMakerMetricsMock)


async def test_async_context_manager() -> None:
    async with mock_sm_metrics() as sm_metrics:
        assert_type(sm_metrics, SageMakerMetricsMock)


def test_start_and_stop() -> None:
    sm_metrics = mock_sm_metrics().start()
    assert_type(sm_metrics, SageMakerMetricsMock)
    assert_type(current(), SageMakerMetricsMock)
    sm_metrics.stop()


def test_wrong_settings() -> None:
    mock_sm_metrics(metric_limit="many")  # type: ignore[call-overload]
    mock_sm_metrics(metric_limits=100)  # type: ignore[call-overload]
    mock_sm_metrics(unknown_trial_component="ignore")  # type: ignore[call-overload]
    mock_sm_metrics(faults=[None])  # type: ignore[list-item]


@mock_sm_metrics
def decorated(run: str, *, steps: int = 3) -> list[float]:
    return current()[run]["loss"].values


@mock_sm_metrics(metric_limit=1)
async def decorated_coroutine(run: str) -> float:
    return current()[run]["loss"].last


@mock_sm_metrics
def decorated_generator() -> Iterator[int]:
    yield 1


@mock_sm_metrics()
async def decorated_async_generator() -> AsyncIterator[int]:
    yield 1


@mock_sm_metrics
class DecoratedTestCase(unittest.TestCase):
    def test_upload(self) -> None:
        self.assertEqual(len(current().calls), 0)


@mock_sm_metrics(seed=1)
class TestDecorated:
    def test_upload(self, sm_metrics: SageMakerMetricsMock) -> None:
        assert not sm_metrics.calls


async def test_decorated_functions_keep_their_types() -> None:
    assert_type(decorated("run-1", steps=2), list[float])
    assert_type(await decorated_coroutine("run-1"), float)
    assert_type(decorated_generator(), Iterator[int])
    assert_type(decorated_async_generator(), AsyncIterator[int])
    assert_type(DecoratedTestCase("test_upload"), DecoratedTestCase)
    assert_type(TestDecorated(), TestDecorated)
    decorated(1)  # type: ignore[arg-type]
    decorated("run-1", step=2)  # type: ignore[call-arg]


# Reading


def test_reading(sm_metrics: SageMakerMetricsMock) -> None:
    run = sm_metrics["run-1"]
    assert_type(run, TrialComponent)
    assert_type(sm_metrics.trial_component("run-1", region="eu-west-1"), TrialComponent)
    assert_type(sm_metrics.trial_components, list[TrialComponent])
    assert_type(sm_metrics.create_trial_component("run-1"), TrialComponent)
    assert_type(list(sm_metrics), list[str])
    assert_type(run.arn, str)
    assert_type(run.metrics, list[Metric])
    loss = run["loss"]
    assert_type(loss, MetricSeries)
    assert_type(loss.values, list[float])
    assert_type(loss.steps, list[int | None])
    assert_type(loss.timestamps, list[datetime])
    assert_type(loss.last, float)
    assert_type(loss.std_dev, float)
    assert_type(loss.count, int)
    assert_type(loss[0], Metric)
    assert_type(loss[-2:], MetricSeries)
    assert_type([metric.step for metric in loss], list[int | None])
    assert_type(sm_metrics.to_dict(ids=False), dict[str, Any])
    sm_metrics["run-1"] = run  # type: ignore[index]
    run["loss"]["0"]  # type: ignore[call-overload]


def test_calls_and_rejected_metrics(sm_metrics: SageMakerMetricsMock) -> None:
    assert_type(sm_metrics.calls, tuple[Call, ...])
    [call] = sm_metrics.calls
    assert_type(call.operation, str | None)
    assert_type(call.status_code, int | None)
    assert_type(call.timestamp, datetime)
    [rejected] = sm_metrics.rejected
    assert_type(rejected, RejectedMetric)
    assert_type(rejected.code, str)
    assert_type(rejected.metric, Metric)
    assert_type(rejected.rule, Rule | None)
    assert_type(RULES, tuple[Rule, ...])


def test_assertions(sm_metrics: SageMakerMetricsMock) -> None:
    assert_type(sm_metrics.assert_logged("run-1", "loss", pytest.approx(0.5), step=1), bool)
    sm_metrics.assert_logged("run-1", "loss", values=[0.5, 0.4], steps=range(2), timeout=1)
    sm_metrics.assert_called("BatchPutMetrics", times=1)
    sm_metrics.wait_for(lambda mock: mock["run-1"]["loss"].last < 0.5, timeout=5)
    sm_metrics.wait_for(lambda mock: mock["run-1"]["loss"].lst)  # type: ignore[attr-defined]
    sm_metrics.assert_logged("run-1")  # type: ignore[call-arg]


# Faults


def test_faults(sm_metrics: SageMakerMetricsMock) -> None:
    fault = sm_metrics.fail_calls("ThrottlingException", times=2)
    assert_type(fault, Fault)
    assert_type(fault.hits, int)
    with sm_metrics.fail_metrics("CONFLICT_ERROR", metric_name="loss", step=0) as fault:
        assert_type(fault, Fault)
    with sm_metrics.hold_calls(timeout=5) as held:
        held.wait(2)
    assert_type(sm_metrics.faults, list[Fault])
    sm_metrics.fail_calls()  # type: ignore[call-arg]
    sm_metrics.fail_metrics("CONFLICT_ERROR", name="loss")  # type: ignore[call-arg]


def test_templates_of_faults() -> None:
    templates = [
        fail_calls("ThrottlingException"),
        fail_metrics("CONFLICT_ERROR"),
        fail_queries("InternalError"),
        delay_calls(2),
    ]
    assert_type(templates, list[Fault])
    with mock_sm_metrics(faults=templates):
        pass


@pytest.mark.parametrize("fault", every_fault(only="metrics"))
def test_every_fault(sm_metrics: SageMakerMetricsMock, fault: Fault) -> None:
    assert_type(fault.name, str)


def test_sweep(upload: Callable[[], None]) -> None:
    result = sweep(upload, lambda mock: len(mock["run-1"]) == 1, may_raise=OSError, metric_limit=9)
    assert_type(result, Sweep)
    assert_type([case.outcome for case in result.cases], list[str])
    sweep(upload, may_raise="OSError")  # type: ignore[arg-type]


# CloudTrail, servers and reports


def test_cloudtrail(sm_metrics: SageMakerMetricsMock, tmp_path: Path) -> None:
    assert_type(sm_metrics.cloudtrail, CloudTrail)
    assert_type(sm_metrics.cloudtrail.events, list[dict[str, Any]])
    trail = sm_metrics.cloudtrail.create_trail("audit")
    assert_type(trail, Trail)
    assert_type(trail.deliver(tmp_path), list[str])


def test_server(
    sm_metrics: SageMakerMetricsMock, sm_metrics_server: SageMakerMetricsServer
) -> None:
    assert_type(sm_metrics_server.env, dict[str, str])
    with sm_metrics.serve() as server:
        assert_type(server.url, str)


def test_report(sm_metrics: SageMakerMetricsMock, tmp_path: Path) -> None:
    assert_type(sm_metrics.report(tmp_path / "run.html"), Path)


def test_blocked(sm_metrics_blocked: list[UnmockedCallError]) -> None:
    assert_type(sm_metrics_blocked[0].operation, str | None)
