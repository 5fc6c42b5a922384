"""Beside moto: SageMaker Metrics calls are this mock's alone, everything else is moto's."""

from __future__ import annotations

import unittest
from contextlib import nullcontext

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError
from moto import mock_aws
from moto.moto_api import recorder
from moto.sagemakermetrics import sagemakermetrics_backends

from pytest_sm_metrics import UnmockedCallError, current, mock_sm_metrics
from pytest_sm_metrics.aws.interception import block

from ..logging_metrics import metric, put


def use_both(sm_metrics):
    """Log metrics, which moto can't answer; use buckets and trial components, which it answers."""
    metrics = boto3.client("sagemaker-metrics", region_name="us-east-1")
    s3 = boto3.client("s3", region_name="us-east-1")
    s3.create_bucket(Bucket="models")
    boto3.client("sagemaker", region_name="us-east-1").create_trial_component(
        TrialComponentName="run-1"
    )
    answer = put(metrics, "run-1", metric(step=None), metric(value=float("nan")))
    assert answer["Errors"] == [{"Code": "VALIDATION_ERROR", "MetricIndex": 1}]
    assert sm_metrics["run-1"]["loss"].values == [0.5]
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["models"]


@pytest.fixture
def moto():
    """As a user's conftest has it."""
    with mock_aws():
        yield


class TestNesting:
    """Each of the two by decorator, context manager or fixture, in either order."""

    def test_fixtures(self, moto, sm_metrics):
        use_both(sm_metrics)

    def test_fixtures_the_other_way_round(self, sm_metrics_class, moto):
        use_both(sm_metrics_class)

    @mock_aws
    def test_motos_decorator_and_our_fixture(self, sm_metrics):
        use_both(sm_metrics)

    @mock_sm_metrics
    def test_our_decorator_and_motos_fixture(self, moto):
        use_both(current())

    @mock_aws
    @mock_sm_metrics
    def test_decorators(self):
        use_both(current())

    @mock_sm_metrics
    @mock_aws
    def test_decorators_the_other_way_round(self):
        use_both(current())

    @mock_aws
    def test_motos_decorator_and_our_context_manager(self):
        with mock_sm_metrics() as sm_metrics:
            use_both(sm_metrics)

    @mock_sm_metrics
    def test_our_decorator_and_motos_context_manager(self):
        with mock_aws():
            use_both(current())

    def test_our_fixture_and_motos_context_manager(self, sm_metrics):
        with mock_aws():
            use_both(sm_metrics)

    def test_context_managers(self):
        with mock_aws(), mock_sm_metrics() as sm_metrics:
            use_both(sm_metrics)

    def test_context_managers_the_other_way_round(self):
        with mock_sm_metrics() as sm_metrics, mock_aws():
            use_both(sm_metrics)

    def test_context_managers_that_end_in_the_order_in_which_they_began(self):
        moto = mock_aws()
        moto.start()
        sm_metrics = mock_sm_metrics().start()
        moto.stop()
        with mock_aws():
            use_both(sm_metrics)
        sm_metrics.stop()


@mock_aws
@mock_sm_metrics
class TestDecoratedClass:
    def test_one(self):
        use_both(current())

    def test_another(self):
        use_both(current())


@mock_sm_metrics
@mock_aws
class TestCaseDecoratedTheOtherWayRound(unittest.TestCase):
    def setUp(self):
        put(boto3.client("sagemaker-metrics", region_name="us-east-1"), "run-0", metric())

    def test_one(self):
        use_both(current())

    def test_another(self):
        use_both(current())


def buckets_of(*names):
    """Create buckets. Return the names of all that exist."""
    s3 = boto3.client("s3", region_name="us-east-1")
    for name in names:
        s3.create_bucket(Bucket=name)
    return sorted(bucket["Name"] for bucket in s3.list_buckets()["Buckets"])


class TestResetsOfMoto:
    """Moto resets for each test of a class, as it does without our decorator."""

    @pytest.mark.parametrize(
        "decorators",
        [(mock_aws, mock_sm_metrics), (mock_sm_metrics, mock_aws), (mock_aws,)],
        ids=["moto inside", "moto outside", "moto alone"],
    )
    @pytest.mark.parametrize("base", [unittest.TestCase, object])
    def test_each_test_has_its_buckets(self, decorators, base):
        class Tests(base):
            def test_one(self):
                assert buckets_of("one") == ["one"]

            def test_two(self):
                assert buckets_of("two") == ["two"]

        class TestsWithSetUp(base):
            def setUp(self):
                buckets_of("set-up")

            def test_one(self):
                assert buckets_of("one") == ["one", "set-up"]

            def test_two(self):
                assert buckets_of("two") == ["set-up", "two"]

        for cls in (Tests, TestsWithSetUp) if base is unittest.TestCase else (Tests,):
            for decorate in decorators:
                decorate(cls)
            if base is unittest.TestCase:
                suite = unittest.defaultTestLoader.loadTestsFromTestCase(cls)
                result = suite.run(unittest.TestResult())
                assert (result.errors, result.failures, result.testsRun) == ([], [], 2)
            else:
                cls().test_one()
                cls().test_two()


@pytest.mark.sm_metrics(unknown_trial_component="reject")
def test_a_name_that_moto_made_is_known(sm_metrics):
    with mock_aws():
        client = boto3.client("sagemaker-metrics", region_name="us-east-1")
        boto3.client("sagemaker", region_name="us-east-1").create_trial_component(
            TrialComponentName="run-1"
        )
        assert put(client, "run-1", metric())["Errors"] == []
        assert put(client, "run-2", metric())["Errors"] == [
            {"Code": "VALIDATION_ERROR", "MetricIndex": 0}
        ]


def test_motos_handler_does_not_run(sm_metrics_beside_moto, monkeypatch):
    def never(self):
        raise AssertionError("moto was asked")

    monkeypatch.setattr(
        "moto.sagemakermetrics.responses.SageMakerMetricsResponse.batch_put_metrics", never
    )
    client = boto3.client("sagemaker-metrics", region_name="us-east-1")

    assert (
        put(client, "run-1", metric(step=None), *[metric(step=step) for step in range(9)])["Errors"]
        == []
    )

    assert sm_metrics_beside_moto["run-1"]["loss"].steps == [None, *range(9)]


def test_moto_records_nothing(sm_metrics_beside_moto, monkeypatch, tmp_path):
    monkeypatch.setattr(recorder, "_location", str(tmp_path / "recording"))
    recorder.reset_recording()
    recorder.start_recording()
    try:
        boto3.client("sagemaker", region_name="us-east-1").create_trial_component(
            TrialComponentName="run-1"
        )
        put(boto3.client("sagemaker-metrics", region_name="us-east-1"), "run-1", metric())
    finally:
        recorder.stop_recording()
    recorded = recorder.download_recording()
    assert "CreateTrialComponent" in recorded
    assert "BatchPutMetrics" not in recorded
    assert (
        not sagemakermetrics_backends["123456789012"]["us-east-1"]
        .sagemaker_backend.trial_components["run-1"]
        .metrics
    )


def test_everything_else_is_motos(sm_metrics_beside_moto):
    s3 = boto3.client("s3", region_name="us-east-1")
    s3.create_bucket(Bucket="models")
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["models"]
    sagemaker = boto3.client("sagemaker", region_name="us-east-1")
    sagemaker.create_trial_component(TrialComponentName="run-1")
    assert (
        sagemaker.describe_trial_component(TrialComponentName="run-1")["TrialComponentName"]
        == "run-1"
    )
    assert sm_metrics_beside_moto.calls == ()


def test_motos_control_plane_and_our_metrics(sm_metrics_beside_moto):
    sagemaker = boto3.client("sagemaker", region_name="us-east-1")
    client = boto3.client("sagemaker-metrics", region_name="us-east-1")
    arn = sagemaker.create_trial_component(TrialComponentName="run-1")["TrialComponentArn"]
    assert [(one.name, one.arn) for one in sm_metrics_beside_moto.trial_components] == [
        ("run-1", arn)
    ]
    put(
        client,
        "run-1",
        metric("loss", 0.9, 0),
        metric("loss", 0.5, 1),
        metric("loss", float("nan"), 2),
    )
    [summary] = sagemaker.describe_trial_component(TrialComponentName="run-1")["Metrics"]
    assert (summary["MetricName"], summary["SourceArn"], summary["Count"], summary["Avg"]) == (
        "loss",
        arn,
        2,
        0.7,
    )
    sagemaker.delete_trial_component(TrialComponentName="run-1")
    assert sm_metrics_beside_moto.trial_components == []
    with pytest.raises(ClientError, match="Could not find trial component"):
        sagemaker.describe_trial_component(TrialComponentName="run-1")


def test_a_request_that_is_refused_is_refused_under_moto_too(sm_metrics_beside_moto):
    client = boto3.client("sagemaker-metrics", region_name="us-east-1")
    with pytest.raises(client.exceptions.ClientError, match="ValidationException"):
        put(client, "run-1", *[metric()] * 11)


@pytest.mark.parametrize("moto_is_on", [True, False])
def test_hooks_of_users_see_the_url_where_moto_is_off(sm_metrics, moto_is_on):
    urls = []
    client = boto3.client("sagemaker-metrics", region_name="us-east-1")
    client.meta.events.register_last("before-send", lambda request, **_: urls.append(request.url))
    with mock_aws() if moto_is_on else nullcontext():
        put(client, "run-1", metric())
    [url] = urls
    assert url.endswith("https://metrics.sagemaker.us-east-1.amazonaws.com/BatchPutMetrics")
    assert (url.startswith("https://")) is not moto_is_on


@mock_aws
def test_after_the_mock_moto_answers_again():
    client = boto3.client("sagemaker-metrics", region_name="us-east-1")
    with mock_sm_metrics():
        put(client, "run-1", metric())
    boto3.client("sagemaker", region_name="us-east-1").create_trial_component(
        TrialComponentName="run-1"
    )
    put(client, "run-1", metric(step=0))
    described = boto3.client("sagemaker", region_name="us-east-1").describe_trial_component(
        TrialComponentName="run-1"
    )
    assert [summary["Count"] for summary in described["Metrics"]] == [1]


def test_a_session_with_motos_credentials_does_not_stay():
    moto = mock_aws()
    moto.start()
    boto3.client("s3", region_name="us-east-1")
    sm_metrics = mock_sm_metrics().start()
    moto.stop()
    boto3.client("s3", region_name="us-east-1")
    sm_metrics.stop()
    assert boto3.DEFAULT_SESSION is None


def test_a_session_of_the_users_own_outlives_both():
    boto3.setup_default_session(region_name="eu-west-1")
    own = boto3.DEFAULT_SESSION
    moto = mock_aws()
    moto.start()
    sm_metrics = mock_sm_metrics().start()
    moto.stop()
    sm_metrics.stop()
    assert boto3.DEFAULT_SESSION is own

    sm_metrics = mock_sm_metrics().start()
    moto.start()
    boto3.client("s3")
    sm_metrics.stop()
    boto3.client("s3", region_name="us-east-1")
    moto.stop()
    assert boto3.DEFAULT_SESSION is own
    assert own.get_credentials() is None


def test_a_session_that_was_made_while_calls_were_blocked_outlives_both():
    unblock = block(lambda operation, body: UnmockedCallError(operation))
    try:
        boto3.setup_default_session(region_name="eu-west-1")
        own = boto3.DEFAULT_SESSION
        moto = mock_aws()
        moto.start()
        sm_metrics = mock_sm_metrics().start()
        moto.stop()
        sm_metrics.stop()
        assert boto3.DEFAULT_SESSION is own
    finally:
        unblock()


def test_what_moto_answers_is_not_blocked():
    unblock = block(lambda operation, body: UnmockedCallError(operation))
    try:
        with mock_aws():
            boto3.client("sagemaker", "us-east-1").create_trial_component(
                TrialComponentName="run-1"
            )
            put(boto3.client("sagemaker-metrics", "us-east-1"), "run-1", metric())
            assert (
                sagemakermetrics_backends["123456789012"]["us-east-1"]
                .sagemaker_backend.trial_components["run-1"]
                .metrics
            )
        with pytest.raises(UnmockedCallError, match="BatchPutMetrics"):
            put(boto3.client("sagemaker-metrics", "us-east-1"), "run-1", metric())
    finally:
        unblock()


@pytest.mark.parametrize("own_session", [False, True])
def test_a_client_that_was_made_under_both_signs_with_motos_credentials(
    sm_metrics_beside_moto, own_session, monkeypatch, network
):
    # As one that was made under moto alone. A client that a module keeps must not reach AWS with
    # the user's own credentials.
    session = boto3.Session() if own_session else boto3
    client = session.client(
        "sagemaker-metrics",
        region_name="us-east-1",
        config=Config(retries={"total_max_attempts": 1}),
    )
    signed = []
    client.meta.events.register_first(
        "before-send", lambda request, **_: signed.append(request.headers["Authorization"].decode())
    )
    sm_metrics_beside_moto.stop()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "the-users-own")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with monkeypatch.context() as patch:
        patch.setattr("moto.core.models.botocore_stubber.enabled", False)
        with pytest.raises(EndpointConnectionError):
            put(client, "run-1", metric())
    assert "Credential=FOOBARKEY/" in signed[0]
