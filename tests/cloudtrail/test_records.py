"""CloudTrail's records: AWS's example, the attempts that leave one, and each field."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from uuid import UUID

import freezegun
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError
from hypothesis import given
from hypothesis import strategies as st

from pytest_sm_metrics import mock_sm_metrics
from pytest_sm_metrics.cloudtrail.cloudtrail import CloudTrail
from pytest_sm_metrics.cloudtrail.selectors import SUGGESTED, selection
from pytest_sm_metrics.service.service import Service
from pytest_sm_metrics.settings import Settings

from ..logging_metrics import INFINITE, NOON, SESSION, client_in, get, metric, put
from ..requests import answered, body, item, query, request

FIELDS = [
    "eventVersion",
    "userIdentity",
    "eventTime",
    "eventSource",
    "eventName",
    "awsRegion",
    "sourceIPAddress",
    "userAgent",
    "errorCode",
    "errorMessage",
    "requestParameters",
    "responseElements",
    "requestID",
    "eventID",
    "readOnly",
    "resources",
    "eventType",
    "managementEvent",
    "recipientAccountId",
    "eventCategory",
    "tlsDetails",
]
AGENT = (
    "aws-cli/2.7.25 Python/3.9.11 Linux/5.4.214-134.408.amzn2int.x86_64 exe/x86_64.amzn.2 "
    "prompt/off command/sm-metrics.batch-put-metrics"
)
KEYS = {"region_name": "us-east-1", "aws_access_key_id": "a", "aws_secret_access_key": "b"}
ACCOUNT = "123456789012"


@pytest.fixture
def client():
    return client_in("us-east-1")


def events_of(content, *, path="/BatchPutMetrics", **settings):
    """Return the events of one request that arrives as bytes."""
    service = Service(Settings(**settings), "test")
    trail = CloudTrail(service)
    answered(service, request(content, path=path))
    return trail.events


def request_with(text):
    """Return a request in which a text stands for a name and for a value."""
    content = {"TrialComponentName": text, "MetricData": [item(text), item(value=text)]}
    return json.dumps(content).encode()


# Amazon SageMaker Developer Guide, Monitor experiment training metrics with AWS CloudTrail.
# The account ids are ours.
SHOWN = {
    "eventTime": "2022-12-14T21:53:41Z",
    "eventSource": "metrics-sagemaker.amazonaws.com",
    "eventName": "BatchPutMetrics",
    "awsRegion": "us-east-1",
    "sourceIPAddress": "192.0.2.0",
    "userAgent": AGENT,
    "requestParameters": {
        "trialComponentName": "trial-component-name",
        "metricData": [
            {"metricName": "foo", "timestamp": 1670366870000, "step": 101, "value": 0.9}
        ],
    },
    "resources": [
        {
            "accountId": ACCOUNT,
            "type": "AWS::SageMaker::ExperimentTrialComponent",
            "ARN": (
                f"arn:aws:sagemaker:us-east-1:{ACCOUNT}"
                ":experiment-trial-component/trial-component-name"
            ),
        }
    ],
}


def test_every_field_that_the_example_of_aws_shows(sm_metrics):
    client = SESSION.client("sagemaker-metrics", config=Config(user_agent=AGENT), **KEYS)
    timestamp = datetime.fromtimestamp(1670366870, timezone.utc)
    with freezegun.freeze_time("2022-12-14T21:53:41Z"):
        put(client, "trial-component-name", metric("foo", 0.9, 101, timestamp))
    [event] = sm_metrics.cloudtrail.events
    event["userAgent"] = event["userAgent"][: len(AGENT)]  # botocore adds features at the end
    assert {name: event[name] for name in SHOWN} == SHOWN
    [shown] = event["requestParameters"]["metricData"]
    assert list(shown) == ["metricName", "timestamp", "step", "value"]
    [resource] = event["resources"]
    assert list(resource) == ["accountId", "type", "ARN"]


class TestFields:
    def test_all_of_them_in_cloudtrails_order(self, sm_metrics, client):
        sm_metrics.fail_calls("AccessDeniedException", times=1)
        with pytest.raises(ClientError):
            put(client, "run-1", metric())
        put(client, "run-1", metric())
        failed, good = sm_metrics.cloudtrail.events
        assert list(failed) == FIELDS
        assert list(good) == [name for name in FIELDS if not name.startswith("error")]

    def test_constants_and_ids(self, sm_metrics, client):
        put(client, "run-1", metric())
        [event] = sm_metrics.cloudtrail.events
        assert event["eventVersion"] == "1.11"
        assert (event["eventType"], event["eventCategory"]) == ("AwsApiCall", "Data")
        assert event["readOnly"] is event["managementEvent"] is False
        assert event["responseElements"] is None
        assert event["requestID"] == sm_metrics.calls[0].request_id
        assert UUID(event["eventID"]).version == 4
        assert event["recipientAccountId"] == ACCOUNT
        tls_details = ["tlsVersion", "cipherSuite", "clientProvidedHostHeader"]
        assert list(event["tlsDetails"]) == tls_details

    @pytest.mark.parametrize(
        ("region", "partition", "host"),
        [
            ("eu-west-1", "aws", "metrics.sagemaker.eu-west-1.amazonaws.com"),
            ("cn-north-1", "aws-cn", "metrics.sagemaker.cn-north-1.amazonaws.com.cn"),
            ("us-gov-west-1", "aws-us-gov", "metrics.sagemaker.us-gov-west-1.amazonaws.com"),
        ],
    )
    def test_the_region_is_the_requests(self, sm_metrics, region, partition, host):
        put(client_in(region), "run-1", metric())
        [event] = sm_metrics.cloudtrail.events
        [resource] = event["resources"]
        prefix = f"arn:{partition}:sagemaker:{region}:{ACCOUNT}"
        assert event["awsRegion"] == region
        assert event["tlsDetails"]["clientProvidedHostHeader"] == host
        assert resource["ARN"] == f"{prefix}:experiment-trial-component/run-1"

    def test_the_user_agent_is_the_requests_own_cut_at_a_kilobyte(self, sm_metrics):
        config = Config(user_agent="x" * 2000)
        put(SESSION.client("sagemaker-metrics", config=config, **KEYS), "run-1", metric())
        assert sm_metrics.cloudtrail.events[0]["userAgent"] == "x" * 1024

    def test_the_host_is_the_one_that_the_client_asked(self, sm_metrics):
        url = "https://vpce-1.example:8443/base"
        put(SESSION.client("sagemaker-metrics", endpoint_url=url, **KEYS), "run-1", metric())
        [event] = sm_metrics.cloudtrail.events
        assert event["tlsDetails"]["clientProvidedHostHeader"] == "vpce-1.example:8443"

    def test_a_metric_without_a_step_and_ones_that_are_not_finite(self, sm_metrics, client):
        put(client, "run-1", metric("loss", INFINITE, None), metric("acc", 1, 0))
        loss, accuracy = sm_metrics.cloudtrail.events[0]["requestParameters"]["metricData"]
        assert loss == {
            "metricName": "loss",
            "timestamp": int(NOON.timestamp() * 1000),
            "value": "Infinity",
        }
        assert (accuracy["value"], type(accuracy["value"])) == (1.0, float)
        assert "errorCode" not in sm_metrics.cloudtrail.events[0]  # a 200 with Errors is no error

    @pytest.mark.parametrize(
        ("sent", "milliseconds"),
        [
            (1670366870, 1670366870000),
            (1788264000.1234, 1788264000123),
            ("1788264000", 1788264000000),
        ],
    )
    def test_timestamps_are_whole_milliseconds(self, sent, milliseconds):
        [event] = events_of(body(item(timestamp=sent)))
        [shown] = event["requestParameters"]["metricData"]
        assert (shown["timestamp"], type(shown["timestamp"])) == (milliseconds, int)

    def test_what_was_sent_as_a_string_is_one(self):
        [event] = events_of(body(item(value="NaN"), item(value="-Infinity")))
        values = [one["value"] for one in event["requestParameters"]["metricData"]]
        assert values == ["NaN", "-Infinity"]


class TestMalformedRequests:
    def test_a_broken_constraint(self, sm_metrics, client):
        with pytest.raises(ClientError):
            put(client, "Run-1", *[metric(step=None)] * 11)
        [event] = sm_metrics.cloudtrail.events
        assert event["errorCode"] == "ValidationException"
        message = "2 validation errors detected: Value 'Run-1' at 'trialComponentName'"
        assert event["errorMessage"].startswith(message)
        assert event["requestParameters"]["trialComponentName"] == "Run-1"
        assert len(event["requestParameters"]["metricData"]) == 11
        assert event["resources"] == []

    @pytest.mark.parametrize(
        "content", [b"", b"[]", b'{"TrialComponentName": 3}', body(item(step=0.5)), body("loss")]
    )
    def test_what_cannot_be_read(self, content):
        [event] = events_of(content)
        assert (event["errorCode"], event["requestParameters"]) == ("SerializationException", None)

    def test_absent_members(self):
        [event] = events_of(b'{"MetricData": [{"MetricName": "loss"}, null], "Colour": "green"}')
        assert event["requestParameters"] == {"metricData": [{"metricName": "loss"}, {}]}
        assert events_of(b"{}")[0]["requestParameters"] == {}

    def test_the_resource_is_there_if_its_name_is_valid(self):
        [event] = events_of(body(item(step=-1)))
        assert event["errorCode"] == "ValidationException"
        assert [one["ARN"].rpartition("/")[2] for one in event["resources"]] == ["run-1"]

    @pytest.mark.parametrize(("more", "are_shown"), [(0, True), (1, False)])
    def test_parameters_are_shown_up_to_100_kilobytes(self, more, are_shown):
        def parameters(characters):
            [event] = events_of(body(item(name="x" * characters)))
            return event["requestParameters"]

        around_the_name = len(json.dumps(parameters(300), separators=(",", ":"))) - 300
        shown = parameters(100 * 1024 - around_the_name + more)
        assert (shown is not None) is are_shown

    def test_parameters_of_more_than_100_kilobytes(self):
        [event] = events_of(body(item(name="x" * 101 * 1024)))
        assert (event["errorCode"], event["requestParameters"]) == ("ValidationException", None)
        assert len(event["errorMessage"]) <= 1024

    @given(st.binary() | st.text().map(request_with))
    def test_whatever_bytes_arrive_there_is_a_record_in_json(self, content):
        [event] = events_of(content)
        assert json.loads(json.dumps(event, allow_nan=False)) == event


class TestWhichAttempts:
    def test_each_retry_is_one(self, sm_metrics, client):
        sm_metrics.fail_calls("ThrottlingException", times=2)
        put(client, "run-1", metric())
        events = sm_metrics.cloudtrail.events
        error_codes = [event.get("errorCode") for event in events]
        assert error_codes == ["ThrottlingException", "ThrottlingException", None]
        assert len({event["eventID"] for event in events}) == 3

    @pytest.mark.parametrize(
        ("fault", "error_codes"),
        [
            ({"error": ConnectTimeoutError}, []),
            ({"error": ReadTimeoutError}, []),
            ({"error": ReadTimeoutError, "stored": True}, [None]),
            ({"error": "InternalFailure"}, ["InternalFailure"]),
            ({"error": "InternalFailure", "stored": True}, ["InternalFailure"]),
            ({"error": (502, b"<html>")}, []),
            ({"error": (200, b"{"), "stored": True}, [None]),
            ({"error": (409, "ConflictException")}, ["ConflictException"]),
        ],
    )
    def test_what_reached_the_service(self, sm_metrics, fault, error_codes):
        config = Config(retries={"total_max_attempts": 1})
        client = SESSION.client("sagemaker-metrics", config=config, **KEYS)
        sm_metrics.fail_calls(fault.pop("error"), **fault)
        try:
            put(client, "run-1", metric())
        except Exception as error:
            assert not isinstance(error, AssertionError)
        assert [event.get("errorCode") for event in sm_metrics.cloudtrail.events] == error_codes

    def test_a_call_that_took_too_long_reached_it(self, sm_metrics, client):
        sm_metrics.delay_calls(90, times=1)
        put(client, "run-1", metric())
        assert len(sm_metrics.cloudtrail.events) == 2

    def test_a_malformed_request_whose_answer_was_lost(self, sm_metrics, client):
        sm_metrics.delay_calls(90)
        with pytest.raises(ReadTimeoutError):
            put(client, "Run-1", metric())
        error_codes = {event["errorCode"] for event in sm_metrics.cloudtrail.events}
        assert error_codes == {"ValidationException"}

    def test_an_unknown_operation_leaves_none(self):
        assert events_of(b"{}", path="/BatchDeleteMetrics") == []

    def test_reading_leaves_none(self, sm_metrics, client):
        get(client, query())
        assert sm_metrics.cloudtrail.events == []


class TestIdentities:
    def identity(self, **settings):
        [event] = events_of(body(item()), **settings)
        return event["userIdentity"]

    def test_an_iam_user_of_the_account_by_default(self):
        identity = self.identity(account_id="111122223333")
        members = ["type", "principalId", "arn", "accountId", "accessKeyId", "userName"]
        assert list(identity) == members
        assert (identity["type"], identity["userName"]) == ("IAMUser", "tester")
        assert identity["accountId"] == "111122223333"
        assert identity["arn"] == "arn:aws:iam::111122223333:user/tester"
        assert (identity["principalId"][:4], identity["accessKeyId"][:4]) == ("AIDA", "AKIA")
        assert (len(identity["principalId"]), len(identity["accessKeyId"])) == (21, 20)

    def test_the_user_is_of_the_regions_partition(self, sm_metrics):
        put(client_in("cn-north-1"), "run-1", metric())
        sm_metrics.cloudtrail.assert_event(user_identity="arn:aws-cn:iam::123456789012:user/tester")

    @pytest.mark.parametrize(
        "caller_arn",
        [
            "arn:aws:iam::123456789012:user/a/",
            "arn:aws:iam::١٢٣٤٥٦٧٨٩٠١٢:user/a",
            "-.amazonaws.com",
        ],
    )
    def test_what_is_no_caller(self, caller_arn):
        with pytest.raises(ValueError, match="setting caller_arn is "):
            mock_sm_metrics(caller_arn=caller_arn)

    def test_a_user_with_a_path(self):
        identity = self.identity(caller_arn="arn:aws:iam::999999999999:user/research/alice")
        assert (identity["userName"], identity["accountId"]) == ("alice", "999999999999")

    def test_an_assumed_role(self):
        identity = self.identity(
            caller_arn="arn:aws-cn:sts::111122223333:assumed-role/trainer/session-1"
        )
        members = ["type", "principalId", "arn", "accountId", "accessKeyId", "sessionContext"]
        assert list(identity) == members
        issuer = identity["sessionContext"]["sessionIssuer"]
        assert identity["principalId"] == f"{issuer['principalId']}:session-1"
        assert issuer["arn"] == "arn:aws-cn:iam::111122223333:role/trainer"
        assert issuer["userName"] == "trainer"
        assert identity["sessionContext"]["attributes"]["mfaAuthenticated"] == "false"

    def test_a_service(self):
        assert self.identity(caller_arn="sagemaker.amazonaws.com") == {
            "type": "AWSService",
            "invokedBy": "sagemaker.amazonaws.com",
        }

    def test_a_service_calls_from_its_own_name(self, client):
        with mock_sm_metrics(caller_arn="sagemaker.amazonaws.com") as sm_metrics:
            put(client, "run-1", metric())
        [event] = sm_metrics.cloudtrail.events
        assert event["sourceIPAddress"] == "sagemaker.amazonaws.com"
        assert event["userAgent"] == "sagemaker.amazonaws.com"

    def test_ids_are_the_same_for_the_same_caller(self):
        assert self.identity() == self.identity()
        other = self.identity(account_id="111122223333")
        assert self.identity()["principalId"] != other["principalId"]


class TestRepeating:
    def test_frozen_time_and_seed_make_them_repeat(self, client):
        def record():
            with freezegun.freeze_time(NOON), mock_sm_metrics() as sm_metrics:
                sm_metrics.fail_calls(
                    "ThrottlingException", probability=0.5, times=1, optional=True
                )
                for step in range(3):
                    put(client, "run-1", metric(step=step))
            return json.dumps(sm_metrics.cloudtrail.events)

        assert record() == record()

    def test_ids_depend_on_the_seed(self, client):
        def ids(seed):
            with mock_sm_metrics(seed=seed) as sm_metrics:
                put(client, "run-1", metric())
            return sm_metrics.cloudtrail.events[0]["eventID"]

        assert ids(1) == ids(1) != ids(2)

    def test_events_are_fresh_each_time(self, sm_metrics, client):
        put(client, "run-1", metric())
        sm_metrics.cloudtrail.events[0]["eventName"] = "Changed"
        assert sm_metrics.cloudtrail.events[0]["eventName"] == "BatchPutMetrics"

    def test_a_trail_of_all_data_events_would_hold_every_event(self, sm_metrics, client):
        put(client, "run-1", metric())
        assert all(map(selection(SUGGESTED), sm_metrics.cloudtrail.events))
