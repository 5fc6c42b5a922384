"""`assert_event`: the events that it finds, and the messages of its failures."""

from __future__ import annotations

import re
import threading

import pytest
from botocore.exceptions import ClientError

from pytest_sm_metrics import mock_sm_metrics

from ..logging_metrics import INFINITE, client_in, get, metric, put
from ..requests import query


class Values:
    """An object that compares as an array of several values does."""

    def __eq__(self, other):
        raise ValueError("the truth value of an array is ambiguous")

    __hash__ = None


@pytest.fixture
def cloudtrail(sm_metrics):
    client = client_in("us-east-1")
    put(client, "run-1", metric("loss", 0.5, 3), metric("acc", 0.1, None))
    put(client_in("eu-west-1"), "run-2", metric("loss", 0.4, 0))
    sm_metrics.fail_calls("AccessDeniedException", times=1)
    with pytest.raises(ClientError):
        put(client, "run-3", metric("loss", 0.3, 0))
    return sm_metrics.cloudtrail


@pytest.mark.parametrize(
    "expected",
    [
        {},
        {"trial_component": "run-1"},
        {"metric_name": "loss", "step": 3, "value": 0.5},
        {"metric_name": "acc", "step": None},
        {"trial_component": "run-1", "error_code": None},
        {"trial_component": "run-3", "error_code": "AccessDenied"},
        {"region": "eu-west-1", "value": pytest.approx(0.4)},
        {"user_identity": "arn:aws:iam::123456789012:user/tester"},
        {"user_identity": {"type": "IAMUser", "userName": "tester"}},
        {"trial_component": re.compile("^run-"), "user_identity": re.compile("user/tester$")},
    ],
)
def test_what_is_found(cloudtrail, expected):
    cloudtrail.assert_event(**expected)


@pytest.mark.parametrize(
    ("expected", "differences"),
    [
        (
            {"trial_component": "run-1", "metric_name": "loss", "step": 4},
            ["step: expected 4, found 3"],
        ),
        (
            {"trial_component": "run-1", "metric_name": "acc", "step": 3, "value": 0.1},
            ["step: expected 3, found None"],
        ),
        (
            {"trial_component": "run-1", "error_code": "AccessDenied"},
            ["error_code: expected 'AccessDenied', found None"],
        ),
        (
            {"trial_component": "run-3", "error_code": "AccessDeniedException"},
            [
                "error_code: expected 'AccessDeniedException', found 'AccessDenied'; "
                "CloudTrail writes 'AccessDenied'"
            ],
        ),
        ({"value": 0.45}, ["value: expected 0.45, found 0.5"]),
        ({"trial_component": "run2"}, ["trial_component: expected 'run2', found 'run-2'"]),
        (
            {"trial_component": "run-2", "region": "us-east-1"},
            ["region: expected 'us-east-1', found 'eu-west-1'"],
        ),
        (
            {
                "trial_component": "run-1",
                "user_identity": {"type": "IAMUser", "userName": "alice", "username": "alice"},
            },
            [
                "user_identity userName: expected 'alice', found 'tester'",
                "user_identity username: expected 'alice', found None; did you mean 'userName'?",
            ],
        ),
        (
            {
                "trial_component": "run-1",
                "metric_name": "lr",
                "user_identity": "sagemaker.amazonaws.com",
            },
            [
                "metric_name: expected 'lr', found 'loss'",
                "user_identity: expected 'sagemaker.amazonaws.com', "
                "found 'arn:aws:iam::123456789012:user/tester'",
            ],
        ),
    ],
)
def test_the_nearest_event_and_the_first_field_that_differs(cloudtrail, expected, differences):
    with pytest.raises(AssertionError) as failed:
        cloudtrail.assert_event(**expected)
    head, first, *others = str(failed.value).splitlines()
    shown = ", ".join(f"{name}={value!r}" for name, value in expected.items())
    assert head == f"no CloudTrail event is as expected: {shown}"
    assert first.startswith("  - the nearest of 3 events, 20")
    assert first.endswith(f": {differences[0]}")
    assert others == [f"  - {difference}" for difference in differences[1:]]


def test_where_there_is_no_event(sm_metrics):
    with pytest.raises(AssertionError) as failed:
        sm_metrics.cloudtrail.assert_event("run-1")
    assert str(failed.value).splitlines() == [
        "no CloudTrail event is as expected: trial_component='run-1'",
        "  - there is no event",
        "  - no SageMaker Metrics call has reached the mock",
    ]


def test_where_only_queries_arrived(sm_metrics):
    get(client_in("us-east-1"), query())
    why = "1 call of BatchGetMetrics reached the mock, none of which is recorded by CloudTrail"
    with pytest.raises(AssertionError, match=why):
        sm_metrics.cloudtrail.assert_event("run-1")


def test_a_request_that_could_not_be_read_has_no_parameters(sm_metrics):
    client = client_in("us-east-1")
    with pytest.raises(ClientError):
        put(client, "Run-1", metric(step=2**31))
    sm_metrics.cloudtrail.assert_event("Run-1", step=2**31, error_code="ValidationException")


@pytest.mark.parametrize("value", [float("nan"), "NaN"])
def test_a_value_that_is_not_finite(sm_metrics, value):
    put(client_in("us-east-1"), "run-1", metric("loss", INFINITE))
    with pytest.raises(AssertionError, match=r"value: expected (nan|'NaN'), found 'Infinity'"):
        sm_metrics.cloudtrail.assert_event("run-1", value=value)
    sm_metrics.cloudtrail.assert_event("run-1", value=float("inf"))


def test_a_call_without_any_metric(sm_metrics):
    client = client_in("us-east-1")
    events, sending = client.meta.events, "before-call.sagemaker-metrics.BatchPutMetrics"
    events.register_first(sending, lambda params, **_: params.update(body=b"no JSON"), "broken")
    try:
        with pytest.raises(ClientError):
            put(client, "run-1", metric())
    finally:
        events.unregister(sending, unique_id="broken")
    with pytest.raises(AssertionError, match="step: expected None, found None; there is no metric"):
        sm_metrics.cloudtrail.assert_event(step=None)


@pytest.mark.parametrize("value", [10**400, Values(), "many"])
def test_values_that_are_no_doubles(cloudtrail, value):
    with pytest.raises(AssertionError, match="the nearest of 3 events"):
        cloudtrail.assert_event("run-1", value=value)


def test_the_nearest_of_many(sm_metrics):
    for step in (*range(5000, 6005), 3):
        put(client_in("us-east-1"), "run-1", metric(step=step))
    with pytest.raises(AssertionError, match="step: expected 2, found 3"):
        sm_metrics.cloudtrail.assert_event("run-1", step=2)


def test_a_background_sender_is_waited_for(sm_metrics):
    sender = threading.Timer(0.05, put, [client_in("us-east-1"), "run-1", metric()])
    sender.start()
    sm_metrics.cloudtrail.assert_event("run-1", timeout=5)
    sender.join()


def test_a_service_that_calls():
    with mock_sm_metrics(caller_arn="sagemaker.amazonaws.com") as sm_metrics:
        put(client_in("us-east-1"), "run-1", metric())
        sm_metrics.cloudtrail.assert_event(user_identity="sagemaker.amazonaws.com")
        with pytest.raises(AssertionError, match="user_identity: expected 3, found"):
            sm_metrics.cloudtrail.assert_event(user_identity=3)
