"""Tests of the reader of learning curves, with all that the service may answer."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from learning_curves.curves import CurveError, CurveReader
from train import train

from pytest_sm_metrics import SageMakerMetricsMock


@pytest.fixture
def arns(sm_metrics: SageMakerMetricsMock) -> list[str]:
    """Train three runs with different learning rates; return their ARNs."""
    for run_name, learning_rate in (("slow", 0.01), ("good", 0.5), ("hasty", 0.9)):
        train(run_name, epochs=5, learning_rate=learning_rate)
    return [run.arn for run in sm_metrics.trial_components]


def test_curves_as_they_were_logged(sm_metrics: SageMakerMetricsMock, arns: list[str]) -> None:
    curves = CurveReader().read(arns, "train:loss")
    loss = sm_metrics["slow"]["train:loss"]
    assert curves[arns[0]] == dict(zip(range(5), loss.values, strict=True))
    assert list(curves) == arns


def test_the_best_run(sm_metrics: SageMakerMetricsMock, arns: list[str]) -> None:
    assert CurveReader().best(arns, "val:loss") == sm_metrics["good"].arn


def test_a_hundred_queries_a_call(sm_metrics: SageMakerMetricsMock) -> None:
    arns = [
        f"arn:aws:sagemaker:us-east-1:123456789012:experiment-trial-component/run-{number}"
        for number in range(250)
    ]
    assert not any(CurveReader().read(arns, "loss").values())
    assert [len(call.parameters["MetricQueries"]) for call in sm_metrics.calls] == [100, 100, 50]


@pytest.mark.sm_metrics(query_limit=2)
def test_a_long_curve_is_read_to_its_end(sm_metrics: SageMakerMetricsMock, arns: list[str]) -> None:
    [curve] = CurveReader().read(arns[:1], "train:loss").values()
    assert list(curve) == [0, 1, 2, 3, 4]
    sm_metrics.assert_called("BatchGetMetrics", "slow", times=3)


def test_an_internal_error_is_tried_again(
    sm_metrics: SageMakerMetricsMock, arns: list[str]
) -> None:
    sm_metrics.fail_queries("InternalError", trial_component="good", times=2)
    assert [len(curve) for curve in CurveReader().read(arns, "train:loss").values()] == [5, 5, 5]
    sm_metrics.assert_called("BatchGetMetrics", times=3)
    sm_metrics.assert_called("BatchGetMetrics", "slow", times=1)  # it was complete at once


@pytest.mark.parametrize(("status", "calls"), [("InternalError", 3), ("ValidationError", 1)])
def test_it_says_which_curve_cannot_be_read(
    sm_metrics: SageMakerMetricsMock, arns: list[str], status: str, calls: int
) -> None:
    sm_metrics.fail_queries(status, trial_component="good", message="no such luck")
    with pytest.raises(CurveError, match=f"train:loss of .*/good: {status}, no such luck"):
        CurveReader().read(arns, "train:loss")
    sm_metrics.assert_called("BatchGetMetrics", times=calls)


def test_a_curve_that_was_never_logged(arns: list[str]) -> None:
    with pytest.raises(CurveError, match="accuracy was never logged"):
        CurveReader().best(arns, "accuracy")


def test_a_service_that_is_down_for_a_moment(
    sm_metrics: SageMakerMetricsMock, arns: list[str]
) -> None:
    sm_metrics.fail_calls("ThrottlingException", operation="BatchGetMetrics", times=2)
    assert all(CurveReader().read(arns, "train:loss").values())


def test_a_role_that_may_write_and_not_read(
    sm_metrics: SageMakerMetricsMock, arns: list[str]
) -> None:
    sm_metrics.fail_calls("AccessDeniedException", operation="BatchGetMetrics")
    with pytest.raises(ClientError, match="not authorized to perform: sagemaker:BatchGetMetrics"):
        CurveReader().read(arns, "train:loss")
