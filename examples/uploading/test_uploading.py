"""Tests of both uploaders, with every way in which the service may fail."""

from __future__ import annotations

import math
import threading

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from uploading.naive import NaiveUploader
from uploading.resilient import MetricsLostError, Point, ResilientUploader

from pytest_sm_metrics import SageMakerMetricsMock

POINTS = [Point("loss", step, 1 / (step + 1)) for step in range(25)]


class TestResilient:
    """The resilient uploader loses nothing, or reports what it loses."""

    def test_batches_of_ten(self, sm_metrics: SageMakerMetricsMock) -> None:
        ResilientUploader("run-1").upload(POINTS)
        assert [len(call.parameters["MetricData"]) for call in sm_metrics.calls] == [10, 10, 5]
        sm_metrics.assert_logged("run-1", "loss", count=25)

    @pytest.mark.parametrize(
        "code", ["ThrottlingException", "ServiceUnavailable", "InternalFailure"]
    )
    def test_it_survives_a_service_that_is_down(
        self, sm_metrics: SageMakerMetricsMock, code: str
    ) -> None:
        sm_metrics.fail_calls(code, times=7)
        ResilientUploader("run-1").upload(POINTS)
        sm_metrics.assert_logged("run-1", "loss", count=25)
        assert sm_metrics.calls[7].attempt == 8

    def test_it_fails_if_the_service_stays_down(self, sm_metrics: SageMakerMetricsMock) -> None:
        sm_metrics.fail_calls("ThrottlingException")
        with pytest.raises(ClientError, match="ThrottlingException"):
            ResilientUploader("run-1").upload(POINTS)

    @pytest.mark.parametrize("code", ["CONFLICT_ERROR", "INTERNAL_ERROR"])
    def test_it_sends_rejected_metrics_again_and_nothing_else(
        self, sm_metrics: SageMakerMetricsMock, code: str
    ) -> None:
        sm_metrics.fail_metrics(code, step=lambda step: step in (3, 13, 23), times=3)
        ResilientUploader("run-1").upload(POINTS)
        assert sorted(sm_metrics["run-1"]["loss"].steps) == list(range(25))
        assert [len(call.parameters["MetricData"]) for call in sm_metrics.calls] == [10, 10, 5, 3]

    def test_it_sends_the_rest_and_reports_what_is_lost(
        self, sm_metrics: SageMakerMetricsMock
    ) -> None:
        sm_metrics.fail_metrics("METRIC_LIMIT_EXCEEDED", step=24)
        sm_metrics.fail_metrics("CONFLICT_ERROR", step=7)
        points = [*POINTS[:5], Point("loss", 5, math.nan), *POINTS[6:]]
        with pytest.raises(MetricsLostError) as lost:
            ResilientUploader("run-1").upload(points)
        assert {point.step: code for point, code in lost.value.lost.items()} == {
            5: "VALIDATION_ERROR",
            7: "CONFLICT_ERROR",
            24: "METRIC_LIMIT_EXCEEDED",
        }
        assert len(sm_metrics["run-1"]["loss"]) == 22

    def test_a_lost_answer_doubles_points(self, sm_metrics: SageMakerMetricsMock) -> None:
        sm_metrics.fail_calls(ReadTimeoutError, stored=True, times=1)
        ResilientUploader("run-1").upload(POINTS)
        steps = sm_metrics["run-1"]["loss"].steps
        doubled = {step for step in steps if steps.count(step) > 1}
        assert doubled == set(range(10))  # the service appends: a reader must expect it

    def test_a_truncated_answer(self, sm_metrics: SageMakerMetricsMock) -> None:
        sm_metrics.fail_calls((200, b'{"Errors": [{"Code": "INTERNAL_ERR'), times=1)
        with pytest.raises(MetricsLostError, match="10 metrics were not uploaded"):
            ResilientUploader("run-1").upload(POINTS)

    @pytest.mark.sm_metrics(concurrent_writes="conflict")
    def test_two_workers_that_write_to_one_run(self, sm_metrics: SageMakerMetricsMock) -> None:
        first = threading.Thread(target=ResilientUploader("run-1").upload, args=(POINTS[:10],))
        with sm_metrics.hold_calls(times=1) as held:
            first.start()
            held.wait()
            with pytest.raises(MetricsLostError, match="CONFLICT_ERROR"):
                ResilientUploader("run-1").upload(POINTS[10:15])
        first.join()
        ResilientUploader("run-1").upload(POINTS[10:15])
        sm_metrics.assert_logged("run-1", "loss", steps=range(15))


class TestNaive:
    """The naive uploader loses data silently: each of these tests fails, and finds it."""

    @pytest.mark.xfail(reason="it ignores Errors", raises=AssertionError, strict=True)
    def test_a_conflict(self, sm_metrics: SageMakerMetricsMock) -> None:
        sm_metrics.fail_metrics("CONFLICT_ERROR", step=3, times=1)
        NaiveUploader("run-1").upload(POINTS)
        sm_metrics.assert_logged("run-1", "loss", count=25)

    @pytest.mark.xfail(
        reason="it does not send again after a failed call", raises=AssertionError, strict=True
    )
    def test_throttling(self, sm_metrics: SageMakerMetricsMock) -> None:
        sm_metrics.fail_calls("ThrottlingException", times=5)
        NaiveUploader("run-1").upload(POINTS)
        sm_metrics.assert_logged("run-1", "loss", count=25)

    @pytest.mark.xfail(
        reason="a truncated answer has no Errors, and looks like success",
        raises=AssertionError,
        strict=True,
    )
    def test_a_truncated_answer(self, sm_metrics: SageMakerMetricsMock) -> None:
        sm_metrics.fail_calls((200, b'{"Errors": [{"Code": "INTERNAL_ERR'), times=1)
        NaiveUploader("run-1").upload(POINTS)
        sm_metrics.assert_logged("run-1", "loss", count=25)
