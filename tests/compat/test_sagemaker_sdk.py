"""`Run` of the SageMaker Python SDK, end to end.

`sagemaker` 2.x and `sagemaker-core` 2.x, which can't be installed together.
"""

from __future__ import annotations

import importlib
import warnings
from importlib.metadata import PackageNotFoundError, version

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from ..logging_metrics import client_in, get
from ..requests import query


def _generation():
    """The package that holds the SDK's experiments, or None."""
    for distribution, package in (
        ("sagemaker", "sagemaker.experiments"),
        ("sagemaker-core", "sagemaker.core.experiments"),
    ):
        try:
            if version(distribution).startswith("2."):
                return package
        except PackageNotFoundError:
            pass
    return None


GENERATION = _generation()
if GENERATION is None:
    pytest.skip("needs the extra compat", allow_module_level=True)
# NumPy can't be imported twice, and a test with pytester forgets what it was the first to import.
import numpy as np  # noqa: E402
from moto import mock_aws  # noqa: E402

# The SDK warns at almost every step.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]


def experiments(name):
    """A module of the SDK's experiments."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module(f"{GENERATION}.{name}")


@pytest.fixture
def session(sm_metrics):
    """A session of the SDK, with all but SageMaker Metrics answered by moto."""
    experiments("run")
    module = (
        "sagemaker.session"
        if GENERATION == "sagemaker.experiments"
        else "sagemaker.core.helper.session_helper"
    )
    with mock_aws():
        yield importlib.import_module(module).Session(boto3.Session(region_name="us-east-1"))


@pytest.fixture
def new_run(session):
    return lambda **more: experiments("run").Run("Exp", "Run-1", sagemaker_session=session, **more)


def log(run, name, values):
    for step, value in enumerate(values):
        run.log_metric(name, value, step=step)


class TestRun:
    def test_from_creation_to_reading_back(self, new_run, session, sm_metrics):
        with new_run() as run:
            log(run, "loss", [1 / (step + 1) for step in range(25)])
            run.log_metric("accuracy", 0.5)
        assert list(sm_metrics) == ["exp-run-1"]
        curve = sm_metrics["exp-run-1"]
        assert curve["loss"].values == [1 / (step + 1) for step in range(25)]
        assert curve["loss"].steps == list(range(25))
        assert curve["accuracy"].steps == [None]
        sm_metrics.assert_called("BatchPutMetrics", "exp-run-1", times=3)

        with experiments("run").load_run("Run-1", "Exp", sagemaker_session=session) as run:
            run.log_metric("loss", 0.01, step=25)
        assert curve["loss"].steps[-1] == 25

        component = experiments("trial_component")._TrialComponent.load("exp-run-1", session)
        loss, accuracy = component.metrics
        assert (loss.metric_name, loss.count, loss.min, loss.max) == ("loss", 26, 0.01, 1)
        assert (accuracy.metric_name, accuracy.count, accuracy.last, accuracy.std_dev) == (
            "accuracy",
            1,
            0.5,
            0,
        )
        assert loss.source_arn == curve.arn == component.trial_component_arn

        [result] = get(session.sagemaker_metrics_client, query(run="exp-run-1"))
        assert result["MetricValues"] == [*(1 / (step + 1) for step in range(25)), 0.01]

    def test_a_run_in_its_own_context(self, new_run, session, sm_metrics):
        with new_run(), experiments("run").load_run(sagemaker_session=session) as run:
            run.log_metric("loss", 0.5)
        sm_metrics.assert_logged("exp-run-1", "loss", 0.5, step=None)

    @pytest.mark.sm_metrics(unknown_trial_component="reject")
    def test_a_run_is_known_to_the_service(self, new_run, sm_metrics):
        with new_run() as run:
            run.log_metric("loss", 0.5)
        sm_metrics.assert_no_rejected_metrics()

    def test_deleting_it_removes_its_metrics(self, new_run, session, sm_metrics):
        with new_run() as run:
            run.log_metric("loss", 0.5)
        run._trial.remove_trial_component(run._trial_component)
        run._trial_component.delete()
        assert sm_metrics.trial_components == []

    def test_throttling_is_survived(self, new_run, sm_metrics):
        sm_metrics.fail_calls("ThrottlingException", times=2)
        with new_run() as run:
            log(run, "loss", [0.5] * 10)
        assert len(sm_metrics["exp-run-1"]["loss"]) == 10


class TestWhatIsLost:
    """docs/companions/sagemaker-sdk.md lists each of these."""

    @pytest.mark.parametrize("nan", [np.array(float("nan")), "nan"], ids=["array", "string"])
    def test_a_nan_that_is_no_number_is_sent_and_refused(self, new_run, sm_metrics, nan):
        """A tensor is none either: the SDK looks at instances of numbers.Number alone."""
        with (
            pytest.raises(Exception, match='1 errors with error code "VALIDATION_ERROR"'),
            new_run() as run,
        ):
            log(run, "loss", [0.9, nan, 0.3])
        assert sm_metrics["exp-run-1"]["loss"].steps == [0, 2]

    def test_a_number_that_is_not_finite_is_never_sent(self, new_run, sm_metrics, caplog):
        with new_run() as run:
            log(run, "loss", [0.9, float("nan"), np.float32("inf"), 0.3])
        assert sm_metrics["exp-run-1"]["loss"].steps == [0, 3]
        sm_metrics.assert_no_rejected_metrics()
        assert "Received invalid value: nan" in caplog.text

    def test_a_partial_failure_ends_the_training_loop(self, new_run, sm_metrics):
        sm_metrics.fail_metrics("CONFLICT_ERROR", step=3, times=1)
        with (
            pytest.raises(Exception, match='1 errors with error code "CONFLICT_ERROR"'),
            new_run() as run,
        ):
            log(run, "loss", [0.5] * 25)
        assert sm_metrics["exp-run-1"]["loss"].steps == [0, 1, 2, 4, 5, 6, 7, 8, 9]

    def test_a_loop_that_catches_it_loses_the_refused_metric_alone(self, new_run, sm_metrics):
        sm_metrics.fail_metrics("CONFLICT_ERROR", step=3, times=1)
        failed = []
        with new_run() as run:
            for step in range(25):
                try:
                    run.log_metric("loss", 0.5, step=step)
                except Exception as error:
                    failed.append((step, str(error)))
        assert failed == [(9, '1 errors with error code "CONFLICT_ERROR"')]
        assert sm_metrics["exp-run-1"]["loss"].steps == [0, 1, 2, *range(4, 25)]

    @pytest.mark.parametrize(
        ("error", "raised"),
        [("ServiceUnavailable", ClientError), (EndpointConnectionError, EndpointConnectionError)],
        ids=["answer", "no answer"],
    )
    def test_a_call_that_fails_loses_its_whole_batch(self, new_run, sm_metrics, error, raised):
        outage = sm_metrics.fail_calls(error)  # longer than botocore tries
        failed = []
        with new_run() as run:
            for step in range(25):
                try:
                    run.log_metric("loss", 0.5, step=step)
                except raised:
                    failed.append(step)
                    outage.remove()
        assert failed == [9]
        assert sm_metrics["exp-run-1"]["loss"].steps == list(range(10, 25))

    def test_an_answer_that_is_lost_doubles_the_batch(self, new_run, sm_metrics):
        sm_metrics.fail_calls(ReadTimeoutError, stored=True, times=1)
        with new_run() as run:
            log(run, "loss", [0.5] * 10)
        assert sm_metrics["exp-run-1"]["loss"].steps == [*range(10), *range(10)]

    def test_an_error_at_the_end_takes_the_place_of_the_trainings_own(
        self, new_run, session, sm_metrics
    ):
        sm_metrics.fail_metrics("INTERNAL_ERROR", times=1)

        def train():
            with new_run() as run:
                log(run, "loss", [0.5])
                raise KeyError("of the training loop")

        with pytest.raises(Exception, match='1 errors with error code "INTERNAL_ERROR"') as raised:
            train()
        assert isinstance(raised.value.__context__, KeyError)
        described = session.sagemaker_client.describe_trial_component(
            TrialComponentName="exp-run-1"
        )
        assert described["Status"]["PrimaryStatus"] == "Failed"

    def test_a_metric_at_the_end_fails_the_run_when_it_is_closed(
        self, new_run, session, sm_metrics
    ):
        sm_metrics.fail_metrics("INTERNAL_ERROR", times=1)
        with (
            pytest.raises(Exception, match='1 errors with error code "INTERNAL_ERROR"'),
            new_run() as run,
        ):
            run.log_metric("loss", 0.5)
        assert "exp-run-1" not in sm_metrics
        described = session.sagemaker_client.describe_trial_component(
            TrialComponentName="exp-run-1"
        )
        # The SDK had said so before it sent the rest.
        assert described["Status"]["PrimaryStatus"] == "Completed"

    def test_the_sink_that_sends_in_the_background_looks_at_no_errors(
        self, session, sm_metrics, monkeypatch
    ):
        module = experiments("_metrics")
        monkeypatch.setattr(module._MetricQueue, "_CONSUMER_SLEEP_SECONDS", 0)
        monkeypatch.setattr(module._AsyncMetricsSink, "_COMPLETE_SLEEP_SECONDS", 0)
        sink = module._AsyncMetricsSink("run-1", client_in("us-east-1"))
        sm_metrics.fail_metrics("CONFLICT_ERROR", step=3)
        for step in range(10):
            sink.log_metric(module._RawMetricData("loss", 0.5, step=step))
        sink.close()
        assert len(sm_metrics["run-1"]["loss"]) == 9
        assert [rejected.metric.step for rejected in sm_metrics.rejected] == [3]

    def test_the_first_call_of_that_sink_that_fails_is_its_last(
        self, session, sm_metrics, monkeypatch
    ):
        module = experiments("_metrics")
        monkeypatch.setattr("threading.excepthook", lambda args: None)
        sink = module._AsyncMetricsSink("run-1", client_in("us-east-1"))
        sm_metrics.fail_calls("AccessDeniedException", times=1)
        for step in range(10):
            sink.log_metric(module._RawMetricData("loss", 0.5, step=step))
        sink._metric_queues["loss"]._thread.join()
        for step in range(10, 30):
            sink.log_metric(module._RawMetricData("loss", 0.5, step=step))
        sink.close()
        assert [call.error_code for call in sm_metrics.calls] == ["AccessDeniedException"]

    def test_that_sink_never_sends_fewer_than_ten_metrics_of_a_name(self, session, sm_metrics):
        module = experiments("_metrics")
        sink = module._AsyncMetricsSink("run-1", client_in("us-east-1"))
        for step in range(9):
            sink.log_metric(module._RawMetricData("loss", 0.5, step=step))
        sink.close()
        assert sm_metrics.calls == ()


def test_trial_component_of_sagemaker_core(session, sm_metrics):
    """`sagemaker-core` has a resource, too, with no sink: nothing reads its `Errors`."""
    if GENERATION == "sagemaker.experiments":
        pytest.skip("sagemaker-core 1.x")
    from sagemaker.core.resources import TrialComponent
    from sagemaker.core.shapes import RawMetricData

    component = TrialComponent.create(trial_component_name="run-1", region="us-east-1")
    data = [
        RawMetricData(metric_name="loss", timestamp="1788264000", step=step, value=0.5)
        for step in range(3)
    ]
    sm_metrics.fail_metrics("CONFLICT_ERROR", step=1)
    assert component.batch_put_metrics(data, region="us-east-1") is None
    component.refresh()
    assert [(summary.metric_name, summary.count) for summary in component.metrics] == [("loss", 2)]
