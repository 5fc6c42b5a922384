"""The parser of BatchGetMetrics requests: malformed bodies, and the queries of well-formed ones."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_sm_metrics.service.exchange import Request
from pytest_sm_metrics.service.get_metrics.parser import parse_get_metrics, resource_arns_in
from pytest_sm_metrics.service.get_metrics.request import GetMetrics, Query
from pytest_sm_metrics.service.parsing import RefusedRequestError
from pytest_sm_metrics.service.service import Service
from pytest_sm_metrics.settings import Settings

from ...requests import answered, get_request, query

ARN = "arn:aws:sagemaker:us-east-1:123456789012:experiment-trial-component/run-1"


def body(*queries):
    return json.dumps({"MetricQueries": list(queries)}).encode()


def refusal(content):
    with pytest.raises(RefusedRequestError) as refused:
        parse_get_metrics(content)
    return refused.value.code, refused.value.message


def test_queries_in_their_order():
    parsed = parse_get_metrics(
        body(query("loss", "Min"), query("acc", "Avg", "OneHour", Start=-5, End=7.0))
    )
    assert parsed == GetMetrics(
        [
            Query("loss", ARN, "Min", "IterationNumber", "IterationNumber", None, None),
            Query("acc", ARN, "Avg", "OneHour", "Timestamp", -5, 7),
        ]
    )
    assert type(parsed.queries[1].end) is int


@pytest.mark.parametrize(
    ("arn", "trial_component", "region"),
    [
        (ARN, "run-1", "us-east-1"),
        (
            "arn:aws-cn:sagemaker:cn-north-1:123456789012:experiment-trial-component/a",
            "a",
            "cn-north-1",
        ),
        ("arn:aws:sagemaker:us-east-1:123456789012:training-job/run-1", None, "us-east-1"),
        ("arn:aws:sagemaker::123456789012:experiment-trial-component/run-1", "run-1", ""),
    ],
)
def test_what_an_arn_names(arn, trial_component, region):
    [asked] = [Query("loss", arn, "Min", "OneHour", "Timestamp", None, None)]
    assert (asked.trial_component, asked.region) == (trial_component, region)


def test_null_is_absent_and_unknown_members_are_ignored():
    [asked] = parse_get_metrics(body(query(Start=None, Colour="green"))).queries
    assert (asked.start, asked.end) == (None, None)


@pytest.mark.parametrize(
    ("content", "path"),
    [
        (b'{"MetricQueries": {}}', "metricQueries"),
        (body("loss"), "metricQueries.1.member"),
        (body(query(), query(name=1)), "metricQueries.2.member.metricName"),
        (body(query(ResourceArn=[])), "metricQueries.1.member.resourceArn"),
        (body(query(stat=0)), "metricQueries.1.member.metricStat"),
        (body(query(Period={})), "metricQueries.1.member.period"),
        (body(query(axis=True)), "metricQueries.1.member.xAxisType"),
        (body(query(Start="0")), "metricQueries.1.member.start"),
        (body(query(Start=0.5)), "metricQueries.1.member.start"),
        (body(query(End=True)), "metricQueries.1.member.end"),
    ],
)
def test_a_member_of_the_wrong_type(content, path):
    code, message = refusal(content)
    assert code == "SerializationException"
    assert f"at '{path}' cannot be read" in message


MUST = "failed to satisfy constraint: Member must"
MEMBER = "metricQueries.1.member"


@pytest.mark.parametrize(
    ("content", "violation"),
    [
        (
            b"{}",
            f"Value null at 'metricQueries' {MUST} not be null",
        ),
        (
            body(),
            f"Value '[]' at 'metricQueries' {MUST} have length greater than or equal to 1",
        ),
        (
            body(query(), query(stat="Sum")),
            "Value 'Sum' at 'metricQueries.2.member.metricStat' "
            f"{MUST} satisfy enum value set: [Min, Max, Avg, Count, StdDev, Last]",
        ),
        (
            body(query(period="OneDay")),
            f"Value 'OneDay' at '{MEMBER}.period' "
            f"{MUST} satisfy enum value set: [OneMinute, FiveMinute, OneHour, IterationNumber]",
        ),
        (
            body(query(axis="Epoch")),
            f"Value 'Epoch' at '{MEMBER}.xAxisType' "
            f"{MUST} satisfy enum value set: [IterationNumber, Timestamp]",
        ),
        (
            body(query(ResourceArn="run-1")),
            f"Value 'run-1' at '{MEMBER}.resourceArn' {MUST} satisfy regular expression pattern: "
            r"arn:aws[a-z\-]*:sagemaker:[a-z0-9\-]*:[0-9]{12}:[a-z\-].*/.*",
        ),
        (
            body(query(Start=2**63)),
            f"Value '9223372036854775808' at '{MEMBER}.start' "
            f"{MUST} have value less than or equal to 9223372036854775807",
        ),
        (
            body(query(End=-(2**63) - 1)),
            f"Value '-9223372036854775809' at '{MEMBER}.end' "
            f"{MUST} have value greater than or equal to -9223372036854775808",
        ),
    ],
)
def test_one_violation(content, violation):
    assert refusal(content) == ("ValidationException", f"1 validation error detected: {violation}")


def test_one_hundred_queries_and_not_one_more():
    assert len(parse_get_metrics(body(*[query()] * 100)).queries) == 100
    assert refusal(body(*[query()] * 101))[0] == "ValidationException"


def test_the_longest_arn():
    longest = ARN + "x" * (2048 - len(ARN))
    assert parse_get_metrics(body(query(ResourceArn=longest))).queries[0].resource_arn == longest
    assert refusal(body(query(ResourceArn=longest + "x")))[0] == "ValidationException"


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from([ARN, "Last", "OneHour", "Timestamp"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*query(), "MetricQueries", "Start"]), inner)
    ),
    max_leaves=12,
)


@given(
    st.binary()
    | JSON.map(lambda value: json.dumps({"MetricQueries": value}).encode())
    | JSON.map(lambda v: json.dumps(v).encode())
)
def test_whatever_bytes_arrive_the_service_answers(content):
    service = Service(Settings(), "test")
    answer = answered(
        service, Request("POST", "/BatchGetMetrics", content, "us-east-1", "tests", None, 1, 0.0)
    )
    assert answer.status in (200, 400)
    assert json.loads(answer.body)
    assert isinstance(resource_arns_in(content), list)
    [call] = service.calls
    assert (call.trial_component, call.operation) == (None, "BatchGetMetrics")
    assert call.response == json.loads(answer.body)
    assert repr(call)


def test_a_malformed_query_fails_the_whole_request():
    answer = answered(Service(Settings(), "test"), get_request(query(), query(stat="Sum")))
    assert answer.status == 400
    assert answer.headers["x-amzn-ErrorType"] == "ValidationException"
