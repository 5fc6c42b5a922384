"""Faults through real clients: the answers that the code under test gets, and the stored data."""

from __future__ import annotations

import contextlib
import io
import re
import signal
import ssl
import sys
import threading
import time
from functools import partial
from pathlib import Path

import boto3
import botocore.exceptions
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)
from botocore.retries.bucket import TokenBucket
from botocore.retries.quota import RetryQuota
from hypothesis import given
from hypothesis import strategies as st

from pytest_sm_metrics import (
    UnmockedCallError,
    delay_calls,
    fail_calls,
    fail_metrics,
    mock_sm_metrics,
)
from pytest_sm_metrics.faults import hold_calls
from pytest_sm_metrics.service.errors import ERRORS, METRIC_ERRORS

from .logging_metrics import INFINITE, SESSION, client_in, metric, put
from .requests import body, item, request


class Raw(io.BytesIO):
    """A raw response, as urllib3 reads it."""

    def stream(self):
        yield self.read()


KEYS = {"region_name": "us-east-1", "aws_access_key_id": "a", "aws_secret_access_key": "b"}


@pytest.fixture
def client():
    return client_in("us-east-1")


def make_client(**config):
    return SESSION.client("sagemaker-metrics", config=Config(**config), **KEYS)


def codes(answer):
    return [(error["Code"], error["MetricIndex"]) for error in answer["Errors"]]


class TestFailMetrics:
    @pytest.mark.parametrize("code", METRIC_ERRORS)
    def test_each_code(self, sm_metrics, client, code):
        fault = sm_metrics.fail_metrics(code, metric_name="loss", step=3)
        answer = put(
            client, "run-1", metric("loss", 0.9, 2), metric("loss", 0.5, 3), metric("val", 0.4, 3)
        )
        assert codes(answer) == [(code, 1)]
        assert [(one.metric_name, one.step) for one in sm_metrics["run-1"].metrics] == [
            ("loss", 2),
            ("val", 3),
        ]
        [rejected] = sm_metrics.rejected
        assert (rejected.code, rejected.index, rejected.injected, rejected.rule) == (
            code,
            1,
            True,
            None,
        )
        assert rejected.reason == f"injected by fail_metrics({code!r}, metric_name='loss', step=3)"
        assert fault.hits == 1

    @pytest.mark.parametrize(
        ("filters", "refused"),
        [
            ({}, [0, 1, 2, 3]),
            ({"trial_component": "run-1"}, [0, 1, 2, 3]),
            ({"trial_component": "run-2"}, []),
            ({"trial_component": re.compile(r"\d$")}, [0, 1, 2, 3]),
            ({"trial_component": lambda name: name.startswith("other")}, []),
            ({"region": "us-east-1"}, [0, 1, 2, 3]),
            ({"region": "eu-west-1"}, []),
            ({"metric_name": "loss"}, [0, 1]),
            ({"metric_name": re.compile("^val:")}, [2, 3]),
            ({"metric_name": lambda name: name.endswith("acc")}, [3]),
            ({"step": 1}, [1, 3]),
            ({"step": lambda step: step is None}, [2]),
            ({"index": 0}, [0]),
            ({"index": lambda index: index > 1}, [2, 3]),
            ({"metric_name": "loss", "step": 1, "index": 1}, [1]),
            ({"metric_name": "loss", "step": 0, "index": 1}, []),
        ],
    )
    def test_filters(self, sm_metrics, client, filters, refused):
        fault = sm_metrics.fail_metrics("INTERNAL_ERROR", optional=True, **filters)
        answer = put(
            client,
            "run-1",
            metric("loss", 1, 0),
            metric("loss", 1, 1),
            metric("val:loss", 1, None),
            metric("val:acc", 1, 1),
        )
        assert [index for _, index in codes(answer)] == refused
        assert fault.hits == fault.matches == len(refused)

    def test_times_and_after_count_metrics(self, sm_metrics, client):
        fault = sm_metrics.fail_metrics("CONFLICT_ERROR", times=2, after=3)
        assert codes(put(client, "run-1", metric(), metric())) == []
        assert codes(put(client, "run-1", metric(), metric(), metric(), metric())) == [
            ("CONFLICT_ERROR", 1),
            ("CONFLICT_ERROR", 2),
        ]
        assert (fault.matches, fault.hits) == (6, 2)

    def test_the_first_added_of_those_that_are_ready_fires_and_only_it_has_a_hit(
        self, sm_metrics, client
    ):
        late = sm_metrics.fail_metrics("INTERNAL_ERROR", after=1)
        first = sm_metrics.fail_metrics("CONFLICT_ERROR", times=1)
        second = sm_metrics.fail_metrics("VALIDATION_ERROR")
        answer = put(client, "run-1", metric(), metric(), metric("other"))
        assert codes(answer) == [
            ("CONFLICT_ERROR", 0),
            ("INTERNAL_ERROR", 1),
            ("INTERNAL_ERROR", 2),
        ]
        assert [fault.hits for fault in (late, first, second)] == [2, 1, 0]
        assert [fault.matches for fault in (late, first, second)] == [3, 3, 3]
        second.optional = True

    def test_it_takes_no_room_and_comes_before_the_rules(self, client):
        with mock_sm_metrics(metric_limit=2) as sm_metrics:
            sm_metrics.fail_metrics("CONFLICT_ERROR", index=0)
            answer = put(client, "run-1", metric(), metric(), metric(), metric())
        assert codes(answer) == [("CONFLICT_ERROR", 0), ("METRIC_LIMIT_EXCEEDED", 3)]

    def test_injected_ones_are_no_rejected_metrics_that_fail_a_test(self, client):
        with mock_sm_metrics(rejected_metrics="error") as sm_metrics:
            sm_metrics.fail_metrics("CONFLICT_ERROR")
            put(client, "run-1", metric())


class TestProbability:
    def outcomes(self, seed, calls=40, probability=0.5):
        with mock_sm_metrics(seed=seed) as sm_metrics:
            sm_metrics.fail_metrics("CONFLICT_ERROR", probability=probability, optional=True)
            return [
                bool(put(client_in("us-east-1"), "run-1", metric())["Errors"]) for _ in range(calls)
            ]

    def test_it_depends_on_the_seed_and_the_attempt_alone(self):
        assert self.outcomes(1) == self.outcomes(1)
        assert self.outcomes(1) != self.outcomes(2)
        assert self.outcomes(1)[:10] == self.outcomes(1, calls=10)
        assert 5 < sum(self.outcomes(1)) < 35

    def test_never_and_always(self):
        assert not any(self.outcomes(1, probability=0))
        assert all(self.outcomes(1, probability=1))


class TestFailCalls:
    @pytest.mark.parametrize("code", ERRORS)
    def test_each_error(self, sm_metrics, code):
        client = make_client(retries={"total_max_attempts": 1})
        sm_metrics.fail_calls(code)
        with pytest.raises(ClientError) as raised:
            put(client, "run-1", metric())
        response = raised.value.response
        assert response["Error"]["Code"] == code
        assert response["ResponseMetadata"]["HTTPStatusCode"] == ERRORS[code].status
        assert "{" not in response["Error"]["Message"]
        [call] = sm_metrics.calls
        assert (call.status_code, call.error_code, call.request_id) == (
            ERRORS[code].status,
            code,
            response["ResponseMetadata"]["RequestId"],
        )
        assert call.response == {"message": response["Error"]["Message"]}
        assert list(sm_metrics) == []

    def test_access_denied_names_who_may_not_do_what(self, client):
        with mock_sm_metrics(
            caller_arn="arn:aws:sts::123456789012:assumed-role/trainer/run"
        ) as sm_metrics:
            sm_metrics.fail_calls("AccessDeniedException")
            with pytest.raises(ClientError) as raised:
                put(client, "run-1", metric())
        assert raised.value.response["Error"]["Message"] == (
            "User: arn:aws:sts::123456789012:assumed-role/trainer/run "
            "is not authorized to perform: sagemaker:BatchPutMetrics on resource: "
            "arn:aws:sagemaker:us-east-1:123456789012:experiment-trial-component/run-1 "
            "because no identity-based policy allows the sagemaker:BatchPutMetrics action"
        )

    def test_a_message_and_a_status_of_ones_own(self, sm_metrics):
        client = make_client(retries={"total_max_attempts": 1})
        sm_metrics.fail_calls(
            "ValidationException", message="1 validation error detected: {curly}", times=1
        )
        sm_metrics.fail_calls((418, "TeapotException"), times=1)
        with pytest.raises(ClientError, match=r"1 validation error detected: \{curly\}"):
            put(client, "run-1", metric())
        with pytest.raises(ClientError, match="TeapotException") as raised:
            put(client, "run-1", metric())
        assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 418

    @pytest.mark.parametrize(
        ("mode", "attempts"), [("legacy", 5), ("standard", 3), ("adaptive", 3)]
    )
    @pytest.mark.parametrize(
        "code", ["ThrottlingException", "InternalFailure", "ServiceUnavailable"]
    )
    def test_what_botocore_retries_on_aws(self, sm_metrics, mode, attempts, code):
        client = make_client(retries={"mode": mode})
        sm_metrics.fail_calls(code, times=attempts - 1)
        answer = put(client, "run-1", metric())
        assert answer["ResponseMetadata"]["RetryAttempts"] == attempts - 1
        assert [call.attempt for call in sm_metrics.calls] == list(range(1, attempts + 1))
        assert len({call.invocation_id for call in sm_metrics.calls}) == 1
        assert len(sm_metrics["run-1"]["loss"]) == 1

        fault = sm_metrics.fail_calls(code)
        with pytest.raises(ClientError, match=code):
            put(client, "run-1", metric())
        assert fault.hits == attempts

    @pytest.mark.parametrize("code", ["AccessDeniedException", "ValidationException"])
    def test_what_it_does_not_retry(self, sm_metrics, client, code):
        fault = sm_metrics.fail_calls(code)
        with pytest.raises(ClientError, match=code):
            put(client, "run-1", metric())
        assert fault.hits == 1

    @pytest.mark.parametrize(
        "name",
        [
            "ConnectTimeoutError",
            "ReadTimeoutError",
            "EndpointConnectionError",
            "ConnectionClosedError",
            "SSLError",
            "ProxyConnectionError",
        ],
    )
    @pytest.mark.parametrize(("mode", "attempts"), [("legacy", 5), ("standard", 3)])
    def test_no_answer(self, sm_metrics, name, mode, attempts):
        error = getattr(botocore.exceptions, name)
        client = make_client(retries={"mode": mode})
        fault = sm_metrics.fail_calls(error)
        with pytest.raises(error):
            put(client, "run-1", metric())
        assert fault.hits == attempts
        assert all(
            (call.status_code, call.error_code, call.response) == (None, name, None)
            for call in sm_metrics.calls
        )
        assert list(sm_metrics) == []

    @pytest.mark.parametrize(
        ("failure", "name"),
        [
            ("ConnectionReset", "ConnectionClosedError"),
            ("TruncatedBody", "ConnectionClosedError"),
            ("NoAnswer", "ReadTimeoutError"),
        ],
    )
    def test_a_failure_of_the_connection(self, sm_metrics, client, failure, name):
        error = getattr(botocore.exceptions, name)
        sm_metrics.fail_calls(failure, stored=True, times=1)
        put(client, "run-1", metric())
        assert len(sm_metrics["run-1"].metrics) == 2
        sm_metrics.fail_calls(failure)
        with pytest.raises(error):
            put(client, "run-1", metric())
        assert {call.error_code for call in sm_metrics.calls} == {name, None}

    def test_an_instance(self, sm_metrics, client):
        error = EndpointConnectionError(endpoint_url="https://own")
        sm_metrics.fail_calls(error)
        with pytest.raises(EndpointConnectionError) as raised:
            put(client, "run-1", metric())
        assert raised.value is error

    def test_a_truncated_body_is_an_answer_without_errors(self, sm_metrics, client):
        sm_metrics.fail_calls((200, b'{"Errors": [{"Code": "CONF'))
        answer = put(client, "run-1", metric())
        assert "Errors" not in answer
        [call] = sm_metrics.calls
        assert (call.status_code, call.error_code, call.response, call.errors) == (
            200,
            None,
            b'{"Errors": [{"Code": "CONF',
            [],
        )
        assert list(sm_metrics) == []

    def test_a_page_of_a_proxy(self, sm_metrics, client):
        fault = sm_metrics.fail_calls((502, b"<html>Bad Gateway</html>"), times=2)
        put(client, "run-1", metric())
        assert fault.hits == 2
        assert len(sm_metrics["run-1"].metrics) == 1
        sm_metrics.fail_calls((502, b"<html>Bad Gateway</html>"))
        with pytest.raises(ClientError, match="502"):
            put(client, "run-1", metric())

    def test_stored_although_the_answer_is_lost(self, sm_metrics, client):
        sm_metrics.fail_calls(ReadTimeoutError, stored=True, times=1)
        put(client, "run-1", metric())
        assert len(sm_metrics["run-1"]["loss"]) == 2  # the retry doubled it
        assert [call.error_code for call in sm_metrics.calls] == ["ReadTimeoutError", None]

    def test_filters(self, sm_metrics):
        client = make_client(retries={"total_max_attempts": 1})
        sm_metrics.fail_calls(
            "ThrottlingException",
            trial_component=re.compile("^train"),
            region="us-east-1",
            operation="BatchPutMetrics",
        )
        put(client, "val-1", metric())
        put(client_in("eu-west-1"), "train-1", metric())
        with pytest.raises(ClientError):
            put(client, "train-1", metric())

    def test_it_comes_before_a_malformed_request_and_metric_faults_after(self, sm_metrics):
        client = make_client(retries={"total_max_attempts": 1})
        fault = sm_metrics.fail_calls("ThrottlingException", times=1, trial_component="Run-1")
        metrics = sm_metrics.fail_metrics("CONFLICT_ERROR", optional=True)
        with pytest.raises(ClientError, match="ThrottlingException"):
            put(client, "Run-1", metric())
        with pytest.raises(ClientError, match="ValidationException"):
            put(client, "Run-1", metric())
        assert (fault.hits, metrics.matches) == (1, 0)


class TestDelayCalls:
    def test_no_time_passes(self, sm_metrics, client):
        sm_metrics.delay_calls(50)
        put(client, "run-1", metric())
        assert len(sm_metrics["run-1"]["loss"]) == 1

    def test_they_add_up_and_past_the_timeout_the_answer_is_lost(self, sm_metrics):
        client = make_client(read_timeout=90, retries={"total_max_attempts": 1})
        sm_metrics.delay_calls(50)
        put(client, "run-1", metric())
        with sm_metrics.delay_calls(41), pytest.raises(ReadTimeoutError):
            put(client, "run-1", metric())
        put(client, "run-1", metric())
        assert len(sm_metrics["run-1"]["loss"]) == 3
        assert [call.error_code for call in sm_metrics.calls] == [None, "ReadTimeoutError", None]

    def test_an_answer_after_exactly_the_timeout_arrives(self, sm_metrics):
        client = make_client(read_timeout=7, retries={"total_max_attempts": 1})
        sm_metrics.delay_calls(7)
        assert put(client, "run-1", metric())["Errors"] == []

    def test_the_clients_retries_double_the_data(self, sm_metrics, client):
        sm_metrics.delay_calls(61, times=2)  # botocore's own read_timeout is 60
        assert put(client, "run-1", metric())["ResponseMetadata"]["RetryAttempts"] == 2
        assert len(sm_metrics["run-1"]["loss"]) == 3


class TestFastRetries:
    @pytest.fixture
    def slept(self, monkeypatch):
        slept = []
        monkeypatch.setattr(time, "sleep", slept.append)
        return slept

    @pytest.mark.parametrize("mode", ["legacy", "standard", "adaptive"])
    def test_back_off_is_not_slept(self, sm_metrics, slept, mode):
        client = make_client(retries={"mode": mode, "total_max_attempts": 5})
        for _ in range(3):
            sm_metrics.fail_calls("ThrottlingException", times=4)
            assert put(client, "run-1", metric())["ResponseMetadata"]["RetryAttempts"] == 4
        assert slept == []

    def test_slow_ones(self, slept, client):
        with mock_sm_metrics(fast_retries=False) as sm_metrics:
            sm_metrics.fail_calls("ThrottlingException", times=2)
            put(client, "run-1", metric())
        assert len(slept) == 2

    def test_other_services_sleep_as_always(self, sm_metrics, slept, client, network):
        s3 = SESSION.client("s3", config=Config(retries={"total_max_attempts": 2}), **KEYS)
        sm_metrics.fail_calls("ThrottlingException", times=1)
        put(client, "run-1", metric())
        with pytest.raises(EndpointConnectionError):
            s3.list_buckets()
        assert len(slept) == 1

    def test_another_clients_rate_limit_holds(self, sm_metrics, client, monkeypatch):
        def slow_down(request, **_):
            return AWSResponse(request.url, 503, {}, Raw(b"<Error><Code>SlowDown</Code></Error>"))

        taken = []
        s3 = SESSION.client(
            "s3", config=Config(retries={"mode": "adaptive", "total_max_attempts": 1}), **KEYS
        )
        s3.meta.events.register("before-send.s3", slow_down)
        monkeypatch.setattr(TokenBucket, "_acquire", lambda self, **_: taken.append(self) or True)
        for _ in range(2):
            put(client, "run-1", metric())
            with pytest.raises(ClientError, match="SlowDown"):
                s3.list_buckets()
        assert len(taken) == 1  # by the second call: throttling switches the limit on

    def test_afterwards_everything_is_as_before(self, client):
        import botocore.endpoint
        import botocore.retries.bucket

        acquire = botocore.retries.bucket.TokenBucket.acquire
        with mock_sm_metrics() as sm_metrics:
            sm_metrics.fail_calls("ThrottlingException", times=1)
            put(client, "run-1", metric())
            assert botocore.endpoint.time is not time
        assert botocore.endpoint.time is time
        assert botocore.retries.bucket.TokenBucket.acquire is acquire


class TestRetryQuota:
    """Standard mode, the default since botocore 1.44: after many retries, a client stops them."""

    @pytest.fixture
    def client(self):
        return make_client(retries={"mode": "standard"})

    def run_out_of_it(self, client, sm_metrics):
        with sm_metrics.fail_calls("InternalFailure"):
            for _ in range(60):
                with pytest.raises(ClientError):
                    put(client, "run-1", metric())
        assert [call.attempt for call in sm_metrics.calls[:3]] == [1, 2, 3]
        assert sm_metrics.calls[-1].attempt == 1

    @pytest.mark.parametrize("fast_retries", [True, False])
    def test_it_is_the_clients_within_a_mock_and_whole_after_it(
        self, client, fast_retries, monkeypatch
    ):
        monkeypatch.setattr(time, "sleep", lambda seconds: None)
        for _ in range(2):
            with mock_sm_metrics(fast_retries=fast_retries) as sm_metrics:
                self.run_out_of_it(client, sm_metrics)

    def test_of_nested_mocks(self, client, sm_metrics):
        self.run_out_of_it(client, sm_metrics)
        with mock_sm_metrics():
            put(client, "run-1", metric())
        with sm_metrics.fail_calls("InternalFailure"), pytest.raises(ClientError):
            put(client, "run-1", metric())
        assert sm_metrics.calls[-1].attempt == 1  # the outer quota is still used up

    def test_it_is_whole_after_a_reset(self, client, sm_metrics):
        for _ in range(2):
            self.run_out_of_it(client, sm_metrics)
            sm_metrics.reset()

    def test_what_was_spent_before_stays_spent(self, client):
        quota = self.quota_of(client)
        quota.acquire(450)
        with (
            mock_sm_metrics() as sm_metrics,
            sm_metrics.fail_calls("InternalFailure"),
            pytest.raises(ClientError),
        ):
            put(client, "run-1", metric())
        assert quota.available_capacity == 50

    def quota_of(self, client):
        """Return the retry quota of a client: its first retry takes from it."""
        quotas = []
        acquire = RetryQuota.acquire

        def note(quota, amount):
            quotas.append(quota)
            return acquire(quota, amount)

        with mock_sm_metrics() as sm_metrics, pytest.MonkeyPatch.context() as patch:
            patch.setattr(RetryQuota, "acquire", note)
            sm_metrics.fail_calls("InternalFailure", times=1)
            put(client, "run-1", metric())
        return quotas[0]

    def test_that_of_another_service_is_its_own(self, sm_metrics, client, monkeypatch):
        monkeypatch.setattr(time, "sleep", lambda seconds: None)
        s3 = SESSION.client("s3", config=Config(retries={"mode": "standard"}), **KEYS)
        s3.meta.events.register(
            "before-send.s3", lambda request, **_: AWSResponse(request.url, 500, {}, Raw(b""))
        )
        attempts = []
        s3.meta.events.register("request-created.s3", lambda **_: attempts.append(1))
        with mock_sm_metrics() as inner:
            self.run_out_of_it(client, inner)
            for _ in range(60):
                with pytest.raises(ClientError):
                    s3.list_buckets()
        attempts.clear()
        with pytest.raises(ClientError):
            s3.list_buckets()
        assert len(attempts) == 1


def test_a_retry_that_comes_when_the_mock_is_off_does_not_reach_aws(network):
    """An example is a call that was held, and answered when its mock was switched off."""
    client, failed = make_client(), []

    def upload():
        try:
            put(client, "run-1", metric())
        except UnmockedCallError as error:
            failed.append(error)

    answered, goes_on = threading.Event(), threading.Event()

    def wait(**_):
        answered.set()
        goes_on.wait()

    client.meta.events.register_last("needs-retry.sagemaker-metrics", wait)
    thread = threading.Thread(target=upload)
    with mock_sm_metrics() as sm_metrics:
        sm_metrics.fail_calls("InternalFailure")
        thread.start()
        answered.wait()
    goes_on.set()
    thread.join()
    [error] = failed
    assert (
        "was tried again when the mock of SageMaker Metrics that had answered it was off. "
        "It did not reach AWS."
    ) in str(error)
    assert (error.operation, error.trial_component) == ("BatchPutMetrics", "run-1")
    assert error.test.endswith("::test_a_retry_that_comes_when_the_mock_is_off_does_not_reach_aws")
    assert len(sm_metrics.calls) == 1
    assert network == []


class TestHoldCalls:
    def test_calls_wait_until_the_block_ends(self, sm_metrics, client):
        threads = [threading.Thread(target=put, args=(client, "run-1", metric())) for _ in range(3)]
        with sm_metrics.hold_calls(trial_component="run-1", times=2) as held:
            for thread in threads:
                thread.start()
            held.wait(n=2)
            threads_that_are_held = 2
            put(client, "run-2", metric())
            assert len(sm_metrics.calls) >= 1
        for thread in threads:
            thread.join()
        assert held.hits == threads_that_are_held
        assert len(sm_metrics["run-1"].metrics) == 3

    def test_requests_in_flight_together_conflict(self, client):
        with mock_sm_metrics(concurrent_writes="conflict") as sm_metrics:
            first = threading.Thread(target=put, args=(client, "run-1", metric("first")))
            with sm_metrics.hold_calls(times=1) as held:
                first.start()
                held.wait()
                assert codes(put(client, "run-1", metric("second"), metric(value=INFINITE))) == [
                    ("CONFLICT_ERROR", 0),
                    ("VALIDATION_ERROR", 1),
                ]
                assert codes(put(client, "run-2", metric())) == []
                assert codes(put(client_in("eu-west-1"), "run-1", metric())) == []
            first.join()
            assert codes(put(client, "run-1", metric("third"))) == []
            assert list(sm_metrics.trial_component("run-1", region="us-east-1")) == [
                "first",
                "third",
            ]
        assert sm_metrics.rejected[0].rule.id == "TrialComponentName.concurrent"
        assert sm_metrics.rejected[0].reason.startswith(
            "an earlier request for 'run-1' was in flight"
        )

    def test_without_the_setting_they_do_not(self, sm_metrics, client):
        first = threading.Thread(target=put, args=(client, "run-1", metric("first")))
        with sm_metrics.hold_calls(times=1) as held:
            first.start()
            held.wait()
            assert codes(put(client, "run-1", metric("second"))) == []
        first.join()

    def test_a_call_in_the_thread_of_the_block(self, sm_metrics, client):
        with sm_metrics.hold_calls(timeout=0.01):
            with pytest.raises(
                RuntimeError,
                match=r"held for 0.01 seconds by hold_calls\(timeout=0.01\)"
                r".*in another thread or task",
            ):
                put(client, "run-1", metric())
        assert [(call.status_code, call.error_code) for call in sm_metrics.calls] == [
            (None, "RuntimeError")
        ]
        assert "held for 0.01 seconds" in only_finding(sm_metrics)

    def test_a_hold_that_never_ends_is_a_finding(self, sm_metrics, client):
        with sm_metrics.hold_calls(timeout=0.01), contextlib.suppress(RuntimeError):
            put(client, "run-1", metric())
        found = only_finding(sm_metrics)
        assert found.startswith(
            "a call was held for 0.01 seconds by hold_calls(timeout=0.01): the block did not end "
            "in that time. Make the call in another thread or task than the block"
        )
        assert found.endswith(
            "  - the call: <Call BatchPutMetrics 'run-1' in us-east-1: no answer, RuntimeError>"
        )
        sm_metrics.check()

    def test_a_hold_without_a_thread_that_ends_it_is_a_finding(
        self, sm_metrics, client, monkeypatch
    ):
        def start(self):
            raise RuntimeError("can't start new thread")

        monkeypatch.setattr(threading.Timer, "start", start)
        with sm_metrics.hold_calls(), contextlib.suppress(RuntimeError):
            put(client, "run-1", metric())
        assert only_finding(sm_metrics).startswith(
            "a call could not be held by hold_calls(): can't start new thread"
        )

    def test_a_caller_that_stops_waiting_is_no_finding(self, sm_metrics):
        held = sm_metrics.hold_calls(optional=True)
        answer = sm_metrics._service.answer(request(body(item())))
        assert answer.abandon(ConnectionAbortedError())
        held.remove()
        assert [call.error_code for call in sm_metrics.calls] == ["ConnectionAbortedError"]
        sm_metrics.check()

    def test_waiting_in_vain(self, sm_metrics):
        with sm_metrics.hold_calls(timeout=0.01, optional=True) as held:
            with pytest.raises(
                AssertionError, match=r"0 of 2 calls were held within 0.01 seconds by hold_calls\("
            ) as raised:
                held.wait(n=2)
            assert ends_in_this_file(raised)

    def test_they_are_answered_in_the_order_of_their_arrival(self, sm_metrics, client):
        threads = [
            threading.Thread(target=put, args=(client, "run-1", metric(step=step)))
            for step in range(10)
        ]
        with sm_metrics.hold_calls() as held:
            for count, thread in enumerate(threads, 1):
                thread.start()
                held.wait(count)
        for thread in threads:
            thread.join()
        assert sm_metrics["run-1"]["loss"].steps == list(range(10))

    def test_reset_answers_what_is_held_before(self, sm_metrics, client):
        thread = threading.Thread(target=put, args=(client, "run-1", metric()))
        sm_metrics.fail_metrics("CONFLICT_ERROR")
        held = sm_metrics.hold_calls()
        thread.start()
        held.wait()
        sm_metrics.reset()
        thread.join()
        assert (sm_metrics.calls, list(sm_metrics), sm_metrics.faults) == ((), [], [])

    def test_stop_answers_what_is_held_before_it_judges(self, client):
        import botocore.endpoint

        refused = []

        def upload():
            try:
                put(client, "run-1", metric())
            except ClientError as error:
                refused.append(error)

        sm_metrics = mock_sm_metrics().start()
        sm_metrics.fail_calls("AccessDeniedException")
        held = sm_metrics.hold_calls()
        thread = threading.Thread(target=upload)
        thread.start()
        held.wait()
        sm_metrics.stop()
        thread.join()
        assert len(refused) == 1
        assert botocore.endpoint.time is time

    @pytest.mark.parametrize("n", [0, -1, "2", 1.5, None])
    def test_a_wrong_n(self, sm_metrics, n):
        with (
            sm_metrics.hold_calls(optional=True) as held,
            pytest.raises(
                ValueError, match=r"n is .*; accepted is a whole number from 1"
            ) as raised,
        ):
            held.wait(n)
        assert ends_in_this_file(raised)

    def test_what_is_held_when_the_mock_is_switched_off_is_let_go(self, client):
        thread = threading.Thread(target=put, args=(client, "run-1", metric()))
        with mock_sm_metrics() as sm_metrics:
            held = sm_metrics.hold_calls()
            thread.start()
            held.wait()
        thread.join()
        assert len(sm_metrics.calls) == 1

    @pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="no signals to threads here")
    def test_an_interrupted_call_is_in_flight_no_more(self, client):
        """The signal stands for Ctrl-C, or for the time limit of a test."""
        waiting, interrupted = threading.get_ident(), threading.Event()

        def interrupt():
            held.wait()
            # A signal just before the thread waits is handled only after the wait.
            while not interrupted.wait(0.001):
                if sys._current_frames()[waiting].f_code.co_name == "wait":
                    signal.pthread_kill(waiting, signal.SIGUSR1)

        def handler(*_):
            if not interrupted.is_set():
                interrupted.set()
                raise KeyboardInterrupt

        before = signal.signal(signal.SIGUSR1, handler)
        try:
            with mock_sm_metrics(concurrent_writes="conflict") as sm_metrics:
                with sm_metrics.hold_calls(times=1) as held:
                    interrupter = threading.Thread(target=interrupt)
                    interrupter.start()
                    with pytest.raises(KeyboardInterrupt):
                        put(client, "run-1", metric())
                    interrupter.join()
                    assert put(client, "run-1", metric())["Errors"] == []
                assert [call.error_code for call in sm_metrics.calls] == ["KeyboardInterrupt", None]
        finally:
            signal.signal(signal.SIGUSR1, before)


class TestInForce:
    def test_they_are_listed_and_removed(self, sm_metrics, client):
        first, second = (
            sm_metrics.fail_calls("InternalFailure", optional=True),
            sm_metrics.delay_calls(1, optional=True),
        )
        assert sm_metrics.faults == [first, second]
        first.remove()
        first.remove()
        assert sm_metrics.faults == [second]
        put(client, "run-1", metric())
        with sm_metrics.fail_metrics("CONFLICT_ERROR") as fault:
            assert codes(put(client, "run-1", metric())) == [("CONFLICT_ERROR", 0)]
        assert codes(put(client, "run-1", metric())) == []
        assert fault.hits == 1

    def test_templates_are_fresh_for_each_mock(self, client):
        faults = [fail_metrics("CONFLICT_ERROR", times=1), delay_calls(1)]
        for _ in range(2):
            with mock_sm_metrics(faults=faults) as sm_metrics:
                assert codes(put(client, "run-1", metric())) == [("CONFLICT_ERROR", 0)]
                assert [fault.hits for fault in sm_metrics.faults] == [1, 1]
        for fault in faults:
            with pytest.raises(RuntimeError, match=r"is a template, and has no hits: .*faults"):
                fault.hits

    def test_a_template_is_in_force_nowhere(self):
        template = fail_metrics("CONFLICT_ERROR")
        with pytest.raises(
            RuntimeError,
            match=r"fail_metrics\('CONFLICT_ERROR'\) is a template, in force nowhere: "
            r"make it with sm_metrics.fail",
        ):
            template.remove()
        with pytest.raises(RuntimeError, match="is a template"), template:
            pass

    def test_reset_brings_back_the_settings_own(self, client):
        with mock_sm_metrics(faults=[fail_metrics("CONFLICT_ERROR", times=1)]) as sm_metrics:
            sm_metrics.fail_calls("InternalFailure")
            sm_metrics.reset()
            assert [repr(fault) for fault in sm_metrics.faults] == [
                "fail_metrics('CONFLICT_ERROR', times=1)"
            ]
            assert len(put(client, "run-1", metric())["Errors"]) == 1

    def test_they_read_as_they_were_made(self):
        made = [
            fail_metrics(
                "CONFLICT_ERROR",
                metric_name=re.compile("loss"),
                step=0,
                times=1,
                after=2,
                probability=0.5,
                optional=True,
            ),
            fail_calls(ConnectTimeoutError, region="eu-west-1", stored=True),
            fail_calls((500, "X"), message="m"),
            fail_calls((502, b"x" * 60)),
            fail_calls((502, b"x" * 61)),
            fail_calls("InternalFailure", trial_component=str.isascii),
            delay_calls(90),
        ]
        assert [repr(fault) for fault in made] == [
            "fail_metrics('CONFLICT_ERROR', metric_name=re.compile('loss'), step=0, "
            "times=1, after=2, probability=0.5, optional=True)",
            "fail_calls(ConnectTimeoutError, region='eu-west-1', stored=True)",
            "fail_calls((500, 'X'), message='m')",
            f"fail_calls((502, b'{'x' * 60}'))",
            f"fail_calls((502, b'{'x' * 60}'...))",
            "fail_calls('InternalFailure', trial_component=isascii)",
            "delay_calls(90)",
        ]


@pytest.mark.parametrize(
    ("make", "wrong"),
    [
        (
            lambda: fail_metrics("CONFLICT"),
            "unknown code 'CONFLICT' of a metric; did you mean 'CONFLICT_ERROR'? "
            "The codes are: METRIC_LIMIT",
        ),
        (
            lambda: fail_calls("Throttling"),
            "unknown error code 'Throttling'; did you mean 'ThrottlingException'?",
        ),
        (lambda: fail_calls("NoAnswr"), "ConnectionReset, TruncatedBody, NoAnswer."),
        (
            lambda: fail_calls("NoAnswer", message="none"),
            "message is 'none'; accepted is None, or a string with an error code.",
        ),
        (
            lambda: fail_calls(ValueError),
            "error is <class 'ValueError'>; accepted is an error code, "
            "(status from 400 to 599, code)",
        ),
        (lambda: fail_calls(ssl.SSLError()), "accepted is"),
        (
            lambda: fail_calls(ClientError({}, "X")),
            "for a ClientError, use its error code",
        ),
        (lambda: fail_calls((200, "X")), "error is (200, 'X'); accepted is"),
        (lambda: fail_calls((600, b"")), "error is (600, b'')"),
        (lambda: fail_calls((True, b"")), "error is (True, b'')"),
        (lambda: fail_calls(None), "error is None"),
        (
            lambda: fail_calls("InternalFailure", operation="PutMetrics"),
            "unknown operation 'PutMetrics'; did you mean 'BatchPutMetrics'?",
        ),
        (
            lambda: fail_calls("InternalFailure", times=-1),
            "times is -1; accepted is None for every match, or a whole number from 1.",
        ),
        (lambda: fail_calls("InternalFailure", times=0), "times is 0"),
        (lambda: fail_calls("InternalFailure", times=True), "times is True"),
        (
            lambda: fail_calls("InternalFailure", after=-1),
            "after is -1; accepted is a whole number from 0.",
        ),
        (
            lambda: fail_calls("InternalFailure", probability=1.1),
            "probability is 1.1; accepted is a number from 0 to 1.",
        ),
        (lambda: fail_calls("InternalFailure", probability=-0.1), "probability is -0.1"),
        (lambda: fail_calls("InternalFailure", probability=float("nan")), "probability is nan"),
        (
            lambda: fail_calls("InternalFailure", optional="yes"),
            "optional is 'yes'; accepted is True or False.",
        ),
        (
            lambda: fail_calls("InternalFailure", stored=1),
            "stored is 1; accepted is True or False.",
        ),
        (
            lambda: fail_calls("InternalFailure", message=b"m"),
            "message is b'm'; accepted is None, or a string with an error code.",
        ),
        (
            lambda: fail_calls(ReadTimeoutError, message="m"),
            "message is 'm'; accepted is None, or a string with an error code.",
        ),
        (lambda: fail_calls((500, b""), message="m"), "message is 'm'"),
        (lambda: fail_calls((500, "")), "error is (500, '')"),
        (lambda: fail_calls(botocore.exceptions.BotoCoreError), "accepted is an error code"),
        (lambda: fail_calls(botocore.exceptions.WaiterError), "accepted is an error code"),
        (lambda: fail_calls("throttlingexception"), "did you mean 'ThrottlingException'?"),
        (
            lambda: fail_metrics("CONFLICT_ERROR", index=10),
            "index is 10; accepted is a whole number from 0 to 9 or a predicate",
        ),
        (
            lambda: fail_metrics("CONFLICT_ERROR", step=-1),
            "step is -1; accepted is a whole number from 0 or a predicate, or None for any.",
        ),
        (
            lambda: fail_metrics("CONFLICT_ERROR", index="0"),
            "index is '0'; accepted is a whole number",
        ),
        (lambda: fail_metrics("CONFLICT_ERROR", step=re.compile("1")), "step is re.compile('1')"),
        (
            lambda: fail_metrics("CONFLICT_ERROR", metric_name=1),
            "metric_name is 1; accepted is a string, a compiled regular expression or",
        ),
        (
            lambda: fail_metrics("CONFLICT_ERROR", metric_name=re.compile(b"1")),
            "metric_name is re.compile(b'1')",
        ),
        (lambda: delay_calls(-1), "seconds is -1; accepted is a number from 0."),
        (lambda: delay_calls(float("inf")), "seconds is inf"),
    ],
)
def test_what_is_not_accepted_is_refused_at_once(make, wrong):
    with pytest.raises(ValueError, match=re.escape(wrong)) as raised:
        make()
    assert ends_in_this_file(raised)


def ends_in_this_file(raised):
    """Return True if the traceback that pytest shows ends at a line of this file."""
    return raised.traceback.filter(raised)[-1].path == Path(__file__)


@pytest.mark.parametrize("timeout", [0, -1, "5", None])
def test_a_wrong_timeout(sm_metrics, timeout):
    with pytest.raises(
        ValueError, match=r"timeout is .*; accepted is a number of seconds over 0"
    ) as raised:
        sm_metrics.hold_calls(timeout=timeout)
    assert ends_in_this_file(raised)


@given(
    times=st.none() | st.integers(1, 5),
    after=st.integers(0, 5),
    steps=st.lists(st.integers(0, 2), min_size=1, max_size=10),
    wanted=st.none() | st.integers(0, 2),
)
def test_counts_against_a_naive_model(times, after, steps, wanted):
    with mock_sm_metrics() as sm_metrics:
        fault = sm_metrics.fail_metrics(
            "CONFLICT_ERROR", step=wanted, times=times, after=after, optional=True
        )
        refused = [
            index
            for _, index in codes(
                put(client_in("us-east-1"), "run-1", *[metric(step=step) for step in steps])
            )
        ]
    matches = [index for index, step in enumerate(steps) if wanted in (None, step)]
    assert refused == matches[after:][:times]
    assert (fault.matches, fault.hits) == (len(matches), len(refused))


def test_predicates_run_outside_the_lock(sm_metrics, client):
    def log_another(name):
        if name == "run-1":
            thread = threading.Thread(target=put, args=(client, "run-2", metric()))
            thread.start()
            thread.join(10)
            assert not thread.is_alive()
        return False

    sm_metrics.fail_calls("InternalFailure", trial_component=log_another, optional=True)
    put(client, "run-1", metric())
    assert list(sm_metrics) == ["run-2", "run-1"]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="exceptions have notes since Python 3.11")
def test_a_predicate_that_raises_is_named(sm_metrics, client):
    sm_metrics.fail_metrics("CONFLICT_ERROR", step=lambda step: step >= 2, optional=True)
    with pytest.raises(TypeError) as raised:
        put(client, "run-1", metric(step=None))
    assert raised.value.__notes__ == [
        "The predicate of a fault's filter step was called with None."
    ]
    only_finding(sm_metrics)


def only_finding(sm_metrics):
    """Return the one message that fails the test, and clear it."""
    [found] = sm_metrics._findings.take()
    return found


def fails(value):
    raise LookupError(f"no {value}")


class TestPredicatesThatRaise:
    @pytest.mark.parametrize(
        ("make", "name", "value"),
        [
            (partial(fail_metrics, "CONFLICT_ERROR"), "trial_component", "'run-1'"),
            (partial(fail_metrics, "CONFLICT_ERROR"), "region", "'us-east-1'"),
            (partial(fail_metrics, "CONFLICT_ERROR"), "metric_name", "'loss'"),
            (partial(fail_metrics, "CONFLICT_ERROR"), "step", "0"),
            (partial(fail_metrics, "CONFLICT_ERROR"), "index", "0"),
            (partial(fail_calls, "InternalFailure"), "operation", "'BatchPutMetrics'"),
            (partial(delay_calls, 1), "region", "'us-east-1'"),
            (hold_calls, "trial_component", "'run-1'"),
        ],
    )
    def test_the_call_is_recorded_and_the_test_fails(self, client, make, name, value):
        fault = make(**{name: fails}, optional=True)
        with mock_sm_metrics(faults=[fault]) as sm_metrics:
            with contextlib.suppress(LookupError):
                put(client, "run-1", metric())
            [call] = sm_metrics.calls
            assert (call.status_code, call.error_code) == (None, "LookupError")
            assert call.request_id
            assert not sm_metrics.trial_components
            assert not sm_metrics.cloudtrail.events
            found = only_finding(sm_metrics)
        assert found.startswith(f"the predicate of a fault's filter {name} raised LookupError: no ")
        assert f"  - fault: {fault!r}\n" in found
        assert f"  - it was called with {value}, and raised in {__file__}:" in found
        assert "  - the call: <Call BatchPutMetrics 'run-1' in us-east-1: no answer" in found

    def test_each_retry_counts_and_one_message_names_them(self, sm_metrics, client):
        sm_metrics.fail_calls("ThrottlingException", region=fails, optional=True)
        for _ in range(3):
            with contextlib.suppress(LookupError):
                put(client, "run-1", metric())
        assert only_finding(sm_metrics).endswith(" (3 times)")
        assert len({call.request_id for call in sm_metrics.calls}) == 3

    def test_a_failure_of_pytests_in_a_predicate(self, sm_metrics, client):
        sm_metrics.fail_calls(
            "ThrottlingException", region=lambda region: pytest.fail("wrong region")
        )
        with pytest.raises(pytest.fail.Exception, match="wrong region"):
            put(client, "run-1", metric())
        assert [call.error_code for call in sm_metrics.calls] == ["Failed"]
        found = only_finding(sm_metrics)  # and not that the fault never fired
        assert found.startswith("the predicate of a fault's filter region raised Failed: wrong")

    def test_reset_forgets_them(self, sm_metrics, client):
        sm_metrics.fail_calls("ThrottlingException", region=fails)
        with contextlib.suppress(LookupError):
            put(client, "run-1", metric())
        sm_metrics.reset()
        sm_metrics.check()


class TestNearMisses:
    def report(self, sm_metrics):
        with pytest.raises(AssertionError) as told:
            sm_metrics.check()
        return str(told.value)

    def test_it_was_added_too_late(self, sm_metrics, client):
        put(client, "run-1", metric())
        sm_metrics.fail_calls("ThrottlingException")
        told = self.report(sm_metrics)
        assert "  - 1 call would have matched it, and came before it was added\n" in told
        assert "  - no SageMaker Metrics call has reached the mock while it was in force\n" in told

    def test_its_block_was_over(self, sm_metrics, client):
        with sm_metrics.fail_metrics("CONFLICT_ERROR"):
            pass
        put(client, "run-1", metric(), metric())
        told = self.report(sm_metrics)
        assert "  - 2 metrics would have matched it, and came after it was removed\n" in told
        assert "  - it was removed, or its block ended\n" in told

    def test_an_earlier_one_took_them(self, sm_metrics, client):
        sm_metrics.fail_metrics("CONFLICT_ERROR")
        sm_metrics.fail_metrics("INTERNAL_ERROR", probability=0.99)
        put(client, "run-1", metric(), metric())
        told = self.report(sm_metrics)
        assert (
            "  - 2 metrics matched it; faults that were added earlier fired in its place 2 times\n"
            in told
        )

    def test_a_predicate_that_was_not_asked_before(self, sm_metrics, client):
        sm_metrics.fail_metrics("CONFLICT_ERROR", metric_name="val", step=lambda step: step >= 2)
        put(client, "run-1", metric(step=None))
        assert (
            "metric_name was 'loss', step was None, for which the predicate raised TypeError("
            in self.report(sm_metrics)
        )

    def test_malformed_requests_have_no_metrics(self, sm_metrics, client):
        sm_metrics.fail_metrics("CONFLICT_ERROR")
        with pytest.raises(ClientError):
            put(client, "Run-1", metric())
        assert (
            "  - 1 call reached the mock, malformed: 400 ValidationException: "
            "1 validation error detected"
        ) in self.report(sm_metrics)

    def test_the_call_failed_as_a_whole(self, sm_metrics, client):
        sm_metrics.fail_metrics("CONFLICT_ERROR")
        sm_metrics.fail_calls("AccessDeniedException")
        with pytest.raises(ClientError):
            put(client, "run-1", metric())
        assert (
            "  - 1 metric matched it, but did not get as far: "
            "the call had failed as a whole before\n"
        ) in self.report(sm_metrics)

    def test_probability(self, sm_metrics, client):
        sm_metrics.fail_metrics("CONFLICT_ERROR", probability=0)
        put(client, "run-1", metric())
        assert "  - 1 metric matched it; the probability is 0\n" in self.report(sm_metrics)


def test_the_default_session_too(sm_metrics):
    sm_metrics.fail_calls("ThrottlingException", times=1)
    put(boto3.client("sagemaker-metrics"), "run-1", metric())
    assert [call.status_code for call in sm_metrics.calls] == [400, 200]


@pytest.mark.parametrize("name", ["ReadTimeoutError", "ConnectTimeoutError", "ConnectionError"])
def test_the_name_of_an_exception_is_no_error_code(name):
    with pytest.raises(ValueError, match=f"pass the class botocore.exceptions.{name}. For any"):
        fail_calls(name)


@pytest.mark.parametrize("name", ["ClientError", "BotoCoreError", "Any"])
def test_what_cannot_be_passed_is_not_advised(name):
    with pytest.raises(ValueError, match=f"^unknown error code '{name}'[;.] ") as refused:
        fail_calls(name)
    assert "pass the class" not in str(refused.value)
