"""Failure sweeps over the uploaders of `examples/uploading`.

`compare.py` in this folder sweeps those of the SageMaker SDK, too.
"""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from sweeps.compare import POINTS, naive, resilient
from uploading.resilient import MetricsLostError, ResilientUploader

from pytest_sm_metrics import SageMakerMetricsMock, sweep

# The data is stored, and no answer says so. The service appends, so a client that sends it again
# stores it twice; one that does not may lose it.
LOST_ANSWERS = [
    "InternalFailure-stored",
    "ReadTimeoutError-stored",
    "ConnectionReset-stored",
    "TruncatedBody-stored",
    "SlowAnswer-past-timeout",
]
# botocore does not retry these, or no client can know what was stored: the uploader raises.
REPORTED = [
    "UNKNOWN_ERROR",
    "RequestAbortedException",
    "TruncatedJSON-stored",
    "EmptyBody-stored",
    "NotJSON",
]
RETRY_DEPENDS_ON_BOTOCORE = ["RequestTimeoutException"]
OF_QUERIES = ["query-Truncated", "query-InternalError"]  # an uploader makes none
LEFT_OUT = [*LOST_ANSWERS, *REPORTED, *RETRY_DEPENDS_ON_BOTOCORE, *OF_QUERIES]


class TestResilient:
    """The resilient uploader stores each metric once, or raises; but for lost answers."""

    @pytest.mark.sm_metrics_each_fault(without=LEFT_OUT)
    def test_it_survives(self, sm_metrics: SageMakerMetricsMock) -> None:
        ResilientUploader("run-1").upload(POINTS)
        assert sorted(sm_metrics["run-1"]["loss"].steps) == list(range(25))

    @pytest.mark.sm_metrics_each_fault(only=REPORTED)
    def test_it_reports(self, sm_metrics: SageMakerMetricsMock) -> None:
        with pytest.raises((MetricsLostError, ClientError)):
            ResilientUploader("run-1").upload(POINTS)

    @pytest.mark.xfail(reason="the service appends what is sent again", raises=AssertionError)
    @pytest.mark.sm_metrics_each_fault(only=LOST_ANSWERS)
    def test_no_metric_is_doubled(self, sm_metrics: SageMakerMetricsMock) -> None:
        ResilientUploader("run-1").upload(POINTS)
        assert sorted(sm_metrics["run-1"]["loss"].steps) == list(range(25))

    def test_each_failure_at_each_call(self) -> None:
        result = sweep(resilient(), without=LOST_ANSWERS, may_raise=(MetricsLostError, ClientError))
        result.check()
        assert result.attempts == 3

    def test_a_rejected_metric_that_it_gives_up(self) -> None:
        rejections = ["UNKNOWN_ERROR", "TruncatedJSON-stored", "EmptyBody-stored", "NotJSON"]
        result = sweep(resilient(), only=rejections, may_raise=MetricsLostError)
        assert {case.outcome for case in result.cases} == {"raised"}
        result.check()


class TestNaive:
    """The naive uploader loses data silently: the sweep shows where."""

    @pytest.mark.xfail(reason="it ignores Errors, and answers without them", raises=AssertionError)
    def test_nothing_is_lost(self) -> None:
        sweep(naive(), only=["CONFLICT_ERROR", "ThrottlingException", "NotJSON"]).check()

    @pytest.mark.xfail(
        reason="it sends no more after botocore gives up", raises=AssertionError, strict=True
    )
    def test_an_outage(self) -> None:
        sweep(naive(), only="ServiceUnavailable", times=5).check()
