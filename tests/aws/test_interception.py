"""Interception: the clients that are answered, and the state afterwards, with real clients."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import boto3
import botocore.session
import pytest
from botocore.config import Config
from botocore.credentials import CredentialProvider, Credentials
from botocore.exceptions import ClientError, NoCredentialsError, NoRegionError, ProfileNotFound
from botocore.stub import Stubber

from pytest_sm_metrics import current, mock_sm_metrics
from pytest_sm_metrics.aws.handlers import CONTEXT_IS_LOST

from ..logging_metrics import INFINITE, client_in, metric, put

EARLY_SESSION = boto3.session.Session(region_name="eu-west-1")
EARLY_CLIENT = EARLY_SESSION.client(
    "sagemaker-metrics", aws_access_key_id="a", aws_secret_access_key="b"
)


def client(**options):
    return boto3.client("sagemaker-metrics", **options)


class TestWhoIsAnswered:
    def test_a_client_made_before(self, sm_metrics):
        put(EARLY_CLIENT, "run-1", metric())
        assert sm_metrics["run-1"].region == "eu-west-1"

    def test_a_client_made_meanwhile_from_an_earlier_session(self, sm_metrics):
        put(EARLY_SESSION.client("sagemaker-metrics"), "run-1", metric())
        assert sm_metrics["run-1"].region == "eu-west-1"

    def test_a_client_of_the_default_session(self, sm_metrics):
        put(client(), "run-1", metric())
        assert "run-1" in sm_metrics

    def test_a_client_made_after_an_earlier_mock(self):
        with mock_sm_metrics():
            pass
        later = client(region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
        with mock_sm_metrics() as sm_metrics:
            put(later, "run-1", metric())
        assert "run-1" in sm_metrics

    def test_a_session_without_botocores_own_handlers(self, sm_metrics):
        session = botocore.session.Session(include_builtin_handlers=False)
        put(session.create_client("sagemaker-metrics"), "run-1", metric())
        put(session.create_client("sagemaker-metrics"), "run-1", metric())
        assert sm_metrics["run-1"]["loss"].values == [0.5, 0.5]

    @pytest.mark.parametrize(
        "region", ["us-east-1", "ap-southeast-2", "cn-north-1", "us-gov-west-1"]
    )
    def test_any_region(self, sm_metrics, region):
        put(client(region_name=region), "run-1", metric())
        assert sm_metrics["run-1"].arn.split(":")[3] == region

    @pytest.mark.parametrize(
        "url",
        [
            "http://localhost:4566",
            "https://example.com/base",
            "https://example.com/base/",
            "http://[::1]:80/a/b",
        ],
    )
    def test_any_endpoint_url(self, sm_metrics, url):
        put(client(endpoint_url=url), "run-1", metric())
        assert "run-1" in sm_metrics

    def test_several_threads_at_once(self, sm_metrics):
        def log(number):
            mine = boto3.session.Session().client("sagemaker-metrics")
            for step in range(20):
                put(mine, f"run-{number}", metric(step=step))

        threads = [threading.Thread(target=log, args=(number,)) for number in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert {run: sm_metrics[run]["loss"].steps for run in sm_metrics} == {
            f"run-{number}": list(range(20)) for number in range(5)
        }

    def test_a_stubber_wins(self, sm_metrics):
        stubbed = client()
        with Stubber(stubbed) as stubber:
            stubber.add_client_error("batch_put_metrics", "ThrottlingException")
            with pytest.raises(ClientError, match="ThrottlingException"):
                put(stubbed, "run-1", metric())
        assert sm_metrics.calls == ()

    def test_the_innermost_mock_answers(self):
        mine = EARLY_CLIENT
        with mock_sm_metrics() as outer:
            with mock_sm_metrics() as inner:
                assert current() is inner
                put(mine, "inner", metric())
            assert current() is outer
            put(mine, "outer", metric())
        assert (list(outer), list(inner)) == (["outer"], ["inner"])

    def test_mocks_may_be_left_in_another_order(self):
        outer, inner = mock_sm_metrics().start(), mock_sm_metrics().start()
        outer.stop()
        put(EARLY_CLIENT, "inner", metric())
        inner.stop()
        inner.stop()
        assert (list(outer), list(inner)) == ([], ["inner"])

    def test_without_a_mock_there_is_no_current_one(self):
        with pytest.raises(RuntimeError, match="no mock of SageMaker Metrics is on"):
            current()

    def test_what_the_client_refuses_does_not_arrive(self, sm_metrics):
        with pytest.raises(botocore.exceptions.ParamValidationError):
            put(client(), "run-1", metric(step=-1))
        assert sm_metrics.calls == ()


class TestTheRealClient:
    def test_the_answer_is_parsed_by_botocore(self, sm_metrics):
        answer = put(client(), "run-1", metric(), metric(value=INFINITE))
        assert answer["Errors"] == [{"Code": "VALIDATION_ERROR", "MetricIndex": 1}]
        metadata = answer["ResponseMetadata"]
        assert (metadata["HTTPStatusCode"], metadata["RetryAttempts"]) == (200, 0)
        assert metadata["RequestId"] == sm_metrics.calls[0].request_id

    def test_on_success_errors_is_present_and_empty(self, sm_metrics):
        assert put(client(), "run-1", metric())["Errors"] == []

    def test_a_malformed_request_is_a_client_error(self, sm_metrics):
        mine = client()
        with pytest.raises(mine.exceptions.ClientError) as refused:
            put(mine, "Run-1", metric())
        error = refused.value.response["Error"]
        assert error["Code"] == "ValidationException"
        assert error["Message"].startswith(
            "1 validation error detected: Value 'Run-1' at 'trialComponentName'"
        )
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400

    def test_a_call_records_what_was_on_the_wire(self, sm_metrics):
        put(client(config=Config(user_agent_extra="trainer/7")), "run-1", metric(step=None))
        [call] = sm_metrics.calls
        assert (call.operation, call.trial_component, call.region) == (
            "BatchPutMetrics",
            "run-1",
            "us-east-1",
        )
        assert call.parameters == {
            "TrialComponentName": "run-1",
            "MetricData": [{"MetricName": "loss", "Timestamp": 1788264000, "Value": 0.5}],
        }
        assert "trainer/7" in call.user_agent
        assert (call.status_code, call.error_code, call.errors, call.response) == (
            200,
            None,
            [],
            {"Errors": []},
        )
        assert (call.attempt, len(call.invocation_id)) == (1, 36)

    @pytest.mark.parametrize("retries", ["legacy", "standard"])
    def test_retries_share_an_invocation_id_and_count_attempts(self, sm_metrics, retries):
        mine = client(config=Config(retries={"mode": retries, "max_attempts": 2}))
        sm_metrics.fail_calls(botocore.exceptions.ConnectionClosedError, stored=True, times=1)
        put(mine, "run-1", metric())
        first, second = sm_metrics.calls
        assert (first.attempt, second.attempt) == (1, 2)
        assert first.invocation_id == second.invocation_id
        assert len(sm_metrics["run-1"]["loss"]) == 2

    @pytest.mark.parametrize(
        ("method", "path"),
        [("GET", "/BatchPutMetrics"), ("PUT", "/Nope"), ("DELETE", "/base/Nope"), ("PUT", "")],
    )
    def test_another_method_or_path_is_an_unknown_operation(self, sm_metrics, method, path):
        mine = client(endpoint_url="https://example.com/base")

        def tamper(request, **_):
            request.method, request.url = method, f"https://example.com{path}"

        mine.meta.events.register_first("before-send.sagemaker-metrics.BatchPutMetrics", tamper)
        with pytest.raises(ClientError, match="UnknownOperationException") as refused:
            put(mine, "run-1", metric())
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
        assert list(sm_metrics) == []

    @pytest.mark.parametrize(
        "content",
        [
            None,
            b"",
            "text",
            bytearray(b"[]"),
            b"\xff",
            memoryview(b"{}"),
            5,
            [b"{", b"}"],
            [1],
            Path(__file__).open("rb"),
        ],
    )
    def test_any_body_is_answered(self, sm_metrics, content):
        mine = client()

        def tamper(request, **_):
            request.body = content

        mine.meta.events.register_first("before-send.sagemaker-metrics.BatchPutMetrics", tamper)
        with pytest.raises(ClientError) as refused:
            put(mine, "run-1", metric())
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


class TestNothingIsNeeded:
    def test_no_credentials_region_profile_or_network(self, sm_metrics, monkeypatch, network):
        monkeypatch.setenv("AWS_PROFILE", "nowhere")
        put(client(), "run-1", metric())
        assert client().meta.region_name == "us-east-1"
        assert network == []

    @pytest.mark.parametrize("mode", ["auto", "standard"])
    def test_defaults_modes_use_no_network(self, sm_metrics, monkeypatch, network, mode):
        monkeypatch.setenv("AWS_DEFAULTS_MODE", mode)
        put(client(), "run-1", metric())
        assert network == []

    def test_requests_are_unsigned(self, sm_metrics):
        headers = []
        mine = client(aws_access_key_id="a", aws_secret_access_key="b")
        mine.meta.events.register_first(
            "before-send.sagemaker-metrics.BatchPutMetrics",
            lambda request, **_: headers.append(dict(request.headers)),
        )
        put(mine, "run-1", metric())
        assert "Authorization" not in headers[0]

    def test_what_is_configured_is_used(self, sm_metrics, monkeypatch):
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        assert client().meta.region_name == "eu-central-1"
        assert client(config=Config(region_name="eu-north-1")).meta.region_name == "eu-north-1"

    def test_other_services_still_need_their_region_and_profile(self, sm_metrics, monkeypatch):
        with pytest.raises(NoRegionError):
            boto3.client("sagemaker", aws_access_key_id="a", aws_secret_access_key="b")
        monkeypatch.setenv("AWS_PROFILE", "nowhere")
        with pytest.raises(ProfileNotFound):
            boto3.client("sagemaker", region_name="us-east-1")
        with pytest.raises(ProfileNotFound):
            boto3.session.Session().get_credentials()

    def test_an_empty_region_is_none(self, sm_metrics, monkeypatch):
        monkeypatch.setenv("AWS_DEFAULT_REGION", "")
        assert client().meta.region_name == "us-east-1"

    def test_classes_derived_meanwhile_are_as_always(self, sm_metrics):
        seen = []

        class Mixin:
            def __init_subclass__(cls, tag, **options):
                seen.append(tag)

        class Derived(botocore.session.Session, Mixin, tag="t"):
            pass

        assert seen == ["t"]
        put(Derived().create_client("sagemaker-metrics"), "run-1", metric())

    def test_the_environment_is_not_touched(self):
        before = dict(os.environ)
        with mock_sm_metrics():
            client()
            assert dict(os.environ) == before
        assert dict(os.environ) == before


class TestAfterwards:
    def test_a_client_made_meanwhile_needs_credentials_again(self, monkeypatch, network):
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        with mock_sm_metrics():
            mine = client()
            put(mine, "run-1", metric())
        with pytest.raises(NoCredentialsError):
            put(mine, "run-1", metric())
        assert network == []

    def test_a_client_made_meanwhile_signs_with_what_is_configured(self, monkeypatch):
        with mock_sm_metrics():
            mine = client(config=Config(retries={"max_attempts": 0}))
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAREAL")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        assert b"Credential=AKIAREAL/" in self.authorization(mine)

    def test_a_client_signs_with_what_the_environment_held_when_it_was_made(self, monkeypatch):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "then")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        with mock_sm_metrics():
            mine = client(config=Config(retries={"max_attempts": 0}))
            with_keys = boto3.Session("its-own", "secret").client(
                "sagemaker-metrics", region_name="us-east-1"
            )
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "now")
        assert b"Credential=then/" in self.authorization(mine)
        assert b"Credential=its-own/" in self.authorization(with_keys)

    def test_half_of_a_key_in_the_environment_does_no_harm(self, sm_metrics, monkeypatch):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "half")
        put(client(), "run-1", metric())

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("AWS_CREDENTIAL_EXPIRATION", "rubbish"),
            ("AWS_METADATA_SERVICE_TIMEOUT", "abc"),
            ("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "rubbish"),
            ("AWS_PROFILE", "nowhere"),
        ],
    )
    def test_nor_does_rubbish_beside_it(self, sm_metrics, monkeypatch, name, value):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
        monkeypatch.setenv(name, value)
        put(botocore.session.Session().create_client("sagemaker-metrics"), "run-1", metric())

    def test_a_provider_of_the_users_own_comes_first(self, monkeypatch):
        class Own(CredentialProvider):
            METHOD = "own"

            def load(self):
                return Credentials("its-own", "secret")

        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
        session = botocore.session.Session()
        session.get_component("credential_provider").insert_before("env", Own())
        with mock_sm_metrics():
            mine = session.create_client("sagemaker-metrics", "us-east-1")
        assert b"Credential=its-own/" in self.authorization(mine)

    def test_an_earlier_client_signs_as_before(self):
        with mock_sm_metrics():
            put(EARLY_CLIENT, "run-1", metric())
        assert b"Credential=a/" in self.authorization(EARLY_CLIENT)

    def authorization(self, client):
        """Return the Authorization header that the client would have sent."""
        sent = []

        def look(request, **_):
            sent.append(request.headers["Authorization"])
            raise InterruptedError

        client.meta.events.register("before-send.sagemaker-metrics", look, unique_id="look")
        try:
            with pytest.raises(InterruptedError):
                put(client, "run-1", metric())
        finally:
            client.meta.events.unregister("before-send.sagemaker-metrics", unique_id="look")
        return sent[0]

    def test_clients_need_a_region_again(self):
        with mock_sm_metrics():
            client()
        with pytest.raises(NoRegionError):
            client(aws_access_key_id="a", aws_secret_access_key="b")

    def test_the_default_session_is_as_before(self):
        assert boto3.DEFAULT_SESSION is None
        with mock_sm_metrics():
            client()
            assert boto3.DEFAULT_SESSION is not None
        assert boto3.DEFAULT_SESSION is None

    def test_a_default_session_that_was_there_is_there_again(self):
        boto3.setup_default_session(region_name="eu-west-1")
        mine = boto3.DEFAULT_SESSION
        with mock_sm_metrics():
            boto3.setup_default_session(region_name="us-west-2")
        assert boto3.DEFAULT_SESSION is mine

    def test_a_default_session_is_gone_whatever_order_mocks_are_left_in(self):
        outer = mock_sm_metrics().start()
        client()
        inner = mock_sm_metrics().start()
        outer.stop()
        inner.stop()
        assert boto3.DEFAULT_SESSION is None

    def test_sessions_are_as_before(self):
        before = dict(vars(botocore.session.Session))
        for _ in range(200):
            with mock_sm_metrics():
                pass
        assert dict(vars(botocore.session.Session)) == before

    def test_two_hundred_activations_register_handlers_once(self):
        with mock_sm_metrics():
            pass
        before = list(botocore.handlers.BUILTIN_HANDLERS)
        for _ in range(200):
            with mock_sm_metrics() as sm_metrics:
                pass
        assert before == botocore.handlers.BUILTIN_HANDLERS
        with mock_sm_metrics() as sm_metrics:
            put(EARLY_CLIENT, "run-1", metric())
        assert len(sm_metrics.calls) == 1

    def test_a_mock_can_be_read_after_it_is_off(self):
        with mock_sm_metrics() as sm_metrics:
            put(client(), "run-1", metric())
        assert sm_metrics["run-1"]["loss"].values == [0.5]

    def test_each_activation_begins_empty(self):
        mocked = mock_sm_metrics()
        for _ in range(2):
            with mocked as sm_metrics:
                assert list(sm_metrics) == []
                put(client(), "run-1", metric())


def test_a_wrapper_that_other_code_put_on_top_stays():
    Session = botocore.session.Session
    original = Session.create_client

    with mock_sm_metrics():
        ours = Session.create_client

        def theirs(self, *args, **kwargs):
            return ours(self, *args, **kwargs)

        Session.create_client = theirs
    try:
        assert Session.create_client is theirs
        with pytest.raises(NoRegionError):
            client()
        with mock_sm_metrics() as sm_metrics:
            put(client(), "run-1", metric())
        assert "run-1" in sm_metrics
        assert Session.create_client is theirs
    finally:
        Session.create_client = original


FROZEN = """
import gc
import boto3
keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
client = boto3.client("sagemaker-metrics", region_name="us-east-1", **keys)
gc.freeze()
count = gc.get_freeze_count()
from pytest_sm_metrics import mock_sm_metrics
with mock_sm_metrics() as sm_metrics:
    data = [{"MetricName": "loss", "Timestamp": 0, "Value": 1.0}]
    client.batch_put_metrics(TrialComponentName="run-1", MetricData=data)
assert list(sm_metrics) == ["run-1"]
assert gc.get_freeze_count() >= count
"""


def test_a_client_that_the_garbage_collector_has_frozen():
    subprocess.run([sys.executable, "-W", "error", "-c", FROZEN], check=True, timeout=60)


NOT_FROZEN = """
import boto3, gc
from pytest_sm_metrics import mock_sm_metrics
count = gc.get_freeze_count()
with mock_sm_metrics():
    boto3.client("sagemaker-metrics")
assert gc.get_freeze_count() == count
"""


def test_nothing_is_frozen_that_was_not():
    subprocess.run([sys.executable, "-W", "error", "-c", NOT_FROZEN], check=True, timeout=60)


LET_GO = """
import gc, sys, weakref
from concurrent.futures import ThreadPoolExecutor
import boto3
from botocore.config import Config
from pytest_sm_metrics import mock_sm_metrics

keys = {"region_name": "us-east-1", "aws_access_key_id": "a", "aws_secret_access_key": "b"}
client = boto3.client("sagemaker-metrics", config=Config(retries={"mode": sys.argv[1]}), **keys)
data = [{"MetricName": "loss", "Timestamp": 0, "Value": 1.0}]
pool = ThreadPoolExecutor(1)
with mock_sm_metrics() as sm_metrics:
    sm_metrics.fail_calls("ThrottlingException", times=1)
    client.batch_put_metrics(TrialComponentName="run-1", MetricData=data)
    IN_A_POOL
stored = weakref.ref(sm_metrics._service._store)
del sm_metrics
gc.collect()
assert stored() is None
"""


@pytest.mark.parametrize("mode", ["legacy", "standard", "adaptive"])
def test_nothing_of_a_mock_is_kept(mode):
    keywords = 'TrialComponentName="run-1", MetricData=data'
    in_a_pool = f"pool.submit(client.batch_put_metrics, {keywords}).result()"
    script = LET_GO.replace("IN_A_POOL", "pass" if CONTEXT_IS_LOST else in_a_pool)
    subprocess.run([sys.executable, "-W", "error", "-c", script, mode], check=True, timeout=60)


def test_a_retry_says_how_long_its_client_waits(sm_metrics):
    client = client_in("us-east-1")
    seen = []
    handler = lambda request, **_: seen.append(request.headers["amz-sdk-request"])  # noqa: E731
    sm_metrics.fail_calls("ThrottlingException", times=1)
    client.meta.events.register_first("before-send", handler)
    try:
        put(client, "run-1", metric())
    finally:
        client.meta.events.unregister("before-send", handler)
    assert seen[0].startswith(b"attempt=1")
    assert re.fullmatch(rb"ttl=\d{8}T\d{6}Z; attempt=2(; max=\d)?", seen[1])
