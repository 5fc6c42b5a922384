"""Tests that watch every process of a training: its curves, its failures and its audit."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from many_processes.launch import launch, train_in_pool
from many_processes.worker import FAILED, run_name

from pytest_sm_metrics import SageMakerMetricsMock

pytestmark = pytest.mark.sm_metrics(child_processes="answer")

RANKS = [run_name("job-7", rank) for rank in range(3)]
ALICE = "arn:aws:iam::123456789012:user/alice"


def test_a_curve_of_every_rank(sm_metrics: SageMakerMetricsMock) -> None:
    assert launch("job-7", world_size=3) == [0, 0, 0]
    assert sorted(sm_metrics) == RANKS
    for run in RANKS:
        loss = sm_metrics[run]["train:loss"]
        assert loss.steps == list(range(10))
        assert loss.values == sorted(loss.values, reverse=True)


def test_one_rank_is_throttled_for_a_while(sm_metrics: SageMakerMetricsMock) -> None:
    sm_metrics.fail_calls("ThrottlingException", trial_component=RANKS[1], times=1)
    assert launch("job-7", world_size=2) == [0, 0]
    sm_metrics.assert_called("BatchPutMetrics", RANKS[0], times=1)
    sm_metrics.assert_called("BatchPutMetrics", RANKS[1], times=2)
    sm_metrics.assert_logged(RANKS[1], "train:loss", count=10)


def test_one_rank_that_may_not_log(
    sm_metrics: SageMakerMetricsMock, capfd: pytest.CaptureFixture[str]
) -> None:
    sm_metrics.fail_calls("AccessDeniedException", trial_component=RANKS[1])
    assert launch("job-7", world_size=2) == [0, FAILED]
    assert "rank 1: An error occurred (AccessDeniedException)" in capfd.readouterr().err
    sm_metrics.assert_logged(RANKS[0], "train:loss", count=10)
    sm_metrics.assert_not_logged(RANKS[1], "train:loss")


def test_a_pool(sm_metrics: SageMakerMetricsMock) -> None:
    losses = train_in_pool("job-7", world_size=3)
    assert [sm_metrics[run]["train:loss"].last for run in RANKS] == losses


def test_a_pool_with_a_rank_that_fails(sm_metrics: SageMakerMetricsMock) -> None:
    sm_metrics.fail_calls("AccessDeniedException", trial_component=RANKS[1])
    with pytest.raises(ClientError, match="AccessDeniedException"):
        train_in_pool("job-7", world_size=2)
    sm_metrics.assert_logged(RANKS[0], "train:loss", count=10)


@pytest.mark.sm_metrics(caller_arn=ALICE)
def test_the_audit_names_every_rank(sm_metrics: SageMakerMetricsMock) -> None:
    sm_metrics.fail_calls("AccessDeniedException", trial_component=RANKS[1])
    launch("job-7", world_size=2)
    sm_metrics.cloudtrail.assert_event(RANKS[0], user_identity=ALICE)
    sm_metrics.cloudtrail.assert_event(RANKS[1], error_code="AccessDenied")
    assert len(sm_metrics.cloudtrail.events) == 2
