"""Tests of the audit.

moto answers S3, STS and CloudTrail. The mock of SageMaker Metrics makes the events and delivers
them.
"""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
from audit.audit import Line, audit, set_up_trail
from botocore.exceptions import ClientError
from moto import mock_aws
from train import train

from pytest_sm_metrics import SageMakerMetricsMock

ALICE = "arn:aws:iam::123456789012:user/alice"
JOB = "arn:aws:sts::123456789012:assumed-role/training/job-7"


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Set a region, and have moto answer the other services."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket="audits")
        yield


def log_and_deliver(sm_metrics: SageMakerMetricsMock, *runs: str) -> None:
    for run in runs:
        train(run, epochs=5)
    sm_metrics.cloudtrail.deliver(boto3.client("s3"))


@pytest.mark.sm_metrics(caller_arn=ALICE)
def test_which_runs_logged_metrics_and_by_whom(sm_metrics: SageMakerMetricsMock) -> None:
    set_up_trail("training-metrics", "audits")
    log_and_deliver(sm_metrics, "run-1", "run-2")
    assert audit("audits") == {Line("run-1", ALICE, "ok"): 1, Line("run-2", ALICE, "ok"): 1}


@pytest.mark.sm_metrics(caller_arn=JOB)
def test_the_selectors_choose_the_runs(sm_metrics: SageMakerMetricsMock) -> None:
    set_up_trail("training-metrics", "audits", runs="release-")
    log_and_deliver(sm_metrics, "release-1", "scratch")
    assert audit("audits") == {Line("release-1", JOB, "ok"): 1}


def test_without_a_trail_nothing_is_delivered(sm_metrics: SageMakerMetricsMock) -> None:
    log_and_deliver(sm_metrics, "run-1")
    assert audit("audits") == {}
    sm_metrics.cloudtrail.assert_event("run-1")  # the mock shows the event without a trail, too


@pytest.mark.sm_metrics(caller_arn=JOB)
def test_a_caller_who_may_not(sm_metrics: SageMakerMetricsMock) -> None:
    set_up_trail("training-metrics", "audits")
    sm_metrics.fail_calls("AccessDeniedException", trial_component="run-1")
    with pytest.raises(ClientError):
        train("run-1", epochs=5)
    log_and_deliver(sm_metrics)
    assert audit("audits") == {Line("run-1", JOB, "AccessDenied"): 1}


def test_retries_are_seen_as_they_were_made(sm_metrics: SageMakerMetricsMock) -> None:
    set_up_trail("training-metrics", "audits")
    sm_metrics.fail_calls("ThrottlingException", times=2)
    log_and_deliver(sm_metrics, "run-1")
    counts = {line.outcome: count for line, count in audit("audits").items()}
    assert counts == {"ThrottlingException": 2, "ok": 1}


@pytest.mark.usefixtures("sm_metrics")
def test_a_basic_selector_is_refused_as_aws_refuses_it() -> None:
    set_up_trail("training-metrics", "audits")
    resource = {"Type": "AWS::SageMaker::ExperimentTrialComponent", "Values": ["arn:aws:sagemaker"]}
    why = r"InvalidEventSelectorsException.*use AdvancedEventSelectors="
    cloudtrail = boto3.client("cloudtrail")
    with pytest.raises(ClientError, match=why):
        cloudtrail.put_event_selectors(
            TrailName="training-metrics", EventSelectors=[{"DataResources": [resource]}]
        )
