"""Tests of training code with the fixture `sm_metrics`."""

from __future__ import annotations

import math

import pytest
from botocore.exceptions import ClientError
from train import MetricLogger, MetricsRejectedError, train

from pytest_sm_metrics import SageMakerMetricsMock, mock_sm_metrics


def test_a_run_logs_its_curve(sm_metrics: SageMakerMetricsMock) -> None:
    train("run-1", epochs=25)

    run = sm_metrics["run-1"]
    loss = run["train:loss"]
    assert loss.steps == list(range(25))
    assert loss.values == sorted(loss.values, reverse=True)
    assert loss.last == pytest.approx(0.02, abs=0.01)
    assert list(run) == ["train:loss", "val:loss"]
    sm_metrics.assert_no_rejected_metrics()


def test_metrics_are_sent_ten_to_a_call(sm_metrics: SageMakerMetricsMock) -> None:
    train("run-1", epochs=6)

    assert [len(call.parameters["MetricData"]) for call in sm_metrics.calls] == [10, 2]
    sm_metrics.assert_called("BatchPutMetrics", "run-1", times=2)


def test_a_nan_loss_is_a_partial_failure(sm_metrics: SageMakerMetricsMock) -> None:
    logger = MetricLogger("run-1")
    logger.log("train:loss", 0.5, step=0)
    logger.log("train:loss", math.nan, step=1)

    message = r"1 of 2 metrics rejected: train:loss \(VALIDATION_ERROR\)"
    with pytest.raises(MetricsRejectedError, match=message):
        logger.flush()

    assert sm_metrics["run-1"]["train:loss"].values == [0.5]
    [rejected] = sm_metrics.rejected
    assert (rejected.code, rejected.index, rejected.metric.step) == ("VALIDATION_ERROR", 1, 1)


def test_a_diverging_run_is_noticed(sm_metrics: SageMakerMetricsMock) -> None:
    with pytest.raises(MetricsRejectedError):
        train("run-1", epochs=1000, learning_rate=1e3)

    assert all(math.isfinite(value) for value in sm_metrics["run-1"]["train:loss"].values)


def test_the_metric_limit_is_noticed() -> None:
    with mock_sm_metrics(metric_limit=15) as sm_metrics:
        message = "5 of 10 metrics rejected: .*METRIC_LIMIT_EXCEEDED"
        with pytest.raises(MetricsRejectedError, match=message):
            train("run-1")

        assert len(sm_metrics["run-1"].metrics) == 15


def test_an_upper_case_run_name_fails(sm_metrics: SageMakerMetricsMock) -> None:
    message = "Member must satisfy regular expression pattern"
    with pytest.raises(ClientError, match=message) as failed:
        train("Run-1")

    assert failed.value.response["Error"]["Code"] == "ValidationException"
    assert "Run-1" not in sm_metrics
